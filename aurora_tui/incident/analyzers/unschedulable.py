"""Pods that no node takes, with the scheduler's reasons."""

from __future__ import annotations

from collections.abc import Iterator

from aurora_tui.incident.analyzers._common import MOST, earliest, others_serve, pod_ref
from aurora_tui.incident.situation import Situation
from aurora_tui.model.ages import stamp
from aurora_tui.model.findings import Cause, Evidence, Finding
from aurora_tui.model.pod_trouble import phrase
from aurora_tui.model.pods import condition
from aurora_tui.model.selection import ObjectRef

_VOLUME = "unbound immediate PersistentVolumeClaims"
"""The scheduler's word for a claim that is not bound, which is a rule of its own."""


def analyze(situation: Situation) -> Iterator[Finding]:
    for ref, pods in situation.running():
        waiting = [
            (pod, since, scheduled.message or "no node takes it")
            for pod in pods
            if (scheduled := condition(pod, "PodScheduled")) is not None
            and scheduled.reason == "Unschedulable"
            and scheduled.status == "False"
            and _VOLUME not in (scheduled.message or "")
            and (since := stamp(scheduled.last_transition_time)) is not None
            and situation.now - since > situation.limits.pending_for
        ]
        if not waiting:
            continue
        told = [
            Evidence(phrase(f"{pod.metadata.name}: {said}"), pod_ref(pod), since) for pod, since, said in waiting[:MOST]
        ]
        cordoned = [node.metadata.name for node in situation.nodes if node.spec.unschedulable]
        told += [Evidence(f"node {name} is cordoned", ObjectRef("Node", None, name)) for name in cordoned[:MOST]]
        against = others_serve(situation, ref, (pod for pod, _, _ in waiting))
        words = f"{ref}: no node takes {len(waiting)} of {len(pods)} pods"
        hints = {"node": cordoned[0]} if cordoned else {}
        onset = earliest(since for _, since, _ in waiting)
        yield Finding(Cause.UNSCHEDULABLE, ref, words, (*told, *against), 0.8, onset, hints)
