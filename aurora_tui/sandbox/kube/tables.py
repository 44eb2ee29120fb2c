"""Lists that are not objects: the server-side Table that kubectl prints, and metadata alone (meta.k8s.io/v1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from aurora_tui.model import batch, configmaps, events, hpas, nodes, pods, services, workloads
from aurora_tui.model.columns import Column
from aurora_tui.model.wire_cluster import Event, HorizontalPodAutoscaler, Node
from aurora_tui.model.wire_pods import Pod
from aurora_tui.model.wire_traffic import ConfigMap, Service
from aurora_tui.model.wire_workloads import CronJob, DaemonSet, Deployment, Job, ReplicaSet, StatefulSet
from aurora_tui.sandbox.kube.kinds import Json, Resource

_PRINTERS: Mapping[str, tuple[type[Any], Sequence[Column[Any]]]] = {
    "Pod": (Pod, pods.COLUMNS),
    "Deployment": (Deployment, workloads.DEPLOYMENT_COLUMNS),
    "ReplicaSet": (ReplicaSet, workloads.REPLICA_SET_COLUMNS),
    "StatefulSet": (StatefulSet, workloads.STATEFUL_SET_COLUMNS),
    "DaemonSet": (DaemonSet, workloads.DAEMON_SET_COLUMNS),
    "Job": (Job, batch.JOB_COLUMNS),
    "CronJob": (CronJob, batch.CRON_JOB_COLUMNS),
    "Node": (Node, nodes.COLUMNS),
    "Event": (Event, events.COLUMNS),
    "HorizontalPodAutoscaler": (HorizontalPodAutoscaler, hpas.COLUMNS),
    "Service": (Service, services.COLUMNS),
    "ConfigMap": (ConfigMap, configmaps.COLUMNS),
}
"""Kinds with columns of their own; the others are answered plain, and kubectl prints name and age."""


def wants_table(accept: str, resource: Resource) -> bool:
    """Whether the client's first choice is a Table that can be made."""
    first = accept.split(",", maxsplit=1)[0].replace(" ", "")
    return "as=Table" in first and "v=v1;" in f"{first};" and resource.kind in _PRINTERS


def wants_metadata(accept: str) -> bool:
    """Whether the client's first choice is a list of metadata alone."""
    return "as=PartialObjectMetadataList" in accept.split(",", maxsplit=1)[0]


def metadata_list(found: Json) -> Json:
    """A list of objects, cut down to their metadata."""
    part = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
    return {
        "kind": "PartialObjectMetadataList",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": found["metadata"],
        "items": [{**part, "metadata": item["metadata"]} for item in found["items"]],
    }


def table(resource: Resource, items: Sequence[Json], metadata: Json, now: float, include: str = "") -> Json:
    """The Table of `items`; `include` is the query's includeObject: Metadata (the default), Object or None."""
    kind, columns = _PRINTERS[resource.kind]
    rows = []
    for item in items:
        typed = msgspec.convert(item, kind)
        row: Json = {"cells": [column.cell(typed, now).text for column in columns]}
        if include != "None":
            whole = {"kind": resource.kind, "apiVersion": resource.api_version, **item}
            part = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
            row["object"] = whole if include == "Object" else {**part, "metadata": item["metadata"]}
        rows.append(row)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": [_definition(column) for column in columns],
        "rows": rows,
    }


def _definition(column: Column[Any]) -> Json:
    return {
        "name": column.heading.title(),
        "type": "string",
        "format": "name" if column.heading == "NAME" else "",
        "description": "",
        "priority": int(column.wide),
    }
