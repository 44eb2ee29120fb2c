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
    loads = _of_late(situation)
    found: dict[ObjectRef, list[Load]] = {}
    for node in situation.nodes:
        room = _cpu((node.status.allocatable or {}).get("cpu"))
        here = [each for each in loads if each.node == node.metadata.name]
        if not room or not any((each.namespace, each.pod) in own for each in here):
            continue
        beside: dict[ObjectRef, list[Load]] = {}
        for load in here:
            if (load.namespace, load.pod) not in own:
                pod = pods.get((load.namespace, load.pod))
                ref = situation.runner(pod) if pod is not None else ObjectRef("Pod", load.namespace, load.pod)
                beside.setdefault(ref, []).append(load)
        in_use = sum(each.cpu or 0.0 for each in here) / room
        for ref, several in beside.items():
            if sum(each.cpu or 0.0 for each in several) / room >= situation.limits.neighbour and in_use >= _FULL:
                found.setdefault(ref, []).extend(several)
    for ref, several in found.items():
        yield _finding(situation, ref, several)


def _of_late(situation: Situation) -> list[Load]:
    """What each pod uses, now or of late, whichever is more: a job that has just ended disturbs in a minute again."""
    most: dict[tuple[str, str], Load] = {}
    for load in (*situation.loads, *situation.figures.cores):
        known = most.get((load.namespace, load.pod))
        if load.cpu is not None and (known is None or (known.cpu or 0.0) < load.cpu):
            most[load.namespace, load.pod] = load
    return list(most.values())


def _finding(situation: Situation, ref: ObjectRef, loads: list[Load]) -> Finding:
    weight = 0.75
    nodes = sorted({load.node for load in loads})
    heaviest = max(loads, key=lambda load: load.cpu or 0.0)
    cores = sum(load.cpu or 0.0 for load in loads)
    several = f" and {len(loads) - 1} more of {ref} use" if len(loads) > 1 else " uses"
    words = f"{heaviest.pod}{several} {cores:.1f} cores of node {', '.join(nodes)}, which is full"
    told = [Evidence(words, ObjectRef("Pod", heaviest.namespace, heaviest.pod))]
    began = [
        at
        for pod in situation.pods
        if any(load.pod == pod.metadata.name for load in loads) and (at := stamp(pod.status.start_time)) is not None
    ]
    onset = min(began, default=None)
    gap = situation.gap(onset) if onset is not None else None
    limits = situation.limits
    if gap is not None and -limits.late_by <= gap <= limits.release_before:
        told.append(Evidence("it began shortly before the onset", ref, onset))
        weight += 0.15
    elif gap is not None and gap < 0 and ref.kind != "CronJob":  # of its runs only the last ones are kept
        told.append(Evidence("it began after the onset", ref, onset, against=True))
        weight -= 0.3
    elif gap is not None and gap > 0:
        told.append(Evidence("it has run for long without harm", ref, onset, against=True))
        weight -= 0.15
    for change in situation.changes:
        gap = situation.gap(change.at)
        near = gap is not None and -limits.late_by <= gap <= limits.edit_before
        if near and (change.ref.kind, change.ref.name) == (ref.kind, ref.name):
            told.append(Evidence(f"shortly before the onset: {change.words}", ref, change.at))
            weight += 0.15
            break
    words = f"{ref} takes the CPU of {', '.join(nodes)}"
    return Finding(Cause.NEIGHBOUR, ref, words, tuple(told), min(weight, 0.98), onset)


def _cpu(text: str | None) -> float | None:
    try:
        return parse_quantity(text) / NANO if text else None
    except QuantityError:
        return None
