"""A release whose code asks for a table that is not there."""

from __future__ import annotations

from aurora_tui.sandbox.scenarios.base import Behaviour, Crash, Fault, Release, Scenario

_IMAGE = "aurora/backend:2.4.1"

SCENARIO = Scenario(
    name="bad-release",
    title="A bad release of aurora-backend",
    shows=(
        "HighErrorRate fires: since the release of aurora/backend:2.4.1 nine minutes ago a third of the "
        "requests fail, and the frontend passes some of it on."
    ),
    mends="Rolling the deployment back.",
    onset=540.0,
    moves=(Release("aurora-backend", _IMAGE, 540.0),),
    behaviours={
        _IMAGE: Behaviour(
            crash=Crash(first_run=95.0, later_runs=2.0),
            unready_share=0.12,
            complaint='relation "orders_v2" does not exist',
        )
    },
    faults={_IMAGE: Fault(0.30, 8.0)},
)
