"""The SLI that says whether an action helped: the availability of the service that a workload runs."""

from __future__ import annotations

import math

from aurora_tui.model.actions import Target
from aurora_tui.model.definitions import Objective, ObjectiveKind, Service
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.slo_queries import good_share
from aurora_tui.session import Session
from aurora_tui.signalling import locate
from aurora_tui.signals.errors import SignalError
from aurora_tui.signals.prometheus import PrometheusClient
from aurora_tui.verify import SloProbe


def service_of(services: tuple[Service, ...], target: Target | ObjectRef) -> Service | None:
    """The service that a workload runs, by the settings."""
    return next((service for service in services if str(target) in service.workloads), None)


def objective_of(service: Service) -> Objective | None:
    """Availability where the service has it; else whatever it promises first."""
    chosen = [each for each in service.objectives if each.kind is ObjectiveKind.AVAILABILITY]
    return next(iter(chosen or service.objectives), None)


async def slo_probe(session: Session, target: Target) -> SloProbe | None:
    """How to read the target's SLI over the verification window; None where nothing can be asked."""
    service = service_of(session.settings.services, target)
    objective = objective_of(service) if service else None
    if service is None or objective is None:
        return None
    found = await locate("prometheus", session.environment, session.cluster, session.home)
    if found.access is None:
        return None
    client = PrometheusClient(found.access)
    query = good_share(objective, session.settings.verify_window)

    async def read() -> float | None:
        try:
            points = await client.instant(query)
        except SignalError:
            return None
        return points[0].value if points and not math.isnan(points[0].value) else None

    return SloProbe(f"{service.name} {objective.kind.value.replace('_', ' ')}", read, objective.ratio)
