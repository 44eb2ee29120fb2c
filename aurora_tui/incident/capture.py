"""Snapshots: the rows of the live tables and log lines at one moment, small, redacted and readable again.

Events live an hour and pods vanish: what stood on the screen when it began is kept with the incident.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import field

from aurora_tui.cluster.resources import CONFIGMAPS, WATCHED
from aurora_tui.model import kube
from aurora_tui.model.alerts import Alert
from aurora_tui.model.facts import is_moment
from aurora_tui.model.freshness import Freshness, SourceState
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.loglines import LogLine
from aurora_tui.model.masking import mask, mask_text
from aurora_tui.model.redaction import LAST_APPLIED
from aurora_tui.model.slo import SloReading
from aurora_tui.store import Store

KINDS: Mapping[str, Any] = {
    "slos": SloReading,
    "alerts": Alert,
    "podmetrics": kube.PodMetrics,
    **{each.table: each.struct for each in WATCHED if each.struct is not None and each is not CONFIGMAPS},
}
"""The tables that are captured and the types of their rows. What ConfigMaps hold is nobody else's business."""
_NAMESPACED = frozenset(each.table for each in WATCHED if each.namespaced) | {"podmetrics"}
MOST_ROWS = 3000
"""Of one table."""
MOST_LINES = 4000
LONGEST_LINE = 2000
MOST_BYTES = 64 * 2**20
"""Of a snapshot unpacked: beyond it is no snapshot of ours."""


class Snapshot(Frozen):
    """What the panes showed at `at` (seconds since the epoch); rows by table and key."""

    at: float
    tables: Mapping[str, Mapping[str, Any]]
    states: Mapping[str, Freshness] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    """By table the rows that stood there and are not here: too many to keep, or of another version of the program."""


class Rows(Frozen):
    """The rows of a store as they are now, to be packed beside the event loop: rows are frozen."""

    at: float
    tables: Mapping[str, tuple[Freshness, Mapping[str, Any]]]


def rows_of(store: Store, at: float) -> Rows:
    """Take the rows of all tables that have been heard of."""
    known = [name for name in store.names() if name in KINDS]
    found = {name: store.table(name) for name in known if store.table(name).freshness.last_good is not None}
    return Rows(at, {name: (table.freshness, dict(table.rows)) for name, table in found.items()})


def packed(rows: Rows, more: Mapping[str, Mapping[str, Any]] | None = None, namespace: str = "") -> str:
    """A snapshot as text; `more` are tables that were read for it and of which no pane shows anything.

    Of objects in namespaces only those of `namespace` are kept, where one is given.
    """
    tables = {
        name: _table(freshness, _of(namespace, found) if namespace and name in _NAMESPACED else found)
        for name, (freshness, found) in rows.tables.items()
    }
    live = Freshness(SourceState.LIVE, rows.at)
    tables |= {name: _table(live, found) for name, found in (more or {}).items() if name not in tables}
    return _pack({"at": rows.at, "tables": tables})


def packed_again(snapshot: Snapshot) -> str:
    """A snapshot that was read, as text, redacted as if it had been captured here."""
    tables = {
        name: _table(snapshot.states[name], rows, snapshot.dropped[name]) for name, rows in snapshot.tables.items()
    }
    return _pack({"at": snapshot.at, "tables": tables})


def _of(namespace: str, rows: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: row for key, row in rows.items() if key.startswith(f"{namespace}/")}


def _table(freshness: Freshness, rows: Mapping[str, Any], dropped: int = 0) -> dict[str, Any]:
    some = sorted(rows.items())[:MOST_ROWS]
    return {
        "state": str(freshness.state),
        "last_good": freshness.last_good,
        "message": mask_text(freshness.message),
        "left_out": dropped + len(rows) - len(some),
        "rows": {key: mask(_without_copy(msgspec.to_builtins(row, str_keys=True)), fields=True) for key, row in some},
    }


def _without_copy(row: dict[str, Any]) -> dict[str, Any]:
    """A row without the copy of the whole object that ``kubectl apply`` keeps in an annotation."""
    metadata = row.get("metadata")
    if isinstance(metadata, dict) and metadata.get("annotations"):
        metadata["annotations"].pop(LAST_APPLIED, None)
    return row


def unpacked(data: str) -> Snapshot:
    """Read a snapshot again; raises `ValueError` for what is none."""
    raw = _unpack(data)
    tables: dict[str, Mapping[str, Any]] = {}
    states: dict[str, Freshness] = {}
    dropped: dict[str, int] = {}
    try:
        for name, table in raw["tables"].items():
            kind = KINDS.get(name)
            if kind is None:
                continue
            rows = {}
            left_out = table.get("left_out")
            dropped[name] = left_out if isinstance(left_out, int) and 0 <= left_out < 2**53 else 0
            for key, row in table["rows"].items():
                try:
                    rows[key] = msgspec.convert(row, kind, strict=False, str_keys=True)
                except (msgspec.ValidationError, ValueError, TypeError):
                    dropped[name] += 1
            tables[name] = rows
            last_good = _moment(table.get("last_good"))
            states[name] = Freshness(SourceState(table["state"]), last_good, str(table.get("message") or ""))
        if (at := _moment(raw["at"])) is None:
            raise ValueError("no snapshot: it has no time")
        return Snapshot(at, tables, states, dropped)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no snapshot: {type(error).__name__}") from error


def packed_lines(lines: Iterable[LogLine]) -> str:
    """Log lines as text, the newest as many as are kept, each without what is known as a secret by its form."""
    kept = list(lines)[-MOST_LINES:]
    return _pack([(each.stamp, each.origin, each.container, mask_text(each.text[:LONGEST_LINE])) for each in kept])


def unpacked_lines(data: str) -> Sequence[LogLine]:
    """Read them again; raises `ValueError`."""
    try:
        return [
            LogLine(_moment(stamp), str(origin), str(container), str(text))
            for stamp, origin, container, text in _unpack(data)
        ]
    except TypeError as error:
        raise ValueError("no log lines") from error


def _moment(value: Any) -> float | None:
    """A time that was read; None where it is none."""
    return float(value) if isinstance(value, int | float) and is_moment(value) else None


def _pack(value: Any) -> str:
    return base64.b64encode(zlib.compress(msgspec.json.encode(value), 6)).decode("ascii")


def _unpack(data: Any) -> Any:
    try:
        unzip = zlib.decompressobj()
        raw = unzip.decompress(base64.b64decode(data, validate=True), MOST_BYTES)
        if unzip.unconsumed_tail:
            raise ValueError(f"a snapshot beyond {MOST_BYTES // 2**20} MiB is none of ours")
        return msgspec.json.decode(raw)
    except (zlib.error, TypeError, msgspec.DecodeError) as error:
        raise ValueError(f"no snapshot: {type(error).__name__}") from error
