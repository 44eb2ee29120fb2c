"""The SLI that says whether an action helped: the availability of the service that its target stands for."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

from aurora_tui.cluster.errors import ClusterError
from aurora_tui.cluster.protocol import Cluster
from aurora_tui.cluster.resources import CONFIGMAPS, SERVICES, find
from aurora_tui.model.actions import Action, Target
from aurora_tui.model.definitions import Objective, ObjectiveKind, Service
from aurora_tui.model.frozen import replace
from aurora_tui.model.raw import section
from aurora_tui.model.rollouts import ROLLING_KINDS
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.slo_queries import good_since
from aurora_tui.readers import config_readers, fronted
from aurora_tui.session import Session
from aurora_tui.signalling import locate
from aurora_tui.signals.errors import SignalError
from aurora_tui.signals.prometheus import PrometheusClient
from aurora_tui.verbs.successors import WORKLOAD
from aurora_tui.verify import SliReading, SloProbe


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
    if not named and target.kind in ROLLING_KINDS:
        # A canary seldom stands there either: its pods are its users' beside those of the stable workload.
        for front in await _fronts(cluster, target):
            if (service := await service_behind(services, cluster, front)) is not None:
                return service
    return next(iter(named), None)


async def _fronts(cluster: Cluster, target: Target) -> list[Target]:
    """The Services that select a workload's pods, by its template: there may be no pod just now."""
    resource = find(target.kind)
    try:
        item = await cluster.get(resource, target.namespace, target.name) if resource else {}
        services = await cluster.list(SERVICES, target.namespace)
    except ClusterError:
        return []
    labels = section(item, "spec", "template", "metadata", "labels").items()
    selectors = [(each["metadata"]["name"], section(each, "spec", "selector")) for each in services]
    return [
        replace(target, kind=SERVICES.kind, name=name)
        for name, selector in selectors
        if selector and selector.items() <= labels
    ]


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


def run_as(action: Action) -> Target:
    """What an action's users depend on: the target, of a pod that ended the workload that ran it."""
    kind, _, name = str(action.before.get(WORKLOAD, "")).partition("/")
    resource = find(kind) if name else None
    return action.target if resource is None else replace(action.target, kind=resource.kind, name=name)


def followed(service: Service) -> Sequence[Objective]:
    """What an action is held against, the first above all: what requests get, and how fast; else the first promise."""
    first = objective_of(service)
    others = [each for each in service.objectives if each.kind is ObjectiveKind.LATENCY]
    if first is None or first.kind is not ObjectiveKind.AVAILABILITY:
        return [first] if first else []
    return [first, *others]


def worst(readings: Sequence[SliReading]) -> SliReading:
    """The one that eats its budget fastest of those that miss their objective; the first where none is known to."""
    missed = [each for each in readings if each.missed]
    return max(missed, key=_burn, default=readings[0])


def _burn(reading: SliReading) -> float:
    return (1 - (reading.share or 0.0)) / max(1 - reading.ratio, 1e-9)


async def slo_probe(session: Session, action: Action, helped: str = "") -> SloProbe | None:
    """How to read the SLI of what was acted on over the verification window; None where nothing can be asked.

    `helped` names the service for whose sake it was done, where that is known.
    """
    services = session.settings.services
    service = next((each for each in services if each.name == helped), None)
    service = service or await service_behind(services, session.cluster, run_as(action))
    objectives = followed(service) if service else ()
    if service is None or not objectives:
        return None
    found = await locate("prometheus", session.environment, session.cluster, session.home)
    if found.access is None:
        return None
    client = PrometheusClient(found.access)
    queries = [good_since(each, session.settings.verify_window) for each in objectives]

    async def share(query: str) -> float | None:
        try:
            points = await client.instant(query)
        except SignalError:
            return None
        return points[0].value if points and not math.isnan(points[0].value) else None

    async def read() -> SliReading:
        shares = await asyncio.gather(*map(share, queries))
        names = [f"{service.name} {each.kind.words}" for each in objectives]
        return worst(
            [SliReading(name, share, each.ratio) for name, share, each in zip(names, shares, objectives, strict=True)]
        )

    return read
