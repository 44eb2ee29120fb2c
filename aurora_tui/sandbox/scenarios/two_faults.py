"""Two faults at once: a release that does not start, and a database that does not either."""

from __future__ import annotations

from aurora_tui.sandbox.scenarios.base import combined
from aurora_tui.sandbox.scenarios.crash_loop import SCENARIO as CRASH_LOOP
from aurora_tui.sandbox.scenarios.dependency_down import SCENARIO as DEPENDENCY_DOWN

SCENARIO = combined(
    "two-faults",
    "A release that does not start, and the database down",
    "HighErrorRate and ServiceDown fire: the release of ten minutes ago does not start, and a minute later the "
    "database went down as well.",
    "Rolling aurora-backend back, and deleting the pod aurora-postgres-0 or restarting its statefulset.",
    CRASH_LOOP,
    DEPENDENCY_DOWN,
)
