"""Several contexts open at once: each on its own, and nothing of one that ends up in another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aurora_tui.actions import ActionPath, Refusal
from aurora_tui.cluster.kubeconfig import Context
from aurora_tui.cluster.resources import DEPLOYMENTS
from aurora_tui.fleet import Fleet
from aurora_tui.journal import Journal
from aurora_tui.model.actions import Outcome, Verb
from aurora_tui.model.freshness import Freshness, SourceState
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.series import Step
from aurora_tui.series import plan_step
from aurora_tui.session import Session
from aurora_tui.settings import load_settings
from tests.unit.fakecluster import Clock, FakeCluster
from tests.unit.rolloutobjects import NAME, NAMESPACE
from tests.unit.test_series import add_deployment
from widgets.bars import freshness_parts

EU, US = "prod-eu", "staging-us"


def session(name: str, **options: bool | str) -> Session:
    context = Context(name, "it", "it", "aurora", "http://127.0.0.1:1", ())
    return Session(load_settings(environ={}), context, **options)  # type: ignore[arg-type]


@pytest.fixture
async def fleet() -> AsyncIterator[Fleet]:
    fleet = Fleet([session(EU), session(US)])
    yield fleet
    await fleet.close()


def path_to(cluster: FakeCluster, folder: Path) -> ActionPath:
    clock = Clock()
    return ActionPath(
        cluster, Journal(folder), protected=False, read_only=False, policies=(), clock=clock, sleep=clock.sleep
    )


def cluster(context: str) -> FakeCluster:
    found = FakeCluster(context)
    add_deployment(found, NAME, 3)
    return found


async def test_what_is_in_hand_leads_to_its_own_session_and_to_no_other(fleet: Fleet) -> None:
    assert [fleet.of(each).context for each in (EU, US)] == [EU, US]
    for unknown in ("", "prod"):
        with pytest.raises(LookupError):
            fleet.of(unknown)


async def test_what_a_session_names_is_marked_with_its_context_only_where_there_are_several(fleet: Fleet) -> None:
    ref = ObjectRef("Deployment", "aurora", "web")
    alone = session(EU)

    assert fleet.of(US).place(ref) == ObjectRef("Deployment", "aurora", "web", context=US)
    assert alone.place(ref) is ref
    assert alone.of("") is alone
    with pytest.raises(LookupError):
        alone.of(US)
    await alone.close()


async def test_the_screen_says_the_most_dangerous_of_the_environments_and_all_their_titles(fleet: Fleet) -> None:
    assert (fleet.environment.title, fleet.environment.tone) == ("PRODUCTION + STAGING", "bad")
    assert fleet.environment.protected
    assert not fleet.of(US).environment.protected


async def test_the_namespaces_of_all_are_said(fleet: Fleet) -> None:
    assert (fleet.namespace, fleet.many_namespaces) == ("aurora", False)
    fleet.of(US).switch_namespace("monitoring")
    assert (fleet.namespace, fleet.many_namespaces) == ("aurora, monitoring", True)
    fleet.switch_namespace(None)
    assert (fleet.namespace, fleet.many_namespaces) == (None, True)


async def test_one_that_cannot_be_closed_keeps_none_open(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken() -> None:
        raise OSError("no")

    closed: list[str] = []
    original = fleet.of(US).close

    async def close() -> None:
        await original()
        closed.append(US)

    monkeypatch.setattr(fleet.of(EU), "close", broken)
    monkeypatch.setattr(fleet.of(US), "close", close)

    await fleet.close()

    assert closed == [US]


async def test_an_object_of_one_context_is_never_looked_for_in_another(tmp_path: Path) -> None:
    other = cluster(EU)
    step = Step(Verb.RESTART, ObjectRef("Deployment", NAMESPACE, NAME, context=US), {})

    with pytest.raises(Refusal, match=f"deployment/{NAME} in {US} is not of context {EU}: nothing was asked or sent"):
        await plan_step(path_to(other, tmp_path), step)

    assert other.written == []
    own = path_to(cluster(US), tmp_path)
    assert (await plan_step(own, step)).action.target.context == US


async def test_a_plan_of_one_context_is_never_carried_out_in_another(tmp_path: Path) -> None:
    plan = await path_to(cluster(US), tmp_path).plan(Verb.RESTART, DEPLOYMENTS, NAMESPACE, NAME, {})
    other = cluster(EU)

    record = await path_to(other, tmp_path).execute(plan)

    assert (record.outcome, record.message) == (
        Outcome.REFUSED,
        f"it was planned in context {US}, not in {EU}",
    )
    assert other.written == []
    assert Journal(tmp_path).entries() == []


def test_the_title_names_those_that_are_not_live_and_then_the_others() -> None:
    live, away = Freshness(SourceState.LIVE, 95.0), Freshness(SourceState.STALE, 0.0, "no answer")

    def words(**members: Freshness) -> str:
        parts = freshness_parts(Freshness(SourceState.STALE, 95.0, members=tuple(members.items())), 100.0)
        return " ".join("".join(part.text for part in parts).split())

    assert words(eu=live, us=away) == "us stale · 100s ago eu live · now"
