"""Reading and building the parts of a pod's status that several controllers share."""

from __future__ import annotations

from typing import Any

from aurora_tui.sandbox.kube.kinds import Json
from aurora_tui.sandbox.kube.stamps import stamp


def condition(obj: Json, kind: str) -> Json | None:
    found: list[Json] = obj.get("status", {}).get("conditions") or []
    return next((each for each in found if each["type"] == kind), None)


def holds(obj: Json, kind: str) -> bool:
    found = condition(obj, kind)
    return found is not None and found["status"] == "True"


def is_ready(pod: Json) -> bool:
    return holds(pod, "Ready")


def is_leaving(obj: Json) -> bool:
    return "deletionTimestamp" in obj["metadata"]


def phase(pod: Json) -> str:
    return str(pod.get("status", {}).get("phase", "Pending"))


def has_ended(pod: Json) -> bool:
    return phase(pod) in ("Succeeded", "Failed")


def with_condition(
    conditions: list[Json], now: float, kind: str, holds_now: bool | str, *, probed: bool = False, **more: Any
) -> list[Json]:
    """`conditions` with one set: its lastTransitionTime moves only when its status does.

    `more` is reason, message and further members; None leaves one out. `probed` adds the null
    lastProbeTime that pod conditions carry.
    """
    status = holds_now if isinstance(holds_now, str) else str(holds_now)
    old = next((each for each in conditions if each["type"] == kind), None)
    moved = old["lastTransitionTime"] if old and old["status"] == status else stamp(now)
    new: Json = {"type": kind, "status": status, "lastTransitionTime": moved}
    if probed:
        new["lastProbeTime"] = None
    new |= {key: value for key, value in more.items() if value is not None}
    if old is None:
        return [*conditions, new]
    return [new if each is old else each for each in conditions]


def qos_class(spec: Json) -> str:
    """Guaranteed where every container limits cpu and memory to what it requests, BestEffort where none says."""
    resources = [container.get("resources") or {} for container in spec.get("containers") or ()]
    if not any(each.get("requests") or each.get("limits") for each in resources):
        return "BestEffort"
    for each in resources:
        limits = each.get("limits") or {}
        if set(limits) < {"cpu", "memory"} or (each.get("requests") or limits) != limits:
            return "Burstable"
    return "Guaranteed"
