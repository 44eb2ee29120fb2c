"""How previews are coloured: the lines of a difference, and what is said about a plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.content import Content

from aurora_tui.model.diffs import DiffLine
from aurora_tui.model.text import printable

BAR = 24
"""Cells of a progress bar."""


def diff_lines(lines: Iterable[DiffLine]) -> list[Content]:
    """A difference, what comes and what goes in their colours."""
    return [
        Content.styled(printable(str(line)), "$text-success" if line.sign == "+" else "$text-error") for line in lines
    ]


def remarks(problems: Sequence[str], warnings: Sequence[str]) -> list[Content]:
    """Why something cannot be done, and what should be known before it is, a line each."""
    return [
        *(Content.styled(f"✘ {printable(words)}", "$text-error") for words in problems),
        *(Content.styled(f"! {printable(words)}", "$text-warning") for words in warnings),
    ]


def bar(share: float) -> str:
    """A progress bar for a share of 0..1."""
    filled = round(min(1.0, max(0.0, share)) * BAR)
    return "█" * filled + "░" * (BAR - filled)
