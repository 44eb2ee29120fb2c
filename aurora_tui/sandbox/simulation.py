"""Runs traffic, scrapes and rules along time: first the simulated past, then tick by tick."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from aurora_tui.model.definitions import AlertRule
from aurora_tui.sandbox.alerting import Alerting
from aurora_tui.sandbox.scenarios import Scenario
from aurora_tui.sandbox.series import SeriesStore
from aurora_tui.sandbox.traces import Health
from aurora_tui.sandbox.traffic import BAD_IMAGES, Replica, Traffic

Pods = Mapping[str, Sequence[Replica]]

_PAST = ((30 * 86400, 3600), (86400, 120), (3 * 3600, 15))
"""How far back, and in which steps, the past is simulated (seconds); rates over 5 minutes hold for a day."""
_RULE_STEP_S = 15
_RULE_LEAD_S = 60
"""How long before the first release the rules begin to be evaluated."""
_BACKEND = "aurora-backend"


class Simulation:
    """The series, the rules and what moves them.  `clock` gives epoch seconds, `pods` the replicas now."""

    def __init__(
        self,
        scenario: Scenario,
        rules: Sequence[AlertRule],
        window: str,
        clock: Callable[[], float],
        pods: Callable[[], Pods],
    ) -> None:
        self.store = SeriesStore()
        self.alerting = Alerting(self.store, rules, window)
        self._scenario = scenario
        self._traffic = Traffic()
        self._clock = clock
        self._pods = pods
        self._scraped_at = 0.0
        self._health: list[tuple[float, Health]] = []

    def live_through_the_past(self) -> None:
        """Fill the series up to now and evaluate the rules since before the first release.

        Before a release its workload ran the previous image, all replicas ready; since then it has
        run as it does now.
        """
        now = self._clock()
        present = self._pods()
        oldest = max((release.age for release in self._scenario.releases), default=0.0)
        rules_from = now - oldest - _RULE_LEAD_S
        rules_due = rules_from
        for moment in _moments(now):
            self._advance(moment, self._pods_at(now - moment, present))
            if moment >= rules_due:
                self.alerting.evaluate(_milliseconds(moment))
                rules_due = moment + _RULE_STEP_S

    def tick(self) -> None:
        """Let the time since the last tick pass: traffic on the pods as they are, a scrape, the rules."""
        now = self._clock()
        if now <= self._scraped_at:  # the machine's clock was set back
            return
        self._advance(now, self._pods())
        self.alerting.evaluate(_milliseconds(now))

    def backend_health(self, moment: float) -> Health:
        """How the backend did at a moment, for the traces."""
        known = [health for since, health in self._health if since <= moment]
        return known[-1] if known else Health()

    def _advance(self, now: float, pods: Pods) -> None:
        self._traffic.advance(now - self._scraped_at if self._scraped_at else 0.0, pods)
        self._scraped_at = now
        self.store.scrape(_milliseconds(now), self._traffic.samples())
        health = _health(pods.get(_BACKEND, ()))
        if not self._health or self._health[-1][1] != health:
            self._health.append((now, health))

    def _pods_at(self, age: float, present: Pods) -> Pods:
        pods = {job: list(replicas) for job, replicas in present.items()}
        for release in self._scenario.releases:
            if age >= release.age:
                pods[release.workload] = [Replica(release.previous, True) for _ in pods.get(release.workload, ())]
        first = max((release.age for release in self._scenario.releases), default=0.0)
        if age >= first:
            return {job: [replace(replica, ready=True) for replica in replicas] for job, replicas in pods.items()}
        return pods


def _moments(now: float) -> list[float]:
    """The scrapes of the past, in steps that grow finer towards now, which is the last."""
    moments: list[float] = []
    for (reach, step), nearer in zip(_PAST, (*(reach for reach, _ in _PAST[1:]), 0), strict=True):
        moments += [now - age for age in range(reach, nearer, -step)]
    return [*moments, now]


def _health(pods: Sequence[Replica]) -> Health:
    ready = [replica for replica in pods if replica.ready]
    if not ready:
        return Health(1.0)
    faults = [BAD_IMAGES.get(replica.image) for replica in ready]
    ratio = sum(fault.error_ratio if fault else Health().error_ratio for fault in faults) / len(ready)
    return Health(ratio, sum(fault.slowdown if fault else 1.0 for fault in faults) / len(ready))


def _milliseconds(moment: float) -> int:
    return round(moment * 1000)
