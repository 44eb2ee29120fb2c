"""A release that does not start: it wants an environment variable that nobody set."""

from __future__ import annotations

from aurora_tui.sandbox.scenarios.base import Behaviour, Crash, Edit, Release, Scenario

_IMAGE = "aurora/backend:2.4.2"
_AGE = 600.0

SCENARIO = Scenario(
    name="crash-loop",
    title="A release of aurora-backend that does not start",
    shows=(
        "HighErrorRate fires: the pods of aurora/backend:2.4.2 exit with 1 at their start (CrashLoopBackOff) since ten "
        "minutes, and the one pod that is left cannot take the load."
    ),
    mends="Rolling the deployment back.",
    onset=_AGE,
    moves=(
        # Where there is no room for a pod more, a rollout first takes away: two of three are gone when it gets stuck.
        Edit(
            "Deployment",
            "aurora-backend",
            {"spec": {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 2}}}},
        ),
        Release("aurora-backend", _IMAGE, _AGE),
    ),
    behaviours={
        _IMAGE: Behaviour(
            crash=Crash(first_run=0.5, later_runs=0.5, every=True),
            last_words=("required environment variable PAYMENTS_API_URL is not set",),
        )
    },
)
