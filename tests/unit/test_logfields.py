"""Which fields mean what: names of several shippers, types of several indices, and the pods' names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aurora_tui.model.logfields import mapped, some
from aurora_tui.model.selection import LogSelection
from aurora_tui.settings import SettingsError, load_settings
from aurora_tui.signals.logdocuments import flat, nanos_of, stamp_of
from aurora_tui.signals.logquery import filters, pod_pattern
from tests.unit.elasticserver import STORE

TRACED = mapped(STORE, ["i"], {"@timestamp": {"date": ("i",)}, "trace.id": {"keyword": ("i",)}})


@pytest.mark.parametrize(
    ("kind", "own", "others"),
    [
        ("Deployment", ["api-7d4b9c6f5-x2x4z", "api-5c-x2x4z"], ["api-worker-x2x4z", "api-0", "api-7d4b9c6f5-x2x4z-a"]),
        ("StatefulSet", ["api-0", "api-12"], ["api-x2x4z", "api-0-1"]),
        ("DaemonSet", ["api-x2x4z"], ["api-7d4b9c6f5-x2x4z", "api-agent"]),
        ("CronJob", ["api-29384756-x2x4z", "api-29384756-0-x2x4z"], ["api-x2x4z"]),
        ("Job", ["api-x2x4z", "api-0-x2x4z"], ["api-29384756a-x2x4z"]),
    ],
)
def test_pods_are_known_by_their_names(kind: str, own: list[str], others: list[str]) -> None:
    pattern = re.compile(pod_pattern((kind, "api")))

    assert [name for name in own + others if pattern.fullmatch(name)] == own


def test_a_name_with_dots_is_no_pattern() -> None:
    assert not re.fullmatch(pod_pattern(("StatefulSet", "a.b")), "axb-0")


def test_backing_indices_are_called_by_their_data_stream() -> None:
    assert some([".ds-logs-a-2026.11.26-000001", ".ds-logs-a-2026.11.27-000002"]) == "logs-a"
    assert some(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"


def test_nanoseconds_survive_the_way_there_and_back() -> None:
    assert nanos_of("1970-01-01T00:00:01.000000002Z") == 1_000_000_002
    assert stamp_of(nanos_of("2026-11-26T10:00:00.123456789Z")) == "2026-11-26T10:00:00.123456789Z"
    assert nanos_of("2026-11-26T10:00:00Z") % 1_000_000_000 == 0


def test_a_time_that_a_wrong_unit_made_is_the_last_or_the_first_moment() -> None:
    assert stamp_of(nanos_of("+56905830-09-06T18:17:36.789Z")) == "9999-12-31T23:59:59.000000000Z"
    assert nanos_of("-0044-03-15T00:00:00.000Z") == 0


def test_shells_of_what_the_server_left_out_are_no_fields() -> None:
    assert flat({"a": {"b": {}}, "c": {"d": 1, "e.f": None}}) == {"c.d": 1}


def test_every_role_of_the_settings_must_be_a_list_of_names(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("logs:\n  fields: {pod: [], trace: trace.id}\n  indices: ['a b']\n")

    with pytest.raises(SettingsError) as caught:
        load_settings(file)

    told = {fault.key: fault.expected for fault in caught.value.faults}
    assert told["logs.fields.pod"] == "one field name or more"
    assert told["logs.fields.trace"] == "a list of texts"
    assert told["logs.indices"].startswith("a list of index patterns")


def test_the_shipped_names_are_those_of_ecs_first() -> None:
    assert {role: names[0] for role, names in STORE.fields.items()} == {
        "time": "@timestamp",
        "message": "message",
        "level": "log.level",
        "namespace": "kubernetes.namespace",
        "pod": "kubernetes.pod.name",
        "container": "kubernetes.container.name",
        "workload": "kubernetes.$kind.name",
        "labels": "kubernetes.labels",
        "trace": "trace.id",
        "stack": "error.stack_trace",
        "ingested": "event.ingested",
    }
    assert STORE.candidates("workload", "StatefulSet")[0] == "kubernetes.statefulset.name"
    assert STORE.candidates("workload") == ()


def test_a_trace_of_no_pod_is_looked_for_in_all_of_them() -> None:
    assert filters(LogSelection("aurora", trace="ab" * 16), TRACED) == [{"term": {"trace.id": {"value": "ab" * 16}}}]


@pytest.mark.parametrize("written", ["b7ad6b7169203331", "0000000000000000b7ad6b7169203331"])
def test_a_trace_of_64_bits_is_found_in_both_spellings(written: str) -> None:
    ((query,),) = [filters(LogSelection("aurora", trace=written), TRACED)]

    values = [each["term"]["trace.id"]["value"] for each in query["bool"]["should"]]
    assert values == ["b7ad6b7169203331", "0000000000000000b7ad6b7169203331"]
    assert LogSelection("aurora", trace=written).keeps(None, "trace_id=b7ad6b7169203331 failed")
    assert LogSelection("aurora", trace=written).keeps(None, "trace_id=0000000000000000b7ad6b7169203331 failed")
