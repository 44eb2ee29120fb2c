"""One alert in full: what holds it back, its group, the rule behind it and how often it fired."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aurora_tui.model.ages import age, human_duration
from aurora_tui.model.alert_groups import apart, group_of, shared, siblings, written
from aurora_tui.model.alerts import Alert, AlertState
from aurora_tui.model.definitions import AlertRule
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.linking import object_of
from aurora_tui.model.links import links_of, refused_of
from aurora_tui.model.slo import SloReading
from aurora_tui.model.slo_columns import state_text, worst_first
from aurora_tui.model.stamps import rfc3339
from aurora_tui.model.text import listed

_SIBLINGS = 20
_CLOCKS_DIFFER = 2.0
STRIP_CELLS = 48


class SourceRule(Frozen):
    """The rule of a Prometheus; times in seconds, texts as the server has them."""

    name: str
    query: str
    group: str
    file: str
    hold: float
    keep_firing: float
    interval: float
    health: str
    error: str
    evaluated: float | None


class Firings(Frozen):
    """How an alert fired within a span: the minutes in which it did, oldest first, by the server's clock."""

    minutes: tuple[bool, ...]

    @property
    def count(self) -> int:
        """How often it began to fire, as far as the minutes tell."""
        before = (False, *self.minutes)
        return sum(now and not was for was, now in zip(before, self.minutes, strict=False))

    @property
    def share(self) -> float:
        """The share of the time in which it fired, 0..1."""
        return sum(self.minutes) / len(self.minutes) if self.minutes else 0.0

    def strip(self, cells: int = STRIP_CELLS) -> str:
        """``#`` for each part of the time in which it fired at all, ``.`` for the others, in ASCII everywhere."""
        total = len(self.minutes)
        parts = (self.minutes[place * total // cells : (place + 1) * total // cells] for place in range(cells))
        return "".join(".#"[any(part)] for part in parts)


class Details(Frozen):
    """What Prometheus says of an alert; in place of what it does not say, why."""

    rule: SourceRule | None = None
    no_rule: str = ""
    firings: Firings | None = None
    no_firings: str = ""


def describe_alert(
    alert: Alert, now: float, every: Iterable[Alert], objectives: Iterable[SloReading] = ()
) -> Iterator[str]:
    """Lines about an alert as it is shown; `every` are all alerts, `objectives` those of its service."""
    yield f"Alert:     {alert.name}"
    yield f"State:     {alert.state.value}"
    if alert.told_by:
        yield f"           still told by {', '.join(alert.told_by)}: others hold it back"
    yield f"Severity:  {alert.severity or '<none>'}"
    yield f"{'Began' if alert.fired_later else 'Since'}:     {_since(alert, now)}"
    if alert.fired_later and alert.fired_at is not None:
        fires, length = rfc3339(alert.fired_at), age(alert.fired_at, now)
        over = alert.state is AlertState.RESOLVED
        yield f"Fired:     {length} ago ({fires})" if over else f"Fires:     since {length} ({fires})"
    if alert.ended is not None:
        yield f"Ended:     {age(alert.ended, now)} ago ({rfc3339(alert.ended)})"
    yield f"Service:   {alert.service or '<none of the settings>'}{f' ({alert.linked_by})' if alert.linked_by else ''}"
    if (named := object_of(alert.labels)) is not None:
        yield f"Object:    {named.ref}{f' in {named.ref.namespace}' if named.ref.namespace else ''} ({named.rule})"
    for number, reading in enumerate(sorted(objectives, key=worst_first)):
        told = f"{reading.words} {reading.value_text} ({reading.target_text}): {state_text(reading)}"
        yield f"{'' if number else 'SLOs:':<10} {told}"
    yield f"Summary:   {alert.summary}"
    for silence in alert.silences:
        until = rfc3339(silence.until) if silence.until is not None else "<unknown>"
        yield f"Silenced:  until {until} by {silence.by or '<unknown>'}: {silence.comment} ({silence.id})"
    for name in alert.inhibited_by:
        yield f"Inhibited: by {name}"
    for name in alert.muted_by:
        yield f"Muted:     by the time interval {name}"
    if alert.receivers:
        yield f"Receivers: {listed(alert.receivers, _SIBLINGS)}"
    yield f"Known to:  {', '.join(alert.sources)}"
    yield "Labels:"
    for key, value in sorted(alert.labels.items()):
        yield f"    {key}={value}"
    yield from _annotations(alert)
    for link in links_of(alert):
        yield f"{link.name.capitalize() + ':':<10} {link.url}"
    for name in refused_of(alert):
        yield f"The annotation {name} is no http(s) address: no link is made of it"
    yield from _group(alert, every)


def describe_source(details: Details, named: AlertRule | None) -> Iterator[str]:
    """Lines about the rule behind an alert, that of the server or else that of the settings, and how it fired."""
    yield ""
    if details.firings is not None:
        found = details.firings
        yield f"Last 24 h: |{found.strip()}| now"
        yield f"           fired {found.count} {'time' if found.count == 1 else 'times'}, {found.share:.1%} of the time"
    else:
        yield f"Last 24 h: not known: {details.no_firings}"
    rule = details.rule
    if rule is not None:
        yield f"Rule:      {rule.name} in group {rule.group} of {rule.file}"
        keep = f", fires for {human_duration(rule.keep_firing)} longer" if rule.keep_firing else ""
        yield f"           holds for {human_duration(rule.hold)}{keep}; every {human_duration(rule.interval)}"
        evaluated = rfc3339(rule.evaluated) if rule.evaluated is not None else "never"
        yield f"           evaluated {evaluated}: {rule.health}{f': {rule.error}' if rule.error else ''}"
        yield from _indented(rule.query)
        return
    yield f"Rule:      not known: {details.no_rule}"
    if named is not None:
        yield "Rule (from the settings; the server's own may differ):"
        yield f"    for {named.hold.total_seconds():.0f}s, severity {named.severity}"
        yield from _indented(named.expr)


def _since(alert: Alert, now: float) -> str:
    if alert.since is None:
        return "<unknown>"
    ahead = alert.since - now
    if ahead > _CLOCKS_DIFFER:
        return f"{rfc3339(alert.since)}, {human_duration(ahead)} ahead of our clock: the clocks of the hosts differ"
    return f"{age(alert.since, now)} ({rfc3339(alert.since)})"


def _annotations(alert: Alert) -> Iterator[str]:
    if alert.annotations:
        yield "Annotations:"
    for key, text in sorted(alert.annotations.items()):
        first, *rest = text.splitlines() or [""]
        yield f"    {key}: {first}"
        for line in rest:
            yield f"        {line}"


def _group(alert: Alert, every: Iterable[Alert]) -> Iterator[str]:
    others: Sequence[Alert] = siblings(alert, every)
    common = shared([alert, *others])
    yield f"Group:     {written(group_of(alert))}"
    if not others:
        return
    alike = " ".join(f"{name}={value}" for name, value in common.items())
    yield f"    all {len(others) + 1} share {alike or 'no label'}"
    for other in others[:_SIBLINGS]:
        yield f"    {other.state.value:<9} {other.severity or '-':<9} {apart(other.labels, common)}"
    if len(others) > _SIBLINGS:
        yield f"    and {len(others) - _SIBLINGS} more"


def _indented(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield f"    {line}"
