"""A pane that shows one live table in a grid: feed, filter, faults only, empty and loading words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar

from textual.binding import BindingType

from aurora_tui.model.columns import Column
from aurora_tui.model.filters import Filter, parse_filter
from aurora_tui.model.freshness import Freshness, SourceState
from aurora_tui.model.placing import context_of
from aurora_tui.store import Feed, Store, Table
from widgets.grid import Grid
from widgets.line import Part
from widgets.pane import Pane, pane_binding

UNDO = pane_binding("u", "app.act('undo')", "Roll back", "Roll back to the previous revision", id="table.undo")
OF_ITS_WORKLOAD = (
    pane_binding(
        "r", "app.act('restart')", "Restart", "Restart the workload of its service", id="table.restart", show=False
    ),
    pane_binding(
        "s", "app.act('scale')", "Scale", "Change the replicas of its service's workload", id="table.scale", show=False
    ),
    pane_binding(
        "i", "app.set_image", "Image", "Give its service's workload another image", id="table.image", show=False
    ),
)
"""For rows that stand for a service; the key bar has no room for them there."""
TRACES = pane_binding("t", "app.traces", "Traces", "Slow and failed traces of the service", id="table.traces")


class TablePane(Pane):
    """Rows of a store table as columns; subclasses say which, and what their keys do."""

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("enter", "app.choose", "Open", "Drill into the row", id="table.open"),
        pane_binding(
            "ctrl+z", "toggle_faults", "Faults", "Show only rows with a fault, or all", id="table.faults", show=False
        ),
        UNDO,
        pane_binding(
            "R", "app.rollout", "Rollout", "Revisions of the workload: compare, roll back, pause", id="table.rollout"
        ),
        pane_binding(
            "w",
            "app.changes",
            "Changes",
            "What changed in the namespace, nearest to the onset first",
            id="table.changes",
        ),
        pane_binding("l", "app.logs", "Logs", "Follow the logs of what is under the cursor", id="table.logs"),
        pane_binding(
            "slash", "app.ask_filter", "Filter", "Filter rows: regex, !inverse, -l labels, -f fuzzy", id="table.filter"
        ),
        TRACES,
        pane_binding(
            "T", "app.triage", "Triage", "Why it is so, and what would mend it, on one screen", id="table.triage"
        ),
        pane_binding("m", "app.mitigate", "Mitigate", "What would mend it, the likeliest first", id="table.mitigate"),
        pane_binding("0", "app.namespace(0)", "All", "Show all namespaces", id="table.all", show=False),
        *(
            pane_binding(
                str(n), f"app.namespace({n})", f"Namespace {n}", f"Show favourite {n}", id=f"table.ns{n}", show=False
            )
            for n in range(1, 10)
        ),
        pane_binding(
            "ctrl+y", "copy_name", "Copy", "Copy the name to the clipboard (OSC 52)", id="table.copy", show=False
        ),
    ]

    def __init__(
        self, store: Store, table: str, columns: Sequence[Column[Any]], *, clock: Callable[[], float], id: str
    ) -> None:
        super().__init__(clock=clock, id=id)
        self.store = store
        self.columns = tuple(columns)
        self._feed: Feed[Any] = store.table(table).feed(self._note)
        self._told = False
        """Whether it was said that something in sight changed."""
        self.grid: Grid[Any] = Grid(self.dressed(), clock=clock, identity=self.identity)
        self.filter_text = ""
        self.faults_only = False

    @property
    def table(self) -> Table[Any]:
        return self._feed.table

    def body(self) -> Grid[Any]:
        return self.grid

    def dressed(self) -> Sequence[Column[Any]]:
        """The columns with what tells rows of several contexts apart."""
        return self.store.columns(self.table.name, self.columns)

    def identity(self, row: Any) -> object:
        """What tells a row from a later one of the same key."""
        return None

    @property
    def context(self) -> str:
        return context_of(self.grid.cursor_row)

    def on_mount(self) -> None:
        self.post_message(self.Wanted(self.tables()))

    def tables(self) -> Sequence[str]:
        return [self.table.name]

    def follow(self, table: str, columns: Sequence[Column[Any]], sort: tuple[str, bool] | None) -> None:
        """Show another table from now on, in an order of its own (`Grid.sorted_by`)."""
        if table != self.table.name:
            self.grid.unmark()
        self._feed.close()
        self._feed = self.store.table(table).feed(self._note)
        self._feed.drain()
        self.columns = tuple(columns)
        self.grid.replace(self.dressed(), self.table.rows, sort)
        self.post_message(self.Wanted(self.tables()))
        self._settle()

    def _note(self, changed: Collection[str]) -> None:
        if not self._told and self.grid.shows(changed):
            self._told = True
            self.post_message(self.Stirred(self))

    def flush(self) -> None:
        self._told = False
        changes = self._feed.drain()
        if changes.keys:
            self.grid.update_rows(self.table.rows, changes.keys)
        if changes:
            self._give_up()
            self._settle()

    def select(self, key: str | None) -> None:
        """Put the cursor on a row, now or when it comes."""
        self.grid.seek(key)
        self._give_up()

    def _give_up(self) -> None:
        """A row that the whole list does not hold is not waited for: one that is made later is another."""
        if self.table.freshness.state is SourceState.LIVE:
            self.grid.seek(None)

    @property
    def is_stirred(self) -> bool:
        return bool(self._feed)

    def grow_older(self) -> None:
        self.grid.grow_older()

    def tick(self) -> None:
        """A second went by: the source's freshness may read differently, and what settles or lasts be a fault now."""
        self.grid.tick()
        if self.faults_only and self.grid.try_again():
            self._settle()
        else:
            self.update_title()

    def freshness(self) -> Freshness | None:
        return self.table.freshness

    def headline(self) -> Sequence[Part]:
        return [*self.count(), *self.narrowing()]

    def count(self) -> Sequence[Part]:
        """How many rows there are; nothing before the source was heard."""
        shown, total = self.grid.visible_count, self.grid.total_count
        if not total and self.table.freshness.last_good is None:
            return ()
        return [Part(f"{shown:,}" if shown == total else f"{shown:,} of {total:,}", "dim")]

    def narrowing(self) -> Sequence[Part]:
        """What leaves rows out, and what the source remarks."""
        parts = []
        if self.filter_text:
            parts.append(Part(f"  /{self.filter_text}", "accent"))
            if misread := parse_filter(self.filter_text).remark:
                parts.append(Part(f"  {misread}", "warn"))
        if self.faults_only:
            parts.append(Part("  faults only", "warn"))
        remark = self._remark()
        if remark and self.grid.total_count:
            parts.append(Part(f"  {remark}", "warn"))
        return parts

    def set_filter(self, text: str) -> None:
        """Show only the rows that match; an empty text shows all."""
        before, self.filter_text = parse_filter(self.filter_text), text.strip()
        self._apply_filter(before)

    def is_faulty(self, row: Any) -> bool:
        """Whether a row stays when only faults are shown."""
        return True

    def labels_of(self, row: Any) -> Mapping[str, str]:
        """The labels that ``-l`` filters by."""
        return {}

    def in_scope(self, row: Any) -> bool:
        """Whether a row belongs to what was drilled into."""
        return True

    def name_of(self, row: Any) -> str:
        """What is copied as the row's name."""
        raise NotImplementedError

    def empty_words(self) -> str:
        """What to say when the source is well and has no rows."""
        return "nothing here"

    def back(self) -> bool:
        if not (self.filter_text or self.faults_only):
            return False
        self.faults_only = False
        self.set_filter("")
        return True

    def action_toggle_faults(self) -> None:
        self.faults_only = not self.faults_only
        self._apply_filter()

    def action_copy_name(self) -> None:
        row = self.grid.cursor_row
        if row is not None:
            name = self.name_of(row)
            self.app.copy_to_clipboard(name)
            self.notify(f"copied {name}", markup=False)

    def _apply_filter(self, before: Filter | None = None) -> None:
        """Show the rows that pass now; `before`: the filter that they passed until now, where only the text differs."""
        parsed = parse_filter(self.filter_text)
        narrows = before is not None and parsed.narrows(before)
        also = self._passes if self.faults_only or self.scoped else None
        self.grid.set_filter(parsed, also=also, labels=self.labels_of, narrows=narrows)
        self._settle()

    def _passes(self, row: Any) -> bool:
        return self.in_scope(row) and (not self.faults_only or self.is_faulty(row))

    @property
    def scoped(self) -> bool:
        """Whether `in_scope` leaves anything out."""
        return False

    def _remark(self) -> str:
        freshness = self.table.freshness
        return freshness.brief if freshness.state is not SourceState.CONNECTING or not freshness.whole else ""

    def _settle(self) -> None:
        """Say what an empty grid means, and bring the title up to date."""
        freshness = self.table.freshness
        if self.grid.visible_count == 0 and self.grid.total_count:
            missing = f" so far: {freshness.message}" if freshness.message and not freshness.whole else ""
            self.grid.empty = f"no row matches{missing} · Esc shows all"
        elif freshness.state is SourceState.LIVE:
            self.grid.empty = freshness.message or self.empty_words()
        else:
            self.grid.empty = f"{freshness.state.value}: {freshness.message}" if freshness.message else "connecting …"
        self.update_title()
