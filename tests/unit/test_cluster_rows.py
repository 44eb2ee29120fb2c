"""Jobs, cron jobs, nodes, events and autoscalers say what kubectl says, and the faulty ones are found."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from aurora_tui.model import batch, events, hpas, nodes
from aurora_tui.model.columns import Column
from aurora_tui.model.kube import CronJob, Event, HorizontalPodAutoscaler, Job, Node

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC).timestamp()
TEMPLATE = {"spec": {"containers": [{"name": "c", "image": "i:1"}]}}


def ago(seconds: float) -> str:
    return datetime.fromtimestamp(NOW - seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def row(columns: tuple[Column[Any], ...], subject: Any) -> dict[str, str]:
    return {column.heading: column.cell(subject, NOW).text for column in columns}


def job(spec: dict[str, Any] | None = None, *conditions: str, **status: Any) -> Job:
    raw = {
        "metadata": {"name": "load", "creationTimestamp": ago(600)},
        "spec": {"template": TEMPLATE, **(spec or {})},
        "status": {"conditions": [{"type": each, "status": "True"} for each in conditions], **status},
    }
    return msgspec.convert(raw, Job)


@pytest.mark.parametrize(
    ("conditions", "word"),
    [
        ((), "Running"),
        (("SuccessCriteriaMet", "Complete"), "Complete"),
        (("FailureTarget", "Failed"), "Failed"),
        (("FailureTarget",), "FailureTarget"),
        (("SuccessCriteriaMet",), "SuccessCriteriaMet"),
        (("Suspended", "FailureTarget"), "Suspended"),
    ],
)
def test_a_jobs_status_is_its_first_condition_that_counts(conditions: tuple[str, ...], word: str) -> None:
    assert batch.status(job(None, *conditions)) == word


@pytest.mark.parametrize(
    ("spec", "text"),
    [({"completions": 5}, "2/5"), ({"parallelism": 3}, "2/1 of 3"), ({"parallelism": 1}, "2/1"), ({}, "2/1")],
)
def test_completions_tell_work_queues_from_fixed_counts(spec: dict[str, Any], text: str) -> None:
    assert batch.completions(job(spec, succeeded=2)) == text


def test_a_jobs_duration_ends_with_its_completion() -> None:
    assert row(batch.JOB_COLUMNS, job())["DURATION"] == ""
    assert row(batch.JOB_COLUMNS, job(startTime=ago(300)))["DURATION"] == "5m"
    assert row(batch.JOB_COLUMNS, job(startTime=ago(300), completionTime=ago(200)))["DURATION"] == "100s"


def test_a_failed_job_is_faulty() -> None:
    assert batch.faulty(job(None, "Failed"), NOW)
    assert not batch.faulty(job(None, "Complete"), NOW)


def test_a_cron_job_row() -> None:
    spec = {"schedule": "*/5 * * * *", "suspend": True, "jobTemplate": {"spec": {"template": TEMPLATE}}}
    raw = {
        "metadata": {"name": "backup", "creationTimestamp": ago(86400 * 3)},
        "spec": spec,
        "status": {"active": [{"name": "a"}], "lastScheduleTime": ago(240)},
    }
    assert row(batch.CRON_JOB_COLUMNS, msgspec.convert(raw, CronJob)) == {
        "NAME": "backup",
        "SCHEDULE": "*/5 * * * *",
        "TIMEZONE": "<none>",
        "SUSPEND": "True",
        "ACTIVE": "1",
        "LAST SCHEDULE": "4m",
        "AGE": "3d",
        "CONTAINERS": "c",
        "IMAGES": "i:1",
        "SELECTOR": "<none>",
    }


def node(ready: str | None = "True", *, cordoned: bool = False, pressure: str | None = None) -> Node:
    conditions = [{"type": "Ready", "status": ready}] if ready else []
    if pressure:
        conditions.append({"type": pressure, "status": "True"})
    raw = {
        "metadata": {"name": "n1", "creationTimestamp": ago(3600)},
        "spec": {"unschedulable": cordoned},
        "status": {
            "conditions": conditions,
            "addresses": [{"type": "Hostname", "address": "n1"}, {"type": "InternalIP", "address": "10.0.0.1"}],
            "nodeInfo": {"kubeletVersion": "v1.35.4", "osImage": "Debian 13"},
        },
    }
    return msgspec.convert(raw, Node)


@pytest.mark.parametrize(
    ("subject", "status", "faulty"),
    [
        (node(), "Ready", False),
        (node("False"), "NotReady", True),
        (node("Unknown"), "NotReady", True),
        (node(None), "Unknown", True),
        (node(cordoned=True), "Ready,SchedulingDisabled", False),
        (node("False", cordoned=True), "NotReady,SchedulingDisabled", True),
        (node(pressure="DiskPressure"), "Ready", True),
    ],
)
def test_a_nodes_status(subject: Node, status: str, faulty: bool) -> None:
    assert row(nodes.COLUMNS, subject)["STATUS"] == status
    assert nodes.faulty(subject, NOW) is faulty


def test_the_last_of_two_ready_conditions_counts() -> None:
    conditions = [{"type": "Ready", "status": "True"}, {"type": "Ready", "status": "False"}]
    assert nodes.readiness(msgspec.convert({"status": {"conditions": conditions}}, Node)) == "NotReady"


def test_a_nodes_roles_come_from_its_labels() -> None:
    subject = msgspec.convert(
        {"metadata": {"labels": {"node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/": "x",
                                 "kubernetes.io/role": "edge"}}},
        Node,
    )  # fmt: skip
    assert nodes.roles(subject) == "edge,worker"
    assert nodes.roles(node()) == "<none>"


def test_a_nodes_wide_columns_name_what_is_missing() -> None:
    printed = row(nodes.COLUMNS, node())
    assert (printed["INTERNAL-IP"], printed["EXTERNAL-IP"]) == ("10.0.0.1", "<none>")
    assert (printed["OS-IMAGE"], printed["KERNEL-VERSION"]) == ("Debian 13", "<unknown>")


def test_versions_sort_by_number() -> None:
    column = next(column for column in nodes.COLUMNS if column.heading == "VERSION")
    old, new = (
        msgspec.convert({"status": {"nodeInfo": {"kubeletVersion": version}}}, Node)
        for version in ("v1.9.11", "v1.35.4")
    )
    assert column.sort(old) < column.sort(new)


def event(**fields: Any) -> Event:
    raw = {
        "metadata": {"name": "web.1", "namespace": "shop"},
        "type": "Warning",
        "reason": "BackOff",
        "message": " Back-off restarting\nfailed container ",
        "involvedObject": {"kind": "Pod", "name": "web", "fieldPath": "spec.containers{app}"},
        **fields,
    }
    return msgspec.convert(raw, Event)


def test_an_event_of_the_old_kind() -> None:
    subject = event(
        firstTimestamp=ago(3600), lastTimestamp=ago(60), count=9, source={"component": "kubelet", "host": "n1"}
    )
    assert row(events.COLUMNS, subject) == {
        "LAST SEEN": "60s",
        "TYPE": "Warning",
        "REASON": "BackOff",
        "OBJECT": "pod/web",
        "SUBOBJECT": "spec.containers{app}",
        "SOURCE": "kubelet, n1",
        "MESSAGE": "Back-off restarting...",
        "FIRST SEEN": "60m",
        "COUNT": "9",
        "NAME": "web.1",
    }


def test_an_event_of_the_new_kind() -> None:
    subject = event(
        firstTimestamp=None,
        eventTime="2026-01-05T11:58:00.123456Z",
        series={"count": 4, "lastObservedTime": ago(30)},
        reportingComponent="scheduler",
        reportingInstance="s-0",
    )
    printed = row(events.COLUMNS, subject)
    assert (printed["LAST SEEN"], printed["FIRST SEEN"], printed["COUNT"]) == ("30s", "119s", "4")
    assert printed["SOURCE"] == "scheduler, s-0"


def test_an_event_that_did_not_repeat_counts_once() -> None:
    printed = row(events.COLUMNS, event(eventTime=ago(30)))
    assert (printed["LAST SEEN"], printed["COUNT"]) == ("30s", "1")


def autoscaler(metrics: list[Any], current: list[Any], **status: Any) -> HorizontalPodAutoscaler:
    raw = {
        "metadata": {"name": "web"},
        "spec": {
            "scaleTargetRef": {"kind": "Deployment", "name": "web"},
            "minReplicas": 2,
            "maxReplicas": 5,
            "metrics": metrics,
        },
        "status": {"currentMetrics": current, **status},
    }
    return msgspec.convert(raw, HorizontalPodAutoscaler)


def metric(type_: str, key: str, name: str = "", target: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": type_, key: {"name": name, "target": target or {}}}


def reading(type_: str, key: str, **current: Any) -> dict[str, Any]:
    return {"type": type_, key: {"current": current}}


CPU = metric("Resource", "resource", "cpu", {"averageUtilization": 70})
MEMORY = metric("Resource", "resource", "memory", {"averageValue": "200Mi"})


@pytest.mark.parametrize(
    ("metrics", "current", "text"),
    [
        ([], [], "<none>"),
        ([CPU], [], "cpu: <unknown>/70%"),
        ([CPU], [{"type": ""}], "cpu: <unknown>/70%"),
        (
            [CPU, MEMORY],
            [
                reading("Resource", "resource", averageUtilization=34),
                reading("Resource", "resource", averageValue="90Mi"),
            ],
            "cpu: 34%/70%, memory: 90Mi/200Mi",
        ),
        ([CPU, MEMORY, CPU, CPU], [], "cpu: <unknown>/70%, memory: <unknown>/200Mi + 2 more..."),
        (
            [metric("Pods", "pods", target={"averageValue": "10"})],
            [reading("Pods", "pods", averageValue="12500m")],
            "12500m/10",
        ),
        (
            [metric("External", "external", target={"averageValue": "30"})],
            [reading("External", "external", value="99")],
            "<unknown>/30 (avg)",
        ),
        ([metric("Object", "object", target={"value": "1k"})], [reading("Object", "object", value="2k")], "2k/1k"),
        ([{"type": "Tarot"}], [], "<unknown type>"),
    ],
)
def test_targets_show_what_is_against_what_is_wanted(metrics: list[Any], current: list[Any], text: str) -> None:
    assert hpas.targets(autoscaler(metrics, current)) == text


def test_an_autoscaler_that_cannot_scale_is_faulty_unless_it_is_switched_off() -> None:
    def with_reason(reason: str) -> HorizontalPodAutoscaler:
        return autoscaler([], [], conditions=[{"type": "ScalingActive", "status": "False", "reason": reason}])

    assert hpas.faulty(with_reason("FailedGetResourceMetric"), NOW)
    assert not hpas.faulty(with_reason("ScalingDisabled"), NOW)


def test_an_autoscaler_at_its_greatest_size_is_marked() -> None:
    assert hpas.at_limit(autoscaler([CPU], [], currentReplicas=5))
    assert not hpas.at_limit(autoscaler([CPU], [], currentReplicas=4))
