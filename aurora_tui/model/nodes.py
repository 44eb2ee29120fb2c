"""Nodes as ``kubectl get nodes`` prints them (``printNode``), and which of them are faulty."""

from __future__ import annotations

import re

from aurora_tui.model.ages import UNKNOWN
from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.printing import NONE, age_column, name_column, text_column
from aurora_tui.model.wire_cluster import Node

_ROLE_PREFIX = "node-role.kubernetes.io/"
_ROLE_LABEL = "kubernetes.io/role"
_PRESSURES = {"MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"}
_DIGITS = re.compile(r"(\d+)")


def readiness(node: Node) -> str:
    """``Ready``, ``NotReady`` (also when the node was not heard of), or ``Unknown`` without the condition."""
    ready = next((each for each in reversed(node.status.conditions or ()) if each.type == "Ready"), None)
    if ready is None:
        return "Unknown"
    return "Ready" if ready.status == "True" else "NotReady"


def status(node: Node) -> str:
    """The readiness, followed by ``,SchedulingDisabled`` on a cordoned node."""
    return f"{readiness(node)},SchedulingDisabled" if node.spec.unschedulable else readiness(node)


def pressures(node: Node) -> tuple[str, ...]:
    """The conditions that hold and should not (https://kubernetes.io/docs/reference/node/node-status/#condition)."""
    return tuple(
        each.type for each in node.status.conditions or () if each.type in _PRESSURES and each.status == "True"
    )


def faulty(node: Node, now: float) -> bool:
    """Whether the node is not ready or short of something; a cordon is meant and no fault."""
    return readiness(node) != "Ready" or bool(pressures(node))


def roles(node: Node) -> str:
    """Roles by name, from the labels ``node-role.kubernetes.io/ROLE`` and ``kubernetes.io/role=ROLE``."""
    found = set()
    for label, value in (node.metadata.labels or {}).items():
        if label.startswith(_ROLE_PREFIX):
            found.add(label.removeprefix(_ROLE_PREFIX))
        elif label == _ROLE_LABEL:
            found.add(value)
    return ",".join(sorted(found - {""})) or NONE


def address(node: Node, kind: str) -> str:
    """The first address of a type: ``InternalIP``, ``ExternalIP`` or ``Hostname``."""
    return next((each.address for each in node.status.addresses or () if each.type == kind), NONE)


def _tone(node: Node) -> Tone:
    if readiness(node) != "Ready":
        return Tone.BAD
    return Tone.WARN if node.spec.unschedulable or pressures(node) else Tone.PLAIN


def _status_key(node: Node) -> tuple[bool, bool]:
    return readiness(node) == "Ready", not node.spec.unschedulable


def _version_key(node: Node) -> list[tuple[bool, int, str]]:
    """Numbers within the version by value, so that v1.9 comes before v1.10."""
    parts = _DIGITS.split(node.status.node_info.kubelet_version)
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


COLUMNS: tuple[Column[Node], ...] = (
    name_column(),
    Column("STATUS", lambda node, now: Cell(status(node), _tone(node)), _status_key),
    text_column("ROLES", roles, rank=2, wide=False),
    age_column(rank=2),
    Column("VERSION", lambda node, now: Cell(node.status.node_info.kubelet_version), _version_key, rank=1),
    text_column("INTERNAL-IP", lambda node: address(node, "InternalIP")),
    text_column("EXTERNAL-IP", lambda node: address(node, "ExternalIP"), rank=6),
    text_column("OS-IMAGE", lambda node: node.status.node_info.os_image or UNKNOWN, rank=6),
    text_column("KERNEL-VERSION", lambda node: node.status.node_info.kernel_version or UNKNOWN, rank=6),
    text_column("CONTAINER-RUNTIME", lambda node: node.status.node_info.container_runtime_version or UNKNOWN, rank=6),
)
"""``NAME STATUS ROLES AGE VERSION`` and the wide addresses and system versions."""
