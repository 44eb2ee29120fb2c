"""A console that stands still: a clock that does not go, rows put in by hand, and no server anywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from aurora_tui.app import AuroraApp
from aurora_tui.cluster.kubeconfig import choose
from aurora_tui.logbuffer import LogBuffer
from aurora_tui.model import kube
from aurora_tui.model.alerts import Alert, AlertState
from aurora_tui.model.burn import Burns
from aurora_tui.model.definitions import Objective, Service
from aurora_tui.model.freshness import SourceState
from aurora_tui.model.loglines import LogLine
from aurora_tui.model.selection import LogSelection
from aurora_tui.model.slo import Sample, SloReading, read
from aurora_tui.model.status import ClusterStatus
from aurora_tui.session import STATUS, Session
from aurora_tui.settings import load_settings
from tests.live.kubeconfigs import write_kubeconfig

NOW = datetime(2026, 3, 14, 3, 7, tzinfo=UTC).timestamp()
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
HASH = "7dfcb7599b"
BAD = {"availability": 0.6526, "latency": 3.76, "error_rate": 0.3474, "throughput": 145.9}
GOOD = {"availability": 0.9997, "latency": 0.042, "error_rate": 0.0003, "throughput": 145.9}


class StillSession(Session):
    """A session whose sources are never started."""

    def start(self) -> None:
        """Ask no server which one it is."""

    def want(self, table: str) -> None:
        """Feed no table."""


def still(folder: Path, *, read_only: bool = False) -> AuroraApp:
    """The console on a context ``prod``, at seven minutes past three."""
    kubeconfig = write_kubeconfig(
        folder / "kubeconfig",
        contexts={"prod": {"cluster": "c", "user": "u", "namespace": "aurora"}},
        clusters={"c": {"server": "https://10.0.0.1:6443"}},
        users={"u": {}},
    )
    session = StillSession(
        load_settings(environ={}), choose("prod", str(kubeconfig)), read_only=read_only, clock=lambda: NOW
    )
    return AuroraApp(session)


def fill(app: AuroraApp) -> None:
    """A bad release of the backend, eight minutes old."""
    store = app.session.store
    store.table(STATUS).apply({STATUS: ClusterStatus("prod", "v1.32.4", "ops")})
    store.table("pods").apply({f"aurora/{pod.metadata.name}": pod for pod in pods()})
    readings = [reading for service in app.session.settings.services for reading in objectives(service)]
    store.table("slos").apply({reading.key: reading for reading in readings})
    store.table("alerts").apply({alert.fingerprint: alert for alert in alerts()})
    say(app, SourceState.LIVE)


def say(app: AuroraApp, state: SourceState, message: str = "", *, next_try: float | None = None) -> None:
    """What all sources are in now."""
    for table in ("pods", "slos", "alerts"):
        app.session.store.table(table).set_freshness(state, NOW, message, next_try=next_try)


def follow_backend(app: AuroraApp) -> None:
    """The logs of the backend, a dozen lines of them."""
    buffer = LogBuffer()
    texts = (
        '{"level":"INFO","message":"POST /api/v1/orders 201 in 16 ms","http.response.status_code":201}',
        '{"level":"ERROR","message":"GET /api/v1/products failed: relation \\"orders_v2\\" does not exist"}',
        "org.postgresql.util.PSQLException: ERROR: relation does not exist",
        "        at com.aurora.orders.OrderService.list(OrderService.java:41)",
    )
    ends = ("cpbdg", "fkxjv", "fkxjv", "fkxjv")
    buffer.append(
        LogLine(NOW - MINUTE + number, f"aurora-backend-{HASH}-{ends[number % 4]}", "backend", texts[number % 4])
        for number in range(12)
    )
    selection = LogSelection("aurora", workload=("Deployment", "aurora-backend"))
    app.logs_pane.follow(selection, buffer, {})


def pods() -> list[kube.Pod]:
    crash = {"waiting": {"reason": "CrashLoopBackOff"}}
    ended = {"terminated": {"reason": "Error", "exitCode": 1, "finishedAt": stamp(2 * MINUTE)}}
    return [
        pod(f"aurora-backend-{HASH}-cpbdg", 8 * MINUTE),
        pod(f"aurora-backend-{HASH}-fkxjv", 9 * MINUTE),
        pod(f"aurora-backend-{HASH}-ltjtp", 9 * MINUTE, ready=False, restarts=6, state=crash, last=ended),
        pod("aurora-frontend-7b89fbd75d-d8l2f", 12 * DAY),
        pod("aurora-keycloak-0", 12 * DAY),
        pod("aurora-postgres-0", 40 * DAY),
    ]


def pod(
    name: str,
    age: float,
    *,
    ready: bool = True,
    restarts: int = 0,
    state: dict[str, Any] | None = None,
    last: dict[str, Any] | None = None,
) -> kube.Pod:
    owner = {"kind": "ReplicaSet", "name": name.rpartition("-")[0], "controller": True, "uid": "r"}
    container = {
        "name": "backend",
        "ready": ready,
        "restartCount": restarts,
        "state": state or {"running": {"startedAt": stamp(age)}},
        "lastState": last or {},
    }
    raw = {
        "metadata": {
            "name": name,
            "namespace": "aurora",
            "uid": name,
            "creationTimestamp": stamp(age),
            "labels": {"pod-template-hash": HASH},
            "ownerReferences": [owner],
        },
        "spec": {"nodeName": "prod-node-1", "containers": [{"name": "backend", "image": "aurora/backend:2.4.1"}]},
        "status": {"phase": "Running", "containerStatuses": [container]},
    }
    return msgspec.convert(raw, kube.Pod)


def stamp(age: float) -> str:
    return datetime.fromtimestamp(NOW - age, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def objectives(service: Service) -> list[SloReading]:
    figures = BAD if service.name == "backend" else GOOD
    return [reading(service, objective, figures[str(objective.kind)]) for objective in service.objectives]


def reading(service: Service, objective: Objective, value: float) -> SloReading:
    blind = service.name == "postgres"
    return read(
        service,
        objective,
        current=Sample(None, "no such series: is the service scraped?") if blind else Sample(value),
        spark=() if blind else (0.0,) * 50 + (value,) * 10,
        window_share=Sample(None, "no data") if blind else Sample(0.9993),
        burns=Burns(objective.budget),
        budget_window=timedelta(days=30),
        now=NOW,
    )


def alerts() -> list[Alert]:
    def alert(name: str, state: AlertState, severity: str, age: float, summary: str, service: str) -> Alert:
        return Alert(f"{name}{service}", name, state, severity, NOW - age, summary, {}, {}, service)

    firing, pending = AlertState.FIRING, AlertState.PENDING
    return [
        alert("HighErrorRate", firing, "critical", 8 * MINUTE, "aurora-backend fails 34.7% of its requests", "backend"),
        alert("HighErrorRate", pending, "critical", MINUTE, "aurora-frontend fails 8.7% of its requests", "frontend"),
        alert("HighLatency", firing, "warning", 8 * MINUTE, "aurora-backend answers in 3.76 s (p95)", "backend"),
    ]
