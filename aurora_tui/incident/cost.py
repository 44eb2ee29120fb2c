"""What an incident has cost: the events that failed and the share of the budget that went, asked of Prometheus."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from aurora_tui.cluster.errors import ClusterError
from aurora_tui.incident.watch import Told
from aurora_tui.model.definitions import WINDOW, Objective, ObjectiveKind
from aurora_tui.model.facts import Fact, FactKind
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.incidents import Incident
from aurora_tui.model.onset import consumed
from aurora_tui.model.slo import SloReading
from aurora_tui.model.spans import promql_range
from aurora_tui.session import Session
from aurora_tui.signalling import locate
from aurora_tui.signals.errors import SignalError
from aurora_tui.signals.prometheus import PrometheusClient

_SHORTEST = 60.0
"""Seconds: a rate needs several samples."""


class Impact(Frozen):
    """What one objective tells of an incident; None where it cannot be told."""

    service: str
    objective: str
    failed: float | None
    """Bad events from the onset to the end."""
    total: float | None
    consumed: float | None
    """The share of the whole budget that went."""
    budget_left: float | None
    slow: bool = False
    """Whether an event is bad for being slow."""


async def impact_facts(session: Session, incident: Incident) -> list[Told]:
    """The impact on each objective of the incident's service (of all services where it has none), from its onset on."""
    wanted = [
        (service, objective)
        for service in session.settings.services
        if not incident.service or service.name == incident.service
        for objective in service.objectives
    ]
    try:
        found = await locate("prometheus", session.environment, session.cluster, session.home)
    except ClusterError:
        return []
    if found.access is None:
        return []
    client = PrometheusClient(found.access)
    seconds = max(session.clock() - incident.begin, _SHORTEST)
    span = timedelta(seconds=math.ceil(seconds))
    told: list[Told] = []
    try:
        for service, objective in wanted:
            readings = session.store.table("slos").rows.values()
            reading = next(
                (each for each in readings if (each.service, each.slug) == (service.name, objective.slug)), None
            )
            told.append((FactKind.IMPACT, await _impact(client, service.name, objective, span, session, reading)))
    except SignalError:
        return told
    finally:
        client.close()
    return told


async def _impact(
    client: PrometheusClient,
    service: str,
    objective: Objective,
    span: timedelta,
    session: Session,
    reading: SloReading | None,
) -> dict[str, Any]:
    window = objective.window or session.settings.budget_window
    failed = total = share = None
    if objective.total and not objective.good_while and not objective.recorded:
        total = await _events(client, objective.total, span)
        part = await _events(client, objective.bad or objective.good or "", span)
        missing = part is None and objective.kind is ObjectiveKind.LATENCY  # no such bucket: nothing can be said
        if total is not None and not missing:
            part = part or 0.0  # no such series: none of them was
            failed = part if objective.bad else max(total - part, 0.0)
            volume = await _events(client, objective.total, window)
            share = consumed(failed / total, total, volume, objective.budget) if total > 0 and volume else None
    return {
        "service": service,
        "objective": objective.kind.words if objective.slug == str(objective.kind) else objective.slug,
        "failed": failed,
        "total": total,
        "consumed": share,
        "budget_left": reading.budget_remaining if reading is not None else None,
        "slow": objective.kind is ObjectiveKind.LATENCY,
    }


async def _events(client: PrometheusClient, rate: str, span: timedelta) -> float | None:
    """How many events there were in a span, from the PromQL of their rate."""
    points = await client.instant(f"({rate.replace(WINDOW, promql_range(span))}) * {span.total_seconds():.0f}")
    value = points[0].value if points else math.nan
    return value if math.isfinite(value) else None


def impact_of(fact: Fact) -> Impact:
    def number(name: str) -> float | None:
        value = fact.body.get(name)
        return float(value) if isinstance(value, int | float) else None

    return Impact(
        str(fact.body.get("service") or ""),
        str(fact.body.get("objective") or ""),
        number("failed"),
        number("total"),
        number("consumed"),
        number("budget_left"),
        fact.body.get("slow") is True,
    )
