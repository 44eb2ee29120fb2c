"""A log line in full, as its page shows it: where and when, every field, and what is folded below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from aurora_tui.model.loglines import LogLine, fields_of, level, summary

_WIDEST_KEY = 32


def page_lines(line: LogLine, block: Sequence[str] = ()) -> Iterator[str]:
    """The page's text; `block` are the lines after it that belong to it."""
    fields = fields_of(line.text)
    short = summary(line.text)
    stated = level(line.text)
    rows = [("time", _time(line.stamp)), ("pod", line.origin), ("container", line.container)]
    rows += [("level", str(stated))] if stated is not None else []
    yield from _aligned([(key, value) for key, value in rows if value])
    yield ""
    stack: Sequence[str] = ()
    if fields is None or short is None:
        yield line.text
    else:
        stack = short.stack
        named = [("message", short.message)] if short.message else []
        yield from _aligned([*named, *((key, _text(fields[key])) for key in fields if key not in short.sources)])
    if stack or block:
        yield ""
        yield from stack
        yield from block


def _time(stamp: float | None) -> str:
    if stamp is None:
        return ""
    return f"{datetime.fromtimestamp(stamp, UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z (server)"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _aligned(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Keys in one column; the further lines of a value stand below its first."""
    width = min(max((len(key) for key, _ in rows), default=0), _WIDEST_KEY)
    for key, value in rows:
        first, *further = value.splitlines() or [""]
        yield f"{key:<{width}}  {first}"
        for text in further:
            yield f"{'':<{width}}  {text}"
