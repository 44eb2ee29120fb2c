"""Looks at the pods of a workload that is being followed: how the newest stands, what would help, why it failed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import aclosing
from typing import Any

import msgspec

from aurora_tui.cluster.errors import ClusterError
from aurora_tui.cluster.logs import follow
from aurora_tui.cluster.protocol import Cluster, LogRequest
from aurora_tui.cluster.resources import CONTROLLER_REVISIONS, EVENTS, PODS, REPLICASETS
from aurora_tui.model import argo, events, revisions
from aurora_tui.model.actions import Evidence, PodNote, Remedy, Target, Verb
from aurora_tui.model.ages import age, stamp
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.kube import Event, Pod
from aurora_tui.model.ordered import REVISION_LABEL, revision_of, waits_in_vain
from aurora_tui.model.pod_trouble import crashed_before, details, is_ready, phrase, state, telling, trouble
from aurora_tui.model.raw import controlled_by
from aurora_tui.model.rollouts import ROLLING_KINDS, observed
from aurora_tui.model.selectors import selector_text

LOG_LINES = 10
EVENTS_SHOWN = 5
LOG_SECONDS = 10.0
"""How long a log may take: the node that would send it may be the very thing that broke."""

Item = Mapping[str, Any]


class Sighting(Frozen):
    """What one look at the pods gave."""

    note: PodNote | None = None
    remedy: Remedy | None = None


NOTHING = Sighting()


class _Maker(Frozen):
    """What makes the pods of the wanted revision: its uid, and the label that tells them from all others."""

    uid: str
    label: str = ""


class _Pods(Frozen):
    maker: _Maker
    newest: Pod | None = None
    """Of the wanted revision; one that is not ready goes before a younger one that is."""
    is_newest: bool = True
    broken: Pod | None = None
    """Of another revision, in the way of all others."""


class Witness:
    """Looks at one workload's pods, as often as its rollout is looked at; `clock` is seconds since the epoch.

    What cannot be read here is left out: it never stands in the way of a verdict.
    """

    def __init__(self, cluster: Cluster, target: Target, clock: Callable[[], float]) -> None:
        self._cluster = cluster
        self._target = target
        self._clock = clock
        self._maker: tuple[int, _Maker] | None = None
        """With the workload's generation, for which it stands."""

    async def look(self, item: Item) -> Sighting:
        """How the pods stand now that the workload was seen as `item` (raw JSON)."""
        try:
            pods = await self._pods(item)
        except ClusterError:
            return NOTHING
        if pods is None:
            return NOTHING
        if pods.broken is not None:
            words = f"waits for pod {pods.broken.metadata.name}, of another revision: {state(pods.broken)}"
            return Sighting(PodNote(words, trouble(pods.broken)), self._deletion(pods.broken))
        if pods.newest is None or is_ready(pods.newest):
            if failure := _replica_failure(item):
                return Sighting(PodNote("a pod cannot be made", failure))
            if pods.newest is None:
                return NOTHING
        which = "newest pod" if pods.is_newest else "pod"
        return Sighting(PodNote(f"{which} {pods.newest.metadata.name}: {state(pods.newest)}", trouble(pods.newest)))

    async def evidence(self, item: Item) -> Evidence | None:
        """What speaks for the failure of the workload that was last seen as `item`; None where nothing does."""
        try:
            pods = await self._pods(item)
        except ClusterError as error:
            return Evidence((f"its pods cannot be read: {error.message}",))
        if pods is None:
            return None
        pod = pods.broken or pods.newest
        if pod is not None and is_ready(pod):
            pod = None
        failure = _replica_failure(item)
        found = (*(details(pod, self._clock()) if pod else ()), *((failure,) if failure else ()))
        log_of, log = await self._log(pod) if pod else ("", ())
        uids = dict.fromkeys([*([pod.metadata.uid] if pod else ()), pods.maker.uid, self._target.uid])
        warnings = await self._warnings(uids)
        return Evidence(found, log_of, log, warnings) if found or warnings else None

    async def _pods(self, item: Item) -> _Pods | None:
        """None while the controller has not seen the change: what it has made until then says nothing."""
        kind, generation = self._target.kind, item["metadata"].get("generation", 0)
        status = item.get("status") or {}
        if kind not in ROLLING_KINDS or not observed(kind, item):
            return None
        if self._maker is None or self._maker[0] != generation:
            maker = await self._find_maker(item)
            if maker is None:
                return None
            self._maker = generation, maker
        maker = self._maker[1]
        labels = ",".join(filter(None, (selector_text(item["spec"].get("selector") or {}), maker.label)))
        found = [
            msgspec.convert(pod, Pod)
            for pod in await self._cluster.list(PODS, self._target.namespace, labels=labels)
            if controlled_by(pod, maker.uid)
        ]
        broken = waits_in_vain(item, found, self._clock()) if kind == "StatefulSet" else None
        wanted = [pod for pod in found if kind != "StatefulSet" or revision_of(pod) == status.get("updateRevision")]
        staying = sorted((pod for pod in wanted if pod.metadata.deletion_timestamp is None), key=_born)
        chosen = next((pod for pod in reversed(staying) if not is_ready(pod)), staying[-1] if staying else None)
        return _Pods(maker, chosen, not staying or chosen is staying[-1], broken)

    async def _find_maker(self, item: Item) -> _Maker | None:
        """None where the revision that the workload wants is not kept yet."""
        kind = self._target.kind
        if kind in ("StatefulSet", "ReplicaSet"):
            return _Maker(self._target.uid)
        if kind == "Rollout":
            return await self._replicaset_of(item)
        deployment = kind == "Deployment"
        keepers = await self._cluster.list(
            REPLICASETS if deployment else CONTROLLER_REVISIONS,
            self._target.namespace,
            labels=selector_text(item["spec"]["selector"]),
        )
        read = revisions.from_replicasets if deployment else revisions.from_controller_revisions
        runs = revisions.live(read(item, keepers), item)
        if runs is None:
            return None
        meta = next(each["metadata"] for each in keepers if each["metadata"]["name"] == runs.keeper)
        label = revisions.HASH_LABEL if deployment else REVISION_LABEL
        value = (meta.get("labels") or {}).get(label)
        return _Maker(meta["uid"] if deployment else self._target.uid, f"{label}={value}") if value else None

    async def _replicaset_of(self, rollout: Item) -> _Maker | None:
        """What makes the pods that a Rollout is on its way to: once aborted those of the stable version."""
        status = rollout.get("status") or {}
        label = f"{argo.HASH_LABEL}={status.get('stableRS' if status.get('abort') else 'currentPodHash') or ''}"
        found = await self._cluster.list(REPLICASETS, self._target.namespace, labels=label)
        owned = (each["metadata"]["uid"] for each in found if controlled_by(each, self._target.uid))
        uid = next(owned, None)
        return _Maker(uid, label) if uid else None

    def _deletion(self, pod: Pod) -> Remedy:
        meta, target = pod.metadata, self._target
        words = (
            f"{target.kind} {target.name} waits for {meta.name}, which runs another revision and does not become "
            "ready: deleting it lets the controller make it anew from the wanted one"
        )
        which = Target(target.context, target.namespace, "Pod", meta.name, meta.uid, meta.resource_version)
        return Remedy(Verb.DELETE, which, words)

    async def _log(self, pod: Pod) -> tuple[str, tuple[str, ...]]:
        """Which container's log it is, and its last lines."""
        container = telling(pod)
        if container is None:
            return "", ()
        previous = crashed_before(container)
        request = LogRequest(
            pod.metadata.namespace or "", pod.metadata.name, container.name, previous=previous, tail=LOG_LINES
        )
        lines, remarks = list[str](), list[str]()
        try:
            reading = follow(self._cluster, request, on_state=remarks.append)
            async with asyncio.timeout(LOG_SECONDS), aclosing(reading) as stream:
                async for line in stream:
                    lines.append(phrase(line.text))
        except TimeoutError:
            remarks.append(f"no more was heard within {LOG_SECONDS:.0f} s")
        except ClusterError as error:
            remarks.append(f"it cannot be read: {error.message}")
        if not lines:
            remarks.append("it is empty")
        said = next(iter(filter(None, remarks)), "")
        run = ", the run before" if previous else ""
        return f"container {container.name}{run}", (*lines, *([f"({said})"] if said else ()))

    async def _warnings(self, uids: Iterable[str]) -> tuple[str, ...]:
        """The newest Warning events of these objects, newest first."""
        found: list[Event] = []
        try:
            for uid in uids:
                fields = f"involvedObject.uid={uid},type=Warning"
                raw = await self._cluster.list(EVENTS, self._target.namespace, fields=fields)
                found += [msgspec.convert(item, Event) for item in raw]
        except ClusterError as error:
            return (f"(they cannot be read: {error.message})",)
        newest = sorted(found, key=lambda event: events.last_seen(event) or 0.0, reverse=True)
        return tuple(_event_line(event, self._clock()) for event in newest[:EVENTS_SHOWN])


def _event_line(event: Event, now: float) -> str:
    """``replicaset FailedCreate (7 times, 12s ago): exceeded quota``."""
    often = f"{events.count(event)} times, " if events.count(event) > 1 else ""
    seen = f"{often}{age(events.last_seen(event), now)} ago"
    return phrase(f"{event.involved_object.kind.lower()} {event.reason} ({seen}): {event.message}")


def _replica_failure(item: Item) -> str:
    """Why no pod could be made, as Deployments and ReplicaSets say it (a quota, an admission webhook)."""
    for each in (item.get("status") or {}).get("conditions") or ():
        if each["type"] == "ReplicaFailure" and each["status"] == "True":
            return phrase(f"{each.get('reason', 'ReplicaFailure')}: {each.get('message', '')}")
    return ""


def _born(pod: Pod) -> tuple[float, str]:
    return stamp(pod.metadata.creation_timestamp) or 0.0, pod.metadata.name
