"""A node fell silent, and most of the backend was on it."""

from __future__ import annotations

from aurora_tui.sandbox.scenarios.base import Edit, Outage, Scenario

_AGE = 600.0
_DAY = 86_400.0
_UNREACHABLE = {
    "key": "node.kubernetes.io/unreachable",
    "operator": "Exists",
    "effect": "NoExecute",
    "tolerationSeconds": 3600,
}

SCENARIO = Scenario(
    name="node-lost",
    title="A node is lost, and most of aurora-backend with it",
    shows=(
        "HighErrorRate fires: prod-node-1 is NotReady since ten minutes, two of the backend's three pods are on it and "
        "stay there, as they tolerate an unreachable node for an hour; the third cannot take the load."
    ),
    mends="Cordoning and draining prod-node-1, or deleting the backend's pods on it: new ones start on other nodes.",
    onset=_AGE,
    moves=(
        Edit("Deployment", "aurora-backend", {"spec": {"template": {"spec": {"tolerations": [_UNREACHABLE]}}}}),
        # A node was under maintenance when the backend was released, so two of its pods share another.
        Edit("Node", "prod-node-3", {"spec": {"unschedulable": True}}, 3.1 * _DAY, "kubectl-cordon"),
        Edit("Node", "prod-node-3", {"spec": {"unschedulable": None}}, 2.9 * _DAY, "kubectl-uncordon"),
        Outage("prod-node-1", _AGE),
    ),
)
