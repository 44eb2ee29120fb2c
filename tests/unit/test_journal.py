"""The journal: what was meant and what came of it survives the program, and nobody else reads it."""

from __future__ import annotations

import json
import multiprocessing
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from multiprocessing.synchronize import Barrier
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from aurora_tui import __version__, journal_file
from aurora_tui.journal import FILE_NAME, Journal, JournalError, Operator, Preview
from aurora_tui.model.actions import Action, Outcome, Recovery, Rollout, Target, Verb, Verdict
from aurora_tui.model.frozen import asdict
from aurora_tui.process import Process

TARGET = Target("prod", "aurora", "Deployment", "aurora-backend", "uid-1", "1001")
ACTION = Action(Verb.SCALE, TARGET, {"replicas": 5}, {"replicas": 3}, {"replicas": 5})
ALICE = Operator("alice", "alice@example.org", "bastion", "/dev/pts/3")
SHOWN = Preview("", ("HPA backend sets the replicas",))
VERDICT = Verdict(Rollout.COMPLETE, 12.0, Recovery.RECOVERED, 40.0, "all well")


def intend(journal: Journal, at: float = 100.0) -> int:
    return journal.record_intent(ACTION, operator=ALICE, reason="INC-7", preview=SHOWN, generation=4, at=at)


def test_an_entry_comes_back_whole_from_another_start(tmp_path: Path) -> None:
    first = Journal(tmp_path)
    number = intend(first)
    first.record_outcome(number, Outcome.DONE, "scales it", at=101.0)
    first.record_verdict(number, VERDICT, at=141.0)
    first.close()

    entry = Journal(tmp_path).entry(number)

    assert entry is not None
    assert (entry.action, entry.operator, entry.reason, entry.started_at) == (ACTION, ALICE, "INC-7", 100.0)
    assert (entry.outcome, entry.message, entry.finished_at) == (Outcome.DONE, "scales it", 101.0)
    assert entry.verdict == VERDICT


def test_entries_are_listed_newest_first_up_to_the_limit(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    numbers = [intend(journal, at) for at in (1.0, 2.0, 3.0)]
    journal.record_outcome(numbers[0], Outcome.DONE, "late news of an old entry", at=9.0)

    assert [entry.id for entry in journal.entries(2)] == [numbers[2], numbers[1]]
    assert journal.entry(99) is None


def test_an_intent_without_an_outcome_reads_as_uncertain_until_it_is_found_out(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    number = intend(journal)
    [open_entry] = Journal(tmp_path).unfinished()
    assert (open_entry.outcome, open_entry.finished_at) == (Outcome.UNCERTAIN, None)

    journal.record_outcome(number, Outcome.UNCERTAIN, "the answer was lost", at=101.0)
    journal.record_outcome(number, Outcome.DONE, "the cluster shows it", at=200.0)

    assert journal.unfinished() == []
    assert [entry.outcome for entry in journal.entries()] == [Outcome.DONE]


def test_the_files_are_the_operators_alone(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state")
    intend(journal)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "state").iterdir()}
    assert modes == {FILE_NAME: 0o600, f"{FILE_NAME}-wal": 0o600, f"{FILE_NAME}-shm": 0o600}
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_a_write_waits_for_the_disk(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    intend(journal)
    connection = journal._file._connection
    assert connection is not None

    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def write_entries(folders: list[Path], count: int, gate: Barrier) -> None:
    """What each of several programs does at once in each folder: start, write an intent and its outcome, end."""
    for folder in folders:
        gate.wait()
        try:
            for _ in range(count):
                journal = Journal(folder)
                journal.record_outcome(intend(journal), Outcome.DONE, "scales it", at=101.0)
                journal.close()
        except JournalError:
            gate.abort()  # the others wait no longer
            raise


@pytest.mark.parametrize(("journals", "count"), [(1, 25), (20, 1)], ids=["for long", "in the moment it is made"])
def test_several_programs_write_at_once_and_none_loses_a_fact_or_forks_the_chain(
    tmp_path: Path, journals: int, count: int
) -> None:
    folders = [tmp_path / str(number) for number in range(journals)]
    spawn = multiprocessing.get_context("spawn")
    gate = spawn.Barrier(6)
    writers = [spawn.Process(target=write_entries, args=(folders, count, gate)) for _ in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [writer.exitcode for writer in writers] == [0] * 6

    for folder in folders:
        found = Journal(folder).verify()
        assert (found.facts, found.faults) == (6 * count * 2, ())
        entries = Journal(folder).entries(1000)
        assert (len(entries), {entry.outcome for entry in entries}) == (6 * count, {Outcome.DONE})


def test_a_file_that_others_are_just_making_is_waited_for_and_any_other_fault_is_told() -> None:
    """SQLite itself does not wait there: it answers at once that the file is locked."""
    answers = [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_OK, sqlite3.SQLITE_IOERR]

    class Connection:
        def execute(self, statement: str) -> None:
            if code := answers.pop(0):
                error = sqlite3.OperationalError("no")
                error.sqlite_errorcode = code
                raise error

    connection = cast(sqlite3.Connection, Connection())
    journal_file._log_ahead(connection)
    assert answers == [sqlite3.SQLITE_IOERR]
    with pytest.raises(sqlite3.OperationalError):
        journal_file._log_ahead(connection)


def test_threads_share_one_journal_without_loss(tmp_path: Path) -> None:
    journal = Journal(tmp_path)

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: intend(journal), range(100)))

    assert sorted(numbers) == list(range(1, 101))
    assert journal.verify().intact


def test_a_full_disk_is_told_in_words_and_loses_nothing_before_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    intend(journal)
    connection = journal._file._connection
    assert connection is not None
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(JournalError, match="disk is full"):
        for _ in range(1000):
            intend(journal)

    assert journal.entries()[-1].reason == "INC-7"


def test_no_room_for_what_sqlite_keeps_beside_the_file_is_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(journal_file, "_migrate", fail)
    with pytest.raises(JournalError, match="cannot be used: disk I/O error"):
        intend(Journal(tmp_path))

    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=4096))
    with pytest.raises(JournalError, match="the disk is full"):
        intend(Journal(tmp_path))


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> int:
        raise PermissionError(30, "Read-only file system")

    monkeypatch.setattr("aurora_tui.journal_file.os.open", refuse)


@pytest.mark.usefixtures("read_only")
def test_a_home_that_cannot_be_written_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"cannot be written \(read-only\): set XDG_STATE_HOME"):
        intend(Journal(tmp_path))
    with pytest.raises(JournalError, match="read-only"):
        Journal(tmp_path).prepare()


@pytest.mark.parametrize("left", ["nothing", "what a killed program leaves", "what a full disk leaves"])
def test_a_journal_that_cannot_be_written_can_still_be_looked_at(
    tmp_path: Path, left: str, request: pytest.FixtureRequest
) -> None:
    writer = Journal(tmp_path)
    number = intend(writer)
    writer.record_outcome(number, Outcome.DONE, "scales it", at=101.0)
    if left != "what a killed program leaves":
        writer.close()
        # Leads nowhere, so that SQLite can make none, even as root.
        (tmp_path / f"{FILE_NAME}-shm").symlink_to(tmp_path / "nowhere" / "shm")
    if left == "what a full disk leaves":
        (tmp_path / f"{FILE_NAME}-wal").touch()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if not path.name.endswith("-shm")}
    request.getfixturevalue("read_only")
    journal = Journal(tmp_path)

    assert [entry.message for entry in journal.entries()] == ["scales it"]
    assert journal.verify().facts == 2
    with pytest.raises(JournalError, match="read-only"):
        intend(journal)
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir() if not path.name.endswith("-shm")}
    assert after == before


def test_looking_into_a_journal_that_is_not_there_makes_none(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state")

    assert (journal.entries(), journal.unfinished(), journal.entry(1)) == ([], [], None)
    assert journal.verify().facts == 0
    assert not (tmp_path / "state").exists()


def test_a_file_that_is_no_journal_is_told_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    file.write_text("dear diary, " * 200)

    with pytest.raises(JournalError, match="damaged"):
        Journal(tmp_path).entries()

    assert file.read_text().startswith("dear diary")


def test_a_journal_of_a_newer_program_is_not_touched(tmp_path: Path) -> None:
    intend(Journal(tmp_path))
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection:
        connection.execute("PRAGMA user_version = 99")

    with pytest.raises(JournalError, match="newer aurora-tui"):
        intend(Journal(tmp_path))
    with pytest.raises(JournalError, match="newer aurora-tui"):
        Journal(tmp_path).entries()


# What an entry keeps


def test_an_entry_keeps_what_was_shown_who_sent_it_and_the_version_that_the_answer_gave(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    number = intend(journal)
    journal.record_outcome(number, Outcome.DONE, "scales it", resource_version="1002", at=101.0)

    entry = journal.entry(number)

    assert entry is not None
    assert (entry.preview, entry.generation, entry.resource_version) == (SHOWN, 4, "1002")
    assert (entry.program, entry.process) == (__version__, Process.current())
    assert [fact.kind for fact in entry.facts] == ["intent", "outcome"]


def test_what_was_found_out_afterwards_does_not_replace_a_recorded_outcome(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    number = intend(journal)

    assert journal.settle(number, Outcome.FAILED, "not carried out", at=200.0)
    assert not journal.settle(number, Outcome.DONE, "by another instance", at=201.0)

    assert [entry.message for entry in journal.entries()] == ["not carried out"]


def test_an_unreadable_entry_is_named(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    intend(journal)
    number = intend(journal)
    journal.close()
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection, connection:
        connection.execute("UPDATE facts SET body = '[]' WHERE id = ?", (number,))

    with pytest.raises(JournalError, match=rf"entry {number} .* `aurora-tui journal verify`"):
        Journal(tmp_path).entries()


# The file of a version of before

OLD_SCHEMA = """
    CREATE TABLE facts (
        id INTEGER PRIMARY KEY AUTOINCREMENT, entry INTEGER, kind TEXT NOT NULL, at REAL NOT NULL, body TEXT NOT NULL
    );
    CREATE INDEX facts_by_entry ON facts (entry, id);
    CREATE INDEX facts_by_kind ON facts (kind, id);
    PRAGMA user_version = 1;
    PRAGMA journal_mode = WAL;
"""


def old_journal(folder: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(folder / FILE_NAME)
    connection.executescript(OLD_SCHEMA)
    intent = {"action": ACTION.to_json(), "operator": asdict(ALICE), "reason": "INC-1"}
    insert_old(connection, None, "intent", 50.5, intent)
    insert_old(connection, 1, "outcome", 51.25, {"outcome": "done", "message": "scaled ö"})
    insert_old(connection, None, "intent", 60.0, intent)
    return connection


def insert_old(connection: sqlite3.Connection, entry: int | None, kind: str, at: float, body: object) -> None:
    text = json.dumps(body, ensure_ascii=False, sort_keys=True)
    with connection:
        connection.execute("INSERT INTO facts (entry, kind, at, body) VALUES (?, ?, ?, ?)", (entry, kind, at, text))


def test_the_entries_of_an_old_file_are_kept_and_chained(tmp_path: Path) -> None:
    old_journal(tmp_path).close()
    journal = Journal(tmp_path)

    second, first = journal.entries()

    assert (first.action, first.operator, first.message, first.started_at) == (ACTION, ALICE, "scaled ö", 50.5)
    assert (first.preview, first.process, first.program, first.resource_version) == (None, None, "", "")
    assert (second.id, second.outcome) == (3, Outcome.UNCERTAIN)
    assert (journal.verify().facts, journal.verify().faults) == (3, ())
    assert intend(journal) == 4
    assert journal.verify().intact


@pytest.mark.usefixtures("read_only")
def test_an_old_file_in_a_read_only_home_can_be_looked_at_and_stays_old(tmp_path: Path) -> None:
    old_journal(tmp_path).close()

    assert [entry.id for entry in Journal(tmp_path).entries()] == [3, 1]

    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


def test_a_program_of_before_that_is_still_running_can_no_longer_write_unchained(tmp_path: Path) -> None:
    with closing(old_journal(tmp_path)) as running:
        intend(Journal(tmp_path))

        with pytest.raises(sqlite3.IntegrityError):
            insert_old(running, None, "intent", 70.0, {})

    assert Journal(tmp_path).verify().intact


def test_what_was_removed_from_an_old_file_is_still_found(tmp_path: Path) -> None:
    with closing(old_journal(tmp_path)) as connection, connection:
        connection.execute("DELETE FROM facts WHERE id >= 2")

    [fault] = Journal(tmp_path).verify().faults

    assert fault.text == "facts 2 to 3 are missing"
