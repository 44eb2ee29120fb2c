"""Lines of labelled values, sections and small tables: the paper on which descriptions are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aurora_tui.model.printing import NONE
from aurora_tui.model.text import cell_width

_INDENT = "  "
_LABEL_CELLS = 18


class Outline:
    """Collects lines; none of them holds a line break, whatever the values do."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def pair(self, label: str, value: object, level: int = 0) -> None:
        """``Label:   value``; further lines of the value stand below its first."""
        margin = _INDENT * level
        heading = f"{margin}{label}:"
        column = max(len(margin) + _LABEL_CELLS - (2 if level else 0), cell_width(heading) + 1)
        first, *others = text_lines(value) or [""]
        self.lines.append(f"{heading}{' ' * (column - cell_width(heading))}{first}".rstrip())
        self.lines.extend(f"{' ' * column}{other}" for other in others)

    def optional(self, label: str, value: object, level: int = 0) -> None:
        """A pair, left out when there is no value."""
        if value not in (None, "", [], {}):
            self.pair(label, value, level)

    def heading(self, label: str, level: int = 0) -> None:
        self.lines.append(f"{_INDENT * level}{label}:")

    def pairs(self, label: str, values: Mapping[str, Any], joint: str, level: int = 0) -> None:
        """A map, one entry a line in order of the keys, or ``<none>``."""
        self.pair(label, "\n".join(f"{key}{joint}{values[key]}" for key in sorted(values)) or NONE, level)

    def table(self, label: str, headings: Sequence[str], rows: Iterable[Sequence[str]], level: int = 0) -> None:
        """A section of aligned columns, or ``<none>``."""
        flat = [[" ".join(text_lines(cell)) for cell in row] for row in rows]
        if not flat:
            self.pair(label, NONE, level)
            return
        self.heading(label, level)
        ruled = [list(headings), ["-" * len(heading) for heading in headings], *flat]
        widths = [max(cell_width(row[i]) for row in ruled) for i in range(len(headings))]
        margin = _INDENT * (level + 1)
        for row in ruled:
            cells = (f"{cell}{' ' * (width - cell_width(cell))}" for cell, width in zip(row, widths, strict=True))
            self.lines.append(f"{margin}{'  '.join(cells)}".rstrip())

    def tree(self, label: str, value: Any, level: int = 0) -> None:
        """Any JSON value: maps and lists as nested sections under the names that they have there."""
        if isinstance(value, Mapping) and value:
            self.heading(label, level)
            for key, inner in value.items():
                self.tree(str(key), inner, level + 1)
        elif isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
            self.heading(label, level)
            for index, item in enumerate(value):
                self.tree(_item_label(item, index), item, level + 1)
        elif isinstance(value, list) and value:
            self.pair(label, "\n".join(str(item) for item in value), level)
        else:
            self.pair(label, NONE if value in (None, [], {}) else value, level)


def _item_label(item: Any, index: int) -> str:
    named = (item.get("name") or item.get("type")) if isinstance(item, Mapping) else None
    return str(named or index)


def text_lines(value: object) -> list[str]:
    """The lines of a value's text."""
    return str(value).splitlines()
