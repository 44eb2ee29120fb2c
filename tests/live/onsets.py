"""When trouble of the backend began, by what real Prometheus says of each minute, without the program's own code."""

from __future__ import annotations

from urllib.parse import urlencode

from tests.live.probes import fetch
from tests.live.program import stack_variable

_MISSED = (
    'sum(rate(http_requests_total{job="aurora-backend",code=~"5.."}[5m]))'
    ' / sum(rate(http_requests_total{job="aurora-backend"}[5m])) > 0.005',
    "histogram_quantile(0.95,"
    ' sum by (le) (rate(http_request_duration_seconds_bucket{job="aurora-backend"}[5m]))) > 0.5',
)
"""The handbook's objectives of the backend that are about who asks it, each as what misses it."""
_MINUTE, _HOUR, _CALM = 60, 3600, 600


def onset(active: float, known: float) -> float:
    """When it began, by what was known of the minutes until `known`, of an alert whose condition holds since `active`.

    That is the alert, or the first minute of the hour before that missed an objective which is missed to the last, and
    was met for no ten minutes since. All in seconds since the epoch.
    """
    last = int(known) // _MINUTE * _MINUTE
    return min([active, *(began for query in _MISSED if (began := _began(query, last)) >= active - _HOUR)])


def _began(query: str, last: int) -> float:
    """The first of the minutes that miss it, in one stretch to the last; later than any where that is met."""
    given = {"query": query, "start": last - 2 * _HOUR, "end": last, "step": _MINUTE}
    answer = fetch(f"{stack_variable('AURORA_LIVE_PROMETHEUS')}/api/v1/query_range?{urlencode(given)}")
    began = float("inf")
    for minute in sorted((int(at) for found in answer["data"]["result"] for at, _ in found["values"]), reverse=True):
        if min(began, last) - minute >= _CALM:
            break
        began = minute
    return began
