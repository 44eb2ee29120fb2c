"""The figures that triage looks at: what pods use and may use, and what Prometheus tells of each of them."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aurora_tui.cluster import resources
from aurora_tui.cluster.errors import ClusterError, NotFoundError
from aurora_tui.cluster.protocol import Cluster
from aurora_tui.incident.situation import Figures, Load, Pool, Situation
from aurora_tui.model import pod_queries
from aurora_tui.model.definitions import Service
from aurora_tui.model.quantities import NANO, QuantityError, parse_quantity
from aurora_tui.model.raw import section, sections
from aurora_tui.model.slo_queries import share_since, traffic
from aurora_tui.signals.errors import SignalError
from aurora_tui.signals.prometheus import PrometheusClient
from aurora_tui.sli import objective_of

_WINDOW = timedelta(minutes=2)
"""The range of rates of single pods: short, so that pods of a new release are told soon."""


async def read_loads(cluster: Cluster, namespace: str) -> tuple[tuple[Load, ...] | None, str]:
    """What the pods of a namespace use, beside their limits; None where that cannot be read, and why."""
    try:
        metrics, pods = await asyncio.gather(
            cluster.list(resources.POD_METRICS, namespace), cluster.list(resources.PODS, namespace)
        )
    except NotFoundError:
        return None, "this cluster has no metrics server"
    except ClusterError as error:
        return None, f"use of pods: {error.message}"
    used = {item["metadata"]["name"]: item for item in metrics}
    return tuple(_load(pod, used.get(pod["metadata"]["name"], {})) for pod in pods), ""


def _load(pod: Mapping[str, Any], metrics: Mapping[str, Any]) -> Load:
    meta = pod["metadata"]
    parts = sections(metrics, "containers")
    kept = [section(each, "resources", "limits") for each in sections(pod, "spec", "containers")]

    def total(name: str) -> float | None:
        found = [_amount(section(each, "usage").get(name)) for each in parts]
        return sum(known) if (known := [each for each in found if each is not None]) else None

    def limit(name: str) -> float | None:
        found = [_amount(each.get(name)) for each in kept]
        known = [each for each in found if each is not None]
        return sum(known) if known and len(known) == len(kept) else None

    return Load(
        meta["name"],
        meta.get("namespace") or "",
        str(section(pod, "spec").get("nodeName") or ""),
        total("cpu"),
        limit("cpu"),
        total("memory"),
        limit("memory"),
    )


def _amount(text: object) -> float | None:
    try:
        return parse_quantity(str(text)) / NANO if text is not None else None
    except QuantityError:
        return None


async def read_figures(client: PrometheusClient, situation: Situation) -> tuple[Figures, str]:
    """What Prometheus tells; a query that fails leaves its figure out and is said."""
    subject = situation.subject
    service = next((each for each in situation.services if each.name == subject.service), None)
    troubles = dict[str, None]()

    async def by(label: str, query: str | None) -> dict[str, float]:
        if query is None:
            return {}
        try:
            points = await client.instant(query)
        except SignalError as error:
            troubles[str(error)] = None
            return {}
        return {p.labels[label]: p.value for p in points if p.labels.get(label) and math.isfinite(p.value)}

    async def one(query: str | None) -> float | None:
        try:
            points = await client.instant(query) if query is not None else ()
        except SignalError as error:
            troubles[str(error)] = None
            return None
        return points[0].value if points and math.isfinite(points[0].value) else None

    async def heaviest() -> tuple[Load, ...]:
        try:
            points = await client.instant(pod_queries.heaviest())
        except SignalError as error:
            troubles[str(error)] = None
            return ()
        told = [(point.labels, point.value) for point in points if math.isfinite(point.value)]
        return tuple(
            Load(labels.get("pod", ""), labels.get("namespace", ""), labels.get("node", ""), cpu=cores)
            for labels, cores in told
        )

    async def connections() -> tuple[Pool, ...]:
        try:
            points = await client.instant(pod_queries.pools(subject.namespace))
        except SignalError as error:
            troubles[str(error)] = None
            return ()
        told = pod_queries.pool_figures((point.labels, point.value) for point in points if math.isfinite(point.value))
        return tuple(
            Pool(*key, each.get("used", 0.0), each["most"], each.get("waiting", 0.0))
            for key, each in told.items()
            if each.get("most")
        )

    certificates, probes = pod_queries.expiries(subject.namespace)
    (errors, slow, held, issued, probed), (share, rate), cores, pools = await asyncio.gather(
        asyncio.gather(
            by("pod", pod_queries.error_share(service, _WINDOW) if service else None),
            by("pod", pod_queries.latency(service, _WINDOW) if service else None),
            by("pod", pod_queries.throttled(subject.namespace)),
            by("name", certificates),
            by("instance", probes),
        ),
        asyncio.gather(
            one(_since(service, situation, share_since)),
            one(_since(service, situation, traffic)),
        ),
        heaviest(),
        connections(),
    )
    span = situation.now - situation.onset if situation.onset is not None else 0.0
    requests = rate * span if rate is not None else None
    affected = share * requests if share is not None and requests is not None else None
    figures = Figures(errors, slow, held, {**probed, **issued}, cores, pools, affected, requests)
    return figures, "; ".join(troubles)


def _since(service: Service | None, situation: Situation, query: Any) -> str | None:
    """A query of the service's objective over the time since the onset."""
    objective = objective_of(service) if service is not None else None
    if objective is None or situation.onset is None or not objective.total or objective.recorded:
        return None
    span = timedelta(seconds=max(60, int(situation.now - situation.onset)))
    made: str = query(objective, span)
    return made
