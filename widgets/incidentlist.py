"""The incidents that are open, and those that are over: one of them is chosen, or another one opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.message import Message

from aurora_tui.model.incidentlist import COLUMNS, IncidentRow
from aurora_tui.model.incidents import Incident
from aurora_tui.model.stamps import rfc3339
from aurora_tui.model.text import printable
from widgets.grid import Grid
from widgets.gridpage import GridPage
from widgets.line import Part
from widgets.pane import pane_binding

_NEWEST = 8
"""Entries of the timeline that are shown of the one under the cursor."""


class IncidentsScreen(GridPage[IncidentRow]):
    """Those that are open first, the newest first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("escape,q", "leave", "Back", "Back to the panes", id="incidents.back"),
        pane_binding("I", "app.new_incident", "New", "Open another one beside them", id="incidents.new"),
    ]

    class Chosen(Message):
        """The operator wants one of them."""

        def __init__(self, page: IncidentsScreen, incident: Incident) -> None:
            super().__init__()
            self.page = page
            self.incident = incident

    def __init__(self, *, clock: Callable[[], float]) -> None:
        super().__init__(COLUMNS, clock=clock)
        self._rows: dict[str, IncidentRow] = {}

    def on_mount(self) -> None:
        super().on_mount()
        # The key bar shows the keys of the focused widget first, and they come first; there is no public hook.
        self.grid._bindings.key_to_bindings.pop("space", None)

    def fill(self, rows: Sequence[IncidentRow], cursor: str) -> None:
        """Show them, the cursor on the one of that name."""
        self._rows = {row.key: row for row in rows}
        self.grid.empty = "no incident was opened here yet"
        self.grid.sort_by("STATE", False)
        self.grid.update_rows(self._rows, self._rows.keys())
        first = self.grid.visible_rows()[:1]
        if first:
            self.grid.move_to(cursor if cursor in self._rows else first[0].key)
        self.update_heading()
        self.update_details()

    def heading(self) -> Sequence[Part]:
        count = sum(row.incident.is_open for row in self._rows.values())
        return [Part(" Incidents", "strong"), Part(f"  {count} open of {len(self._rows)}", "warn" if count else "dim")]

    def details(self, row: IncidentRow) -> tuple[Sequence[Part], Sequence[Content]]:
        incident = row.incident
        title = [Part(f" {incident.title}", "strong"), Part(f"  {incident.id}", "dim")]
        if incident.without_calm:
            title.append(Part(f"  {incident.state_words}: {incident.without_calm}", "warn"))
        newest = [*reversed(incident.timeline)][:_NEWEST]
        return title, [Content(printable(f"{rfc3339(each.at)}  {each.words}")) for each in newest]

    def on_grid_row_chosen(self, message: Grid.RowChosen) -> None:
        self.post_message(self.Chosen(self, message.row.incident))
