"""A batch job beside the backend burns the CPU of its node."""

from __future__ import annotations

from aurora_tui.sandbox.scenarios.base import Behaviour, Created, Edit, Scenario

_AGE = 600.0
_NAME = "aurora-reports"
_IMAGE = "aurora/reports:1.8.0"
_LATELY = 2 * 86_400.0


_RESOURCES = {"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"memory": "512Mi"}}
_POD = {
    "restartPolicy": "OnFailure",
    "nodeSelector": {"topology.kubernetes.io/zone": "eu-south-1b"},
    "containers": [{"name": "reports", "image": _IMAGE, "resources": _RESOURCES}],
}
_REPORTS = {
    "kind": "CronJob",
    "apiVersion": "batch/v1",
    "metadata": {"name": _NAME, "namespace": "aurora", "labels": {"app": _NAME}},
    "spec": {
        "schedule": "30 3 * * *",
        "concurrencyPolicy": "Forbid",
        "jobTemplate": {"spec": {"template": {"metadata": {"labels": {"app": _NAME}}, "spec": _POD}}},
    },
}

SCENARIO = Scenario(
    name="noisy-neighbour",
    title="A batch job that takes the CPU of the backend's node",
    shows=(
        "HighLatency fires: ten minutes ago somebody let the CronJob aurora-reports run every minute, its jobs burn "
        "all of prod-node-2, and the replicas there answer twenty times as slowly as those on other nodes."
    ),
    mends="Suspending cronjob/aurora-reports; the run that is under way ends within a minute.",
    onset=_AGE,
    moves=(
        Created(_REPORTS, _LATELY),
        Edit("CronJob", _NAME, {"spec": {"schedule": "* * * * *"}}, _AGE),
    ),
    behaviours={_IMAGE: Behaviour(runs_for=54.0)},
    appetites={_NAME: (7600.0, 480.0)},
)
