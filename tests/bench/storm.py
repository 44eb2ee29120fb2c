"""An alert storm in a real Alertmanager: hundreds of alerts, some of which come and go each second."""

from __future__ import annotations

import itertools
import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

FIRING = 300
"""Alerts that fire at any time."""
TURNOVER = 20
"""So many of them end each second, and as many others begin."""


@contextmanager
def storm(alertmanager: str) -> Iterator[None]:
    """Alerts fire while within; all of them have ended afterwards."""
    over = threading.Event()
    first = itertools.count(step=TURNOVER)
    _post(alertmanager, range(FIRING))
    thread = threading.Thread(target=_turn, args=(alertmanager, first, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        begun = next(first)
        _post(alertmanager, range(begun, begun + FIRING), ended=True)


def _turn(alertmanager: str, first: Iterator[int], over: threading.Event) -> None:
    while not over.wait(1.0):
        oldest = next(first)
        _post(alertmanager, range(oldest, oldest + TURNOVER), ended=True)
        _post(alertmanager, range(oldest + FIRING, oldest + FIRING + TURNOVER))


def _post(alertmanager: str, numbers: range, *, ended: bool = False) -> None:
    now = datetime.now(UTC)
    ends = (now if ended else now + timedelta(hours=1)).isoformat()
    body = json.dumps([{**alert(number), "endsAt": ends} for number in numbers]).encode()
    request = urllib.request.Request(
        f"{alertmanager}/api/v2/alerts", body, {"Content-Type": "application/json"}, method="POST"
    )
    urllib.request.urlopen(request, timeout=10).close()


def alert(number: int) -> dict[str, dict[str, str]]:
    """The n-th alert of the storm; its labels alone say which it is."""
    service = ("backend", "frontend", "keycloak", "postgres")[number % 4]
    labels = {
        "alertname": f"BenchStorm{number % 12:02}",
        "severity": ("warning", "critical")[number % 3 == 0],
        "service": service,
        "namespace": f"load-{number % 10:02}",
        "instance": f"10.0.{number >> 8 & 255}.{number & 255}:8080",
    }
    return {"labels": labels, "annotations": {"summary": f"instance {number} of {service} does not answer"}}
