"""``incident list|show|export|verify``: what was opened, what happened in it, its post-mortem, and the book's chain."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import click

from aurora_tui.commands import output
from aurora_tui.commands.newfile import new_file
from aurora_tui.commands.replay import pictures
from aurora_tui.folders import state_dir
from aurora_tui.incident.book import Book
from aurora_tui.incident.bundle import MOST_BYTES, bundled, fitting
from aurora_tui.incident.page import html
from aurora_tui.incident.postmortem import draft
from aurora_tui.journal import Operator
from aurora_tui.journal_export import stamp
from aurora_tui.journal_file import JournalError
from aurora_tui.launch import Wanted, fail, settings_of
from aurora_tui.model.ages import human_duration
from aurora_tui.model.checklists import GuidedList
from aurora_tui.model.facts import Fact, FactKind, light
from aurora_tui.model.incidentlist import named
from aurora_tui.model.incidents import Incident, fold
from aurora_tui.model.text import printable
from aurora_tui.model.timeline import offset_words
from aurora_tui.settings import Settings

NEWEST = "last"
_OTHER_ARCHIVES = frozenset({".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar"})


def show_list(form: str) -> int:
    """Print all incidents, the newest first."""
    found = _incidents()
    if form == "json":
        output.emit([_raw(each) for each in found])
    elif not found:
        click.echo("No incident was opened here yet: I in the console opens one.", err=True)
    else:
        now = time.time()
        rows = [
            [
                printable(each.id),
                each.severity,
                each.state_words,
                stamp(each.opened_at),
                human_duration((each.resolved_at or now) - each.begin),
                printable(each.context),
                printable(each.title),
            ]
            for each in found
        ]
        click.echo(output.align([["INCIDENT", "SEVERITY", "STATE", "OPENED", "DURATION", "CONTEXT", "TITLE"], *rows]))
    return 0


def show(name: str, form: str) -> int:
    """Print an incident with its timeline."""
    found = _chosen(name)
    if form == "json":
        output.emit({**_raw(found), "timeline": [_entry(found, number) for number in range(len(found.timeline))]})
        return 0
    state = "open" if found.is_open else f"{found.state_words} {stamp(found.resolved_at or 0.0)}"
    state += f" by {found.resolved_by}: {found.without_calm}" if found.without_calm else ""
    for label, text in (
        ("incident", found.id),
        ("title", found.title),
        ("severity", found.severity),
        ("state", state),
        ("context", found.context),
        ("namespace", found.namespace),
        ("onset", stamp(found.onset) if found.onset is not None else "not known"),
        ("opened", f"{stamp(found.opened_at)} by {found.opened_by}"),
        ("people", ", ".join(found.people)),
    ):
        click.echo(f"{label + ':':<12}{printable(text)}")
    click.echo("")
    rows = [
        [
            stamp(each.at),
            offset_words(each.at - found.begin),
            each.kind.value,
            printable(each.by or "-"),
            printable(each.words),
        ]
        for each in found.timeline
    ]
    click.echo(output.align([["TIME", "FROM", "WHAT", "BY", "ENTRY"], *rows]))
    return 0


def export(wanted: Wanted, name: str, form: str, out: Path | None, bundle: Path | None) -> int:
    """Write the draft, the facts, or the archive, to a new file or to standard output."""
    found = _chosen(name)
    settings = settings_of(wanted)
    try:
        book = Book(state_dir())
        facts = book.facts(found.id)
        found = fold(facts) or found
        if bundle is not None:
            if bundle.suffix.lower() in _OTHER_ARCHIVES:
                raise fail(f"{bundle}: a bundle is a zip archive: call it .zip")
            kept = fitting(facts)
            with new_file(bundle) as file:
                file.write(bundled(kept))
            if len(kept) < len(facts):
                most = f"a bundle holds {MOST_BYTES // 2**20} MiB at most"
                click.echo(f"left out {len(facts) - len(kept)} of the captures in between: {most}", err=True)
            click.echo(f"wrote {bundle}: open it with `aurora-tui replay {bundle}`", err=True)
            if out is None:
                return 0
        drafted = [] if form == "json" else list(_drafted(found, settings))
        text = _text(fold([*facts, *drafted]) or found, facts, settings, form)
        if out is None:
            click.echo(text, nl=False)
        else:
            with new_file(out) as file:
                file.write(text.encode("utf-8", "backslashreplace"))
        with contextlib.suppress(JournalError):  # where nothing can be put down the draft is there all the same
            for tick in drafted:
                book.append(tick.incident, tick.kind, tick.body, by=tick.by, at=tick.at)
    except JournalError as error:
        raise fail(str(error)) from error
    return 0


def _drafted(found: Incident, settings: Settings) -> Iterator[Fact]:
    """With the draft the step that asks for it is done, wherever the procedure has one; it is put down afterwards."""
    for phase in _procedure(settings).phases:
        for number, step in enumerate(phase.steps, 1):
            name = f"{phase.name}.{step.name}"
            if step.seen == "postmortem" and name not in found.ticks:
                words = f"seen done: {step.text}"
                body = {"step": name, "done": True, "itself": True, "key": f"saw/{name}", "words": words}
                yield Fact(found.id, "draft", number, time.time(), str(Operator.here("")), FactKind.TICK, body)


def _procedure(settings: Settings) -> GuidedList:
    return next(each for each in settings.checklists if each.name == settings.incident.procedure)


def verify(form: str) -> int:
    """Check the chain of the book of incidents. 0 intact, 1 not."""
    try:
        found = Book(state_dir()).verify()
    except JournalError as error:
        raise fail(str(error)) from error
    if form == "json":
        output.emit({"intact": found.intact, "facts": found.facts, "head": found.head})
    else:
        for fault in found.faults:
            click.echo(printable(f"fact {fault.fact}: {fault.kind}: {fault.text}"))
        click.echo(f"{'intact' if found.intact else 'not intact'}: {found.facts} facts, head {found.head}")
    return 0 if found.intact else 1


def _text(found: Incident, facts: list[Fact], settings: Settings, form: str) -> str:
    lines = list(draft(found, _procedure(settings), time.time()))
    if form == "md":
        return "\n".join([*lines, ""])
    if form == "html":
        return html(lines, found.title, pictures(settings, facts))
    import json

    return json.dumps({**_raw(found), "facts": [light(fact).to_json() for fact in facts]}, indent=2) + "\n"


def _incidents() -> list[Incident]:
    try:
        return Book(state_dir()).incidents()
    except JournalError as error:
        raise fail(str(error)) from error


def _chosen(name: str) -> Incident:
    known = _incidents()
    if name == NEWEST and known:
        return known[0]
    exact = named(known, name)
    if len(exact) != 1:
        what = "no incident" if not exact else f"{len(exact)} incidents"
        raise click.ClickException(f"{what} of the name {name!r}: see `aurora-tui incident list`")
    return exact[0]


def _raw(found: Incident) -> dict[str, object]:
    return {
        "id": found.id, "title": found.title, "severity": found.severity,
        "state": "open" if found.is_open else "resolved",
        "context": found.context, "namespace": found.namespace, "service": found.service, "alert": found.alert,
        "workload": str(found.ref) if found.ref else None, "onset": found.onset, "opened_at": found.opened_at,
        "opened_by": found.opened_by, "resolved_at": found.resolved_at,
        "without_calm": found.without_calm or None, "people": list(found.people),
        "roles": dict(found.roles),
    }  # fmt: skip


def _entry(found: Incident, number: int) -> dict[str, object]:
    entry = found.timeline[number]
    return {
        "at": entry.at, "kind": str(entry.kind), "words": entry.words, "by": entry.by, "details": list(entry.details),
        "object": str(entry.ref) if entry.ref else None,
    }  # fmt: skip
