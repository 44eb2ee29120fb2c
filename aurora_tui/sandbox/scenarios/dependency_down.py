"""The database does not come up again, and what asks it fails."""

from __future__ import annotations

from aurora_tui.sandbox.scenarios.base import Edit, Scenario, Wedge

_AGE = 540.0

SCENARIO = Scenario(
    name="dependency-down",
    title="The database of aurora-backend is down",
    shows=(
        "ServiceDown fires for aurora-postgres and HighErrorRate for what asks it: the database ended nine minutes ago "
        "and a stale lock file keeps its container from starting; the backend's connections are refused."
    ),
    mends="Deleting the pod aurora-postgres-0 or restarting the statefulset; touching the backend does not help.",
    onset=_AGE,
    moves=(
        # One database, as many have it; in parallel so that a restart need not wait for a pod that never gets ready.
        Edit("StatefulSet", "aurora-postgres", {"spec": {"replicas": 1, "podManagementPolicy": "Parallel"}}),
        Wedge(
            "aurora-postgres-0",
            _AGE,
            exit_code=139,
            last_words=(
                'FATAL:  lock file "postmaster.pid" already exists',
                'HINT:  Is another postmaster (PID 27) running in data directory "/var/lib/postgresql/data"?',
            ),
        ),
    ),
)
