"""What the settings may hold: the merged tree becomes environments, services, alert rules, policies …"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

from aurora_tui.model.checklists import GuidedList, MaintenanceTask
from aurora_tui.model.definitions import AlertRule, Environment, Service, Sources
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.incident_settings import IncidentSettings
from aurora_tui.model.logfields import LogStore
from aurora_tui.model.policies import Policy
from aurora_tui.model.thresholds import Thresholds
from aurora_tui.settings_incident import guided_list, incident_settings, maintenance_task
from aurora_tui.settings_kinds import (
    DURATION,
    FLAG,
    GLOBS,
    NUMBER,
    SOURCE,
    SOURCES,
    TEXT,
    TEXT_BY_NAME,
    TEXTS,
    Section,
    choice,
    whole,
)
from aurora_tui.settings_logs import credentials, log_store
from aurora_tui.settings_openslo import OPENSLO_FILES, with_openslo
from aurora_tui.settings_policies import policy
from aurora_tui.settings_services import check_dependencies, service
from aurora_tui.settings_tree import Branch
from aurora_tui.settings_triage import thresholds

_THRESHOLD = "$threshold"
_SWITCH = {"auto": None, "on": True, "off": False}
_FAVOURITES = 9  # the keys 1 to 9


class Settings(Frozen):
    """Everything the program is told by files. Spans are timedeltas; shares 0..1."""

    environments: tuple[Environment, ...]
    services: tuple[Service, ...]
    alerts: tuple[AlertRule, ...]
    policies: tuple[Policy, ...]
    """The rules for changes, all that match an action count."""
    sli_window: timedelta
    """The range that the current value of an SLI is taken over."""
    budget_window: timedelta
    """The range that an error budget covers."""
    verify_window: timedelta
    """The range for watching an SLI recover after an action."""
    signal_interval: timedelta
    """How often the sources of signals are asked."""
    recorded: str
    """Whose objectives, as Sloth and Pyrra record them in Prometheus, are shown: ``all``, ``services`` or ``off``."""
    namespaces: tuple[str, ...]
    """Favourites, reached by the keys 1 to 9."""
    keys: Mapping[str, str]
    """The user's keymap: id of a binding -> its keys, comma-separated."""
    theme: str
    thrift: bool | None
    """Whether bytes to the terminal are saved; None where the line decides."""
    ascii: bool | None
    """Whether the screen is made of ASCII characters alone; None where the locale decides."""
    log_lines: int
    """How many lines a log buffer holds before it drops the oldest."""
    read_only: bool
    logs: LogStore
    """Where Elasticsearch keeps logs."""
    triage: Thresholds
    """When something is taken for the cause of what is wrong."""
    checklists: tuple[GuidedList, ...]
    maintenance: tuple[MaintenanceTask, ...]
    incident: IncidentSettings

    def environment(self, context: str) -> Environment:
        """The environment of a kubeconfig context, the first whose globs match; else one titled UNLISTED."""
        for environment in self.environments:
            if environment.matches(context):
                return environment
        return Environment("unlisted", "UNLISTED", ("*",), protected=False, tone="warn")


def build(root: Section, openslo: Sequence[Branch] = ()) -> Settings:
    """Read the whole tree, and the OpenSLO documents that stood beside it or that it names.

    The result may only be used if `root` has reported no fault.
    """
    signals = root.section("signals")
    sli_window = signals.required("sli_window", DURATION)
    named = root.section("services")
    services = [service(name, part, sli_window) for name, part in named.sections()]
    check_dependencies(services, named)
    root.optional("openslo", OPENSLO_FILES)
    environments = root.section("environments")
    lists = tuple(guided_list(name, part) for name, part in root.section("checklists").sections())
    settings = Settings(
        environments=tuple(_environment(name, part) for name, part in environments.sections()),
        services=with_openslo(services, openslo, root, sli_window),
        alerts=tuple(_alert(name, part) for name, part in root.section("alerts").sections()),
        policies=tuple(policy(name, part) for name, part in root.section("policies").sections()),
        sli_window=sli_window,
        budget_window=signals.required("budget_window", DURATION),
        verify_window=signals.required("verify_window", DURATION),
        signal_interval=signals.required("interval", DURATION),
        recorded=signals.required("recorded", choice("all", "services", "off")),
        namespaces=root.optional("namespaces", TEXTS) or (),
        keys=root.optional("keys", TEXT_BY_NAME) or {},
        theme=root.required("theme", TEXT),
        thrift=_SWITCH[root.required("thrift", choice(*_SWITCH))],
        ascii=_SWITCH[root.required("ascii", choice(*_SWITCH))],
        log_lines=root.required("log_lines", whole(100, 1_000_000)),
        read_only=root.required("read_only", FLAG),
        logs=log_store(root.section("logs")),
        triage=thresholds(root.section("triage")),
        checklists=lists,
        maintenance=tuple(maintenance_task(name, part) for name, part in root.section("maintenance").sections()),
        incident=incident_settings(root.section("incident"), lists),
    )
    if len(settings.namespaces) > _FAVOURITES:
        root.fault("namespaces", f"at most {_FAVOURITES} favourites", f"{len(settings.namespaces)}")
    signals.finish()
    root.finish()
    return settings


def _environment(name: str, part: Section) -> Environment:
    sources = part.section("sources")
    defaults = Sources()
    environment = Environment(
        name=name,
        title=part.optional("title", TEXT) or name.upper(),
        contexts=part.required("contexts", GLOBS),
        protected=part.required("protected", FLAG),
        tone=part.optional("tone", choice("good", "warn", "bad")) or "warn",
        namespace=part.optional("namespace", TEXT),
        sources=Sources(
            prometheus=sources.optional("prometheus", SOURCE) or defaults.prometheus,
            alertmanager=sources.optional("alertmanager", SOURCES) or defaults.alertmanager,
            elasticsearch=sources.optional("elasticsearch", SOURCE) or defaults.elasticsearch,
            jaeger=sources.optional("jaeger", SOURCE) or defaults.jaeger,
        ),
        credentials=credentials(part.section("credentials")),
    )
    sources.finish()
    part.finish()
    return environment


def _alert(name: str, part: Section) -> AlertRule:
    expr = part.required("expr", TEXT)
    threshold = part.optional("threshold", NUMBER)
    if _THRESHOLD in expr and threshold is None:
        part.fault("threshold", NUMBER.expected, "nothing")
    rule = AlertRule(
        name=name,
        expr=expr if threshold is None else expr.replace(_THRESHOLD, f"{threshold:g}"),
        hold=part.required("for", DURATION),
        severity=part.required("severity", choice("critical", "warning", "info")),
        summary=part.required("summary", TEXT),
        description=part.optional("description", TEXT) or "",
    )
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        part.fault("", "an alert name of letters, digits and _", f'"{name}"')
    part.finish()
    return rule
