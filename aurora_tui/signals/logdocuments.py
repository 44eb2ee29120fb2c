"""Documents of a log store as log lines: ECS names in front, what the pane tells already left out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from aurora_tui.model.logfields import LogStore, Mapped, stream_of
from aurora_tui.model.loglines import LogLine
from aurora_tui.model.selection import LogSelection
from aurora_tui.signals.elastic_answers import Hit
from aurora_tui.signals.logquery import pod_pattern

Key = tuple[str, str]
"""Index and id: what a document is known by."""

NANO = 1_000_000_000
_LAST = 253_402_300_799 * NANO
"""The end of the year 9999."""
_ECS = {"level": "log.level", "message": "message", "stack": "error.stack_trace", "trace": "trace.id"}
_ENCODE = msgspec.json.Encoder().encode


class Document(msgspec.Struct, frozen=True, gc=False):
    """A document's identity, its time in nanoseconds, and the line; `ingested` in seconds, where it is told."""

    key: Key
    nanos: int
    line: LogLine
    wanted: bool
    """Whether it belongs to the selection: a text field finds more than was meant."""
    ingested: float | None
    heavy: bool = False
    """It is too large to be read."""


class Reading:
    """How the documents of one selection are read."""

    def __init__(self, store: LogStore, fields: Mapped, selection: LogSelection) -> None:
        self._fields = fields
        self._out = tuple(f"{name}." for name in store.leave_out)
        self._names = frozenset((*store.leave_out, *store.candidates("time"), *fields.of("ingested")))
        self._selection = selection
        self._pod = re.compile(pod_pattern(selection.workload)) if selection.workload and not selection.labels else None

    @property
    def source(self) -> dict[str, list[str]]:
        """What the server leaves out of its answers; what names the pod is needed."""
        kept = {
            name for role in ("pod", "namespace", "container", "workload", "ingested") for name in self._fields.of(role)
        }
        names = [name for name in sorted(self._names) if not any(_within(need, name) for need in kept)]
        return {"excludes": [each for name in names for each in (name, f"{name}.*")]}

    def read(self, hit: Hit) -> Document:
        """A hit that was sorted by time."""
        nanos = nanos_of(str(hit.sort[0]))
        values = flat(hit.source or {})
        pod, container = self._first(values, "pod"), self._first(values, "container")
        if hit.source is None:
            where = f"{hit.id} in {stream_of(hit.index)}"
            text = f"(the document {where} cannot be shown: too large, or kept without its source)"
            pod = str((hit.fields.get(next(iter(self._fields.of("pod")), "")) or [""])[0])
        else:
            text = self._text(values)
        ingested = self._first(values, "ingested")
        return Document(
            (hit.index, hit.id),
            nanos,
            LogLine(nanos / NANO, pod or "-", container, text),
            self._belongs(values, pod),
            _seconds(ingested) if ingested else None,
            hit.source is None,
        )

    def _belongs(self, values: Mapping[str, Any], pod: str) -> bool:
        selection = self._selection
        if not values:
            return True
        if selection.pod is not None and pod != selection.pod:
            return False
        if selection.container is not None and self._first(values, "container") != selection.container:
            return False
        namespace = self._first(values, "namespace")
        if selection.trace is None and namespace and selection.namespace and namespace != selection.namespace:
            return False
        if self._pod is not None and selection.workload is not None:
            own = self._first(values, "workload")
            return own == selection.workload[1] if own else self._pod.fullmatch(pod) is not None
        return True

    def _text(self, values: Mapping[str, Any]) -> str:
        shown: dict[str, Any] = {}
        taken: set[str] = set()
        for role, name in _ECS.items():
            field = next((each for each in self._fields.of(role) if each in values), None)
            if field is not None:
                shown[name] = values[field]
                taken.add(field)
        message = shown.get("message")
        if isinstance(message, str) and message.lstrip().startswith("{"):
            # The pod's own line, which its shipper left as it was.
            return message
        rest = {
            name: value
            for name, value in values.items()
            if name not in taken and name not in self._names and not name.startswith(self._out)
        }
        shown |= {name: value for name, value in rest.items() if name not in shown}
        if set(shown) <= {"message"}:
            return message if isinstance(message, str) else _ENCODE(shown).decode()
        return _ENCODE(shown).decode()

    def _first(self, values: Mapping[str, Any], role: str) -> str:
        for name in self._fields.of(role):
            value = values.get(name)
            if value is not None:
                return str(value[0] if isinstance(value, list) and value else value)
        return ""


def flat(source: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The leaves of a document by their dotted names."""
    found: dict[str, Any] = {}
    for name, value in source.items():
        if isinstance(value, dict):
            # Of an object whose fields were all left out the server sends the shell.
            found |= flat(value, f"{prefix}{name}.")
        elif value is not None:
            found[prefix + name] = value
    return found


def nanos_of(text: str) -> int:
    """Nanoseconds since the epoch of ``2026-11-26T17:00:00.123456789Z``.

    What a wrong unit made of a time, ``+56905830-09-06T…``, is the last or the first moment there is.
    """
    date, _, fraction = text.rstrip("Z").partition(".")
    try:
        seconds = round(datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return 0 if date.startswith("-") else _LAST
    return seconds * NANO + int(fraction.ljust(9, "0")[:9] or 0)


def stamp_of(nanos: int) -> str:
    """The other way round."""
    seconds, rest = divmod(nanos, NANO)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def _within(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


def _seconds(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
