"""A pod beside that takes so much of a node that the pods in hand on it get too little."""

from __future__ import annotations

from collections.abc import Iterator

from aurora_tui.incident.situation import Load, Situation
from aurora_tui.model.ages import stamp
from aurora_tui.model.findings import Cause, Evidence, Finding
from aurora_tui.model.quantities import NANO, QuantityError, parse_quantity
from aurora_tui.model.selection import ObjectRef

_FULL = 0.85
"""The share of a node's CPU in use from which on its pods get in each other's way."""


def analyze(situation: Situation) -> Iterator[Finding]:
    if not situation.in_trouble:
        return
    own = {(pod.metadata.namespace, pod.metadata.name) for ref in situation.concerned for pod in situation.pods_of(ref)}
    pods = {(pod.metadata.namespace, pod.metadata.name): pod for pod in situation.pods}
    found: dict[ObjectRef, list[Load]] = {}
    for node in situation.nodes:
        room = _cpu((node.status.allocatable or {}).get("cpu"))
        here = [each for each in situation.loads if each.node == node.metadata.name and each.cpu is not None]
        if not room or not any((each.namespace, each.pod) in own for each in here):
            continue
        in_use = sum(each.cpu or 0.0 for each in here) / room
        for load in here:
            takes = (load.cpu or 0.0) / room
            if (load.namespace, load.pod) not in own and takes >= situation.limits.neighbour and in_use >= _FULL:
                pod = pods.get((load.namespace, load.pod))
                ref = situation.runner(pod) if pod is not None else ObjectRef("Pod", load.namespace, load.pod)
                found.setdefault(ref, []).append(load)
    for ref, loads in found.items():
        yield _finding(situation, ref, loads)


def _finding(situation: Situation, ref: ObjectRef, loads: list[Load]) -> Finding:
    told, weight = [], 0.75
    for load in loads[:3]:
        pod = ObjectRef("Pod", load.namespace, load.pod)
        told.append(Evidence(f"{load.pod} uses {load.cpu or 0:.1f} cores of node {load.node}, which is full", pod))
    began = [
        at
        for pod in situation.pods
        if any(load.pod == pod.metadata.name for load in loads) and (at := stamp(pod.status.start_time)) is not None
    ]
    onset = min(began, default=None)
    gap = situation.gap(onset) if onset is not None else None
    if gap is not None and -situation.limits.late_by <= gap <= situation.limits.release_before:
        told.append(Evidence("it began shortly before the onset", ref, onset))
        weight += 0.15
    elif gap is not None and gap < 0:
        told.append(Evidence("it began after the onset", ref, onset, against=True))
        weight -= 0.3
    elif gap is not None:
        told.append(Evidence("it has run for long without harm", ref, onset, against=True))
        weight -= 0.15
    words = f"{ref} takes the CPU of {', '.join(sorted({load.node for load in loads}))}"
    return Finding(Cause.NEIGHBOUR, ref, words, tuple(told), weight, onset)


def _cpu(text: str | None) -> float | None:
    try:
        return parse_quantity(text) / NANO if text else None
    except QuantityError:
        return None
