"""AuroraApp: routes what the panes and the keys ask for to the session, and the answers back."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, ClassVar

from textual.binding import BindingType

from aurora_tui import folders
from aurora_tui.cluster.errors import ClusterError
from aurora_tui.desk import ActionDesk
from aurora_tui.frame import Frame, SwitchContext
from aurora_tui.inspection import alert_lines, inspect
from aurora_tui.logbuffer import LogBuffer
from aurora_tui.model import views
from aurora_tui.model.actions import Verb
from aurora_tui.model.selection import LogSelection, ObjectRef
from aurora_tui.model.stamps import rfc3339
from aurora_tui.session import Session
from widgets.actiondialog import ActionDialog
from widgets.alerts import AlertsPane
from widgets.help import help_lines
from widgets.logs import LogsPane
from widgets.objects import ObjectsPane
from widgets.pane import Pane, pane_binding
from widgets.tablepane import TablePane
from widgets.textpage import TextPage


class AuroraApp(Frame):
    """The console on one session. Exits with a status, or with the context to open next."""

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding(
            "colon", "ask_command", "Command", "Type a command, e.g. :deploy or :ns monitoring", id="app.command"
        ),
        pane_binding("question_mark", "help", "Help", "All keys and commands", id="app.help"),
        pane_binding("ctrl+r", "refresh_sources", "Refresh", "Ask all sources again now", id="app.refresh", show=False),
        pane_binding(
            "ctrl+s", "save_screen", "Save", "Save the screen as SVG and the logs as text", id="app.save", show=False
        ),
        pane_binding("ctrl+c,ctrl+q", "leave", "Quit", "Leave the program", id="app.quit", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.desk = ActionDesk(session)
        self._log_task: asyncio.Task[None] | None = None
        self._leaving = False
        self._under_way: set[asyncio.Task[None]] = set()

    # What the panes ask for

    def on_table_pane_filter_asked(self, message: TablePane.FilterAsked) -> None:
        pane = message.pane
        before = pane.filter_text

        def ended(text: str | None) -> None:
            pane.set_filter(before if text is None else text)
            pane.focus_body()

        self.prompt.ask("/", value=before, changed=pane.set_filter, ended=ended)

    def on_table_pane_namespace_asked(self, message: TablePane.NamespaceAsked) -> None:
        if message.number == 0:
            self.switch_namespace(None)
            return
        favourites = self.session.settings.namespaces or (self.session.home,)
        if message.number <= len(favourites):
            self.switch_namespace(favourites[message.number - 1])
        else:
            self.notify(f"no favourite {message.number}: name it under namespaces in the settings", markup=False)

    def on_pane_service_chosen(self, message: Pane.ServiceChosen) -> None:
        ref = self.session.workload_of(message.service)
        view = views.of_kind(ref.kind) if ref else None
        if ref is None or view is None:
            self.notify(f"the settings name no workload for {message.service}", severity="warning", markup=False)
        elif message.how == "show":
            self.objects_pane.show_view(view, select=f"{ref.namespace}/{ref.name}")
            self.go_to(self.objects_pane)
        elif message.how == "logs":
            self.open_logs(LogSelection(ref.namespace or "", workload=(view.kind, ref.name)))
        else:
            self.act(Verb(message.how), ref, {})

    def on_objects_pane_inspected(self, message: ObjectsPane.Inspected) -> None:
        self._work(self._inspect(message.ref, message.how))

    def on_alerts_pane_described(self, message: AlertsPane.Described) -> None:
        lines = alert_lines(message.alert, self.session.settings, self.session.clock())
        self.push_screen(TextPage(f"Alert {message.alert.name}", lines, clock=self.session.clock))

    def on_objects_pane_logs_asked(self, message: ObjectsPane.LogsAsked) -> None:
        self.open_logs(message.selection)

    def on_objects_pane_action_asked(self, message: ObjectsPane.ActionAsked) -> None:
        if message.verb is Verb.SCALE:
            self._ask_replicas(message.ref, message.replicas)
        else:
            self.act(message.verb, message.ref, {})

    def on_logs_pane_pattern_asked(self, message: LogsPane.PatternAsked) -> None:
        pane = message.pane
        apply = pane.tail.set_filter if message.hides else pane.tail.set_search

        def ended(text: str | None) -> None:
            apply(text or "")
            pane.focus_body()

        self.prompt.ask("&" if message.hides else "/", changed=apply, ended=ended)

    def on_logs_pane_window_chosen(self, message: LogsPane.WindowChosen) -> None:
        selection = self.logs_pane.selection
        if selection is not None:
            since = rfc3339(self.session.clock() - message.seconds)
            self.open_logs(selection.from_time(since))

    def on_action_dialog_confirmed(self, message: ActionDialog.Confirmed) -> None:
        dialog = next(screen for screen in self.screen_stack if isinstance(screen, ActionDialog))
        self._work(self.desk.carry_out(self, dialog, message.plan, message.context, message.reason))

    # What the keys ask for

    def action_ask_command(self) -> None:
        words = sorted({name for view in views.VIEWS for name in view.names if len(name) > 2})
        words += ["alerts", "slo", "logs", "ns ", "ctx ", "help", "quit"]
        focused = self.focused

        def ended(line: str | None) -> None:
            if focused is not None:
                focused.focus()
            if line:
                self.run_command(line)

        self.prompt.ask(":", suggestions=words, ended=ended)

    def run_command(self, line: str) -> None:
        """Do what a command line such as ``deploy`` or ``ns monitoring`` says."""
        name, _, rest = line.strip().partition(" ")
        rest = rest.strip()
        view = views.named(name)
        panes = {
            "alerts": self.alerts_pane,
            "slo": self.slos_pane,
            "slos": self.slos_pane,
            "logs": self.logs_pane,
        }
        if view is not None:
            if rest:
                self.switch_namespace(None if rest == "all" else rest)
            self.objects_pane.show_view(view)
            self.go_to(self.objects_pane)
        elif name in panes:
            self.go_to(panes[name])
        elif name in ("ns", "namespace") and rest:
            self.switch_namespace(None if rest in ("all", "*") else rest)
        elif name in ("ctx", "context") and rest:
            self.exit(SwitchContext(rest))
        elif name in ("q", "q!", "quit", "exit"):
            self.action_leave()
        elif name in ("h", "help", "?"):
            self.action_help()
        else:
            self.notify(f"no command {name!r}: press ? for all of them", severity="warning", markup=False)

    def action_help(self) -> None:
        self.push_screen(TextPage("Help", help_lines(self, self.main), clock=self.session.clock))

    def action_refresh_sources(self) -> None:
        self.session.refresh()
        self.notify("asking all sources again", timeout=2)

    def action_save_screen(self) -> None:
        folder = folders.state_dir() / "saved"
        stamp = rfc3339(self.session.clock()).replace(":", "")
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            picture = folder / f"{stamp}.svg"
            picture.write_text(self.export_screenshot(), encoding="utf-8")
            self._save_logs(folder / f"{stamp}.log")
        except OSError as error:
            self.notify(f"not saved: {error}", severity="error", markup=False)
            return
        self.notify(f"saved {picture}", markup=False)

    def action_leave(self) -> None:
        if self.desk.busy and not self._leaving:
            self._leaving = True
            self.notify("an action is still being verified: press again to leave all the same", severity="warning")
            return
        self.exit(0)

    def switch_namespace(self, namespace: str | None) -> None:
        """Show another namespace everywhere, or all."""
        self.session.switch_namespace(namespace)
        self.objects_pane.show_namespaces(all_namespaces=namespace is None)

    # What takes time

    def act(self, verb: Verb, ref: ObjectRef, params: dict[str, str | int]) -> None:
        """Plan an action and ask; nothing is sent before the dialog's confirmation."""
        dialog = ActionDialog(f"{verb.value} {ref}")
        self.push_screen(dialog)
        self._work(self.desk.prepare(dialog, verb, ref, params))

    def open_logs(self, selection: LogSelection) -> None:
        """Follow a selection's logs from now on; the one followed before is left."""
        if self._log_task is not None:
            self._log_task.cancel()
        buffer = LogBuffer(capacity_lines=self.session.settings.log_lines)
        tail = self.session.tail(selection, buffer)
        self._log_task = self._work(tail.run())
        self.logs_pane.follow(selection, buffer, tail.notes)
        self.go_to(self.logs_pane)

    async def _inspect(self, ref: ObjectRef, how: str) -> None:
        try:
            lines = await inspect(self.session.cluster, ref, how, self.session.clock())
        except ClusterError as error:
            self.notify(f"{ref}: {error}", severity="error", markup=False)
            return
        await self.push_screen(TextPage(f"{how} {ref}", lines, clock=self.session.clock))

    def _ask_replicas(self, ref: ObjectRef, now: int | None) -> None:
        bounds = self.session.capacity_of(ref)
        known = f"now {now}" if now is not None else "now unknown"
        limits = f", handbook {bounds.min_replicas}..{bounds.max_replicas}" if bounds else ""

        def ended(text: str | None) -> None:
            self.objects_pane.focus_body()
            if text is None or not text.strip():
                return
            if text.strip().isdecimal():
                self.act(Verb.SCALE, ref, {"replicas": int(text)})
            else:
                self.notify(f"{text!r} is not a number of replicas", severity="warning", markup=False)

        self.prompt.ask(f"scale {ref} ({known}{limits}) to: ", ended=ended)

    def _save_logs(self, path: Path) -> None:
        buffer = self.logs_pane.buffer
        if len(buffer):
            lines = (buffer[number] for number in range(buffer.first, buffer.end))
            path.write_text("".join(f"{line.origin} {line.text}\n" for line in lines), encoding="utf-8")

    def _work(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something that takes time beside the keys; the app keeps it from being forgotten."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.log.error(error)
            self.notify(f"{type(error).__name__}: {error}", severity="error", markup=False)
