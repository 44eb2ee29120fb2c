"""How notices stand by the book: what was put down of each last, which go before others, and which came too late."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aurora_tui.model.facts import Fact, FactKind
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.incident_settings import Occasion
from aurora_tui.model.incidents import Incident

SENT, GIVEN_UP, WAITING = "sent", "given up", "waiting"
TRYING = "trying"
"""Put down before anything is sent: where it stays the last word, the program ended in between."""
UNSURE = "unsure"
SETTLED = frozenset({SENT, GIVEN_UP, UNSURE})


class Standing(Frozen):
    """How the notices of an incident stand, by whichever program of this operator."""

    incident: Incident
    last: Mapping[Any, Fact]
    """What was put down last of each."""

    def state(self, notice: Fact) -> str:
        fact = self.last.get(notice.body.get("notice"))
        return str(fact.body.get("state")) if fact is not None else ""

    def heard(self, notice: Fact) -> float:
        """When a program had it in hand last."""
        return self.last.get(notice.body.get("notice"), notice).at

    def before(self, notice: Fact) -> list[Fact]:
        """Those to the same channel that were put down earlier and are still to be sent."""
        return [
            each
            for each in self.incident.of_kind(FactKind.NOTICE)
            if each.order < notice.order and self._beside(each, notice) and self.state(each) not in SETTLED
        ]

    def is_over(self, notice: Fact) -> bool:
        """Whether it tells of an incident as of one that is on, and that it is over was said or seen since."""
        if _is_end(notice):
            return False
        ends = filter(_is_end, self.incident.of_kind(FactKind.NOTICE))
        resolved = self.incident.resolved_at is not None and notice.at < self.incident.resolved_at
        return resolved or any(each.order > notice.order and self._beside(each, notice) for each in ends)

    def _beside(self, one: Fact, other: Fact) -> bool:
        return one.writer == other.writer and one.body.get("channel") == other.body.get("channel")


def _is_end(notice: Fact) -> bool:
    return notice.body.get("occasion") == Occasion.RESOLVED


def standing(incident: Incident) -> Standing:
    return Standing(incident, {fact.body.get("notice"): fact for fact in incident.of_kind(FactKind.DELIVERY)})
