"""The desks of all contexts that are open: whatever is changed goes over the one of its own context."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aurora_tui.desk import ActionDesk, Done
from aurora_tui.keeping import Keeper
from aurora_tui.model.frozen import replace
from aurora_tui.seriesdesk import SeriesDesk
from aurora_tui.shells import LocalTerminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from aurora_tui.fleet import Opened
    from aurora_tui.seriesdesk import Run
    from widgets.series import SeriesScreen


class Desks:
    """A desk for actions, one for series and what keeps alerts acknowledged, for each context when it is wanted.

    LookupError for a context that is not open: nothing is ever sent to another one instead.
    """

    def __init__(self, session: Opened, terminal: LocalTerminal) -> None:
        self._opened = session
        self._terminal = terminal
        self._desks: dict[str, ActionDesk] = {}
        self._series: dict[str, SeriesDesk] = {}
        self.keepers: dict[str, Keeper] = {}
        self.done = Done()
        self._begun: list[tuple[str, Run]] = []

    def of(self, context: str) -> ActionDesk:
        """The desk of the context that an object is marked with."""
        if context not in self._desks:
            self._desks[context] = ActionDesk(self._opened.of(context), self._terminal, self.done)
        return self._desks[context]

    def series_of(self, context: str) -> SeriesDesk:
        """The same for series."""
        if context not in self._series:
            self._series[context] = SeriesDesk(self._opened.of(context), self.of(context).path)
        return self._series[context]

    def keep(self, context: str, say: Callable[[str], None]) -> None:
        """Prolong acknowledgements of a context from now on."""
        if context not in self.keepers:
            self.keepers[context] = Keeper(self.of(context).path, say)

    async def prolong(self, context: str, now: float, last_key: float) -> None:
        """Prolong the acknowledgements of a context that are about to end; what takes the last one back goes along."""
        place = self._opened.of(context).place
        for before, after in await self.keepers[context].prolong(now, last_key):
            if self.done.steps == (replace(before, ref=place(before.ref)),):
                self.of(context).note((after,))

    @property
    def busy(self) -> bool:
        """Whether something is being carried out or verified, in whatever context."""
        acting = any(desk.busy for desk in self._desks.values())
        return acting or any(desk.busy for desk in self._series.values())

    def latest(self) -> tuple[str, Run] | None:
        """The series that was begun last and its context, of those under way where there are any."""
        found = [each for each in self._begun if each[1].ended is None] or self._begun
        return found[-1] if found else None

    def begin(self, screen: SeriesScreen) -> tuple[str, Run]:
        """Take a confirmed series over from its screen; the answer names its context."""
        context = next(context for context, desk in self._series.items() if desk.has_planned(screen))
        begun = context, self._series[context].begin(screen)
        self._begun.append(begun)
        return begun

    def stop(self, screen: SeriesScreen) -> None:
        """Begin nothing more of the series that a screen shows."""
        for desk in self._series.values():
            desk.stop(screen)

    def forget(self, screen: SeriesScreen) -> None:
        """The screen was left."""
        for desk in self._series.values():
            desk.forget(screen)

    def close(self) -> None:
        """Let go of the journal; it may be used again."""
        for desk in self._desks.values():
            desk.close()
