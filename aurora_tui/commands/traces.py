"""``traces`` and ``trace``: the rows of the traces page, and one trace as a waterfall, printed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click

from aurora_tui.commands import output
from aurora_tui.model.masking import mask_text
from aurora_tui.model.selection import TraceSelection
from aurora_tui.model.spanview import shown
from aurora_tui.model.text import printable
from aurora_tui.model.trace_rows import COLUMNS, TraceRow
from aurora_tui.model.tracequery import read_duration
from aurora_tui.model.traces import TRACE_DIGITS, Tags, read_id
from aurora_tui.model.tracetree import Node, Tree, tree_of
from aurora_tui.model.waterfall import LEGEND, lines, told
from aurora_tui.session import Session
from aurora_tui.traces import TraceReader, TracesError, query_of

FOUND, UNKNOWN = 0, 2
_TIME = re.compile(r"\d\d:\d\d(:\d\d)?")
_NARROWEST, _WIDEST = 60, 200


async def listing(
    session: Session,
    service: str,
    *,
    around: str | None,
    within: str,
    at_least: str,
    only: str | None,
    form: str,
) -> int:
    """Print the traces of a service, worst first; exit 2 where Jaeger gives no answer."""
    now = session.clock()
    selection = TraceSelection(service)
    span = _duration(within, "--within")
    if around is not None:
        middle = _moment(around, now)
        selection = TraceSelection(service, middle - span / 2, middle + span / 2)
    else:
        selection = TraceSelection(service, now - span, now)
    query = query_of(session.settings, selection, now).of_at_least(_duration(at_least or "0", "--at-least"))
    reader = TraceReader(session)
    try:
        found = await reader.find(query.only_failed(only == "failed"))
    except TracesError as error:
        click.echo(f"aurora-tui: {printable(str(error))}", err=True)
        return UNKNOWN
    finally:
        await reader.close()
    for remark in filter(None, (*found.remarks, found.exemplars)):
        click.echo(printable(remark), err=True)
    rows = [row for row in found.rows if only != "slow" or row.slow]
    if form == "json":
        output.emit(output.objects(COLUMNS, rows, now, _raw))
    elif rows:
        click.echo(output.table(COLUMNS, rows, now))
    else:
        click.echo(f"no {'slow ' if only == 'slow' else ''}{printable(str(found.query))}", err=True)
    return FOUND


async def show(session: Session, trace_id: str, form: str) -> int:
    """Print one trace as a waterfall, or its spans as JSON; exit 2 where Jaeger has none such or gives no answer."""
    try:
        wanted = read_id(trace_id, TRACE_DIGITS)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    reader = TraceReader(session)
    try:
        tree = tree_of(await reader.trace(wanted))
    except TracesError as error:
        click.echo(f"aurora-tui: {printable(str(error))}", err=True)
        return UNKNOWN
    finally:
        await reader.close()
    if form == "json":
        spans = [_span(tree, node) for node in tree.nodes]
        output.emit({"trace": tree.trace, "duration": tree.duration / 1e9, "spans": spans})
        return FOUND
    width = min(max(shutil.get_terminal_size((120, 24)).columns, _NARROWEST), _WIDEST)
    click.echo(f"trace {tree.trace}: {told(tree)}")
    for line in lines(tree, width):
        click.echo(line)
    click.echo(LEGEND)
    return FOUND


def _raw(row: TraceRow) -> Mapping[str, Any]:
    return {
        "trace": row.key,
        "begin": row.begin / 1e9,
        "duration": row.duration / 1e9,
        "spans": row.spans,
        "errors": row.errors,
        "slow": row.slow,
        "whole": row.whole,
        "exemplar": row.exemplar,
        "services": list(row.services),
        "root": {"service": row.root.service, "operation": row.root.operation},
    }


def _span(tree: Tree, node: Node) -> dict[str, Any]:
    """A span with times in seconds; what looks like a secret is hidden as on the screen."""
    span = node.span
    return {
        "span": span.id,
        "parent": span.parent or None,
        "depth": node.depth,
        "service": span.service,
        "operation": span.operation,
        "kind": span.kind,
        "status": span.status.value,
        "message": mask_text(span.message),
        "begin": (span.begin - tree.begin) / 1e9,
        "duration": span.duration / 1e9,
        "own": node.own / 1e9,
        "critical": [[(begin - tree.begin) / 1e9, (end - tree.begin) / 1e9] for begin, end in node.critical],
        "cause": node.cause,
        "orphan": node.orphan,
        "moved": node.moved / 1e9,
        "tags": _tags(span.tags),
        "resource": _tags(span.process),
        "events": [
            {"at": (event.at - tree.begin) / 1e9, "name": event.name, "tags": _tags(event.tags)}
            for event in span.events
        ],
        "links": [{"trace": link.trace, "span": link.span} for link in span.links],
        "warnings": list(span.warnings),
    }


def _tags(tags: Tags) -> dict[str, str]:
    return {name: shown(name, text) for name, text in tags}


def _duration(text: str, option: str) -> float:
    try:
        return read_duration(text)
    except ValueError as error:
        raise click.UsageError(f"{option}: {error}") from error


def _moment(text: str, now: float) -> float:
    """Seconds since the epoch of ``03:07``, ``03:07:12`` (UTC, today or yesterday), RFC 3339, or ``10m`` ago."""
    try:
        if _TIME.fullmatch(text):
            today = datetime.fromtimestamp(now, UTC).date().isoformat()
            moment = datetime.fromisoformat(f"{today}T{text}+00:00").timestamp()
            return moment if moment <= now else moment - 86_400
        if re.match(r"\d{4}-", text):
            found = datetime.fromisoformat(text)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
        return now - read_duration(text)
    except ValueError:
        raise click.UsageError(f"--around {text!r}: give 03:07, 2026-03-14T03:07:00Z or 10m (ago)") from None
