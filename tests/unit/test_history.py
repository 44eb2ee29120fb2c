"""The rollout history as rows: which revision runs, and what each other one would change."""

from __future__ import annotations

import pytest

from aurora_tui.cluster.errors import NotFoundError
from aurora_tui.cluster.resources import DAEMONSETS, DEPLOYMENTS, STATEFULSETS, Resource
from aurora_tui.inspection import History, history
from aurora_tui.model.history import COLUMNS, RevisionRow
from aurora_tui.model.selection import ObjectRef
from tests.unit.fakecluster import FakeCluster
from tests.unit.rolloutobjects import NAME, NAMESPACE, set_template, settle, stack, template

OLD, GOOD, BAD = (template(f"aurora/backend:{tag}", DB_PASSWORD=tag) for tag in ("2.3.9", "2.4.0", "2.4.1"))


async def read(cluster: FakeCluster, resource: Resource = DEPLOYMENTS) -> History:
    return await history(cluster, ObjectRef(resource.kind, NAMESPACE, NAME), 0.0)


def printed(row: RevisionRow) -> list[str]:
    return [column.cell(row, 0.0).text for column in COLUMNS if column.heading not in ("AGE", "RAN", "HEALTHY")]


@pytest.mark.parametrize("resource", [DEPLOYMENTS, STATEFULSETS, DAEMONSETS])
async def test_revisions_stand_newest_first_and_say_which_one_runs(resource: Resource) -> None:
    found = await read(stack(resource, OLD, GOOD, BAD), resource)

    assert [printed(row) for row in found.rows] == [
        ["3", "runs now", "aurora/backend:2.4.1", "<none>"],
        ["2", "4 lines differ", "aurora/backend:2.4.0", "<none>"],
        ["1", "4 lines differ", "aurora/backend:2.3.9", "<none>"],
    ]


async def test_what_an_earlier_revision_would_change_is_shown_without_secrets() -> None:
    found = await read(stack(DEPLOYMENTS, GOOD, BAD))

    lines = [str(line) for line in found.rows[1].changes]
    assert lines[:2] == [
        "- spec.template.spec.containers[backend].image: aurora/backend:2.4.1",
        "+ spec.template.spec.containers[backend].image: aurora/backend:2.4.0",
    ]
    assert len(lines) == 4
    assert "2.4" not in "".join(lines[2:])
    assert found.rows[0].changes == ()


async def test_a_restored_revision_has_its_keepers_new_number() -> None:
    cluster = stack(DEPLOYMENTS, OLD, GOOD, BAD)
    cluster.change(DEPLOYMENTS, NAMESPACE, NAME, lambda item: set_template(item, GOOD))
    settle(cluster)

    found = await read(cluster)

    assert [(row.number, row.live) for row in found.rows] == [(4, True), (3, False), (1, False)]


async def test_a_paused_rollout_is_said() -> None:
    cluster = stack(DEPLOYMENTS, GOOD)
    cluster.change(DEPLOYMENTS, NAMESPACE, NAME, lambda item: item["spec"].update(paused=True))

    assert (await read(cluster)).paused


async def test_a_kind_without_history_is_told_in_words() -> None:
    with pytest.raises(NotFoundError, match="a cronjob keeps no rollout history"):
        await history(FakeCluster(), ObjectRef("CronJob", NAMESPACE, NAME), 0.0)
