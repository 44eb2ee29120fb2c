"""The rows of where: the service in hand and what it leans on, how each does, and how full it is."""

from __future__ import annotations

from collections.abc import Iterator

from aurora_tui.incident.analyzers.saturation import autoscaler_of
from aurora_tui.incident.situation import Situation
from aurora_tui.model import kube
from aurora_tui.model.columns import Cell, Tone
from aurora_tui.model.frozen import replace
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.triage import TriageRow


def where_rows(situation: Situation) -> Iterator[TriageRow]:
    """The one in hand first, then the others in the order of the map of services."""
    subject = situation.subject
    if situation.own is not None:
        yield _row(situation, subject.service, situation.own, 0)
    for name in situation.leans_on:
        ref = situation.workload_of(name)
        if ref is not None and ref != situation.own:
            yield _row(situation, name, ref, 2)
    used = {pod.spec.node_name for ref in situation.concerned for pod in situation.pods_of(ref)}
    for node in situation.nodes:
        bad = [*_ails(node)]
        if node.metadata.name in used and (bad or node.spec.unschedulable):
            words = ", ".join([*bad, *(["cordoned"] if node.spec.unschedulable else [])])
            ref = ObjectRef("Node", None, node.metadata.name)
            yield TriageRow(
                f"where/{ref}", (Cell(str(ref), Tone.ACCENT), Cell(words, Tone.BAD if bad else Tone.WARN)), ref
            )


def _ails(node: kube.Node) -> Iterator[str]:
    """What a node's conditions say against it; of one of which nothing is heard they say nothing else."""
    conditions = {each.type: each.status for each in node.status.conditions or ()}
    ready = conditions.pop("Ready", "True")
    if ready == "Unknown":
        yield "Ready Unknown: nothing is heard of it"
        return
    if ready != "True":
        yield "not Ready"
    yield from (name for name, status in conditions.items() if status == "True")


def _row(situation: Situation, service: str | None, ref: ObjectRef, indent: int) -> TriageRow:
    ails, read = situation.ails(service), bool(situation.listed)
    wanted, ready = situation.desired(ref), situation.ready(ref)
    cells = [Cell(service or str(ref), Tone.ACCENT)]
    if not read:
        cells.append(Cell("reading …", Tone.DIM))
    elif situation.raw(ref) is None:
        cells.append(Cell(f"{ref} not seen", Tone.WARN))
    elif wanted is not None:
        cells.append(Cell(f"{ready}/{wanted} ready", Tone.GOOD if ready >= wanted > 0 else Tone.BAD))
    health = _health(situation, service, ails)
    cells.append(replace(health, text=f"· {health.text}") if len(cells) > 1 else health)
    cells += [replace(cell, text=f"· {cell.text}") for cell in _fullness(situation, ref)]
    return TriageRow(f"where/{ref}", tuple(cells), ref, (str(ref), *ails), indent=indent)


def _health(situation: Situation, service: str | None, ails: tuple[str, ...]) -> Cell:
    if ails:
        more = f" and {len(ails) - 1} more" if len(ails) > 1 else ""
        return Cell(f"{ails[0]}{more}", Tone.BAD)
    known = any(each.service == service and each.value is not None for each in situation.slos)
    return Cell("objectives met", Tone.GOOD) if known else Cell("health unknown", Tone.DIM)


def _fullness(situation: Situation, ref: ObjectRef) -> Iterator[Cell]:
    names = {pod.metadata.name for pod in situation.pods_of(ref)}
    loads = [each for each in situation.loads if each.pod in names]
    for what, shares in (
        ("CPU", [each.cpu / each.cpu_limit for each in loads if each.cpu is not None and each.cpu_limit]),
        (
            "memory",
            [each.memory / each.memory_limit for each in loads if each.memory is not None and each.memory_limit],
        ),
    ):
        if shares:
            full = max(shares) >= situation.limits.busy
            yield Cell(f"{what} {max(shares):.0%} of limit", Tone.BAD if full else Tone.DIM)
    held = [share for name, share in situation.figures.throttled.items() if name in names and share >= 0.01]
    if held:
        much = max(held) >= situation.limits.throttled
        yield Cell(f"throttled {max(held):.0%}", Tone.BAD if much else Tone.DIM)
    pools = [each for each in situation.figures.pools if each.pod in names]
    if pools:
        worst = max(pools, key=lambda each: (each.used_up, each.used / each.most))
        full = worst.used_up or worst.used / worst.most >= situation.limits.busy
        yield Cell(f"connections {worst.words}", Tone.BAD if full else Tone.DIM)
    scaler = autoscaler_of(situation, ref)
    if scaler is not None:
        ended = scaler.at_the_end
        yield Cell(
            f"HPA {scaler.current} of {scaler.most}{' at its most' if ended else ''}", Tone.BAD if ended else Tone.DIM
        )
