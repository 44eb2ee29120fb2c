"""Set bounds: the fewest and most replicas that an autoscaler may choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aurora_tui.cluster.protocol import MERGE_PATCH
from aurora_tui.model.actions import Action, Params, PatchRequest, Verb
from aurora_tui.model.rollouts import RolloutState, RolloutStatus
from aurora_tui.verbs.base import Changing, Draft, Inverse, Refusal, View

_FIELDS = {"min": "minReplicas", "max": "maxReplicas"}


class Bounds(Changing):
    verb = Verb.BOUNDS
    kinds = ("HorizontalPodAutoscaler",)

    async def draft(self, view: View, params: Params) -> Draft:
        """`params`: ``min``, ``max``, or both."""
        now = self.state(view.live)
        wanted = {name: params.get(name, now[name]) for name in _FIELDS}
        least, most = wanted["min"], wanted["max"]
        if not isinstance(least, int) or not isinstance(most, int) or least < 1 or most < least:
            raise Refusal("give whole numbers with 1 <= min <= max")
        if wanted == now:
            raise Refusal(f"{view.label} already holds to {least}..{most}")
        replicas = (view.live.get("status") or {}).get("currentReplicas", 0)
        warnings = []
        if replicas > most:
            warnings.append(f"it has {replicas} replicas now: {replicas - most} will be stopped")
        if replicas < least:
            warnings.append(f"it has {replicas} replicas now: {least - replicas} more will be started")
        return Draft(
            params=wanted,
            request=PatchRequest(MERGE_PATCH, {"spec": {_FIELDS[name]: value for name, value in wanted.items()}}),
            effect=f"lets {view.label} choose {least}..{most} replicas, instead of {now['min']}..{now['max']}",
            warnings=tuple(warnings),
        )

    def shown(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"spec": {field: item["spec"].get(field) for field in _FIELDS.values()}}

    def basis(self, item: Mapping[str, Any]) -> Any:
        return self.state(item)

    def state(self, item: Mapping[str, Any]) -> dict[str, Any]:
        return {"min": item["spec"].get("minReplicas", 1), "max": item["spec"]["maxReplicas"]}

    def progress(self, action: Action, item: Mapping[str, Any]) -> RolloutStatus:
        now = self.state(item)
        if now != dict(action.params):
            text = f"something else has since set {now['min']}..{now['max']}"
            return RolloutStatus(RolloutState.FAILED, 0, 1, text, "now")
        return RolloutStatus(RolloutState.SETTLED, 1, 1, f"it holds to {now['min']}..{now['max']} replicas")

    def inverse(self, action: Action) -> Inverse | None:
        before = action.before
        return (Verb.BOUNDS, {name: before[name] for name in _FIELDS}) if _FIELDS.keys() <= before.keys() else None
