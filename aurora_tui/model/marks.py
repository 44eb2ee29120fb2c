"""The marks that changes leave on the cluster's objects: field managers' times, conditions, events, terminations.

Each function takes raw JSON objects as the API server gives them and yields the changes that they tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from aurora_tui.model.changes import ABOUT, Change, ChangeKind
from aurora_tui.model.frozen import replace
from aurora_tui.model.raw import moment, section, sections
from aurora_tui.model.selection import ObjectRef

Object = Mapping[str, Any]

_LEADER = "control-plane.alpha.kubernetes.io/leader"
"""The annotation of a ConfigMap that is written every two seconds, by whoever leads."""
_SHOWN = 4
_SCALED = re.compile(r"replica set (?P<name>\S+) from (?P<was>\d+) to (?P<becomes>\d+)")


def ref_of(kind: str, item: Object) -> ObjectRef:
    """The object as a pane names it."""
    meta = section(item, "metadata")
    return ObjectRef(kind, meta.get("namespace") or None, str(meta.get("name")), str(meta.get("uid") or ""))


def edits(kind: str, item: Object) -> Iterator[Change]:
    """When an object was made, and when each field manager last changed it outside its status.

    https://kubernetes.io/docs/reference/using-api/server-side-apply/#managers: an entry has the time of the
    manager's last change and the fields that it owns, which for an update are those that it has changed.
    """
    meta, ref = section(item, "metadata"), ref_of(kind, item)
    if _LEADER in section(meta, "annotations"):
        return
    created = moment(meta.get("creationTimestamp"))
    if created is not None:
        yield Change(created.timestamp(), ChangeKind.EDIT, ref, "created", _maker(meta))
    for entry in sections(meta, "managedFields"):
        at = moment(entry.get("time"))
        if at is None or entry.get("subresource") or (created is not None and abs((at - created).total_seconds()) < 1):
            continue
        manager = str(entry.get("manager") or "")
        names = _fields(section(entry, "fieldsV1"))
        told = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
        yield Change(at.timestamp(), ChangeKind.EDIT, ref, f"changed {told}" if told else "changed", manager)


def _maker(meta: Object) -> str:
    """The manager of the first write."""
    created = meta.get("creationTimestamp")
    return next(
        (str(each.get("manager")) for each in sections(meta, "managedFields") if each.get("time") == created), ""
    )


def _fields(owned: Object, path: str = "") -> list[str]:
    """The fields that a manager owns, two levels deep: ``data.LOG_LEVEL``. Names only, never values."""
    found = []
    for key, value in owned.items():
        if not key.startswith("f:"):
            continue
        name = f"{path}{'.' if path else ''}{key[2:]}"
        deeper = _fields(value, name) if isinstance(value, Mapping) and not path else []
        found += deeper or ([] if name == "metadata" else [name])
    return [name for name in found if not name.startswith(("metadata.annotations", "metadata.labels"))] or found


def writer(item: Object, field: str, at: float) -> str:
    """The manager that changed a field of the spec about then; empty where another has changed it since."""
    for entry in sections(item, "metadata", "managedFields"):
        then = moment(entry.get("time"))
        owns = not entry.get("subresource") and f"f:{field}" in section(entry, "fieldsV1", "f:spec")
        if owns and then is not None and abs(then.timestamp() - at) <= ABOUT:
            return str(entry.get("manager") or "")
    return ""


def scaled(kind: str, item: Object, events: Iterable[Object] = ()) -> Iterator[Change]:
    """When a workload was scaled: by `rescalings` where its events tell, and else by `scalings`; each once."""
    told = list(rescalings(item, events)) if kind == "Deployment" else []
    for each in scalings(kind, item):
        twin = next((place for place, other in enumerate(told) if abs(other.at - each.at) <= ABOUT), None)
        if twin is None:
            yield each
        elif not told[twin].by:
            told[twin] = replace(told[twin], by=each.by)
    yield from told


def scalings(kind: str, item: Object) -> Iterator[Change]:
    """When an edit set the number of replicas and nothing else, and by whom; what it was before nobody keeps.

    A write to the subresource ``scale`` leaves its manager there, but no time: of a Deployment its events tell.
    """
    for entry in sections(item, "metadata", "managedFields"):
        at, owned = moment(entry.get("time")), section(entry, "fieldsV1", "f:spec")
        if at is not None and list(owned) == ["f:replicas"]:
            words = f"scaled to {section(item, 'spec').get('replicas')}"
            yield Change(at.timestamp(), ChangeKind.SCALING, ref_of(kind, item), words, str(entry.get("manager") or ""))


def rescalings(deployment: Object, events: Iterable[Object]) -> Iterator[Change]:
    """When a Deployment was scaled, from its controller's events (``ScalingReplicaSet``), which say from what to what.

    Those of a rollout are left out: they begin with a ReplicaSet that comes from 0, and end when the others have gone.
    """
    ref = ref_of("Deployment", deployment)
    steps = sorted(
        _Step(last.timestamp(), _version(event), match["name"], int(match["was"]), int(match["becomes"]))
        for event in events
        if event.get("reason") == "ScalingReplicaSet"
        and section(event, "involvedObject").get("name") == ref.name
        and (last := _seen(event, "lastTimestamp")) is not None
        and (match := _SCALED.search(str(event.get("message")))) is not None
    )
    entries = sections(deployment, "metadata", "managedFields")
    managers = [str(each.get("manager")) for each in entries if each.get("subresource") == "scale"]
    for step in _without_rollouts(steps):
        by = managers[-1] if managers and step == steps[-1] else ""
        yield Change(step.at, ChangeKind.SCALING, ref, f"scaled from {step.was} to {step.becomes}", by)


class _Step(NamedTuple):
    """One ScalingReplicaSet."""

    at: float
    version: int
    """Tells those of one second apart: versions grow (https://kubernetes.io/docs/reference/using-api/api-concepts/)."""
    name: str
    was: int
    becomes: int


def _version(event: Object) -> int:
    text = str(section(event, "metadata").get("resourceVersion"))
    return int(text) if text.isdecimal() else 0


def _makes_room(step: _Step, following: _Step | None) -> bool:
    """Whether a rollout begins with this: where no pod may be more than wanted, the old ones go first.

    All of them where the strategy is to recreate, however long they take to end; else some, and new ones at once.
    """
    if following is None or following.was or following.name == step.name:
        return False
    return step.becomes == 0 or (step.becomes < step.was and following.at - step.at <= ABOUT)


def _without_rollouts(steps: Sequence[_Step]) -> Iterator[_Step]:
    """The steps that are no part of a rollout, in which one ReplicaSet comes from 0 while others go."""
    sizes = {step.name: step.was for step in reversed(steps)}
    rolling = ""
    for place, step in enumerate(steps):
        others = any(size for name, size in sizes.items() if name != step.name)
        gone_before = any(each.name == step.name for each in steps[:place])
        following = steps[place + 1] if place + 1 < len(steps) else None
        if step.was == 0 and (others or not gone_before):
            rolling = step.name
        elif not (rolling or _makes_room(step, following)):
            yield step
        sizes[step.name] = step.becomes
        if rolling and not any(size for name, size in sizes.items() if name != rolling):
            rolling = ""


def releases(secret: Object) -> Iterator[Change]:
    """A release of Helm, by the labels of the Secret that keeps it; its content is never read.

    https://helm.sh/docs/topics/advanced/#storage-backends
    """
    meta = section(secret, "metadata")
    labels = section(meta, "labels")
    at = moment(meta.get("creationTimestamp"))
    if labels.get("owner") == "helm" and at is not None:
        words = f"Helm release {labels.get('name')} version {labels.get('version')}: {labels.get('status')}"
        yield Change(at.timestamp(), ChangeKind.RELEASE, ref_of("Secret", secret), words, "helm")


def is_release(secret: Object) -> bool:
    """Whether a Secret's metadata say that Helm keeps a release in it."""
    return str(section(secret, "metadata").get("name", "")).startswith("sh.helm.release.v1.")


_CONDITIONS = {"MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"}


def node_changes(node: Object) -> Iterator[Change]:
    """When a node came to be ready or not, short of something, or closed for new pods."""
    ref = ref_of("Node", node)
    for each in sections(node, "status", "conditions"):
        at, name, holds = moment(each.get("lastTransitionTime")), str(each.get("type")), each.get("status") == "True"
        if at is None:
            continue
        if name == "Ready":
            words = "became Ready" if holds else f"became NotReady: {each.get('reason') or each.get('status')}"
            yield Change(at.timestamp(), ChangeKind.NODE, ref, words, "kubelet" if holds else "node controller")
        elif name in _CONDITIONS and holds:
            yield Change(at.timestamp(), ChangeKind.NODE, ref, f"{name}: {each.get('reason')}", "kubelet")
    if section(node, "spec").get("unschedulable"):
        for entry in sections(node, "metadata", "managedFields"):
            at = moment(entry.get("time"))
            if at is not None and "f:unschedulable" in section(entry, "fieldsV1", "f:spec"):
                yield Change(at.timestamp(), ChangeKind.NODE, ref, "cordoned", str(entry.get("manager") or ""))


def terminations(pod: Object) -> Iterator[Change]:
    """Containers that were killed for memory, and a pod that was evicted or preempted."""
    ref = ref_of("Pod", pod)
    for status in (*sections(pod, "status", "initContainerStatuses"), *sections(pod, "status", "containerStatuses")):
        for state in ("lastState", "state"):
            ended = section(status, state, "terminated")
            at = moment(ended.get("finishedAt"))
            if at is not None and ended.get("reason") == "OOMKilled":
                yield Change(at.timestamp(), ChangeKind.POD, ref, f"{status.get('name')} OOMKilled", "kernel")
    for each in sections(pod, "status", "conditions"):
        at = moment(each.get("lastTransitionTime"))
        if at is not None and each.get("type") == "DisruptionTarget" and each.get("status") == "True":
            yield Change(at.timestamp(), ChangeKind.POD, ref, f"disrupted: {each.get('reason')}", "")


_REASONS = {
    "SuccessfulRescale": ChangeKind.SCALING,
    "Evicted": ChangeKind.POD,
    "TaintManagerEviction": ChangeKind.POD,
    "Preempted": ChangeKind.POD,
    "OOMKilling": ChangeKind.POD,
    "SystemOOM": ChangeKind.NODE,
    "NodeNotReady": ChangeKind.NODE,
    "Rebooted": ChangeKind.NODE,
    "NodeNotSchedulable": ChangeKind.NODE,
    "NodeSchedulable": ChangeKind.NODE,
    "FailedCreate": ChangeKind.REFUSED,
}
"""The reasons of events that tell of a change; all others tell of its effects."""


def told_by_event(event: Object) -> Iterator[Change]:
    """The change that an event tells of, when it was seen first."""
    kind = _REASONS.get(str(event.get("reason")))
    at = _seen(event, "firstTimestamp")
    if kind is None or at is None:
        return
    about = section(event, "involvedObject")
    ref = ObjectRef(
        str(about.get("kind")), about.get("namespace") or None, str(about.get("name")), str(about.get("uid", ""))
    )
    words = " ".join(f"{event.get('reason')}: {event.get('message') or ''}".split())
    by = section(event, "source").get("component") or event.get("reportingComponent") or ""
    yield Change(at.timestamp(), kind, ref, words, str(by))


def _seen(event: Object, when: str) -> datetime | None:
    """When an event was seen first or last; one of the new API that did not repeat has one time only."""
    return moment(event.get(when)) or moment(event.get("eventTime"))


def job_runs(job: Object) -> Iterator[Change]:
    """When a Job began, and how it ended."""
    ref, status = ref_of("Job", job), section(job, "status")
    owner = next((each for each in sections(job, "metadata", "ownerReferences") if each.get("kind") == "CronJob"), None)
    begun = moment(status.get("startTime"))
    ended = next(
        (
            each.get("type")
            for each in sections(status, "conditions")
            if each.get("type") in ("Complete", "Failed") and each.get("status") == "True"
        ),
        "running",
    )
    if begun is not None:
        words = f"{'run of cronjob/' + str(owner.get('name')) if owner else 'began'}: {str(ended).lower()}"
        yield Change(begun.timestamp(), ChangeKind.JOB, ref, words, "job controller")


def certificates(item: Object) -> Iterator[Change]:
    """When a certificate of cert-manager was issued, and when it ends or ended.

    https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.CertificateStatus
    """
    ref, status = ref_of("Certificate", item), section(item, "status")
    begun, ends = moment(status.get("notBefore")), moment(status.get("notAfter"))
    until = f" until {status.get('notAfter')}" if ends is not None else ""
    if begun is not None:
        yield Change(begun.timestamp(), ChangeKind.CERTIFICATE, ref, f"issued{until}", "cert-manager")
    if ends is not None:
        yield Change(ends.timestamp(), ChangeKind.CERTIFICATE, ref, "ended", "")


def synced(application: Object, namespace: str) -> Iterator[Change]:
    """When Argo CD deployed to a namespace, and which revision.

    https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml (``status.history``)
    """
    if section(application, "spec", "destination").get("namespace") != namespace:
        return
    ref = ref_of("Application", application)
    for entry in sections(application, "status", "history"):
        at = moment(entry.get("deployedAt"))
        if at is not None:
            who = section(entry, "initiatedBy")
            by = who.get("username") or ("argocd (automated)" if who.get("automated") else "argocd")
            words = f"Argo CD deployed revision {str(entry.get('revision') or '?')[:12]}"
            yield Change(at.timestamp(), ChangeKind.RELEASE, ref, words, str(by))
