"""Looking closer at one object or alert: describe, YAML, events, as lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from aurora_tui.cluster import resources
from aurora_tui.cluster.errors import ForbiddenError, NotFoundError
from aurora_tui.cluster.protocol import Cluster
from aurora_tui.model import argo, events, kube
from aurora_tui.model.actions import Verb
from aurora_tui.model.ages import age
from aurora_tui.model.alerts import Alert
from aurora_tui.model.describe import describe
from aurora_tui.model.history import RevisionRow, availability
from aurora_tui.model.history import rows as history_rows
from aurora_tui.model.rollouts import rollout_status
from aurora_tui.model.runs import Restored
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.stamps import rfc3339
from aurora_tui.model.yamlview import to_yaml
from aurora_tui.settings import Settings
from aurora_tui.verbs import VERBS
from aurora_tui.verbs.undo import read_history


async def inspect(cluster: Cluster, ref: ObjectRef, how: str, now: float) -> list[str]:
    """Lines of ``describe``, ``yaml`` or ``events`` for an object. Raises `ClusterError`."""
    resource = resources.find(ref.kind)
    if resource is None:
        raise NotFoundError(f"{ref.kind} is not a kind that can be looked at")
    if how == "events":
        return _event_lines(await _events(cluster, ref), now)
    raw = await cluster.get(resource, ref.namespace, ref.name)
    raw.setdefault("kind", resource.kind)
    raw.setdefault("apiVersion", resource.api_version)
    if how == "yaml":
        return to_yaml(raw).splitlines()
    try:
        found = await _events(cluster, ref)
    except ForbiddenError:
        found = []
    return describe(ref.kind, raw, found, now)


@dataclass(frozen=True, slots=True)
class History:
    """A workload's revisions, newest first, and how far its newest rollout and how available the workload is."""

    rows: tuple[RevisionRow, ...]
    status: str
    paused: bool


async def history(cluster: Cluster, ref: ObjectRef, now: float, restored: Iterable[Restored] = ()) -> History:
    """Read the rollout history of a workload; `restored` are undos of it. Raises `ClusterError`."""
    resource = resources.find(ref.kind)
    if resource is None or resource.kind not in VERBS[Verb.UNDO].kinds:
        raise NotFoundError(f"a {ref.kind.lower()} keeps no rollout history")
    live = await cluster.get(resource, ref.namespace or "default", ref.name)
    if resource.kind == "Rollout" and (owner := argo.template_owner(live)):
        raise NotFoundError(f"{ref} takes its pods' template from {owner}: look at the history of that one")
    kept = await read_history(cluster, resource, live)
    status = " · ".join(filter(None, [rollout_status(resource.kind, live).text, availability(live, now)]))
    roles: dict[str, tuple[str, ...]] = {}
    if resource.kind == "Rollout":
        rollout = msgspec.convert(live, kube.Rollout)
        roles = {each.keeper: argo.roles(rollout, each.hash) for each in kept}
    rows = history_rows(live, kept, restored, now=now, roles=roles)
    return History(rows, status, bool(live["spec"].get("paused")))


async def _events(cluster: Cluster, ref: ObjectRef) -> list[kube.Event]:
    fields = f"involvedObject.name={ref.name},involvedObject.kind={ref.kind}"
    namespace = ref.namespace or "default"
    raw = await cluster.list(resources.EVENTS, namespace, fields=fields)
    found = [msgspec.convert(item, kube.Event) for item in raw]
    return sorted(found, key=lambda event: events.last_seen(event) or 0.0)


def _event_lines(found: list[kube.Event], now: float) -> list[str]:
    if not found:
        return ["No events. (The API server keeps them for an hour unless told otherwise.)"]
    columns = [column for column in events.COLUMNS if not column.wide]
    rows = [[column.heading for column in columns]]
    rows += [[column.cell(event, now).text for column in columns] for event in found]
    widths = [max(len(row[index]) for row in rows) for index in range(len(columns))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def alert_lines(alert: Alert, settings: Settings, now: float) -> Iterator[str]:
    """All that is known of an alert, and the rule behind it where the settings hold it."""
    yield f"Alert:     {alert.name}"
    yield f"State:     {alert.state.value}"
    yield f"Severity:  {alert.severity or '<none>'}"
    yield f"Since:     {age(alert.since, now)}"
    yield f"Service:   {alert.service or '<none of the settings>'}"
    yield f"Summary:   {alert.summary}"
    for silence in alert.silences:
        until = rfc3339(silence.until) if silence.until is not None else "<unknown>"
        yield f"Silenced:  until {until} by {silence.by or '<unknown>'}: {silence.comment} ({silence.id})"
    yield "Labels:"
    for key, value in sorted(alert.labels.items()):
        yield f"    {key}={value}"
    rule = next((rule for rule in settings.alerts if rule.name == alert.name), None)
    if rule is not None:
        yield "Rule (from the settings; the server's own may differ):"
        yield f"    for {rule.hold.total_seconds():.0f}s, severity {rule.severity}"
        for line in rule.expr.splitlines():
            yield f"    {line}"
