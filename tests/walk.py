"""Walks the whole program by its keys: every binding of every pane, view and screen, and past those that are off."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from textual.actions import parse
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen

import widgets
from aurora_tui import sending
from aurora_tui.app import AuroraApp
from aurora_tui.cluster.errors import ClusterError, ReadOnlyError
from aurora_tui.cluster.resources import find
from aurora_tui.model import views
from aurora_tui.model.actions import ExecRequest, Plan, Target, Verb
from aurora_tui.model.freshness import SourceState
from aurora_tui.model.incident_settings import Channel, ChannelKind, Occasion
from aurora_tui.model.matchers import Matcher
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.tracequery import TraceQuery
from aurora_tui.model.traces import Span, Trace
from aurora_tui.model.tracetree import tree_of
from aurora_tui.model.views import View
from aurora_tui.offering import WRITING
from tests.pilot.console import Console
from widgets.actiondialog import ActionDialog
from widgets.alertpage import AlertPage
from widgets.changes import ChangesScreen
from widgets.confirming import ConfirmScreen
from widgets.field import Field
from widgets.guidedlists import ChecklistScreen, MaintenanceScreen
from widgets.history import HistoryScreen
from widgets.incident import IncidentScreen
from widgets.incidentforms import LinesForm
from widgets.incidentlist import IncidentsScreen
from widgets.linepage import LinePage
from widgets.mitigations import MitigationsScreen
from widgets.notifying import NotifyScreen
from widgets.objects import ObjectsPane
from widgets.pane import Pane
from widgets.runbook import RunbookScreen
from widgets.series import SeriesScreen
from widgets.silenceform import SilenceForm
from widgets.templates import TemplatesScreen
from widgets.textpage import TextPage
from widgets.traces import TracesScreen
from widgets.tracescreen import SpanPage, TraceScreen
from widgets.triage import TriageScreen

QUIT = "app.quit"
REASON = "OPS-1 told by the walk"
Go = Callable[[], Awaitable[None]]
"""Brings the program to a place, from wherever the last key has led."""


def classes(root: type[DOMNode] = DOMNode) -> Iterator[type[DOMNode]]:
    """The widgets, screens and apps that are ours."""
    for kind in root.__subclasses__():
        if kind.__module__.split(".")[0] in ("widgets", "aurora_tui"):
            yield kind
        yield from classes(kind)


for module in pkgutil.iter_modules(widgets.__path__, "widgets."):
    importlib.import_module(module.name)
OURS: list[Any] = list(
    dict.fromkeys(binding for kind in dict.fromkeys(classes()) for binding in kind.__dict__.get("BINDINGS", ()))
)
"""Every binding of ours, whatever screen or pane it belongs to."""


def screens(app: AuroraApp) -> Iterator[Screen[Any]]:
    """Those that lie over the panes for a while."""
    yield TextPage("a text", clock=app.session.clock)
    yield LinePage(app.logs_pane.tail, clock=app.session.clock)
    yield TemplatesScreen(app.logs_pane.tail, "a log", clock=app.session.clock)
    yield AlertPage("an alert", (), clock=app.session.clock)
    matchers = (Matcher("job", "=", "x"),)
    yield SilenceForm("it", matchers, duration="1h", own=frozenset(), others=lambda: (), ended=lambda wish: None)
    yield ActionDialog("an action", "prod", protected=True)
    yield ActionDialog("an action", "dev", protected=False)  # in a field letters are no keys
    yield SeriesScreen("several", "dev", protected=False, clock=app.session.clock)
    yield ChangesScreen("", None, clock=app.session.clock)
    yield TriageScreen("a service", clock=app.session.clock)
    yield MitigationsScreen("a service", clock=app.session.clock)
    yield HistoryScreen(ObjectRef("Deployment", "aurora", "aurora-backend"), clock=app.session.clock)
    yield TracesScreen("backend", TraceQuery("aurora-backend", 0.0, 60.0), clock=app.session.clock)
    yield IncidentScreen(0.0, clock=app.session.clock)
    yield IncidentsScreen(clock=app.session.clock)
    yield RunbookScreen("a runbook", (), clock=app.session.clock)
    for guided in app.session.settings.checklists[:1]:
        yield ChecklistScreen(guided, clock=app.session.clock)
    yield MaintenanceScreen((), clock=app.session.clock)
    channels = (Channel("chat", ChannelKind.CHAT, secret_env="NOWHERE"),)
    yield NotifyScreen(
        "tell", channels, Occasion.UPDATE, chosen=[True], texts=lambda each: "x", said=lambda *told: None
    )
    yield LinesForm("a form", [("a line", "")], enter="keep it", ended=lambda lines: "")
    tree = tree_of(Trace("1" * 32, (Span("2" * 16, "", "aurora-backend", "GET /", 0, 1),)))
    trace = TraceScreen(tree.trace, clock=app.session.clock)
    trace.fill(tree)
    yield trace
    yield SpanPage(tree, tree.nodes[0], clock=app.session.clock)


def bound(screen: Screen[Any]) -> dict[str, tuple[str, Binding]]:
    """The key and the binding of each id that the focused widget and what it lies in have, on or off."""
    found: dict[str, tuple[str, Binding]] = {}
    for node, bindings in screen._modal_binding_chain:
        if type(node).__module__.split(".")[0] in ("widgets", "aurora_tui"):
            for key, binding in bindings:
                if binding.id is not None:
                    found.setdefault(binding.id, (key, binding))
    return found


def leads_to_a_change(binding: Binding) -> bool:
    return parse(binding.action)[1] in WRITING


class Walk:
    """One operator who tries everything and confirms whatever asks; `rows` names rows of a kind by their keys.

    `pressed` are the ids of the bindings whose keys were pressed. What is planned is then carried out past the
    keys, the dialog's questions and, in a read-only session, the action path itself.
    """

    def __init__(self, console: Console, namespace: str, rows: Mapping[str, Sequence[str]]) -> None:
        self.console = console
        self.app = console.app
        self.pressed: set[str] = set()
        self.not_off: set[str] = set()
        """The ids of those that lead to a change and were on, with an object to change."""
        self.asked: list[str] = []
        """What was asked to be confirmed, though no key was gone past."""
        self.planned: set[Verb] = set()
        self.refusals = 0
        """How often the client was asked to send a change itself, and refused."""
        self._namespace = namespace
        self._rows = rows
        self._past = False
        self._done: set[str] = set()
        """The ids of those that were pressed where they mean something; one that leads to a change never is."""
        self._empty: Screen[Any] | None = None
        """A screen that was only opened for its keys: nothing fills it."""

    async def everywhere(self, *, past: bool = False) -> None:
        """Press the keys of every place; `past` also does what those that are off would do if they were not."""
        self._past = past
        for view in views.VIEWS:
            for row in self._rows.get(view.kind) or (None,):
                await self._at(partial(self._to_view, view, row))
        for view in (views.PODS, views.DEPLOYMENTS):
            await self._at(partial(self._to_view, view, self._first(view), marked=True))
        for pane in self.app.panes:
            if not isinstance(pane, ObjectsPane):
                await self._at(partial(self._to_pane, pane))
        await self._at(self._to_history)
        await self._at(self._to_prompt)
        for number, _ in enumerate(screens(self.app)):
            await self._at(partial(self._to_screen, number))

    async def leave(self) -> None:
        """Press what leaves the program, whatever is still under way."""
        await self._back()
        key, _ = bound(self.app.screen)[QUIT]
        for _ in range(2):
            if self.app.is_running:
                await self.console.press(key)
        self.pressed.add(QUIT)
        assert not self.app.is_running

    async def _at(self, go: Go) -> None:
        await go()
        for name, (key, binding) in bound(self.app.screen).items():
            writes = leads_to_a_change(binding)
            if name == QUIT or (name in self._done and not writes):
                continue
            await go()
            assert name in bound(self.app.screen), f"{name} is no longer there"
            off = writes and self._is_off(name, binding)
            if not (self._past and writes):
                if self._is_allowed(binding):
                    self._done.add(name)
                await self.console.press(key)
                self.pressed.add(name)
            elif off:
                self._do(binding)
                await self.console.pilot.pause()
                assert self.app.prompt.is_open or self.app.screen is not self.app.main, f"{name} leads nowhere"
            await self._answer()

    def _is_off(self, name: str, binding: Binding) -> bool:
        """Whether a key that leads to a change is off; one that means no object here is neither on nor off."""
        _, action, parameters = parse(binding.action)
        if self._empty is not None or not self._is_allowed(binding) or not [*self.app._steps(action, parameters)]:
            return False
        if not self.app.why_off(action, parameters):
            self.not_off.add(name)
            return False
        return True

    def _is_allowed(self, binding: Binding) -> bool:
        """Whether a key means something where the operator is now, as far as the pane decides it."""
        _, action, parameters = parse(binding.action)
        pane = self.app.active
        return self.app.screen is not self.app.main or pane is None or pane.allows(action, parameters) is not False

    def _do(self, binding: Binding) -> None:
        """What a key does, as if it were not off."""
        _, action, parameters = parse(binding.action)
        screen = self.app.screen
        if isinstance(screen, HistoryScreen):
            verb = Verb.PAUSE if action == "pause" else Verb.UNDO
            self.app.act(verb, screen.ref, {})
        else:
            getattr(self.app, f"action_{action}")(*parameters)

    async def _answer(self) -> None:
        """Answer whatever asks, confirm it, and come back to the panes."""
        for _ in range(8):
            screen = self.app.screen
            if self.app.prompt.is_open:
                await self.console.press(*self._line(), "enter")
            elif screen is self.app.main:
                return
            else:
                if isinstance(screen, ConfirmScreen) and screen is not self._empty:
                    if not self._past:
                        self.asked.append(self.console.text)
                    await self._confirm(screen)
                if self.app.screen is screen:
                    await self._back()
        raise AssertionError(f"there is no way back\n{self.console.text}")

    def _line(self) -> str:
        """What is typed into the prompt, after what stands in it."""
        there = self.app.prompt._input.value
        if str(self.app.prompt._label.content).startswith("image "):
            return "3" if there else "*=3"  # the image that runs already would be no change
        return "" if there else "3"

    async def _back(self) -> None:
        """Leave what lies over the panes."""
        for _ in range(4):
            if self.app.prompt.is_open or self.app.screen is not self.app.main:
                await self.console.press("escape")

    async def _confirm(self, screen: ConfirmScreen[Any]) -> None:
        """Type what is asked for, press what confirms, and then go past the questions and what they guard."""
        await self.console.until(lambda: screen._plan is not None or str(screen._cancel.label) == "Close")
        plan = screen._plan
        if isinstance(screen.focused, Field):
            await self.console.press(*f"{self.app.session.context}\r{REASON}\r\r")
        elif plan is not None and not plan.problems:
            await self.console.press("right", "enter")
        if plan is None or not self._past:
            return
        where = {"context": self.app.session.context, "reason": REASON}
        if isinstance(screen, ActionDialog):
            await self.app.desk.carry_out(self.app, screen, plan, **where)
            await self._send([plan])
        elif isinstance(screen, SeriesScreen) and screen in self.app.series_desk._planned:
            run = self.app.series_desk.begin(screen)
            await self.app.series_desk.carry_out(self.app, run, plan.way, **where)
            await self._send([item.plan for item in plan.items if item.plan])

    async def _send(self, plans: Sequence[Plan]) -> None:
        """Ask the client itself to send what was planned, where it is the last that stands in the way."""
        self.planned |= {plan.action.verb for plan in plans}
        cluster = self.app.desk.path.cluster
        for plan in plans if self.app.session.read_only else ():
            target = plan.action.target
            resource = find(target.kind)
            assert resource is not None
            live = await cluster.get(resource, target.namespace, target.name)
            try:
                if isinstance(plan.request, ExecRequest):
                    await self._open(target, plan.request)
                else:
                    await sending.send(cluster, resource, plan.request, live)
            except ReadOnlyError:
                self.refusals += 1
            except ClusterError as error:
                raise AssertionError(f"{plan.title}: the server was asked, and said {error}") from error
            else:
                raise AssertionError(f"{plan.title}: it was carried out")

    async def _open(self, target: Target, request: ExecRequest) -> None:
        opened = self.app.session.sessions[0].cluster.exec(
            target.namespace, target.name, container=request.container, command=request.command, tty=request.tty
        )
        async with opened:
            raise AssertionError(f"a shell was opened in {target}")

    def _first(self, view: View) -> str | None:
        return next(iter(self._rows.get(view.kind, ())), None)

    async def _to_view(self, view: View, row: str | None, *, marked: bool = False) -> None:
        pane = self.app.objects_pane
        self.app.switch_namespace(self._namespace)
        pane.grid.unmark()
        pane.show_view(view, select=row)
        await self._to_pane(pane)
        table = self.app.session.store.table(view.table)
        await self.console.until(
            lambda: (
                table.freshness.last_good is not None
                or table.freshness.state in (SourceState.DENIED, SourceState.UNCONFIGURED)
            )
        )
        if row is not None:
            await self.console.until(lambda: pane.grid.cursor_key == row)
        if marked:
            await self.console.press("space", *(("g", "space") if pane.grid.visible_count > 1 else ()))
            assert pane.grid.marked
        await self._until_rights_are_known()

    async def _to_pane(self, pane: Pane) -> None:
        await self._back()
        self._empty = None
        if self.app.zoomed:
            self.app.action_zoom()
        self.app.go_to(pane)
        await self.console.until(lambda: self.app.active is pane and self.app.screen is self.app.main)
        await self._until_rights_are_known()

    async def _to_history(self) -> None:
        await self._to_view(views.DEPLOYMENTS, self._first(views.DEPLOYMENTS))
        self.app.action_rollout()
        await self.console.until("runs now")
        await self._until_rights_are_known()

    async def _to_prompt(self) -> None:
        await self._to_view(views.DEPLOYMENTS, self._first(views.DEPLOYMENTS))
        self.app.action_ask_command()
        await self.console.pilot.pause()

    async def _to_screen(self, number: int) -> None:
        await self._to_pane(self.app.objects_pane)
        self._empty = list(screens(self.app))[number]
        await self.app.push_screen(self._empty)

    async def _until_rights_are_known(self) -> None:
        """The keys are as they will stay: what is allowed was asked for, after a flush that saw where they are."""
        self.app.flush()
        if not self.app.session.read_only:
            await self.console.until(lambda: bool(self.app._rights) and not self.app._asking)
            self.app.flush()
            await self.console.until(lambda: not self.app._asking)
