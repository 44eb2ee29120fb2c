"""Several objects in one command become what kubectl, given as many, makes of their twins; a failure stops the rest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.live.audit import AuditLog
from tests.live.program import Act, Program
from tests.live.twins import Twins, image

pytest_plugins = ("tests.live.fixtures",)

KINDS = ("Deployment", "Deployment", "StatefulSet")
GOOD, NEW, BROKEN = "aurora/backend:2.4.0", "aurora/backend:2.4.1", "aurora/backend:broken-pull"


@pytest.fixture
def three(twins: Twins) -> list[Twins]:
    """Three names for twins, of the kinds of `KINDS`."""
    return [replace(twins, name=f"{twins.name}-{letter}") for letter in "abc"]


async def release_all(three: list[Twins]) -> list[str]:
    """Make the three and wait for their pods; returns how they are referred to."""
    references = []
    for each, kind in zip(three, KINDS, strict=True):
        await each.apply(each.release(kind, GOOD))
        references.append(each.reference(kind))
    for reference in references:
        three[0].both("rollout", "status", reference, "--timeout=60s")
    return references


async def test_all_that_are_named_are_restarted_as_kubectl_restarts_them(
    act: Act, aurora: Program, three: list[Twins], audit: AuditLog
) -> None:
    references = await release_all(three)

    run = act("restart", *references)
    three[0].kubectl_does("rollout", "restart", *references)

    assert run.code == 0, run
    assert run.stdout.splitlines()[-1] == "3 done"
    for each, kind in zip(three, KINDS, strict=True):
        found = await each.become_the_same(kind)
        assert "kubectl.kubernetes.io/restartedAt" in found["spec"]["template"]["metadata"]["annotations"]
    ours = [each.what for each in await audit.changes() if each.what.startswith(f"{three[0].ours}/")]
    assert [what.rpartition("/")[2] for what in ours] == [each.name for each in three]
    entries = aurora("journal", "list", "-o", "json").json
    assert {entry["part_of"] for entry in entries} == {"restart 2 deployments, 1 statefulset"}
    assert len(entries) == 3
    assert aurora("journal", "verify").code == 0


async def test_a_selector_chooses_what_it_chooses_for_kubectl(act: Act, three: list[Twins]) -> None:
    references = await release_all(three)
    group = f"group={three[0].name}"
    for reference in references[1:]:
        three[0].both("label", reference, group)

    preview = act("set-image", "deployments", "-l", group, f"main={NEW}", "--dry-run")
    run = act("set-image", "deployments,statefulsets", "-l", group, f"main={NEW}")
    three[0].kubectl_does("set", "image", "deployments,statefulsets", "-l", group, f"main={NEW}")

    assert preview.code == 0, preview
    assert f"+ spec.template.spec.containers[main].image: {NEW}" in preview.stdout
    assert run.code == 0, run
    found = [image(await each.become_the_same(kind)) for each, kind in zip(three, KINDS, strict=True)]
    assert found == [GOOD, NEW, NEW]


async def test_the_first_that_fails_stops_the_rest(act: Act, three: list[Twins]) -> None:
    references = await release_all(three)
    three[0].both("patch", references[1], "--patch", '{"spec": {"progressDeadlineSeconds": 8, "minReadySeconds": 1}}')

    run = act("set-image", references[0], references[1], f"main={NEW}")
    assert run.code == 0, run
    run = act("set-image", references[1], references[0], references[2], f"main={BROKEN}")

    assert run.code == 1, run
    failed, *left = run.stderr.splitlines()
    assert failed.startswith(f"aurora-tui: failed: set image {references[1]}: pods failed")
    assert left == [f"aurora-tui: not begun: {references[0]}, {references[2]}: an earlier one failed"]
    read = ("get", *references, "-o", "jsonpath={.items[*].spec.template.spec.containers[0].image}")
    ours = three[0].kubectl(*read, f"--namespace={three[0].ours}")
    assert ours.split() == [NEW, BROKEN, GOOD]
