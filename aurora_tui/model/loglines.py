"""Log lines: what one holds, how severe it says it is, and JSON lines in short."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

LEVEL_WIDTH = 5


class LogLine(msgspec.Struct, frozen=True, gc=False):
    """One line of a container's log; `stamp` is in seconds since the epoch, where the server gave one."""

    stamp: float | None
    origin: str
    """The pod's name."""
    container: str
    text: str
    """Raw data: whoever paints it escapes control characters."""


class Level(StrEnum):
    """How severe a line says it is."""

    TRACE = "TRACE"
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"
    FATAL = "FATAL"

    @property
    def is_error(self) -> bool:
        return self in (Level.ERROR, Level.FATAL)


@dataclass(frozen=True, slots=True)
class Summary:
    """A JSON line in short; `pairs` are the other fields, nested ones with dotted keys."""

    level: str
    """As the line spells it, in upper case; empty where it says none."""
    message: str
    pairs: tuple[tuple[str, str], ...]


_NAMES = {
    "trace": Level.TRACE, "debug": Level.DEBUG, "dbg": Level.DEBUG, "info": Level.INFO, "information": Level.INFO,
    "log": Level.INFO, "notice": Level.INFO, "warn": Level.WARN, "warning": Level.WARN, "err": Level.ERROR,
    "error": Level.ERROR, "severe": Level.ERROR, "crit": Level.FATAL, "critical": Level.FATAL,
    "alert": Level.FATAL, "emerg": Level.FATAL, "emergency": Level.FATAL, "fatal": Level.FATAL, "panic": Level.FATAL,
}  # fmt: skip
_KLOG = re.compile(r"([IWEF])\d{4} \d\d:\d\d:\d\d")
_KLOG_LEVELS = {"I": Level.INFO, "W": Level.WARN, "E": Level.ERROR, "F": Level.FATAL}
_WORDS = "|".join(sorted(_NAMES, key=len, reverse=True))
_PLAIN = re.compile(
    rf"""\b(?:level|lvl|severity)=["']?(\w+)"""  # logfmt
    rf"|\b({_WORDS.upper()})\b"
    rf"|[\[<(](?i:({_WORDS}))[\])>]"
    rf"|(?:^|\s)({_WORDS}):\s"
    r"|(Traceback \(most recent call last\)|Exception in thread)"
)
_HEAD = 160
"""Characters in which a plain line says its level; further on the words are prose."""
_COLOURING = re.compile(r"\x1b\[[0-9;]*m")

_LEVEL_KEYS = ("log.level", "level", "severity", "lvl", "levelname", "loglevel")
_MESSAGE_KEYS = ("message", "msg", "event")
_QUIET_KEYS = frozenset(("@timestamp", "timestamp", "time", "ts", "ecs.version"))
"""Left out of the summary: the server's own time stands in front of the line when asked for."""
_DEEPEST = 4
_DECODE = msgspec.json.Decoder().decode
_POD_NAME = re.compile(r"(.+)-[a-z0-9]{6,10}-([a-z0-9]{5})")


def level(text: str) -> Level | None:
    """The level that a line states: JSON ``log.level``/``level``, klog, logfmt, or a plain word near its start.

    Sources: https://www.elastic.co/guide/en/ecs/current/ecs-log.html and klog's header format in
    https://pkg.go.dev/k8s.io/klog/v2. None where the line says nothing.
    """
    if "\x1b" in text:
        text = _COLOURING.sub("", text)
    text = text.lstrip()
    if text.startswith("{"):
        fields = _fields(text)
        if fields is not None:
            return _named(_first(fields, _LEVEL_KEYS))
    head = text[:_HEAD]
    klog = _KLOG.match(head)
    if klog:
        return _KLOG_LEVELS[klog[1]]
    for match in _PLAIN.finditer(head):
        if match[5]:
            return Level.ERROR
        named = _named(match[1] or match[2] or match[3] or match[4])
        if named is not None:
            return named
    return None


def is_error(text: str) -> bool:
    """Whether a line states that something failed."""
    stated = level(text)
    return stated is not None and stated.is_error


def summary(text: str) -> Summary | None:
    """A JSON object in short; None for every other line."""
    stripped = text.lstrip()
    fields = _fields(stripped) if stripped.startswith("{") else None
    if fields is None:
        return None
    spelled = _first(fields, _LEVEL_KEYS)
    message = _first(fields, _MESSAGE_KEYS)
    taken = {key for keys in (_LEVEL_KEYS, _MESSAGE_KEYS) for key in keys[: _place(fields, keys)]}
    pairs = tuple((key, _value(value)) for key, value in fields.items() if key not in taken and key not in _QUIET_KEYS)
    stated = _named(spelled) if isinstance(spelled, int) else None
    shown = stated or ("" if spelled is None else str(spelled).upper())
    return Summary(str(shown), "" if message is None else _plain(message), pairs)


def short_pod_name(name: str) -> str:
    """A pod's name without its ReplicaSet's hash: ``aurora-backend-x2x4z``; others as they are."""
    match = _POD_NAME.fullmatch(name)
    return f"{match[1]}-{match[2]}" if match else name


def _fields(text: str) -> dict[str, Any] | None:
    try:
        decoded = _DECODE(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    if not isinstance(decoded, dict):
        return None
    flat: dict[str, Any] = {}
    _flatten(decoded, "", flat, _DEEPEST)
    return flat


def _flatten(fields: dict[str, Any], prefix: str, into: dict[str, Any], depth: int) -> None:
    for key, value in fields.items():
        if isinstance(value, dict) and value and depth:
            _flatten(value, f"{prefix}{key}.", into, depth - 1)
        else:
            into[prefix + key] = value


def _first(fields: dict[str, Any], keys: tuple[str, ...]) -> Any:
    place = _place(fields, keys)
    return fields[keys[place - 1]] if place else None


def _place(fields: dict[str, Any], keys: tuple[str, ...]) -> int:
    """One more than the index of the first of `keys` that is there; 0 where none is."""
    return next((index for index, key in enumerate(keys, 1) if key in fields), 0)


def _named(spelled: Any) -> Level | None:
    if isinstance(spelled, bool) or spelled is None:
        return None
    if isinstance(spelled, int | float):  # pino and bunyan: 10 trace … 60 fatal
        steps: tuple[Level, ...] = (*Level,)
        return steps[min(max(int(spelled) // 10 - 1, 0), len(steps) - 1)]
    return _NAMES.get(str(spelled).strip().lower())


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _value(value: Any) -> str:
    plain = _plain(value)
    return f'"{plain}"' if isinstance(value, str) and (not plain or " " in plain) else plain
