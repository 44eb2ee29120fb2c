"""What kubectl's printers have in common: age and name columns, container lists, label selectors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar

from aurora_tui.model.ages import age, stamp
from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.wire import LabelSelector, Meta, Requirement
from aurora_tui.model.wire_pods import Container, PodTemplate

NONE = "<none>"

_BREAK = re.compile(r"[\f\n\r]")
_OPERATORS = {"In": "in", "NotIn": "notin"}


class Named(Protocol):
    @property
    def metadata(self) -> Meta: ...


T = TypeVar("T")


def first_line(text: str) -> str:
    """kubectl cuts a cell at the first line break and says so with three dots."""
    found = _BREAK.search(text)
    return f"{text[: found.start()]}..." if found else text


def _namespace(row: Named) -> str:
    return row.metadata.namespace or ""


NAMESPACE_COLUMN: Column[Any] = Column("NAMESPACE", lambda row, now: Cell(_namespace(row)), _namespace, rank=1)
"""The column that callers put first when they show all namespaces."""


def name_column(*, wide: bool = False, flexible: bool = True) -> Column[Any]:
    """``NAME``; flexible, as names are what differs in length."""
    return Column(
        "NAME",
        lambda row, now: Cell(row.metadata.name),
        lambda row: row.metadata.name,
        rank=6 if wide else 0,
        wide=wide,
        flexible=flexible,
    )


def age_column(rank: int = 2) -> Column[Any]:
    """``AGE``, youngest first; an object without a creation time comes last."""
    return Column(
        "AGE",
        lambda row, now: Cell(age(row.metadata.creation_timestamp, now)),
        lambda row: age_key(row.metadata.creation_timestamp),
        rank=rank,
    )


def age_key(moment: datetime | None) -> float:
    """Sorts by age, youngest first, unknown last."""
    seconds = stamp(moment)
    return float("inf") if seconds is None else -seconds


def count_column(
    heading: str,
    count: Callable[[T], int],
    *,
    tone: Callable[[T], Tone] | None = None,
    rank: int = 1,
    wide: bool = False,
) -> Column[T]:
    """A whole number, which kubectl prints plain."""

    def cell(row: T, now: float) -> Cell:
        return Cell(str(count(row)), tone(row) if tone else Tone.PLAIN)

    return Column(heading, cell, count, right=True, rank=rank, wide=wide)


def text_column(
    heading: str, text: Callable[[T], str], *, rank: int = 5, wide: bool = True, flexible: bool = False
) -> Column[T]:
    """A value of the object that does not age, in text order."""
    return Column(heading, lambda row, now: Cell(text(row)), text, rank=rank, wide=wide, flexible=flexible)


def template_columns(template: Callable[[T], PodTemplate]) -> tuple[Column[T], Column[T]]:
    """The wide columns CONTAINERS and IMAGES."""
    return (
        text_column("CONTAINERS", lambda row: joined(template(row).spec.containers, "name")),
        text_column("IMAGES", lambda row: joined(template(row).spec.containers, "image"), rank=4),
    )


def joined(containers: Iterable[Container] | None, field: str) -> str:
    return ",".join(getattr(container, field) for container in containers or ())


def labels_text(labels: Mapping[str, str] | None) -> str:
    """``key=value`` pairs in order (``labels.FormatLabels``)."""
    return ",".join(sorted(f"{key}={value}" for key, value in (labels or {}).items())) or NONE


def selector_text(selector: LabelSelector | None) -> str:
    """A selector in the syntax that ``-l`` takes; empty when it names nothing (``Selector.String``).

    An operator outside the API gives ``<error>``, as ``FormatLabelSelector`` does.
    """
    if selector is None:
        return ""
    parts = [(key, f"{key}={value}") for key, value in (selector.match_labels or {}).items()]
    for requirement in selector.match_expressions or ():
        text = _requirement_text(requirement)
        if text is None:
            return "<error>"
        parts.append((requirement.key, text))
    return ",".join(text for _, text in sorted(parts, key=lambda part: part[0]))


def _requirement_text(requirement: Requirement) -> str | None:
    match requirement.operator:
        case "Exists":
            return requirement.key
        case "DoesNotExist":
            return f"!{requirement.key}"
        case "In" | "NotIn" as operator:
            return f"{requirement.key} {_OPERATORS[operator]} ({','.join(sorted(requirement.values or ()))})"
    return None
