"""The SLI that says whether an action helped: the availability of the service that its target stands for."""

from __future__ import annotations

import math

from aurora_tui.cluster.errors import ClusterError
from aurora_tui.cluster.protocol import Cluster
from aurora_tui.cluster.resources import CONFIGMAPS, SERVICES
from aurora_tui.model.actions import Target
from aurora_tui.model.definitions import Objective, ObjectiveKind, Service
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.slo_queries import good_since
from aurora_tui.readers import config_readers, fronted
from aurora_tui.session import Session
from aurora_tui.signalling import locate
from aurora_tui.signals.errors import SignalError
from aurora_tui.signals.prometheus import PrometheusClient
from aurora_tui.verify import SloProbe


def service_of(services: tuple[Service, ...], target: Target | ObjectRef) -> Service | None:
    """The service that a workload runs, by the settings."""
    return next((service for service in services if str(target) in service.workloads), None)


async def service_behind(services: tuple[Service, ...], cluster: Cluster, target: Target) -> Service | None:
    """The service of the settings that a workload runs, a Service fronts, or whose workload reads a ConfigMap."""
    behind = await _workloads(cluster, target)
    named = [service for service in services if not behind.isdisjoint(service.workloads)]
    if not named and target.kind == SERVICES.kind:
        # The colours of one service seldom stand in the settings, their Service often bears the workload's name.
        named = [each for each in services if target.name in {name.rpartition("/")[2] for name in each.workloads}]
    return next(iter(named), None)


async def _workloads(cluster: Cluster, target: Target) -> set[str]:
    """What runs behind a target, as the settings write it; empty where it cannot be seen."""
    try:
        if target.kind == SERVICES.kind:
            item = await cluster.get(SERVICES, target.namespace, target.name)
            return set(await fronted(cluster, target.namespace, item["spec"].get("selector") or {}))
        if target.kind == CONFIGMAPS.kind:
            return {each.workload for each in await config_readers(cluster, target.namespace, target.name)}
    except ClusterError:
        return set()
    return {str(target)}


def objective_of(service: Service) -> Objective | None:
    """Availability where the service has it; else whatever it promises first."""
    chosen = [each for each in service.objectives if each.kind is ObjectiveKind.AVAILABILITY]
    return next(iter(chosen or service.objectives), None)


async def slo_probe(session: Session, target: Target) -> SloProbe | None:
    """How to read the target's SLI over the verification window; None where nothing can be asked."""
    service = await service_behind(session.settings.services, session.cluster, target)
    objective = objective_of(service) if service else None
    if service is None or objective is None:
        return None
    found = await locate("prometheus", session.environment, session.cluster, session.home)
    if found.access is None:
        return None
    client = PrometheusClient(found.access)
    query = good_since(objective, session.settings.verify_window)

    async def read() -> float | None:
        try:
            points = await client.instant(query)
        except SignalError:
            return None
        return points[0].value if points and not math.isnan(points[0].value) else None

    return SloProbe(f"{service.name} {objective.kind.words}", read, objective.ratio)
