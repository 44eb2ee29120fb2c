"""Pods that may not be made because a ResourceQuota is used up."""

from __future__ import annotations

from collections.abc import Iterator

from aurora_tui.incident.analyzers._common import MOST
from aurora_tui.incident.situation import Situation
from aurora_tui.model import events
from aurora_tui.model.findings import Cause, Evidence, Finding
from aurora_tui.model.pod_trouble import phrase
from aurora_tui.model.raw import moment, section, sections
from aurora_tui.model.selection import ObjectRef

_SAID = "exceeded quota"
"""The admission plugin's own words (staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota)."""


def analyze(situation: Situation) -> Iterator[Finding]:
    refused: dict[ObjectRef, list[Evidence]] = {}
    for event in situation.events:
        seen = events.last_seen(event)
        soon = seen is not None and situation.now - seen <= situation.limits.recent
        if event.reason == "FailedCreate" and _SAID in event.message and soon:
            about = event.involved_object
            ref = _top(situation, ObjectRef(about.kind, about.namespace, about.name))
            refused.setdefault(ref, []).append(Evidence(phrase(event.message), ref, seen))
    for item in situation.listed.get("Deployment", ()):
        ref = ObjectRef("Deployment", item["metadata"].get("namespace"), item["metadata"]["name"])
        for each in sections(item, "status", "conditions"):
            said, failed = str(each.get("message")), each.get("type") == "ReplicaFailure"
            if failed and each.get("status") == "True" and _SAID in said:
                at = moment(each.get("lastTransitionTime"))
                refused.setdefault(ref, []).append(Evidence(phrase(said), ref, at.timestamp() if at else None))
    for ref, told in refused.items():
        if situation.serves(ref):
            continue  # it has all its pods: there was room again
        ready = f"{situation.ready(ref)} of {situation.desired(ref)} ready"
        words = f"{ref}: the quota lets no more of its pods be made ({ready})"
        used = list(_used(situation))
        onset = min((each.at for each in told if each.at is not None), default=None)
        yield Finding(Cause.QUOTA, ref, words, (*told[:MOST], *used[:MOST]), 0.8, onset)


def _top(situation: Situation, ref: ObjectRef) -> ObjectRef:
    """What an operator changes in place of a ReplicaSet."""
    owners = sections(situation.raw(ref) or {}, "metadata", "ownerReferences")
    owner = next((each for each in owners if each.get("controller")), None)
    return ref if owner is None else ObjectRef(str(owner.get("kind")), ref.namespace, str(owner.get("name")))


def _used(situation: Situation) -> Iterator[Evidence]:
    for quota in situation.listed.get("ResourceQuota", ()):
        status, ref = (
            section(quota, "status"),
            ObjectRef("ResourceQuota", situation.subject.namespace, quota["metadata"]["name"]),
        )
        hard, used = section(status, "hard"), section(status, "used")
        figures = ", ".join(f"{name} {used.get(name, '?')} of {most}" for name, most in hard.items())
        if figures:
            yield Evidence(f"{ref}: {figures}", ref)
