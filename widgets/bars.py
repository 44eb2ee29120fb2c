"""The status bar on top (where am I, what burns, how fresh) and the key bar at the bottom."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from textual.binding import ActiveBinding
from textual.screen import Screen

from aurora_tui.model.definitions import Environment
from aurora_tui.model.freshness import Freshness, SourceState
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.text import cell_width
from widgets.line import Line, Part

_GROUPS = (
    "line",
    "templates",
    "page",
    "span",
    "waterfall",
    "trace",
    "traces",
    "incident",
    "incidents",
    "replay",
    "notify",
    "runbook",
    "list",
    "maintenance",
    "form",
    "history",
    "changes",
    "triage",
    "sections",
    "mitigations",
    "action",
    "series",
    "prompt",
    "table",
    "pods",
    "nodes",
    "cronjobs",
    "services",
    "configmaps",
    "rollouts",
    "objects",
    "deployments",
    "alerts",
    "slos",
    "logs",
    "tail",
    "grid",
    "app",
)
"""Bindings by the first part of their id, the nearest to the operator's row first."""
_ALWAYS = ("app.help", "app.command")
_FIRST = (
    "history.undo",
    "table.undo",
    "table.mitigate",
    "rollouts.promote",
    "rollouts.abort",
    "objects.restart",
    "objects.scale",
    "table.logs",
)
"""What mends, and what tells why, comes before all else."""

_STATE_STYLE = {
    SourceState.LIVE: "good",
    SourceState.CONNECTING: "dim",
    SourceState.STALE: "warn",
    SourceState.DOWN: "bad",
    SourceState.DENIED: "bad",
    SourceState.UNCONFIGURED: "dim",
    SourceState.UNCAPTURED: "dim",
}


_STEP = 5
"""Seconds by which a countdown moves: each move costs bytes in every title that tells it."""


def age_words(seconds: float) -> str:
    """An age as short as it is useful, in steps that keep a quiet screen quiet."""
    if seconds < 10:
        return "now"
    if seconds < 120:
        return f"{int(seconds) // 10 * 10}s ago"
    return f"{int(seconds) // 60}m ago" if seconds < 7200 else f"{int(seconds) // 3600}h ago"


def freshness_parts(freshness: Freshness, now: float) -> list[Part]:
    """The state of a source, the age of its data where that is not obvious, and its next try.

    Of several contexts those that are not live come by name, before the others together.
    """
    if not freshness.agrees:
        return _of_each(freshness.members, now)
    parts = [Part(freshness.state.value, _STATE_STYLE[freshness.state])]
    if freshness.last_good is not None:
        parts.append(Part(f" · {age_words(now - freshness.last_good)}", "dim"))
    if freshness.next_try is not None and freshness.state is not SourceState.LIVE:
        wait = max(0, math.ceil((freshness.next_try - now) / _STEP) * _STEP)
        parts.append(Part(f" · next try {wait}s" if wait else " · trying", "dim"))
    return parts


def _of_each(members: Sequence[tuple[str, Freshness]], now: float) -> list[Part]:
    parts: list[Part] = []
    for context, each in members:
        if each.state is not SourceState.LIVE:
            parts += [Part(f"{context} ", "warn"), *freshness_parts(each, now), Part("  ")]
    live = {context: each for context, each in members if each.state is SourceState.LIVE}
    if live:
        # Of several that are live the age of the oldest holds for all.
        oldest = min(live.values(), key=lambda each: each.last_good or 0.0)
        parts += [Part(f"{', '.join(live)} ", "dim"), *freshness_parts(oldest, now)]
    return parts


class IncidentFacts(Frozen):
    """The incident in hand: how severe it is, for how long it has lasted, and whether a limit has passed."""

    severity: str
    lasted: str
    late: bool


class StatusFacts(Frozen):
    """What the status bar says; `sources` are short names with their freshness."""

    environment: Environment
    context: str
    namespace: str | None
    version: str | None
    read_only: bool
    firing: int | None
    """Firing alerts that nobody silenced; None while no source of alerts was ever heard."""
    sources: Sequence[tuple[str, Freshness]]
    incident: IncidentFacts | None = None
    due: int = 0
    """Tasks of maintenance that are due."""


class StatusBar(Line):
    """Environment in words and colour, read-only, context, namespace, server, sources, alerts."""

    DEFAULT_CSS = """
    StatusBar { background: $surface; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._facts: StatusFacts | None = None

    def update_facts(self, facts: StatusFacts) -> None:
        """Say the facts, as many as fit: where one is and what burns come before the sources and the version."""
        self._facts = facts
        self._fit()

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        if self._facts is None:
            return
        for version, sources in ((True, _in_words), (False, _in_words), (False, _by_sign), (False, _unsaid)):
            left = _place(self._facts, version=version)
            right = [*sources(self._facts.sources), *_incident(self._facts), _firing(self._facts.firing)]
            if sum(cell_width(part.text) for part in (*left, *right)) < self.size.width:
                break
        self.show(left, right)


def _place(facts: StatusFacts, *, version: bool) -> list[Part]:
    environment = facts.environment
    parts = [Part(f" {environment.title} ", f"badge-{environment.tone}")]
    if facts.read_only:
        parts += [Part(" "), Part(" READ-ONLY ", "badge-plain")]
    parts += [Part(f" {facts.context}", "strong"), Part("  ns ", "dim"), Part(facts.namespace or "all")]
    if version and facts.version:
        parts += [Part("  "), Part(facts.version, "dim")]
    return parts


def _in_words(sources: Sequence[tuple[str, Freshness]]) -> Iterator[Part]:
    """Each source, with its state unless it is live."""
    for name, freshness in sources:
        yield _sign(freshness)
        live = freshness.state is SourceState.LIVE
        yield Part(f"{name}  " if live else f"{name} {freshness.state.value}  ", "plain" if live else "warn")


def _by_sign(sources: Sequence[tuple[str, Freshness]]) -> Iterator[Part]:
    """Each source, full where it is live; the panes' titles hold the words."""
    for name, freshness in sources:
        yield _sign(freshness)
        yield Part(f"{name}  ", "plain" if freshness.state is SourceState.LIVE else "warn")


def _unsaid(sources: Sequence[tuple[str, Freshness]]) -> Sequence[Part]:
    return ()


def _sign(freshness: Freshness) -> Part:
    return Part("● " if freshness.state is SourceState.LIVE else "○ ", _STATE_STYLE[freshness.state])


def _incident(told: StatusFacts) -> Iterator[Part]:
    facts = told.incident
    if told.due:
        yield Part(f"{told.due} due  ", "warn")
    if facts is not None:
        late = " late" if facts.late else ""
        yield Part(f" {facts.severity.upper()} {facts.lasted}{late} ", "badge-bad" if facts.late else "badge-warn")
        yield Part(" ")


def _firing(count: int | None) -> Part:
    if count is None:
        return Part(" alerts unknown ", "dim")
    return Part(f" {count} firing ", "badge-bad") if count else Part(" none firing ", "good")


class KeyBar(Line):
    """What the keys mean here and now, from the bindings of the focused widget outwards."""

    DEFAULT_CSS = """
    KeyBar { background: $surface; }
    """

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._on_bindings_updated)

    def _on_bindings_updated(self, screen: Screen[Any]) -> None:
        if self.is_attached and screen is self.screen:
            self.update_keys()

    def update_keys(self) -> None:
        """List the shown bindings once each, the nearest first, those that are off in dim, as many as fit.

        They are those of whatever screen lies on top: under a dialog the panes' keys mean nothing.
        """
        found: dict[str, ActiveBinding] = {}
        for active in self.app.screen.active_bindings.values():
            found.setdefault(active.binding.action, active)
        shown = sorted((active for active in found.values() if active.binding.show), key=_nearness)
        left: list[Part] = []
        right: list[Part] = []
        room = self.size.width - 1
        for active in shown:
            parts = self._key(active)
            width = sum(cell_width(part.text) for part in parts)
            if width <= room:
                room -= width
                (right if active.binding.id in _ALWAYS else left).extend(parts)
        self.show(left, right)

    def on_resize(self) -> None:
        self.update_keys()

    def _key(self, active: ActiveBinding) -> list[Part]:
        key = self.app.get_key_display(active.binding)
        click = f"app.simulate_key({active.binding.key!r})"
        return [
            Part(f" {key}", "key" if active.enabled else "dim", click),
            Part(f" {active.binding.description} ", "plain" if active.enabled else "dim", click),
        ]


def _nearness(active: ActiveBinding) -> tuple[bool, int, int]:
    """The keys that are always shown come first, so that they have room; then what mends; then by nearness."""
    name = active.binding.id or ""
    group = name.partition(".")[0]
    return (
        name not in _ALWAYS,
        _FIRST.index(name) if name in _FIRST else len(_FIRST),
        _GROUPS.index(group) if group in _GROUPS else len(_GROUPS),
    )
