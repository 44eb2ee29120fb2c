"""Log lines: what one holds, how severe it says it is, and JSON lines in short."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any

import msgspec

from aurora_tui.model.frozen import Frozen

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


class Summary(Frozen):
    """A JSON line in short; `pairs` are the other fields, nested ones with dotted keys."""

    level: str
    """As the line spells it, in upper case; empty where it says none."""
    message: str
    """Its first line."""
    pairs: tuple[tuple[str, str], ...]
    stated: Level | None = None
    stack: tuple[str, ...] = ()
    """What is folded below it: the other lines of the message, then those of the stack trace."""
    sources: tuple[str, ...] = ()
    """The fields that `message` and `stack` are from."""


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

_LEVEL_KEYS = (
    "log.level", "level", "severity", "lvl", "levelname", "loglevel", "severityText", "severity_text", "SeverityText",
    "@l", "@level", "severityNumber", "severity_number", "SeverityNumber",
)  # fmt: skip
_MESSAGE_KEYS = (
    "message", "msg", "event", "body", "Body", "body.stringValue", "body.string_value", "@m", "@mt", "short_message",
    "log", "text",
)  # fmt: skip
_STACK_KEYS = (
    "error.stack_trace", "stack_trace", "exception.stacktrace", "attributes.exception.stacktrace",
    "Attributes.exception.stacktrace", "error.stack", "err.stack", "stack", "stacktrace", "exc_info", "exception",
    "exception.stackTrace", "@x", "full_message", "error.stacktrace", "stackTrace", "thrown.extendedStackTrace",
)  # fmt: skip
_QUIET_KEYS = frozenset(
    ("@timestamp", "timestamp", "time", "ts", "ecs.version", "@t", "timeUnixNano", "observedTimeUnixNano")
)
"""Left out of the summary: the server's own time stands in front of the line when asked for."""
_TRACE_KEYS = (
    "trace.id", "trace_id", "traceId", "TraceId", "traceid", "traceID", "otelTraceID", "mdc.trace_id", "mdc.traceId",
    "contextMap.trace_id", "contextMap.traceId", "attributes.trace_id", "attributes.trace.id", "traceparent",
)  # fmt: skip
_TRACE_ID = re.compile(r"(?:[0-9a-f]{16}){1,2}", re.ASCII | re.IGNORECASE)
_PARENT = re.compile(r"\b[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}\b", re.ASCII | re.IGNORECASE)
"""Source: https://www.w3.org/TR/trace-context/#traceparent-header"""
_TRACE_SAID = re.compile(
    r"trace[._-]?id[\"']{0,2}\s?[=:]\s?[\"']?((?:[0-9a-f]{16}){1,2})(?![0-9a-zA-Z-])", re.ASCII | re.IGNORECASE
)
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
            return _stated(fields)
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


def level_named(word: str) -> Level | None:
    """The level of a name such as ``warning`` or ``err``."""
    return _NAMES.get(word.strip().lower())


def is_error(text: str) -> bool:
    """Whether a line states that something failed."""
    stated = level(text)
    return stated is not None and stated.is_error


def summary(text: str) -> Summary | None:
    """A JSON object in short; None for every other line."""
    fields = fields_of(text)
    if fields is None:
        return None
    spelled, stated = _first(fields, _LEVEL_KEYS), _stated(fields)
    message = _first(fields, _MESSAGE_KEYS)
    taken = {key for keys in (_LEVEL_KEYS, _MESSAGE_KEYS) for key in keys[: _place(fields, keys)]}
    stack = next((key for key in _STACK_KEYS if len(_lines(fields.get(key))) > 1), None)
    taken |= {stack} if stack else set()
    shown = stated if isinstance(spelled, int | float) else "" if spelled is None else str(spelled).upper()
    place = _place(fields, _MESSAGE_KEYS)
    sources = (*(_MESSAGE_KEYS[place - 1 : place] if place else ()), *((stack,) if stack else ()))
    first, *below = _lines(message) or [""]
    below += _lines(fields[stack]) if stack else []
    return Summary(
        str(shown or ""),
        first,
        tuple((key, _value(value)) for key, value in fields.items() if key not in taken and key not in _QUIET_KEYS),
        stated,
        tuple(below),
        sources,
    )


def fields_of(text: str) -> dict[str, Any] | None:
    """All fields of a JSON object, nested ones with dotted keys, in the order of the line; None for other lines."""
    stripped = text.lstrip()
    return _fields(stripped) if stripped.startswith("{") else None


def trace_id(text: str) -> str | None:
    """The id of the trace that a line belongs to, in lower case, 16 or 32 hexadecimal digits; None where it has none.

    ECS ``trace.id``, OpenTelemetry's ``trace_id`` and ``traceId``, a W3C ``traceparent``, or ``trace_id=…`` in plain
    text. Zeros alone are no trace.
    """
    fields = fields_of(text) if "race" in text else None
    if fields is not None:
        for key in _TRACE_KEYS:
            said = str(fields.get(key, ""))
            parent = _PARENT.fullmatch(said)
            if (parent or _TRACE_ID.fullmatch(said)) and (found := _some(parent[1] if parent else said)):
                return found
    for match in (_TRACE_SAID.search(text), _PARENT.search(text)):
        if match and (found := _some(match[1])):
            return found
    return None


def _some(digits: str) -> str | None:
    return digits.lower() if digits.strip("0") else None


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
        elif isinstance(value, list) and depth and (named := _attributes(value)):
            _flatten(named, f"{prefix}{key}.", into, depth - 1)
        else:
            into[prefix + key] = value


def _attributes(values: list[Any]) -> dict[str, Any] | None:
    """OpenTelemetry's list of attributes as an object: ``[{"key": "k", "value": {"stringValue": "v"}}]``."""
    named = {}
    for each in values:
        if not isinstance(each, dict) or each.keys() != {"key", "value"} or not isinstance(each["value"], dict):
            return None
        named[str(each["key"])] = next(iter(each["value"].values()), None)
    return named


def _first(fields: dict[str, Any], keys: tuple[str, ...]) -> Any:
    place = _place(fields, keys)
    return fields[keys[place - 1]] if place else None


def _place(fields: dict[str, Any], keys: tuple[str, ...]) -> int:
    """One more than the index of the first of `keys` that is there; 0 where none is."""
    return next((index for index, key in enumerate(keys, 1) if key in fields), 0)


def _stated(fields: dict[str, Any]) -> Level | None:
    place = _place(fields, _LEVEL_KEYS)
    if not place:
        return None
    key = _LEVEL_KEYS[place - 1]
    return _named(fields[key], otel=key.lower().startswith("severity") and key.lower().endswith("number"))


_STEPS: tuple[Level, ...] = (*Level,)
_SYSLOG = (Level.FATAL, Level.FATAL, Level.FATAL, Level.ERROR, Level.WARN, Level.INFO, Level.INFO, Level.DEBUG)


def _named(spelled: Any, *, otel: bool = False) -> Level | None:
    if isinstance(spelled, bool) or spelled is None:
        return None
    if isinstance(spelled, int | float):
        if otel:  # https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
            return _STEPS[min(max((int(spelled) - 1) // 4, 0), len(_STEPS) - 1)] if spelled > 0 else None
        if 0 <= spelled < len(_SYSLOG):  # GELF
            return _SYSLOG[int(spelled)]
        return _STEPS[min(max(int(spelled) // 10 - 1, 0), len(_STEPS) - 1)]  # pino and bunyan: 10 trace … 60 fatal
    return _NAMES.get(str(spelled).strip().lower())


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _lines(value: Any) -> list[str]:
    """A message or a stack trace, which some write as a list of its frames."""
    plain = "\n".join(map(_plain, value)) if isinstance(value, list) else "" if value is None else _plain(value)
    return plain.strip("\r\n").splitlines()


def _value(value: Any) -> str:
    plain = _plain(value)
    return f'"{plain}"' if isinstance(value, str) and (not plain or " " in plain) else plain
