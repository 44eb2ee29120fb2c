"""AuroraApp: routes what the panes and the keys ask for to the session, and the answers back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from aurora_tui import folders
from aurora_tui.arranged import SwitchContext
from aurora_tui.guiding import Guiding
from aurora_tui.model import views
from aurora_tui.model.frozen import replace
from aurora_tui.model.onset import LOG_BEFORE_SECONDS
from aurora_tui.model.placing import context_of
from aurora_tui.model.selection import LogSelection, ServiceRef, logs_of
from aurora_tui.model.stamps import rfc3339
from widgets.help import binding_ids, help_lines
from widgets.objects import ObjectsPane
from widgets.tablepane import TablePane
from widgets.textpage import TextPage

if TYPE_CHECKING:
    from aurora_tui.fleet import Opened

_LINES_SINCE = 1000
"""Lines of each container that are read back to an onset."""


class AuroraApp(Guiding):
    """The console on one session, or on several contexts' at once. Exits with a status, or with what to open next."""

    def __init__(self, session: Opened) -> None:
        super().__init__(session)
        self._leaving = False
        """Whether it was said that something is under way; what is begun after its end is said anew."""
        self._looked_back: set[str] = set()
        """In which contexts actions that were left uncertain were looked after; once, when the pods are there."""
        self._worst: tuple[ServiceRef, int] | None = None
        """The service, and among how many pods its workload was looked for last."""

    def on_mount(self) -> None:
        unknown = sorted(set(self.session.settings.keys) - binding_ids(self, self.main))
        if unknown:
            self._remark(f"settings, keys: there is no {', '.join(unknown)}; the help (?) lists the ids")

    def flush(self) -> None:
        super().flush()
        self._leaving = self._leaving and self.busy
        for session in self.session.sessions:
            pods = session.store.table(views.PODS.table)
            if session.label not in self._looked_back and pods.freshness.last_good is not None:
                self._looked_back.add(session.label)
                self._work(self.look_back(session.label))
        if self.logs_pane.selection is None:
            self._follow_the_worst()

    def _follow_the_worst(self) -> None:
        """Until the operator chooses other logs, follow those of what the worst alert concerns."""
        alert = self.alerts_pane.alert()
        if alert is None or alert.service is None:
            return
        session = self.session.of(context_of(alert))
        look = (ServiceRef(alert.service, session.label), len(session.store.table(views.PODS.table).rows))
        if look == self._worst:
            return
        self._worst = look
        ref = session.seen_workload_of(alert.service)
        if ref is not None:
            self.open_logs(logs_of(ref), focus=False)

    # Keys on the row under the cursor

    def action_choose(self) -> None:
        pane = self.active
        if pane is self.alerts_pane and self.alerts_pane.drill():
            return
        if isinstance(pane, ObjectsPane):
            if not pane.drill():
                if pane.view is views.PODS:
                    self.action_logs()
                else:
                    self.action_inspect("describe")
            return
        self.action_triage()

    def action_logs(self) -> None:
        self._logs(previous=False)

    def action_previous_logs(self) -> None:
        self._logs(previous=True)

    def _logs(self, *, previous: bool) -> None:
        ref = self.active.subject() if self.active else None
        if isinstance(ref, ServiceRef):
            ref = self._workload()
        if ref is None:
            return
        pod = ref.name if ref.kind == views.PODS.kind else None
        workload = None if pod else (ref.kind, ref.name)
        labels = tuple(self.objects_pane.selector().items()) if ref.kind == views.SERVICES.kind else ()
        if ref.kind == views.SERVICES.kind and not labels:
            self._warn(f"{ref} selects no pods")
            return
        selection = LogSelection(
            ref.namespace or "", pod=pod, workload=workload, labels=labels, previous=previous, context=ref.context
        )
        onset = None if isinstance(self.active, ObjectsPane) else self.carried().onset
        if onset is not None and not previous:
            # The newest lines of each container since before the onset, as many as can be read over a slow line.
            selection = replace(selection, since=rfc3339(onset - LOG_BEFORE_SECONDS), tail=_LINES_SINCE)
        self.open_logs(selection)

    # Keys that open the prompt

    def action_ask_filter(self) -> None:
        pane = self.active
        if not isinstance(pane, TablePane):
            return
        before = pane.filter_text

        def ended(text: str | None) -> None:
            pane.set_filter(before if text is None else text)
            pane.focus_body()

        self.prompt.ask("/", value=before, changed=pane.set_filter, ended=ended)

    def action_ask_search(self) -> None:
        self._ask_pattern("/", self.logs_pane.tail.set_search)

    def action_ask_line_filter(self) -> None:
        self._ask_pattern("&", self.logs_pane.tail.set_filter)

    def _ask_pattern(self, label: str, apply: Callable[[str], None]) -> None:
        def ended(text: str | None) -> None:
            apply(text or "")
            self.logs_pane.focus_body()

        self.prompt.ask(label, changed=apply, ended=ended)

    def action_ask_command(self) -> None:
        words = sorted({name for view in views.VIEWS for name in view.names if len(name) > 2})
        words += [
            "alerts",
            "slo",
            "logs",
            "traces",
            "triage",
            "ns ",
            "ctx ",
            "incident",
            *(f"incident {name}" for name in self.incident_names),
            "incident new",
            "incidents",
            "runbook ",
            "checklist ",
            "maintenance",
            "help",
            "quit",
        ]
        pane = self.active

        def ended(line: str | None) -> None:
            if pane is not None:
                pane.focus_body()
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
        elif name == "shell":
            if not self.objects_pane.containers() or self._is_on_offer("Shell", "shell"):
                self.open_shell(rest)
        elif name == "traces":
            self.traces_command(rest)
        elif name == "triage":
            self.triage_command(rest)
        elif name == "undo":
            self.undo_last()
        elif name == "series":
            self.show_series()
        elif name in ("q", "q!", "quit", "exit"):
            self.action_leave()
        elif name in ("h", "help", "?"):
            self.action_help()
        elif not self.incident_command(name, rest):
            self._warn(f"no command {name!r}: press ? for all of them")

    def action_help(self) -> None:
        page = TextPage("Help", clock=self.session.clock)
        page.fill(help_lines(self, self.main, self.session.settings.keys, self.why_off_here))
        self.push_screen(page)

    def action_namespace(self, number: int) -> None:
        """All namespaces (0) or a favourite."""
        favourites = self.session.settings.namespaces or (self.session.of(self._context_here()).home,)
        if number == 0:
            self.switch_namespace(None)
        elif number <= len(favourites):
            self.switch_namespace(favourites[number - 1])
        else:
            self._warn(f"no favourite {number}: name it under namespaces in the settings")

    def action_refresh_sources(self) -> None:
        self.terminal_is_blank()  # somebody else may have written over the screen
        self.forget_rights()
        self.session.refresh()
        self.notify("asking all sources again")

    def action_save_screen(self) -> None:
        folder = folders.state_dir() / "saved"
        stamp = rfc3339(self.session.clock()).replace(":", "")
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            picture = folder / f"{stamp}.svg"
            picture.write_text(self.export_screenshot(), encoding="utf-8")
            self._save_rows(folder / f"{stamp}.txt")
        except OSError as error:
            self.notify(f"not saved: {error}", severity="error", markup=False)
            return
        self.notify(f"saved {picture}", markup=False)
        self._work(self.save_logs(folder / f"{stamp}.log"))

    def action_leave(self) -> None:
        if self.busy and not self._leaving:
            self._leaving = True
            self.notify("an action is still being verified: press again to leave all the same", severity="warning")
            return
        self.exit(0)

    def switch_namespace(self, namespace: str | None) -> None:
        """Show another namespace everywhere, or all."""
        self.session.switch_namespace(namespace)
        self.objects_pane.show_namespaces(all_namespaces=self.session.many_namespaces)

    def _save_rows(self, path: Path) -> None:
        """All rows of the pane that the keys are on, those outside the window too, as `get` prints them."""
        from aurora_tui.commands.output import table

        pane = self.active
        if isinstance(pane, TablePane):
            text = table(pane.grid.columns, pane.grid.visible_rows(), self.session.clock())
            path.write_text(f"{text}\n", encoding="utf-8")
