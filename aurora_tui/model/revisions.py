"""The rollout history of a workload: its revisions, which one is live, and which one an undo goes back to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from aurora_tui.model import argo
from aurora_tui.model.configmaps import masked
from aurora_tui.model.frozen import Veiled
from aurora_tui.model.masking import HIDDEN
from aurora_tui.model.raw import controlled_by
from aurora_tui.model.wire_rollouts import Rollout

REVISION_ANNOTATION = "deployment.kubernetes.io/revision"
HASH_LABEL = "pod-template-hash"
_HASH_LABELS = frozenset({HASH_LABEL, argo.HASH_LABEL})
CHANGE_CAUSE = "kubernetes.io/change-cause"

KEPT_ANNOTATIONS = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        REVISION_ANNOTATION,
        "deployment.kubernetes.io/revision-history",
        "deployment.kubernetes.io/desired-replicas",
        "deployment.kubernetes.io/max-replicas",
        "deprecated.deployment.rollback.to",
    }
)
"""Annotations that an undo leaves as the Deployment has them (kubectl: annotationsToSkip)."""

LONGEST = 256
"""Characters of an annotation's value that the journal keeps."""

_MAPS = frozenset({"labels", "annotations", "nodeSelector", "limits", "requests", "overhead"})


class Revision(Veiled):
    """One revision: the pod template it stands for and the object that keeps it.

    `created` is the keeper's creationTimestamp (RFC 3339) or empty. `patch` is the strategic merge
    patch that a ControllerRevision holds, None for a ReplicaSet. `numbered` is when a ControllerRevision
    last got its number (RFC 3339), empty where nobody wrote that down. `hash` is the label by which a
    ReplicaSet's pods are known.
    """

    VEILED = frozenset({"template", "annotations", "patch"})

    number: int
    keeper: str
    created: str
    change_cause: str
    template: Mapping[str, Any]
    annotations: Mapping[str, str]
    patch: Mapping[str, Any] | None = None
    numbered: str = ""
    hash: str = ""


def from_replicasets(
    owner: Mapping[str, Any], owned: Iterable[Mapping[str, Any]], annotation: str = REVISION_ANNOTATION
) -> tuple[Revision, ...]:
    """A Deployment's or Rollout's revisions, oldest first, from ReplicaSets that its selector found.

    As kubectl: those controlled by another are left out, a missing revision annotation counts as 0,
    an unreadable one leaves the ReplicaSet out.
    """
    revisions = []
    for replicaset in owned:
        annotations = replicaset["metadata"].get("annotations") or {}
        text = annotations.get(annotation, "0")
        if controlled_by(replicaset, owner["metadata"]["uid"]) and text.removeprefix("-").isdecimal():
            revisions.append(_revision(replicaset, int(text), replicaset["spec"]["template"], None))
    return tuple(sorted(revisions, key=lambda revision: revision.number))


def from_controller_revisions(owner: Mapping[str, Any], kept: Iterable[Mapping[str, Any]]) -> tuple[Revision, ...]:
    """A StatefulSet's or DaemonSet's revisions, oldest first."""
    revisions = [
        _revision(item, int(item["revision"]), item["data"]["spec"]["template"], item["data"])
        for item in kept
        if controlled_by(item, owner["metadata"]["uid"])
    ]
    return tuple(sorted(revisions, key=lambda revision: revision.number))


def _revision(
    keeper: Mapping[str, Any], number: int, template: Mapping[str, Any], patch: Mapping[str, Any] | None
) -> Revision:
    meta = keeper["metadata"]
    annotations, labels = meta.get("annotations") or {}, meta.get("labels") or {}
    return Revision(
        number,
        meta["name"],
        meta.get("creationTimestamp") or "",
        annotations.get(CHANGE_CAUSE, ""),
        template,
        annotations,
        patch,
        _numbered(meta),
        next((labels[label] for label in _HASH_LABELS if label in labels), ""),
    )


def _numbered(meta: Mapping[str, Any]) -> str:
    """When the field ``revision`` was last written: whoever changes a field leaves the time of it."""
    writers = (each for each in meta.get("managedFields") or () if "f:revision" in (each.get("fieldsV1") or {}))
    return max((each.get("time") or "" for each in writers), default="")


def before_last(revisions: Sequence[Revision]) -> Revision | None:
    """Where an undo without a number goes: the second newest revision (kubectl), None if there is none."""
    return revisions[-2] if len(revisions) > 1 else None


def numbered(revisions: Iterable[Revision], number: int) -> Revision | None:
    return next((revision for revision in revisions if revision.number == number), None)


def live(revisions: Sequence[Revision], workload: Mapping[str, Any]) -> Revision | None:
    """The newest revision whose template is the workload's (raw JSON); None while the controller has not kept it yet.

    A Rollout says itself which it is, by the hash: the controller may have put labels of its own into the
    templates of its ReplicaSets.
    """
    if (current := _current_hash(workload)) is not None:
        return next((each for each in reversed(revisions) if each.hash == current), None)
    template = workload["spec"]["template"]
    return next((each for each in reversed(revisions) if same_template(each.template, template)), None)


def _current_hash(workload: Mapping[str, Any]) -> str | None:
    """None for what is no Rollout, and while its controller has not seen the newest change."""
    hash_ = (workload.get("status") or {}).get("currentPodHash")
    if not hash_ or not argo.observed(msgspec.convert(workload, Rollout)):
        return None
    return str(hash_)


def same_template(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two pod templates mean the same, whatever their pod-template-hash labels.

    As the API's semantic equality: absent, null and empty are one for lists and string maps.
    """
    return bool(plain_template(one) == plain_template(other))


def plain_template(template: Mapping[str, Any]) -> dict[str, Any]:
    """A template without the hash label, a ControllerRevision's ``$patch`` mark, nulls and empty lists."""
    plain: dict[str, Any] = _plain({key: value for key, value in template.items() if key != "$patch"})
    meta = dict(plain.get("metadata") or {})
    labels = {key: value for key, value in (meta.pop("labels", None) or {}).items() if key not in _HASH_LABELS}
    if labels:
        meta["labels"] = labels
    return {**plain, "metadata": meta}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        items = {key: _plain(item) for key, item in value.items()}
        return {
            key: item
            for key, item in items.items()
            if item is not None and item != [] and not (item == {} and key in _MAPS)
        }
    return [_plain(item) for item in value] if isinstance(value, list) else value


def unhashed(template: Mapping[str, Any]) -> dict[str, Any]:
    """A ReplicaSet's template as its Deployment would hold it: everything but the hash label."""
    meta = dict(template.get("metadata") or {})
    labels = {key: value for key, value in (meta.get("labels") or {}).items() if key not in _HASH_LABELS}
    return {**template, "metadata": {**meta, "labels": labels}}


def rollback_annotations(current: Mapping[str, str], revision: Mapping[str, str]) -> dict[str, str]:
    """A Deployment's annotations after an undo: its own of `KEPT_ANNOTATIONS`, all others of the revision."""
    kept = {key: value for key, value in current.items() if key in KEPT_ANNOTATIONS}
    return kept | {key: value for key, value in revision.items() if key not in KEPT_ANNOTATIONS}


def told_annotations(annotations: Mapping[str, str]) -> dict[str, str]:
    """A Deployment's own annotations as the journal may hold them: `HIDDEN` for secrets and for long ones."""
    own = {key: value for key, value in annotations.items() if key not in KEPT_ANNOTATIONS}
    shown = masked(own)
    return {key: value if shown[key] == value and len(value) <= LONGEST else HIDDEN for key, value in own.items()}


def returned_annotations(rolled_back: Mapping[str, str], told: Mapping[str, str]) -> dict[str, str]:
    """The annotations of a rollback, made as they were `told`; where that is hidden, the revision's are the best known.

    A revision's annotations are not for ever: a Deployment whose template comes to be the same gives it its own.
    """
    kept = {key: value for key, value in rolled_back.items() if key in KEPT_ANNOTATIONS}
    known = {key: rolled_back.get(key, HIDDEN) if value == HIDDEN else value for key, value in told.items()}
    return kept | {key: value for key, value in known.items() if value != HIDDEN}


def images(template: Mapping[str, Any]) -> dict[str, str]:
    """Container name -> image, init containers first."""
    spec = template.get("spec") or {}
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    return {container["name"]: container.get("image", "") for container in containers}


def versions(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, str]:
    """What tells two templates' images apart, ``("2.4.1", "2.4.0")``; empty where nothing does."""
    old, new = images(before), images(after)
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    if len(changed) == 1 and changed[0] in old and changed[0] in new:
        was, becomes = old[changed[0]], new[changed[0]]
        same_repository = _repository(was) == _repository(becomes)
        return (_tag(was), _tag(becomes)) if same_repository else (was, becomes)
    return _listed(old, changed), _listed(new, changed)


def _listed(chosen: Mapping[str, str], names: Iterable[str]) -> str:
    return ", ".join(f"{name} {_tag(chosen[name])}" for name in names if name in chosen)


def _repository(image: str) -> str:
    return image.partition("@")[0].removesuffix(":" + _tag(image))


def _tag(image: str) -> str:
    name, _, digest = image.partition("@")
    last = name.rpartition("/")[2]
    tag = last.partition(":")[2]
    return tag or digest[:19] or "latest"
