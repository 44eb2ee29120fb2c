"""Printing rows: aligned as kubectl aligns them, or as JSON with the same words and the raw figures."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import click

from aurora_tui.model.columns import Column
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.text import cell_width, printable

Raw = Callable[[Any], Mapping[str, Any]]
_GAP = "   "


class Listing(Frozen):
    """Rows with the columns they are printed in; `trouble` says why they may not be all."""

    columns: Sequence[Column[Any]]
    rows: Sequence[Any]
    raw: Raw
    trouble: str = ""
    denied: bool = False


def table(columns: Sequence[Column[Any]], rows: Iterable[Any], now: float) -> str:
    """Rows under their headings, three blanks between columns."""
    lines = [[column.heading for column in columns]]
    lines += [[printable(column.cell(row, now).text) for column in columns] for row in rows]
    return align(lines)


def align(lines: Sequence[Sequence[str]]) -> str:
    """Cells in columns; the last one is not padded."""
    widths = [max(map(cell_width, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        _GAP.join(cell + " " * (width - cell_width(cell)) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def objects(columns: Sequence[Column[Any]], rows: Iterable[Any], now: float, raw: Raw) -> list[dict[str, Any]]:
    """Rows as JSON objects: headings in lower case, values as printed, and ``raw`` figures."""
    return [
        {**{column.heading.lower(): column.cell(row, now).text for column in columns}, "raw": dict(raw(row))}
        for row in rows
    ]


def emit(value: Any) -> None:
    """Print JSON; text from outside stays data inside its strings, a figure that is none becomes null."""
    text = json.dumps(_finite(value), indent=2, ensure_ascii=True, allow_nan=False)
    click.echo(text.replace("\x7f", "\\u007f"))


def _finite(value: Any) -> Any:
    """JSON has no words for NaN and the infinities."""
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
