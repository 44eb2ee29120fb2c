"""Switches of one field: pause and resume (a rollout, a schedule), cordon and uncordon (a node)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aurora_tui.cluster.protocol import MERGE_PATCH, STRATEGIC_PATCH
from aurora_tui.model.actions import Action, Params, PatchRequest, Verb
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.rollouts import ROLLING_KINDS, RolloutState, RolloutStatus, rollout_status
from aurora_tui.verbs.base import Changing, Draft, Inverse, Refusal, View


class Wording(Frozen):
    """What a switch of one kind is called; `field` is the member of the spec that is true when it is on."""

    field: str
    already: str
    effect: str


class Switch(Frozen, Changing):
    """Sets one boolean field of the spec, or takes it away, as kubectl does for these verbs."""

    verb: Verb
    opposite: Verb
    on: bool
    wordings: Mapping[str, Wording]
    """By kind."""

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(self.wordings)

    async def draft(self, view: View, params: Params) -> Draft:
        wording = self.wordings[view.resource.kind]
        if bool(view.live["spec"].get(wording.field)) == self.on:
            raise Refusal(f"{view.label} {wording.already}")
        return Draft(
            params={},
            request=PatchRequest(
                # A custom resource takes no strategic patch; for one field they mean the same.
                MERGE_PATCH if view.resource.product else STRATEGIC_PATCH,
                {"spec": {wording.field: True if self.on else None}},
            ),
            effect=wording.effect.format(view.label),
        )

    def shown(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"spec": self.state(item)}

    def basis(self, item: Mapping[str, Any]) -> Any:
        return self.state(item)

    def state(self, item: Mapping[str, Any]) -> dict[str, Any]:
        fields = {wording.field for wording in self.wordings.values()}
        return {field: item["spec"][field] for field in sorted(fields) if field in item["spec"]}

    def progress(self, action: Action, item: Mapping[str, Any]) -> RolloutStatus:
        """A rollout that goes on again is followed to its end; all else is done once it is written."""
        field = self.wordings[action.target.kind].field
        if bool(item["spec"].get(field)) != self.on:
            return RolloutStatus(RolloutState.FAILED, 0, 1, f"something else has since set {field} back", "now")
        if not self.on and action.target.kind in ROLLING_KINDS:
            return rollout_status(action.target.kind, item)
        return RolloutStatus(RolloutState.SETTLED, 1, 1, f"{field} is {str(self.on).lower()}")

    def inverse(self, action: Action) -> Inverse | None:
        return (self.opposite, {})


PAUSE = Switch(
    Verb.PAUSE,
    Verb.RESUME,
    True,
    {
        "Deployment": Wording(
            "paused", "is paused already", "pauses the rollout of {}: changes wait until it is resumed"
        ),
        "Rollout": Wording(
            "paused", "is paused by hand already", "pauses {} at its current step: it stays there until it is resumed"
        ),
        "CronJob": Wording("suspend", "is suspended already", "suspends {}: no further runs are started"),
    },
)
RESUME = Switch(
    Verb.RESUME,
    Verb.PAUSE,
    False,
    {
        "Deployment": Wording(
            "paused", "is not paused", "resumes the rollout of {}: changes made meanwhile take effect"
        ),
        "Rollout": Wording(
            "paused", "is not paused by hand: at a pause of its own steps it is promoted", "resumes {}: its steps go on"
        ),
        "CronJob": Wording("suspend", "is not suspended", "resumes {}: runs are started by its schedule again"),
    },
)
CORDON = Switch(
    Verb.CORDON,
    Verb.UNCORDON,
    True,
    {"Node": Wording("unschedulable", "is cordoned already", "cordons {}: no new pods are placed on it")},
)
UNCORDON = Switch(
    Verb.UNCORDON,
    Verb.CORDON,
    False,
    {"Node": Wording("unschedulable", "is not cordoned", "uncordons {}: new pods may be placed on it again")},
)
