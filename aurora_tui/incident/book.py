"""The book of incidents: facts on the disk before anybody is told that they are, chained like the journal's."""

from __future__ import annotations

import json
import re
import secrets
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aurora_tui import chain, journal_file
from aurora_tui.chain import Check
from aurora_tui.journal_file import JournalError, JournalFile
from aurora_tui.model.facts import HEAVY, LONGEST_TEXT, Fact, FactKind
from aurora_tui.model.incidents import Incident, fold
from aurora_tui.model.masking import mask_text

__all__ = ["FILE_NAME", "Book", "JournalError"]

FILE_NAME = "incidents.sqlite3"
LISTS = "lists"
"""The incident that is none: ticks of guided lists and of maintenance belong to it."""
_WRITER = "writer"
_PROSE = frozenset(
    {FactKind.OPENED, FactKind.NOTE, FactKind.NOTICE, FactKind.ROLE, FactKind.TICK, FactKind.ALERT, FactKind.RESOLVED}
)
"""Facts of words that people write: titles, notes, notices, an alert's summary and why it was closed."""
_ODD = re.compile(r"[^A-Za-z0-9_-]+")


class Book:
    """The facts in a folder's file, one's own and those taken over from others.

    As of the journal several programs may use it at once, and every method blocks for some milliseconds, raises
    `JournalError` and is called in a thread. `name` says whose facts these are, for the writer's name.
    """

    def __init__(self, folder: Path, name: str = "") -> None:
        self.path = folder / FILE_NAME
        self._name = _ODD.sub("_", name)[:60].strip("_-") or "somebody"
        self._file = JournalFile(self.path)
        self._writer = ""
        self._known: dict[str, set[tuple[str, int]]] = {}
        """What is here already, by incident, as far as `_looked` came."""
        self._looked: dict[str, int] = {}
        """The number of the file's last fact when that was looked at."""

    def append(self, incident: str, kind: FactKind, body: Mapping[str, Any], *, by: str, at: float) -> Fact:
        """Put a fact down; when this returns it is on the disk. Secrets in its texts are hidden first."""
        clean = {key: value if key == "data" else cleaned(value, kind) for key, value in body.items()}
        with self._file.writing() as connection:
            writer = self._own_name(connection, at)
            number = journal_file.last_number(connection) + 1
            fact = Fact(incident, writer, number, float(at), _whole(by), kind, clean)
            _put(connection, fact)
            return fact

    def take_over(self, facts: Iterable[Fact]) -> list[Fact]:
        """Put down facts of others that are not here yet; returns those."""
        told, new = list(facts), []
        with self._file.writing() as connection:
            names = {fact.incident for fact in told}
            self._look(connection, names)
            here = {name: set(self._known[name]) for name in names}  # it may come to nothing yet
            for fact in told:
                if (fact.writer, fact.number) not in here[fact.incident]:
                    here[fact.incident].add((fact.writer, fact.number))
                    _put(connection, fact)
                    new.append(fact)
        return new

    def _look(self, connection: sqlite3.Connection, incidents: Iterable[str]) -> None:
        """Learn what is here from the file: other programs write to it, too."""
        last = journal_file.last_number(connection)
        for name in incidents:
            found = _facts(connection, name, heavy=False, after=self._looked.get(name, 0))
            self._known.setdefault(name, set()).update((each.writer, each.number) for each in found)
            self._looked[name] = last

    def facts(self, incident: str, *, heavy: bool = True) -> list[Fact]:
        """An incident's facts in the order in which they came; without `heavy` what only replays need is left out."""
        with self._file.reading() as connection:
            return _facts(connection, incident, heavy=heavy)

    def own(self, incident: str, after: int = 0) -> list[Fact]:
        """One's own facts beyond a number, in their order."""
        with self._file.reading() as connection:
            writer = self._known_name(connection)
            found = _facts(connection, incident, after=after)  # one's own facts have the file's numbers
        return [fact for fact in found if fact.writer == writer]

    def names(self) -> list[str]:
        """What there are facts of: incidents, and the lists."""
        with self._file.reading() as connection:
            return _names(connection)

    def incidents(self) -> list[Incident]:
        """All incidents, the newest first, without what only replays need."""
        with self._file.reading() as connection:
            names = [name for name in _names(connection) if name != LISTS]
            found = [fold(_facts(connection, name, heavy=False)) for name in names]
        return sorted((each for each in found if each is not None), key=lambda each: -each.opened_at)

    def writer(self, at: float) -> str:
        """How this book's own facts are signed; it never changes."""
        with self._file.writing() as connection:
            return self._own_name(connection, at)

    def verify(self, head: str | None = None) -> Check:
        """Go through the chain; see `aurora_tui.chain` for what that proves."""
        with self._file.reading() as connection:
            return chain.check(journal_file.links(connection), journal_file.last_number(connection), head)

    def close(self) -> None:
        self._file.close()

    def _own_name(self, connection: sqlite3.Connection, at: float) -> str:
        if not self._known_name(connection):
            name = f"{self._name}-{secrets.token_hex(4)}"
            journal_file.append(connection, None, _WRITER, at, json.dumps({"writer": name}))
            self._writer = name
        return self._writer

    def _known_name(self, connection: sqlite3.Connection) -> str:
        if not self._writer:
            row = connection.execute("SELECT body FROM facts WHERE kind = ? ORDER BY id LIMIT 1", (_WRITER,)).fetchone()
            self._writer = json.loads(row[0])["writer"] if row else ""
        return self._writer


def _names(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT DISTINCT substr(kind, 1, instr(kind, '/') - 1) FROM facts").fetchall()
    return [name for (name,) in rows if name]


def _put(connection: sqlite3.Connection, fact: Fact) -> None:
    body = {"writer": fact.writer, "number": fact.number, "by": fact.by, "body": dict(fact.body)}
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, allow_nan=False)
    # The incident leads the kind, so that the index of kinds finds what belongs to one.
    journal_file.append(connection, None, f"{fact.incident}/{fact.kind}", fact.at, text)


def _facts(connection: sqlite3.Connection, incident: str, *, heavy: bool = True, after: int = 0) -> list[Fact]:
    # Everything that begins with "NAME/": "0" is the character after the slash. What only replays need is not
    # even read where it is not wanted.
    body = "body" if heavy else "CASE WHEN kind IN (?, ?) AND json_valid(body) THEN json_remove(body, ?) ELSE body END"
    large = () if heavy else (*(f"{incident}/{kind}" for kind in sorted(HEAVY)), "$.body.data")
    rows = connection.execute(
        f"SELECT id, entry, kind, at, {body}, previous, hash FROM facts "
        "WHERE kind >= ? AND kind < ? AND id > ? ORDER BY id",
        (*large, f"{incident}/", f"{incident}0", after),
    )
    found = [_fact(incident, link.kind.partition("/")[2], link) for link in (chain.Link(*row) for row in rows)]
    return [fact for fact in found if fact is not None]


def _fact(incident: str, kind: str, link: chain.Link) -> Fact | None:
    """None for what a strange hand put there: the chain's check tells of it."""
    try:
        body = json.loads(link.body)
        return Fact.from_json({**body, "incident": incident, "at": link.at, "kind": kind})
    except (ValueError, TypeError):
        return None


def _whole(text: str) -> str:
    """A text that can be written: half a character, as a server may send it, is spelt out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def cleaned(value: Any, kind: FactKind) -> Any:
    """What a fact of a kind says without its secrets; what people write for people is read as such."""
    if isinstance(value, str):
        return mask_text(_whole(value[:LONGEST_TEXT]), prose=kind in _PROSE)
    if isinstance(value, Mapping):
        return {key: cleaned(each, kind) for key, each in value.items()}
    if isinstance(value, Sequence):
        return [cleaned(each, kind) for each in value]
    return value
