"""How healthy each revision was: what Prometheus is asked, and what the operator reads of its answers and faults."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from aurora_tui.health import NEWEST, Findings, healths, history_of, restored
from aurora_tui.journal import Journal, Operator, Preview
from aurora_tui.model.actions import Action, Outcome, Target, Verb
from aurora_tui.model.frozen import replace
from aurora_tui.model.history import ASKING, Health, RevisionRow, advised, availability, health_text, judged, ran
from aurora_tui.model.runs import Restored, Run
from aurora_tui.model.selection import ObjectRef
from aurora_tui.session import Session
from aurora_tui.settings import load_settings
from tests.unit.apiserver import ApiServer, context_for, listing, running, write
from tests.unit.signal_servers import EMPTY, FakePrometheus, refusal, served, vector

NOW = 1_700_000_000.0
HOUR, DAY = 3600.0, 86_400.0
REF = ObjectRef("Deployment", "aurora", "aurora-backend")
BOB = Operator("bob", "bob", "bastion", "")


def row(number: int, begin: float | None, end: float | None = None, **changed: Any) -> RevisionRow:
    """A revision that ran so many seconds ago; without an end it runs now."""
    run = Run(number, f"keeper-{number}", begin and NOW - begin, True, end and NOW - end, end is None)
    made = RevisionRow(number, f"keeper-{number}", run.begin, "", f"backend:{number}", end is None, (), run)
    return replace(made, **changed)


LIVE, GOOD, OLD = row(3, HOUR), row(2, 3 * DAY, HOUR), row(1, 40 * DAY, 3 * DAY)
ROWS = (LIVE, GOOD, OLD)


@pytest.fixture
def prometheus() -> FakePrometheus:
    return FakePrometheus()


@pytest.fixture
async def open_session(prometheus: FakePrometheus, tmp_path: Path) -> AsyncIterator[Callable[..., Session]]:
    async with served(prometheus.application()) as url, contextlib.AsyncExitStack() as closing:

        def make(address: str | None = None, server: str = "http://127.0.0.1:1") -> Session:
            sources = {"prometheus": address or url}
            environments = {"here": {"title": "HERE", "contexts": ["it"], "protected": False, "sources": sources}}
            settings = load_settings(write(tmp_path / "config.yaml", {"environments": environments}))
            session = Session(settings, context_for(tmp_path, server, namespace="aurora"), clock=lambda: NOW)
            closing.push_async_callback(session.close)
            return session

        yield make


async def ask(session: Session, rows: Sequence[RevisionRow] = ROWS, ref: ObjectRef = REF) -> list[Findings]:
    return [each async for each in healths(session, ref, rows)]


def printed(findings: Findings) -> list[str]:
    return [health_text(findings.health.get(f"keeper-{number}", Health(None))) for number in (3, 2, 1)]


def answers(**shares: str) -> Callable[[str], Any]:
    """An answer for each range that is asked about."""

    def answer(query: str) -> Any:
        [window] = set(re.findall(r"\[(\w+)\]", query))
        found = shares.get(f"in_{window}")
        return EMPTY if found is None else vector(found)

    return answer


async def test_each_revision_is_asked_about_over_its_run_and_at_its_end(
    open_session: Callable[..., Session], prometheus: FakePrometheus
) -> None:
    await ask(open_session())

    asked = {
        (next(iter(re.findall(r"\[(\w+)\]", query))), at)
        for query, at in zip(prometheus.queries, prometheus.times, strict=True)
    }
    assert asked == {("1h", None), ("71h", NOW - HOUR), ("30d", NOW - 3 * DAY)}


async def test_the_rollout_is_no_part_of_the_time_that_the_newest_is_judged_by(
    open_session: Callable[..., Session], prometheus: FakePrometheus
) -> None:
    assert LIVE.run is not None
    await ask(open_session(), [replace(LIVE, run=replace(LIVE.run, complete=NOW - 600))])

    assert "[10m]" in prometheus.queries[0]


async def test_the_answers_come_in_one_after_the_other_and_are_held_against_the_objective(
    open_session: Callable[..., Session], prometheus: FakePrometheus
) -> None:
    prometheus.instant = answers(in_1h="0.714", in_71h="0.9997", in_30d="0.99499")

    first, *others, last = await ask(open_session())

    assert printed(first) == ["asking …"] * 3 and len(others) == 2
    assert printed(last) == ["no, 71.40 %", "yes, 99.97 %", "no, 99.49 %"]
    assert last.trouble == ""


async def test_without_series_or_traffic_there_is_no_data(
    open_session: Callable[..., Session], prometheus: FakePrometheus
) -> None:
    prometheus.instant = answers(in_1h="NaN", in_71h="1")

    assert printed((await ask(open_session()))[-1]) == ["no data", "yes, 100.00 %", "no data"]


async def test_only_the_newest_revisions_are_asked_about_and_none_whose_run_is_unknown(
    open_session: Callable[..., Session], prometheus: FakePrometheus
) -> None:
    many = [row(number, (60 - number) * DAY, (59 - number) * DAY) for number in range(30, 0, -1)]

    last = (await ask(open_session(), [row(31, None), *many]))[-1]

    assert len(prometheus.queries) == NEWEST - 1
    assert list(last.health) == [f"keeper-{number}" for number in range(30, 31 - NEWEST, -1)]


async def test_a_query_that_fails_leaves_its_own_revision_without_data_and_is_told(
    open_session: Callable[..., Session], prometheus: FakePrometheus
) -> None:
    too_much = refusal("execution", "query processing would load too many samples")
    prometheus.instant = lambda query: too_much if "[30d]" in query else vector("1")

    last = (await ask(open_session()))[-1]

    assert printed(last) == ["yes, 100.00 %", "yes, 100.00 %", "no data"]
    assert last.trouble == "health not known: query processing would load too many samples"


async def test_a_prometheus_that_refuses_us_is_not_asked_again_and_again(
    open_session: Callable[..., Session], prometheus: FakePrometheus
) -> None:
    prometheus.broken = web.Response(status=401)
    rows = [row(number, (60 - number) * DAY, (59 - number) * DAY) for number in range(9, 0, -1)]

    last = (await ask(open_session(), rows))[-1]

    assert "sign in again" in last.trouble
    assert printed(last) == ["no data"] * 3
    assert len(prometheus.queries) <= 2


async def test_without_a_prometheus_the_reason_is_told(open_session: Callable[..., Session]) -> None:
    last = (await ask(open_session("off")))[-1]

    assert last.trouble == "health not asked: switched off in the settings"
    assert printed(last) == ["not asked"] * 3


async def test_a_workload_of_no_service_is_not_asked_about(
    open_session: Callable[..., Session], prometheus: FakePrometheus
) -> None:
    [only] = await ask(open_session(), ref=ObjectRef("Deployment", "aurora", "cron-helper"))

    assert only.trouble == (
        "health not asked: no service of the settings with an objective runs deployment/cron-helper"
    )
    assert prometheus.queries == []


def kept(journal: Journal, verb: Verb, outcome: Outcome, at: float, *, namespace: str = "aurora") -> None:
    target = Target("it", namespace, "Deployment", "aurora-backend", "uid", "1")
    action = Action(verb, target, {"revision": 2}, {"revision": 3, "keeper": "c"}, {"revision": 2, "keeper": "b"})
    preview = Preview("", ())
    entry = journal.record_intent(action, operator=BOB, reason="", preview=preview, generation=1, at=at)
    journal.record_outcome(entry, outcome, "", at=at + HOUR)


def test_the_journals_undos_of_the_workload_are_found_among_all_it_holds(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    kept(journal, Verb.UNDO, Outcome.DONE, 100.0)
    kept(journal, Verb.UNDO, Outcome.FAILED, 200.0)
    kept(journal, Verb.UNDO, Outcome.UNCERTAIN, 300.0)
    kept(journal, Verb.RESTART, Outcome.DONE, 400.0)
    kept(journal, Verb.UNDO, Outcome.DONE, 500.0, namespace="elsewhere")

    assert restored(journal.entries(), "it", REF) == [Restored(100.0, "b", 4)]
    assert restored(journal.entries(), "another", REF) == []


async def test_a_journal_that_cannot_be_read_keeps_nobody_from_the_history(
    open_session: Callable[..., Session], tmp_path: Path
) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "journal.sqlite3").write_text("no journal")
    async with running() as api:
        _serve_workload(api)
        found = await history_of(open_session(server=api.url), Journal(folder), REF)

    assert [row.number for row in found.rows] == [1]
    assert found.status.startswith("3 pods available · enough for 2d · earlier undos not known: ")


def _serve_workload(api: ApiServer) -> None:
    pods = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": []}}
    available = {"type": "Available", "status": "True", "lastTransitionTime": "2023-11-12T22:13:20Z"}
    meta = {"name": REF.name, "namespace": "aurora", "uid": "u"}
    counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas", "readyReplicas"), 3)
    item = {
        "metadata": meta,
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "x"}}, "template": pods},
        "status": {**counts, "conditions": [available]},
    }
    owner = {"uid": "u", "controller": True, "kind": "Deployment", "name": REF.name}
    keeper = {
        "metadata": {
            "name": "backend-1",
            "annotations": {"deployment.kubernetes.io/revision": "1"},
            "ownerReferences": [owner],
        },
        "spec": {"template": pods},
    }
    api.on("GET /apis/apps/v1/namespaces/aurora/deployments/aurora-backend", item)
    api.on("GET /apis/apps/v1/namespaces/aurora/replicasets", listing(keeper))


YES, NO, NONE = Health(0.999, 0.995), Health(0.7, 0.995), Health(None, reason="no data")


@pytest.mark.parametrize(
    ("healths", "best"),
    [
        ((NO, YES, YES), 2),
        ((NO, NO, YES), 1),
        ((NO, NONE, YES), 1),
        ((NO, NO, NO), None),
        ((NO, ASKING, YES), None),
        ((ASKING, YES, ASKING), 2),
        ((YES, NO, NO), None),
    ],
)
def test_the_newest_earlier_revision_that_met_the_objective_is_the_best(
    healths: Sequence[Health], best: int | None
) -> None:
    rows = judged(ROWS, {row.key: health for row, health in zip(ROWS, healths, strict=True)})

    assert [row.number for row in rows if row.best] == ([] if best is None else [best])


def test_it_is_offered_first_only_while_the_one_that_runs_is_neither_healthy_nor_just_restored() -> None:
    assert LIVE.run is not None
    back = replace(LIVE, created=NOW - 9 * DAY)
    bounded = replace(LIVE, run=replace(LIVE.run, exact=False))

    def offered(live: RevisionRow, health: Health) -> int | None:
        chosen = advised(judged((live, GOOD, OLD), {LIVE.key: health, GOOD.key: YES, OLD.key: YES}))
        return chosen.number if chosen else None

    assert [offered(LIVE, health) for health in (NO, NONE, YES, ASKING)] == [2, 2, None, None]
    assert [offered(restored, NO) for restored in (back, bounded)] == [None, None]


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (Run(1, "a", NOW - 5 * DAY, True, NOW - 5 * HOUR, False), "4d19h"),
        (Run(1, "a", NOW - 720, True, None, True), "now, 12m"),
        (Run(1, "a", NOW - 720, False, None, True), "now, over 12m"),
        (Run(1, "a", None, False, None, True), "now, unknown"),
        (Run(1, "a", NOW - 720, True, None, False), "unknown"),
        (Run(1, "a", NOW, True, NOW - 3, False), "0s"),
        (None, "unknown"),
    ],
)
def test_how_long_a_revision_ran_is_said_as_far_as_it_is_known(run: Run | None, words: str) -> None:
    assert ran(run, NOW) == words


def test_too_few_available_pods_are_said_with_their_time() -> None:
    condition = {"type": "Available", "status": "False", "lastTransitionTime": "2023-11-14T22:09:20Z"}

    assert availability({"status": {"conditions": [condition]}}, NOW) == "too few for 4m"
    assert availability({"status": {}}, NOW) == ""
