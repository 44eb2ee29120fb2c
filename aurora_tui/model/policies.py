"""Policies: rules that forbid actions, or ask more of whoever takes them, by what they match and when."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta, tzinfo
from fnmatch import fnmatchcase

from aurora_tui.model.frozen import Frozen

ANYTHING = ("*",)
UNLIMITED = sys.maxsize
"""The cap where no policy sets one."""
_DAY = timedelta(days=1)


class Span(Frozen):
    """One stretch of time, its end excluded; both times are aware."""

    start: datetime
    stop: datetime

    def end(self, now: float) -> datetime | None:
        """When the stretch that `now` (seconds since the epoch) lies in is over, None if it lies outside."""
        return self.stop if self.start.timestamp() <= now < self.stop.timestamp() else None


class Weekly(Frozen):
    """A window that opens on each of `days` (0 is Monday) by the clocks of `zone`.

    One that does not close later on the same day closes on the next: 18:00 to 08:00 on a Friday ends on
    Saturday, and 00:00 to 00:00 is a whole day. Where clocks are put back it opens and closes at the first
    of two equal times, so that nothing opens twice.
    """

    days: frozenset[int]
    opens: time
    closes: time
    zone: tzinfo

    def end(self, now: float) -> datetime | None:
        """When the window that is open at `now` (seconds since the epoch) closes, None if none is open."""
        today = datetime.fromtimestamp(now, self.zone).date()
        for day in (today - _DAY, today):
            opening = datetime.combine(day, self.opens, self.zone)
            closing = datetime.combine(day if self.opens < self.closes else day + _DAY, self.closes, self.zone)
            # As seconds: datetimes of one zone are compared by what their clocks show.
            if day.weekday() in self.days and opening.timestamp() <= now < closing.timestamp():
                return closing
        return None


class Freeze(Frozen):
    """A time in which nothing that its policy matches may be changed; `words` say why, or are empty."""

    window: Span | Weekly
    words: str = ""

    def told(self, now: float) -> str | None:
        """The freeze in words if it is in force at `now`, None if it is not."""
        end = self.window.end(now)
        if end is None:
            return None
        # Whole days follow upon each other; the eighth time, a week has no gap and there is no end.
        for _ in range(7):
            later = self.window.end(end.timestamp())
            if later is None:
                break
            end = later
        until = f" until {end:%a %Y-%m-%d %H:%M %Z}" if later is None else ""
        return f"change freeze{until}{': ' if self.words else ''}{self.words}"


class Policy(Frozen):
    """What is asked of the actions that match. The globs are the shell's, case counts, one of each must match."""

    name: str
    contexts: tuple[str, ...] = ANYTHING
    namespaces: tuple[str, ...] = ANYTHING
    """What has no namespace, such as a node, has the empty one: only ``*`` matches that."""
    kinds: tuple[str, ...] = ANYTHING
    """As the API writes them: ``Deployment``."""
    names: tuple[str, ...] = ANYTHING
    verbs: tuple[str, ...] = ANYTHING
    deny: str = ""
    """Why such an action is always refused; empty where it is not."""
    confirm: bool = False
    reason: bool = False
    cap: int | None = None
    """The most objects that one bulk action may change."""
    freezes: tuple[Freeze, ...] = ()
    override: bool = False
    """Whether a reason lifts the freezes."""

    def matches(self, *, context: str, namespace: str, kind: str, name: str, verb: str) -> bool:
        return (
            _any(self.contexts, context)
            and _any(self.namespaces, namespace)
            and _any(self.kinds, kind)
            and _any(self.names, name)
            and _any(self.verbs, verb)
        )


class Ruling(Frozen):
    """What all policies together say of one action on one object."""

    deny: tuple[str, ...] = ()
    """Why it is refused, each with its policy's name; empty if it may be done."""
    confirm: bool = False
    """Whether the context's name must be typed."""
    reason: bool = False
    """Whether a reason must be given."""
    cap: int = UNLIMITED
    """The most objects in one bulk action; of a bulk action the smallest of its objects' caps counts."""
    warnings: tuple[str, ...] = ()
    """What the operator should know: who asks for the name or the reason, and the freeze that is overridden."""


def judge(
    policies: Iterable[Policy],
    *,
    context: str,
    namespace: str,
    kind: str,
    name: str,
    verb: str,
    now: float,
) -> Ruling:
    """What the policies that match say together, at `now` (seconds since the epoch).

    A policy can only make things stricter, so their order means nothing: one refusal refuses, what any
    of them asks for is asked for, and the smallest cap counts.
    """
    deny: list[str] = []
    warnings: list[str] = []
    confirm = reason = False
    cap = UNLIMITED
    for policy in policies:
        if not policy.matches(context=context, namespace=namespace, kind=kind, name=name, verb=verb):
            continue
        label = f"policy {policy.name}"
        frozen = [f"{label}: {words}" for words in _in_force(policy, now)]
        if policy.deny:
            deny.append(f"{label}: {policy.deny}")
        (warnings if policy.override else deny).extend(frozen)
        wants_reason = policy.reason or (policy.override and bool(frozen))
        if asked := _asked(policy.confirm, wants_reason):
            warnings.append(f"{label} asks for {asked}")
        confirm, reason = confirm or policy.confirm, reason or wants_reason
        cap = min(cap, UNLIMITED if policy.cap is None else policy.cap)
    return Ruling(tuple(deny), confirm, reason, cap, tuple(warnings))


def summary(policies: Iterable[Policy], *, context: str, now: float) -> str:
    """The policies for a context in one line, each with what it says at `now`; empty without any."""
    return "; ".join(
        f"{policy.name}: {', '.join(_said(policy, now)) or 'nothing'}"
        for policy in policies
        if _any(policy.contexts, context)
    )


def _said(policy: Policy, now: float) -> Iterator[str]:
    if policy.deny:
        yield f"denied ({policy.deny})"
    if asked := _asked(policy.confirm, policy.reason):
        yield f"asks for {asked}"
    if policy.cap is not None:
        yield f"at most {policy.cap} in bulk"
    if policy.freezes:
        yield " and ".join(_in_force(policy, now)) or "no change freeze now"


def _asked(confirm: bool, reason: bool) -> str:
    return " and ".join([*(["the context's name"] if confirm else []), *(["a reason"] if reason else [])])


def _in_force(policy: Policy, now: float) -> Iterator[str]:
    return (words for freeze in policy.freezes if (words := freeze.told(now)) is not None)


def _any(patterns: tuple[str, ...], text: str) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)
