"""Trigger: run a CronJob now, once, as ``kubectl create job --from=cronjob/NAME`` does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aurora_tui.model.actions import Action, CreateRequest, Params, Verb
from aurora_tui.model.rollouts import RolloutState, RolloutStatus
from aurora_tui.verbs.base import Changing, Draft, Inverse, Right, View

_LONGEST = 63
"""A Job's name becomes a label of its pods."""


class Trigger(Changing):
    verb = Verb.TRIGGER
    kinds = ("CronJob",)
    right = Right("create", "Job")

    async def draft(self, view: View, params: Params) -> Draft:
        template = view.live["spec"]["jobTemplate"]
        # Fixed here, so that a request that is sent twice makes one Job.
        name = f"{view.name[: _LONGEST - 11]}-{int(view.now):d}"
        meta = template.get("metadata") or {}
        owner = {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "name": view.name,
            "uid": view.live["metadata"]["uid"],
            "controller": True,
        }
        body = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {
                "name": name,
                "namespace": view.namespace,
                "labels": meta.get("labels") or {},
                "annotations": {**(meta.get("annotations") or {}), "cronjob.kubernetes.io/instantiate": "manual"},
                "ownerReferences": [owner],
            },
            "spec": template["spec"],
        }
        active = len((view.live.get("status") or {}).get("active") or ())
        policy = view.live["spec"].get("concurrencyPolicy", "Allow")
        warnings = []
        if active:
            warnings.append(f"{active} of its jobs already run; its policy for runs by schedule is {policy}")
        return Draft(
            params={"job": name},
            request=CreateRequest(body, kind="Job"),
            effect=f"starts job {name} from {view.label}",
            warnings=tuple(warnings),
        )

    def shown(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        return {}

    def basis(self, item: Mapping[str, Any]) -> Any:
        return item["spec"].get("jobTemplate")

    def state(self, item: Mapping[str, Any]) -> dict[str, Any]:
        return {}

    def progress(self, action: Action, item: Mapping[str, Any]) -> RolloutStatus:
        return RolloutStatus(RolloutState.SETTLED, 1, 1, f"job {action.params['job']} was started")

    def inverse(self, action: Action) -> Inverse | None:
        return None
