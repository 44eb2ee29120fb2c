"""``journal list|show|verify|export``: what was done to the clusters, by whom, and whether the record stands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from aurora_tui import journal_export
from aurora_tui.chain import Check, Fault
from aurora_tui.commands import output
from aurora_tui.commands.newfile import new_file
from aurora_tui.folders import state_dir
from aurora_tui.journal import Entry, Journal, JournalError
from aurora_tui.journal_export import as_json, stamp
from aurora_tui.launch import fail
from aurora_tui.model.text import printable

INTACT, BROKEN = 0, 1
ALL = -1


def show_list(form: str, limit: int) -> int:
    """Print the newest entries, newest first."""
    try:
        entries = Journal(state_dir()).entries(limit)
    except JournalError as error:
        raise click.ClickException(str(error)) from error
    if form == "json":
        output.emit([as_json(entry) for entry in entries])
    elif not entries:
        click.echo("The journal is empty: nothing was done to a cluster yet.", err=True)
    else:
        rows = [
            [
                str(entry.id),
                stamp(entry.started_at),
                printable(entry.action.target.context),
                entry.action.verb.value,
                printable(str(entry.action.target)),
                entry.outcome.value,
                printable(entry.verdict.text if entry.verdict else entry.message),
            ]
            for entry in entries
        ]
        click.echo(output.align([["ID", "TIME", "CONTEXT", "VERB", "OBJECT", "OUTCOME", "RESULT"], *rows]))
    return 0


def show_entry(form: str, number: int) -> int:
    """Print all that is known of one entry."""
    try:
        entry = Journal(state_dir()).entry(number)
    except JournalError as error:
        raise click.ClickException(str(error)) from error
    if entry is None:
        raise click.ClickException(f"the journal has no entry {number}: see `aurora-tui journal list`")
    if form == "json":
        output.emit(as_json(entry))
        return 0
    for name, text in _details(entry):
        click.echo(f"{name + ':':<18}{printable(text)}")
    return 0


def verify(form: str, head: str | None) -> int:
    """Check the chain and print what is wrong with it. 0 intact, 1 not."""
    try:
        found = Journal(state_dir()).verify(head)
    except JournalError as error:
        raise fail(str(error)) from error
    if form == "json":
        output.emit(_check_as_json(found))
        return INTACT if found.intact else BROKEN
    for fault in found.faults:
        click.echo(printable(f"{_place(fault)}: {fault.kind}: {fault.text}"))
    if found.lost_head:
        click.echo(
            f"head {found.lost_head} is not in the chain: what it stood for was removed, or all was chained anew"
        )
    elif head is not None:
        click.echo(f"head {head} is in the chain")
    words = "intact" if found.intact else "not intact"
    click.echo(f"{words}: {found.facts} facts, head {found.head}")
    return INTACT if found.intact else BROKEN


def export(form: str, out: Path | None) -> int:
    """Write all entries, oldest first, to a new file or to standard output."""
    journal = Journal(state_dir())
    try:
        entries, head = journal.entries(ALL)[::-1], journal.verify().head
    except JournalError as error:
        raise fail(str(error)) from error
    lines = journal_export.markdown(entries, head) if form == "markdown" else journal_export.jsonl(entries)
    if out is None:
        for line in lines:
            click.echo(line)
    else:
        with new_file(out) as file:
            file.writelines(f"{line}\n".encode("utf-8", "backslashreplace") for line in lines)
    return 0


def _details(entry: Entry) -> list[tuple[str, str]]:
    target, operator, process = entry.action.target, entry.operator, entry.process
    seconds = journal_export.duration(entry)
    lasted = f" (after {seconds:.1f} s)" if seconds is not None else ""
    verdict = entry.verdict
    return [
        ("entry", str(entry.id)),
        ("started", stamp(entry.started_at)),
        ("finished", f"{stamp(entry.finished_at)}{lasted}" if entry.finished_at else "never recorded"),
        ("action", f"{entry.action.verb.value} {target}"),
        ("context", target.context),
        ("namespace", target.namespace),
        ("uid", target.uid),
        ("resource version", f"{target.resource_version} -> {entry.resource_version or 'not known'}"),
        ("parameters", _pairs(entry.action.params)),
        ("before", _pairs(entry.action.before)),
        ("after", _pairs(entry.action.after)),
        ("dry run", journal_export.dry_run(entry) or "not recorded"),
        *(("warned", words) for words in (entry.preview.warnings if entry.preview else ())),
        ("reason", entry.reason or "-"),
        ("operator", f"{operator.actor} as {operator.kube_user} on {operator.host}"),
        ("terminal", operator.tty or "none"),
        ("program", f"{entry.program}, process {process.pid}" if process else "not recorded"),
        ("outcome", f"{entry.outcome.value}: {entry.message}" if entry.message else entry.outcome.value),
        ("verdict", f"{verdict.text} ({journal_export.verdict_times(verdict)})" if verdict else "-"),
        ("hash", entry.facts[-1].hash),
    ]


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in values.items()) or "-"


def _place(fault: Fault) -> str:
    entry = f" of entry {fault.entry}" if fault.entry is not None else ""
    return f"fact {fault.fact}{entry} ({_time(fault)})"


def _time(fault: Fault) -> str:
    if not isinstance(fault.at, float):  # nothing follows what is missing, or a strange hand wrote no time
        return "time unknown"
    try:
        return f"before {stamp(fault.at)}" if fault.entry is None else stamp(fault.at)
    except (ValueError, OverflowError, OSError):
        return "time unknown"


def _check_as_json(found: Check) -> dict[str, Any]:
    return {
        "intact": found.intact,
        "facts": found.facts,
        "head": found.head,
        "lost_head": found.lost_head or None,
        "faults": [
            {"fact": each.fact, "entry": each.entry, "at": each.at, "kind": str(each.kind), "text": each.text}
            for each in found.faults
        ],
    }
