"""The keys on marked rows, and those that take several actions: bulk, drain, canary, and taking a series back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from aurora_tui.acting import Acting
from aurora_tui.model.actions import Params, Verb
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.series import Step, Way, objects, title_of
from aurora_tui.offering import OF_THE_ROW, mixed
from widgets.objects import Marked, image_of

if TYPE_CHECKING:
    from aurora_tui.actions import ActionPath
    from aurora_tui.series import Maker
    from aurora_tui.seriesdesk import Run, SeriesDesk
    from widgets.series import SeriesScreen


class ActingInSeries(Acting):
    """Acting on one object, and on all that the operator has marked."""

    @property
    def series_desk(self) -> SeriesDesk:
        """The desk for series of the only context, or of the first."""
        return self.desks.series_of(self.session.sessions[0].label)

    @property
    def busy(self) -> bool:
        """Whether something is being carried out or verified."""
        return "desks" in vars(self) and self.desks.busy

    def action_act(self, verb: str) -> None:
        """On the marked rows where there are any, else on the row under the cursor."""
        marked = self._marked(workloads=verb not in OF_THE_ROW)
        if marked is None:
            super().action_act(verb)
            return
        if self._is_mixed(marked.refs):
            return
        verb = self._meant(verb)
        if verb == Verb.SCALE:
            label = f"scale {objects(marked.refs)} to: "
            self._ask_number(label, lambda number: self._act_on(marked, Verb.SCALE, {"replicas": number}))
        else:
            self._act_on(marked, Verb(verb), {})

    def action_set_image(self) -> None:
        marked = self._marked(workloads=True)
        if marked is None:
            super().action_set_image()
        elif not self._is_mixed(marked.refs):
            image = image_of(self.objects_pane.grid.cursor_row)
            self._ask_image(objects(marked.refs), image, lambda params: self._act_on(marked, Verb.IMAGE, params))

    def action_drain(self) -> None:
        """Drain the node under the cursor: its pods go to others, so that several at once make no sense."""
        marked, node = self._marked(workloads=False), self.objects_pane.subject()
        if marked is not None:
            if len(marked.refs) != 1:
                one = "drain one node after the other: take the other marks off"
                self._warn(one if marked.refs else "; ".join(marked.remarks))
                return
            node = marked.refs[0]
        if node is not None:
            self.drain(node)

    def drain(self, node: ObjectRef) -> None:
        """Plan the drain of a node and ask."""
        from aurora_tui.draining import Drain

        self.act_in_series(f"drain {node}", lambda path: Drain(path, node), node.context)

    def action_canary(self) -> None:
        """Ask for the share of the Deployment under the cursor among the pods of its Service."""
        from aurora_tui.canary import Canary

        ref = self.objects_pane.subject()
        if ref is None:
            return

        def share(percent: int) -> None:
            self.act_in_series(f"give {ref} {percent} %", lambda path: Canary(path, ref, percent), ref.context)

        self._ask_number(f"percent of its Service's pods for {ref.words}: ", share, "percentage")

    def act_at_once(self, steps: Sequence[Step]) -> None:
        """Plan the same on several objects, none of which waits for the one before; one alone has its dialog."""
        from aurora_tui.bulk import Bulk

        (first, *others), refs = steps, [each.ref for each in steps]
        if not others:
            self.act(first.verb, first.ref, dict(first.params))
        else:
            called = title_of(first.verb, first.params, refs)
            self.act_in_series(called, lambda path: Bulk(path, steps, called, way=Way.TOGETHER), first.ref.context)

    def take_back(self, steps: Sequence[Step]) -> None:
        from aurora_tui.bulk import Bulk

        if len(steps) == 1:
            super().take_back(steps)
        else:
            called = f"take back {objects(step.ref for step in steps)}"
            self.act_in_series(called, lambda path: Bulk(path, steps, called), steps[0].ref.context)

    def act_in_series(self, title: str, make: Callable[[ActionPath], Maker], context: str) -> None:
        """Plan a series in a context and ask, or show the same one that is under way there.

        Nothing is sent before its confirmation.
        """
        desk = self.desks.series_of(context)
        run = desk.under_way(title)

        async def fill(screen: SeriesScreen) -> None:
            if run is not None:
                desk.show_again(run, screen)
            else:
                await desk.prepare(screen, make(self.desks.of(context).path))

        self._open_series(title, fill, context)

    def show_series(self) -> None:
        """The series that was begun last, on its screen again."""
        latest = self.desks.latest()
        if latest is None:
            self._warn("no series was begun in this session")
            return
        context, run = latest

        async def fill(screen: SeriesScreen) -> None:
            self.desks.series_of(context).show_again(run, screen)

        self._open_series(run.plan.title, fill, context)

    def on_series_screen_confirmed(self, message: SeriesScreen.Confirmed) -> None:
        for pane in (self.objects_pane, self.alerts_pane):
            pane.grid.unmark()
        self._work(self._carry_out_series(*self.desks.begin(message.screen), message))

    def on_series_screen_stop_wanted(self, message: SeriesScreen.StopWanted) -> None:
        self.desks.stop(message.screen)

    def _marked(self, *, workloads: bool) -> Marked | None:
        """What is marked in the pane of objects while the keys are on it; None where nothing is."""
        if self.active is not self.objects_pane or not self.objects_pane.grid.marked:
            return None
        return self.objects_pane.marked(workloads=workloads)

    def _act_on(self, marked: Marked, verb: Verb, params: Params) -> None:
        from aurora_tui.bulk import Bulk

        steps = [Step(verb, ref, params) for ref in marked.refs]
        called = title_of(verb, params, marked.refs)
        context = next((ref.context for ref in marked.refs), self._context_here())
        self.act_in_series(called, lambda path: Bulk(path, steps, called, marked.remarks), context)

    def _is_mixed(self, refs: Sequence[ObjectRef]) -> bool:
        """Whether objects lie in several contexts, which is then said: what is confirmed is confirmed for one."""
        words = mixed(refs)
        if words:
            self._warn(words)
        return bool(words)

    def _open_series(self, title: str, fill: Callable[[SeriesScreen], Awaitable[None]], context: str) -> None:
        from widgets.series import SeriesScreen

        if any(isinstance(each, SeriesScreen) for each in self.screen_stack):
            return
        session = self.session.of(context)
        screen = SeriesScreen(title, session.context, protected=session.environment.protected, clock=session.clock)
        opened = self.push_screen(screen, lambda wanted: self._series_left(screen, undo=bool(wanted)))

        async def fill_it() -> None:
            await opened
            await fill(screen)

        self._work(fill_it())

    async def _carry_out_series(self, context: str, run: Run, message: SeriesScreen.Confirmed) -> None:
        await self.desks.series_of(context).carry_out(self, run, message.way, message.context, message.reason)
        if run.ended is not None and run.ended.undo:
            self.desks.of(context).note(run.ended.undo)

    def _series_left(self, screen: SeriesScreen, *, undo: bool) -> None:
        self.desks.forget(screen)
        if undo:
            self.undo_last()
