"""The grid's keys, and what the sort keys mean for the columns at hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.binding import Binding
from textual.dom import DOMNode

from aurora_tui.model.columns import Column


def _binding(key: str, action: str, description: str, tooltip: str, id: str, *, show: bool = False) -> Binding:
    return Binding(key, action, description, tooltip=tooltip, id=f"grid.{id}", show=show, priority=True)


GRID_KEYS = (
    _binding("enter", "choose", "Open", "Drill into the row under the cursor", "choose", show=True),
    _binding("space", "mark", "Mark", "Mark the row, or take the mark off", "mark", show=True),
    _binding("j,down", "move(1)", "Down", "To the next row", "down"),
    _binding("k,up", "move(-1)", "Up", "To the row before", "up"),
    _binding("g,home", "first", "First", "To the first row", "first"),
    _binding("G,end", "last", "Last", "To the last row", "last"),
    _binding("ctrl+f,pagedown", "page(1)", "Page down", "One window further down", "page_down"),
    _binding("ctrl+b,pageup", "page(-1)", "Page up", "One window further up", "page_up"),
    _binding("h,left", "column(-1)", "Left", "To the column on the left", "left"),
    _binding("right", "column(1)", "Right", "To the column on the right; those without room come last", "right"),
    _binding("l", "column_by_letter(1)", "Right", "To the column on the right, where l is not Logs", "right_letter"),
    _binding("N", "sort('NAME')", "Sort by name", "Sort by name; again to reverse", "sort_name"),
    _binding("A", "sort('AGE')", "Sort by age", "Sort by age; again to reverse", "sort_age"),
    _binding("C", "sort('CPU')", "Sort by CPU", "Sort by CPU, most first; again to reverse", "sort_cpu"),
    _binding("M", "sort('MEMORY')", "Sort by memory", "Sort by memory, most first; again to reverse", "sort_memory"),
    _binding("O", "sort_here", "Sort by column", "Sort by the underlined column (← →); again to reverse", "sort_here"),
)  # fmt: skip

_HEAVIEST_FIRST = ("CPU", "MEMORY")


def first_heading(columns: Sequence[Column[Any]], start: str) -> str | None:
    """The heading that a sort key means: the word alone, or with more behind it ("CPU(cores)")."""
    headings = [column.heading for column in columns]
    return next((heading for heading in sorted(headings, key=len) if heading.startswith(start)), None)


def heaviest_first(heading: str) -> bool:
    """Whether the first press sorts in reverse: of a usage the greatest is looked for."""
    return heading.startswith(_HEAVIEST_FIRST)


def is_taken(node: DOMNode, key: str) -> bool:
    """Whether something around the widget binds the key: its meaning there wins over the grid's letter."""
    return any(key in around._bindings.key_to_bindings for around in node.ancestors)
