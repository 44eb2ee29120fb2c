"""``journal list|show``: what was done to the clusters, by whom, with what result."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from aurora_tui.commands import output
from aurora_tui.folders import state_dir
from aurora_tui.journal import Entry, Journal, JournalError
from aurora_tui.model.text import printable


def show_list(form: str, limit: int) -> int:
    """Print the newest entries, newest first."""
    try:
        entries = Journal(state_dir()).entries(limit)
    except JournalError as error:
        raise click.ClickException(str(error)) from error
    if form == "json":
        output.emit([_as_json(entry) for entry in entries])
    elif not entries:
        click.echo("The journal is empty: nothing was done to a cluster yet.", err=True)
    else:
        rows = [
            [
                str(entry.id),
                _time(entry.started_at),
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
        output.emit(_as_json(entry))
        return 0
    target = entry.action.target
    facts = [
        ("entry", str(entry.id)),
        ("started", _time(entry.started_at)),
        ("finished", _time(entry.finished_at) if entry.finished_at else "never recorded"),
        ("action", f"{entry.action.verb.value} {target}"),
        ("context", target.context),
        ("namespace", target.namespace),
        ("uid", target.uid),
        ("resource version", target.resource_version),
        ("parameters", _pairs(entry.action.params)),
        ("before", _pairs(entry.action.before)),
        ("after", _pairs(entry.action.after)),
        ("reason", entry.reason or "-"),
        ("operator", f"{entry.operator.actor} as {entry.operator.kube_user} on {entry.operator.host}"),
        ("outcome", f"{entry.outcome.value}: {entry.message}" if entry.message else entry.outcome.value),
        ("verdict", entry.verdict.text if entry.verdict else "-"),
    ]
    for name, text in facts:
        click.echo(f"{name + ':':<18}{printable(text)}")
    return 0


def _pairs(values: Any) -> str:
    return ", ".join(f"{key}={value}" for key, value in values.items()) or "-"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _as_json(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "started_at": entry.started_at,
        "finished_at": entry.finished_at,
        **entry.action.to_json(),
        "reason": entry.reason,
        "actor": entry.operator.actor,
        "kube_user": entry.operator.kube_user,
        "host": entry.operator.host,
        "outcome": entry.outcome.value,
        "message": entry.message,
        "verdict": entry.verdict.to_json() if entry.verdict else None,
    }
