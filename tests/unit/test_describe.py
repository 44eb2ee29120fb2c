"""Descriptions and YAML tell an operator what there is, and never a Secret's values."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import yaml

from aurora_tui.model.describe import describe
from aurora_tui.model.kube import Event
from aurora_tui.model.redaction import LAST_APPLIED, redact
from aurora_tui.model.yamlview import to_yaml

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC).timestamp()
CREATED = "2026-01-05T11:00:00Z"

POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "web-1",
        "namespace": "shop",
        "creationTimestamp": CREATED,
        "labels": {"app": "web", "tier": "front"},
        "annotations": {"note": "first\nsecond", LAST_APPLIED: "{}"},
        "managedFields": [{"manager": "kubelet"}],
        "ownerReferences": [{"kind": "ReplicaSet", "name": "web", "controller": True}],
    },
    "spec": {
        "nodeName": "n1",
        "containers": [
            {
                "name": "app",
                "image": "aurora/backend:2.4.1",
                "ports": [{"containerPort": 8080}],
                "resources": {"limits": {"memory": "256Mi", "cpu": "500m"}},
                "env": [
                    {"name": "MODE", "value": "live"},
                    {"name": "DB_PASSWORD", "value": "hunter2"},
                    {"name": "API", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "api"}}},
                ],
                "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10},
            }
        ],
    },
    "status": {
        "phase": "Running",
        "conditions": [
            {
                "type": "Ready",
                "status": "False",
                "reason": "ContainersNotReady",
                "message": "containers with unready status: [app]",
                "lastTransitionTime": "2026-01-05T11:55:00Z",
            }
        ],
        "containerStatuses": [
            {
                "name": "app",
                "ready": False,
                "restartCount": 5,
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}},
                "lastState": {
                    "terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-01-05T11:58:00Z"}
                },
            }
        ],
    },
}

EVENT = msgspec.convert(
    {
        "type": "Warning",
        "reason": "BackOff",
        "message": "Back-off restarting\nfailed container",
        "count": 3,
        "firstTimestamp": "2026-01-05T11:50:00Z",
        "lastTimestamp": "2026-01-05T11:59:00Z",
        "source": {"component": "kubelet"},
        "involvedObject": {"fieldPath": "spec.containers{app}"},
    },
    Event,
)


def section(lines: list[str], heading: str) -> list[str]:
    """The indented lines under a heading, each with its blanks folded."""
    start = next(i for i, line in enumerate(lines) if line.strip() == f"{heading}:")
    depth = len(lines[start]) - len(lines[start].lstrip())
    found = []
    for line in lines[start + 1 :]:
        if len(line) - len(line.lstrip()) <= depth:
            break
        found.append(" ".join(line.split()))
    return found


def test_a_crashing_pod_says_why() -> None:
    lines = describe("Pod", POD, [EVENT], NOW)

    folded = [" ".join(line.split()) for line in lines]
    assert "Name: web-1" in folded
    assert "Status: CrashLoopBackOff (phase Running)" in folded
    assert "Controlled By: ReplicaSet/web" in folded
    assert "Created: 2026-01-05T11:00:00Z (60m ago)" in folded
    assert section(lines, "app") == [
        "Image: aurora/backend:2.4.1",
        "Ports: 8080/TCP",
        "Limits: cpu 500m, memory 256Mi",
        "Readiness: http-get :8080/healthz period=10s",
        "Environment: MODE: live",
        "DB_PASSWORD: (hidden)",
        "API: <set to the key 'api' in secret 'keys'>",
        "State: Waiting",
        "Reason: CrashLoopBackOff",
        "Message: back-off 5m0s",
        "Last State: Terminated",
        "Reason: OOMKilled",
        "Exit Code: 137",
        "Finished: 2026-01-05T11:58:00Z (2m ago)",
        "Ready: False",
        "Restart Count: 5",
    ]
    assert section(lines, "Conditions")[-1] == (
        "Ready False 5m ContainersNotReady containers with unready status: [app]"
    )
    assert section(lines, "Events")[-1] == (
        "Warning BackOff 60s (x3 over 10m) kubelet spec.containers{app}: Back-off restarting failed container"
    )


def test_no_line_holds_a_line_break() -> None:
    lines = describe("Pod", POD, [EVENT], NOW)
    assert not [line for line in lines if "\n" in line]
    assert "                  second" in lines


def test_events_are_in_the_order_of_time_and_their_absence_is_said() -> None:
    earlier = msgspec.structs.replace(EVENT, reason="Pulled", last_timestamp=datetime(2026, 1, 5, 11, 40, tzinfo=UTC))
    rows = section(describe("Pod", POD, [EVENT, earlier], NOW), "Events")
    assert [row.split()[1] for row in rows[2:]] == ["Pulled", "BackOff"]
    assert describe("Pod", POD, [], NOW)[-1].split() == ["Events:", "<none>"]


def test_a_workload_tells_its_counts_strategy_and_template() -> None:
    raw = {
        "kind": "Deployment",
        "metadata": {"name": "web", "generation": 4, "annotations": {"deployment.kubernetes.io/revision": "7"}},
        "spec": {
            "replicas": 3,
            "paused": True,
            "selector": {"matchLabels": {"app": "web"}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
            "template": {"spec": {"containers": [{"name": "app", "image": "aurora/backend:2.4.1"}]}},
        },
        "status": {"observedGeneration": 3, "replicas": 4, "updatedReplicas": 1, "availableReplicas": 3},
    }
    lines = describe("Deployment", raw, [], NOW)

    folded = [" ".join(line.split()) for line in lines]
    assert "Replicas: 3 desired | 1 updated | 4 total | 0 ready | 3 available | 0 unavailable" in folded
    assert "Strategy: RollingUpdate (maxSurge 25%, maxUnavailable 0)" in folded
    assert "Paused: True" in folded
    assert "Revision: 7" in folded
    assert any(line.startswith("Observed: generation 3 of 4") for line in folded)
    assert "Image: aurora/backend:2.4.1" in section(lines, "Pod Template")


def test_an_unknown_kind_is_shown_field_by_field() -> None:
    raw = {
        "kind": "Widget",
        "metadata": {"name": "w"},
        "spec": {"size": 3, "parts": [{"name": "lid", "shut": True}], "none": [], "logLevel": "info"},
        "status": {"phase": "Ready"},
    }
    lines = describe("Widget", raw, [], NOW)
    assert section(lines, "Spec") == [
        "size: 3",
        "parts:",
        "lid:",
        "name: lid",
        "shut: True",
        "none: <none>",
        "logLevel: info",
    ]
    assert section(lines, "Status") == ["phase: Ready"]


@pytest.mark.parametrize("kind", ["Pod", "Deployment", "Job", "CronJob", "Widget"])
@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"metadata": None, "spec": None, "status": None},
        {"metadata": [], "spec": {"containers": "x", "template": 1}, "status": {"conditions": {}}},
        {"spec": {"containers": [None, {"env": [{}]}], "selector": {"matchLabels": 1}}, "status": {"phase": 7}},
    ],
)
def test_a_malformed_object_is_described_as_far_as_it_goes(kind: str, raw: dict[str, Any]) -> None:
    assert describe(kind, raw, [], NOW)[0] == "Name:"


PASSWORD = "correct horse"
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {
        "name": "keys",
        "annotations": {LAST_APPLIED: json.dumps({"stringData": {"password": PASSWORD}})},
        "managedFields": [{"fieldsV1": {"f:data": {}}}],
    },
    "type": "Opaque",
    "data": {"password": base64.b64encode(PASSWORD.encode()).decode(), "broken": "***", "empty": ""},
    "stringData": {"other": PASSWORD},
}


@pytest.mark.parametrize(
    "shown",
    [
        to_yaml(SECRET),
        to_yaml({key: value for key, value in SECRET.items() if key != "kind"}, "Secret"),
        to_yaml({key: value for key, value in SECRET.items() if key != "kind"}),
        to_yaml({"kind": "SecretList", "items": [{**SECRET, "kind": None}]}),
        to_yaml({"kind": "List", "items": [SECRET]}),
        "\n".join(describe("Secret", SECRET, [], NOW)),
        "\n".join(describe("secret", {**SECRET, "kind": None}, [], NOW)),
    ],
)
def test_a_secrets_values_are_never_shown_only_their_sizes(shown: str) -> None:
    assert PASSWORD not in shown
    assert base64.b64encode(PASSWORD.encode()).decode() not in shown
    assert "<13 bytes>" in shown
    assert "<0 bytes>" in shown


def test_a_secret_of_the_wrong_shape_is_hidden_whole() -> None:
    assert redact({"kind": "Secret", "data": [PASSWORD], "stringData": PASSWORD}) == {
        "kind": "Secret",
        "data": "<hidden>",
        "stringData": "<hidden>",
    }


def test_redaction_leaves_the_object_itself_and_other_kinds_alone() -> None:
    config = {"kind": "ConfigMap", "metadata": {"name": "c", "managedFields": []}, "data": {"a": "b"}}
    assert redact(config) == {"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "b"}}
    assert "managedFields" in config["metadata"]


def test_yaml_is_laid_out_as_kubectl_does_it() -> None:
    raw = {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {
            "name": "c",
            "labels": {
                "b_1": "yes",
                "a10": "10",
                "a9-c": "d",
                "a09": "z",
                "a9b": "b",
                "a9": "y",
                "app.kubernetes.io/name": "x",
            },
        },
        "data": {"file10": "one\ntwo\n", "file9": "", "word": "plain", "esc": "\x1b[31m"},
        "list": [{"b": True, "a": None}],
    }
    assert to_yaml(raw) == (
        "apiVersion: v1\n"
        "data:\n"
        '  esc: "\\e[31m"\n'
        '  file9: ""\n'
        "  file10: |\n"
        "    one\n"
        "    two\n"
        "  word: plain\n"
        "kind: ConfigMap\n"
        "list:\n"
        "- a: null\n"
        "  b: true\n"
        "metadata:\n"
        "  labels:\n"
        '    a9: "y"\n'
        "    a9-c: d\n"
        "    a9b: b\n"
        "    a09: z\n"
        '    a10: "10"\n'
        "    app.kubernetes.io/name: x\n"
        '    b_1: "yes"\n'
        "  name: c\n"
    )
    assert yaml.safe_load(to_yaml(raw)) == raw


def test_the_yaml_of_a_pod_hides_the_secrets_among_its_variables() -> None:
    variables = [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "DB_HOST", "value": "postgres"}]
    url = {"name": "DB_URL", "value": "postgres://app:hunter2@postgres/orders"}
    pod = {
        "kind": "Pod",
        "metadata": {"name": "a"},
        "spec": {"containers": [{"name": "main", "env": [*variables, url]}]},
    }

    text = to_yaml(pod)

    assert "hunter2" not in text
    assert "value: postgres\n" in text
    assert "postgres://app:(hidden)@postgres/orders" in text
