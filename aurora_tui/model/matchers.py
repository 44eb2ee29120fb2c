"""Matchers of silences: read from what the operator types, written as amtool does, and tried on an alert's labels."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from aurora_tui.model.frozen import Frozen
from aurora_tui.model.patterns import PatternError, compiled

_NAME = r'[a-zA-Z_:][\w:]*|"(?:[^"\\]|\\.)*"'
_TERM = re.compile(rf'[\s,]*({_NAME})\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^\s,"#]+)', re.ASCII)
_WHOLE = re.compile(rf"({_NAME})\s*(=~|!~|!=|=)(.*)", re.ASCII | re.DOTALL)
_NO_MATCHER = "is no matcher: give NAME=VALUE, NAME!=VALUE, NAME=~REGEX or NAME!~REGEX"
_PLAIN = re.compile(r"[a-zA-Z_:][\w:]*", re.ASCII)
_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)


class Matcher(Frozen, order=True):
    """One condition on a label; `sign` is ``=``, ``!=``, ``=~`` or ``!~``. A missing label counts as empty."""

    name: str
    sign: str
    value: str

    def __str__(self) -> str:
        name = self.name if _PLAIN.fullmatch(self.name) else _quoted(self.name)
        return f"{name}{self.sign}{_quoted(self.value)}"

    def accepts(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels meets it; a regular expression is of the whole value."""
        value = labels.get(self.name, "")
        regex = self.sign in ("=~", "!~")
        return (re.fullmatch(self.value, value) is not None if regex else value == self.value) != (self.sign[0] == "!")

    def to_json(self) -> dict[str, Any]:
        """As Alertmanager's API has it."""
        return {
            "name": self.name,
            "value": self.value,
            "isRegex": self.sign.endswith("~"),
            "isEqual": not self.sign.startswith("!"),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Matcher:
        equal = raw.get("isEqual", True)  # older than 0.22 there were no others
        sign = ("=~" if equal else "!~") if raw["isRegex"] else ("=" if equal else "!=")
        return cls(raw["name"], sign, raw["value"])


def exactly(labels: Mapping[str, str]) -> tuple[Matcher, ...]:
    """Those that only alerts with all of these labels meet."""
    return tuple(Matcher(name, "=", value) for name, value in sorted(labels.items()))


def matching(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    return all(matcher.accepts(labels) for matcher in matchers)


def written(matchers: Iterable[Matcher]) -> str:
    """All of them on one line, in an order of their own."""
    return " ".join(map(str, sorted(matchers)))


def read_matchers(text: str) -> tuple[Matcher, ...]:
    """Read ``name="value" other=~"a|b"``; raises `ValueError` in words."""
    found, rest = _terms(text)
    if rest:
        raise ValueError(f"{rest!r} {_NO_MATCHER}")
    return found


def read_matcher(word: str) -> Matcher:
    """Read one whose value need not be quoted, whatever is in it; raises `ValueError` in words."""
    found, rest = _terms(word)
    if len(found) == 1 and not rest:
        return found[0]
    whole = _WHOLE.fullmatch(word.strip())
    if whole is None:
        raise ValueError(f"{word!r} {_NO_MATCHER}")
    return _matcher(*whole.groups())


class Wish(Frozen):
    """What the silence editor holds: how long, of what, and why."""

    duration: str
    matchers: str
    comment: str


def read_wish(text: str) -> Wish:
    """Read ``DURATION MATCHER... # COMMENT``; raises `ValueError` in words."""
    duration, _, rest = text.strip().partition(" ")
    seconds_of(duration)
    matchers, comment = _terms(rest)
    if comment and not comment.startswith("#"):
        raise ValueError(f"{comment!r} is no matcher; a comment begins with #")
    if not matchers:
        raise ValueError("a silence needs at least one matcher")
    return Wish(duration, written(matchers), comment.removeprefix("#").strip())


def seconds_of(duration: str) -> int:
    """The seconds of ``15m``, ``2h30m``, ``1d``; raises `ValueError` in words for anything else and for nothing."""
    found = _DURATION.fullmatch(duration)
    total = sum(int(n or 0) * unit for n, unit in zip(found.groups(), _UNITS.values(), strict=True)) if found else 0
    if not total:
        raise ValueError(f"{duration!r} is no duration: give e.g. 15m, 2h30m or 1d")
    return total


def _terms(text: str) -> tuple[tuple[Matcher, ...], str]:
    """The matchers that a text begins with, and what is left of it."""
    found: list[Matcher] = []
    place = 0
    while (term := _TERM.match(text, place)) is not None:
        found.append(_matcher(*term.groups()))
        place = term.end()
    return tuple(found), text[place:].strip(" ,\t")


def _matcher(name: str, sign: str, value: str) -> Matcher:
    matcher = Matcher(_plain(name), sign, _plain(value))
    if sign.endswith("~"):
        try:
            compiled(matcher.value)
        except PatternError as error:
            raise ValueError(f"{matcher} is no regular expression: {error}") from error
    return matcher


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _plain(text: str) -> str:
    if not text.startswith('"'):
        return text
    try:
        plain: str = json.loads(text, strict=False)
    except ValueError as error:
        raise ValueError(f"{text} is not quoted as it should be: {error}") from error
    return plain
