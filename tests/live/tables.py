"""Reads the tables that kubectl prints, and tells whether another reading says the same at its moment."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from aurora_tui.model.text import cell_width

Row = Mapping[str, str]
"""Heading in lower case -> cell as printed."""

_HEADING = re.compile(r"\S+(?: \S+)*")
_AGE = re.compile(r"(?<![\w.-])(?:\d+[smhdy])+(?![\w.-])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "y": 365 * 86400}


def terminal_cells(line: str) -> list[str]:
    """What stands in each cell of a terminal: a wide character fills two, a combining one joins the one before."""
    cells: list[str] = []
    for letter in line:
        width = cell_width(letter)
        if width == 0 and cells:
            cells[-1] += letter
        else:
            cells += [letter, *[""] * (width - 1)]
    return cells


def parse_table(text: str, cells: Callable[[str], Sequence[str]] = list) -> list[Row]:
    """The rows of a table whose columns stand under their headings, three blanks apart.

    kubectl counts characters; a program that counts the terminal's cells is read with `terminal_cells`.
    """
    head, *lines = text.splitlines() or [""]
    spans = [(found.start(), found.group().lower()) for found in _HEADING.finditer(head)]
    ends = [start for start, _ in spans[1:]] + [None]
    return [
        {heading: "".join(line[start:end]).rstrip() for (start, heading), end in zip(spans, ends, strict=True)}
        for line in map(cells, lines)
    ]


def assert_same(ours: Sequence[Row], before: Sequence[Row], after: Sequence[Row]) -> None:
    """Fail unless `ours` are the rows that were read `before` and `after` it, in whatever order.

    Ages may lie anywhere between the two: the clock goes on while three programs start one by one.
    """
    ours, before, after = (sorted(rows, key=_ageless) for rows in (ours, before, after))
    assert list(map(_ageless, before)) == list(map(_ageless, after)), "the cluster changed while it was read"
    for mine, old, new in zip(ours, before, after, strict=False):
        assert list(mine) == list(old), f"headings {list(mine)}, kubectl has {list(old)}"
        for heading, cell in mine.items():
            assert _between(old[heading], cell, new[heading]), (
                f"{heading}: {cell!r}, kubectl says {old[heading]!r} before and {new[heading]!r} after, in {dict(old)}"
            )
    assert len(ours) == len(before), f"{len(ours)} rows, kubectl has {len(before)}"


def _ageless(row: Row) -> list[str]:
    return [_AGE.sub("#", cell) for cell in row.values()]


def _between(before: str, cell: str, after: str) -> bool:
    if _AGE.sub("#", cell) != _AGE.sub("#", before):
        return False
    readings = zip(_ages(before), _ages(cell), _ages(after), strict=True)
    return all(low <= age <= high for low, age, high in readings)


def _ages(cell: str) -> list[int]:
    return [
        sum(int(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)([smhdy])", found))
        for found in _AGE.findall(cell)
    ]
