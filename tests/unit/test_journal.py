"""The journal: what was meant and what came of it survives the program, and nobody else reads it."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from aurora_tui.journal import FILE_NAME, Journal, JournalError, Operator, Preview
from aurora_tui.model.actions import Action, Outcome, Recovery, Rollout, Target, Verb, Verdict

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
    connection = journal._connection
    assert connection is not None

    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


WRITER = """
import sys
from pathlib import Path
from tests.unit.test_journal import intend
from aurora_tui.journal import Journal
journal = Journal(Path(sys.argv[1]))
for _ in range(20):
    intend(journal)
"""


def test_several_programs_write_at_once_without_loss(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)]) for _ in range(4)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]

    assert len({entry.id for entry in Journal(tmp_path).entries(1000)}) == 80


def test_a_full_disk_is_told_in_words_and_loses_nothing_before_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    intend(journal)
    connection = journal._connection
    assert connection is not None
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(JournalError, match="disk is full"):
        for _ in range(1000):
            intend(journal)

    assert journal.entries()[-1].reason == "INC-7"


def test_a_home_that_cannot_be_written_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> int:
        raise PermissionError(30, "Read-only file system")

    monkeypatch.setattr("aurora_tui.journal.os.open", refuse)

    with pytest.raises(JournalError, match=r"cannot be written \(read-only\): set XDG_STATE_HOME"):
        intend(Journal(tmp_path))


def test_a_file_that_is_no_journal_is_told_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    file.write_text("dear diary, " * 200)

    with pytest.raises(JournalError, match="damaged"):
        Journal(tmp_path).entries()

    assert file.read_text().startswith("dear diary")


def test_a_journal_of_a_newer_program_is_not_touched(tmp_path: Path) -> None:
    intend(Journal(tmp_path))
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("PRAGMA user_version = 99")

    with pytest.raises(JournalError, match="newer aurora-tui"):
        intend(Journal(tmp_path))
