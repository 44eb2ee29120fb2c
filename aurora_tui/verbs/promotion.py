"""Promote, promote fully, abort and retry the update of a Rollout, as ``kubectl argo rollouts`` does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aurora_tui.cluster.errors import ClusterError, ForbiddenError, NotFoundError
from aurora_tui.cluster.protocol import MERGE_PATCH, Cluster
from aurora_tui.cluster.resources import REPLICASETS
from aurora_tui.model import argo
from aurora_tui.model.actions import Action, Params, PatchRequest, Verb
from aurora_tui.model.frozen import Frozen, replace
from aurora_tui.model.kube import Rollout
from aurora_tui.model.rollouts import RolloutState, RolloutStatus, counted, rollout_status
from aurora_tui.verbs.base import Changing, Draft, Inverse, Refusal, Right, View

_FIELDS = ("abort", "abortedAt", "currentStepIndex", "pauseConditions", "controllerPause", "promoteFull")
"""What of the status these verbs change, and what tells one time from another."""
_VERSIONS = ("currentPodHash", "stableRS")
_FINAL = "a promotion has no undo: what it leads to can be aborted while it is under way, and rolled back after"

_SCALE_DOWN = "scale-down-deadline"
"""The annotation of a ReplicaSet whose pods are to end soon."""

Object = Mapping[str, Any]


class Step(Frozen):
    """What a verb does to the status of a Rollout, and what that means."""

    status: Mapping[str, Any]
    effect: str
    warnings: tuple[str, ...] = ()


class Steering(Changing):
    """The parts common to verbs that tell the controller what to do with an update under way."""

    verb: Verb
    kinds = ("Rollout",)
    right = Right("patch", subresource="status")

    async def draft(self, view: View, params: Params) -> Draft:
        rollout = msgspec.convert(view.live, Rollout)
        if not argo.observed(rollout):
            raise Refusal(f"the controller has not seen the newest change of {view.label} yet: try again in a moment")
        step = self.step(rollout, view.label)
        subresource = "status" if await _status_apart(view) else ""
        request = PatchRequest(MERGE_PATCH, {"status": step.status}, subresource)
        return Draft(params={}, request=request, effect=step.effect, warnings=step.warnings)

    def step(self, rollout: Rollout, label: str) -> Step:
        """What to do; raises `Refusal` for the senseless."""
        raise NotImplementedError

    def shown(self, item: Object) -> Object:
        return {"status": _some(item.get("status") or {}, _FIELDS)}

    def basis(self, item: Object) -> Any:
        return [_some(item.get("status") or {}, (*_FIELDS, *_VERSIONS)), bool(item["spec"].get("paused"))]

    def state(self, item: Object) -> dict[str, Any]:
        return _some(item.get("status") or {}, (*_FIELDS, *_VERSIONS))

    def progress(self, action: Action, item: Object) -> RolloutStatus:
        return rollout_status(action.target.kind, item)

    def inverse(self, action: Action) -> Inverse | None:
        return None


class Promote(Steering):
    verb = Verb.PROMOTE

    def step(self, rollout: Rollout, label: str) -> Step:
        """Either the pause is ended or the step that runs is skipped, never both (the plugin's promote.go)."""
        _promotable(rollout, label)
        status, found, index = rollout.status, argo.steps(rollout), argo.step_index(rollout)
        current = argo.current_step(rollout)
        if status.pause_conditions:
            changes: dict[str, Any] = {"pauseConditions": None}
            run = status.canary.current_step_analysis_run_status
            if run is not None and run.status == "Inconclusive" and status.controller_pause and found:
                changes |= {"controllerPause": False, "currentStepIndex": min(index + 1, len(found))}
            return Step(changes, _onward(rollout, label), (_FINAL,))
        if not found:
            raise Refusal(f"{label} waits for no promotion: {_phase(rollout)}")
        if current is None:
            raise Refusal(f"all steps of {label} are done: nothing to promote ({_phase(rollout)})")
        changes = {"pauseConditions": None, "currentStepIndex": index + 1}
        words = f"skips step {index + 1} of {len(found)} of {label} ({argo.step_words(current)}), which runs now"
        return Step(changes, words, ("it is not paused: what the step would have found out stays unknown", _FINAL))


class PromoteFull(Steering):
    verb = Verb.PROMOTE_FULL

    def step(self, rollout: Rollout, label: str) -> Step:
        _promotable(rollout, label)
        if rollout.status.promote_full:
            raise Refusal(f"{label} is being promoted fully already")
        left = len(argo.steps(rollout)) - argo.step_index(rollout)
        skipped = f"its {counted(left, 'step')} to come" if left else "what it waits for"
        words = f"promotes {label} to its new version at once"
        return Step({"promoteFull": True}, words, (f"{skipped} are skipped, pauses and analysis among them", _FINAL))


class Abort(Steering):
    verb = Verb.ABORT

    def step(self, rollout: Rollout, label: str) -> Step:
        status = rollout.status
        if status.abort:
            raise Refusal(f"the update of {label} was aborted already")
        if argo.promoted(rollout):
            raise Refusal(f"no update of {label} is under way: nothing to abort (to go back, roll it back)")
        if not status.stable_rs:
            raise Refusal(f"{label} has no stable version to go back to: this is its first")
        warnings = ["it stays degraded and its template new until it is retried, or rolled back to the stable version"]
        blue_green = rollout.spec.strategy.blue_green
        if blue_green is not None and status.blue_green.active_selector == status.current_pod_hash:
            warnings.insert(
                0, f"service {blue_green.active_service} already leads to the new version and switches back"
            )
        if blue_green is not None:
            words = f"aborts the update of {label}: service {blue_green.active_service} serves the stable version"
        else:
            words = f"aborts the update of {label}: all traffic goes to the stable version, the canary's pods end"
        return Step({"abort": True}, words, tuple(warnings))

    def progress(self, action: Action, item: Object) -> RolloutStatus:
        """Whether the controller has taken it up; `follow` sees whether the stable version is back."""
        rollout = msgspec.convert(item, Rollout)
        wanted = argo.desired(rollout)
        if not rollout.status.abort:
            words = "something else has since ended the abort"
            return RolloutStatus(RolloutState.FAILED, 0, wanted, words, "now")
        if rollout.status.aborted_at is None:
            return RolloutStatus(RolloutState.WAITING, 0, wanted, "the controller has not seen the abort yet")
        return RolloutStatus(RolloutState.UNFOLLOWED, 0, wanted, argo.phase(rollout)[1] or "aborted")

    async def follow(self, cluster: Cluster, action: Action, item: Object) -> RolloutStatus:
        status = self.progress(action, item)
        if status.state is not RolloutState.UNFOLLOWED:
            return status
        rollout = msgspec.convert(item, Rollout)
        labels = f"{argo.HASH_LABEL}={rollout.status.stable_rs}"
        try:
            stable = await cluster.list(REPLICASETS, action.target.namespace, labels=labels)
        except ForbiddenError as error:
            words = f"{status.text}, but its ReplicaSets cannot be seen: {error.message}"
            return RolloutStatus(RolloutState.UNFOLLOWED, 0, status.total, words)
        available = sum((each.get("status") or {}).get("availableReplicas", 0) for each in stable)
        return _back_on_stable(rollout, available, status.text)

    def inverse(self, action: Action) -> Inverse | None:
        return Verb.RETRY, {}


class Retry(Steering):
    verb = Verb.RETRY

    async def draft(self, view: View, params: Params) -> Draft:
        """Blue-green: while the new pods are only about to be scaled down, the controller skips the pause.

        Source: isBlueGreenFastTracked in the controller's rollout/bluegreen.go.
        """
        draft = await super().draft(view, params)
        rollout = msgspec.convert(view.live, Rollout)
        blue_green = rollout.spec.strategy.blue_green
        if blue_green is None:
            return draft
        labels = f"{argo.HASH_LABEL}={rollout.status.current_pod_hash}"
        try:
            found = await view.cluster.list(REPLICASETS, view.namespace, labels=labels)
        except ForbiddenError as error:
            words = f"could not see whether it is promoted at once, without its pause: {error.message}"
            return replace(draft, warnings=(words, *draft.warnings))
        if not any(_ends_soon(each) for each in found):
            return draft
        words = f"the new pods still run: service {blue_green.active_service} switches to them at once, without a pause"
        return replace(draft, warnings=(words, *draft.warnings))

    def step(self, rollout: Rollout, label: str) -> Step:
        if not rollout.status.abort:
            raise Refusal(f"the update of {label} was not aborted: nothing to retry ({_phase(rollout)})")
        found = argo.steps(rollout)
        steps = f", from the first of its {len(found)} steps" if found else ""
        return Step({"abort": False}, f"retries the aborted update of {label}{steps}")

    def inverse(self, action: Action) -> Inverse | None:
        return Verb.ABORT, {}


PROMOTE, PROMOTE_FULL, ABORT, RETRY = Promote(), PromoteFull(), Abort(), Retry()


def _ends_soon(item: Object) -> bool:
    """Whether a ReplicaSet's pods are only about to be scaled down; the mark stays on one that was."""
    return _SCALE_DOWN in (item["metadata"].get("annotations") or {}) and item["spec"].get("replicas") != 0


async def _status_apart(view: View) -> bool:
    """Whether the status is a resource of its own: before version 0.10 it was not, and the plugin asks the same way."""
    try:
        await view.cluster.get(view.resource, view.namespace, view.name, "status")
    except NotFoundError:
        return False
    except ClusterError:
        pass  # the patch itself will tell
    return True


def _promotable(rollout: Rollout, label: str) -> None:
    if rollout.status.abort:
        raise Refusal(f"the update of {label} was aborted: retry it first")
    if rollout.spec.paused:
        raise Refusal(f"{label} is paused by hand: resume it first, then its steps go on")
    if argo.promoted(rollout) and not rollout.status.pause_conditions:
        raise Refusal(f"no update of {label} is under way: nothing to promote ({_phase(rollout)})")


def _onward(rollout: Rollout, label: str) -> str:
    blue_green = rollout.spec.strategy.blue_green
    if blue_green is not None:
        return f"promotes {label}: service {blue_green.active_service} switches to the new version"
    found, index = argo.steps(rollout), argo.step_index(rollout)
    if index + 1 < len(found):
        after = f"step {index + 2} of {len(found)} is next: {argo.step_words(found[index + 1])}"
    else:
        after = "it was the last step, the new version becomes the stable one"
    return f"promotes {label} past its pause: {after}"


def _phase(rollout: Rollout) -> str:
    return ": ".join(filter(None, argo.phase(rollout)))


def _back_on_stable(rollout: Rollout, available: int, text: str) -> RolloutStatus:
    """How far an aborted one is on its way back, with so many pods of the stable version available."""
    status, wanted = rollout.status, argo.desired(rollout)
    canary, done = rollout.spec.strategy.canary, min(available, wanted)
    if rollout.spec.strategy.blue_green is not None and status.blue_green.active_selector != status.stable_rs:
        return RolloutStatus(RolloutState.WAITING, done, wanted, "the active service still leads to the new version")
    if available < wanted:
        words = f"{available} of {wanted} pods of the stable version are available"
        return RolloutStatus(RolloutState.WAITING, done, wanted, words)
    # With routed traffic and in blue-green the new pods stay for a while on purpose, without traffic.
    if canary is not None and canary.traffic_routing is None and status.updated_replicas:
        words = f"{counted(status.updated_replicas, 'canary pod')} still to end"
        return RolloutStatus(RolloutState.WAITING, done, wanted, words)
    words = f"{counted(available, 'pod')} of the stable version available ({text})"
    return RolloutStatus(RolloutState.COMPLETE, done, wanted, words)


def _some(status: Mapping[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    return {field: status[field] for field in fields if field in status}
