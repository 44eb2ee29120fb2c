"""The query by which a service's exemplars are looked for, and what a service is called in Jaeger."""

from __future__ import annotations

import pytest

from aurora_tui.model.definitions import Objective, ObjectiveKind, Service
from aurora_tui.model.exemplars import exemplar_query
from aurora_tui.model.frozen import replace

LATENCY = Objective(ObjectiveKind.LATENCY, 0.95, "sum(rate(s_count[$window]))")
SERVICE = Service("shop", "Shop", ("deployment/shop-api",), {}, (LATENCY,))


@pytest.mark.parametrize(
    ("good", "query"),
    [
        ('rate(s_bucket{job="a",le=~"0.5(\\\\.0)?"}[$window])', 'rate(s_bucket{job="a"}[5m])'),
        ('rate(s_bucket{le="0.5",job="a"}[$window])', 'rate(s_bucket{job="a"}[5m])'),
        ('rate(s_bucket{le!="+Inf"}[$window])', "rate(s_bucket{}[5m])"),
        ('rate(s_bucket{simple="x", le = "1" , b="y"}[$window])', 'rate(s_bucket{simple="x" , b="y"}[5m])'),
    ],
)
def test_no_bucket_is_left_out(good: str, query: str) -> None:
    service = replace(SERVICE, objectives=(replace(LATENCY, good=good),))

    assert exemplar_query(service) == query


def test_the_percentile_that_operators_know_comes_first() -> None:
    value = "histogram_quantile(0.95, sum by (le) (rate(s_bucket[$window])))"
    service = replace(SERVICE, objectives=(replace(LATENCY, good="g", value=value),))

    assert exemplar_query(service) == "histogram_quantile(0.95, sum by (le) (rate(s_bucket[5m])))"


def test_without_an_objective_for_latency_there_is_none() -> None:
    assert exemplar_query(replace(SERVICE, objectives=())) is None


def test_a_service_is_traced_as_its_first_workload_unless_the_settings_say_otherwise() -> None:
    assert SERVICE.traced_as == "shop-api"
    assert replace(SERVICE, traces="orders").traced_as == "orders"
    assert replace(SERVICE, workloads=()).traced_as == "shop"
