"""Triage on the real control plane for who may only look: what may not be read is said, and the rest is seen.

What stands first in each scenario is in `test_scenarios`, which lets them burn.
"""

from __future__ import annotations

from tests.live.manifests import NAMESPACE
from tests.live.program import Program

pytest_plugins = ("tests.live.fixtures",)


def test_who_may_only_view_is_told_what_is_missing_and_sees_the_rest(aurora: Program) -> None:
    told = aurora.on("viewer")("triage", "backend", f"--namespace={NAMESPACE}", "-o", "json")
    missing = set(told.json["parts"]["objects"].split("; "))
    assert missing == {"nodes may not be listed", "secrets may not be listed"}
    assert any("backend" in row for row in told.json["sections"]["Where"])
