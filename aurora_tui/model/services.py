"""Services as ``kubectl get services`` prints them, the pods that they front, and where they may be switched to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from aurora_tui.model.columns import Column
from aurora_tui.model.pod_trouble import is_ready
from aurora_tui.model.printing import NONE, age_column, labels_text, name_column, text_column
from aurora_tui.model.wire_pods import Pod
from aurora_tui.model.wire_traffic import Service, ServicePort

_EXTERNAL = {"ClusterIP": NONE, "NodePort": NONE, "LoadBalancer": "<pending>"}
"""What stands for no external address, by type."""


def selects(selector: Mapping[str, str] | None, pod: Pod) -> bool:
    """Whether a Service's selector matches a pod's labels; one without a selector fronts no pods by itself."""
    return bool(selector) and (selector or {}).items() <= (pod.metadata.labels or {}).items()


def others(service: Service, pods: Iterable[Pod]) -> list[str]:
    """``KEY=VALUE`` by which the selector would match other pods of the namespace, most ready pods first.

    One value is replaced and all else must hold: under a selector of a single key any pod would do.
    """
    selector = service.spec.selector or {}
    if len(selector) < 2:
        return []
    found: Counter[str] = Counter()
    for pod in pods:
        labels = pod.metadata.labels or {}
        differing = [key for key, value in selector.items() if labels.get(key) != value]
        if pod.metadata.namespace == service.metadata.namespace and len(differing) == 1 and differing[0] in labels:
            found[f"{differing[0]}={labels[differing[0]]}"] += is_ready(pod)
    return sorted(found, key=lambda pair: (-found[pair], pair))


def _cluster_ip(service: Service) -> str:
    return next(iter(service.spec.cluster_ips or ()), NONE)


def _external_ip(service: Service) -> str:
    spec = service.spec
    if spec.type == "ExternalName":
        return spec.external_name
    if spec.type not in _EXTERNAL:
        return "<unknown>"
    taken_in = service.status.load_balancer.ingress or () if spec.type == "LoadBalancer" else ()
    # A set in the printer: sorted, each once.
    balancers = sorted({each.ip or each.hostname for each in taken_in} - {""})
    return ",".join([*balancers, *(spec.external_ips or ())]) or _EXTERNAL[spec.type]


def _ports(service: Service) -> str:
    return ",".join(map(_port, service.spec.ports or ())) or NONE


def _port(port: ServicePort) -> str:
    node = f":{port.node_port}" if port.node_port else ""
    return f"{port.port}{node}/{port.protocol}"


COLUMNS: tuple[Column[Service], ...] = (
    name_column(),
    text_column("TYPE", lambda row: row.spec.type, rank=3, wide=False),
    text_column("CLUSTER-IP", _cluster_ip, rank=4, wide=False),
    text_column("EXTERNAL-IP", _external_ip, rank=5, wide=False),
    text_column("PORT(S)", _ports, rank=1, wide=False),
    age_column(rank=2),
    text_column("SELECTOR", lambda row: labels_text(row.spec.selector), rank=6),
)
"""``NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE`` and the wide ``SELECTOR`` (``printService``)."""
