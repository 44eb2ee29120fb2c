"""Answers of the API server are decoded, however much of them is missing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from aurora_tui.model import batch, events, hpas, kube, nodes, pods, workloads
from aurora_tui.model.columns import Column

KINDS: list[tuple[type[Any], tuple[Column[Any], ...]]] = [
    (kube.Pod, pods.COLUMNS),
    (kube.Deployment, workloads.DEPLOYMENT_COLUMNS),
    (kube.ReplicaSet, workloads.REPLICA_SET_COLUMNS),
    (kube.StatefulSet, workloads.STATEFUL_SET_COLUMNS),
    (kube.DaemonSet, workloads.DAEMON_SET_COLUMNS),
    (kube.Job, batch.JOB_COLUMNS),
    (kube.CronJob, batch.CRON_JOB_COLUMNS),
    (kube.Node, nodes.COLUMNS),
    (kube.Event, events.COLUMNS),
    (kube.HorizontalPodAutoscaler, hpas.COLUMNS),
]


def emptied(kind: type[Any]) -> dict[str, Any]:
    """An object of the kind with ``null`` in every field that may hold it, all the way down."""
    empty: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        if isinstance(field.default, msgspec.Struct):
            empty[field.encode_name] = emptied(type(field.default))
        elif field.default is None:
            empty[field.encode_name] = None
    return empty


@pytest.mark.parametrize(("kind", "columns"), KINDS)
@pytest.mark.parametrize("full_of_nulls", [False, True])
def test_an_empty_object_still_makes_a_row(
    kind: type[Any], columns: tuple[Column[Any], ...], full_of_nulls: bool
) -> None:
    row = msgspec.json.decode(msgspec.json.encode(emptied(kind) if full_of_nulls else {}), type=kind)

    cells = [column.cell(row, 0.0).text for column in columns]

    assert all(isinstance(text, str) for text in cells)
    assert [column.sort(row) for column in columns] == [column.sort(row) for column in columns]
    assert kube.key(row.metadata) == ""


@pytest.mark.parametrize(("kind", "columns"), KINDS)
def test_each_table_has_one_flexible_column_and_one_that_stays(
    kind: type[Any], columns: tuple[Column[Any], ...]
) -> None:
    assert sum(column.flexible for column in columns) == 1
    assert any(column.rank == 0 for column in columns if column.flexible)


def test_a_page_names_the_next_one_and_tolerates_unknown_fields() -> None:
    page = msgspec.json.decode(
        b'{"kind":"PodList","metadata":{"resourceVersion":"7","continue":"abc","remainingItemCount":3},'
        b'"items":[{"metadata":{"name":"a","namespace":"n","managedFields":[{"manager":"x"}]},"novel":1}]}',
        type=kube.ListPage[kube.Pod],
    )
    assert (page.metadata.resource_version, page.metadata.continue_) == ("7", "abc")
    assert [kube.key(pod.metadata) for pod in page.items or ()] == ["n/a"]


def test_a_page_without_items_may_say_null() -> None:
    page = msgspec.json.decode(b'{"metadata":{},"items":null}', type=kube.ListPage[kube.Node])
    assert page.items is None


def test_the_type_of_a_watch_event_decides_how_its_object_is_read() -> None:
    decoder = msgspec.json.Decoder(kube.WatchEvent)
    bookmark = decoder.decode(b'{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"12"}}}')
    expired = decoder.decode(
        b'{"type":"ERROR","object":{"kind":"Status","status":"Failure","reason":"Expired","code":410}}'
    )

    assert msgspec.json.decode(bookmark.object, type=kube.Bare).metadata.resource_version == "12"
    status = msgspec.json.decode(expired.object, type=kube.Status)
    assert (bookmark.type, status.code, status.reason) == ("BOOKMARK", 410, "Expired")


def test_a_cluster_scoped_object_is_keyed_by_its_name() -> None:
    assert kube.key(kube.Meta(name="node-1")) == "node-1"


def test_pods_leave_annotations_behind_and_workloads_keep_them() -> None:
    raw = b'{"metadata":{"name":"a","annotations":{"deployment.kubernetes.io/revision":"4"}}}'
    pod = msgspec.json.decode(raw, type=kube.Pod)
    deployment = msgspec.json.decode(raw, type=kube.Deployment)
    assert not hasattr(pod.metadata, "annotations")
    assert deployment.metadata.annotations == {"deployment.kubernetes.io/revision": "4"}


def test_equal_objects_compare_equal_so_that_nothing_is_repainted() -> None:
    raw = b'{"metadata":{"name":"a","creationTimestamp":"2026-01-05T03:00:00Z"},"status":{"phase":"Running"}}'
    first, second = (msgspec.json.decode(raw, type=kube.Pod) for _ in range(2))
    assert first == second
    assert first.metadata.creation_timestamp == datetime(2026, 1, 5, 3, tzinfo=UTC)
