"""`history` numbers and explains the revisions that `kubectl rollout history` lists."""

from __future__ import annotations

import re

import pytest

from tests.live.program import Program
from tests.live.twins import Twins

pytest_plugins = ("tests.live.fixtures",)

RELEASES = ("aurora/backend:2.3.9", "aurora/backend:2.4.0", "aurora/backend:2.4.1")


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
async def test_the_revisions_are_kubectls(aurora: Program, twins: Twins, kind: str) -> None:
    await twins.apply(*(twins.release(kind, image, note=f"note-{index}") for index, image in enumerate(RELEASES)))
    reference = twins.reference(kind)

    printed = twins.kubectl("rollout", "history", reference, f"--namespace={twins.ours}")
    run = aurora("history", reference, f"--namespace={twins.ours}", "-o", "json")

    assert run.code == 0, run
    listed = [(int(number), cause.strip()) for number, cause in re.findall(r"^(\d+)\s+(.*)$", printed, re.MULTILINE)]
    assert [(int(row["revision"]), row["change-cause"]) for row in reversed(run.json)] == listed
    assert [row["images"] for row in run.json] == list(reversed(RELEASES))
    assert [row["raw"]["live"] for row in run.json] == [True, False, False]
    paths = {(line["sign"], line["text"]) for line in run.json[1]["raw"]["changes"] if line["path"].endswith(".image")}
    assert paths == {("-", RELEASES[2]), ("+", RELEASES[1])}
