"""The simulated load of the Aurora Stack: what its replicas' counters and histograms read.

Pure arithmetic over simulated time: a step of an hour costs what a step of a second does, and the
same seed and steps give the same figures.  Knows neither clock nor cluster.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from types import MappingProxyType

from aurora_tui.model.frozen import Frozen
from aurora_tui.sandbox.scenarios import FAULTS
from aurora_tui.sandbox.scenarios.base import Fault

Labels = tuple[tuple[str, str], ...]
"""Label pairs of one series sorted by name, ``__name__`` among them."""

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.3, 0.5, 1.0, 2.0, 2.5, 5.0, 10.0, math.inf)
_BOUNDS = tuple("+Inf" if bound == math.inf else f"{bound:g}" for bound in BUCKETS)
_SIGMA = 0.75
"""Spread of the log-normal latencies; the 95th percentile is then 3.4 times the median."""
_POST_SHARE = 0.3
_NOT_FOUND_SHARE = 0.008
_COMFORT = 0.75
"""Utilisation up to which latency does not suffer."""
_WORST = 3.0
"""Factor on the latency of a replica that has more to do than it can."""
_REFUSAL = 0.004
"""Median seconds of an answer that refuses: nothing was done for it."""


class Replica(Frozen):
    """One pod of a workload, as far as traffic cares."""

    image: str
    ready: bool
    pod: str = ""
    fault: Fault | None = None
    """What ails it beside its image."""


_SOUND = Fault()
_UNLOADED: Mapping[str, float] = MappingProxyType({})


class _Service(Frozen):
    job: str
    rate: float
    """Mean requests a second."""
    median: float
    """Median latency in seconds when healthy."""
    error_ratio: float
    capacity: float
    """Requests a second that one replica can take."""
    upstream: str | None = None
    reach: float = 0.0
    """Share of the requests here that need the upstream, and fail when it does."""
    upstream_code: str = "500"


_SERVICES = (  # an upstream stands before those that call it
    _Service("aurora-postgres", 600.0, 0.0042, 0.0001, 1000.0),
    _Service("aurora-keycloak", 35.0, 0.028, 0.0005, 50.0),
    _Service("aurora-backend", 140.0, 0.039, 0.0005, 70.0, "aurora-postgres", 0.8),
    # 0.25 of its requests: 0.4 of the backend's failures at their usual rates
    _Service("aurora-frontend", 220.0, 0.145, 0.0002, 160.0, "aurora-backend", 0.25, "502"),
)
JOBS = tuple(service.job for service in _SERVICES)
_DATABASE = "aurora-postgres"
_BY_JOB = {service.job: service for service in _SERVICES}

HELP: Mapping[str, str] = MappingProxyType(
    {
        "up": "Whether the last scrape succeeded.",
        "http_requests_total": "Requests answered, by status code and method.",
        "http_request_duration_seconds": "Time to answer a request.",
        "db_client_operation_duration_seconds": "Time of a database operation.",
    }
)


@dataclass(slots=True)
class _Histogram:
    buckets: list[float] = field(default_factory=lambda: [0.0] * len(BUCKETS))
    total: float = 0.0

    def add(self, count: float, median: float) -> None:
        # Exact for a log-normal: P(latency <= bound), and its mean for the sum.
        log_median, scale = math.log(median), _SIGMA * math.sqrt(2.0)
        for index, bound in enumerate(BUCKETS[:-1]):
            self.buckets[index] += count * 0.5 * (1.0 + math.erf((math.log(bound) - log_median) / scale))
        self.buckets[-1] += count
        self.total += count * median * math.exp(_SIGMA * _SIGMA / 2)


class Traffic:
    """Counters of every job since the start of the simulation.

    `faults` gives the behaviour of images that are not healthy; an image is matched with or without
    a registry before its name.
    """

    def __init__(self, seed: int = 1, faults: Mapping[str, Fault] = FAULTS) -> None:
        dice = random.Random(seed)
        self._faults = dict(faults)
        self._phases = {job: tuple(dice.uniform(0, math.tau) for _ in range(4)) for job in JOBS}
        self._elapsed = 0.0
        self._up = dict.fromkeys(JOBS, True)
        self._requests: dict[str, dict[tuple[str, str], float]] = {
            job: dict.fromkeys([("GET", "404"), *product(("GET", "POST"), ("200", "500", "502", "503"))], 0.0)
            for job in JOBS
            if job != _DATABASE
        }
        self._latency = {job: _Histogram() for job in JOBS}
        self._failed_operations = _Histogram()
        self._names = {job: tuple(self._labels_of(job)) for job in JOBS}

    def advance(
        self, dt: float, replicas: Mapping[str, Sequence[Replica]], load: Mapping[str, float] = _UNLOADED
    ) -> None:
        """Let `dt` seconds of load fall on `replicas` (job -> its pods; a job left out has none).

        `load` is a factor on the usual requests, by job.
        """
        self._elapsed += dt
        failing: dict[str, float] = {}
        for service in _SERVICES:
            ready = [replica for replica in replicas.get(service.job, ()) if replica.ready]
            self._up[service.job] = bool(ready)
            rate, wobble = self._wave(service)
            rate *= load.get(service.job, 1.0)
            count = rate * dt
            upstream = failing.get(service.upstream or "", 0.0)
            shares = self._failing_shares(service, rate, ready, upstream)
            failing[service.job] = sum(shares.values())
            if service.job == _DATABASE:
                failed = count * failing[service.job]
                self._failed_operations.add(failed, _REFUSAL)
                count -= failed
            else:
                self._answer(service.job, count, shares)
            if not ready:
                self._latency[service.job].add(count, _REFUSAL)
                continue
            # A caller waits for a failing upstream, though not for all of its requests.
            crowding = _crowding(rate / (service.capacity * len(ready)))
            pace = service.median * wobble * crowding * (1.0 + upstream)
            for replica in ready:
                slow = pace * self._slowdown(replica)
                self._latency[service.job].add(count / len(ready), slow)

    def up(self, job: str) -> bool:
        """Whether the job had a ready replica at the last step, so that a scrape would succeed."""
        return self._up[job]

    def samples(self) -> Iterator[tuple[Labels, float]]:
        """Every series and its value now, always in the same order; ``up`` included."""
        for job in JOBS:
            yield from zip(self._names[job], self._values_of(job), strict=True)

    def exposition(self, job: str) -> str:
        """The job's metrics in Prometheus' text format, without what a scrape adds: ``job instance up``."""
        lines: list[str] = []
        family = ""
        for labels, value in zip(self._names[job], self._values_of(job), strict=True):
            names = dict(labels)
            name = names.pop("__name__")
            del names["job"], names["instance"]
            if name == "up":
                continue
            base = name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count")
            if base != family:
                family = base
                kind = "counter" if base.endswith("_total") else "histogram"
                lines += [f"# HELP {base} {HELP[base]}", f"# TYPE {base} {kind}"]
            pairs = ",".join(f'{key}="{text}"' for key, text in names.items())
            lines.append(f"{name}{{{pairs}}} {value!r}" if pairs else f"{name} {value!r}")
        return "\n".join(lines) + "\n"

    def _failing_shares(
        self, service: _Service, rate: float, ready: Sequence[Replica], upstream: float
    ) -> dict[str, float]:
        """The share of requests that each failing status code answers, 0..1 together."""
        if not ready:
            return {"503": 1.0}
        shed = max(0.0, 1.0 - service.capacity * len(ready) / rate)
        inherited = (1.0 - shed) * service.reach * upstream
        rest = (1.0 - shed - inherited) / len(ready)
        shares = {"503": shed, "500": 0.0}
        for replica in ready:
            fault = replica.fault or _SOUND
            own = max(service.error_ratio, self._fault(replica.image).error_ratio)
            shares["500"] += rest * own * (1.0 - fault.error_ratio)
            shares[fault.status] = shares.get(fault.status, 0.0) + rest * fault.error_ratio
        shares[service.upstream_code] = shares.get(service.upstream_code, 0.0) + inherited
        return shares

    def _slowdown(self, replica: Replica) -> float:
        return self._fault(replica.image).slowdown * (replica.fault or _SOUND).slowdown

    def _wave(self, service: _Service) -> tuple[float, float]:
        """Rate and latency factor at this moment: a daily swing and some quicker ripples."""
        day, long, short, quick = self._phases[service.job]
        now = self._elapsed
        ripple = 0.03 * math.sin(now / 311 + long) + 0.02 * math.sin(now / 67 + short)
        return (
            service.rate * (1.0 + 0.12 * math.sin(math.tau * now / 86400 + day) + ripple),
            1.0 + 0.05 * math.sin(now / 173 + quick) + ripple,
        )

    def _fault(self, image: str) -> Fault:
        for name, fault in self._faults.items():
            if image == name or image.endswith("/" + name):
                return fault
        return _SOUND

    def _answer(self, job: str, count: float, shares: Mapping[str, float]) -> None:
        requests = self._requests[job]
        good = count * (1.0 - sum(shares.values()))
        requests["GET", "404"] += good * _NOT_FOUND_SHARE
        requests["GET", "200"] += good * (1.0 - _NOT_FOUND_SHARE - _POST_SHARE)
        requests["POST", "200"] += good * _POST_SHARE
        for code, share in shares.items():
            requests["GET", code] += count * share * (1.0 - _POST_SHARE)
            requests["POST", code] += count * share * _POST_SHARE

    def _labels_of(self, job: str) -> Iterator[Labels]:
        yield _labels("up", job=job)
        if job == _DATABASE:
            yield from _histogram_labels("db_client_operation_duration_seconds", job=job)
            yield from _histogram_labels("db_client_operation_duration_seconds", job=job, error_type="connection")
            return
        for method, code in self._requests[job]:
            yield _labels("http_requests_total", job=job, method=method, code=code)
        yield from _histogram_labels("http_request_duration_seconds", job=job)

    def _values_of(self, job: str) -> Iterator[float]:
        yield float(self._up[job])
        if job != _DATABASE:
            for count in self._requests[job].values():
                yield float(int(count))
        yield from _histogram_values(self._latency[job])
        if job == _DATABASE:
            yield from _histogram_values(self._failed_operations)


def strain(job: str, ready: int, load: float) -> Fault | None:
    """What too many requests for the ready replicas do to each of them; None where they are not too many."""
    service = _BY_JOB[job]
    used = service.rate * load / (service.capacity * max(ready, 1))
    if used <= 1.0:
        return None
    return Fault(
        1.0 - 1.0 / used,
        _crowding(used),
        "request rejected: worker queue is full (200 of 200)",
        "RejectedExecutionException",
        "503",
    )


def _crowding(used: float) -> float:
    """How much slower a replica at `used` of its capacity answers: a queue's growth, bounded."""
    if used <= _COMFORT:
        return 1.0
    return 1.0 / max(1.0 - (used - _COMFORT) / (1.05 - _COMFORT), 1 / _WORST)


def _labels(name: str, **labels: str) -> Labels:
    return tuple(sorted({"__name__": name, "instance": f"{labels['job']}:8080", **labels}.items()))


def _histogram_labels(name: str, **labels: str) -> Iterator[Labels]:
    for bound in _BOUNDS:
        yield _labels(f"{name}_bucket", le=bound, **labels)
    yield _labels(f"{name}_sum", **labels)
    yield _labels(f"{name}_count", **labels)


def _histogram_values(histogram: _Histogram) -> Iterator[float]:
    for count in histogram.buckets:
        yield float(int(count))
    yield histogram.total
    yield float(int(histogram.buckets[-1]))
