"""The pods pane as the emulator shows it: where its rows are, which one the cursor is on, and how to move it."""

from __future__ import annotations

import random

from tests.bench.console import Answered, Console

DOWN, UP = "j", "k"


class PodsGrid:
    """Found once on a console that shows the pods; it must not be laid out anew meanwhile."""

    def __init__(self, console: Console) -> None:
        self.console = console
        console.feed()
        header = next(y for y in range(console.screen.lines) if _is_header(console.line_at(y)))
        self.column = console.line_at(header).index("NAMESPACE")
        self.name_column = console.line_at(header).index("NAME ")
        below = range(header + 1, console.screen.lines - 1)
        end = next((y for y in below if not self.name(y).strip("▐▕")), below.stop)
        self.rows = range(header + 1, end)
        self._down = True

    def cursor(self) -> int | None:
        return self.console.cursor_row(self.rows, self.column)

    def name(self, y: int) -> str:
        return self.console.line_at(y)[self.name_column :].split(" ", 1)[0]

    def namespace(self, y: int) -> str:
        return self.console.line_at(y)[self.column :].split(" ", 1)[0]

    def step(self, patience: float = 10.0) -> Answered:
        """Move the cursor by one row, down and up in turn through the window; the right row must light up."""
        before = self.cursor()
        assert before is not None, f"no cursor among the rows\n{self.console.text()}"
        if before >= self.rows[-1] - 2:
            self._down = False
        elif before <= self.rows[0] + 2:
            self._down = True
        wanted = before + (1 if self._down else -1)
        name = self.name(wanted)

        def moved() -> bool:
            return self.cursor() == wanted and self.name(wanted) == name

        return self.console.press(DOWN if self._down else UP, moved, patience)

    def pause(self) -> None:
        """Wait a while that is not in step with the program's own clock."""
        self.console.settle(random.uniform(0.02, 0.15))


def _is_header(line: str) -> bool:
    return "NAMESPACE" in line and "READY" in line
