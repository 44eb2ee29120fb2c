"""``changes``: what changed in a namespace, nearest to an onset first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from aurora_tui.commands import output
from aurora_tui.commands.target import read_target
from aurora_tui.incident.changes import changes_around
from aurora_tui.model.changes import Change, columns
from aurora_tui.model.matchers import seconds_of
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.text import printable
from aurora_tui.session import Session


async def show(session: Session, target: str | None, onset: str | None, back: str, form: str) -> int:
    """Print the changes: 0, or 1 where something could not be looked at, which is said on standard error."""
    middle, look_back = _moment(onset), _seconds(back)
    namespace = session.namespace or session.home
    ref = None
    if target is not None:
        resource, name = read_target(target)
        ref = ObjectRef(resource.kind, namespace, name)
    found = await changes_around(session, namespace, middle, ref, look_back)
    for remark in found.remarks:
        click.echo(printable(remark), err=True)
    now = session.clock()
    shown = columns(middle if middle is not None else now, known=middle is not None)
    if form == "json":
        output.emit(output.objects(shown, found.rows, now, _raw))
    elif found.rows:
        click.echo(output.table(shown, found.rows, now))
    else:
        click.echo(f"nothing has changed in {namespace} in {back}")
    return int(bool(found.remarks))


def _raw(change: Change) -> Mapping[str, Any]:
    ref = change.ref
    return {
        "at": change.at,
        "exact": change.exact,
        "own": change.own,
        "kind": ref.kind,
        "namespace": ref.namespace,
        "name": ref.name,
        "diff": [{"sign": line.sign, "path": line.path, "text": line.text} for line in change.diff],
    }


def _moment(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except ValueError:
        raise click.UsageError(f"--onset {text!r}: give a time such as 2026-01-31T03:12:09Z") from None


def _seconds(text: str) -> float:
    try:
        return float(seconds_of(text))
    except ValueError as error:
        raise click.UsageError(f"--since {text!r}: {error}") from error
