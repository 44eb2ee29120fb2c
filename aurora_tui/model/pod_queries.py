"""PromQL that tells the pods of a service apart, made from the queries of its objectives."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta

from aurora_tui.model.definitions import WINDOW, Objective, ObjectiveKind, Service
from aurora_tui.model.spans import promql_range

_SUM = re.compile(r"^\s*sum\s*\(")
_SUM_BY_LE = re.compile(r"\bsum\s+by\s*\(\s*le\s*\)")


def error_share(service: Service, window: timedelta) -> str | None:
    """The share of failed requests by the label ``pod``; None where no objective counts them so that it can be told."""
    for objective in service.objectives:
        kinds = (ObjectiveKind.AVAILABILITY, ObjectiveKind.ERROR_RATE)
        if objective.kind in kinds and not objective.recorded and objective.total:
            total = _by_pod(objective.total)
            part = _by_pod(objective.bad or objective.good or "")
            if total is None or part is None:
                continue
            share = f"{part} / {total}" if objective.bad is not None else f"1 - ({part} / {total})"
            # A pod that never failed has no series of failures: its share is none of its requests.
            whole = f"({share}) or ({total} * 0)" if objective.bad is not None else share
            return whole.replace(WINDOW, promql_range(window))
    return None


def latency(service: Service, window: timedelta) -> str | None:
    """The figure of the latency objective in seconds by the label ``pod``."""
    found = (each for each in service.objectives if each.kind is ObjectiveKind.LATENCY and each.value)
    objective: Objective | None = next(found, None)
    if objective is None or objective.value is None or not _SUM_BY_LE.search(objective.value):
        return None
    return _SUM_BY_LE.sub("sum by (le, pod)", objective.value).replace(WINDOW, promql_range(window))


def throttled(namespace: str) -> str:
    """The share of its periods in which a pod was held back, from cAdvisor."""
    names = f'{{namespace="{namespace}",container!=""}}[5m]'
    part = f"sum by (pod) (rate(container_cpu_cfs_throttled_periods_total{names}))"
    return f"{part} / sum by (pod) (rate(container_cpu_cfs_periods_total{names}))"


def heaviest() -> str:
    """Cores that a pod used on its node of late, of the pods that used most, from cAdvisor and kube-state-metrics."""
    used = 'topk(20, sum by (namespace, pod) (rate(container_cpu_usage_seconds_total{container!=""}[2m])))'
    return f"{used} * on (namespace, pod) group_left (node) max by (namespace, pod, node) (kube_pod_info)"


def expiries(namespace: str) -> tuple[str, ...]:
    """When certificates end: those that cert-manager issued, and those that a blackbox exporter meets."""
    return (
        f'max by (name) (certmanager_certificate_expiration_timestamp_seconds{{namespace="{namespace}"}})',
        "max by (instance) (probe_ssl_earliest_cert_expiry)",
    )


_USED, _MOST, _WAITING = "used", "most", "waiting"
_POOLS = {
    # HikariCP by Micrometer, and any other pool by its binder for JDBC.
    "hikaricp_connections_active": _USED, "hikaricp_connections_max": _MOST, "hikaricp_connections_pending": _WAITING,
    "jdbc_connections_active": _USED, "jdbc_connections_max": _MOST,
    # Go's database/sql by client_golang; it counts waits, not who waits.
    "go_sql_in_use_connections": _USED, "go_sql_max_open_connections": _MOST,
    # OpenTelemetry's semantic conventions for database clients, and their names before they were stable.
    "db_client_connection_count": _USED, "db_client_connections_usage": _USED,
    "db_client_connection_max": _MOST, "db_client_connections_max": _MOST,
    "db_client_connection_pending_requests": _WAITING, "db_client_connections_pending_requests": _WAITING,
}  # fmt: skip
"""Metrics of pools of connections, and what each of them tells."""
_POOL_NAMES = ("pool", "db_client_connection_pool_name", "pool_name", "db_name", "name")
_STATES = ("db_client_connection_state", "state")
PoolFigures = dict[tuple[str, str], dict[str, float]]
"""By pod and name of the pool what is ``used``, the ``most`` there may be, and how many are ``waiting``."""


def pools(namespace: str) -> str:
    """All metrics of pools of connections that pods of a namespace export."""
    return f'{{__name__=~"{"|".join(_POOLS)}",namespace="{namespace}",pod!=""}}'


def pool_figures(series: Iterable[tuple[Mapping[str, str], float]]) -> PoolFigures:
    """The same by their pools, whatever exports them; of those that tell states only what is in use counts."""
    found: PoolFigures = {}
    for labels, value in series:
        what = _POOLS.get(labels.get("__name__", ""))
        idle = any(labels.get(each, "used") != "used" for each in _STATES)
        if what is None or not labels.get("pod") or (what == _USED and idle):
            continue
        name = next((labels[each] for each in _POOL_NAMES if labels.get(each)), "")
        figures = found.setdefault((labels["pod"], name), {})
        figures[what] = figures.get(what, 0.0) + value
    return found


def _by_pod(query: str) -> str | None:
    return _SUM.sub("sum by (pod) (", query) if _SUM.match(query) else None
