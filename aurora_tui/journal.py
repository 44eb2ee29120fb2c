"""The durable record of actions: what was about to be done, what came of it, who did it and why."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import socket
import sqlite3
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aurora_tui import __version__
from aurora_tui.model.actions import Action, Outcome, Verdict
from aurora_tui.process import Process

FILE_NAME = "journal.sqlite3"
BUSY_SECONDS = 5.0

# Facts are only ever added: an entry is its intent and whatever was found out later, in order.
MIGRATIONS = (
    """
    CREATE TABLE facts (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        entry INTEGER,
        kind TEXT NOT NULL,
        at REAL NOT NULL,
        body TEXT NOT NULL
    );
    CREATE INDEX facts_by_entry ON facts (entry, id);
    CREATE INDEX facts_by_kind ON facts (kind, id);
    """,
)
"""The steps from an empty file to the present schema; `PRAGMA user_version` counts those taken."""


class JournalError(Exception):
    """The journal cannot be read or written, in words that say what to do."""


@dataclass(frozen=True, slots=True)
class Operator:
    """Who acts, and from where: OS user, the cluster's name for them, host and terminal ("" if none)."""

    actor: str
    kube_user: str
    host: str
    tty: str

    @classmethod
    def here(cls, kube_user: str) -> Operator:
        try:
            actor = getpass.getuser()
        except (KeyError, OSError):  # no such user on this host, as in a container with a bare uid
            actor = f"uid {os.getuid()}"
        tty = ""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            tty = os.ttyname(sys.__stdin__.fileno())  # type: ignore[union-attr]
        return cls(actor, kube_user, socket.gethostname(), tty)


@dataclass(frozen=True, slots=True)
class Preview:
    """What stood before the operator's eyes; `impossible` says why the server did not try it, "" if it did."""

    impossible: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One action as the journal has it; times are seconds since the epoch.

    Without a recorded outcome it reads as uncertain and `finished_at` is None: the program ended
    in between, or another one is still at it.
    """

    id: int
    started_at: float
    action: Action
    reason: str
    operator: Operator
    outcome: Outcome
    message: str
    finished_at: float | None
    verdict: Verdict | None


class Journal:
    """The journal in a folder, which several programs and threads may use at once.

    Nothing is touched before the first call. Every method blocks for some milliseconds (a write is on
    the disk when it returns) and raises `JournalError`: call them in a thread.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def record_intent(
        self,
        action: Action,
        *,
        operator: Operator,
        reason: str,
        preview: Preview,
        generation: int | None,
        at: float,
    ) -> int:
        """Put down what is about to be sent, and which process sends it; returns the entry's number.

        `generation` is the object's own, which moves with its spec; None where its kind has none.
        """
        body = {
            "action": action.to_json(),
            "operator": asdict(operator),
            "reason": reason,
            "preview": asdict(preview),
            "generation": generation,
            "process": Process.current().to_json(),
            "program": __version__,
        }
        return self._add(None, "intent", at, body)

    def record_outcome(
        self, entry: int, outcome: Outcome, message: str, *, resource_version: str = "", at: float
    ) -> None:
        """Put down what came of it; a later one stands in place of an earlier one.

        `resource_version` is the object's in the server's answer, empty without one.
        """
        body = {"outcome": str(outcome), "message": message, "resource_version": resource_version}
        self._add(entry, "outcome", at, body)

    def record_verdict(self, entry: int, verdict: Verdict, *, at: float) -> None:
        self._add(entry, "verdict", at, verdict.to_json())

    def entries(self, limit: int = 100) -> list[Entry]:
        """The newest entries, newest first."""
        query = "SELECT id FROM facts WHERE kind = 'intent' ORDER BY id DESC LIMIT ?"
        return self._read(query, (limit,))

    def entry(self, number: int) -> Entry | None:
        found = self._read("SELECT id FROM facts WHERE kind = 'intent' AND id = ?", (number,))
        return found[0] if found else None

    def unfinished(self) -> list[Entry]:
        """Entries without a recorded outcome, newest first."""
        query = (
            "SELECT id FROM facts AS intents WHERE kind = 'intent' AND NOT EXISTS "
            "(SELECT 1 FROM facts WHERE kind = 'outcome' AND entry = intents.id) ORDER BY id DESC"
        )
        return self._read(query, ())

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _add(self, entry: int | None, kind: str, at: float, body: Mapping[str, Any]) -> int:
        text = json.dumps(body, ensure_ascii=False, sort_keys=True)
        with self._session() as connection:
            number = connection.execute(
                "INSERT INTO facts (entry, kind, at, body) VALUES (?, ?, ?, ?)", (entry, kind, at, text)
            ).lastrowid
        if number is None:
            raise JournalError(f"the journal {self.path} gave no number for a new entry")
        return number

    def _read(self, intents: str, values: tuple[Any, ...]) -> list[Entry]:
        query = f"""
            SELECT id, entry, kind, at, body FROM facts
            WHERE id IN ({intents}) OR entry IN ({intents}) ORDER BY id
        """
        with self._session() as connection:
            rows = connection.execute(query, values * 2).fetchall()
        grouped: dict[int, list[_Fact]] = defaultdict(list)
        try:
            for number, entry, kind, at, body in rows:
                grouped[number if entry is None else entry].append(_Fact(kind, at, json.loads(body)))
            return [_entry(number, facts) for number, facts in sorted(grouped.items(), reverse=True)]
        except (ValueError, KeyError, TypeError) as error:
            raise JournalError(f"the journal {self.path} holds an unreadable entry: {error}") from error

    @contextlib.contextmanager
    def _session(self) -> Iterator[sqlite3.Connection]:
        """One transaction, committed to the disk at its end or undone."""
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._open()
                with self._connection:
                    yield self._connection
            except (sqlite3.Error, OSError) as error:
                raise JournalError(_words(self.path, error)) from error

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Made before SQLite sees it, so that it never stands open to others; -wal and -shm copy its mode.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _migrate(self, connection: sqlite3.Connection) -> None:
        if self._schema(connection) == len(MIGRATIONS):
            return
        connection.execute("BEGIN IMMEDIATE")
        taken = self._schema(connection)  # again: another program may have been at it meanwhile
        for step in MIGRATIONS[taken:]:
            for statement in filter(str.strip, step.split(";")):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.commit()

    def _schema(self, connection: sqlite3.Connection) -> int:
        taken = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if taken > len(MIGRATIONS):
            raise JournalError(f"the journal {self.path} was written by a newer aurora-tui: use that one")
        return taken


@dataclass(frozen=True, slots=True)
class _Fact:
    kind: str
    at: float
    body: dict[str, Any]


def _entry(number: int, facts: list[_Fact]) -> Entry:
    last = {fact.kind: fact for fact in facts}
    intent, outcome, verdict = last["intent"], last.get("outcome"), last.get("verdict")
    unfinished = "no outcome was recorded: the program ended in between, or is still at it"
    return Entry(
        number,
        intent.at,
        Action.from_json(intent.body["action"]),
        intent.body["reason"],
        Operator(**intent.body["operator"]),
        Outcome(outcome.body["outcome"]) if outcome else Outcome.UNCERTAIN,
        outcome.body["message"] if outcome else unfinished,
        outcome.at if outcome else None,
        Verdict.from_json(verdict.body) if verdict else None,
    )


def _words(path: Path, error: Exception) -> str:
    text = str(error)
    if isinstance(error, PermissionError) or "readonly" in text or "read-only" in text.lower():
        return f"the journal {path} cannot be written (read-only): set XDG_STATE_HOME to another folder"
    if "disk is full" in text or "No space left" in text:
        return f"the journal {path} cannot be written: the disk is full"
    if "locked" in text:
        return f"the journal {path} is locked by another program: try again"
    if "not a database" in text or "malformed" in text:
        return f"the journal {path} is damaged ({text}): move it away and try again"
    return f"the journal {path} cannot be used: {text}"
