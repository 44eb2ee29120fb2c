"""What is said of a source where there is little room."""

from __future__ import annotations

import pytest

from aurora_tui.model.freshness import Freshness, SourceState


@pytest.mark.parametrize(
    ("message", "brief"),
    [
        ("", ""),
        ("https://10.0.0.1:6443: connection refused; is a tunnel missing?", "connection refused; is a tunnel missing?"),
        ("http://[::1]:9090 did not answer in 10 s", "did not answer in 10 s"),
        ("Alertmanager: http://am:9093 did not answer in 10 s", "Alertmanager: did not answer in 10 s"),
        ("Alertmanager http://am-1:9093: no answer", "Alertmanager http://am-1:9093: no answer"),  # which of several
        ("only namespace aurora: listing all is forbidden", "only namespace aurora: listing all is forbidden"),
        ("https://10.0.0.1:6443", "https://10.0.0.1:6443"),
    ],
)
def test_the_address_is_left_out_where_what_is_wrong_stands_beside_it(message: str, brief: str) -> None:
    assert Freshness(SourceState.STALE, message=message).brief == brief
