"""``logs``: a selection's lines for a shell, from the sources that the logs pane has."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import click

from aurora_tui.cluster import resources
from aurora_tui.cluster.errors import ClusterError
from aurora_tui.cluster.logs import follow
from aurora_tui.cluster.protocol import LogRequest
from aurora_tui.commands.target import read_target
from aurora_tui.logbuffer import LogBuffer
from aurora_tui.model import kube
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.loglines import LogLine
from aurora_tui.model.selection import LogOrigin, LogSelection
from aurora_tui.model.stamps import rfc3339
from aurora_tui.model.text import printable
from aurora_tui.session import Session
from aurora_tui.signals.errors import SignalError
from aurora_tui.signals.eslogs import ElasticTail

_SPAN = re.compile(r"(\d+)([smhd])")
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_NEWEST = 200
_LOOK = 0.1
"""Seconds between two looks at what a source has brought."""


class Asked(Frozen):
    """The options of the command line."""

    container: str | None
    previous: bool
    since: str | None
    until: str | None
    tail: int | None
    trace: str | None
    source: str | None
    follow: bool
    form: str


async def run(session: Session, target: str, asked: Asked) -> int:
    """Print the lines: 0 where they could be read, 1 where nothing could, with the reason."""
    selection = await _selection(session, target, asked)
    pods = await _pods(session, selection)
    if asked.source is None and not pods:
        try:
            await session.elasticsearch()
        except SignalError as error:
            return _complain(f"the cluster has no pod of {selection}, and Elasticsearch cannot be read: {error}")
        _say(f"the cluster has no pod of {selection}: reading Elasticsearch")
        selection = selection.from_source(LogOrigin.ELASTICSEARCH)
    if selection.source is LogOrigin.ELASTICSEARCH or asked.follow:
        return await _tail(session, selection, asked)
    return await _print_cluster(session, selection, pods, asked)


async def _selection(session: Session, target: str, asked: Asked) -> LogSelection:
    resource, name = read_target(target)
    now = session.clock()
    since, until = (_time(text, now, option) for text, option in ((asked.since, "since"), (asked.until, "until")))
    if asked.follow and until is not None:
        raise click.UsageError("--follow goes on for ever: leave --until out")
    pod = name if resource is resources.PODS else None
    labels: Iterable[tuple[str, str]] = ()
    if resource is resources.SERVICES:
        item = await session.cluster.get(resource, session.home, name)
        labels = (item["spec"].get("selector") or {}).items()
    tail = asked.tail or (None if since or until else _NEWEST)
    return LogSelection(
        session.home,
        pod=pod,
        workload=None if pod else (resource.kind, name),
        labels=tuple(labels),
        container=asked.container,
        previous=asked.previous,
        tail=tail,
        since=since,
        source=LogOrigin(asked.source or "cluster"),
        until=until,
        trace=asked.trace,
    )


def _time(text: str | None, now: float, option: str) -> str | None:
    if text is None:
        return None
    if span := _SPAN.fullmatch(text):
        return rfc3339(now - int(span[1]) * _UNIT_S[span[2]])
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"--{option} {text!r}: give 15m, 2h or a time such as 2026-11-26T03:00:00Z") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat().replace("+00:00", "Z")


async def _pods(session: Session, selection: LogSelection) -> list[kube.Pod]:
    if selection.source is LogOrigin.ELASTICSEARCH:
        return []
    return await session.pods_of(selection)


async def _print_cluster(session: Session, selection: LogSelection, pods: Sequence[kube.Pod], asked: Asked) -> int:
    lines: list[LogLine] = []
    refused: list[str] = []
    for pod in pods:
        for status in pod.status.container_statuses or ():
            if selection.container not in (None, status.name):
                continue
            request = LogRequest(
                selection.namespace,
                pod.metadata.name,
                status.name,
                previous=selection.previous,
                tail=None if asked.until or asked.trace else selection.tail,
                since=selection.since,
            )
            try:
                lines += [line async for line in follow(session.cluster, request)]
            except ClusterError as error:
                refused.append(f"{pod.metadata.name}: {error}")
    _Printer(asked, selection).show(lines)
    for words in refused:
        _say(words)
    return 1 if refused and not lines else 0


async def _tail(session: Session, selection: LogSelection, asked: Asked) -> int:
    """Follow, or read what Elasticsearch has; what it cannot do now is said once, with -f at each change."""
    buffer = _Arriving()
    tail = session.tail(selection, buffer)
    task = asyncio.create_task(tail.run())
    printer = _Printer(asked, selection)
    said: dict[str, str] = {}
    try:
        while not task.done():
            elastic = tail if isinstance(tail, ElasticTail) else None
            if elastic is None or (elastic.looks and not elastic.reading_back):
                printer.show(buffer.arrived())
                if not asked.follow:
                    _notes(tail.notes, said)
                    if not printer.shown:
                        _say(f"no line of {selection} in {selection.source.words}")
                    return 0
            if tail.notes != said:
                _notes(tail.notes, said)
                if elastic is not None and not elastic.looks and not asked.follow:
                    return 1
            await asyncio.sleep(_LOOK)
        await task
        return 0
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _notes(notes: dict[str, str], said: dict[str, str]) -> None:
    for name, words in notes.items():
        if said.get(name) != words:
            _say(f"{name}: {words}")
    said.clear()
    said.update(notes)


class _Arriving(LogBuffer):
    """A buffer that hands each line on once, however it came."""

    def __init__(self) -> None:
        super().__init__(capacity_lines=1_000_000, capacity_bytes=1 << 30)
        self._new: list[LogLine] = []

    def append(self, lines: Iterable[LogLine]) -> None:
        self._new += lines

    def insert(self, lines: Iterable[LogLine]) -> None:
        self._new += lines

    def prepend(self, lines: Iterable[LogLine]) -> int:
        older = list(lines)
        self._new += older
        return len(older)

    def arrived(self) -> list[LogLine]:
        new, self._new = self._new, []
        return new


class _Printer:
    """Prints lines by their times; a trace and an end in time are cut out of what the cluster gives."""

    def __init__(self, asked: Asked, selection: LogSelection) -> None:
        self._json = asked.form == "json"
        self._cluster = selection.source is LogOrigin.CLUSTER
        self._selection = selection
        self._most = asked.tail if not asked.follow else None
        self.shown = 0

    def show(self, lines: Iterable[LogLine]) -> None:
        chosen = sorted((line for line in lines if self._wanted(line)), key=lambda line: line.stamp or 0.0)
        for line in chosen[-self._most :] if self._most else chosen:
            self.shown += 1
            sys.stdout.write(self._written(line))
        sys.stdout.flush()

    def _wanted(self, line: LogLine) -> bool:
        return not self._cluster or self._selection.keeps(line.stamp, line.text)

    def _written(self, line: LogLine) -> str:
        stamp = None if line.stamp is None else datetime.fromtimestamp(line.stamp, UTC)
        if self._json:
            told = {"time": stamp and stamp.isoformat().replace("+00:00", "Z"), "pod": line.origin}
            return f"{json.dumps({**told, 'container': line.container, 'text': line.text}, ensure_ascii=False)}\n"
        time = f"{stamp:%Y-%m-%dT%H:%M:%S}.{stamp.microsecond // 1000:03d}Z " if stamp else ""
        return f"{time}{printable(line.origin)} {printable(line.text)}\n"


def _say(words: str) -> None:
    click.echo(f"aurora-tui: {printable(words)}", err=True)


def _complain(words: str) -> int:
    _say(words)
    return 1
