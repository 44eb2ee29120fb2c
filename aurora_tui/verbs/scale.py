"""Scale: set a workload's number of pods through its ``/scale`` subresource, as ``kubectl scale`` does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aurora_tui.cautions import autoscalers, stopped
from aurora_tui.cluster.protocol import MERGE_PATCH
from aurora_tui.model import argo
from aurora_tui.model.actions import Action, Params, PatchRequest, Verb
from aurora_tui.model.kube import Rollout
from aurora_tui.model.rollouts import UNOBSERVED, RolloutState, RolloutStatus, counted, observed
from aurora_tui.verbs.base import Changing, Draft, Inverse, Refusal, Right, View

MOST = 2**31 - 1
"""The API's int32."""


class Scale(Changing):
    verb = Verb.SCALE
    kinds = ("Deployment", "StatefulSet", "ReplicaSet", "Rollout")
    right = Right("patch", subresource="scale")

    async def draft(self, view: View, params: Params) -> Draft:
        wanted = params.get("replicas")
        if not isinstance(wanted, int) or not 0 <= wanted <= MOST:
            raise Refusal("say how many replicas, a whole number from 0 up")
        current = _wanted(view.live)
        if current == wanted:
            raise Refusal(f"{view.label} already has {counted(wanted, 'replica')}")
        warnings = list(await autoscalers(view.cluster, view.namespace, view.resource.kind, view.name, wanted))
        if wanted == 0:
            warnings[:0] = await stopped(view.cluster, view.namespace, view.live)
        return Draft(
            params={"replicas": wanted},
            # A custom resource without the field has no scale to patch.
            request=PatchRequest(
                MERGE_PATCH, {"spec": {"replicas": wanted}}, "scale" if "replicas" in view.live["spec"] else ""
            ),
            effect=f"scales {view.label} from {current} to {counted(wanted, 'replica')}",
            warnings=tuple(warnings),
        )

    def shown(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"spec": {"replicas": _wanted(item)}}

    def basis(self, item: Mapping[str, Any]) -> Any:
        return _wanted(item)

    def state(self, item: Mapping[str, Any]) -> dict[str, Any]:
        return {"replicas": _wanted(item)}

    def progress(self, action: Action, item: Mapping[str, Any]) -> RolloutStatus:
        """kubectl's wait for a scale (as many pods as wanted), and then for all of them to be available.

        Of whatever revision: a scale is complete in a paused or stuck rollout as well.
        """
        wanted, now, status = int(action.params["replicas"]), _wanted(item), item.get("status") or {}
        running = status.get("replicas", 0)
        # Servers before 1.22 count no available pods for a StatefulSet.
        uncounted = action.target.kind == "StatefulSet" and "availableReplicas" not in status
        available = status.get("readyReplicas" if uncounted else "availableReplicas", 0)
        done = min(available, wanted)
        if now != wanted:
            text = f"something else has since set {counted(now, 'replica')}"
            return RolloutStatus(RolloutState.FAILED, done, wanted, text, "now")
        if not observed(action.target.kind, item):
            return RolloutStatus(RolloutState.WAITING, done, wanted, UNOBSERVED)
        if running < wanted or (running > wanted and not _rounded_up(action, item)):
            text = f"{counted(running, 'pod')}, {wanted} wanted"
        elif available < wanted:
            text = f"{available} of {wanted} pods are available"
        else:
            text = f"{counted(running, 'pod')} available"
            return RolloutStatus(RolloutState.COMPLETE, done, wanted, text)
        return RolloutStatus(RolloutState.WAITING, done, wanted, text)

    def inverse(self, action: Action) -> Inverse | None:
        earlier = action.before.get("replicas")
        return (Verb.SCALE, {"replicas": earlier}) if isinstance(earlier, int) else None


def _rounded_up(action: Action, item: Mapping[str, Any]) -> bool:
    """Whether a pod too many may stay: each of the two versions of a Rollout's update rounds its share up."""
    return action.target.kind == "Rollout" and not argo.promoted(msgspec.convert(item, Rollout))


def _wanted(item: Mapping[str, Any]) -> int:
    """The replicas of a workload, one where it does not say, or of a Scale, which leaves out a zero."""
    return int(item["spec"].get("replicas", 0 if item.get("kind") == "Scale" else 1))
