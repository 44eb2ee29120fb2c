"""A service that the one in hand leans on does badly itself, or has no pods that serve."""

from __future__ import annotations

from collections.abc import Iterator

from aurora_tui.incident.analyzers._common import MOST
from aurora_tui.incident.analyzers.connection import analyze as unreached
from aurora_tui.incident.situation import Situation
from aurora_tui.model.findings import Cause, Evidence, Finding
from aurora_tui.model.selection import ObjectRef

_DOWN = 0.8
_SLOW = ("latency", "HighLatency")
"""What begins the words of a service that answers, only late: it may wait for something itself."""


def analyze(situation: Situation) -> Iterator[Finding]:
    if not situation.in_trouble:
        return
    complaints = {found.ref: found for found in unreached(situation)}
    for name in situation.leans_on:
        ref = situation.workload_of(name)
        if ref is None:
            continue
        wanted, ready = situation.desired(ref), situation.ready(ref)
        ails = situation.ails(name)
        told: list[Evidence] = []
        weight = 0.0
        if wanted and not ready:
            told.append(Evidence(f"{ref} has no ready pod of {wanted}", ref))
            weight = 0.9
        elif wanted and ready < wanted:
            told.append(Evidence(f"{ref} has {ready} of {wanted} pods ready", ref))
            weight = 0.45
        if wanted == 0:
            told.append(Evidence(f"{ref} is scaled to 0", ref))
            weight = 0.9
        if ails:
            told += [Evidence(f"{name}: {each}", ref) for each in ails[:MOST]]
            slow_only = all(each.startswith(_SLOW) for each in ails)
            weight = max(weight + 0.1, 0.4 if slow_only else 0.6)
        if not told or (not ails and weight < 0.5):
            continue  # one pod less is no outage while its users are served
        complaint = complaints.get(ref)
        if complaint is not None:
            told += [each for each in complaint.evidence if not each.against][:MOST]
            weight += 0.1
        elif situation.logs:
            told.append(Evidence(f"the log of {situation.own} does not say that it cannot reach {ref.name}",
                                 situation.own, against=True))  # fmt: skip
            weight -= 0.1
        onset = _since(situation, ref)
        how = "is down" if weight >= _DOWN else "does badly"
        words = f"{name} ({ref}), which {situation.subject} leans on, {how}: {told[0].words}"
        yield Finding(Cause.DEPENDENCY, ref, words, tuple(told), min(weight, 0.97), onset)


def _since(situation: Situation, ref: ObjectRef) -> float | None:
    service = situation.service_of(ref)
    began = [
        each.shortfall.began
        for each in situation.slos
        if service is not None and each.service == service.name and each.shortfall is not None and not each.of_demand
    ]
    return min(began, default=None)
