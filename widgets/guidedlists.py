"""Guided lists outside of incidents: the deploy checklist, and the maintenance that is due."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.message import Message

from aurora_tui.model.checklists import (
    DUE_COLUMNS,
    MAINTENANCE,
    STEP_COLUMNS,
    DueRow,
    GuidedList,
    MaintenanceTask,
    StepRow,
    Tick,
    due_rows,
    step_rows,
    ticks_of,
)
from aurora_tui.model.stamps import rfc3339
from widgets.gridpage import GridPage
from widgets.line import Part
from widgets.pane import pane_binding


class TickPage(GridPage):  # type: ignore[type-arg]
    """What both have in common: space ticks the row under the cursor."""

    class TickWanted(Message):
        """The operator wants something to be ticked, or its tick to be taken off."""

        def __init__(self, page: TickPage, step: str, words: str, *, done: bool) -> None:
            super().__init__()
            self.page = page
            self.step = step
            self.words = words
            self.done = done

    def on_mount(self) -> None:
        super().on_mount()
        # The key bar shows the keys of the focused widget first, and they come first; there is no public hook.
        for key in ("space", "enter"):
            self.grid._bindings.key_to_bindings.pop(key, None)

    def fill(self, ticks: Mapping[str, Tick]) -> None:
        """Show how it stands; `ticks` by ``LIST.PHASE.STEP`` or ``maintenance.TASK``."""
        raise NotImplementedError


class ChecklistScreen(TickPage):
    """One list, from its first step to its last."""

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("escape,q", "leave", "Back", "Back to the panes", id="list.back"),
        pane_binding("space", "tick", "Tick", "Tick the step, or take its tick off", id="list.tick"),
        pane_binding("N", "anew", "Anew", "Take all ticks off, for the next time", id="list.anew"),
    ]

    def __init__(self, guided: GuidedList, *, clock: Callable[[], float]) -> None:
        super().__init__(STEP_COLUMNS, clock=clock)
        self._list = guided
        self._rows: dict[str, StepRow] = {}

    def fill(self, ticks: Mapping[str, Tick]) -> None:
        own = ticks_of(self._list.name, ticks)
        self._rows = {row.key: row for row in step_rows(self._list, own)}
        self.grid.update_rows(self._rows, self._rows.keys())
        self.update_heading()
        self.update_details()

    def heading(self) -> Sequence[Part]:
        done = sum(row.tick is not None for row in self._rows.values())
        style = "good" if self._rows and done == len(self._rows) else "warn"
        return [Part(f" {self._list.title}", "strong"), Part(f"  {done} of {len(self._rows)} done", style)]

    def details(self, row: StepRow) -> tuple[Sequence[Part], Sequence[Content]]:
        told = f"done by {row.tick.by} at {rfc3339(row.tick.at)}" if row.tick else "not done yet"
        return [Part(f" {row.step.text}", "strong")], [Content(told)]

    def action_tick(self) -> None:
        row = self.grid.cursor_row
        if row is not None:
            self._want(row, done=row.tick is None)

    def action_anew(self) -> None:
        for row in self._rows.values():
            if row.tick is not None:
                self._want(row, done=False)

    def _want(self, row: StepRow, *, done: bool) -> None:
        self.post_message(self.TickWanted(self, f"{self._list.name}.{row.name}", row.step.text, done=done))


class MaintenanceScreen(TickPage):
    """The tasks that come round again, what is due first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("escape,q", "leave", "Back", "Back to the panes", id="maintenance.back"),
        pane_binding(
            "space", "tick", "Done", "The task was done now; once more takes that back", id="maintenance.tick"
        ),
    ]

    def __init__(self, tasks: Sequence[MaintenanceTask], *, clock: Callable[[], float]) -> None:
        super().__init__(DUE_COLUMNS, clock=clock)
        self._tasks = tasks
        self._rows: dict[str, DueRow] = {}
        self._done: frozenset[str] = frozenset()
        """What was ticked here, and can be taken back."""

    def fill(self, ticks: Mapping[str, Tick]) -> None:
        own = ticks_of(MAINTENANCE, ticks)
        self._rows = {row.key: row for row in due_rows(self._tasks, own)}
        self.grid.empty = "the settings name no maintenance"
        self.grid.update_rows(self._rows, self._rows.keys())
        self.grid.sort_by("DUE", False)
        self.update_heading()
        self.update_details()

    def heading(self) -> Sequence[Part]:
        due = sum(row.is_due(self.clock()) for row in self._rows.values())
        return [Part(" Maintenance", "strong"), Part(f"  {due} due", "warn" if due else "good")]

    def details(self, row: DueRow) -> tuple[Sequence[Part], Sequence[Content]]:
        told = f"done by {row.last.by} at {rfc3339(row.last.at)}" if row.last else "never done, as far as is known here"
        return [Part(f" {row.task.text}", "strong")], [Content(told)]

    def action_tick(self) -> None:
        row = self.grid.cursor_row
        if row is not None:
            self.grid.move_to(row.key)  # the cursor keeps to it when it is due no longer
            done = row.key not in self._done
            self._done ^= {row.key}
            self.post_message(self.TickWanted(self, f"{MAINTENANCE}.{row.task.name}", row.task.text, done=done))
