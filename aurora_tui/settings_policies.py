"""The section ``policies:`` of the settings, with its times, days and zones."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, tzinfo
from fnmatch import fnmatchcase

from aurora_tui.model.policies import ANYTHING, Freeze, Policy, Span, Weekly
from aurora_tui.settings_kinds import FLAG, ONE_OR_MORE_GLOBS, TEXT, Kind, Section, UnfitError, choice, scalar, whole
from aurora_tui.settings_tree import Items, Node

_SAYINGS = ("deny", "confirm", "reason", "cap", "freeze")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_NEVER = datetime.min.replace(tzinfo=UTC)
_MOST = 10_000  # objects in one bulk action


def policy(name: str, part: Section) -> Policy:
    """Read one policy; what is wrong is reported by `part`."""
    override = part.optional("override", choice("reason"))
    made = Policy(
        name=name,
        contexts=part.optional("context", ONE_OR_MORE_GLOBS) or ANYTHING,
        namespaces=part.optional("namespace", ONE_OR_MORE_GLOBS) or ANYTHING,
        kinds=(part.optional("kind", _among(_changeable_kinds())) if part.given("kind") else None) or ANYTHING,
        names=part.optional("name", ONE_OR_MORE_GLOBS) or ANYTHING,
        verbs=(part.optional("verb", _among(_verbs())) if part.given("verb") else None) or ANYTHING,
        deny=part.optional("deny", TEXT) or "",
        confirm=part.optional("confirm", FLAG) or False,
        reason=part.optional("reason", FLAG) or False,
        cap=part.optional("cap", whole(1, _MOST)),
        freezes=tuple(_freeze(each) for each in part.items("freeze")),
        override=override is not None,
    )
    if not any(part.given(saying) for saying in _SAYINGS):
        part.fault("", "at least one of " + ", ".join(_SAYINGS), "none")
    if override is not None and not part.given("freeze"):
        part.fault("override", "a freeze that it lifts", "none")
    part.finish()
    return made


def _freeze(part: Section) -> Freeze:
    words = part.optional("words", TEXT) or ""
    weekly = [part.given("days"), part.given("zone")]
    window = _weekly(part) if any(weekly) else _span(part)
    part.finish()
    return Freeze(window, words)


def _weekly(part: Section) -> Weekly:
    return Weekly(
        days=part.required("days", _WEEKDAYS),
        opens=part.optional("from", _OPENING) or time(),
        closes=part.optional("until", _CLOSING) or time(),
        zone=part.required("zone", _ZONE),
    )


def _span(part: Section) -> Span:
    start, stop = part.required("from", _INSTANT), part.required("until", _INSTANT)
    if _NEVER not in (start, stop) and start >= stop:
        part.fault("until", f"a time after {start.isoformat()}", stop.isoformat())
    return Span(start, stop)


def _changeable_kinds() -> list[str]:
    from aurora_tui.verbs import VERBS  # here, so that only a policy that names a kind waits for it

    return sorted({kind for rules in VERBS.values() for kind in rules.kinds})


def _verbs() -> list[str]:
    from aurora_tui.model.actions import Verb

    return sorted(verb.value for verb in Verb)


def _among(words: list[str]) -> Kind[tuple[str, ...]]:
    """One or more globs that each match one of `words`: one that matches nothing would guard nothing."""

    def read(node: Node) -> tuple[str, ...]:
        patterns = ONE_OR_MORE_GLOBS.read(node)
        items = node.items if isinstance(node, Items) else (node,)
        for item, pattern in zip(items, patterns, strict=True):
            if not any(fnmatchcase(word, pattern) for word in words):
                raise UnfitError(item)
        return patterns

    return Kind(f"{ONE_OR_MORE_GLOBS.expected}, each matching one of {', '.join(words)}", read, ())


def _weekdays(node: Node) -> frozenset[int]:
    if not isinstance(node, Items) or not node.items:
        raise UnfitError(node)
    days = set()
    for item in node.items:
        day = scalar(item, "str")
        if day not in _DAYS:
            raise UnfitError(item)
        days.add(_DAYS.index(day))
    return frozenset(days)


def _opening(node: Node) -> time:
    # YAML 1.1 reads a bare 18:00 as a number to the base of 60.
    match = _TIME.fullmatch(scalar(node, "str", "int"))
    if not match:
        raise UnfitError(node)
    return time(int(match[1]), int(match[2]))


def _closing(node: Node) -> time:
    return time() if scalar(node, "str", "int") == "24:00" else _opening(node)


def _instant(node: Node) -> datetime:
    text = scalar(node, "str", "timestamp")
    if not _MOMENT.fullmatch(text):
        raise UnfitError(node)
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise UnfitError(node) from error


def _zone(node: Node) -> tzinfo:
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(scalar(node, "str"))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnfitError(node) from error


_WEEKDAYS: Kind[frozenset[int]] = Kind("a list of days: " + ", ".join(_DAYS), _weekdays, frozenset())
_OPENING = Kind('a time of day such as "18:00"', _opening, time())
_CLOSING = Kind('a time of day such as "08:00" or "24:00"', _closing, time())
_INSTANT = Kind(
    "a time with its offset such as 2026-12-24T18:00:00+01:00 (a weekly window has days and zone)", _instant, _NEVER
)
_ZONE: Kind[tzinfo] = Kind("a time zone that this system knows, such as Europe/Madrid", _zone, UTC)
