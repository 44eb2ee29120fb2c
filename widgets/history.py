"""The rollout history of one workload: its revisions, what each would change, and the keys that go there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.message import Message

from aurora_tui.model.history import COLUMNS, Health, RevisionRow, advised, judged, ran
from aurora_tui.model.selection import ObjectRef
from widgets.grid import Grid
from widgets.gridpage import GridPage
from widgets.line import Part
from widgets.pane import pane_binding
from widgets.previews import diff_lines


class HistoryScreen(GridPage[RevisionRow]):
    """Revisions newest first; below them what going back to the one under the cursor would change.

    The cursor waits on the newest revision until it is known which one to go back to, and goes there unless
    the operator has moved it. It leaves the one that runs and no other, so that no key meant for one is misled.
    """

    OF_ROWS = frozenset({"restore", "pause"})
    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("escape,q", "leave", "Back", "Back to the panes", id="history.back"),
        pane_binding("u", "restore", "Roll back", "Roll back to the revision under the cursor", id="history.undo"),
        pane_binding("P", "pause", "Pause/resume", "Pause the rollout, or resume a paused one", id="history.pause"),
    ]

    class Chosen(Message):
        """The operator wants to go back to a revision."""

        def __init__(self, ref: ObjectRef, row: RevisionRow) -> None:
            super().__init__()
            self.ref = ref
            self.row = row

    class PauseWanted(Message):
        """The operator wants the rollout to be paused, or a paused one to go on."""

        def __init__(self, ref: ObjectRef, *, paused: bool) -> None:
            super().__init__()
            self.ref = ref
            self.paused = paused

    def __init__(self, ref: ObjectRef, *, clock: Callable[[], float]) -> None:
        super().__init__(COLUMNS, clock=clock)
        self.ref = ref
        self.is_read = False
        self._paused = False
        self._status = ""
        self._rows: tuple[RevisionRow, ...] = ()
        self._untouched: str | None = None
        """The row that the cursor was put on, while the operator has not moved it."""
        self._off: Mapping[str, str] = {}

    def fill(self, rows: Sequence[RevisionRow], status: str, *, paused: bool) -> None:
        """Show the history; `status` says how far the newest rollout is."""
        self._paused = paused
        self._status = f"{status}{' · paused' if paused else ''}"
        self.is_read = True
        self.grid.empty = "no revision is kept"
        self.grid.sort_by("REVISION", True)
        self._show(rows)
        self._untouched = self.grid.cursor_key
        self.update_heading()

    def judge(self, health: Mapping[str, Health], trouble: str) -> None:
        """Show what is known of the revisions' health, by their keys; `trouble` says what keeps it from being known."""
        self._show(judged(self._rows, health))
        self.remark(trouble)
        row, goal = self.grid.cursor_row, advised(self._rows)
        if goal is not None and row is not None and row.live and row.key == self._untouched:
            self._untouched = None
            self.grid.move_to(goal.key)

    def _show(self, rows: Sequence[RevisionRow]) -> None:
        self._rows = tuple(rows)
        found = {row.key: row for row in rows}
        self.grid.update_rows(found, found.keys())
        self.update_details()

    def show_off(self, off: Mapping[str, str]) -> None:
        """Say which actions of the keys lead to nothing here and now, and why; those are dim."""
        if off != self._off:
            self._off = off
            self.refresh_bindings()

    def on_grid_row_highlighted(self, message: Grid.RowHighlighted) -> None:
        if message.key != self._untouched:
            self._untouched = None
        super().on_grid_row_highlighted(message)

    def action_restore(self) -> None:
        row = self.grid.cursor_row
        if row is not None:
            self.post_message(self.Chosen(self.ref, row))

    def on_grid_row_chosen(self, message: Grid.RowChosen) -> None:
        self.action_restore()

    def action_pause(self) -> None:
        self.post_message(self.PauseWanted(self.ref, paused=self._paused))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "pause" and self.ref.kind != "Deployment":
            return False
        return None if self._off.get(action) else True

    def heading(self) -> Sequence[Part]:
        place = f"  ns {self.ref.namespace}" if self.ref.namespace else ""
        return [Part(f" History of {self.ref.words}", "strong"), Part(place, "dim"), Part(f"  {self._status}")]

    def details(self, row: RevisionRow) -> tuple[Sequence[Part], Sequence[Content]]:
        if row.live:
            return [Part(f" Revision {row.number} runs now", "strong")], ()
        title = [Part(f" Going back to revision {row.number}", "strong"), Part(" would change", "strong")]
        if row.best:
            title.insert(1, Part(f" (healthy, ran {ran(row.run, self.clock())})", "good"))
        return title, diff_lines(row.changes)
