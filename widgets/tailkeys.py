"""The log tail's keys."""

from __future__ import annotations

from textual.binding import Binding


def _binding(key: str, action: str, description: str, tooltip: str, id: str, *, show: bool = False) -> Binding:
    return Binding(key, action, description, tooltip=tooltip, id=f"tail.{id}", show=show, priority=True)


TAIL_KEYS = (
    _binding("s", "autoscroll", "Autoscroll", "Follow the end, or stay", "autoscroll", show=True),
    _binding("w", "wrap", "Wrap", "Wrap long lines, or cut them", "wrap", show=True),
    _binding("t", "timestamps", "Times", "Show the server's time of each line (UTC)", "timestamps", show=True),
    _binding("n", "next_hit(1)", "Next hit", "To the next hit; after the last comes the first", "next_hit"),
    _binding("N", "next_hit(-1)", "Hit before", "To the hit before; before the first comes the last", "previous_hit"),
    _binding("E", "next_error", "Next error", "To the next line that states an error", "next_error", show=True),
    _binding("m", "mark", "Mark", "Draw a rule below the last line in the window, or take it away", "mark", show=True),
    _binding("space", "fold", "Fold", "Unfold the stack trace gone to, else the last in sight, or fold it", "fold"),
    _binding("Z", "fold_all", "Fold all", "Unfold all stack traces, or fold them", "fold_all"),
    _binding("enter", "choose", "Line", "All of the line gone to, else of the last in sight", "line", show=True),
    _binding("0", "follow", "Tail", "To the end, and follow it", "follow"),
    _binding("1", "head", "Head", "To the oldest line", "head"),
    _binding("j,down", "scroll(1)", "Down", "One row further down", "down"),
    _binding("k,up", "scroll(-1)", "Up", "One row further up", "up"),
    _binding("ctrl+f,pagedown", "page(1)", "Page down", "One window further down", "page_down"),
    _binding("ctrl+b,pageup", "page(-1)", "Page up", "One window further up", "page_up"),
    _binding("g,home", "head", "First", "To the oldest line", "first"),
    _binding("G,end", "last", "Last", "To the newest line", "last"),
    _binding("h,left", "sideways(-1)", "Left", "Text further left", "left"),
    _binding("right", "sideways(1)", "Right", "Text further right", "right"),
    _binding("l", "sideways_by_letter(1)", "Right", "Text further right, where l is not Logs", "right_letter"),
)  # fmt: skip

OF_LOGS = frozenset(("autoscroll", "timestamps", "next_error", "mark", "follow", "fold", "fold_all", "choose"))
"""Actions that mean nothing for a text that is only read."""
