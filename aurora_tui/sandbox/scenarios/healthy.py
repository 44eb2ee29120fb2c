"""Nothing is the matter."""

from __future__ import annotations

from aurora_tui.sandbox.scenarios.base import Scenario

SCENARIO = Scenario(
    name="healthy",
    title="Everything in order",
    shows="No alert fires and every objective is met: a place to try what the keys do.",
)
