"""A log tail's search and filter: which lines are shown, which are hits, which is the current one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aurora_tui.logbuffer import LogBuffer, moved
from aurora_tui.model.filters import parse_filter
from aurora_tui.model.templates import Templates
from widgets.tailfold import Folds
from widgets.tailindex import AllLines, Lines, Matches, find_errors, finder
from widgets.tailtemplates import TemplateCount

_STEP, _SLOW_STEP = 1024, 128
"""Lines of a step that are looked through for plain texts, and for anything else."""


class TailSearch:
    """The search highlights, the filter hides; both follow the buffer in steps of so many lines (`take`)."""

    def __init__(self, buffer: LogBuffer, search: str = "", filter: str = "", *, folds: bool = True) -> None:
        self._buffer = buffer
        self.folds = Folds(buffer, folds=folds)
        self.current: int | None = None
        """Sequence number of the line that was gone to last."""
        self.note = ""
        """What else to tell the reader of where he went."""
        self._at_error = False
        self._errors: Matches | None = None
        self._templates: TemplateCount | None = None
        buffer.attach(self)
        self.search = parse_filter(search)
        self.filter = parse_filter(filter)
        self._shown: Matches | None = None
        self._hits: Matches | None = None
        self.lines: Lines
        self._find_lines(None)
        self._find_hits(None)

    @property
    def has_hits(self) -> bool:
        return bool(self._hits)

    @property
    def step(self) -> int:
        """How many lines to look at before the keys have their turn: some milliseconds' worth at the most."""
        return (
            _STEP if all(wanted.literal is not None for wanted in (self.search, self.filter) if wanted) else _SLOW_STEP
        )

    @property
    def left(self) -> int:
        """Lines that are still to be looked at; each counts once for the filter, the search and the errors."""
        return self.folds.left + sum(each.left for each in self._all())

    def set_search(self, text: str, anchor: int | None = None) -> None:
        """Look for something else, first from the line `anchor` on."""
        self.search = parse_filter(text)
        self.note = ""
        self._find_hits(anchor)

    def set_filter(self, text: str, anchor: int | None = None) -> None:
        """Hide what does not match; judged first is what stands from the line `anchor` on."""
        self.filter = parse_filter(text)
        self.note = ""
        self._errors = None
        self._find_lines(anchor)
        self._find_hits(anchor)

    def want_errors(self, anchor: int | None = None) -> None:
        """Look for lines that state an error, from now on."""
        if self._errors is None:
            self._errors = Matches(self._buffer, find_errors, self.folds, within=self._shown, anchor=anchor)

    def want_templates(self) -> Templates:
        """Count the lines by template, from now on."""
        if self._templates is None:
            self._templates = TemplateCount(self._buffer, self.folds)
        return self._templates.templates

    def take(self, most: int | None = None) -> None:
        """Follow what the buffer gained and dropped, or `most` lines of it; the filter is first."""
        taken = self.folds.take(most)
        known = [seq for seq in self.folds.regrouped if self._buffer.first <= seq < self.folds.high]
        self.folds.regrouped.clear()
        if self._shown is not None:
            self._shown.regrouped(known)
        for matches in self._matches():
            budget = None if most is None else max(most - taken, 0)
            if matches is not self._shown:
                # What the filter came to show only now had been passed over.
                late = () if self._shown is None else self._shown.late
                matches.regrouped({*known, *(seq for seq in late if seq >= self._buffer.first)})
                if self._shown is not None and self._shown.left:
                    budget = 0
            taken += matches.take(budget)
        for matches in self._matches():
            matches.late.clear()
        for count in self._counts():
            count.take(None if most is None else max(most - taken, 0))

    def prepended(self, count: int) -> None:
        """Older lines came before the first; see `LogBuffer`."""
        self.folds.prepended(count)
        for each in self._all():
            each.prepended(count)
        if self.current is not None and self.current < self._buffer.first + count:
            self.current = None

    def inserted(self, places: Sequence[int]) -> None:
        """Late lines came in between; see `LogBuffer`."""
        self.folds.inserted(places)
        for each in self._all():
            each.inserted(places)
        if self.current is not None:
            self.current = moved(self.current, places)

    def next_hit(self, window: Sequence[int], direction: int) -> int | None:
        """The hit after (or before) the current one, or the window's edge; beyond the last comes the first."""
        self._at_error = False
        return None if self._hits is None else self._visit(self._hits, window, direction)

    def next_error(self, window: Sequence[int]) -> int | None:
        """The next line that states an error; beyond the last comes the first."""
        self.want_errors()
        self._at_error = True
        self.note = "" if self._errors else "no errors"
        return None if self._errors is None else self._visit(self._errors, window, 1)

    def inside(self, seq: int) -> int | None:
        """Which of the lines folded below one is the hit that it is listed for; None where it is one itself."""
        buffer, block = self._buffer, self.folds.block(seq)
        wanted = find_errors if self._at_error else finder(self.search)
        if not block or wanted([buffer[seq]]):
            return None
        return next(iter(wanted([buffer[member] for member in block])), None)

    def is_hit(self, seq: int) -> bool:
        return self._hits is not None and self._hits.holds(seq)

    def words(self) -> list[str]:
        """What to tell the reader: hits, hidden lines, what is not known yet and what was not understood."""
        words = []
        hits = self._hits
        if hits is not None and self.current is not None and hits.holds(self.current):
            words.append(f"{hits.place(self.current) + 1:,}/{len(hits):,} hits")
        elif hits is not None:
            words.append(f"{len(hits):,} hits" if hits or hits.left else "no hits")
        if self.filter:
            words.append(self.hidden_words())
        remarks = (self.progress(), self.search.remark, self.filter.remark, self.note)
        return words + [remark for remark in remarks if remark]

    def progress(self) -> str:
        """How far the lines were looked at; empty where all were."""
        left = self.left
        total = len(self._buffer) * len([self.folds, *self._all()])
        return f"searching {100 * max(total - left, 0) // max(total, 1)} %" if left else ""

    def hidden_words(self) -> str:
        """How many lines the filter hides, and which it is."""
        hidden = len(AllLines(self._buffer, self.folds)) - len(self.lines)
        return f"{hidden:,} hidden by &{self.filter.text.strip()}"

    def _visit(self, matches: Matches, window: Sequence[int], direction: int) -> int | None:
        if not matches:
            return None
        if not window:  # nothing was painted yet
            place = 0 if direction > 0 else -1
        elif self.current is not None and self.current in window:
            place = matches.place(self.current + 1) if direction > 0 else matches.place(self.current) - 1
        else:
            place = matches.place(window[0]) if direction > 0 else matches.place(window[-1] + 1) - 1
        self.current = matches[place % len(matches)]
        return self.current

    def _matches(self) -> Iterator[Matches]:
        return (matches for matches in (self._shown, self._hits, self._errors) if matches is not None)

    def _all(self) -> Iterator[Matches | TemplateCount]:
        yield from self._matches()
        yield from self._counts()

    def _counts(self) -> Iterator[TemplateCount]:
        return (count for count in (self._templates,) if count is not None)

    def _find_lines(self, anchor: int | None) -> None:
        buffer, folds, wanted = self._buffer, self.folds, self.filter
        if wanted:
            self._shown = Matches(buffer, finder(wanted), folds, firsts=wanted.inverse or wanted.firsts, anchor=anchor)
        else:
            self._shown = None
        self.lines = AllLines(buffer, folds) if self._shown is None else self._shown

    def _find_hits(self, anchor: int | None) -> None:
        buffer, folds = self._buffer, self.folds
        if self.search:
            self._hits = Matches(
                buffer,
                finder(self.search),
                folds,
                firsts=self.search.inverse or self.search.firsts,
                within=self._shown,
                anchor=anchor,
            )
        else:
            self._hits = None
