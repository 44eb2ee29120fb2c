"""The book of incidents: facts that survive a killed program, are folded in any order, and hold no secret."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_tui.incident.book import Book
from aurora_tui.incident.bundle import bundled, read_bundle
from aurora_tui.model.checklists import Tick
from aurora_tui.model.facts import Fact, FactKind, Place, merged
from aurora_tui.model.incidents import clocks, fold
from aurora_tui.model.timeline import TimelineEntry
from aurora_tui.settings import load_settings

NAME = "20260101-0300-higherrorrate-ab12"
OPENING: dict[str, Any] = {"title": "HighErrorRate of backend", "severity": "sev1", "context": "prod", "onset": 900.0}


def fact(number: int, kind: FactKind, at: float, writer: str = "alice-1", **body: Any) -> Fact:
    return Fact(NAME, writer, number, at, writer.partition("-")[0], kind, body)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path, "alice")


def test_what_was_put_down_is_there_for_the_next_program(book: Book, tmp_path: Path) -> None:
    book.append(NAME, FactKind.OPENED, OPENING, by="alice", at=1000.0)
    book.append(NAME, FactKind.NOTE, {"words": "the database is well"}, by="alice", at=1010.0)
    book.close()
    (incident,) = Book(tmp_path).incidents()
    assert (incident.title, incident.severity, incident.is_open) == ("HighErrorRate of backend", "sev1", True)
    assert [entry.words for entry in incident.timeline] == ["opened", "the database is well"]
    assert incident.id == NAME


def test_a_note_survives_a_killed_program(tmp_path: Path) -> None:
    program = f"""
import sys, time
from pathlib import Path
from typing import Any
from aurora_tui.incident.book import Book
from aurora_tui.incident.bundle import bundled, read_bundle
from aurora_tui.model.incidents import FactKind
book = Book(Path({str(tmp_path)!r}), "alice")
book.append({NAME!r}, FactKind.OPENED, {OPENING!r}, by="alice", at=1000.0)
book.append({NAME!r}, FactKind.NOTE, {{"words": "noted in time"}}, by="alice", at=1001.0)
print("noted", flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "noted\n"
        os.kill(child.pid, signal.SIGKILL)
    (incident,) = Book(tmp_path).incidents()
    assert incident.timeline[-1].words == "noted in time"


def test_secrets_in_notes_are_hidden_before_they_reach_the_file(book: Book) -> None:
    book.append(NAME, FactKind.OPENED, OPENING, by="alice", at=1000.0)
    book.append(NAME, FactKind.NOTE, {"words": "tried with password=hunter2"}, by="alice", at=1001.0)
    book.close()
    assert b"hunter2" not in b"".join(each.read_bytes() for each in book.path.parent.iterdir())


def test_half_a_character_that_a_server_sent_is_shown_and_keeps_nothing_from_being_put_down(book: Book) -> None:
    book.append(NAME, FactKind.OPENED, OPENING, by="al\udcffice", at=1000.0)
    put = book.append(NAME, FactKind.ALERT, {"words": "it is \ud800 hot", "details": ["\udfff"]}, by="alice", at=1001.0)
    assert book.facts(NAME)[1] == put
    (incident,) = book.incidents()
    assert incident.opened_by == "al\\udcffice"
    assert (incident.timeline[-1].words, incident.timeline[-1].details) == ("it is \\ud800 hot", ("\\udfff",))


@pytest.mark.parametrize(
    "words",
    [
        "Keycloak auth: 503s since 03:10",
        "pass: 3 of 5 probes; root key: rotated",
        "basic auth is down, token: expired at 03:10",
    ],
)
def test_notes_and_titles_are_kept_as_they_were_written(book: Book, tmp_path: Path, words: str) -> None:
    book.append(NAME, FactKind.OPENED, OPENING | {"title": words}, by="alice", at=1000.0)
    book.append(NAME, FactKind.NOTE, {"words": words}, by="alice", at=1001.0)
    file = tmp_path / "handed.zip"
    file.write_bytes(bundled(book.facts(NAME)))
    for facts in (book.facts(NAME), read_bundle(file)):
        incident = fold(facts)
        assert incident is not None
        assert (incident.title, incident.timeline[-1].words) == (words, words)


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("tried auth: hunter2xyz", "tried auth: (hidden)"),
        ("tried pass=swordfish", "tried pass=(hidden)"),
        ("password: swordfish, no luck", "password: (hidden), no luck"),
        ("the key: 4f1c9e7ab0124f1c", "the key: (hidden)"),
        ("sent Bearer 4f1c9e7ab0124f1c", "sent Bearer (hidden)"),
    ],
)
def test_a_note_that_tells_a_secret_does_not_keep_it(book: Book, words: str, kept: str) -> None:
    note = book.append(NAME, FactKind.NOTE, {"words": words}, by="alice", at=1001.0)
    assert note.body["words"] == kept


def test_what_a_log_says_is_hidden_by_its_name_alone(book: Book) -> None:
    found = book.append(NAME, FactKind.FINDING, {"words": "says: auth: swordfish"}, by="alice", at=1001.0)
    assert found.body["words"] == "says: auth: (hidden)"


def test_what_only_a_replay_needs_is_left_out_and_that_it_was_captured_is_not(book: Book) -> None:
    book.append(NAME, FactKind.OPENED, OPENING, by="alice", at=1000.0)
    book.append(NAME, FactKind.SNAPSHOT, {"words": "captured", "data": "x" * 99}, by="alice", at=1001.0)
    whole, light = book.facts(NAME), book.facts(NAME, heavy=False)
    assert whole[1].body["data"] == "x" * 99
    assert light[1].body == {"words": "captured"}
    assert [each.number for each in whole] == [each.number for each in light]


def test_an_altered_fact_breaks_the_chain(book: Book) -> None:
    book.append(NAME, FactKind.OPENED, OPENING, by="alice", at=1000.0)
    assert book.verify().intact
    book.close()
    import sqlite3

    with sqlite3.connect(book.path) as file:
        file.execute("UPDATE facts SET body = replace(body, 'sev1', 'sev3')")
    assert not book.verify().intact


def test_what_two_programs_saw_stands_once_and_the_earliest_counts() -> None:
    told = fold(
        [
            fact(1, FactKind.OPENED, 1000.0, **OPENING),
            fact(2, FactKind.ALERT, 1002.0, words="later", key="alert/x/firing"),
            fact(7, FactKind.ALERT, 1001.0, "bob-2", words="first", key="alert/x/firing"),
        ]
    )
    assert told is not None
    assert [entry.words for entry in told.timeline] == ["opened", "first"]


def test_a_step_keeps_its_first_tick_until_it_is_taken_off() -> None:
    opening = fact(1, FactKind.OPENED, 1000.0, **OPENING)
    first = fact(2, FactKind.TICK, 1010.0, step="diagnosis.pods", done=True)
    again = fact(1, FactKind.TICK, 1020.0, "bob-2", step="diagnosis.pods", done=True, itself=True)
    off = fact(3, FactKind.TICK, 1030.0, step="diagnosis.pods", done=False)
    assert fold([opening, first, again]).ticks == {"diagnosis.pods": Tick(1010.0, "alice")}  # type: ignore[union-attr]
    assert fold([opening, first, again, off]).ticks == {}  # type: ignore[union-attr]


def test_the_clock_of_a_phase_runs_until_its_last_needed_step_and_says_when_it_took_too_long() -> None:
    guided = next(each for each in load_settings(environ={"HOME": "/nowhere"}).checklists if each.name == "emergency")
    opening = fact(1, FactKind.OPENED, 1000.0, **OPENING)
    running = fold([opening])
    assert running is not None
    diagnosis, mitigation = clocks(running, guided, 1301.0)
    assert (diagnosis.seconds, diagnosis.limit, diagnosis.over, diagnosis.ended) == (401.0, 300.0, True, None)
    assert (mitigation.limit, mitigation.over) == (900.0, False)
    ticks = [
        fact(2 + n, FactKind.TICK, 1100.0 + n, step=f"diagnosis.{name}", done=True)
        for n, name in enumerate(("pods", "logs", "database"))
    ]
    recovered = fact(9, FactKind.VERDICT, 1200.0, words="recovered", seen=["recovered"])
    over = fold([opening, *ticks, recovered])
    assert over is not None
    diagnosis, mitigation = clocks(over, guided, 9999.0)
    assert (diagnosis.seconds, diagnosis.over) == (202.0, False)
    assert mitigation.seconds == 300.0


def test_the_clocks_run_from_the_onset_to_what_happened_however_late_it_was_opened_and_put_down() -> None:
    guided = next(each for each in load_settings(environ={"HOME": "/nowhere"}).checklists if each.name == "emergency")
    told = fold(
        [
            fact(1, FactKind.OPENED, 1000.0, **{**OPENING, "onset": 400.0}),
            fact(2, FactKind.ALERT, 1001.0, words="Fire fires", happened=500.0, state="firing"),
            fact(3, FactKind.ALERT, 1001.0, words="Smoke fires", happened=560.0, state="firing"),
            fact(4, FactKind.ACTION, 1001.0, words="undo", happened=640.0, seen=["action", "mending", "restarted"]),
            fact(5, FactKind.VERDICT, 1001.0, words="recovered", happened=900.0, seen=["recovered"]),
        ]
    )
    assert told is not None
    detection, diagnosis, mitigation = clocks(told, guided, 9999.0)
    assert (detection.title, detection.seconds, detection.limit) == ("Detection", 100.0, None)
    assert (diagnosis.seconds, diagnosis.ended, diagnosis.over) == (240.0, 640.0, False)
    assert (mitigation.seconds, mitigation.ended) == (500.0, 900.0)


def test_a_step_that_was_seen_done_was_done_when_it_happened() -> None:
    told = fold(
        [
            fact(1, FactKind.OPENED, 1000.0, **OPENING),
            fact(2, FactKind.TICK, 1001.0, happened=640.0, step="mitigation.restart", done=True, itself=True),
        ]
    )
    assert told is not None
    assert told.ticks == {"mitigation.restart": Tick(640.0, "alice", True)}


@st.composite
def histories(draw: st.DrawFn) -> list[Fact]:
    """What several writers put down, each with numbers of its own that grow."""
    found = [fact(1, FactKind.OPENED, 1000.0, **OPENING)]
    for writer in ("alice-1", "bob-2", "carol-3"):
        for number in range(2, 2 + draw(st.integers(0, 6))):
            at = draw(st.sampled_from((1001.0, 1002.0, 1003.0)))
            kind = draw(st.sampled_from((FactKind.NOTE, FactKind.TICK, FactKind.SEVERITY)))
            bodies: dict[FactKind, dict[str, Any]] = {
                FactKind.NOTE: {"words": f"{writer}/{number}"},
                FactKind.TICK: {"step": draw(st.sampled_from("ab")), "done": draw(st.booleans())},
                FactKind.SEVERITY: {"severity": draw(st.sampled_from(("sev1", "sev2")))},
            }
            found.append(Fact(NAME, writer, number, at, writer, kind, bodies[kind]))
    return found


@given(histories(), st.data())
def test_whoever_hears_the_facts_in_whatever_order_sees_the_same_incident(
    history: list[Fact], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(history))
    cut = data.draw(st.integers(0, len(history)))
    overlapping = merged(shuffled[:cut], history[: cut // 2], shuffled[cut:])
    assert fold(overlapping) == fold(history)
    assert len(overlapping) == len(history)
    assert {each.words for each in fold(overlapping).timeline} >= {  # type: ignore[union-attr]
        each.body["words"] for each in history if each.kind is FactKind.NOTE
    }


@given(histories(), st.data())
def test_who_folds_again_with_each_fact_sees_what_one_fold_of_all_sees(
    history: list[Fact], data: st.DataObject
) -> None:
    heard: list[Fact] = []
    entries: dict[Place, TimelineEntry] = {}
    for each in data.draw(st.permutations(history)):
        heard.append(each)
        assert fold(heard, entries) == fold(heard)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda e: st.lists(e) | st.dictionaries(st.text(), e)
    )
)
def test_what_is_no_fact_is_refused_in_words(data: object) -> None:
    with pytest.raises(ValueError, match="no fact"):
        Fact.from_json(data)


@pytest.mark.parametrize(
    "wrong",
    [{"incident": "../x"}, {"writer": "a/b"}, {"writer": ".."}, {"number": 0}, {"number": True}, {"at": "nan"},
     {"body": []}, {"by": 3}, {"at": 10**400}, {"at": 1e15}, {"at": float("inf")}, {"by": "\ud800"},
     {"body": {"happened": 1e30}}, {"body": {"onset": 1e300}}, {"body": {"words": "half \ud800"}},
     {"body": {"\udfff": 1}}, {"body": {"moments": [float("nan")]}}, {"body": {"total": 10**400}},
     {"body": {"details": [{"deep": float("inf")}]}}, {"body": json.loads('{"a":' * 60 + "1" + "}" * 60)}],
)  # fmt: skip
def test_a_fact_that_would_leave_its_folder_or_cannot_be_put_down_or_shown_is_refused(wrong: dict[str, object]) -> None:
    good = json.loads(json.dumps(fact(1, FactKind.NOTE, 1.0, words="x").to_json()))
    assert Fact.from_json(good) == fact(1, FactKind.NOTE, 1.0, words="x")
    with pytest.raises(ValueError, match="no fact"):
        Fact.from_json({**good, **wrong})
