"""Objectives of Sloth and Pyrra, recognised by what their rules record, in the shapes of their own generators."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aurora_tui.model.burn import PAGE, TICKET
from aurora_tui.model.definitions import Origin, Service
from aurora_tui.model.recorded_slos import Seen, lacks_objectives, recognised
from aurora_tui.model.slo_queries import bad_share, current_value
from aurora_tui.model.spans import recorded_range

BACKEND = Service("backend", "API Backend", ("deployment/aurora-backend",), {"job": "aurora-backend"})
SLOTH = {"sloth_id": "backend-requests", "sloth_service": "backend", "sloth_slo": "requests"}
PYRRA = {"slo": "backend-errors", "job": "aurora-backend"}
RULE = {
    "name": "ErrorBudgetBurn",
    "query": 'http_requests:burnrate5m{slo="backend-errors"} > (14 * (1 - 0.995)) and '
    'http_requests:burnrate1h{slo="backend-errors"} > (14 * (1 - 0.995))',
    "labels": {"slo": "backend-errors", "short": "5m", "long": "1h", "severity": "critical", "exhaustion": "2d"},
}


def sloth(days: float = 30, ratio: float = 0.9990000000000001) -> list[Seen]:
    return [
        Seen({"__name__": "slo:objective:ratio", **SLOTH}, ratio),
        Seen({"__name__": "slo:time_period:days", **SLOTH}, days),
    ]


def burnrates(**labels: str) -> list[Seen]:
    return [Seen({"__name__": f"http_requests:burnrate{w}", **(labels or PYRRA)}, 0.01) for w in ("5m", "1h")]


def test_sloths_objectives_are_read_from_what_it_records() -> None:
    (service,) = recognised(sloth(), [], [BACKEND])
    (objective,) = service.objectives

    assert (service.name, service.workloads) == ("backend", BACKEND.workloads)
    assert (objective.slug, objective.ratio, objective.origin) == ("requests", 0.999, Origin.SLOTH)
    assert bad_share(objective, timedelta(hours=1)) == 'max(slo:sli_error:ratio_rate1h{sloth_id="backend-requests"})'
    assert current_value(objective, timedelta(minutes=5)).startswith("1 - max(slo:sli_error:ratio_rate5m{")


@pytest.mark.parametrize(("days", "name"), [(30, "30d"), (28, "4w"), (7, "1w")])
def test_a_window_is_named_as_prometheus_prints_it(days: int, name: str) -> None:
    (objective,) = recognised(sloth(days), [], [])[0].objectives

    assert objective.window == timedelta(days=days)
    assert f"ratio_rate{name}{{" in bad_share(objective, timedelta(days=days))


@pytest.mark.parametrize(("seconds", "text"), [(5040, "1h24m"), (90, "1m30s"), (691_200, "8d"), (31_536_000, "1y")])
def test_spans_in_names_are_written_as_prometheus_does(seconds: int, text: str) -> None:
    assert recorded_range(timedelta(seconds=seconds)) == text


def test_pyrras_generic_rules_say_all_of_an_objective() -> None:
    generic = [
        Seen({"__name__": "pyrra_objective", **PYRRA}, 0.995),
        Seen({"__name__": "pyrra_window", **PYRRA}, 4 * 604_800),
        Seen({"__name__": "pyrra_availability", **PYRRA}, 0.9991),
    ]
    (service,) = recognised([*burnrates(), *generic], [], [BACKEND])
    (objective,) = service.objectives

    assert not lacks_objectives([*burnrates(), *generic])
    assert (service.name, objective.slug, objective.origin) == ("backend", "backend-errors", Origin.PYRRA)
    assert objective.whole == 'min(pyrra_availability{slo="backend-errors"})'
    assert bad_share(objective, timedelta(days=4)) == 'max(http_requests:burnrate4d{slo="backend-errors"})'


def test_without_them_its_alerts_say_the_objective_and_the_window() -> None:
    assert lacks_objectives(burnrates())
    (objective,) = recognised(burnrates(), [RULE], [BACKEND])[0].objectives

    assert (objective.ratio, objective.window, objective.whole) == (0.995, timedelta(days=28), "")
    assert [(step.severity, step.factor, step.long, step.short) for step in objective.steps] == [
        (PAGE, 14, timedelta(hours=1), timedelta(minutes=5)),
        (PAGE, 7, timedelta(hours=6), timedelta(minutes=30)),
        (TICKET, 2, timedelta(days=1), timedelta(hours=2)),
        (TICKET, 1, timedelta(days=4), timedelta(hours=6)),
    ]


def test_what_tells_no_objective_is_left_alone() -> None:
    foreign: list[dict[str, object]] = [
        {"query": "up == 0", "labels": {"slo": "backend-errors"}},
        {"query": "vector(1)"},
    ]

    assert recognised(burnrates(), foreign, [BACKEND]) == []
    assert recognised(sloth(ratio=99.9), [], [BACKEND]) == []
    assert recognised([Seen({}, 1.0), Seen({"__name__": "slo:objective:ratio"}, 0.9)], [], [BACKEND]) == []


def test_an_objective_of_a_service_that_nobody_told_us_of_gets_a_service_by_its_name() -> None:
    unknown = [Seen({**each.labels, "sloth_service": "shop"}, each.value) for each in sloth()]

    assert [(each.name, each.workloads) for each in recognised(unknown, [], [BACKEND])] == [("shop", ())]
    assert recognised(unknown, [], [BACKEND], known_only=True) == []
    assert len(recognised(sloth(), [], [BACKEND], known_only=True)) == 1
