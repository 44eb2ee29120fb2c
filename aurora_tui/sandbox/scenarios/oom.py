"""A release that came with less memory than the program takes."""

from __future__ import annotations

from aurora_tui.sandbox.scenarios.base import Edit, Release, Scenario

_AGE = 780.0
_CONTAINER = {"name": "backend", "resources": {"requests": {"memory": "256Mi"}, "limits": {"memory": "256Mi"}}}
_CPU = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
}

SCENARIO = Scenario(
    name="oom",
    title="A release of aurora-backend with too little memory",
    shows=(
        "HighErrorRate fires: the release of thirteen minutes ago lowered the memory limit to 256Mi, and the kernel "
        "kills the containers again and again (OOMKilled, exit code 137)."
    ),
    mends="Rolling the deployment back.",
    onset=_AGE,
    moves=(
        # An autoscaler that looks at memory would answer with ever more of such pods.
        Edit("HorizontalPodAutoscaler", "aurora-backend", {"spec": {"metrics": [_CPU]}}),
        Release(
            "aurora-backend",
            "aurora/backend:2.4.3",
            _AGE,
            {"spec": {"template": {"spec": {"containers": [_CONTAINER]}}}},
        ),
    ),
)
