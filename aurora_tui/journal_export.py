"""The journal's entries for others to read: JSON with all that was recorded, and Markdown as an incident log."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from aurora_tui.journal import Entry
from aurora_tui.model.actions import Recovery, Verdict
from aurora_tui.model.diffs import changes
from aurora_tui.model.rollouts import counted
from aurora_tui.model.text import printable

_BACKTICKS = re.compile("`+")


def as_json(entry: Entry) -> dict[str, Any]:
    """One entry as the journal understands it; times are seconds since the epoch, `duration` seconds."""
    return {
        "id": entry.id,
        "started_at": entry.started_at,
        "finished_at": entry.finished_at,
        "duration": duration(entry),
        **entry.action.to_json(),
        "generation": entry.generation,
        "resource_version_after": entry.resource_version or None,
        "reason": entry.reason,
        "part_of": entry.part_of,
        "actor": entry.operator.actor,
        "kube_user": entry.operator.kube_user,
        "host": entry.operator.host,
        "tty": entry.operator.tty,
        "process": entry.process.to_json() if entry.process else None,
        "program": entry.program,
        "dry_run": dry_run(entry),
        "warnings": list(entry.preview.warnings) if entry.preview else [],
        "outcome": entry.outcome.value,
        "message": entry.message,
        "verdict": entry.verdict.to_json() if entry.verdict else None,
        "verdict_at": entry.verdict_at,
    }


def duration(entry: Entry) -> float | None:
    """Seconds from the intent to the recorded outcome."""
    return None if entry.finished_at is None else entry.finished_at - entry.started_at


def dry_run(entry: Entry) -> str:
    """What came of the server's trial beforehand; empty where a version of before did not record it."""
    if entry.preview is None:
        return ""
    return f"not possible: {entry.preview.impossible}" if entry.preview.impossible else "done"


def jsonl(entries: Sequence[Entry]) -> Iterator[str]:
    """One line an entry: `as_json`, and every fact as it stands in the chain. Nothing beyond printable ASCII."""
    for entry in entries:
        facts = [
            {
                "number": fact.number,
                "kind": fact.kind,
                "at": fact.at,
                "body": json.loads(fact.body),
                "previous": fact.previous,
                "hash": fact.hash,
            }
            for fact in entry.facts
        ]
        yield json.dumps({**as_json(entry), "facts": facts}, ensure_ascii=True)


def markdown(entries: Sequence[Entry], head: str) -> Iterator[str]:
    """An incident log, times in UTC, line by line; `head` is the chain's.

    All that comes from outside stands in code spans and blocks, where nothing is markup, a link or a mention.
    """
    yield "# Incident log"
    yield ""
    yield f"{counted(len(entries), 'action')}, times in UTC, oldest first. Head of the journal's chain: {code(head)}"
    for entry in entries:
        yield ""
        yield from _section(entry)


def _section(entry: Entry) -> Iterator[str]:
    action, operator = entry.action, entry.operator
    target = action.target
    yield f"## {stamp(entry.started_at)} {code(f'{action.verb} {target}')}: {entry.outcome}"
    yield ""
    yield f"- Entry: {entry.id}"
    place = f" from {code(operator.tty)}" if operator.tty else ""
    yield f"- Who: {code(operator.actor)} as {code(operator.kube_user)} on {code(operator.host)}{place}"
    namespace = f", namespace {code(target.namespace)}" if target.namespace else ""
    yield f"- Where: context {code(target.context)}{namespace}, uid {code(target.uid)}"
    after = f", after {code(entry.resource_version)}" if entry.resource_version else ""
    yield f"- Resource version: before {code(target.resource_version)}{after}"
    yield f"- Why: {code(entry.reason)}"
    if entry.part_of:
        yield f"- Part of: {code(entry.part_of)}"
    if tried := dry_run(entry):
        yield f"- Dry run: {code(tried)}"
    for warning in entry.preview.warnings if entry.preview else ():
        yield f"- Warned: {code(warning)}"
    yield f"- Outcome: {entry.outcome}{_when(entry)}: {code(entry.message)}"
    if entry.verdict:
        yield f"- Verdict: {code(entry.verdict.text)} ({verdict_times(entry.verdict)})"
    differences = changes(action.before, action.after)
    if differences:
        yield "- Change:"
        yield ""
        yield "  ```diff"
        # A line begins with its sign, so none can end the block.
        yield from (f"  {printable(str(line))}" for line in differences)
        yield "  ```"


def verdict_times(verdict: Verdict) -> str:
    """How long the pods and the SLI were followed."""
    text = f"pods {verdict.rollout_seconds:.0f} s"
    if verdict.sli is not Recovery.NOT_ASKED and verdict.sli_seconds is not None:
        text += f", SLI {verdict.sli_seconds:.0f} s"
    return text


def stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _when(entry: Entry) -> str:
    seconds = duration(entry)
    if entry.finished_at is None or seconds is None:
        return ""
    return f" at {stamp(entry.finished_at)} after {seconds:.1f} s"


def code(text: str) -> str:
    """A code span: fenced by more backticks than stand in a row in it (CommonMark 6.1)."""
    text = printable(text).strip()
    if not text:
        return "–"
    fence = "`" * (max(map(len, _BACKTICKS.findall(text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"
