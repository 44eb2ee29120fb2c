"""The desk for series: plans them for the screen, keeps those under way, and brings their moves to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aurora_tui.actions import ActionPath
from aurora_tui.model.series import Ended, Moved, SeriesPlan, Way
from aurora_tui.series import Maker, Series, or_words
from aurora_tui.session import Session
from aurora_tui.sli import slo_probe

if TYPE_CHECKING:
    from textual.app import App

    from widgets.series import SeriesScreen


@dataclass(slots=True)
class Run:
    """One series: planned, then maybe under way and ended; `screen` while one shows it."""

    maker: Maker
    plan: SeriesPlan
    screen: SeriesScreen | None
    series: Series | None = None
    moves: dict[int, Moved] = field(default_factory=dict)
    """The last move of each item."""
    ended: Ended | None = None


class SeriesDesk:
    """Takes series from their screen to the cluster; one that is hidden goes on."""

    def __init__(self, session: Session, path: ActionPath) -> None:
        self._session = session
        self._path = path
        self._planned: dict[SeriesScreen, Run] = {}
        self._begun: list[Run] = []

    @property
    def busy(self) -> bool:
        """Whether a series is under way."""
        return any(run.ended is None for run in self._begun)

    def under_way(self, title: str) -> Run | None:
        """The series of that title which has not ended."""
        return next((run for run in self._begun if run.ended is None and run.plan.title == title), None)

    async def prepare(self, screen: SeriesScreen, maker: Maker) -> None:
        """Plan a series and show it."""
        plan = await or_words(maker.plan())
        if not screen.is_attached:  # left meanwhile
            return
        if isinstance(plan, str):
            screen.show_refusal(plan)
        else:
            self._planned[screen] = Run(maker, plan, screen)
            screen.show_plan(plan)

    def has_planned(self, screen: SeriesScreen) -> bool:
        """Whether a screen shows a series of this desk that can be begun."""
        return screen in self._planned

    def forget(self, screen: SeriesScreen) -> None:
        """The screen was left."""
        self._planned.pop(screen, None)
        for run in self._begun:
            if run.screen is screen:
                run.screen = None

    def show_again(self, run: Run, screen: SeriesScreen) -> None:
        """Show a series that was begun before on a new screen."""
        run.screen = screen
        screen.show_under_way(run.plan, list(run.moves.values()), run.ended)

    def stop(self, screen: SeriesScreen) -> None:
        """Begin nothing more of the series that a screen shows."""
        for run in self._begun:
            if run.screen is screen and run.series is not None:
                run.series.stop()

    def begin(self, screen: SeriesScreen) -> Run:
        """Take a confirmed series over from its screen."""
        run = self._planned.pop(screen)
        run.series = Series(self._path, run.maker, run.plan, lambda action: slo_probe(self._session, action))
        self._begun.append(run)
        return run

    async def carry_out(self, app: App[Any], run: Run, way: Way, context: str | None, reason: str | None) -> None:
        """Carry a series that was begun out, on its screen while it is open."""
        if run.series is None:
            raise ValueError("the series was not begun")
        async for step in run.series.run(way, context=context, reason=reason):
            if isinstance(step, Moved):
                run.moves[step.index] = step
                if run.screen is not None:
                    run.screen.show_move(step)
                continue
            run.ended = step
            if run.screen is not None:
                run.screen.show_end(step)
            else:
                place = f" in {self._session.label}" if self._session.label else ""
                app.notify(
                    step.text,
                    title=f"{run.plan.title}{place}",
                    severity="information" if step.good else "warning",
                    timeout=30,
                    markup=False,
                )
