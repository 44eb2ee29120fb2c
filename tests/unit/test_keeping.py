"""Acknowledgements that are prolonged while somebody is here, by the action path, with a clock of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from aurora_tui.actions import ActionPath
from aurora_tui.cluster.resources import ALERTS
from aurora_tui.keeping import EARLY, HERE, KEPT, RETRY, Keeper
from aurora_tui.model.actions import Outcome, Params, Plan, Record, Verb
from aurora_tui.model.policies import Policy
from aurora_tui.model.stamps import rfc3339
from aurora_tui.series import undo_step
from tests.unit.signal_servers import served
from tests.unit.test_silencing import BACKEND, Scene, named


class Watch(Scene):
    """A scene with a keeper; `here` is when a key was pressed last."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.said: list[str] = []
        self.here = self.clock()
        self.the_path = ActionPath(
            self.silencing,
            self.journal,
            protected=True,
            read_only=False,
            clock=self.clock,
            sleep=self.clock.sleep,
        )
        self.keeper = Keeper(self.the_path, self.said.append)

    async def acknowledge(self, params: Params = KEPT) -> Record:
        plan = await self.the_path.plan(Verb.SILENCE, ALERTS, "", named(BACKEND), params)
        return await self.confirm(plan)

    async def confirm(self, plan: Plan) -> Record:
        record = await self.the_path.execute(plan, confirmed_context="prod", reason="OPS-1")
        assert record.outcome is Outcome.DONE, record.message
        return record

    def until(self, seconds: float) -> None:
        """Let time go by."""
        self.clock.now += seconds

    async def tick(self) -> bool:
        """What the program does at each tick; whether there was anything to do."""
        if not self.keeper.is_due(self.clock()):
            return False
        await self.keeper.prolong(self.clock(), self.here)
        return True

    async def end(self) -> float | None:
        """In how many seconds the silence ends."""
        ends = [each.ends_at for each in await self.silences()]
        assert len(ends) <= 1

        return datetime.fromisoformat(ends[0]).timestamp() - self.clock() if ends else None


@pytest.fixture
async def watch(tmp_path: Path) -> AsyncIterator[Watch]:
    watch = Watch(tmp_path)
    async with served(watch.application()) as url:
        watch.url = f"{url}/am"
        yield watch
        await watch.silencing.close()
        watch.journal.close()


async def test_before_it_ends_it_is_prolonged_while_somebody_is_here(watch: Watch) -> None:
    await watch.acknowledge()
    watch.until(900 - EARLY - 5)
    assert not await watch.tick(), "not before its time"

    watch.until(10)
    watch.here = watch.clock()
    assert await watch.tick()

    assert await watch.end() == pytest.approx(900, abs=60)
    assert watch.said == []
    first, second = reversed(watch.journal.entries())
    assert second.reason == "OPS-1 (acknowledgement prolonged: the operator is here)"
    assert second.operator == first.operator
    assert second.action.params["prolongs"] == first.action.params["until"]
    assert second.verdict is not None, "it is followed to its verdict like any other"
    assert not await watch.tick()


async def test_it_goes_on_and_on(watch: Watch) -> None:
    await watch.acknowledge()
    for _ in range(5):
        watch.until(900 - EARLY)
        watch.here = watch.clock()
        assert await watch.tick()

    assert len(watch.journal.entries()) == 6
    assert {each.reason.count("prolonged") for each in watch.journal.entries()} == {0, 1}


async def test_nobody_here_for_a_quarter_of_an_hour_ends_it_and_says_so(watch: Watch) -> None:
    await watch.acknowledge()
    watch.here = watch.clock() - HERE
    watch.until(900 - EARLY)
    await watch.tick()
    assert len(watch.journal.entries()) == 1
    assert watch.said == []

    watch.until(EARLY)
    await watch.tick()

    assert await watch.end() is None
    assert len(watch.said) == 1
    assert watch.said[0].startswith(f"the acknowledgement of alert/{named(BACKEND)} ended at ")
    assert watch.said[0].endswith("no key was pressed for 15 minutes")
    assert watch.keeper.kept == frozenset()


async def test_a_key_in_the_last_moment_keeps_it(watch: Watch) -> None:
    await watch.acknowledge()
    watch.here = watch.clock() - HERE
    watch.until(890)
    await watch.tick()

    watch.until(2)
    watch.here = watch.clock()
    await watch.tick()

    assert await watch.end() == pytest.approx(900, abs=60)


async def test_it_ends_with_its_alert(watch: Watch) -> None:
    await watch.acknowledge()
    ended = rfc3339(watch.clock() + 1)
    watch.manager.receive([{"labels": BACKEND, "startsAt": rfc3339(watch.clock() - 60), "endsAt": ended}])
    watch.until(900 - EARLY)
    watch.here = watch.clock()

    await watch.tick()

    assert watch.said == [f"the acknowledgement of alert/{named(BACKEND)} ended: the alert is over"]
    assert not watch.keeper.kept


async def test_it_ends_when_the_operator_expires_it(watch: Watch) -> None:
    record = await watch.acknowledge()
    undo = undo_step(record)
    assert undo is not None
    await watch.confirm(await watch.the_path.plan(undo.verb, ALERTS, "", undo.ref.name, undo.params))

    assert not watch.keeper.kept
    assert watch.said == []


async def test_it_ends_when_somebody_else_expires_it(watch: Watch) -> None:
    await watch.acknowledge()
    [made] = await watch.silences()
    watch.manager._silences.expire(made.id, round(watch.clock() * 1000))
    watch.until(900 - EARLY)
    watch.here = watch.clock()

    await watch.tick()

    assert watch.said == [
        f"the acknowledgement of alert/{named(BACKEND)} ends: alert/{named(BACKEND)} is not held back by any silence"
    ]
    assert await watch.end() is None


async def test_a_failed_prolongation_is_said_once_tried_again_and_holds_when_it_comes_through(watch: Watch) -> None:
    await watch.acknowledge()
    watch.until(900 - EARLY)
    watch.here = watch.clock()
    watch.refuse = 502
    await watch.tick()
    assert len(watch.said) == 1
    assert f"the acknowledgement of alert/{named(BACKEND)} could not be prolonged, it ends at " in watch.said[0]
    assert "HTTP 502" in watch.said[0]
    assert not await watch.tick(), "not at each tick"

    watch.until(RETRY)
    await watch.tick()
    assert len(watch.said) == 1, "the same is not said twice"

    watch.refuse = 0
    watch.until(RETRY)
    await watch.tick()
    assert await watch.end() == pytest.approx(900, abs=60)


async def test_a_policy_that_forbids_it_meanwhile_ends_it_in_words(watch: Watch) -> None:
    await watch.acknowledge()
    watch.the_path._planner = type(watch.the_path._planner)(
        watch.silencing, True, False, (Policy("freeze", verbs=("silence",), deny="the silences are frozen"),)
    )
    watch.until(900 - EARLY)
    watch.here = watch.clock()

    await watch.tick()

    assert len(watch.said) == 1
    assert "the silences are frozen" in watch.said[0]
    assert not watch.keeper.kept


async def test_a_silence_that_is_no_acknowledgement_is_left_to_end(watch: Watch) -> None:
    await watch.acknowledge({"for": "15m"})
    watch.until(899)
    watch.here = watch.clock()

    assert not await watch.tick()


async def test_what_takes_it_back_follows_its_prolongations(watch: Watch) -> None:
    first = undo_step(await watch.acknowledge())
    watch.until(900 - EARLY)
    [(before, after)] = await watch.keeper.prolong(watch.clock(), watch.clock())

    assert before == first
    await watch.confirm(await watch.the_path.plan(after.verb, ALERTS, "", after.ref.name, after.params))
    assert await watch.end() is None
