"""Services and ConfigMaps say what kubectl says, find the pods they front, and show no secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from aurora_tui.model import configmaps, services
from aurora_tui.model.columns import Column
from aurora_tui.model.describe import describe
from aurora_tui.model.kube import ConfigMap, Pod, Service
from aurora_tui.model.selection import LogSelection
from aurora_tui.model.yamlview import to_yaml

NOW = 1_767_614_400.0


def row(columns: tuple[Column[Any], ...], subject: Any) -> dict[str, str]:
    return {column.heading: column.cell(subject, NOW).text for column in columns}


def service(status: Mapping[str, Any] | None = None, **spec: Any) -> Service:
    meta = {"name": "web", "namespace": "aurora", "creationTimestamp": "2026-01-05T11:00:00Z"}
    return msgspec.convert({"metadata": meta, "spec": spec, "status": status or {}}, Service)


def pod(name: str, labels: Mapping[str, str], *, ready: bool = True, namespace: str = "aurora") -> Pod:
    status = {"conditions": [{"type": "Ready", "status": str(ready)}]}
    meta = {"name": name, "namespace": namespace, "labels": labels}
    return msgspec.convert({"metadata": meta, "status": status}, Pod)


def test_a_service_row() -> None:
    ports = [{"port": 80, "protocol": "TCP"}, {"port": 53, "protocol": "UDP", "nodePort": 30053}]
    found = service(type="NodePort", clusterIPs=["10.96.0.7"], ports=ports, selector={"b": "2", "a": "1"})

    assert row(services.COLUMNS, found) == {
        "NAME": "web",
        "TYPE": "NodePort",
        "CLUSTER-IP": "10.96.0.7",
        "EXTERNAL-IP": "<none>",
        "PORT(S)": "80/TCP,53:30053/UDP",
        "AGE": "60m",
        "SELECTOR": "a=1,b=2",
    }


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (service(type="LoadBalancer"), "<pending>"),
        (
            service({"loadBalancer": {"ingress": [{"hostname": "b"}, {"ip": "1.1.1.1"}]}}, type="LoadBalancer"),
            "1.1.1.1,b",
        ),
        (service(type="LoadBalancer", externalIPs=["9.9.9.9"]), "9.9.9.9"),
        (service(type="ExternalName", externalName="db.example.org"), "db.example.org"),
        (service(type="ClusterIP", externalIPs=["9.9.9.9", "8.8.8.8"]), "9.9.9.9,8.8.8.8"),
        (service(type="Strange"), "<unknown>"),
    ],
)
def test_external_addresses(found: Service, text: str) -> None:
    assert row(services.COLUMNS, found)["EXTERNAL-IP"] == text
    assert (row(services.COLUMNS, found)["PORT(S)"], row(services.COLUMNS, found)["SELECTOR"]) == ("<none>", "<none>")


def test_the_likeliest_other_pods_are_those_with_one_value_replaced_and_the_most_of_them_ready() -> None:
    front = service(selector={"app": "web", "color": "blue"})
    pods = [
        pod("now", {"app": "web", "color": "blue"}),
        pod("red", {"app": "web", "color": "red"}, ready=False),
        pod("green-1", {"app": "web", "color": "green"}),
        pod("green-2", {"app": "web", "color": "green"}),
        pod("uncoloured", {"app": "web"}),
        pod("both", {"app": "db", "color": "green"}),
        pod("elsewhere", {"app": "web", "color": "black"}, namespace="other"),
    ]

    assert services.others(front, pods) == ["color=green", "color=red"]
    assert services.others(service(selector={"app": "web"}), pods) == [], "any pod would do"
    assert services.others(service(), pods) == []


def test_a_service_fronts_the_pods_of_its_whole_selector_and_without_one_none() -> None:
    green = pod("green", {"app": "web", "color": "green", "more": "x"})

    assert services.selects({"app": "web", "color": "green"}, green)
    assert not services.selects({"app": "web", "color": "blue"}, green)
    assert not services.selects({}, green)
    assert not services.selects(None, green)


def test_the_logs_of_a_service_are_those_of_the_pods_that_it_selects() -> None:
    selection = LogSelection("aurora", workload=("Service", "web"), labels=(("app", "web"), ("color", "green")))

    assert str(selection) == "service/web"
    assert selection.wants(pod("a", {"app": "web", "color": "green", "more": "x"}))
    assert not selection.wants(pod("b", {"app": "web", "color": "blue"}))
    assert not selection.wants(pod("c", {"app": "web", "color": "green"}, namespace="other"))


def test_a_config_map_row_counts_keys_and_keeps_no_long_value() -> None:
    raw = {
        "metadata": {"name": "flags"},
        "data": {"on": "true", "page": "x" * 10_000},
        "binaryData": {"logo": "iV" * 99},
    }
    found = msgspec.json.decode(msgspec.json.encode(raw), type=ConfigMap)

    assert row(configmaps.COLUMNS, found) == {"NAME": "flags", "DATA": "3", "AGE": "<unknown>"}
    assert (found.data, found.binary_data) == ({"on": "true", "page": ""}, {"logo": ""})
    assert row(configmaps.COLUMNS, msgspec.json.decode(b"{}", type=ConfigMap))["DATA"] == "0"


def test_switches_of_a_config_map_are_offered_turned_over() -> None:
    assert configmaps.toggles({"b": "on", "a": "True", "c": "dark"}) == {"a": "False", "b": "off"}
    assert configmaps.toggles(None) == {}


def test_secrets_of_a_config_map_are_hidden_and_its_flags_are_not() -> None:
    applied = "kubectl.kubernetes.io/last-applied-configuration"
    data = {
        "DB_PASSWORD": "hunter2",
        "app.properties": "a=1\npassword=hunter2\n",
        "auth-enabled": "on",
        "theme": "dark",
    }
    raw = {
        "kind": "ConfigMap",
        "metadata": {"name": "flags", "annotations": {applied: msgspec.json.encode({"data": data}).decode()}},
        "data": data,
    }
    described, written = "\n".join(describe("ConfigMap", raw, [], NOW)), to_yaml(raw)

    assert "hunter2" not in described + written
    assert 'auth-enabled: "on"' in written
    assert "theme: dark" in written
    harmless = {**raw, "data": {"theme": "dark"}, "metadata": {"annotations": {applied: '{"theme":"dark"}'}}}
    assert '{"theme":"dark"}' in to_yaml(harmless)
