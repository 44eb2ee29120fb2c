"""Where several operators of one incident meet: a shared folder with one file of facts for each of them.

Every operator appends to a file of their own, ``FOLDER/INCIDENT/WRITER.jsonl``, and reads those of all others: no
lock is needed, and the union of all files is the incident, whoever comes late or was cut off.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

from aurora_tui.incident.book import Book
from aurora_tui.journal_file import JournalError
from aurora_tui.model.facts import HEAVY, Fact, is_id, is_writer, light

LONGEST = 32 * 2**20
"""Bytes of one fact in a file: beyond is none of ours."""


class Meeting:
    """A folder that others can read and write too. `at` is only for the name of the writer, once."""

    def __init__(self, folder: Path, book: Book, at: float) -> None:
        self._folder = folder
        self._book = book
        self._at = at
        self._read: dict[Path, int] = {}
        self._given: dict[str, int] = {}

    async def publish(self, incident: str) -> str:
        """Give one's own facts of an incident to the others; returns what is in the way, in words."""
        return await asyncio.to_thread(self._publish, incident)

    async def hear(self) -> tuple[list[Fact], str]:
        """What others put down that was not heard yet, already in one's own book; and what is in the way, in words.

        Another program of the same operator may have put it into the book before: it is new here all the same.
        """
        return await asyncio.to_thread(self._hear)

    def _publish(self, incident: str) -> str:
        try:
            writer = self._book.writer(self._at)
            path = self._folder / incident / f"{writer}.jsonl"
            given = self._given.get(incident)
            if given is None:
                given = _last_number(path, writer)
            facts = self._book.own(incident, given)
            if facts:
                _append(path, facts)
            self._given[incident] = max([given, *(fact.number for fact in facts)])
        except (OSError, JournalError) as error:
            self._given.pop(incident, None)  # what is there is looked at again
            return f"the shared folder {self._folder}: {_words(error)}"
        return ""

    def _hear(self) -> tuple[list[Fact], str]:
        new: list[Fact] = []
        try:
            own = self._book.writer(self._at)
            if not self._folder.is_dir():
                self._folder.mkdir(parents=True, exist_ok=True)
            spoilt = 0
            for path in _files(self._folder):
                if path.stem == own:
                    continue
                facts, end, wrong = _facts(path, self._read.get(path, 0))
                if facts:
                    self._book.take_over(facts)
                new += (light(fact) if fact.kind in HEAVY else fact for fact in facts)
                self._read[path] = end
                spoilt += wrong
            for incident in self._book.names():
                if trouble := self._publish_missing(incident):
                    return new, trouble
        except (OSError, JournalError) as error:
            return new, f"the shared folder {self._folder}: {_words(error)}"
        return new, f"{spoilt} lines in {self._folder} are no facts and were left out" if spoilt else ""

    def _publish_missing(self, incident: str) -> str:
        """Give what could not be given before, as while the folder was away."""
        if incident in self._given:
            return ""
        return self._publish(incident)


def _files(folder: Path) -> Iterator[Path]:
    for each in sorted(folder.iterdir()):
        if is_id(each.name) and each.is_dir() and not each.is_symlink():
            for path in sorted(each.glob("*.jsonl")):
                if is_writer(path.stem) and path.is_file() and not path.is_symlink():
                    yield path


def _facts(path: Path, begin: int) -> tuple[list[Fact], int, int]:
    """The facts of a file from a place on, the place behind its last whole line, and how many lines are none."""
    facts: list[Fact] = []
    spoilt = 0
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        if file.tell() < begin:  # another file by the same name
            begin = 0
        file.seek(begin)
        while (line := file.readline(LONGEST)).endswith(b"\n"):
            begin += len(line)
            try:
                fact = Fact.from_json(json.loads(line))
            except (ValueError, RecursionError):
                spoilt += bool(line.strip())
                continue
            if (fact.writer, fact.incident) == (path.stem, path.parent.name):
                facts.append(fact)
            else:
                spoilt += 1
    return facts, begin, spoilt


def _last_number(path: Path, writer: str) -> int:
    """The number of the last fact that is whole in one's own file; 0 where there is none."""
    if not path.exists():
        return 0
    facts, _, _ = _facts(path, 0)
    return max((fact.number for fact in facts if fact.writer == writer), default=0)


def _append(path: Path, facts: list[Fact]) -> None:
    """Write facts to the end, on the disk when this returns; after a line that was cut off a new one is begun."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = b"".join(json.dumps(fact.to_json(), ensure_ascii=False).encode() + b"\n" for fact in facts)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            lines = b"\n" + lines
        while lines:
            lines = lines[os.write(descriptor, lines) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _words(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
