"""The choice among mitigations: ranked, each with why, and with what speaks against it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.message import Message

from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.findings import Mitigation
from aurora_tui.model.text import printable
from widgets.grid import Grid
from widgets.gridpage import GridPage
from widgets.line import Part
from widgets.pane import pane_binding


def _what(offer: Mitigation, now: float) -> Cell:
    return Cell(offer.words, Tone.WARN if offer.verb is None else Tone.PLAIN)


COLUMNS: Sequence[Column[Mitigation]] = (
    Column("RANK", lambda offer, _: Cell(str(offer.rank)), lambda offer: offer.rank, right=True),
    Column("MITIGATION", _what, lambda offer: offer.words),
    Column("BECAUSE", lambda offer, _: Cell(str(offer.cause or "")), lambda offer: str(offer.cause or ""), rank=1),
    Column(
        "WHY", lambda offer, _: Cell(offer.why, Tone.DIM), lambda offer: offer.why, rank=2, flexible=True, yields=True
    ),
)


class MitigationsScreen(GridPage[Mitigation]):
    """What would mend what `subject` (in words) suffers from; Enter goes to the preview of the one under the cursor."""

    OF_ROWS = frozenset({"preview"})
    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("escape,q", "leave", "Back", "Back without doing anything", id="mitigations.back"),
        pane_binding("enter", "preview", "Preview", "What it would change; asks first", id="mitigations.preview"),
    ]

    class Chosen(Message):
        """The operator wants this one previewed."""

        def __init__(self, screen: MitigationsScreen, offer: Mitigation) -> None:
            super().__init__()
            self.screen = screen
            self.offer = offer

    class Resumed(Message):
        """It lies on top again: the operator comes back from somewhere."""

        def __init__(self, screen: MitigationsScreen) -> None:
            super().__init__()
            self.screen = screen

    def __init__(self, subject: str, *, clock: Callable[[], float]) -> None:
        super().__init__(COLUMNS, clock=clock)
        self.subject = subject
        self.grid.empty = "reading …"
        self.is_read = False
        self._keys: frozenset[str] = frozenset()
        self._covered = False
        self._first = True
        """Whether the cursor still waits on what is ranked first."""

    def fill(self, offers: Sequence[Mitigation], words: str, *, complete: bool) -> None:
        """Show them; `words` say what there is in place of any, `complete` whether there can be no others."""
        self.is_read = self.is_read or complete
        rows = {f"{each.verb}/{each.ref}/{each.words}": each for each in offers}
        before = {row.words for row in self.grid.visible_rows()}
        stood = self.grid.cursor_row
        self.grid.sort_by("RANK", False)
        self.grid.empty = words
        self.grid.update_rows(rows, rows.keys() | self._keys)
        self._keys = frozenset(rows)
        if rows and (not before or (self._first and stood is not None and stood.rank == 1)):
            self.grid.move_to(next(iter(rows)))
        self.update_heading()
        self.update_details()

    def heading(self) -> Sequence[Part]:
        count = f"  {self.grid.visible_count}" if self.is_read else "  reading …"
        return [Part(f" Mitigations  {self.subject}", "strong"), Part(count, "dim")]

    def details(self, row: Mitigation) -> tuple[Sequence[Part], Sequence[Content]]:
        title = [Part(f" {row.rank}. {row.words}", "strong")]
        lines = [Content(printable(f"why: {row.why}"))]
        if row.how:
            lines.append(Content(printable(f"how: {row.how}")))
        if row.also:
            lines.append(Content(printable(f"of: {', '.join(map(str, (row.ref, *row.also)))}")))
        lines += [Content.styled(printable(f"against it: {words}"), "$text-warning") for words in row.against]
        if row.verb is None:
            lines.append(Content("Nothing here is changed by it: it is advice."))
        return title, lines

    def on_screen_suspend(self) -> None:
        self._covered = True

    def on_screen_resume(self) -> None:
        if self._covered:
            self.post_message(self.Resumed(self))

    def on_grid_row_highlighted(self, message: Grid.RowHighlighted) -> None:
        super().on_grid_row_highlighted(message)
        row = self.grid.cursor_row
        self._first = row is None or row.rank == 1

    def on_mount(self) -> None:
        super().on_mount()
        # The key bar shows the keys of the focused widget first, and they come first; there is no public hook.
        for key in ("space", "enter"):
            self.grid._bindings.key_to_bindings.pop(key, None)

    def on_grid_row_chosen(self, message: Grid.RowChosen) -> None:
        self.action_preview()

    def action_preview(self) -> None:
        if (row := self.grid.cursor_row) is not None:
            self.post_message(self.Chosen(self, row))
