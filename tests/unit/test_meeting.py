"""Two operators on one incident: what either puts down reaches the other, whatever is cut off in between."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_tui.cli import command
from aurora_tui.folders import state_dir
from aurora_tui.incident import book as book_module
from aurora_tui.incident.book import Book
from aurora_tui.incident.meeting import Meeting
from aurora_tui.model.facts import Fact, FactKind
from aurora_tui.model.incidents import fold

NAME = "20260101-0300-x-ab12"


class Operator:
    def __init__(self, folder: Path, name: str, shared: Path) -> None:
        self.name = name
        self.book = Book(folder / name, name)
        self.meeting = Meeting(shared, self.book, 0.0)

    def open(self) -> None:
        self.book.append(NAME, FactKind.OPENED, {"title": "It burns", "context": "prod"}, by=self.name, at=1000.0)

    def note(self, words: str, at: float = 1001.0) -> None:
        self.book.append(NAME, FactKind.NOTE, {"words": words}, by=self.name, at=at)

    def publish(self) -> str:
        return asyncio.run(self.meeting.publish(NAME))

    def hear(self) -> tuple[list[str], str]:
        facts, trouble = asyncio.run(self.meeting.hear())
        return [str(fact.body.get("words", "")) for fact in facts], trouble

    @property
    def words(self) -> list[str]:
        incident = fold(self.book.facts(NAME))
        return [entry.words for entry in incident.timeline] if incident else []

    def again(self) -> None:
        """The program ends, and is begun again."""
        self.book.close()
        self.__init__(self.book.path.parent.parent, self.name, self.meeting._folder)  # type: ignore[misc]


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    return tmp_path / "shared"


@pytest.fixture
def alice(tmp_path: Path, shared: Path) -> Operator:
    return Operator(tmp_path, "alice", shared)


@pytest.fixture
def bob(tmp_path: Path, shared: Path) -> Operator:
    return Operator(tmp_path, "bob", shared)


def test_an_incident_that_one_opens_is_there_for_the_other(alice: Operator, bob: Operator) -> None:
    alice.open()
    alice.note("looking")
    assert alice.publish() == ""
    assert bob.hear() == (["", "looking"], "")
    bob.note("me too", 1002.0)
    bob.publish()
    assert alice.hear() == (["me too"], "")
    assert alice.words == bob.words == ["opened", "looking", "me too"]
    assert alice.hear() == ([], "")


def test_what_was_put_down_while_the_folder_was_away_is_given_later(
    alice: Operator, bob: Operator, shared: Path
) -> None:
    shared.parent.mkdir(exist_ok=True)
    shared.write_text("in the way")
    alice.open()
    assert "the shared folder" in alice.publish()
    alice.note("alone")
    shared.unlink()
    assert alice.hear()[1] == ""
    bob.hear()
    assert bob.words == ["opened", "alone"]


def test_a_line_that_was_cut_off_is_written_again(alice: Operator, bob: Operator, shared: Path) -> None:
    alice.open()
    alice.publish()
    alice.note("torn")
    alice.publish()
    (path,) = shared.glob("*/*.jsonl")
    path.write_bytes(path.read_bytes()[:-20])
    bob.hear()
    assert bob.words == ["opened"]
    alice.again()
    alice.note("whole", 1003.0)
    alice.publish()
    alice.hear()
    _, trouble = bob.hear()
    assert bob.words == ["opened", "torn", "whole"]
    assert "1 lines" in trouble


def test_what_is_no_fact_or_signed_by_another_is_left_out_and_told(
    alice: Operator, bob: Operator, shared: Path
) -> None:
    alice.open()
    alice.publish()
    (path,) = shared.glob("*/*.jsonl")
    forged = json.loads(path.read_text().splitlines()[0]) | {"writer": "mallory-1", "number": 99}
    with path.open("a") as file:
        file.write(f"nonsense\n{json.dumps(forged)}\n[[[\n")
    (shared / "x y").mkdir()
    _, trouble = bob.hear()
    assert bob.words == ["opened"]
    assert trouble.startswith("3 lines in ")


def test_an_odd_line_keeps_nothing_else_from_being_heard_and_shown(
    alice: Operator, bob: Operator, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice.open()
    alice.publish()
    (path,) = shared.glob("*/*.jsonl")
    good = json.loads(path.read_text().splitlines()[0]) | {"kind": "note"}
    lines: tuple[dict[str, Any], ...] = (
        {"at": 10**400}, {"at": 1e15}, {"body": {"words": "\ud800"}}, {"body": {"happened": 1e30}},
        {"body": {"words": "x", "share": float("nan")}}, {"body": {"words": "after"}},
    )  # fmt: skip
    with path.open("a") as file:
        for number, line in enumerate(lines, 50):
            file.write(json.dumps({**good, "number": number, **line}) + "\n")
    words, trouble = bob.hear()
    assert words == ["", "after"]
    assert trouble.startswith("5 lines in ")
    monkeypatch.setenv("XDG_STATE_HOME", str(bob.book.path.parent.parent))
    bob.book.path.parent.rename(state_dir())
    shown = CliRunner().invoke(command, ["incident", "show", "last"])
    assert shown.exit_code == 0, shown.output
    assert "after" in shown.output


def test_a_link_in_the_folder_leads_nowhere(alice: Operator, bob: Operator, shared: Path, tmp_path: Path) -> None:
    alice.open()
    alice.publish()
    (path,) = shared.glob("*/*.jsonl")
    elsewhere = tmp_path / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    assert bob.hear() == ([], "")


def test_what_the_full_disk_kept_out_is_taken_over_later_and_what_came_before_it_is_heard(
    alice: Operator, bob: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice.open()
    alice.note("first")
    alice.publish()
    other = Operator(alice.book.path.parent.parent, "carol", alice.meeting._folder)
    other.note("of carol", 1002.0)
    other.publish()
    bob.book.writer(0.0)
    whole = book_module._put

    def put(connection: sqlite3.Connection, fact: Fact) -> None:
        if fact.body.get("words") == "of carol":
            raise sqlite3.OperationalError("database or disk is full")
        whole(connection, fact)

    monkeypatch.setattr(book_module, "_put", put)
    words, trouble = bob.hear()
    assert words == ["", "first"]
    assert trouble.endswith("the disk is full")
    monkeypatch.setattr(book_module, "_put", whole)
    assert bob.hear() == (["of carol"], "")
    assert bob.words == ["opened", "first", "of carol"]


def test_two_programs_of_one_operator_both_hear_what_stands_once_in_their_book(
    alice: Operator, bob: Operator, tmp_path: Path, shared: Path
) -> None:
    alice.open()
    alice.publish()
    second = Operator(tmp_path, "bob", shared)
    assert bob.hear() == second.hear() == ([""], "")
    alice.note("looking")
    alice.note("found it", 1002.0)
    alice.publish()
    assert bob.hear() == second.hear() == (["looking", "found it"], "")
    assert len(bob.book.facts(NAME)) == 3


MOVES = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(("note", "publish", "hear", "again"))), max_size=14)


@settings(max_examples=40, deadline=None)
@given(MOVES)
def test_nothing_is_lost_whatever_the_order(moves: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        people = {each: Operator(folder, each, folder / "shared") for each in "ab"}
        people["a"].open()
        said = set()
        for number, (who, what) in enumerate(moves):
            if what == "note":
                words = f"{who}{number}"
                said.add(words)
                people[who].note(words, 1001.0 + number % 3)
            else:
                getattr(people[who], what)()
        for _ in range(2):
            for each in people.values():
                each.publish()
                each.hear()
        assert people["a"].words == people["b"].words
        assert set(people["a"].words) == {"opened", *said}
        for each in people.values():
            assert each.book.verify().intact
            each.book.close()
