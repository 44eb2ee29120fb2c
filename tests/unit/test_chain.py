"""The chain of hashes: whatever a strange hand does to the journal's file is found, and told where."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_tui.chain import GENESIS, Break, Link, check, digest
from aurora_tui.journal import Journal
from aurora_tui.model.actions import Outcome
from aurora_tui.model.frozen import replace
from tests.unit.test_journal import intend


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """Three entries with their outcomes: facts 1 to 6."""
    journal = Journal(tmp_path)
    for _ in range(3):
        journal.record_outcome(intend(journal, 100.0), Outcome.DONE, "scales it", at=101.0)
    journal.close()
    return journal


def tamper(journal: Journal, *statements: str) -> None:
    with closing(sqlite3.connect(journal.path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def told(journal: Journal, head: str | None = None) -> list[tuple[int, int | None, Break, str]]:
    return [(fault.fact, fault.entry, fault.kind, fault.text) for fault in journal.verify(head).faults]


def test_an_untouched_journal_is_intact_and_tells_its_head(journal: Journal) -> None:
    found = journal.verify()

    assert (found.intact, found.facts, found.faults) == (True, 6, ())
    newest = journal.entries()[0].facts[-1]
    assert found.head == newest.hash


def test_an_empty_journal_is_intact(tmp_path: Path) -> None:
    found = Journal(tmp_path).verify()

    assert (found.intact, found.facts, found.head) == (True, 0, GENESIS)


@pytest.mark.parametrize(
    "change",
    [
        "body = replace(body, 'done', 'failed')",
        "body = x'00ff'",
        "body = CAST(x'ff' AS TEXT)",
        "at = at + 0.001",
        "at = 'noon'",
        "kind = 'verdict'",
        "entry = 1",
        "entry = NULL",
        "previous = 'x'",
        "hash = 'x'",
    ],
)
def test_a_change_of_any_column_is_found_at_its_fact(journal: Journal, change: str) -> None:
    tamper(journal, f"UPDATE facts SET {change} WHERE id = 4")

    [(fact, _, kind, text)] = told(journal)

    assert (fact, kind, text) == (4, Break.ALTERED, "its hash does not fit what it holds")


def test_a_fault_tells_the_entry_and_the_time(journal: Journal) -> None:
    tamper(journal, "UPDATE facts SET body = '{}' WHERE id = 4")

    [fault] = journal.verify().faults

    assert (fault.fact, fault.entry, fault.at) == (4, 3, 101.0)


def test_an_alteration_that_was_hashed_anew_is_found_by_the_next_fact(journal: Journal) -> None:
    link = journal.entries()[1].facts[1]
    forged = digest(4, 3, "outcome", 101.0, "{}", link.previous)
    tamper(journal, f"UPDATE facts SET body = '{{}}', hash = '{forged}' WHERE id = 4")

    assert told(journal) == [(4, 3, Break.ALTERED, "altered and hashed anew: fact 5 was written after another")]


@pytest.mark.parametrize(
    ("gone", "fact", "text"),
    [
        ("id = 1", 1, "fact 1 is missing"),
        ("id = 4", 4, "fact 4 is missing"),
        ("id IN (2, 3, 4)", 2, "facts 2 to 4 are missing"),
        ("id = 6", 6, "fact 6 is missing"),
        ("id > 0", 1, "facts 1 to 6 are missing"),
    ],
)
def test_a_removed_fact_is_found(journal: Journal, gone: str, fact: int, text: str) -> None:
    tamper(journal, f"DELETE FROM facts WHERE {gone}")

    assert told(journal) == [(fact, None, Break.MISSING, text)]


def test_newest_facts_that_were_removed_stay_missing_when_others_follow(journal: Journal) -> None:
    tamper(journal, "DELETE FROM facts WHERE id > 4")
    number = intend(journal)

    assert number == 7
    assert told(journal) == [(5, None, Break.MISSING, "facts 5 to 6 are missing")]


def test_facts_that_stand_in_each_others_place_are_found_with_where_they_belong(journal: Journal) -> None:
    tamper(
        journal,
        "UPDATE facts SET id = 99 WHERE id = 3",
        "UPDATE facts SET id = 3 WHERE id = 5",
        "UPDATE facts SET id = 5 WHERE id = 99",
    )

    assert told(journal) == [
        (3, 3, Break.REORDERED, "it was written as fact 5"),
        (5, 5, Break.REORDERED, "it was written as fact 3"),
    ]


def test_a_fact_that_was_moved_to_the_end_is_found(journal: Journal) -> None:
    tamper(journal, "UPDATE facts SET id = 7 WHERE id = 2")

    assert told(journal) == [
        (2, None, Break.MISSING, "fact 2 is missing"),
        (7, 1, Break.REORDERED, "it was written as fact 2"),
    ]


def test_a_first_fact_that_was_cut_off_and_its_place_taken_is_found() -> None:
    links = [link(1, "x" * 64)]

    [fault] = check(links, 1).faults

    assert (fault.kind, fault.text) == (Break.MISSING, "it was not the first: what stood before it was removed")


def test_a_cut_with_the_counter_set_back_is_found_only_against_a_noted_head(journal: Journal) -> None:
    noted = journal.verify().head
    tamper(journal, "DELETE FROM facts WHERE id > 4", "UPDATE sqlite_sequence SET seq = 4")

    assert journal.verify().intact
    found = journal.verify(noted)
    assert (found.intact, found.faults, found.lost_head) == (False, (), noted)


def test_a_journal_that_was_chained_anew_is_found_only_against_a_noted_head(journal: Journal) -> None:
    noted = journal.verify().head
    forged, previous = [], GENESIS
    for number in range(1, 7):
        forged.append(link(number, previous))
        previous = forged[-1].hash
    tamper(
        journal,
        "DELETE FROM facts",
        *(f"INSERT INTO facts VALUES ({each.number}, NULL, 'intent', 1.0, '{{}}', '{each.previous}', '{each.hash}')"
          for each in forged),
    )  # fmt: skip

    assert journal.verify().intact
    assert not journal.verify(noted).intact


def test_a_head_stays_contained_while_the_journal_grows(journal: Journal) -> None:
    noted = journal.verify().head
    intend(journal)

    found = journal.verify(noted)

    assert found.intact
    assert found.head != noted


def test_every_fact_that_is_damaged_is_told_not_only_the_first(journal: Journal) -> None:
    tamper(journal, "UPDATE facts SET body = '' WHERE id IN (2, 5)", "DELETE FROM facts WHERE id = 3")

    assert [(fact, kind) for fact, _, kind, _ in told(journal)] == [
        (2, Break.ALTERED),
        (3, Break.MISSING),
        (5, Break.ALTERED),
    ]


def test_the_file_itself_admits_no_fork(journal: Journal) -> None:
    columns = "entry, kind, at, body, previous, 'another hash'"

    with pytest.raises(sqlite3.IntegrityError, match="previous"):
        tamper(journal, f"INSERT INTO facts SELECT 9, {columns} FROM facts WHERE id = 6")


# Any chain


def link(number: int, previous: str, body: str = "{}", at: float = 1.0) -> Link:
    return Link(number, None, "intent", at, body, previous, digest(number, None, "intent", at, body, previous))


@st.composite
def chains(draw: st.DrawFn) -> list[Link]:
    rows = draw(st.lists(st.tuples(st.text(), st.floats(allow_nan=False)), min_size=2, max_size=8))
    links, previous = [], GENESIS
    for number, (body, at) in enumerate(rows, 1):
        links.append(link(number, previous, body, at))
        previous = links[-1].hash
    return links


CHANGES: list[Callable[[Link], Link]] = [
    lambda each: replace(each, body=each.body + " "),
    lambda each: replace(each, entry=7),
    lambda each: replace(each, kind="outcome"),
    lambda each: replace(each, previous=each.hash),
    lambda each: replace(each, hash=GENESIS),
]


@given(links=chains(), change=st.sampled_from(CHANGES), data=st.data())
def test_one_change_anywhere_is_found_there_and_nowhere_else(
    links: list[Link], change: Callable[[Link], Link], data: st.DataObject
) -> None:
    assert check(links, len(links)).intact
    place = data.draw(st.integers(0, len(links) - 1))
    links[place] = change(links[place])

    assert [fault.fact for fault in check(links, len(links)).faults] == [place + 1]


@given(links=chains(), data=st.data())
def test_one_fact_removed_anywhere_is_found_there(links: list[Link], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(links) - 1))
    numbered = len(links)
    del links[place]

    [fault] = check(links, numbered).faults

    assert (fault.fact, fault.kind) == (place + 1, Break.MISSING)


@given(links=chains(), data=st.data())
def test_any_other_order_is_found(links: list[Link], data: st.DataObject) -> None:
    order = data.draw(st.permutations(links).filter(lambda mixed: mixed != links))
    moved = [replace(each, number=number) for number, each in enumerate(order, 1)]

    faults = check(moved, len(moved)).faults

    assert {fault.kind for fault in faults} == {Break.REORDERED}
    assert [fault.fact for fault in faults] == [n for n, each in enumerate(order, 1) if each.number != n]


@given(columns=st.tuples(st.text(), st.text()))
def test_what_moves_from_one_column_to_the_next_changes_the_hash(columns: tuple[str, str]) -> None:
    kind, body = columns
    moved = digest(1, None, kind + body, 1.0, "", GENESIS)

    assert (moved == digest(1, None, kind, 1.0, body, GENESIS)) == (body == "")


def test_the_canonical_form_is_fixed() -> None:
    """Journals outlive programs: a change of it would call every one of them altered."""
    fixed = "c364eae2c3148eeb3fdff8a70b502650c79c2a452079aebe36ffe7f030ef7d2e"

    assert digest(2, 1, "outcome", 101.5, '{"ö": "\n"}', GENESIS) == fixed
