"""The help: every key of the screen as it is bound now, with what it does and its id for the keymap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen

from widgets.actiondialog import ActionDialog
from widgets.alertpage import AlertPage
from widgets.changes import ChangesScreen
from widgets.guidedlists import ChecklistScreen, MaintenanceScreen
from widgets.history import HistoryScreen
from widgets.incident import IncidentScreen
from widgets.incidentforms import LinesForm
from widgets.incidentlist import IncidentsScreen
from widgets.linepage import LinePage
from widgets.mitigations import MitigationsScreen
from widgets.notifying import NotifyScreen
from widgets.runbook import RunbookScreen
from widgets.sections import Sections
from widgets.series import SeriesScreen
from widgets.silenceform import SilenceForm
from widgets.templates import TemplatesScreen
from widgets.textpage import TextPage
from widgets.traces import TracesScreen
from widgets.tracescreen import SpanPage, TraceScreen
from widgets.triage import TriageScreen
from widgets.waterfall import Waterfall

_GROUPS = {
    "app": "Everywhere",
    "grid": "Moving and sorting in tables",
    "table": "Tables",
    "objects": "Pods, workloads, nodes",
    "pods": "Pods",
    "cronjobs": "CronJobs",
    "nodes": "Nodes",
    "services": "Services",
    "configmaps": "ConfigMaps",
    "rollouts": "Rollouts (Argo Rollouts)",
    "slos": "SLOs",
    "alerts": "Alerts",
    "logs": "Logs pane",
    "tail": "Moving in logs and texts",
    "templates": "Templates of a log",
    "line": "Page of a log line",
    "page": "Texts (describe, YAML, events, this help)",
    "prompt": "Prompt",
    "action": "Dialog of an action",
    "silence": "Silence editor",
    "series": "Several actions in one (marked rows, drain, canary)",
    "deployments": "Deployments",
    "history": "Rollout history",
    "incident": "Incident",
    "incidents": "List of incidents",
    "replay": "Replay of an incident",
    "runbook": "Runbook",
    "list": "Checklists",
    "maintenance": "Maintenance",
    "notify": "Telling others of an incident",
    "form": "Forms of an incident",
    "changes": "What changed",
    "triage": "Triage",
    "sections": "Moving in a triage",
    "mitigations": "Mitigations",
    "traces": "Traces of a service",
    "trace": "A trace",
    "waterfall": "Moving in a trace",
    "span": "A span",
}


_SCREENS = (
    TextPage, AlertPage, LinePage, TemplatesScreen, HistoryScreen, ChangesScreen, ActionDialog, SeriesScreen,
    SilenceForm, TriageScreen, Sections, MitigationsScreen, IncidentScreen, IncidentsScreen, LinesForm,
    NotifyScreen, RunbookScreen, ChecklistScreen, MaintenanceScreen,
    TracesScreen, TraceScreen, Waterfall, SpanPage,
)  # fmt: skip
"""Those that lie over the panes."""


def help_lines(
    app: App[Any], screen: Screen[Any], keymap: Mapping[str, str], why_off: Callable[[str], str]
) -> Iterator[str]:
    """The help as text, grouped; asks the widgets for their bindings, so that it cannot be out of date.

    `keymap` names the keys of the bindings, by id, that the settings put elsewhere; `why_off` says of a
    binding's action why it leads to nothing here and now.
    """
    groups: dict[str, dict[str, Binding]] = {}
    for binding in _all_bindings(app, screen):
        if binding.id is not None:
            groups.setdefault(binding.id.partition(".")[0], {}).setdefault(binding.id, binding)
    for group, heading in _GROUPS.items():
        if group not in groups:
            continue
        yield heading
        for name, binding in groups[group].items():
            keys = keymap.get(name, binding.key)
            display = " ".join(app.get_key_display(binding.with_key(key.strip())) for key in keys.split(","))
            yield f"    {display:<18} {binding.tooltip:<66} {name}"
            if why := why_off(binding.action):
                yield f"    {'':<18} ✘ off: {why}"
        yield ""
    yield "Commands"
    for command, words in COMMANDS:
        yield f"    {command:<18} {words}"
    yield ""
    yield "Any key can be changed in the settings:  keys: {table.undo: ctrl+u}"


def binding_ids(app: App[Any], screen: Screen[Any]) -> frozenset[str]:
    """The ids by which the settings may put keys elsewhere."""
    return frozenset(binding.id for binding in _all_bindings(app, screen) if binding.id is not None)


def _all_bindings(app: App[Any], screen: Screen[Any]) -> Iterator[Binding]:
    shown = [app, screen, *screen.query("*")]
    return _bindings([*(type(node) for node in shown), *_SCREENS])


COMMANDS = (
    (":pods", "pods; also :deploy :sts :ds :rs :jobs :cj :hpa :nodes :events :svc :cm :ro"),
    (":ns NAME", "another namespace; :ns all for all of them"),
    (":slo :alerts :logs", "go to a pane"),
    (":traces SERVICE", "traces of a service of the last hour; :traces TRACE-ID that one"),
    (":triage SERVICE", "triage of a service; without one of what is under the cursor"),
    (":ctx NAME …", "another context of the kubeconfig, or several at once"),
    (":shell CONTAINER", "a shell in a container of the pod under the cursor"),
    (":undo", "take back the last action or series of this session, with a preview"),
    (":incident", "the incident in hand, or open one; :incident new another one beside it; :note a note for it"),
    (":incident NAME", "have that one in hand, or read it if it is over; :incidents lists them"),
    (":runbook NAME", "the runbook of an alert; :runbook that of the alert in hand"),
    (":checklist NAME", "a guided list, such as deploy; :maintenance the tasks that come round again"),
    (":series", "show the several actions that are under way, or were last"),
    (":help", "this page"),
    (":q", "quit"),
)


def _bindings(kinds: Iterable[type[DOMNode]]) -> Iterator[Binding]:
    """The bindings of widget classes, those that they inherit first."""
    for base in dict.fromkeys(base for kind in kinds for base in reversed(kind.__mro__)):
        for binding in vars(base).get("BINDINGS", ()):
            if isinstance(binding, Binding):
                yield binding
