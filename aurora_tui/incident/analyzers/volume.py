"""Pods that wait for a volume: a claim that is not bound, or one that cannot be attached or mounted."""

from __future__ import annotations

from collections.abc import Iterator

from aurora_tui.incident.analyzers._common import MOST, pod_ref
from aurora_tui.incident.situation import Situation
from aurora_tui.model import events, kube
from aurora_tui.model.ages import stamp
from aurora_tui.model.findings import Cause, Evidence, Finding
from aurora_tui.model.pod_trouble import phrase
from aurora_tui.model.raw import section, sections
from aurora_tui.model.selection import ObjectRef

_POD = frozenset({"FailedMount", "FailedAttachVolume"})
_CLAIM = frozenset({"ProvisioningFailed", "FailedBinding"})


def analyze(situation: Situation) -> Iterator[Finding]:
    pending = {
        claim["metadata"]["name"]
        for claim in situation.listed.get("PersistentVolumeClaim", ())
        if section(claim, "status").get("phase") == "Pending"
    }
    for ref, pods in situation.running():
        told: list[Evidence] = []
        faulty: list[kube.Pod] = []
        for pod in pods:
            born = stamp(pod.metadata.creation_timestamp)
            if pod.status.phase != "Pending" or born is None or situation.now - born <= situation.limits.pending_for:
                continue
            claims = sorted(pending & set(_claims(situation, pod)))
            said = [*_said(situation, "Pod", {pod.metadata.name}, _POD)]
            if claims:
                said = [*_said(situation, "PersistentVolumeClaim", set(claims), _CLAIM), *said]
                told += [
                    Evidence(f"{pod.metadata.name} waits for {each}, which is not bound",
                             ObjectRef("PersistentVolumeClaim", pod.metadata.namespace, each))
                    for each in claims
                ]  # fmt: skip
            if claims or said:
                faulty.append(pod)
                told += said
        if faulty:
            onset = min(at for pod in faulty if (at := stamp(pod.metadata.creation_timestamp)) is not None)
            told = told or [Evidence(f"{pod.metadata.name} is pending", pod_ref(pod)) for pod in faulty]
            words = f"{ref}: {len(faulty)} of {len(pods)} pods wait for a volume"
            yield Finding(Cause.VOLUME, ref, words, tuple(told[: 2 * MOST]), 0.85, onset)


def _claims(situation: Situation, pod: kube.Pod) -> Iterator[str]:
    raw = situation.raw(pod_ref(pod)) or {}
    for each in sections(raw, "spec", "volumes"):
        if name := section(each, "persistentVolumeClaim").get("claimName"):
            yield str(name)


def _said(situation: Situation, kind: str, names: set[str], reasons: frozenset[str]) -> Iterator[Evidence]:
    for event in situation.events:
        about, seen = event.involved_object, events.last_seen(event)
        meant = about.kind == kind and about.name in names and event.reason in reasons
        if meant and seen is not None and situation.now - seen <= situation.limits.recent:
            ref = ObjectRef(kind, about.namespace, about.name)
            yield Evidence(phrase(f"{about.name}: {event.reason}: {event.message}"), ref, seen)
