"""Going back to what a rollback left: said before it is confirmed, with how badly it served where that is known."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from aurora_tui import relapse
from aurora_tui.actions import ActionPath, undo_of
from aurora_tui.cluster.errors import ForbiddenError
from aurora_tui.cluster.resources import DEPLOYMENTS, REPLICASETS
from aurora_tui.journal import Journal
from aurora_tui.model.actions import Plan, Record, Verb
from aurora_tui.model.stamps import rfc3339
from aurora_tui.session import Session
from tests.unit.fakecluster import Clock, FakeCluster
from tests.unit.rolloutobjects import NAME, NAMESPACE, settle, stack, template
from tests.unit.signal_servers import EMPTY, FakePrometheus, vector
from tests.unit.test_health import HOUR, NOW, open_session, prometheus

__all__ = ["open_session", "prometheus"]
LEFT = "revision 3 is what was rolled back from"
BEGAN = NOW - HOUR


class Scene:
    """A workload whose third release began an hour ago."""

    def __init__(self, session: Session, folder: Path) -> None:
        releases = (template(f"aurora/backend:{number}") for number in (1, 2, 3))
        self.cluster: FakeCluster = stack(DEPLOYMENTS, *releases, context=session.context)
        for number in (1, 2, 3):
            keeper = self.cluster.objects[REPLICASETS.plural, NAMESPACE, f"{NAME}-{number}"]
            keeper["metadata"]["creationTimestamp"] = rfc3339(BEGAN + number - 3)
        self.cluster.http_access = session.cluster.http_access  # type: ignore[method-assign]
        session.cluster = self.cluster  # type: ignore[assignment]
        self.journal = Journal(folder)
        caution = partial(relapse.relapse, session, self.journal)
        self.path = ActionPath(
            self.cluster, self.journal, protected=False, read_only=False, clock=Clock(NOW), caution=caution
        )

    async def plan(self, verb: Verb = Verb.UNDO, **params: str | int) -> Plan:
        return await self.path.plan(verb, DEPLOYMENTS, NAMESPACE, NAME, params)

    async def roll_back(self) -> Record:
        record = await self.path.execute(await self.plan())
        settle(self.cluster)
        return record


@pytest.fixture
def scene(open_session: Callable[..., Session], tmp_path: Path) -> Iterator[Scene]:
    with placed(open_session(), tmp_path / "state") as scene:
        yield scene


@contextmanager
def placed(session: Session, folder: Path) -> Iterator[Scene]:
    """A scene in a session, which has its own cluster back in the end."""
    own = session.cluster
    yield Scene(session, folder)
    session.cluster = own


def bad(query: str) -> Any:
    return vector("0.63") if "[1h]" in query else EMPTY


async def test_going_back_to_what_was_rolled_back_from_is_warned_about_first(
    scene: Scene, prometheus: FakePrometheus
) -> None:
    prometheus.instant = bad
    assert not [words for words in (await scene.plan()).warnings if "rolled back" in words]
    record = await scene.roll_back()

    once_more = await scene.plan()
    inverse = undo_of(record)
    assert inverse is not None
    taken_back = await scene.plan(inverse[0], **inverse[1])

    assert once_more.effect == f"rolls deployment/{NAME} back from revision 4 (2) to revision 3 (3)"
    assert once_more.warnings[0] == f"{LEFT} at {rfc3339(NOW)[11:]} (63.00 % good)"
    assert taken_back.warnings[0] == once_more.warnings[0]


async def test_the_journal_keeps_that_it_was_said(scene: Scene, prometheus: FakePrometheus) -> None:
    prometheus.instant = bad
    await scene.roll_back()
    await scene.roll_back()

    preview = scene.journal.entries()[0].preview
    assert preview is not None
    assert preview.warnings[0].startswith(LEFT) and preview.impossible == ""


async def test_another_revision_and_another_verb_are_not_warned_about(scene: Scene) -> None:
    await scene.roll_back()

    for plan in (await scene.plan(revision=1), await scene.plan(Verb.RESTART)):
        assert not [words for words in plan.warnings if "rolled back" in words]


async def test_what_served_well_may_be_come_back_to(scene: Scene, prometheus: FakePrometheus) -> None:
    prometheus.instant = lambda query: vector("0.9999")
    await scene.roll_back()

    assert not [words for words in (await scene.plan()).warnings if "rolled back" in words]


async def test_without_a_figure_it_is_said_all_the_same(
    open_session: Callable[..., Session], tmp_path: Path, prometheus: FakePrometheus
) -> None:
    prometheus.instant = lambda query: EMPTY
    for number, session in enumerate((open_session("off"), open_session())):
        with placed(session, tmp_path / str(number)) as scene:
            await scene.roll_back()
            assert (await scene.plan()).warnings[0] == f"{LEFT} at {rfc3339(NOW)[11:]}"


async def test_a_prometheus_that_does_not_answer_holds_up_no_preview(
    scene: Scene, prometheus: FakePrometheus, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: Any) -> Any:
        await asyncio.Event().wait()
        yield

    monkeypatch.setattr(relapse, "healths", never)
    monkeypatch.setattr(relapse, "PATIENCE", 0.05)
    await scene.roll_back()

    assert (await scene.plan()).warnings[0] == f"{LEFT} at {rfc3339(NOW)[11:]}"


async def test_a_history_that_cannot_be_read_is_said(scene: Scene) -> None:
    await scene.roll_back()
    # The plan's own reading of the revisions comes first, the budgets' between the two.
    scene.cluster.on("list", lambda: None, lambda: None)
    scene.cluster.fail("list", ForbiddenError("not yours"))

    assert (await scene.plan()).warnings[0] == "could not see whether it was rolled back from before: not yours"
