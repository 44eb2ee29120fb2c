"""What is put down of an incident, one thing at a time: each fact is written once by one writer, and never changed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from aurora_tui.model.frozen import Veiled, replace
from aurora_tui.model.selection import ObjectRef

LONGEST_TEXT = 4000
"""Characters of a note or of any other text of a fact."""
_CALENDAR = (-62_135_596_800.0, 253_370_764_800.0)
"""The years 1 (of which servers speak where they know none) to 9999, in seconds: beyond is no date."""
_TIMES = ("happened", "onset", "after")
_TICK = 0.001
"""Seconds between what is known and what comes behind it."""
_DEEPEST = 32
"""How far the values of a body may be nested."""
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_HALF = re.compile(r"[\ud800-\udfff]")
_WRITER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


class FactKind(StrEnum):
    OPENED = "opened"
    JOINED = "joined"
    SEVERITY = "severity"
    ROLE = "role"
    ALERT = "alert"
    ACTION = "action"
    VERDICT = "verdict"
    CHANGE = "change"
    NOTE = "note"
    TICK = "tick"
    SNAPSHOT = "snapshot"
    LOGS = "logs"
    NOTICE = "notice"
    """A notification that was consented to; it is sent when that can be done."""
    DELIVERY = "delivery"
    FINDING = "finding"
    IMPACT = "impact"
    RESOLVING = "resolving"
    RESOLVED = "resolved"


Place = tuple[str, int]
"""The writer and the number of a fact: no two of an incident have the same."""
HEAVY = frozenset({FactKind.SNAPSHOT, FactKind.LOGS})
"""Those whose bodies are large: the timeline needs their heads alone."""


class Fact(Veiled):
    """One thing put down; `writer` and `number` name it for good, `at` is in seconds since the epoch.

    Facts that several programs see for themselves carry a ``key`` in their body: the earliest of them stands.
    What is ``quiet`` is no entry of the timeline. A writer whose clock is behind that of another tells in ``after``
    what stood there already, as `order` gives it.
    """

    VEILED = frozenset({"body"})

    incident: str
    writer: str
    number: int
    at: float
    by: str
    kind: FactKind
    body: Mapping[str, Any]

    @property
    def order(self) -> tuple[float, str, int]:
        """Behind all that its writer knew of, whatever their clocks said."""
        after = number_of(self.body.get("after"))
        return (self.at if after is None else max(self.at, after + _TICK), self.writer, self.number)

    def to_json(self) -> dict[str, Any]:
        return {
            "incident": self.incident, "writer": self.writer, "number": self.number, "at": self.at, "by": self.by,
            "kind": str(self.kind), "body": dict(self.body),
        }  # fmt: skip

    @property
    def happened(self) -> float:
        """When what it tells of happened, where that is known, else when it was put down."""
        happened = number_of(self.body.get("happened"))
        return self.at if happened is None else happened

    @classmethod
    def from_json(cls, data: Any) -> Fact:
        """The reverse; raises `ValueError` for anything that no writer of ours can have put down."""
        try:
            fact = cls(
                data["incident"], data["writer"], data["number"], float(data["at"]), data["by"],
                FactKind(data["kind"]), data["body"],
            )  # fmt: skip
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"no fact: {type(error).__name__}") from error
        texts = isinstance(fact.by, str) and isinstance(fact.body, dict) and isinstance(fact.incident, str)
        if not texts or not is_id(fact.incident) or not is_writer(fact.writer):
            raise ValueError("no fact: a field is not what it should be")
        if not all(is_moment(each) for each in (fact.at, *map(fact.body.get, _TIMES))):
            raise ValueError("no fact: a time in it is none")
        if not _is_sound([fact.by, fact.body]):
            raise ValueError("no fact: a value in it can be written nowhere")
        if not isinstance(fact.number, int) or isinstance(fact.number, bool) or fact.number < 1:
            raise ValueError("no fact: its number is none")
        return fact


def is_moment(value: Any) -> bool:
    """Whether a number can be shown as a date; what is no number is for others to judge."""
    return not isinstance(value, int | float) or _CALENDAR[0] <= value < _CALENDAR[1]


def _is_sound(value: Any, depth: int = 0) -> bool:
    """Whether a value of JSON can be put down: no number is beyond all bounds, no text half a character."""
    match value:
        case str():
            return not _HALF.search(value)
        case int():
            return abs(value) < 2**63
        case float():
            return math.isfinite(value)
        case list() | dict():
            inner = value if isinstance(value, list) else [*value, *value.values()]
            return depth < _DEEPEST and all(_is_sound(each, depth + 1) for each in inner)
        case _:
            return value is None


def is_id(text: str) -> bool:
    """Whether this may name an incident: it becomes the name of a folder."""
    return bool(_ID.fullmatch(text))


def is_writer(text: object) -> bool:
    """Whether this may name a writer: it becomes the name of a file."""
    return isinstance(text, str) and bool(_WRITER.fullmatch(text)) and not text.endswith(".")


def merged(*several: Iterable[Fact]) -> tuple[Fact, ...]:
    """The union of facts, each once, in the order of time; nothing that any of the sides has is lost."""
    union = {(fact.writer, fact.number): fact for facts in several for fact in facts}
    return tuple(sorted(union.values(), key=lambda fact: fact.order))


def light(fact: Fact) -> Fact:
    """A fact without what only a replay needs."""
    return replace(fact, body={key: each for key, each in fact.body.items() if key != "data"})


def ref_json(ref: ObjectRef | None) -> list[str | None] | None:
    """An object as a fact's body names it."""
    return None if ref is None else [ref.kind, ref.namespace, ref.name]


def ref_of(value: Any) -> ObjectRef | None:
    """What `ref_json` wrote, None where it is something else."""
    if not (isinstance(value, list) and len(value) == 3):
        return None
    kind, namespace, name = value
    if not (isinstance(kind, str) and isinstance(name, str) and (namespace is None or isinstance(namespace, str))):
        return None
    return ObjectRef(kind, namespace, name)


def text_in(body: Mapping[str, Any], name: str) -> str:
    """A text of a fact's body; empty where there is none."""
    value = body.get(name)
    return value[:LONGEST_TEXT] if isinstance(value, str) else ""


def number_of(value: Any) -> float | None:
    """A number of a fact's body, None where it is none."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if good else None
