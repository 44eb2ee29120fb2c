"""Which pods a Service reaches, decided from raw JSON by the rules of the EndpointSlice controller.

Source: ``k8s.io/endpointslice`` (``podToEndpoint``, ``FindPort``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aurora_tui.model.rollouts import RolloutState, RolloutStatus, counted

Object = Mapping[str, Any]

SERVICE_NAME = "kubernetes.io/service-name"
"""The label of an EndpointSlice that says whose endpoints it holds."""


def pairs(selector: Mapping[str, str]) -> str:
    """A selector as the operator types it, and as a list request takes it: ``app=web,color=green``."""
    return ",".join(f"{key}={value}" for key, value in selector.items())


def is_serving(pod: Object) -> bool:
    """Whether a Service sends requests to a pod that it selects: ready, and not about to end."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    return ready and not pod["metadata"].get("deletionTimestamp")


def serving(pods: Iterable[Object]) -> list[Object]:
    return [pod for pod in pods if is_serving(pod)]


def missing_ports(service: Object, pods: Sequence[Object]) -> list[str]:
    """The ports of a Service whose target is a name that no container of some of the pods bears, in words."""
    found = []
    for port in service["spec"].get("ports") or ():
        target = port.get("targetPort")
        without = [pod for pod in pods if isinstance(target, str) and not _names_port(pod, target, port["protocol"])]
        if without:
            count = f"{len(without)} of {counted(len(pods), 'ready pod')}"
            found.append(f"{count} would get nothing of port {port['port']}: no container there names port {target}")
    return found


def _names_port(pod: Object, name: str, protocol: str) -> bool:
    spec = pod["spec"]
    sidecars = [each for each in spec.get("initContainers") or () if each.get("restartPolicy") == "Always"]
    return any(
        port.get("name") == name and port.get("protocol", "TCP") == protocol
        for container in [*spec["containers"], *sidecars]
        for port in container.get("ports") or ()
    )


def endpoints_status(pods: Sequence[Object], slices: Iterable[Object]) -> RolloutStatus:
    """How far a Service is on its way to `pods`, all those that its selector matches, by its EndpointSlices.

    Complete when every pod that is ready is among the ready endpoints, and nothing else is. Endpoints that stand
    for no pod were put there by hand and do not count.
    """
    wanted = {pod["metadata"]["uid"] for pod in serving(pods)}
    reached = set(_reached(slices))
    done, strangers = len(wanted & reached), reached - {pod["metadata"]["uid"] for pod in pods}
    text = f"{done} of {counted(len(wanted), 'endpoint')} ready"
    if not wanted:
        return RolloutStatus(RolloutState.WAITING, 0, 0, "no pod that it selects is ready")
    if strangers:
        return RolloutStatus(RolloutState.WAITING, done, len(wanted), f"{text}, {len(strangers)} still of the old set")
    state = RolloutState.COMPLETE if done == len(wanted) else RolloutState.WAITING
    return RolloutStatus(state, done, len(wanted), text)


def _reached(slices: Iterable[Object]) -> Iterable[str]:
    """The uids of the pods among the ready endpoints; a condition that is not known counts as ready, as in the API."""
    for each in slices:
        for endpoint in each.get("endpoints") or ():
            target = endpoint.get("targetRef") or {}
            if target.get("kind") == "Pod" and (endpoint.get("conditions") or {}).get("ready") is not False:
                yield target["uid"]
