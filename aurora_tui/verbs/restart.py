"""Restart: replace a workload's pods one after the other, as ``kubectl (argo) rollouts restart`` does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aurora_tui.cluster.protocol import MERGE_PATCH, STRATEGIC_PATCH
from aurora_tui.model.actions import Action, Params, PatchRequest, Verb
from aurora_tui.model.revisions import plain_template
from aurora_tui.model.rollouts import RolloutState, RolloutStatus
from aurora_tui.verbs.base import Draft, Inverse, Refusal, Rolling, View, strategy_warnings

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


class Restart(Rolling):
    verb = Verb.RESTART
    kinds = ("Deployment", "StatefulSet", "DaemonSet", "Rollout")

    async def draft(self, view: View, params: Params) -> Draft:
        spec = view.live["spec"]
        if spec.get("paused") and view.resource.kind != "Rollout":
            raise Refusal(f"{view.label} is paused: resume its rollout first (kubectl rollout resume)")
        if spec.get("replicas") == 0:
            raise Refusal(f"{view.label} is scaled to 0: there is no pod to restart")
        # The time is fixed here: what was previewed is what is sent, and sending it twice restarts once.
        stamp = datetime.fromtimestamp(int(view.now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if _restarted_at(view.live) == stamp:
            raise Refusal(f"{view.label} was restarted within this second")
        if view.resource.kind == "Rollout":
            return Draft(
                params={"restarted_at": stamp},
                request=PatchRequest(MERGE_PATCH, {"spec": {"restartAt": stamp}}),
                effect=f"restarts {view.label}: its pods, of every version, are evicted a few at a time",
                warnings=("its pods are evicted: a disruption budget that allows none holds this back",),
            )
        body = {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: stamp}}}}}
        return Draft(
            params={"restarted_at": stamp},
            request=PatchRequest(STRATEGIC_PATCH, body),
            effect=f"restarts {view.label}: its pods are replaced under its update strategy",
            warnings=strategy_warnings(view.live),
        )

    def basis(self, item: Mapping[str, Any]) -> Any:
        if item.get("kind") == "Rollout":
            return item["spec"].get("restartAt")
        return [plain_template(item["spec"]["template"]), bool(item["spec"].get("paused"))]

    def state(self, item: Mapping[str, Any]) -> dict[str, Any]:
        return {"restarted_at": _restarted_at(item)}

    def progress(self, action: Action, item: Mapping[str, Any]) -> RolloutStatus:
        """A Rollout says when all its pods are younger than the restart; until then its phase says nothing of it."""
        status = super().progress(action, item)
        done = (item.get("status") or {}).get("restartedAt")
        if action.target.kind == "Rollout" and done != item["spec"].get("restartAt"):
            return RolloutStatus(RolloutState.WAITING, 0, status.total, "its old pods are being evicted")
        return status

    def inverse(self, action: Action) -> Inverse | None:
        return None


def _restarted_at(item: Mapping[str, Any]) -> str | None:
    if item.get("kind") == "Rollout":
        at: str | None = item["spec"].get("restartAt")
        return at
    annotations = (item["spec"]["template"].get("metadata") or {}).get("annotations") or {}
    stamp: str | None = annotations.get(RESTARTED_AT)
    return stamp
