"""The rows of the signals, read once for the command line: objectives and alerts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from aurora_tui.commands.output import Listing
from aurora_tui.model import alerts, slo_columns
from aurora_tui.model.burn import windows
from aurora_tui.model.freshness import SourceState
from aurora_tui.model.frozen import asdict
from aurora_tui.model.slo_columns import CALLS
from aurora_tui.model.spans import promql_range
from aurora_tui.session import Session
from aurora_tui.signalling import alert_source, locate, locate_alertmanagers, slo_source


async def list_slos(session: Session) -> Listing:
    """Read all objectives once."""
    found = await locate("prometheus", session.environment, session.cluster, session.home)
    await slo_source(session.settings, found, session.store, session.clock).read_once()
    table = session.store.table("slos")
    rows = sorted(table.rows.values(), key=slo_columns.worst_first)
    trouble = table.freshness.message if table.freshness.state is not SourceState.LIVE else ""
    return Listing(slo_columns.COLUMNS, rows, raw_slo, found.reason or trouble)


def raw_slo(row: Any) -> Mapping[str, Any]:
    """The figures behind an objective: in its unit, shares 0..1."""
    return {
        "value": row.value,
        "limit": row.limit,
        "burn_rate": row.burn_rate,
        "burn_rates": {promql_range(window): row.burns.rate(window) for window in windows(row.burns.steps)},
        "verdict": CALLS[step.severity] if (step := row.burns.verdict) else None,
        "budget_remaining": row.budget_remaining,
        "budget_reason": row.budget_reason,
        "budget_window_seconds": row.budget_window.total_seconds(),
        "budget_lasts_seconds": lasts.total_seconds() if (lasts := row.exhausted_in) is not None else None,
        "shortfall": None if row.shortfall is None else asdict(row.shortfall),
        "traffic": row.traffic,
        "min_traffic": row.min_traffic,
        "state": row.state.value,
        "reason": row.reason,
        "origin": row.origin.value,
        "warnings": list(row.warnings),
        "sampled_at": row.sampled_at,
    }


async def list_alerts(session: Session) -> Listing:
    """Read all alerts once."""
    prometheus, alertmanagers = await asyncio.gather(
        locate("prometheus", session.environment, session.cluster, session.home),
        locate_alertmanagers(session.environment, session.cluster, session.home),
    )
    await alert_source(session.settings, alertmanagers, prometheus, session.store, session.clock).read_once()
    table = session.store.table("alerts")
    rows = sorted(table.rows.values(), key=alerts.worst_first)
    trouble = ""
    if table.freshness.state is not SourceState.LIVE:
        found = (*(each.reason for each in alertmanagers), prometheus.reason, table.freshness.message)
        trouble = "; ".join(dict.fromkeys(filter(None, found)))
    return Listing(alerts.COLUMNS, rows, raw_alert, trouble)


def raw_alert(row: Any) -> Mapping[str, Any]:
    return {
        "fingerprint": row.fingerprint,
        "state": row.state.value,
        "since": row.since,
        "labels": dict(row.labels),
        "silences": [asdict(silence) for silence in row.silences],
        "sources": list(row.sources),
        "receivers": list(row.receivers),
        "group": dict(row.group) if row.group is not None else None,
        "silenced_by": list(row.silenced_by),
        "inhibited_by": list(row.inhibited_by),
        "muted_by": list(row.muted_by),
        "told_by": list(row.told_by),
        "ended": row.ended,
        "fired": list(row.fired),
    }
