"""Going back: which releases a workload had of late, whether the newest takes another one back, and what was before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aurora_tui.cluster import resources
from aurora_tui.incident.situation import Situation
from aurora_tui.model import argo
from aurora_tui.model.actions import Params
from aurora_tui.model.changes import Change, ChangeKind
from aurora_tui.model.revisions import (
    REVISION_ANNOTATION,
    Revision,
    from_controller_revisions,
    from_replicasets,
    live,
    plain_template,
)
from aurora_tui.model.selection import ObjectRef

UNDOABLE = ("Deployment", "StatefulSet", "DaemonSet", "Rollout")
_RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
_BY_REPLICASETS = {"Deployment": REVISION_ANNOTATION, "Rollout": argo.REVISION_ANNOTATION}


def releases(situation: Situation, ref: ObjectRef) -> list[Change]:
    """The changes of its pods' template of late that are more than a restart, the newest last."""
    found = [
        each
        for each in situation.changes
        if each.kind is ChangeKind.ROLLOUT
        and (each.ref.kind, each.ref.name) == (ref.kind, ref.name)
        and any(_RESTARTED_AT not in line.path for line in each.diff)
    ]
    return sorted(found, key=lambda each: each.at)


def taken_back(situation: Situation, ref: ObjectRef) -> bool:
    """Whether what it was last given is an earlier version again: to go back from there brings the fault again.

    The history tells it before the changes do: a Deployment's rollback has no time of its own until its pods
    are available, but its ReplicaSet is older than the one that it replaces.
    """
    history = _history(situation, ref)
    own = _as_now(situation, ref, history)
    if own and any(each.created > min(one.created for one in own) for each in history if each not in own):
        return True
    known = releases(situation, ref)
    return bool(known) and any(_opposite(known[-1], each) for each in known[:-1])


def way_back(situation: Situation, ref: ObjectRef) -> Params | None:
    """What an undo is told to come to the release before, beyond mere restarts; None where there is none to come to."""
    history = _history(situation, ref)
    if not history:
        return {}  # its keepers could not be read: the undo reads them itself
    own = _as_now(situation, ref, history)
    place = history.index(own[0]) if own else 0
    if not place:
        return None
    return {} if place == len(history) - 1 else {"keeper": history[place - 1].keeper}


def _history(situation: Situation, ref: ObjectRef) -> tuple[Revision, ...]:
    item = situation.raw(ref)
    if item is None or ref.kind not in UNDOABLE:
        return ()
    if (annotation := _BY_REPLICASETS.get(ref.kind)) is not None:
        return from_replicasets(item, situation.listed.get(resources.REPLICASETS.kind, ()), annotation)
    return from_controller_revisions(item, situation.listed.get(resources.CONTROLLER_REVISIONS.kind, ()))


def _as_now(situation: Situation, ref: ObjectRef, history: tuple[Revision, ...]) -> tuple[Revision, ...]:
    """The revision that it has, with those right before it that differ by a restart only; the newest last."""
    item = situation.raw(ref) or {}
    current = live(history, item) if history and "template" in item["spec"] else None
    if current is None:
        return ()
    last = first = history.index(current)
    while first and _unrestarted(history[first - 1].template) == _unrestarted(current.template):
        first -= 1
    return history[first : last + 1]


def _unrestarted(template: Mapping[str, Any]) -> dict[str, Any]:
    meta = template.get("metadata") or {}
    annotations = {key: value for key, value in (meta.get("annotations") or {}).items() if key != _RESTARTED_AT}
    return plain_template({**template, "metadata": {**meta, "annotations": annotations}})


def _opposite(newest: Change, before: Change) -> bool:
    opposite = {"+": "-", "-": "+"}
    undone = {(opposite[line.sign], line.path, line.text) for line in newest.diff}
    return undone == {(line.sign, line.path, line.text) for line in before.diff}
