"""The runbook of an alert: its sections as rows, the text of the one in hand below, and its command one key away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.message import Message

from aurora_tui.model.runbooks import COLUMNS, Act, RunbookStep
from aurora_tui.model.text import printable
from widgets.grid import Grid
from widgets.gridpage import GridPage
from widgets.line import Part
from widgets.pane import pane_binding


class RunbookScreen(GridPage[RunbookStep]):
    """Enter opens the preview of what the section's command would do, or shows what it shows; never a shell."""

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("escape,q", "leave", "Back", "Back to where one was", id="runbook.back"),
    ]

    class Chosen(Message):
        """The operator wants a section's command."""

        def __init__(self, step: RunbookStep) -> None:
            super().__init__()
            self.step = step

    def __init__(self, name: str, steps: Sequence[RunbookStep], *, clock: Callable[[], float]) -> None:
        super().__init__(COLUMNS, clock=clock)
        self._name = name
        self._steps = {step.key: step for step in steps}

    def on_mount(self) -> None:
        super().on_mount()
        self.grid.empty = "the runbook is empty"
        # The heading above them has nothing that Enter could open.
        self.grid.seek(next((key for key, step in self._steps.items() if step.command), None))
        self.grid.update_rows(self._steps, self._steps.keys())
        self.update_details()

    def heading(self) -> Sequence[Part]:
        return [Part(f" Runbook {self._name}", "strong"), Part("  Enter: the command's preview", "dim")]

    def details(self, row: RunbookStep) -> tuple[Sequence[Part], Sequence[Content]]:
        lines = [Content(printable(line)) for line in row.text]
        if row.command:
            lines += [Content(""), Content.styled(printable(row.command), "bold")]
        if row.trouble:
            lines.append(Content.styled(printable(f"✘ {row.trouble}"), "$text-warning"))
        elif isinstance(row.does, Act):
            lines.append(
                Content.styled("Enter opens its preview; nothing is done before it was confirmed.", "$text-muted")
            )
        return [Part(f" {row.title}", "strong")], lines

    def on_grid_row_chosen(self, message: Grid.RowChosen) -> None:
        self.post_message(self.Chosen(message.row))
