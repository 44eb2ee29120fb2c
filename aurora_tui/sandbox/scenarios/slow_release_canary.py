"""A canary that answers everything, slowly."""

from __future__ import annotations

from aurora_tui.sandbox.scenarios.base import Copied, Fault, Scenario

_AGE = 420.0
_IMAGE = "aurora/backend:2.5.0-rc.1"
_NAME = "aurora-backend-canary"


_CANARY = {
    "metadata": {"annotations": {"kubernetes.io/change-cause": "canary 2.5.0-rc.1"}},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"track": "canary"}},
        "template": {
            "metadata": {"labels": {"track": "canary"}},
            "spec": {"containers": [{"name": "backend", "image": _IMAGE}]},
        },
    },
}

SCENARIO = Scenario(
    name="slow-release-canary",
    title="A slow canary of aurora-backend",
    shows=(
        "HighLatency fires: since seven minutes a quarter of the backend's requests goes to the canary "
        "aurora-backend-canary (2.5.0-rc.1), which answers without errors, but twenty-four times as slowly."
    ),
    mends="Taking the canary's traffic away: scaling aurora-backend-canary to 0, or its weight to 0 %.",
    onset=_AGE,
    moves=(Copied("Deployment", "aurora-backend", _NAME, _CANARY, _AGE),),
    faults={_IMAGE: Fault(0.0, 24.0)},
)
