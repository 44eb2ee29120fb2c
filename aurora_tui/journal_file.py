"""The journal's SQLite file: its owner's alone, at the present schema, readable where it cannot be written."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aurora_tui.chain import GENESIS, Link, digest

FILE_NAME = "journal.sqlite3"
BUSY_SECONDS = 10.0
_PAUSE = 0.01
_ROOM = 64 * 1024
_COLUMNS = "id, entry, kind, at, body"


class JournalError(Exception):
    """The journal cannot be read or written, in words that say what to do."""


class JournalFile:
    """One such file, which several programs and threads may use at once; opened when it is first wanted."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, committed to the disk at its end or undone."""
        with self._lock:
            connection = self._open()
            with writing(connection, self.path):
                yield connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One state of the file; where it cannot be written, as in a full or read-only home, of a copy of it."""
        with self._lock, contextlib.ExitStack() as stack:
            connection = self._connection
            if connection is None and self.path.exists():
                with contextlib.suppress(JournalError):
                    connection = self._open()
            if connection is None:
                connection = stack.enter_context(contextlib.closing(read_copy(self.path)))
            with reading(connection, self.path):
                yield connection

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = open_to_write(self.path)
        return self._connection


def _first(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE facts (id INTEGER PRIMARY KEY AUTOINCREMENT, entry INTEGER, kind TEXT NOT NULL, "
        "at REAL NOT NULL, body TEXT NOT NULL)"
    )


def _chained(connection: sqlite3.Connection) -> None:
    """Chain what is there. A program of before that still has the file open can no longer write to it."""
    numbered = last_number(connection)
    connection.execute(
        # AUTOINCREMENT counts on after facts were removed; a hash can be followed only once: no forks.
        "CREATE TABLE chained (id INTEGER PRIMARY KEY AUTOINCREMENT, entry INTEGER, kind TEXT NOT NULL, "
        "at REAL NOT NULL, body TEXT NOT NULL, previous TEXT NOT NULL UNIQUE, hash TEXT NOT NULL UNIQUE)"
    )
    previous = GENESIS
    for number, entry, kind, at, body in connection.execute(f"SELECT {_COLUMNS} FROM facts ORDER BY id").fetchall():
        link = digest(number, entry, kind, at, body, previous)
        values = (number, entry, kind, at, body, previous, link)
        connection.execute("INSERT INTO chained VALUES (?, ?, ?, ?, ?, ?, ?)", values)
        previous = link
    connection.execute("DROP TABLE facts")
    connection.execute("ALTER TABLE chained RENAME TO facts")
    connection.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'facts'", (numbered,))
    connection.execute("CREATE INDEX facts_by_entry ON facts (entry, id)")
    connection.execute("CREATE INDEX facts_by_kind ON facts (kind, id)")


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (_first, _chained)
"""The steps from an empty file to the present schema; `PRAGMA user_version` counts those taken."""


def open_to_write(path: Path) -> sqlite3.Connection:
    """A connection whose writes are on the disk when they are committed; makes the file where there is none."""
    with _told(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Made before SQLite sees it, so that it never stands open to others; -wal and -shm copy its mode.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = _connected(str(path))
        try:
            _log_ahead(connection)
            connection.execute("PRAGMA synchronous = FULL")
            _migrate(connection, path)
        except BaseException:
            connection.close()
            raise
        return connection


def read_copy(path: Path) -> sqlite3.Connection:
    """A copy in memory of a file that cannot be written, at the present schema; of none, an empty one."""
    copy = _connected(":memory:")
    with _told(path):
        try:
            if path.exists():
                with contextlib.closing(_read_only(path)) as source:
                    source.backup(copy)
            _migrate(copy, path)
        except BaseException:
            copy.close()
            raise
    return copy


@contextlib.contextmanager
def writing(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """One transaction that no other writer comes between, on the disk at its end or undone."""
    with _told(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # after some faults SQLite has undone it already
                connection.execute("ROLLBACK")
            raise


@contextlib.contextmanager
def reading(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Several questions about one and the same state."""
    with _told(path):
        connection.execute("BEGIN")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")


def append(connection: sqlite3.Connection, entry: int | None, kind: str, at: float, body: str) -> int:
    """Add a fact to the end of the chain, within `writing`; returns its number."""
    newest = connection.execute("SELECT hash FROM facts ORDER BY id DESC LIMIT 1").fetchone()
    previous = newest[0] if newest else GENESIS
    number, at = last_number(connection) + 1, float(at)
    link = digest(number, entry, kind, at, body, previous)
    values = (number, entry, kind, at, body, previous, link)
    connection.execute("INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    return number


def links(connection: sqlite3.Connection, where: str = "", values: tuple[Any, ...] = ()) -> list[Link]:
    """The facts in the order of their numbers: all, or those of an SQL clause."""
    rows = connection.execute(f"SELECT {_COLUMNS}, previous, hash FROM facts {where} ORDER BY id", values)
    return [Link(*row) for row in rows]


def last_number(connection: sqlite3.Connection) -> int:
    """The highest number that was ever given, whether or not its fact is still there."""
    given = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'facts'").fetchone()
    return int(given[0]) if given else 0


def _connected(address: str, *, uri: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(address, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, uri=uri)
    # What a strange hand put there must not keep the rest from being read.
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    return connection


def _read_only(path: Path) -> sqlite3.Connection:
    address, log = path.absolute().as_uri(), path.with_name(f"{path.name}-wal")
    if not (log.exists() and log.stat().st_size):
        # Everything is in the file itself; without `immutable` SQLite wants to make a -shm beside it.
        return _connected(f"{address}?mode=ro&immutable=1", uri=True)
    return _connected(f"{address}?mode=ro", uri=True)


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Set the mode in which readers and a writer do not wait for each other; the file keeps it.

    When programs that start at once all find a new file, SQLite does not wait here by itself.
    """
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
        time.sleep(_PAUSE)


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    if _schema(connection, path) == len(MIGRATIONS):
        return
    with writing(connection, path):
        taken = _schema(connection, path)  # again: another program may have been at it meanwhile
        for step in MIGRATIONS[taken:]:
            step(connection)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _schema(connection: sqlite3.Connection, path: Path) -> int:
    taken = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if taken > len(MIGRATIONS):
        raise JournalError(f"the journal {path} was written by a newer aurora-tui: use that one")
    return taken


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise JournalError(_words(path, error)) from error


def _full(path: Path) -> bool:
    """Whether there is no room for the files that SQLite makes beside its own; it only speaks of an I/O error."""
    try:
        return shutil.disk_usage(path.parent).free < _ROOM
    except OSError:
        return False


def _words(path: Path, error: Exception) -> str:
    text = str(error)
    if isinstance(error, PermissionError) or "readonly" in text or "read-only" in text.lower():
        return f"the journal {path} cannot be written (read-only): set XDG_STATE_HOME to another folder"
    if "disk is full" in text or "No space left" in text or ("disk I/O" in text and _full(path)):
        return f"the journal {path} cannot be written: the disk is full"
    if "locked" in text:
        return f"the journal {path} is locked by another program: try again"
    if "not a database" in text or "malformed" in text:
        return f"the journal {path} is damaged ({text}): move it away and try again"
    return f"the journal {path} cannot be used: {text}"
