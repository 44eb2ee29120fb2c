"""Services and ConfigMaps on the wire (``core/v1``): what rows, switches of traffic and feature flags use."""

from __future__ import annotations

from msgspec import field
from msgspec.structs import force_setattr

from aurora_tui.model.wire import Meta, Wire

LONGEST_KEPT = 16
"""Characters of a ConfigMap's value that a row keeps; a switch such as ``disabled`` is shorter."""


class ServicePort(Wire):
    port: int = 0
    protocol: str = ""
    node_port: int = 0


class ServiceSpec(Wire):
    type: str = ""
    cluster_ips: tuple[str, ...] | None = field(name="clusterIPs", default=None)
    external_ips: tuple[str, ...] | None = field(name="externalIPs", default=None)
    external_name: str = ""
    ports: tuple[ServicePort, ...] | None = None
    selector: dict[str, str] | None = None


class Ingress(Wire):
    """Where a load balancer takes traffic in: an address or a name."""

    ip: str = ""
    hostname: str = ""


class LoadBalancer(Wire):
    ingress: tuple[Ingress, ...] | None = None


class ServiceStatus(Wire):
    load_balancer: LoadBalancer = LoadBalancer()


class Service(Wire):
    metadata: Meta = Meta()
    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()


class ConfigMap(Wire):
    """Its keys; values longer than `LONGEST_KEPT` are empty here, for one object may hold a megabyte of them."""

    metadata: Meta = Meta()
    data: dict[str, str] | None = None
    binary_data: dict[str, str] | None = None

    def __post_init__(self) -> None:
        short = {key: value if len(value) <= LONGEST_KEPT else "" for key, value in (self.data or {}).items()}
        force_setattr(self, "data", short)
        force_setattr(self, "binary_data", dict.fromkeys(self.binary_data or (), ""))
