"""PromQL that tells the pods of a service apart, made from the queries of its objectives."""

from __future__ import annotations

import re
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


def _by_pod(query: str) -> str | None:
    return _SUM.sub("sum by (pod) (", query) if _SUM.match(query) else None
