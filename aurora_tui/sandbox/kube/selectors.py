"""Label and field selectors: parsing as the API server does, and matching against objects."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from aurora_tui.model.frozen import Frozen
from aurora_tui.sandbox.kube.kinds import Json, Resource

Match = Callable[[Json], bool]

_KEY = r"(?:[a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_TOKEN = re.compile(r"\s*(?:(?P<op>!=|==|=|!|<|>|\(|\)|,)|(?P<word>[^\s=!<>(),]+))")


class SelectorError(ValueError):
    """A selector that cannot be read; the message is the server's."""


class Requirement(Frozen):
    key: str
    operator: str
    """``in``, ``notin``, ``exists``, ``!``, ``gt`` or ``lt``."""
    values: frozenset[str] = frozenset()

    def holds(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        match self.operator:
            case "in":
                return value in self.values
            case "notin":
                return value not in self.values
            case "exists":
                return value is not None
            case "!":
                return value is None
        if value is None or not re.fullmatch(r"-?\d+", value):
            return False
        bound = int(next(iter(self.values)))
        return int(value) > bound if self.operator == "gt" else int(value) < bound


class _Tokens:
    def __init__(self, text: str) -> None:
        self._left = [m.group("op") or m.group("word") for m in _TOKEN.finditer(text)]
        if "".join(self._left) != re.sub(r"\s", "", text):
            raise SelectorError(f"unable to parse requirement: {text!r}")

    def peek(self) -> str:
        return self._left[0] if self._left else ""

    def take(self) -> str:
        return self._left.pop(0) if self._left else ""

    def expect(self, token: str) -> None:
        if (found := self.take()) != token:
            raise SelectorError(f"found '{found}', expected: '{token}'")

    def key(self) -> str:
        word = self.take()
        if not re.fullmatch(_KEY, word):
            raise SelectorError(f"unable to parse requirement: <nil>: Invalid value: {word!r}")
        return word


def parse_labels(text: str) -> tuple[Requirement, ...]:
    """Requirements of ``a=b,c!=d,e in (f,g),h,!i,j>1``; raises SelectorError."""
    tokens = _Tokens(text)
    requirements: list[Requirement] = []
    while tokens.peek():
        requirements.append(_requirement(tokens))
        if tokens.peek():
            tokens.expect(",")
            if not tokens.peek():
                raise SelectorError("found '', expected: identifier after ','")
    return tuple(requirements)


def _requirement(tokens: _Tokens) -> Requirement:
    if tokens.peek() == "!":
        tokens.take()
        return Requirement(tokens.key(), "!")
    key = tokens.key()
    match tokens.peek():
        case "" | ",":
            return Requirement(key, "exists")
        case "=" | "==" | "!=":
            operator = "notin" if tokens.take() == "!=" else "in"
            value = tokens.take() if tokens.peek() not in ("", ",") else ""
            return Requirement(key, operator, frozenset((value,)))
        case "in" | "notin":
            return Requirement(key, tokens.take(), _values(tokens))
        case "<" | ">":
            operator = "gt" if tokens.take() == ">" else "lt"
            value = tokens.take()
            if not re.fullmatch(r"-?\d+", value):
                raise SelectorError("for 'Gt', 'Lt' operators, the value must be an integer")
            return Requirement(key, operator, frozenset((value,)))
        case found:
            raise SelectorError(f"unable to parse requirement: found '{found}', expected: in, notin, =, ==, !=, gt, lt")


def _values(tokens: _Tokens) -> frozenset[str]:
    tokens.expect("(")
    values: set[str] = set()
    while True:
        values.add(tokens.take() if tokens.peek() not in (",", ")", "") else "")
        if (found := tokens.take()) == ")":
            return frozenset(values)
        if found != ",":
            raise SelectorError(f"found '{found}', expected: ',' or ')'")


def label_matcher(text: str) -> Match:
    requirements = parse_labels(text)
    return lambda obj: matches(requirements, labels_of(obj))


def matches(requirements: tuple[Requirement, ...], labels: Mapping[str, str]) -> bool:
    return all(requirement.holds(labels) for requirement in requirements)


def labels_of(obj: Json) -> Mapping[str, str]:
    return obj["metadata"].get("labels") or {}


def requirements_of(selector: Json | None) -> tuple[Requirement, ...] | None:
    """The requirements of a metav1.LabelSelector; None when there is none, which selects nothing."""
    if selector is None:
        return None
    wanted = [Requirement(k, "in", frozenset((v,))) for k, v in (selector.get("matchLabels") or {}).items()]
    operators = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}
    for each in selector.get("matchExpressions") or ():
        operator = operators[each["operator"]]
        wanted.append(Requirement(each["key"], operator, frozenset(each.get("values") or ())))
    return tuple(wanted)


def selector_text(selector: Json | None) -> str:
    """A metav1.LabelSelector as ``a=b,c in (d,e)``: what Scale.status.selector holds."""
    parts: list[str] = []
    for requirement in sorted(requirements_of(selector) or (), key=lambda r: r.key):
        values = sorted(requirement.values)
        match requirement.operator:
            case "in" if len(values) == 1:
                parts.append(f"{requirement.key}={values[0]}")
            case "exists":
                parts.append(requirement.key)
            case "!":
                parts.append(f"!{requirement.key}")
            case operator:
                parts.append(f"{requirement.key} {operator} ({','.join(values)})")
    return ",".join(parts)


_INVOLVED = tuple(
    f"involvedObject.{name}"
    for name in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
)
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "Pod": (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
        "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName",
    ),
    "Event": (*_INVOLVED, "reason", "reportingComponent", "source", "type"),
    "Node": ("spec.unschedulable",),
    "Namespace": ("status.phase",),
    "Secret": ("type",),
    "ReplicaSet": ("status.replicas",),
    "Job": ("status.successful",),
    "Service": ("spec.clusterIP", "spec.type"),
}  # fmt: skip
"""Fields that may be selected besides metadata.name and metadata.namespace (conversion.go of each group)."""
_ELSEWHERE = {"source": "source.component", "status.successful": "status.succeeded"}


def field_matcher(text: str, resource: Resource) -> Match:
    """Terms of ``a=b,c!=d``, all of which must hold; raises SelectorError for fields not selectable."""
    allowed = ("metadata.name", "metadata.namespace", *_FIELDS.get(resource.kind, ()))
    terms: list[tuple[str, bool, str]] = []
    for part in filter(None, text.split(",")):
        found = re.fullmatch(r"([^=!]+)(!=|==|=)(.*)", part)
        if found is None:
            raise SelectorError(f"invalid selector: '{text}'; can't understand '{part}'")
        field, operator, value = found.groups()
        if field not in allowed:
            raise SelectorError(f"field label not supported: {field}")
        terms.append((_ELSEWHERE.get(field, field), operator != "!=", value))
    return lambda obj: all((_text_at(obj, field) == value) is wanted for field, wanted, value in terms)


def _text_at(obj: Json, path: str) -> str:
    value: Any = obj
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if value is None:
        return "false" if path in _BOOLEANS else ""
    return str(value).lower() if isinstance(value, bool) else str(value)


_BOOLEANS = ("spec.unschedulable", "spec.hostNetwork")
