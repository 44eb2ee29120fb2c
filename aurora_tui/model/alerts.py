"""Alerts as the operator sees them: state, severity, the service they concern, and their columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from aurora_tui.model.ages import age
from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.stamps import rfc3339

ALERTMANAGER = "alertmanager"
"""The one of an alert's sources that can silence it."""


class AlertState(StrEnum):
    """The order is the order of attention."""

    FIRING = "firing"
    PENDING = "pending"
    """The condition holds, but not yet for as long as the rule asks."""
    SILENCED = "silenced"
    INHIBITED = "inhibited"
    """Held back because a more general alert fires."""
    RESOLVED = "resolved"
    """It fired a moment ago and is over."""


HELD_BACK = frozenset({AlertState.SILENCED, AlertState.INHIBITED})
RESOLVED_FOR = 900.0
"""Seconds for which an alert that is over is still shown."""


class Hush(Frozen):
    """A silence that holds an alert back: its id, when it ends (seconds since the epoch), who made it and why."""

    id: str
    until: float | None
    by: str = ""
    comment: str = ""


class Alert(Frozen):
    """One alert. Texts come from outside and are shown as data."""

    fingerprint: str
    """Alertmanager's hash of the labels, also made for the alerts that only Prometheus knows."""
    name: str
    state: AlertState
    severity: str
    """The label as it is; empty without one."""
    since: float | None
    """When the condition began to hold, in seconds since the epoch."""
    summary: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    service: str | None
    linked_by: str = ""
    """The rule by which it concerns the service, in words (`aurora_tui.model.linking`)."""
    silenced_by: tuple[str, ...] = ()
    """Ids of silences (or names of mute intervals)."""
    silences: tuple[Hush, ...] = ()
    """Those of `silenced_by` of which more is known, the one that ends last first."""
    sources: tuple[str, ...] = ()
    """Who reports it: ``alertmanager``, ``prometheus`` or both."""
    receivers: tuple[str, ...] = ()
    """Whom Alertmanager sends it to."""
    group: tuple[tuple[str, str], ...] | None = None
    """The labels of the group that Alertmanager sends it in, sorted; None for what only Prometheus knows."""
    inhibited_by: tuple[str, ...] = ()
    """The alerts that hold it back, as actions name them, or the fingerprint of one that is not known."""
    muted_by: tuple[str, ...] = ()
    """The time intervals that hold it back; they are among `silenced_by` as well."""
    told_by: tuple[str, ...] = ()
    """The Alertmanagers that still tell it, where others of them, which they do not know, hold it back."""
    generator_url: str = ""
    """The page of its expression, as Prometheus sent it along."""
    ended: float | None = None
    """When a resolved one ended, in seconds since the epoch."""
    fired_at: float | None = None
    """When it began to fire, its condition having held for as long as the rule asks; None where nobody tells."""
    fired: tuple[bool, ...] = ()
    """In which of the last 24 hours it fired, the oldest first; empty where nobody keeps that."""

    @property
    def fired_later(self) -> bool:
        """Whether it is known that it began to fire only when its condition had held for a while."""
        return self.since is not None and self.fired_at is not None and self.fired_at - self.since >= 1.0


_LONGEST_SUMMARY = 2000
"""Characters: more fits on no screen, and it is painted again each second."""
_LONGEST_NAME = 100
_ODD = re.compile(r"[^\w.:-]+")


def object_name(alert: str, fingerprint: str) -> str:
    """What an alert is called as an object: one name can belong to many alerts, the fingerprint tells them apart."""
    return f"{_ODD.sub('_', alert[:_LONGEST_NAME])}-{fingerprint[:8]}"


def fingerprint(labels: Mapping[str, str]) -> str:
    """The hash that Alertmanager names an alert by: FNV-1a over the sorted labels.

    As ``LabelSet.Fingerprint`` of github.com/prometheus/common/model does it.
    """
    value = 0xCBF29CE484222325
    for name in sorted(labels):
        for byte in b"%s\xff%s\xff" % (name.encode(), labels[name].encode()):
            value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def summary_of(annotations: Mapping[str, str]) -> str:
    """The annotation that says what is wrong, on one line; the usual names in the order of their use."""
    for name in ("summary", "message", "description"):
        if text := annotations.get(name, "")[:_LONGEST_SUMMARY].strip():
            return " ".join(text.split())
    return ""


_DAY = 86400
_CLOCKS_DIFFER = 2.0
"""Seconds by which the clocks of two hosts may differ without a word about it."""


def hushed(alert: Alert, now: float) -> str:
    """What holds an alert back: until when it is silenced, by whom and why, in words; empty where that is not known."""
    if alert.told_by:
        return f"still told by {', '.join(alert.told_by)}, held back by the others"
    if alert.inhibited_by:
        return f"inhibited by {', '.join(alert.inhibited_by)}"
    if not alert.silences:
        return f"muted by {', '.join(alert.muted_by)}" if alert.muted_by else ""
    last = alert.silences[0]
    until = ""
    if last.until is not None:
        end = rfc3339(last.until)
        until = f" until {end if last.until - now > _DAY else end.partition('T')[2]}"
    by = f" by {last.by}" if last.by else ""
    more = f" (+{len(alert.silences) - 1})" if len(alert.silences) > 1 else ""
    return f"silenced{until}{by}{more}{': ' if last.comment else ''}{' '.join(last.comment.split())}"


_STATES = {state: rank for rank, state in enumerate(AlertState)}
_SEVERITIES = {"critical": 0, "page": 0, "error": 1, "high": 1, "warning": 2, "info": 4, "none": 5}
_UNKNOWN_SEVERITY = 3
_TONES = {0: Tone.BAD, 1: Tone.BAD, 2: Tone.WARN, 3: Tone.PLAIN, 4: Tone.ACCENT, 5: Tone.DIM}


def severity_rank(severity: str) -> int:
    """0 is the worst; an unknown word stands between warning and info."""
    return _SEVERITIES.get(severity.lower(), _UNKNOWN_SEVERITY)


def worst_first(alert: Alert) -> tuple[int, int, float, str, str]:
    """Sorts firing before the rest, critical before the rest, the oldest first."""
    since = alert.since if alert.since is not None else float("inf")
    return (_STATES[alert.state], severity_rank(alert.severity), since, alert.name, alert.fingerprint)


def severity_tone(alert: Alert) -> Tone:
    """How loud an alert may be: by its severity, dim once it is held back."""
    if alert.state in HELD_BACK or alert.state is AlertState.RESOLVED:
        return Tone.DIM
    return _TONES[severity_rank(alert.severity)]


def _severity(alert: Alert, _: float) -> Cell:
    return Cell(alert.severity or "-", severity_tone(alert))


def strip(alert: Alert) -> str:
    """The last 24 hours, the newest at the end: ``#`` where it fired."""
    return "".join(".#"[fired] for fired in alert.fired)


def since_words(alert: Alert, now: float) -> str:
    """How long it has held, or that it was over before; a beginning ahead of our clock is no age."""
    if alert.ended is not None:
        return f"{age(alert.ended, now)} ago"
    if alert.since is not None and alert.since - now > _CLOCKS_DIFFER:
        return "clock ahead"
    return age(alert.since, now)


def _state(alert: Alert, _: float) -> Cell:
    tone = {AlertState.FIRING: Tone.BAD, AlertState.PENDING: Tone.WARN}.get(alert.state, Tone.DIM)
    return Cell(str(alert.state), tone)


COLUMNS: tuple[Column[Alert], ...] = (
    Column("SEVERITY", _severity, lambda alert: severity_rank(alert.severity)),
    Column("ALERT", lambda alert, _: Cell(alert.name), lambda alert: alert.name),
    Column("STATE", _state, worst_first, rank=1),
    Column(
        "SINCE",
        lambda alert, now: Cell(since_words(alert, now)),
        lambda alert: alert.since or 0.0,
        right=True,
    ),
    Column("SERVICE", lambda alert, _: Cell(alert.service or "-"), lambda alert: alert.service or "", rank=2),
    Column("24H", lambda alert, _: Cell(strip(alert), Tone.DIM), lambda alert: sum(alert.fired), rank=4),
    # Among the first to go: the pane says it in whole below the rows.
    Column("SUMMARY", lambda alert, _: Cell(alert.summary), lambda alert: alert.summary, rank=3, flexible=True),
)
