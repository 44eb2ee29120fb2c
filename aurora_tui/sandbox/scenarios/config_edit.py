"""Somebody edited a ConfigMap by hand, and the backend has too few connections to its database."""

from __future__ import annotations

from aurora_tui.sandbox.scenarios.base import Edit, Fault, Scenario, Setting

_AGE = 480.0
_KEY = "db-pool-size"
_MOUNT = {"name": "flags", "mountPath": "/etc/aurora/flags"}
_POD = {
    "containers": [{"name": "backend", "volumeMounts": [_MOUNT]}],
    "volumes": [{"name": "flags", "configMap": {"name": "aurora-flags"}}],
}

SCENARIO = Scenario(
    name="config-edit",
    title="A ConfigMap of aurora-backend edited by hand",
    shows=(
        "HighErrorRate and HighLatency fire: eight minutes ago somebody set db-pool-size in the ConfigMap aurora-flags "
        "from 20 to 1 with kubectl edit, and the backend's requests wait for a connection in vain."
    ),
    mends="Setting db-pool-size in configmap/aurora-flags back to 20; nothing was released.",
    onset=_AGE,
    moves=(
        Edit("ConfigMap", "aurora-flags", {"data": {_KEY: "20"}}),
        Edit("Deployment", "aurora-backend", {"spec": {"template": {"spec": _POD}}}),
        Edit("ConfigMap", "aurora-flags", {"data": {_KEY: "1"}}, _AGE),
        Setting(
            "aurora-flags",
            _KEY,
            "1",
            "aurora-backend",
            Fault(
                0.25,
                14.0,
                "HikariPool-1 - Connection is not available, request timed out after 3000ms "
                "(total=1, active=1, idle=0, waiting=37)",
                "SQLTransientConnectionException",
            ),
        ),
    ),
)
