"""What labels lead to: a service of the settings by the first rule that fits, or the object that they name."""

from __future__ import annotations

from pathlib import Path

import pytest

from aurora_tui.model.definitions import Service
from aurora_tui.model.linking import NO_LINK, Named, link_of, object_of, service_of
from aurora_tui.model.selection import ObjectRef
from aurora_tui.settings import SettingsError, load_settings

BACKEND = Service("backend", "API Backend", ("deployment/aurora-backend",), {"job": "aurora-backend"})
WORKER = Service("worker", "Worker", ("deployment/aurora-backend-worker",), {})
POSTGRES = Service("postgres", "Database", (), {}, alerts=({"alertname": "Pg*"}, {"job": "exporter", "db": "main"}))
SERVICES = (BACKEND, WORKER, POSTGRES)


@pytest.mark.parametrize(
    ("labels", "service", "rule"),
    [
        ({"alertname": "PgDown", "job": "aurora-backend"}, "postgres", "services.postgres.alerts alertname=Pg*"),
        ({"job": "exporter", "db": "main"}, "postgres", "services.postgres.alerts db=main,job=exporter"),
        ({"job": "aurora-backend", "pod": "aurora-backend-worker-1"}, "backend", "labels job=aurora-backend"),
        ({"service": "worker"}, "worker", "label service=worker"),
        ({"service": "aurora-backend-worker"}, "worker", "label service=aurora-backend-worker"),
        ({"sloth_service": "worker"}, "worker", "label sloth_service=worker"),
        ({"deployment": "aurora-backend"}, "backend", "label deployment=aurora-backend"),
        ({"pod": "aurora-backend-worker-7d4b9-x2x9p"}, "worker", "label pod=aurora-backend-worker-7d4b9-x2x9p"),
        ({"pod": "aurora-backend-7d4b9-x2x9p"}, "backend", "label pod=aurora-backend-7d4b9-x2x9p"),
    ],
)
def test_the_first_rule_that_fits_tells_the_service(labels: dict[str, str], service: str, rule: str) -> None:
    link = link_of(labels, SERVICES)
    assert (link.service, link.rule) == (service, rule)
    assert service_of(labels, SERVICES) == service


@pytest.mark.parametrize(
    "labels", [{"pod": "aurora-backendish-1", "job": "node"}, {}, {"job": "exporter"}, {"job": "exporter", "db": "x"}]
)
def test_no_rule_no_service(labels: dict[str, str]) -> None:
    assert link_of(labels, SERVICES) == NO_LINK
    assert service_of(labels, SERVICES) is None


@pytest.mark.parametrize(
    ("labels", "ref", "rule"),
    [
        ({"namespace": "shop", "pod": "cart-1", "container": "app"}, ObjectRef("Pod", "shop", "cart-1"), "pod=cart-1"),
        ({"namespace": "shop", "deployment": "cart"}, ObjectRef("Deployment", "shop", "cart"), "deployment=cart"),
        (
            {"namespace": "shop", "workload": "cart", "workload_type": "statefulset"},
            ObjectRef("StatefulSet", "shop", "cart"),
            "workload=cart",
        ),
        (
            {"namespace": "shop", "job_name": "dump-1", "job": "ksm"},
            ObjectRef("Job", "shop", "dump-1"),
            "job_name=dump-1",
        ),
        ({"node": "node-1"}, ObjectRef("Node", None, "node-1"), "node=node-1"),
    ],
)
def test_labels_name_the_object_itself(labels: dict[str, str], ref: ObjectRef, rule: str) -> None:
    assert object_of(labels) == Named(ref, f"label {rule}")


@pytest.mark.parametrize("labels", [{"pod": "cart-1"}, {"namespace": "shop", "job": "ksm"}, {}])
def test_a_name_without_its_namespace_is_no_object(labels: dict[str, str]) -> None:
    assert object_of(labels) is None


def test_the_settings_say_which_alerts_concern_a_service(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("services: {postgres: {alerts: [{alertname: 'Pg*'}]}}")
    services = load_settings(file).services
    assert service_of({"alertname": "PgDown"}, services) == "postgres"


@pytest.mark.parametrize("wrong", ["[{}]", "[Pg*]", "{alertname: Pg}"])
def test_what_would_match_everything_or_nothing_is_a_fault(tmp_path: Path, wrong: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"services:\n  postgres:\n    alerts: {wrong}\n")
    with pytest.raises(SettingsError, match=r"config.yaml:3.*services\.postgres\.alerts"):
        load_settings(file)
