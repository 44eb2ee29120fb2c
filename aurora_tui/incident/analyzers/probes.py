"""Pods that run and are not ready, because a probe fails; or that the kubelet ends for it."""

from __future__ import annotations

from collections.abc import Iterator

from aurora_tui.incident.analyzers._common import MOST, containers, earliest, others_serve, pod_ref, unready_for
from aurora_tui.incident.situation import Situation
from aurora_tui.model import events, kube
from aurora_tui.model.findings import Cause, Evidence, Finding
from aurora_tui.model.pod_trouble import phrase

_KILLED = "failed liveness probe"


def analyze(situation: Situation) -> Iterator[Finding]:
    for ref, pods in situation.running():
        faulty = [(pod, told) for pod in pods if (told := _told(situation, pod))]
        if not faulty:
            continue
        evidence = [each for _, told in faulty[:MOST] for each in told[:2]]
        against = others_serve(situation, ref, (pod for pod, _ in faulty))
        words = f"{ref}: {len(faulty)} of {len(pods)} pods fail their probes"
        since = (situation.now - gone for pod, _ in faulty if (gone := unready_for(pod, situation.now)) is not None)
        onset = earliest(since)
        yield Finding(Cause.PROBES, ref, words, (*evidence, *against), 0.7, onset)


def _told(situation: Situation, pod: kube.Pod) -> list[Evidence]:
    """What says that a pod's probes fail; a pod that only starts is left alone, and one that does not run."""
    gone = unready_for(pod, situation.now)
    if gone is None or not _runs(pod):
        return []
    said = [
        Evidence(phrase(f"{pod.metadata.name}: {event.message} ({events.count(event)} times)"), pod_ref(pod), seen)
        for event in situation.events
        if event.involved_object.name == pod.metadata.name
        and (event.reason == "Unhealthy" or (event.reason == "Killing" and _KILLED in event.message))
        and (seen := events.last_seen(event)) is not None
        and situation.now - seen <= situation.limits.recent
    ]
    killed = [each for each in said if _KILLED in each.words]
    return said if killed or gone > situation.limits.unready_for else []


def _runs(pod: kube.Pod) -> bool:
    """Whether its containers run: what waits, or has ended, is a matter of other rules."""
    states = [each.state for each in containers(pod) if not each.ready]
    return all(state is not None and (state.running or state.terminated) for state in states)
