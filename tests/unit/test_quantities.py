"""Quantities are read exactly and printed as kubectl top prints them."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_tui.model.kube import ContainerMetrics, PodMetrics
from aurora_tui.model.quantities import (
    NANO,
    QuantityError,
    format_cpu,
    format_memory,
    parse_quantity,
    pod_usage,
)

FACTORS = {
    **{"n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1)},
    **{name: Decimal(1000) ** power for power, name in enumerate("kMGTPE", 1)},
    **{f"{name}i": Decimal(1024) ** power for power, name in enumerate("KMGTPE", 1)},
    **{"e3": Decimal(1000), "E-2": Decimal("0.01"), "e-12": Decimal("1e-12")},
}


@given(st.decimals(0, 10**6, places=6, allow_nan=False), st.sampled_from(sorted(FACTORS)), st.booleans())
def test_a_quantity_is_exact_to_the_billionth_and_rounds_away_from_zero(
    number: Decimal, suffix: str, negative: bool
) -> None:
    with localcontext(prec=60):
        exact = (number * FACTORS[suffix] * NANO).to_integral_value(ROUND_UP)
    expected = min(int(exact), (2**63 - 1) * NANO) if suffix.endswith("i") else int(exact)

    sign = "-" if negative else ""
    assert parse_quantity(f"{sign}{number:f}{suffix}") == (-expected if negative else expected)


@pytest.mark.parametrize(
    ("text", "amount"), [("1.", 1), (".5k", 500), ("+3", 3), ("1E", 10**18), ("1E3", 1000), ("Ki", 0)]
)
def test_the_odd_spellings_that_the_server_accepts(text: str, amount: int) -> None:
    assert parse_quantity(text) == amount * NANO


@pytest.mark.parametrize("text", ["", "1 Gi", "1K", "1gi", "1e", "0x10", "1.2.3", "--1", "٣", "1e99999999999", "1e101"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(QuantityError):
        parse_quantity(text)


def test_a_pod_uses_what_its_containers_use_together() -> None:
    usages = ({"cpu": "1043912n", "memory": "131071Ki"}, {"cpu": "249m", "memory": "1Ki"})
    metrics = PodMetrics(containers=tuple(ContainerMetrics(usage=usage) for usage in usages))

    cpu, memory = pod_usage(metrics, "cpu"), pod_usage(metrics, "memory")

    assert cpu is not None and format_cpu(cpu) == "251m"
    assert memory is not None and format_memory(memory) == "128Mi"


def test_memory_is_rounded_down_to_whole_mebibytes() -> None:
    assert format_memory(parse_quantity("131071Ki")) == "127Mi"


def test_no_figure_is_not_nothing_used() -> None:
    assert pod_usage(PodMetrics(containers=None), "cpu") is None
    assert pod_usage(PodMetrics(containers=(ContainerMetrics(usage={"cpu": "lots"}),)), "cpu") is None
