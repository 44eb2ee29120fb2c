"""What would stop the harm of containers that are killed for memory."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aurora_tui.incident.analyzers.saturation import autoscaler_of, room_for
from aurora_tui.incident.offers import RESTARTABLE, SCALABLE, Offer, restart, undo
from aurora_tui.incident.situation import Situation
from aurora_tui.model.actions import Verb
from aurora_tui.model.findings import Finding


def memory_offers(situation: Situation, finding: Finding) -> Iterator[Offer]:
    yield from undo(situation, finding, 0.95)
    yield _more_memory(finding)
    yield from _spread(situation, finding)
    yield from restart(finding.ref, 0.35, "it gains seconds: the kernel has had it started anew already, and again")


def _more_memory(finding: Finding) -> Offer:
    """Nothing here writes limits: that is told as kubectl takes it, doubled where it is known."""
    ref, limit = finding.ref, re.fullmatch(r"(\d+)([A-Za-z]*)", str(finding.hints.get("limit", "")))
    words = f"raise the memory limit of {ref}, in its manifest"
    if limit is None or ref.kind not in RESTARTABLE or ref.kind == "Rollout":
        return Offer(0.7, words)
    more, container = f"{2 * int(limit[1])}{limit[2]}", finding.hints["container"]
    namespace = f" -n {ref.namespace}" if ref.namespace else ""
    how = f"kubectl{namespace} set resources {ref} -c {container} --limits=memory={more}"
    return Offer(
        0.7, words, against=("all its pods are made anew", "what keeps its manifest will set it back"), how=how
    )


def _spread(situation: Situation, finding: Finding) -> Iterator[Offer]:
    """More replicas take less load each, where load is what fills the memory."""
    ref = finding.ref
    more = room_for(situation, ref).get("replicas") if ref == situation.own and situation.in_trouble else None
    if isinstance(more, int) and ref.kind in SCALABLE:
        against = ["what grows without load grows in the new ones as well", "there must be memory for them on nodes"]
        scaler = autoscaler_of(situation, ref)
        if scaler is not None:
            against.insert(0, f"{scaler.ref} will set its own number again")
        words = f"scale {ref} out to {more}: less of the load for each"
        yield Offer(0.5, words, Verb.SCALE, ref, {"replicas": more}, tuple(against))
