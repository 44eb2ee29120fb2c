"""Triage on the real control plane: the right mitigation stands first, and what may not be read is said."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live.conftest import Eventually
from tests.live.manifests import FLAGS, NAMESPACE, POOL_SIZE
from tests.live.program import Program
from tests.live.scenarios import DATABASE, FAULTS, PATIENCE, Burning, Scenario

pytest_plugins = ("tests.live.fixtures",)

FIRST = {
    "bad-release": ("undo", "deployment/aurora-backend", {}),
    "crash-loop": ("undo", "deployment/aurora-backend", {}),
    "dependency-down": ("delete", f"pod/{DATABASE}", {}),
    "config-edit": ("set flag", f"configmap/{FLAGS}", {POOL_SIZE: "20"}),
}


@pytest.fixture(params=sorted(FAULTS))
def fault(request: pytest.FixtureRequest, scenario: Scenario) -> Iterator[Burning]:
    with scenario(request.param) as burning:
        yield burning


async def test_the_right_mitigation_stands_first(aurora: Program, fault: Burning, eventually: Eventually) -> None:
    wanted = FIRST[fault.name]
    told = None

    def ranked() -> bool:
        nonlocal told
        told = aurora("triage", "backend", f"--namespace={fault.namespace}", "-o", "json")
        offers = told.json["mitigations"]
        return bool(offers) and (offers[0]["verb"], offers[0]["object"], offers[0]["parameters"]) == wanted

    try:
        await eventually(ranked, PATIENCE)
    finally:
        print(told)
    assert told is not None
    assert told.code == 1
    assert told.json["onset"]
    assert not told.json["parts"]["objects"], "the operator may read all that it takes"


def test_who_may_only_view_is_told_what_is_missing_and_sees_the_rest(aurora: Program) -> None:
    told = aurora.on("viewer")("triage", "backend", f"--namespace={NAMESPACE}", "-o", "json")
    missing = set(told.json["parts"]["objects"].split("; "))
    assert missing == {"nodes may not be listed", "secrets may not be listed"}
    assert any("backend" in row for row in told.json["sections"]["Where"])
