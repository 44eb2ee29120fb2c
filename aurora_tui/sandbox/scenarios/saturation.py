"""More requests than the replicas can take, and no autoscaler."""

from __future__ import annotations

from aurora_tui.sandbox.scenarios.base import Deleted, Edit, Scenario, Surge

_AGE = 600.0
_CONTAINER = {"name": "backend", "resources": {"requests": {"cpu": "300m"}, "limits": {"cpu": "400m"}}}

SCENARIO = Scenario(
    name="saturation",
    title="Twice the usual traffic on aurora-backend",
    shows=(
        "HighErrorRate fires: the requests have doubled ten minutes ago, all three replicas run at their CPU limit and "
        "are throttled, and what they cannot take gets 503. The deployment has no autoscaler."
    ),
    mends="Scaling aurora-backend out, to 6 of the handbook's 3 to 20 replicas.",
    onset=_AGE,
    moves=(
        Edit("Deployment", "aurora-backend", {"spec": {"template": {"spec": {"containers": [_CONTAINER]}}}}),
        Deleted("HorizontalPodAutoscaler", "aurora-backend", 2 * 86_400.0),
        Surge("aurora-backend", 2.0, _AGE),
    ),
)
