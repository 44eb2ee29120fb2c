"""Lets alerts fire on the live stack's Alertmanager, as a Prometheus of the test's own would."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from tests.live.program import stack_variable

LASTS = timedelta(hours=1)
"""How long an alert fires that nobody ends."""


def fire(*labels: Mapping[str, str]) -> None:
    _send(datetime.now(UTC) + LASTS, *labels)


def end(*labels: Mapping[str, str]) -> None:
    _send(datetime.now(UTC), *labels)


def _send(ends: datetime, *labels: Mapping[str, str]) -> None:
    alerts = [{"labels": each, "endsAt": ends.isoformat()} for each in labels]
    address = f"{stack_variable('AURORA_LIVE_ALERTMANAGER')}/api/v2/alerts"
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(address, json.dumps(alerts).encode(), headers)) as answer:
        answer.read()
