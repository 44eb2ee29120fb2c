"""Switch: point a Service at other pods by the values of its selector, as in a blue-green release.

A merge patch of the values that change, as ``kubectl patch service`` sends it; ``kubectl set selector`` replaces
the whole selector, and with it what nobody meant to touch.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any

from aurora_tui import cautions
from aurora_tui.cluster.errors import ClusterError, ForbiddenError
from aurora_tui.cluster.protocol import MERGE_PATCH, Cluster
from aurora_tui.cluster.resources import DAEMONSETS, DEPLOYMENTS, ENDPOINT_SLICES, PODS, STATEFULSETS
from aurora_tui.model.actions import Action, Params, PatchRequest, Verb
from aurora_tui.model.endpoints import SERVICE_NAME, endpoints_status, missing_ports, pairs, serving
from aurora_tui.model.rollouts import RolloutState, RolloutStatus, counted, rollout_status
from aurora_tui.model.text import listed
from aurora_tui.verbs.base import Changing, Draft, Inverse, Refusal, View

_LABEL = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
"""What a label's value may be: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/"""
_NAMED = 3
"""How many pods a refusal names."""

Object = Mapping[str, Any]


class Traffic(Changing):
    verb = Verb.SWITCH
    kinds = ("Service",)

    async def draft(self, view: View, params: Params) -> Draft:
        """`params`: key of the selector -> the value that pods must have instead."""
        now = self.state(view.live)
        changed = _changed(now, params, view.label)
        cluster, namespace = view.cluster, view.namespace
        target = {**now, **changed}
        serves, would = await asyncio.gather(
            cluster.list(PODS, namespace, labels=pairs(now)), cluster.list(PODS, namespace, labels=pairs(target))
        )
        ready, before = serving(would), len(serving(serves))
        if not ready:
            raise Refusal(f"no ready pod matches {pairs(changed)}: {await _instead(view, now, changed, would)}")
        warnings = [*missing_ports(view.live, ready), *await _unfinished(cluster, namespace, target)]
        if len(ready) < before:
            warnings.insert(0, f"fewer pods than now would serve: {len(ready)} instead of {before}")
        return Draft(
            params=changed,
            request=PatchRequest(MERGE_PATCH, {"spec": {"selector": changed}}),
            effect=f"switches {view.label} from {pairs({key: now[key] for key in changed})} to {pairs(changed)}: "
            f"{counted(len(ready), 'ready pod')} instead of {before}",
            warnings=tuple(warnings),
        )

    def shown(self, item: Object) -> Object:
        return {"spec": {"selector": self.state(item)}}

    def basis(self, item: Object) -> Any:
        spec = item["spec"]
        return [spec.get("selector"), spec.get("ports")]

    def state(self, item: Object) -> dict[str, Any]:
        return dict(item["spec"].get("selector") or {})

    def progress(self, action: Action, item: Object) -> RolloutStatus:
        """Whether the selector still is what the action made it; `follow` sees what became of the traffic."""
        now = self.state(item)
        if any(now.get(key) != value for key, value in action.params.items()):
            return RolloutStatus(RolloutState.FAILED, 0, 1, f"something else has since set {pairs(now)}", "now")
        return RolloutStatus(RolloutState.UNFOLLOWED, 0, 1, f"it selects {pairs(now)}")

    async def follow(self, cluster: Cluster, action: Action, item: Object) -> RolloutStatus:
        """The endpoints that the controller has published so far, against the pods that are to serve."""
        status = self.progress(action, item)
        if status.state is RolloutState.FAILED:
            return status
        place = action.target.namespace
        try:
            pods, slices = await asyncio.gather(
                cluster.list(PODS, place, labels=pairs(self.state(item))),
                cluster.list(ENDPOINT_SLICES, place, labels=f"{SERVICE_NAME}={action.target.name}"),
            )
        except ForbiddenError as error:
            words = f"{status.text}, but its endpoints cannot be seen: {error.message}"
            return RolloutStatus(RolloutState.UNFOLLOWED, 0, 1, words)
        return endpoints_status(pods, slices)

    def inverse(self, action: Action) -> Inverse | None:
        earlier = {key: action.before[key] for key in action.params if isinstance(action.before.get(key), str)}
        return (Verb.SWITCH, earlier) if len(earlier) == len(action.params) else None


def _changed(now: Mapping[str, str], params: Params, label: str) -> dict[str, str]:
    if not now:
        raise Refusal(f"{label} has no selector: labels do not decide where it leads")
    if not params:
        raise Refusal(f"say which value of the selector changes, e.g. color=green ({label} selects {pairs(now)})")
    for key, value in params.items():
        if key not in now:
            raise Refusal(f"{label} does not select by {key}: this would only narrow it (it selects {pairs(now)})")
        if not isinstance(value, str) or not _LABEL.fullmatch(value):
            raise Refusal(f"{value!r} is no label's value")
    changed = {key: str(value) for key, value in params.items() if now[key] != value}
    if not changed:
        raise Refusal(f"{label} already selects {pairs(now)}: nothing to switch")
    return changed


async def _instead(view: View, now: Mapping[str, str], changed: Mapping[str, str], unready: Sequence[Object]) -> str:
    """What there is in place of ready pods."""
    if unready:
        names = listed([pod["metadata"]["name"] for pod in unready], _NAMED)
        return f"{names} {'is' if len(unready) == 1 else 'are'} not ready"
    kept = {key: value for key, value in now.items() if key not in changed}
    there = await view.cluster.list(PODS, view.namespace, labels=pairs(kept))
    labels = [pod["metadata"].get("labels") or {} for pod in there]
    found = sorted({pairs({key: each[key] for key in changed}) for each in labels if changed.keys() <= each.keys()})
    return f"there are pods of {', '.join(found)}" if found else "there are none"


async def _unfinished(cluster: Cluster, namespace: str, target: Mapping[str, str]) -> list[str]:
    """Workloads that run the pods in question and are not at the end of a rollout."""
    found = []
    for resource in (DEPLOYMENTS, STATEFULSETS, DAEMONSETS):
        try:
            items = await cluster.list(resource, namespace)
        except ClusterError as error:
            found.append(f"could not see the rollouts of {resource.plural}: {error.message}")
            continue
        for item in items:
            labels = (item["spec"]["template"].get("metadata") or {}).get("labels") or {}
            if target.items() <= labels.items():
                name = f"{resource.kind.lower()}/{item['metadata']['name']}"
                status = rollout_status(resource.kind, item)
                found += [f"{name}: {words}" for words in cautions.rollout_in_progress(status)]
    return found
