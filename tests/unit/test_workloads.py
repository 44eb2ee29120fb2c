"""Workloads say what kubectl says, and the faulty ones are found."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from aurora_tui.model import workloads
from aurora_tui.model.columns import Column
from aurora_tui.model.kube import DaemonSet, Deployment, LabelSelector, ReplicaSet, Requirement, StatefulSet
from aurora_tui.model.printing import NAMESPACE_COLUMN, first_line, selector_text

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC).timestamp()


def ago(seconds: float) -> str:
    return datetime.fromtimestamp(NOW - seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


TEMPLATE = {
    "spec": {
        "containers": [{"name": "app", "image": "aurora/backend:2.4.1"}, {"name": "proxy", "image": "envoy:1"}],
        "nodeSelector": {"zone": "b", "disk": "ssd"},
    }
}
SELECTOR = {
    "matchLabels": {"app": "web"},
    "matchExpressions": [{"key": "tier", "operator": "In", "values": ["b", "a"]}],
}


def made(kind: type[Any], spec: dict[str, Any] | None = None, status: dict[str, Any] | None = None) -> Any:
    raw = {
        "metadata": {"name": "web", "namespace": "shop", "generation": 3, "creationTimestamp": ago(3600)},
        "spec": {"selector": SELECTOR, "template": TEMPLATE, **(spec or {})},
        "status": status or {},
    }
    return msgspec.convert(raw, kind)


def row(columns: tuple[Column[Any], ...], subject: Any) -> dict[str, str]:
    return {column.heading: column.cell(subject, NOW).text for column in columns}


WIDE = {"CONTAINERS": "app,proxy", "IMAGES": "aurora/backend:2.4.1,envoy:1"}


def test_a_deployment_row() -> None:
    subject = made(
        Deployment, {"replicas": 3}, {"readyReplicas": 2, "updatedReplicas": 1, "availableReplicas": 2, "replicas": 4}
    )
    assert row(workloads.DEPLOYMENT_COLUMNS, subject) == {
        "NAME": "web",
        "READY": "2/3",
        "UP-TO-DATE": "1",
        "AVAILABLE": "2",
        "AGE": "60m",
        **WIDE,
        "SELECTOR": "app=web,tier in (a,b)",
    }


def test_a_replica_set_row() -> None:
    subject = made(ReplicaSet, {"replicas": 0, "selector": {}}, {"replicas": 2, "readyReplicas": 1})
    assert row(workloads.REPLICA_SET_COLUMNS, subject) == {
        "NAME": "web",
        "DESIRED": "0",
        "CURRENT": "2",
        "READY": "1",
        "AGE": "60m",
        **WIDE,
        "SELECTOR": "<none>",
    }


def test_a_stateful_set_row() -> None:
    subject = made(StatefulSet, {"replicas": None}, {"readyReplicas": 1})
    assert row(workloads.STATEFUL_SET_COLUMNS, subject) == {"NAME": "web", "READY": "1/1", "AGE": "60m", **WIDE}


def test_a_daemon_set_row() -> None:
    status = {
        "desiredNumberScheduled": 5,
        "currentNumberScheduled": 4,
        "numberReady": 3,
        "updatedNumberScheduled": 2,
        "numberAvailable": 1,
    }
    assert row(workloads.DAEMON_SET_COLUMNS, made(DaemonSet, status=status)) == {
        "NAME": "web",
        "DESIRED": "5",
        "CURRENT": "4",
        "READY": "3",
        "UP-TO-DATE": "2",
        "AVAILABLE": "1",
        "NODE SELECTOR": "disk=ssd,zone=b",
        "AGE": "60m",
        **WIDE,
        "SELECTOR": "app=web,tier in (a,b)",
    }


FULL = {"readyReplicas": 3, "updatedReplicas": 3, "availableReplicas": 3, "replicas": 3}


def progressing(seconds_ago: float, reason: str = "ReplicaSetUpdated", status: str = "True") -> dict[str, Any]:
    return {
        "conditions": [{"type": "Progressing", "status": status, "reason": reason, "lastUpdateTime": ago(seconds_ago)}]
    }


@pytest.mark.parametrize(
    ("faulty", "subject"),
    [
        (False, made(Deployment, {"replicas": 3}, FULL)),
        (False, made(Deployment, {"replicas": 0})),
        # A rollout that moves is no fault; one that has stopped moving is, before its deadline.
        (False, made(Deployment, {"replicas": 3}, {**FULL, "availableReplicas": 2, **progressing(10)})),
        (True, made(Deployment, {"replicas": 3}, {**FULL, "availableReplicas": 2, **progressing(200)})),
        (True, made(Deployment, {"replicas": 3}, {**FULL, "updatedReplicas": 1, **progressing(200)})),
        (False, made(Deployment, {"replicas": 3, "paused": True}, {**FULL, "updatedReplicas": 1})),
        (True, made(Deployment, {"replicas": 3}, {**FULL, **progressing(1, "ProgressDeadlineExceeded", "False")})),
        (
            True,
            made(Deployment, {"replicas": 3}, {**FULL, "conditions": [{"type": "ReplicaFailure", "status": "True"}]}),
        ),
        (True, made(StatefulSet, {"replicas": 2}, {"readyReplicas": 1, "availableReplicas": 1})),
        (False, made(StatefulSet, {"replicas": 1}, {"readyReplicas": 1, "availableReplicas": 1})),
        (True, made(DaemonSet, status={"desiredNumberScheduled": 2, "numberReady": 1, "numberAvailable": 1})),
        (True, made(ReplicaSet, {"replicas": 2}, {"replicas": 2, "readyReplicas": 1, "availableReplicas": 1})),
    ],
)
def test_a_workload_is_faulty_when_its_pods_are_missing_and_nothing_moves(faulty: bool, subject: Any) -> None:
    assert workloads.faulty(subject, NOW) is faulty


def test_selectors_are_written_as_the_l_option_takes_them() -> None:
    expressions = (
        Requirement(key="b", operator="NotIn", values=("z", "y")),
        Requirement(key="a", operator="Exists"),
        Requirement(key="c", operator="DoesNotExist"),
    )
    assert selector_text(LabelSelector({"B": "1"}, expressions)) == "B=1,a,b notin (y,z),!c"
    assert selector_text(LabelSelector(match_expressions=(Requirement(key="x", operator="Near"),))) == "<error>"
    assert selector_text(None) == ""


def test_the_namespace_column_comes_from_the_metadata() -> None:
    assert NAMESPACE_COLUMN.cell(made(Deployment), NOW).text == "shop"


def test_a_cell_is_cut_at_its_first_line_break_as_kubectl_does() -> None:
    assert [first_line(text) for text in ("one\ntwo", "one\rtwo", "one\x0ctwo", "one")] == ["one..."] * 3 + ["one"]
