"""Which Service of a cluster is its Prometheus, Alertmanager, Elasticsearch, Jaeger."""

from __future__ import annotations

from typing import Any

import pytest

from aurora_tui.cluster.discovery import find_service, parse_service_address


def service(
    name: str, labels: dict[str, str], *ports: tuple[str, int], namespace: str = "monitoring"
) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"ports": [{"name": port, "port": number} for port, number in ports]},
    }


OPERATED = service("prometheus-operated", {"operated-prometheus": "true"}, ("web", 9090))
NAMED = service("prometheus", {"app.kubernetes.io/name": "prometheus"}, ("http-web", 9090), ("reloader-web", 8080))


def test_the_surest_label_wins_whatever_the_order() -> None:
    assert find_service("prometheus", [NAMED, OPERATED]) == "svc/monitoring/prometheus-operated:web"
    assert find_service("prometheus", [OPERATED, NAMED]) == "svc/monitoring/prometheus-operated:web"


def test_of_several_ports_the_one_of_the_api_is_taken() -> None:
    assert find_service("prometheus", [NAMED]) == "svc/monitoring/prometheus:http-web"


def test_equals_are_told_apart_by_name_so_that_every_start_finds_the_same() -> None:
    twins = [service(name, {"app": "alertmanager"}, ("web", 9093)) for name in ("b", "a", "c")]

    assert find_service("alertmanager", twins) == "svc/monitoring/a:web"


def test_a_port_without_a_name_goes_by_its_number() -> None:
    plain = {
        "metadata": {"name": "p", "namespace": "m", "labels": {"app": "prometheus"}},
        "spec": {"ports": [{"port": 9090}]},
    }

    assert find_service("prometheus", [plain]) == "svc/m/p:9090"


def test_the_proxy_is_told_where_a_service_speaks_tls() -> None:
    labels = {"common.k8s.elastic.co/type": "elasticsearch"}

    assert find_service("elasticsearch", [service("es", labels, ("https", 9200))]) == "svc/monitoring/https:es:https"


@pytest.mark.parametrize(
    "services",
    [
        [],
        [{}],
        [{"metadata": {}}],
        [service("x", {"app": "prometheus"})],
        [service("x", {"app": "web"}, ("web", 9090))],
    ],
)
def test_where_nothing_fits_nothing_is_found(services: list[dict[str, Any]]) -> None:
    assert find_service("prometheus", services) is None


def test_an_address_has_three_parts() -> None:
    assert parse_service_address("svc/monitoring/prometheus:web") == ("monitoring", "prometheus", "web")
    assert parse_service_address("svc/elastic/https:es:9200") == ("elastic", "https:es", "9200")


@pytest.mark.parametrize("address", ["svc/monitoring", "svc/a/b", "svc/a/b/c:1", ""])
def test_an_address_of_another_form_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not of the form"):
        parse_service_address(address)
