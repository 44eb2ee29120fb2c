"""Runs traffic, scrapes and rules along time: first the simulated past, then tick by tick."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from aurora_tui.model.definitions import AlertRule
from aurora_tui.sandbox.alerting import Alerting
from aurora_tui.sandbox.kube.chronicle import World
from aurora_tui.sandbox.machines import Machines
from aurora_tui.sandbox.scenarios import FAULTS
from aurora_tui.sandbox.scenarios.base import Scenario
from aurora_tui.sandbox.series import SeriesStore
from aurora_tui.sandbox.traces import Health
from aurora_tui.sandbox.traffic import Traffic

Worlds = Callable[[float], World]
"""The stack at a moment of the past, or now."""

_PAST = ((30 * 86400, 3600), (86400, 120), (3 * 3600, 15))
"""How far back, and in which steps, the past is simulated (seconds); rates over 5 minutes hold for a day."""
_RULE_STEP_S = 15
_RULE_LEAD_S = 60
"""How long before the first release the rules begin to be evaluated."""
_MACHINES_LEAD_S, _MACHINES_STEP_S = 900, 15
"""How long before the onset the figures of the machines begin, and their steps."""
_BACKEND = "aurora-backend"


class Simulation:
    """The series, the rules and what moves them.  `clock` gives epoch seconds, `pods` the replicas now."""

    def __init__(
        self,
        scenario: Scenario,
        rules: Sequence[AlertRule],
        window: str,
        clock: Callable[[], float],
        worlds: Worlds,
    ) -> None:
        self.store = SeriesStore()
        self.alerting = Alerting(self.store, rules, window)
        self._scenario = scenario
        self._traffic = Traffic()
        self._clock = clock
        self._worlds = worlds
        self._machines = Machines(self.store)
        self._scraped_at = 0.0
        self._measured_at = 0.0
        self._health: list[tuple[float, Health]] = []

    def live_through_the_past(self) -> None:
        """Fill the series up to now and evaluate the rules since before the onset."""
        now = self._clock()
        rules_due = now - self._scenario.onset - _RULE_LEAD_S
        for moment in _moments(now):
            self._advance(moment)
            if (
                moment >= now - self._scenario.onset - _MACHINES_LEAD_S
                and moment >= self._measured_at + _MACHINES_STEP_S
            ):
                self._measure(moment)
            if moment >= rules_due:
                self.alerting.evaluate(_milliseconds(moment))
                rules_due = moment + _RULE_STEP_S

    def tick(self) -> None:
        """Let the time since the last tick pass: traffic on the pods as they are, a scrape, the rules."""
        now = self._clock()
        if now <= self._scraped_at:  # the machine's clock was set back
            return
        self._advance(now)
        self._measure(now)
        self.alerting.evaluate(_milliseconds(now))

    def backend_health(self, moment: float) -> Health:
        """How the backend did at a moment, for the traces."""
        known = [health for since, health in self._health if since <= moment]
        return known[-1] if known else Health()

    def _measure(self, now: float) -> None:
        """Read what the machines export, which is dearer than the traffic and of interest since the onset only."""
        dt = now - self._measured_at if self._measured_at else 0.0
        self._measured_at = now
        self._machines.scrape(_milliseconds(now), dt, self._worlds(now))

    def _advance(self, now: float) -> None:
        world = self._worlds(now)
        self._traffic.advance(now - self._scraped_at if self._scraped_at else 0.0, world.replicas, world.load)
        self._scraped_at = now
        self.store.scrape(_milliseconds(now), self._traffic.samples())
        health = _health(world)
        if not self._health or self._health[-1][1] != health:
            self._health.append((now, health))


def _moments(now: float) -> list[float]:
    """The scrapes of the past, in steps that grow finer towards now, which is the last."""
    moments: list[float] = []
    for (reach, step), nearer in zip(_PAST, (*(reach for reach, _ in _PAST[1:]), 0), strict=True):
        moments += [now - age for age in range(reach, nearer, -step)]
    return [*moments, now]


def _health(world: World) -> Health:
    replicas = world.replicas.get(_BACKEND, ())
    ready = [replica for replica in replicas if replica.ready]
    if not ready:
        return Health(1.0)
    overload = world.overload(_BACKEND)
    usual = Health().error_ratio
    faults = [[fault for fault in (FAULTS.get(replica.image), replica.fault, overload) if fault] for replica in ready]
    ratio = sum(max([usual, *(fault.error_ratio for fault in each)]) for each in faults) / len(ready)
    return Health(ratio, sum(math.prod(fault.slowdown for fault in each) for each in faults) / len(ready))


def _milliseconds(moment: float) -> int:
    return round(moment * 1000)
