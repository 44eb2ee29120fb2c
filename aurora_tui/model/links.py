"""Links that alerts bring along: only those that a terminal may be given, the most useful first."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aurora_tui.model.alerts import Alert
from aurora_tui.model.frozen import Frozen

_SAFE = re.compile(r"https?://[!-~]+")
"""Printable ASCII and nothing else: a control character would end the terminal's sequence, and begin another."""
_LONGEST = 2000
"""Characters; terminals take no more than some 2,083 in one (the specification of OSC 8 hyperlinks)."""
_ANNOTATIONS = (
    ("runbook", ("runbook_url", "runbook")),
    ("dashboard", ("dashboard_url", "dashboard")),
)


class Link(Frozen):
    """Where it leads to, and its address."""

    name: str
    url: str


def is_safe(text: str) -> bool:
    """Whether a text from outside is the address of a web page, and nothing that a terminal would obey."""
    return len(text) <= _LONGEST and _SAFE.fullmatch(text) is not None


def links_of(alert: Alert) -> tuple[Link, ...]:
    """An alert's runbook, its dashboard and the page of its expression, as far as it has them."""
    return tuple(_links(alert))


def refused_of(alert: Alert) -> tuple[str, ...]:
    """Annotations that are meant for links and are none, by their names."""
    names = (name for _, every in _ANNOTATIONS for name in every)
    return tuple(name for name in names if alert.annotations.get(name) and not is_safe(alert.annotations[name].strip()))


def _links(alert: Alert) -> Iterator[Link]:
    for what, names in _ANNOTATIONS:
        for name in names:
            if is_safe(url := alert.annotations.get(name, "").strip()):
                yield Link(what, url)
                break
    if is_safe(alert.generator_url):
        yield Link("source", alert.generator_url)
