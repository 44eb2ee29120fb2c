"""What is known of one objective between polls: the questions that it takes, and what their answers mean."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from aurora_tui.model.burn import Burns, Step, ladder_of
from aurora_tui.model.definitions import Objective, ObjectiveKind, Service
from aurora_tui.model.frozen import replace
from aurora_tui.model.onset import Shortfall, consumed, consumed_by_time, onset
from aurora_tui.model.slo import NOT_READ, Sample, SloReading, SloState, key_of, misses, read
from aurora_tui.model.slo_queries import bad_share, current_value, good_share, share_since, traffic
from aurora_tui.model.spans import promql_range
from aurora_tui.signals.prometheus import Line, Point
from aurora_tui.signals.questions import Reply

NO_SERIES = "no such series: is the service scraped?"
_TOLERANCE = 0.01
"""By so much two counters that are scraped one after the other may make a share leave 0..1."""


@dataclass(slots=True)
class Watched:
    """One objective; `sli_window` and `budget_window` are what the settings say for all."""

    service: Service
    objective: Objective
    sli_window: timedelta
    budget_window: timedelta
    steps: tuple[Step, ...] = ()
    current: Sample = field(default_factory=lambda: Sample(None, NOT_READ))
    traffic: float | None = None
    spark: tuple[float | None, ...] = ()
    share: Sample = field(default_factory=lambda: Sample(None, NOT_READ))
    volume: float | None = None
    """All events of the budget's window."""
    burns: dict[timedelta, float] = field(default_factory=dict)
    quiet: set[timedelta] = field(default_factory=set)
    shortfall: Shortfall | None = None
    """By the server's clock."""
    warnings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What the server said of its answers, by what was asked."""
    sampled_at: float = 0.0

    def __post_init__(self) -> None:
        self.steps = ladder_of(self.objective, self.budget_window)
        self.budget_window = self.objective.window or self.budget_window
        if self.objective.recorded or self.objective.good_while:
            self.sli_window = self.objective.slice

    @property
    def key(self) -> str:
        return key_of(self.service.name, self.objective.slug, self.objective.origin)

    def reading(self, ahead: float) -> SloReading:
        """The row; the server's clock is `ahead` seconds before ours."""
        shortfall = self.shortfall and replace(self.shortfall, began=self.shortfall.began - ahead)
        return read(
            self.service,
            self.objective,
            current=self.current,
            spark=self.spark,
            window_share=self.share,
            burns=Burns(self.objective.budget, self.steps, dict(self.burns), frozenset(self.quiet)),
            budget_window=self.budget_window,
            now=self.sampled_at,
            traffic=self.traffic,
            shortfall=shortfall,
            warnings=tuple(dict.fromkeys(each for said in self.warnings.values() for each in said)),
        )

    # The value now.

    def ask_value(self) -> dict[str, str]:
        asked = {"value": current_value(self.objective, self.sli_window)}
        if self.objective.min_traffic is not None:
            asked["traffic"] = traffic(self.objective, self.sli_window)
        return asked

    def take_value(self, replies: Mapping[str, Reply[Point]], now: float) -> None:
        self.current = self._sample(replies["value"], self.sli_window)
        if "traffic" in replies:
            self.traffic = _number(replies["traffic"])
        self.sampled_at = now
        self._note("value", replies.values())

    # How fast each window burns.

    def ask_burns(self, spans: Iterable[timedelta]) -> dict[str, str]:
        asked = {}
        for span in spans:
            asked[promql_range(span)] = bad_share(self.objective, span)
            if self.objective.min_traffic is not None:
                asked[f"traffic {promql_range(span)}"] = traffic(self.objective, span)
        return asked

    def take_burns(self, replies: Mapping[str, Reply[Point]], spans: Iterable[timedelta]) -> None:
        """What the server does not answer for is not known any more."""
        least = self.objective.min_traffic
        for span in spans:
            self.burns.pop(span, None)
            self.quiet.discard(span)
            share = _number(replies[promql_range(span)])
            seen = None if least is None else _number(replies[f"traffic {promql_range(span)}"])
            if least is not None and seen is not None and seen < least:
                self.quiet.add(span)
            elif share is not None and math.isfinite(share):
                self.burns[span] = share
        self._note("burns " + " ".join(map(promql_range, spans)), replies.values())

    # The budget over its window.

    def ask_budget(self) -> dict[str, str]:
        objective = self.objective
        asked = {"share": objective.whole or good_share(objective, self.budget_window)}
        if objective.total and not objective.recorded:
            asked["volume"] = traffic(objective, self.budget_window)
        return asked

    def take_budget(self, replies: Mapping[str, Reply[Point]]) -> None:
        self.share = self._sample(replies["share"], self.budget_window, of_budget=True)
        rate = _number(replies["volume"]) if "volume" in replies else None
        self.volume = None if rate is None else rate * self.budget_window.total_seconds()
        objective = self.objective
        if self.share.reason == NO_SERIES and objective.kind is ObjectiveKind.LATENCY and self.current.value:
            threshold = f"{objective.threshold:g} s" if objective.threshold else "its threshold"
            self.share = Sample(None, f"the histogram has no bucket that ends at {threshold}")
        self._note("budget", replies.values())

    # The last hour, and the shortfall in it.

    def take_spark(self, reply: Reply[Line], moments: Iterable[float]) -> None:
        points = {} if reply.series is None else dict(reply.series.points)
        self.spark = tuple(points.get(moment) for moment in moments)
        self._note("spark", [reply])

    def find_onset(self, moments: Iterable[float], values: Iterable[float | None]) -> bool:
        """Look for the shortfall in a history; whether it goes back beyond it, so that an older one is wanted."""
        judged = [
            (moment, None if value is None or math.isnan(value) else misses(self.objective, value))
            for moment, value in zip(moments, values, strict=True)
        ]
        found = onset(judged)
        before = self.shortfall
        if found is not None and found.at_least and before is not None and before.began <= found.began:
            found = before  # found further back some time ago
        elif found is not None and before is not None:
            found = replace(found, consumed=before.consumed, by_time=before.by_time)
        self.shortfall = found
        return found is not None and found.at_least and found is not before

    def ask_shortfall(self, now: float) -> dict[str, str]:
        """What the shortfall has taken until now, by the server's clock."""
        span = self._since(now)
        if span is None:
            return {}
        asked = {"since": share_since(self.objective, span)}
        if self.volume:
            asked["events"] = traffic(self.objective, span)
        return asked

    def take_shortfall(self, replies: Mapping[str, Reply[Point]], now: float) -> None:
        span, share = self._since(now), _number(replies["since"])
        if self.shortfall is None or span is None:
            return
        rate = _number(replies["events"]) if "events" in replies else None
        spent: float | None = None
        if share is not None and self.volume and rate is not None:
            spent = consumed(share, rate * span.total_seconds(), self.volume, self.objective.budget)
        elif share is not None and (self.objective.recorded or self.objective.good_while):
            spent = consumed_by_time(share, span, self.budget_window, self.objective.budget)
        self.shortfall = replace(self.shortfall, consumed=spent, by_time=self.objective.recorded)

    def _since(self, now: float) -> timedelta | None:
        if self.shortfall is None:
            return None
        # The rate of the first moment that missed looks back over the whole SLI window: so does its share.
        return timedelta(seconds=max(round(now - self.shortfall.began), 60)) + self.sli_window

    def _sample(self, reply: Reply[Point], window: timedelta, *, of_budget: bool = False) -> Sample:
        """What an answer is worth; a budget's is a share whatever the current value's unit is."""
        objective = self.objective
        if reply.error is not None:
            return Sample(None, str(reply.error))
        if reply.series is None:
            recorded = f"nothing is recorded over {promql_range(window)}"
            return Sample(None, recorded if objective.recorded else NO_SERIES, SloState.NO_SERIES)
        value = reply.series.value
        in_shares = of_budget or (objective.value is None and not objective.good_while)
        if math.isnan(value):
            if objective.good_while:
                return Sample(None, "the figure is not a number (NaN)")
            recorded = " (the recorded share is NaN)" if objective.recorded else ""
            return Sample(None, f"no traffic in {promql_range(window)}{recorded}", SloState.NO_TRAFFIC)
        if in_shares and math.isinf(value):
            return Sample(None, "the share is infinite: bad events are counted that the total leaves out")
        if in_shares and objective.recorded and not -_TOLERANCE <= value <= 1 + _TOLERANCE:
            return Sample(None, f"what is recorded is no share between 0 and 1: {value:g}")
        return Sample(value)

    def _note(self, asked: str, replies: Iterable[Reply[Point] | Reply[Line]]) -> None:
        self.warnings[asked] = tuple(each for reply in replies for each in reply.warnings)


def _number(reply: Reply[Point]) -> float | None:
    return None if reply.series is None or math.isnan(reply.series.value) else reply.series.value
