"""Looking closer at one object or alert: describe, YAML, events, as lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from aurora_tui.cluster import resources
from aurora_tui.cluster.errors import ForbiddenError, NotFoundError
from aurora_tui.cluster.protocol import Cluster
from aurora_tui.model import argo, events, kube
from aurora_tui.model.actions import Verb
from aurora_tui.model.alerts import Alert
from aurora_tui.model.describe import describe
from aurora_tui.model.describe_alert import Details, describe_alert, describe_source
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.history import RevisionRow, availability
from aurora_tui.model.history import rows as history_rows
from aurora_tui.model.rollouts import rollout_status
from aurora_tui.model.runs import Restored
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.yamlview import to_yaml
from aurora_tui.session import Session
from aurora_tui.signalling import locate
from aurora_tui.signals.alertdetails import read_details
from aurora_tui.signals.prometheus import PrometheusClient
from aurora_tui.store import Store
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


class History(Frozen):
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


def alert_lines(alert: Alert, store: Store, now: float) -> Iterator[str]:
    """All that is known at once of an alert, with what else the tables hold of its group and its service."""
    objectives = [each for each in store.table("slos").rows.values() if each.service == alert.service]
    yield from describe_alert(alert, now, store.table("alerts").rows.values(), objectives)


async def source_lines(session: Session, alert: Alert) -> list[str]:
    """The rule behind an alert and how often it fired, as far as Prometheus tells; else the settings' own rule."""
    named = next((rule for rule in session.settings.alerts if rule.name == alert.name), None)
    found = await locate("prometheus", session.environment, session.cluster, session.home)
    if found.access is None:
        return [*describe_source(Details(no_rule=found.reason, no_firings=found.reason), named)]
    client = PrometheusClient(found.access)
    try:
        return [*describe_source(await read_details(client, alert), named)]
    finally:
        client.close()
