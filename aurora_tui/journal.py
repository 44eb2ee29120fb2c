"""The durable record of actions: what was about to be done, what came of it, who did it and why."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import socket
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aurora_tui import __version__, chain, journal_file
from aurora_tui.chain import Check, Link
from aurora_tui.journal_file import FILE_NAME, JournalError, JournalFile
from aurora_tui.model.actions import Action, Outcome, Verb, Verdict
from aurora_tui.model.frozen import Frozen, Veiled, asdict, replace
from aurora_tui.model.masking import mask, mask_command, mask_text
from aurora_tui.model.redaction import redact
from aurora_tui.process import Process

__all__ = ["FILE_NAME", "Entry", "Journal", "JournalError", "Operator", "Preview"]

UNFINISHED = "no outcome was recorded: the program ended in between, or is still at it"


class Operator(Frozen):
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

    def __str__(self) -> str:
        """As somebody else is told it: ``alice (alice@example.org)``."""
        return f"{self.actor} ({self.kube_user})" if self.kube_user not in ("", self.actor) else self.actor


class Preview(Frozen):
    """What stood before the operator's eyes; `impossible` says why the server did not try it, "" if it did."""

    impossible: str
    warnings: tuple[str, ...]


class Entry(Veiled):
    """One action as the journal has it; times are seconds since the epoch.

    Without a recorded outcome it reads as uncertain and `finished_at` is None: the program ended
    in between, or another one is still at it. What a version of before did not record is None or empty.
    """

    VEILED = frozenset({"facts"})

    id: int
    started_at: float
    action: Action
    reason: str
    operator: Operator
    outcome: Outcome
    message: str
    finished_at: float | None
    verdict: Verdict | None
    preview: Preview | None
    generation: int | None
    part_of: str
    """The title of the series that it belongs to, empty for one by itself."""
    process: Process | None
    program: str
    """The version of aurora-tui that acted."""
    resource_version: str
    """The object's, as the server's answer gave it."""
    verdict_at: float | None
    facts: tuple[Link, ...]
    """All that was recorded, oldest first."""


class Journal:
    """The journal in a folder, which several programs and threads may use at once.

    Nothing is touched before the first call, and reading makes no file. Every method blocks for some
    milliseconds (a write is on the disk when it returns) and raises `JournalError`: call them in a thread.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._file = JournalFile(self.path)

    def record_intent(
        self,
        action: Action,
        *,
        operator: Operator,
        reason: str,
        preview: Preview,
        generation: int | None,
        part_of: str = "",
        at: float,
    ) -> int:
        """Put down what is about to be sent, and which process sends it; returns the entry's number.

        `generation` is the object's own, which moves with its spec; None where its kind has none. `part_of` names
        the series that the action belongs to.
        """
        body = {
            "action": _clean(action).to_json(),
            "operator": asdict(operator),
            "reason": mask_text(reason),
            "preview": mask(asdict(preview)),
            "generation": generation,
            "part_of": part_of,
            "process": Process.current().to_json(),
            "program": __version__,
        }
        with self._file.writing() as connection:
            return journal_file.append(connection, None, "intent", at, _text(body))

    def record_outcome(
        self, entry: int, outcome: Outcome, message: str, *, resource_version: str = "", at: float
    ) -> None:
        """Put down what came of it; a later one stands in place of an earlier one.

        `resource_version` is the object's in the server's answer, empty without one.
        """
        body = {"outcome": str(outcome), "message": mask_text(message), "resource_version": resource_version}
        with self._file.writing() as connection:
            journal_file.append(connection, entry, "outcome", at, _text(body))

    def settle(self, entry: int, outcome: Outcome, message: str, *, at: float) -> bool:
        """Put down what was found out afterwards, unless somebody did meanwhile; returns whether it was."""
        body = {"outcome": str(outcome), "message": mask_text(message), "resource_version": ""}
        query = "SELECT 1 FROM facts WHERE kind = 'outcome' AND entry = ?"
        with self._file.writing() as connection:
            if connection.execute(query, (entry,)).fetchone():
                return False
            journal_file.append(connection, entry, "outcome", at, _text(body))
            return True

    def record_verdict(self, entry: int, verdict: Verdict, *, at: float) -> None:
        body = replace(verdict, text=mask_text(verdict.text)).to_json()
        with self._file.writing() as connection:
            journal_file.append(connection, entry, "verdict", at, _text(body))

    def entries(self, limit: int = 100) -> list[Entry]:
        """The newest entries, newest first; all of them for a limit below 0."""
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

    def verify(self, head: str | None = None) -> Check:
        """Go through the chain; see `aurora_tui.chain` for what that proves."""
        with self._file.reading() as connection:
            return chain.check(journal_file.links(connection), journal_file.last_number(connection), head)

    def prepare(self) -> None:
        """Make sure that the journal is there and takes writes."""
        with self._file.writing():
            pass

    def close(self) -> None:
        self._file.close()

    def _read(self, intents: str, values: tuple[Any, ...]) -> list[Entry]:
        query = f"WHERE id IN ({intents}) OR entry IN ({intents})"
        with self._file.reading() as connection:
            links = journal_file.links(connection, query, values * 2)
        grouped: dict[int, list[Link]] = defaultdict(list)
        for link in links:
            grouped[link.number if link.entry is None else link.entry].append(link)
        return [self._entry(number, facts) for number, facts in sorted(grouped.items(), reverse=True)]

    def _entry(self, number: int, facts: list[Link]) -> Entry:
        try:
            return _entry(number, facts)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            words = f"entry {number} of the journal {self.path} is unreadable ({type(error).__name__}: {error})"
            raise JournalError(f"{words}: see `aurora-tui journal verify`") from error


def _clean(action: Action) -> Action:
    """The action without secrets: whatever a verb lets through stops here, before the file."""
    kind, params = action.target.kind, mask(action.params)
    if action.verb is Verb.SHELL and "command" in params:
        params["command"] = mask_command(str(action.params["command"]))
    return replace(
        action,
        params=params,
        before=mask(redact(action.before, kind)),
        after=mask(redact(action.after, kind)),
    )


def _text(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, sort_keys=True)


def _entry(number: int, facts: list[Link]) -> Entry:
    last = {fact.kind: fact for fact in facts}
    bodies = {kind: json.loads(fact.body) for kind, fact in last.items()}
    intent, outcome, verdict = bodies["intent"], bodies.get("outcome"), bodies.get("verdict")
    shown, process = intent.get("preview"), intent.get("process")
    return Entry(
        number,
        float(last["intent"].at),
        Action.from_json(intent["action"]),
        intent["reason"],
        Operator(**intent["operator"]),
        Outcome(outcome["outcome"]) if outcome else Outcome.UNCERTAIN,
        outcome["message"] if outcome else UNFINISHED,
        float(last["outcome"].at) if outcome else None,
        Verdict.from_json(verdict) if verdict else None,
        Preview(shown["impossible"], tuple(shown["warnings"])) if shown else None,
        intent.get("generation"),
        intent.get("part_of", ""),
        Process.from_json(process) if process else None,
        intent.get("program", ""),
        outcome.get("resource_version", "") if outcome else "",
        float(last["verdict"].at) if verdict else None,
        tuple(facts),
    )
