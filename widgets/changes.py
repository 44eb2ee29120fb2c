"""What changed before a fault began: the changes of a namespace, nearest to the onset first, each with its evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.message import Message

from aurora_tui.model.changes import Change, Changes, columns
from aurora_tui.model.stamps import rfc3339
from widgets.grid import Grid
from widgets.gridpage import GridPage
from widgets.line import Part
from widgets.pane import pane_binding
from widgets.previews import diff_lines


class ChangesScreen(GridPage[Change]):
    """Changes around `onset` (seconds since the epoch; None: of late), and what the one under the cursor changed.

    `subject` says whose onset it is, in words.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("escape,q", "leave", "Back", "Back to the panes", id="changes.back"),
        pane_binding(
            "o", "toggle_own", "Own only", "Only what belongs to the workload in hand, or all again", id="changes.own"
        ),
    ]

    class Chosen(Message):
        """The operator wants to look closer at what a change concerns; `context` is where it was found."""

        def __init__(self, change: Change, context: str) -> None:
            super().__init__()
            self.change = change
            self.context = context

    def __init__(self, subject: str, onset: float | None, *, context: str = "", clock: Callable[[], float]) -> None:
        self.context = context
        self._subject = subject
        self._onset = onset
        self._rows: Sequence[Change] = ()
        self._own_only = False
        super().__init__(columns(onset if onset is not None else clock(), known=onset is not None), clock=clock)
        self.is_read = False

    def fill(self, changes: Changes) -> None:
        """Show what was found; the cursor waits on what is nearest to the onset."""
        self._rows = changes.rows
        self.is_read = True
        self.grid.sort_by(self.grid.columns[0].heading, False)
        self.remark("; ".join(changes.remarks))
        self._show()
        if self.grid.visible_rows():
            self.grid.move_to(self.grid.visible_rows()[0].key)

    def heading(self) -> Sequence[Part]:
        parts = [Part(f" What changed  {self._subject}", "strong")]
        if self._onset is not None:
            parts.append(Part(f"  onset {rfc3339(self._onset)}", "warn"))
        if self._rows:
            own = sum(change.own for change in self._rows)
            parts.append(Part(f"  {len(self._rows)} changes, {own} of its own", "dim"))
        if self._own_only:
            parts.append(Part("  own only", "warn"))
        return parts

    def details(self, row: Change) -> tuple[Sequence[Part], Sequence[Content]]:
        title = [Part(f" {row.ref}", "strong"), Part(f"  {row.words}"), Part(f"  {rfc3339(row.at)}", "dim")]
        if not row.exact:
            title.append(Part(" or before", "dim"))
        if row.diff:
            return title, diff_lines(row.diff)
        return title, [Content("The cluster keeps no earlier state of it: what it was before cannot be shown.")]

    def action_toggle_own(self) -> None:
        self._own_only = not self._own_only
        self._show()

    def on_grid_row_chosen(self, message: Grid.RowChosen) -> None:
        self.post_message(self.Chosen(message.row, self.context))

    def _show(self) -> None:
        rows = {change.key: change for change in self._rows if change.own or not self._own_only}
        self.grid.empty = "nothing has changed" if not self._rows else "nothing of its own has changed · o shows all"
        self.grid.update_rows(rows, rows.keys() | {change.key for change in self._rows})
        self.update_heading()
        self.update_details()
