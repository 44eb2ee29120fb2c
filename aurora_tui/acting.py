"""The keys that change something: which object they mean, what they ask for, and the dialogs that they open."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from aurora_tui.cluster.errors import ClusterError
from aurora_tui.heavy import import_late
from aurora_tui.model import views
from aurora_tui.model.actions import Target, Verb, called
from aurora_tui.model.configmaps import TOGGLE
from aurora_tui.model.selection import ObjectRef, ServiceRef
from aurora_tui.offering import OF_THE_ROW, Offering
from widgets.actiondialog import ActionDialog
from widgets.history import HistoryScreen
from widgets.objects import image_of, replicas_of

if TYPE_CHECKING:
    from aurora_tui.desk import ActionDesk
    from aurora_tui.desks import Desks
    from aurora_tui.handover import Handover
    from aurora_tui.model.series import Step


class Acting(Offering):
    """The keys that are on offer, and everything that goes from them to the action path."""

    @cached_property
    def desks(self) -> Desks:
        """Made when they are wanted: the first frame needs no actions."""
        from aurora_tui.desks import Desks

        return Desks(self.session, self.handover)

    @property
    def desk(self) -> ActionDesk:
        """The desk of the only context, or of the first."""
        return self.desks.of(self.session.sessions[0].label)

    @cached_property
    def handover(self) -> Handover:
        """What gives the terminal to a shell."""
        from aurora_tui.handover import Handover

        return Handover(self)

    async def look_back(self, context: str) -> None:
        """See to actions that were left uncertain; what actions need is imported beside the keys on this occasion."""
        with contextlib.suppress(ClusterError):
            await self.session.of(context).cluster.connect()  # after the first rows
        await asyncio.to_thread(import_late, "aurora_tui.desks")
        await self.desks.of(context).settle(self)

    async def on_unmount(self) -> None:
        if "desks" in vars(self):
            await self.handover.end()
            await asyncio.to_thread(self.desks.close)

    def on_action_dialog_confirmed(self, message: ActionDialog.Confirmed) -> None:
        desk = self._desk_for(message.plan.action.target)
        helped, answers = self.helped_by(message.dialog), (message.context, message.reason)
        work = self._work(desk.carry_out(self, message.dialog, message.plan, *answers, helped=helped))
        if not message.plan.followed:
            self.handover.until = work

    def helped_by(self, dialog: ActionDialog) -> str:
        """The service for whose sake a dialog's action is done, as far as that is known."""
        return ""

    def on_action_dialog_remedy_wanted(self, message: ActionDialog.RemedyWanted) -> None:
        """Plan the remedy; in the dialog that offered it, below, the verification goes on."""
        remedy = message.remedy
        ref = self.session.of(self.session.mark(remedy.target.context)).place(remedy.target.ref)
        self._work(self._prepare(message.opened, message.dialog, remedy.verb, ref, {}))

    def _desk_for(self, target: Target) -> ActionDesk:
        """The desk of the context that a plan was made in: no other may carry it out."""
        return self.desks.of(self.session.mark(target.context))

    def undo_last(self) -> None:
        """Plan the inverse of the last action of this session; it is confirmed like any other."""
        if not self.desks.done.steps:
            self._warn("nothing was done in this session that can be taken back")
        else:
            self.take_back(self.desks.done.steps)

    def take_back(self, steps: Sequence[Step]) -> None:
        """Plan the steps that undo something, last first."""
        (step,) = steps
        self.act(step.verb, step.ref, dict(step.params))

    def action_act(self, verb: str) -> None:
        ref = self.objects_pane.subject() if verb in OF_THE_ROW else self._workload()
        if ref is None:
            return
        verb = self._meant(verb)
        if verb == Verb.SCALE:
            self._ask_replicas(ref, replicas_of(self._row_of(ref)))
        else:
            self.act(Verb(verb), ref, {})

    def action_set_image(self) -> None:
        """Ask for the workload's new image, beginning from the one that runs."""
        ref = self._workload()
        if ref is not None:
            image = image_of(self._row_of(ref))
            self._ask_image(ref.words, image, lambda params: self.act(Verb.IMAGE, ref, params))

    def _row_of(self, ref: ObjectRef) -> object:
        """What was seen last of a workload that the keys mean; None where it was not read."""
        if self.active is self.objects_pane:
            return self.objects_pane.grid.cursor_row
        view = views.of_kind(ref.kind)
        rows = self.session.of(ref.context).store.table(view.table).rows if view is not None else {}
        return rows.get(f"{ref.namespace}/{ref.name}")

    def _ask_image(self, what: str, image: str, act: Callable[[dict[str, str | int]], None]) -> None:
        pane = self.active or self.objects_pane

        def ended(text: str | None) -> None:
            pane.focus_body()
            name, _, image = (text or "").strip().partition("=")
            if name and image:
                act({name.strip(): image.strip()})
            elif text:
                self._warn(f"{text!r}: give CONTAINER=IMAGE")

        self.prompt.ask(f"image of {what}: ", value=image, ended=ended)

    def action_shell(self) -> None:
        self.open_shell("")

    def open_shell(self, container: str) -> None:
        """Open a shell in the pod under the cursor; which of several containers is asked where none is given."""
        pane = self.objects_pane
        ref, names = pane.subject(), pane.containers()
        if ref is None or not names:
            self._warn("a shell is opened in a pod: choose one (:pods)")
        elif container or len(names) == 1:
            self.act(Verb.SHELL, ref, {"container": container} if container else {})
        else:
            self._ask_container(ref, names)

    def _ask_container(self, ref: ObjectRef, names: Sequence[str]) -> None:
        def ended(text: str | None) -> None:
            self.objects_pane.focus_body()
            if text is not None:
                self.act(Verb.SHELL, ref, {"container": text.strip()} if text.strip() else {})

        label = f"container of {ref.words} ({', '.join(names)}; Enter takes the pod's default): "
        self.prompt.ask(label, suggestions=names, ended=ended)

    def action_switch(self) -> None:
        """Ask which pods the Service shall select instead, beginning from the likeliest others."""
        pane = self.objects_pane
        if (ref := pane.subject()) is not None:
            now = ", ".join(f"{key}={value}" for key, value in pane.selector().items()) or "nothing"
            self._ask_pairs(Verb.SWITCH, ref, f"switch {ref.words} (selects {now}) to: ", pane.switches())

    def action_set_flag(self) -> None:
        """Ask which key of the ConfigMap gets which value; a key alone is toggled, an only switch is offered."""
        pane = self.objects_pane
        if (ref := pane.subject()) is not None:
            offered = pane.toggles()
            self._ask_pairs(Verb.FLAG, ref, f"set in {ref.words} KEY=VALUE: ", offered, prefill=len(offered) == 1)

    def _ask_pairs(
        self, verb: Verb, ref: ObjectRef, label: str, offered: Sequence[str], *, prefill: bool = True
    ) -> None:
        def ended(text: str | None) -> None:
            self.objects_pane.focus_body()
            key, sign, value = (text or "").strip().partition("=")
            if key.strip() and (sign or verb is Verb.FLAG):
                self.act(verb, ref, {key.strip(): value.strip() if sign else TOGGLE})
            elif text:
                self._warn(f"{text!r}: give KEY=VALUE")

        first = next(iter(offered), "") if prefill else ""
        self.prompt.ask(label, value=first, suggestions=offered, ended=ended)

    def action_rollout(self) -> None:
        """The rollout history of the workload under the cursor."""
        ref = self._workload()
        if ref is not None:
            self.show_history(ref)

    def show_history(self, ref: ObjectRef) -> None:
        """Open a workload's rollout history, from where it is rolled back."""
        screen = HistoryScreen(ref, clock=self.session.clock)
        self._work(self._fill_history(self.push_screen(screen), screen, ref))

    def on_history_screen_chosen(self, message: HistoryScreen.Chosen) -> None:
        if self._is_on_offer("Roll back", "restore"):
            if message.row.live:
                self._warn(f"revision {message.row.number} runs now: choose another")
            else:
                self.act(Verb.UNDO, message.ref, {"revision": message.row.number})

    def on_history_screen_pause_wanted(self, message: HistoryScreen.PauseWanted) -> None:
        if self._is_on_offer("Pause/resume", "pause"):
            self.act(Verb.RESUME if message.paused else Verb.PAUSE, message.ref, {})

    def act(self, verb: Verb, ref: ObjectRef, params: dict[str, str | int]) -> None:
        """Plan an action and ask; nothing is sent before the dialog's confirmation."""
        if any(isinstance(screen, ActionDialog) for screen in self.screen_stack):
            return
        session = self.session.of(ref.context)
        dialog = ActionDialog(
            f"{called(verb, ref.kind)} {ref.words}", session.context, protected=session.environment.protected
        )
        opened = self.push_screen(dialog, lambda wanted: self.undo_last() if wanted else None)
        self._work(self._prepare(opened, dialog, verb, ref, params))

    async def _prepare(
        self, opened: Awaitable[None], dialog: ActionDialog, verb: Verb, ref: ObjectRef, params: dict[str, str | int]
    ) -> None:
        await opened  # a near server answers before a busy machine has made the dialog
        await self.desks.of(ref.context).prepare(dialog, verb, ref, params)

    async def _fill_history(self, opened: Awaitable[None], screen: HistoryScreen, ref: ObjectRef) -> None:
        from aurora_tui.health import healths

        await opened
        try:
            found = await self.desks.of(ref.context).history(ref)
        except ClusterError as error:
            screen.say(f"the history cannot be read: {error}")
            return
        screen.fill(found.rows, found.status, paused=found.paused)
        async with contextlib.aclosing(healths(self.session.of(ref.context), ref, found.rows)) as answers:
            async for known in answers:
                if not screen.is_attached:
                    return
                screen.judge(known.health, known.trouble)

    def _ask_replicas(self, ref: ObjectRef, now: int | None) -> None:
        bounds = self.session.of(ref.context).capacity_of(ref)
        known = f"now {now}" if now is not None else "now unknown"
        limits = f", handbook {bounds.min_replicas}..{bounds.max_replicas}" if bounds else ""
        asked = f"scale {ref.words} ({known}{limits}) to: "
        self._ask_number(asked, lambda number: self.act(Verb.SCALE, ref, {"replicas": number}))

    def _ask_number(self, label: str, act: Callable[[int], None], what: str = "number of replicas") -> None:
        pane = self.active or self.objects_pane

        def ended(text: str | None) -> None:
            pane.focus_body()
            if text is None or not text.strip():
                return
            if text.strip().isdecimal():
                act(int(text))
            else:
                self._warn(f"{text!r} is not a {what}")

        self.prompt.ask(label, ended=ended)

    def _workload(self) -> ObjectRef | None:
        """The workload that the keys mean, said in words where there is none."""
        ref = self.active.workload() if self.active else None
        if isinstance(ref, ServiceRef):
            found = self.session.of(ref.context).workload_of(ref.name)
            if found is None:
                self._warn(f"the settings name no workload for {ref}")
            return found
        if ref is None:
            self._warn("nothing here that a workload runs")
        return ref
