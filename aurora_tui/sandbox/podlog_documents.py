"""The pods' log lines as a log shipper would index them: ECS documents with the pod's metadata."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from aurora_tui.sandbox.kube.departed import DepartedPod
from aurora_tui.sandbox.kube.kinds import Json
from aurora_tui.sandbox.kube.podlogs import NANO, Ails, Run, current_run, lines_between, log_begin, nothing_ails
from aurora_tui.sandbox.kube.statuses import ApiError
from aurora_tui.sandbox.wire import rfc3339

_SHIPPED = 3600.0
"""Seconds for which what a pod wrote that is no more is of interest here."""


def documents(
    pods: Iterable[Json], departed: Iterable[DepartedPod], since: float, until: float, ails: Ails = nothing_ails
) -> list[dict[str, Any]]:
    """Lines with a stamp after `since` and not after `until` (epoch seconds), oldest first.

    Those of pods that are no more are there, too, where they went of late.
    """
    found: list[tuple[int, dict[str, Any]]] = []
    gone = [(each.pod, min(each.at, until)) for each in departed if each.at > max(since, until - _SHIPPED)]
    for pod, end in (*((pod, until) for pod in pods), *gone):
        for container in pod["spec"]["containers"]:
            for run in runs_of(pod, container["name"], ails):
                begin = max(round(since * NANO), (log_begin(run, until) - 1) * NANO)
                for line in lines_between(run, begin, round(end * NANO)):
                    found.append((line.stamp, _document(pod, run, line.stamp, line.text)))
    return [document for _, document in sorted(found, key=lambda item: item[0])]


def runs_of(pod: Json, container: str, ails: Ails = nothing_ails) -> list[Run]:
    """The runs of a container that have a log: the one before, and the one that runs."""
    runs: list[Run] = []
    for previous in (True, False):
        try:
            run = current_run(pod, container, previous, ails)
        except ApiError:  # it has not run yet, or only once
            continue
        if run not in runs:
            runs.append(run)
    return runs


def _document(pod: Json, run: Run, stamp: int, text: str) -> dict[str, Any]:
    metadata = pod["metadata"]
    fields: dict[str, Any] = {
        "@timestamp": rfc3339(stamp // 1_000_000),
        "message": text,
        "kubernetes": {
            "namespace": metadata["namespace"],
            "pod": {"name": metadata["name"], "uid": metadata["uid"]},
            "node": {"name": pod["spec"].get("nodeName", "")},
            "container": {"name": run.container},
            "labels": metadata.get("labels", {}),
        },
        "container": {"image": {"name": run.image}},
        "service": {"name": metadata.get("labels", {}).get("app", run.container)},
    }
    if text.startswith("{"):
        # A line that is itself ECS is decoded, as a shipper with `ndjson` parsing does.
        for name, value in msgspec.json.decode(text, type=dict[str, Any]).items():
            if name != "@timestamp":
                _put(fields, name.split("."), value)
    return fields


def _put(fields: dict[str, Any], path: list[str], value: Any) -> None:
    *parents, last = path
    for parent in parents:
        fields = fields.setdefault(parent, {})
    fields[last] = value
