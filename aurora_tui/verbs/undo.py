"""Undo: take a workload back to an earlier revision, as ``kubectl rollout undo`` does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from aurora_tui.cluster.protocol import JSON_PATCH, STRATEGIC_PATCH, Cluster
from aurora_tui.cluster.resources import CONTROLLER_REVISIONS, REPLICASETS, Resource
from aurora_tui.model import argo, revisions
from aurora_tui.model.actions import Action, Params, PatchRequest, Verb
from aurora_tui.model.diffs import own_annotations
from aurora_tui.model.masking import mask
from aurora_tui.model.revisions import Revision
from aurora_tui.model.rollouts import counted
from aurora_tui.model.selectors import selector_text
from aurora_tui.model.wire_rollouts import Rollout
from aurora_tui.verbs.base import Draft, Inverse, Refusal, Rolling, View, own_template, strategy_warnings

_NUMBERED_ON_REPLICASETS = {"Deployment": revisions.REVISION_ANNOTATION, "Rollout": argo.REVISION_ANNOTATION}
"""Kind -> the annotation in which its ReplicaSets bear the revision's number."""

ANNOTATIONS = "annotations"


class Undo(Rolling):
    verb = Verb.UNDO
    kinds = ("Deployment", "StatefulSet", "DaemonSet", "Rollout")

    async def draft(self, view: View, params: Params) -> Draft:
        """`params`: ``revision``, a number of the history; without it (or 0) the revision before the last.

        ``keeper`` instead names the ReplicaSet or ControllerRevision of the wanted revision: a revision gets
        a new number each time it is restored, its keeper stays. ``annotations`` with it are those that the
        Deployment is to have, as JSON.
        """
        template = own_template(view)
        history = await read_history(view.cluster, view.resource, view.live)
        chosen = _choose(history, params, view.label)
        if view.live["spec"].get("paused") and view.resource.kind != "Rollout":
            raise Refusal(f"{view.label} is paused: resume its rollout first (kubectl rollout resume)")
        current = revisions.live(history, view.live)
        if revisions.same_template(chosen.template, template) or chosen is current:
            raise Refusal(f"{view.label} already runs the template of revision {chosen.number}: nothing to undo")
        old, new = revisions.versions(template, chosen.template)
        was = f"revision {current.number}" if current else "a revision not yet in its history"
        goal = f"revision {chosen.number}{_bracketed(new)}"
        effect = f"rolls {view.label} back from {was}{_bracketed(old)} to {goal}"
        warnings = list(strategy_warnings(view.live))
        if view.resource.kind == "Rollout":
            warnings += _steps_again(view.live, chosen)
        if current is None:
            warnings.insert(0, "the controller has not recorded the newest change yet: check the revision")
        return Draft(
            params={"revision": chosen.number} | _wanted(params),
            request=_request(view, chosen, params),
            effect=effect,
            before=_left(view, current) if current else {},
            after={"revision": chosen.number, "keeper": chosen.keeper},
            warnings=tuple(warnings),
        )

    def basis(self, item: Mapping[str, Any]) -> Any:
        # The annotations too: an undo replaces them.
        template = revisions.plain_template(item["spec"]["template"])
        return [template, bool(item["spec"].get("paused")), own_annotations(item)]

    def state(self, item: Mapping[str, Any]) -> dict[str, Any]:
        template = item["spec"]["template"]
        return {"images": revisions.images(template), "template": mask(revisions.plain_template(template))}

    def inverse(self, action: Action) -> Inverse | None:
        left, annotations = action.before.get("keeper"), action.before.get(ANNOTATIONS)
        if not isinstance(left, str):
            return None
        told = {} if annotations is None else {ANNOTATIONS: json.dumps(annotations, sort_keys=True)}
        return (Verb.UNDO, {"keeper": left} | told)


async def read_history(cluster: Cluster, resource: Resource, live: Mapping[str, Any]) -> tuple[Revision, ...]:
    """The revisions of a workload given as raw JSON, oldest first."""
    namespace, labels = live["metadata"]["namespace"], selector_text(live["spec"]["selector"])
    if resource.kind in _NUMBERED_ON_REPLICASETS:
        owned = await cluster.list(REPLICASETS, namespace, labels=labels)
        return revisions.from_replicasets(live, owned, _NUMBERED_ON_REPLICASETS[resource.kind])
    kept = await cluster.list(CONTROLLER_REVISIONS, namespace, labels=labels)
    return revisions.from_controller_revisions(live, kept)


def _choose(history: tuple[Revision, ...], params: Params, label: str) -> Revision:
    if keeper := params.get("keeper"):
        found = next((revision for revision in history if revision.keeper == keeper), None)
        if found is None:
            raise Refusal(f"{label} no longer keeps the revision that was left ({keeper})")
        return found
    number = params.get("revision", 0)
    if not isinstance(number, int) or number < 0:
        raise Refusal(f"{number!r} is no revision number")
    chosen = revisions.numbered(history, number) if number else revisions.before_last(history)
    if chosen is None and number:
        known = ", ".join(str(revision.number) for revision in history) or "none"
        raise Refusal(f"{label} has no revision {number} in its history (there is: {known})")
    if chosen is None:
        raise Refusal(f"{label} has no earlier revision to go back to")
    return chosen


def _left(view: View, current: Revision) -> dict[str, Any]:
    """What is left, for whoever comes back to it."""
    annotations = view.live["metadata"].get("annotations") or {}
    told = {ANNOTATIONS: revisions.told_annotations(annotations)} if view.resource.kind == "Deployment" else {}
    return {"revision": current.number, "keeper": current.keeper, **told}


def _wanted(params: Params) -> dict[str, str | int]:
    return {name: value for name, value in params.items() if name == ANNOTATIONS}


def _steps_again(live: Mapping[str, Any], chosen: Revision) -> list[str]:
    """What holds an earlier version of a Rollout up on its way back."""
    found = []
    if live["spec"].get("paused"):
        found.append("it is paused by hand: pods change only after it is resumed")
    rollout = msgspec.convert(live, Rollout)
    if chosen.hash != rollout.status.stable_rs:
        count = len(argo.steps(rollout))
        steps = f" goes through its {counted(count, 'step')} again" if count else " is promoted like any other update"
        found.append(f"that is not the stable version: it{steps}, pauses and analysis among them")
    return found


def _request(view: View, chosen: Revision, params: Params) -> PatchRequest:
    if chosen.patch is not None:
        return PatchRequest(STRATEGIC_PATCH, chosen.patch)
    template = revisions.unhashed(chosen.template)
    if view.resource.kind == "Rollout":
        return PatchRequest(JSON_PATCH, [{"op": "replace", "path": "/spec/template", "value": template}])
    current = view.live["metadata"].get("annotations") or {}
    annotations = revisions.rollback_annotations(current, chosen.annotations)
    if wanted := _wanted(params):
        annotations = revisions.returned_annotations(annotations, json.loads(str(wanted[ANNOTATIONS])))
    # "add" sets a member that is there or not; kubectl's "replace" fails on an object without annotations.
    operations = [
        {"op": "replace", "path": "/spec/template", "value": template},
        {"op": "add", "path": "/metadata/annotations", "value": annotations},
    ]
    return PatchRequest(JSON_PATCH, operations)


def _bracketed(version: str) -> str:
    return f" ({version})" if version else ""
