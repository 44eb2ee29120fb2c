"""Finding Prometheus, Alertmanager, Elasticsearch and Jaeger among a cluster's Services."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aurora_tui.model.frozen import Frozen


class Signature(Frozen):
    """How a signal's Service is usually labelled and named, best guess first."""

    labels: tuple[tuple[str, str], ...]
    ports: tuple[str, ...]
    """Port names or numbers, in order of preference."""


SIGNATURES: Mapping[str, Signature] = {
    # Labels set by the kube-prometheus, prometheus-community, ECK and Jaeger charts and operators.
    "prometheus": Signature(
        (
            ("operated-prometheus", "true"),
            ("app.kubernetes.io/name", "prometheus"),
            ("app", "prometheus"),
            ("app", "kube-prometheus-stack-prometheus"),
        ),
        ("web", "http-web", "http", "9090"),
    ),
    "alertmanager": Signature(
        (
            ("operated-alertmanager", "true"),
            ("app.kubernetes.io/name", "alertmanager"),
            ("app", "alertmanager"),
            ("app", "kube-prometheus-stack-alertmanager"),
        ),
        ("web", "http-web", "http", "9093"),
    ),
    "elasticsearch": Signature(
        (
            ("common.k8s.elastic.co/type", "elasticsearch"),
            ("app.kubernetes.io/name", "elasticsearch"),
            ("app", "elasticsearch-master"),
            ("app", "elasticsearch"),
        ),
        ("https", "http", "9200"),
    ),
    "jaeger": Signature(
        (("app.kubernetes.io/component", "query"), ("app.kubernetes.io/name", "jaeger"), ("app", "jaeger")),
        ("http-query", "query-http", "http", "16686"),
    ),
}


def parse_service_address(address: str) -> tuple[str, str, str]:
    """``svc/NAMESPACE/NAME:PORT`` (or ``pod/…``) in its three parts; ValueError where it is not of that form."""
    parts = address.removeprefix("svc/").removeprefix("pod/").split("/")
    if len(parts) != 2 or ":" not in parts[1]:
        raise ValueError(f"{address!r} is not of the form svc/NAMESPACE/NAME:PORT")
    name, _, port = parts[1].rpartition(":")
    return parts[0], name, port


def find_service(signal: str, services: Iterable[Mapping[str, Any]]) -> str | None:
    """The address ``svc/NAMESPACE/NAME:PORT`` of a signal among raw Services; None where there is none.

    Headless twins (the operators' ``*-operated``) serve as well as any; ties are broken by name so
    that every start finds the same one.
    """
    signature = SIGNATURES[signal]
    candidates: list[tuple[int, str, str, str]] = []
    for service in services:
        meta = service.get("metadata") or {}
        labels = meta.get("labels") or {}
        port = _port(signature, service)
        for rank, (key, value) in enumerate(signature.labels):
            if labels.get(key) == value and port:
                # The service proxy is told the scheme in front of the name
                # (https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/).
                scheme = "https:" if port[1] else ""
                candidates.append((rank, str(meta.get("namespace")), f"{scheme}{meta.get('name')}", port[0]))
                break
    if not candidates:
        return None
    _, namespace, name, number = min(candidates)
    return f"svc/{namespace}/{name}:{number}"


def _port(signature: Signature, service: Mapping[str, Any]) -> tuple[str, bool] | None:
    """The port by which the signal is reached, and whether it speaks TLS."""
    ports = (service.get("spec") or {}).get("ports") or []
    for wanted in signature.ports:
        for port in ports:
            if wanted in (port.get("name"), str(port.get("port"))):
                return str(port.get("name") or port.get("port")), _speaks_tls(port)
    return None


def _speaks_tls(port: Mapping[str, Any]) -> bool:
    return "https" in (port.get("name"), port.get("appProtocol"))
