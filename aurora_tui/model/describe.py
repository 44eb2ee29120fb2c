"""An object described for a reader as ``kubectl describe`` does: any kind, pods and workloads in detail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aurora_tui.model import describe_pods, describe_workloads, events
from aurora_tui.model.ages import age
from aurora_tui.model.masking import mask_annotations
from aurora_tui.model.outline import Outline
from aurora_tui.model.raw import moment, section, sections, when
from aurora_tui.model.redaction import LAST_APPLIED, redact
from aurora_tui.model.wire_cluster import Event

_WORKLOADS = {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "Rollout"}
_UNTOLD = {"apiVersion", "kind", "metadata", "status"}


def describe(kind: str, raw: Mapping[str, Any], related: Sequence[Event], now: float) -> list[str]:
    """Lines without line breaks; `related` are the object's events, `now` in seconds since the epoch.

    Values of a Secret are shown by size only. Fields of the wrong type are left out, not refused.
    """
    clean = redact(raw, kind)
    out = Outline()
    _header(out, clean, now)
    if kind == "Pod":
        describe_pods.pod(out, clean, now)
    elif kind in _WORKLOADS:
        describe_workloads.workload(out, kind, clean, now)
    else:
        _fields(out, clean)
    _conditions(out, clean, now)
    _events(out, related, now)
    return out.lines


def _header(out: Outline, raw: Mapping[str, Any], now: float) -> None:
    metadata = section(raw, "metadata")
    out.pair("Name", metadata.get("name", ""))
    out.optional("Namespace", metadata.get("namespace"))
    out.pairs("Labels", section(metadata, "labels"), "=")
    told = mask_annotations(section(metadata, "annotations"))
    out.pairs("Annotations", {key: text for key, text in told.items() if key != LAST_APPLIED}, ": ")
    out.pair("Created", when(metadata.get("creationTimestamp"), now))
    owner = next((each for each in sections(metadata, "ownerReferences") if each.get("controller")), None)
    if owner is not None:
        out.pair("Controlled By", f"{owner.get('kind', '')}/{owner.get('name', '')}")
    if metadata.get("deletionTimestamp"):
        out.pair("Deleted", when(metadata["deletionTimestamp"], now))
        out.optional("Finalizers", "\n".join(map(str, metadata.get("finalizers") or ())))


def _fields(out: Outline, raw: Mapping[str, Any]) -> None:
    """Whatever else the object holds, so that any kind can be read."""
    for key, value in raw.items():
        if key not in _UNTOLD:
            out.tree(key[:1].upper() + key[1:], value)
    status = {key: value for key, value in section(raw, "status").items() if key != "conditions"}
    if status:
        out.tree("Status", status)


def _conditions(out: Outline, raw: Mapping[str, Any], now: float) -> None:
    rows = [
        (
            str(each.get("type", "")),
            str(each.get("status", "")),
            age(moment(each.get("lastTransitionTime")), now),
            str(each.get("reason") or ""),
            str(each.get("message") or ""),
        )
        for each in sections(raw, "status", "conditions")
    ]
    if rows:
        out.table("Conditions", ("Type", "Status", "Since", "Reason", "Message"), rows)


def _events(out: Outline, related: Sequence[Event], now: float) -> None:
    newest_last = sorted(related, key=lambda event: events.last_seen(event) or 0.0)
    rows = [
        (event.type, event.reason, _seen(event, now), events.source(event), _message(event)) for event in newest_last
    ]
    out.table("Events", ("Type", "Reason", "Age", "From", "Message"), rows)


def _seen(event: Event, now: float) -> str:
    """``5m``, or ``5m (x3 over 12m)`` for one that repeated."""
    last, times = age(events.last_seen(event), now), events.count(event)
    return f"{last} (x{times} over {age(events.first_seen(event), now)})" if times > 1 else last


def _message(event: Event) -> str:
    where, message = event.involved_object.field_path, event.message.strip()
    return f"{where}: {message}" if where else message
