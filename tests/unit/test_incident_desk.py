"""The desk of an incident: what is taken back while others are being asked stays taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from aurora_tui.incident.book import Book
from aurora_tui.incident.desk import IncidentDesk, Opening
from aurora_tui.incident.meeting import Meeting
from aurora_tui.incident.watch import Told
from aurora_tui.journal import Journal, JournalError
from aurora_tui.model.facts import FactKind
from aurora_tui.model.freshness import SourceState
from aurora_tui.model.incidents import Incident
from aurora_tui.session import Session
from aurora_tui.settings import load_settings
from aurora_tui.store import Store

CALM = load_settings(environ={"HOME": "/nowhere"}).incident.calm


class Stage:
    """A desk on a stack where all is well, with a clock of its own."""

    def __init__(self, folder: Path, name: str = "alice", shared: Path | None = None) -> None:
        self.now = 1000.0
        store = Store()
        for name in ("alerts", "slos"):
            store.table(name).set_freshness(SourceState.LIVE, self.now)
        session = SimpleNamespace(
            settings=load_settings(environ={"HOME": "/nowhere"}), clock=lambda: self.now, store=store,
            context="prod", home="shop", cluster=None,
        )  # fmt: skip
        book = Book(folder, name)
        meeting = Meeting(shared, book, self.now) if shared is not None else None
        self.desk = IncidentDesk(cast(Session, session), book, Journal(folder), who=lambda: name, meeting=meeting)

    @property
    def words(self) -> list[str]:
        assert self.desk.incident is not None
        return [entry.words for entry in self.desk.incident.timeline]


@pytest.fixture
async def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


async def until_asked(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> tuple[asyncio.Task[None], asyncio.Event]:
    """Calm for long enough: the end is under way, and what it has cost is being asked."""
    desk, asked, answer = stage.desk, asyncio.Event(), asyncio.Event()

    async def measure() -> None:
        asked.set()
        await answer.wait()

    async def last(incident: Incident) -> list[Told]:
        return [(FactKind.SNAPSHOT, {"words": "captured the panes at the end", "happened": stage.now, "data": ""})]

    monkeypatch.setattr(desk, "measure", measure)
    monkeypatch.setattr(desk._recorder, "last", last)
    await desk.open(Opening("It burns", "sev1", "shop"))
    await desk.wait_for_calm(waits=True)
    await desk._end_when_calm()
    stage.now += CALM + 1
    ending = asyncio.create_task(desk._end_when_calm())
    await asked.wait()
    return ending, answer


async def test_a_wait_that_nobody_takes_back_ends_the_incident(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    ending, answer = await until_asked(stage, monkeypatch)
    answer.set()
    await ending
    assert stage.words[-2:] == ["captured the panes at the end", "resolved: well for 5m1s of 5m"]


async def test_what_was_done_before_the_opening_bears_the_time_when_it_was_done(stage: Stage) -> None:
    desk = stage.desk
    opened = await desk.open(Opening("It burns", "sev1", "shop", onset=500.0))
    undo = {"key": "action/1", "words": "undo", "happened": 760.0, "seen": ["restarted"]}
    await desk._take_in(opened, [(FactKind.ACTION, undo)])
    await desk.saw("pods", 800.0)
    assert desk.incident is not None
    assert {step: tick.at for step, tick in desk.incident.ticks.items()} == {
        "mitigation.restart": 760.0,
        "diagnosis.pods": 800.0,
    }


async def take_back(stage: Stage) -> None:
    await stage.desk.wait_for_calm(waits=False)


async def begin_anew(stage: Stage) -> None:
    await stage.desk.wait_for_calm(waits=False)
    await stage.desk.wait_for_calm(waits=True)


async def relapse(stage: Stage) -> None:
    stage.desk.session.store.table("alerts").set_freshness(SourceState.STALE, stage.now)


async def open_another(stage: Stage) -> None:
    await stage.desk.open(Opening("Another", "sev2", "shop"))
    await stage.desk.wait_for_calm(waits=True)


@pytest.mark.parametrize("meanwhile", [take_back, begin_anew, relapse, open_another])
async def test_what_comes_while_the_cost_is_asked_keeps_it_open(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[Stage], Any]
) -> None:
    ending, answer = await until_asked(stage, monkeypatch)
    await meanwhile(stage)
    answer.set()
    await ending
    assert stage.desk.incident is not None
    assert stage.desk.incident.is_open
    assert not [words for words in stage.words if words.startswith(("resolved", "captured"))]
    assert all(each.is_open for each in stage.desk.book.incidents())


@pytest.mark.parametrize(
    ("error", "words"), [(JournalError("the disk is full"), "the disk is full"), (KeyError("spec"), "KeyError: 'spec'")]
)
async def test_what_goes_wrong_beside_all_else_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    stage = Stage(tmp_path, "alice", tmp_path / "shared")
    desk = stage.desk
    await desk.open(Opening("It burns", "sev1", "shop"))

    async def nothing(*_: object) -> list[Told]:
        return []

    async def fails(*_: object) -> list[Told]:
        raise error

    monkeypatch.setattr(desk, "_look_at_changes", nothing)
    monkeypatch.setattr(desk._recorder, "due", nothing)
    monkeypatch.setattr(desk._recorder, "lines", fails)
    monkeypatch.setattr("aurora_tui.incident.thinking.thought", nothing)
    await desk.watch()
    await asyncio.gather(*desk._beside, return_exceptions=True)
    await desk.watch()
    assert desk.trouble == words
    await desk.watch()
    assert desk.trouble == ""


async def test_what_answers_a_fact_counts_after_it_however_far_behind_the_clock_is(tmp_path: Path) -> None:
    alice, bob = (Stage(tmp_path / name, name, tmp_path / "shared") for name in ("alice", "bob"))
    bob.now = alice.now - 600.0
    incident = await alice.desk.open(Opening("It burns", "sev1", "shop"))
    await alice.desk.wait_for_calm(waits=True)
    await alice.desk.change_severity("sev2")
    await alice.desk.give_role("lead", "alice")
    await alice.desk.tick("diagnosis.pods", "Check", done=True)

    await bob.desk.watch()
    await bob.desk.attach(incident.id)
    await bob.desk.wait_for_calm(waits=False)
    await bob.desk.change_severity("sev3")
    await bob.desk.give_role("lead", "bob")
    await bob.desk.tick("diagnosis.pods", "Check", done=False)

    await alice.desk._meet()
    for desk in (alice.desk, bob.desk):
        now = desk.incident
        assert now is not None
        assert (now.resolving_since, now.severity, now.roles, now.ticks) == (None, "sev3", {"lead": "bob"}, {})
    assert alice.desk.incident == bob.desk.incident
    (said,) = [entry for entry in bob.desk.incident.timeline if entry.words == "lead: bob"]  # type: ignore[union-attr]
    assert said.at == bob.now  # as the clock there says

    await alice.desk.change_severity("sev1")
    await bob.desk._meet()
    assert bob.desk.incident.severity == "sev1"  # type: ignore[union-attr]
