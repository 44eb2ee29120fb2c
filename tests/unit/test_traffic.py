"""The simulated load: what its counters say of healthy, bad, missing and too few replicas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from aurora_tui.sandbox.scenarios.base import Fault
from aurora_tui.sandbox.traffic import JOBS, Replica, Traffic

GOOD = "aurora/backend:2.4.0"
BAD = "aurora/backend:2.4.1"
HEALTHY: Mapping[str, Sequence[Replica]] = {job: [Replica(GOOD, True)] * 3 for job in JOBS}
Growth = dict[tuple[tuple[str, str], ...], float]


def growth(traffic: Traffic, pods: Mapping[str, Sequence[Replica]], seconds: int = 300, step: int = 5) -> Growth:
    """What every series grew by in `seconds`, a second."""
    before = dict(traffic.samples())
    for _ in range(seconds // step):
        traffic.advance(step, pods)
    return {labels: (value - before[labels]) / seconds for labels, value in traffic.samples()}


def requests(grown: Growth, job: str, code: str = "") -> float:
    """Requests a second, of one status code or of those that begin with it."""
    return sum(
        value
        for labels, value in grown.items()
        if (names := dict(labels))["__name__"] == "http_requests_total"
        and names["job"] == job
        and names["code"].startswith(code)
    )


def slower_than(grown: Growth, job: str, bound: str) -> float:
    """The share of the job's requests that took longer than the bucket's bound."""
    buckets = {
        names["le"]: value
        for labels, value in grown.items()
        if (names := dict(labels))["__name__"] == "http_request_duration_seconds_bucket" and names["job"] == job
    }
    return 1 - buckets[bound] / buckets["+Inf"]


def failing(grown: Growth, job: str) -> float:
    return requests(grown, job, "5") / requests(grown, job)


def test_a_healthy_stack_meets_its_objectives_at_the_usual_load() -> None:
    grown = growth(Traffic(), HEALTHY)

    assert requests(grown, "aurora-backend") == pytest.approx(140, rel=0.2)
    assert requests(grown, "aurora-frontend") == pytest.approx(220, rel=0.2)
    assert requests(grown, "aurora-keycloak") == pytest.approx(35, rel=0.2)
    assert 0 < failing(grown, "aurora-backend") < 0.005
    assert failing(grown, "aurora-frontend") < 0.001
    assert slower_than(grown, "aurora-backend", "0.5") < 0.05
    assert slower_than(grown, "aurora-keycloak", "0.3") < 0.05


def test_a_bad_release_fails_a_third_of_its_requests_and_is_slow() -> None:
    grown = growth(Traffic(), {**HEALTHY, "aurora-backend": [Replica(BAD, True)] * 3})

    assert failing(grown, "aurora-backend") == pytest.approx(0.30, abs=0.01)
    assert slower_than(grown, "aurora-backend", "1") > 0.05
    assert requests(grown, "aurora-frontend", "502") == pytest.approx(
        0.4 * requests(grown, "aurora-backend", "5"), rel=0.25
    )


def test_a_replica_of_a_bad_release_fails_its_own_share_only() -> None:
    mixed = [Replica(f"registry.example.org/{BAD}", True), Replica(GOOD, True), Replica(GOOD, True)]

    grown = growth(Traffic(), {**HEALTHY, "aurora-backend": mixed})

    assert failing(grown, "aurora-backend") == pytest.approx(0.10, abs=0.01)


def test_a_bad_replica_that_is_not_ready_harms_nobody() -> None:
    mixed = [Replica(BAD, False), *HEALTHY["aurora-backend"]]

    assert failing(growth(Traffic(), {**HEALTHY, "aurora-backend": mixed}), "aurora-backend") < 0.005


@pytest.mark.parametrize("pods", [[], [Replica(GOOD, False)]])
def test_without_a_ready_replica_every_request_gets_503(pods: list[Replica]) -> None:
    traffic = Traffic()

    grown = growth(traffic, {**HEALTHY, "aurora-backend": pods})

    assert requests(grown, "aurora-backend", "503") == pytest.approx(requests(grown, "aurora-backend"))
    assert not traffic.up("aurora-backend")
    assert traffic.up("aurora-frontend")


def test_too_few_replicas_are_slow_and_shed_load() -> None:
    enough, few = growth(Traffic(), HEALTHY), growth(Traffic(), {**HEALTHY, "aurora-backend": [Replica(GOOD, True)]})

    assert slower_than(few, "aurora-backend", "0.25") > 2 * slower_than(enough, "aurora-backend", "0.25")
    assert requests(few, "aurora-backend", "503") > 10


def test_a_lost_database_is_counted_as_failed_operations_and_breaks_the_backend() -> None:
    grown = growth(Traffic(), {**HEALTHY, "aurora-postgres": []})

    counts = {
        dict(labels).get("error_type", ""): value
        for labels, value in grown.items()
        if dict(labels)["__name__"] == "db_client_operation_duration_seconds_count"
    }
    assert counts[""] == 0
    assert counts["connection"] == pytest.approx(600, rel=0.2)
    assert failing(grown, "aurora-backend") > 0.5


def test_counters_only_grow_and_buckets_never_exceed_a_wider_one() -> None:
    traffic = Traffic(faults={GOOD: Fault(0.5, 3.0)})
    for pods in (HEALTHY, {**HEALTHY, "aurora-backend": []}, HEALTHY):
        assert all(value >= 0 for labels, value in growth(traffic, pods).items() if dict(labels)["__name__"] != "up")
    buckets = [value for labels, value in traffic.samples() if "le" in dict(labels)]
    groups = [buckets[start : start + 14] for start in range(0, len(buckets), 14)]
    assert all(group == sorted(group) for group in groups)


def test_the_same_seed_gives_the_same_figures() -> None:
    first, second, other = Traffic(7), Traffic(7), Traffic(8)
    for traffic in (first, second, other):
        traffic.advance(60, HEALTHY)

    assert list(first.samples()) == list(second.samples()) != list(other.samples())


def test_one_long_step_counts_what_many_short_ones_do() -> None:
    long, short = growth(Traffic(), HEALTHY, 3600, 3600), growth(Traffic(), HEALTHY, 3600, 5)

    assert requests(long, "aurora-backend") == pytest.approx(requests(short, "aurora-backend"), rel=0.1)


def test_the_exposition_is_what_a_scrape_expects() -> None:
    traffic = Traffic()
    traffic.advance(100, HEALTHY)

    lines = traffic.exposition("aurora-backend").splitlines()

    assert "# TYPE http_requests_total counter" in lines
    assert "# TYPE http_request_duration_seconds histogram" in lines
    assert sum(line.startswith("# TYPE") for line in lines) == 2
    assert any(line.startswith('http_requests_total{code="200",method="GET"} ') for line in lines)
    assert any(line.startswith('http_request_duration_seconds_bucket{le="+Inf"} ') for line in lines)
    assert any(line.startswith("http_request_duration_seconds_count ") for line in lines)
    assert not any("job=" in line or line.startswith("up") for line in lines)
