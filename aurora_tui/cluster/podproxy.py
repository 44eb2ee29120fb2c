"""Finds the pods behind a Service, for servers of which each has to be asked by itself."""

from __future__ import annotations

from aurora_tui.cluster.discovery import parse_service_address
from aurora_tui.cluster.protocol import Cluster
from aurora_tui.cluster.resources import ENDPOINT_SLICES, PODS, SERVICES
from aurora_tui.model.endpoints import SERVICE_NAME

_TLS = "https:"


async def pods_behind(address: str, cluster: Cluster) -> list[str]:
    """``pod/NAMESPACE/NAME:PORT`` of each ready pod behind ``svc/NAMESPACE/NAME:PORT``, in the order of their names.

    Empty where there is only one, or where they may not be reached through the API server's pod proxy, which takes
    a right of its own. Raises `ClusterError`.
    """
    namespace, service, port = parse_service_address(address)
    scheme = _TLS if service.startswith(_TLS) else ""
    name = service.removeprefix(_TLS)
    slices = await cluster.list(ENDPOINT_SLICES, namespace, labels=f"{SERVICE_NAME}={name}")
    wanted = port
    if port.isdecimal():  # a Service's number may be another than its pods'
        live = await cluster.get(SERVICES, namespace, name)
        ports = live["spec"].get("ports") or ()
        wanted = next((each.get("name") or "" for each in ports if str(each["port"]) == port), "")
    found: dict[str, int] = {}
    for each in slices:
        numbers = [one["port"] for one in each.get("ports") or () if (one.get("name") or "") == wanted]
        for endpoint in each.get("endpoints") or ():
            of = endpoint.get("targetRef") or {}
            if numbers and of.get("kind") == PODS.kind and (endpoint.get("conditions") or {}).get("ready") is not False:
                found[of["name"]] = numbers[0]
    if len(found) < 2 or not (await cluster.may("get", PODS, namespace, subresource="proxy")).allowed:
        return []
    return [f"pod/{namespace}/{scheme}{pod}:{number}" for pod, number in sorted(found.items())]
