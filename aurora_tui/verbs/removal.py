"""Delete, kill and evict a pod: who makes it anew, what it costs, and how its end is followed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aurora_tui import cautions
from aurora_tui.cluster.protocol import Cluster
from aurora_tui.cluster.resources import PODS
from aurora_tui.model.actions import Action, CreateRequest, DeleteRequest, Params, Request, Verb
from aurora_tui.model.draining import controller
from aurora_tui.model.endpoints import is_serving
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.rollouts import RolloutState, RolloutStatus
from aurora_tui.verbs import successors
from aurora_tui.verbs.base import Draft, Inverse, Refusal, Right, View

_ITS_OWN = frozenset({"statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index", "controller-revision-hash"})
"""Labels in which pods of one controller differ."""


class Removal(Frozen):
    """Ends a pod. A deletion follows kubectl's own, held to the pod's uid."""

    verb: Verb
    words: str
    right: Right
    of_ending: bool = False
    ends: bool = True
    kinds: tuple[str, ...] = ("Pod",)

    async def draft(self, view: View, params: Params) -> Draft:
        meta = view.live["metadata"]
        if "kubernetes.io/config.mirror" in (meta.get("annotations") or {}):
            raise Refusal(f"{view.label} is the image of a static pod: the kubelet makes it anew at once")
        others = await _others(view)
        warnings = [*_owner_warnings(view.live), *await self._cost(view, others)]
        if self.verb is Verb.KILL:
            warnings.insert(0, "grace 0: its processes get no time to finish, and may outlive the object")
        effect = self.words.format(view.label)
        before = successors.facts(view.live, others)
        return Draft(params={}, request=self._request(view), effect=effect, before=before, warnings=tuple(warnings))

    def _request(self, view: View) -> Request:
        if self.verb is not Verb.EVICT:
            return DeleteRequest(0 if self.verb is Verb.KILL else None)
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": view.name, "namespace": view.namespace},
            "deleteOptions": {"preconditions": {"uid": view.live["metadata"]["uid"]}},
        }
        return CreateRequest(body, subresource="eviction")

    async def _cost(self, view: View, others: int) -> list[str]:
        """What the service loses while the pod is away; the server itself holds an eviction to the budgets."""
        found: list[str] = []
        if self.verb is not Verb.EVICT:
            found += await cautions.exhausted_budgets(view.cluster, view.namespace, view.live)
        if (owner := controller(view.live)) and is_serving(view.live) and not others:
            found.append(f"it is the last ready pod of {' '.join(owner)}: nothing serves until another is ready")
        return found

    def shown(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        return {}

    def basis(self, item: Mapping[str, Any]) -> Any:
        # The uid, which every request is held to, says it all: a pod's status moves all the time.
        return True

    def state(self, item: Mapping[str, Any]) -> dict[str, Any]:
        if item.get("kind") in ("Status", "Eviction"):
            return {}
        containers = (item.get("spec") or {}).get("containers") or ()
        return {
            "node": (item.get("spec") or {}).get("nodeName", ""),
            "images": {each["name"]: each.get("image", "") for each in containers},
        }

    def progress(self, action: Action, item: Mapping[str, Any]) -> RolloutStatus:
        grace = item["metadata"].get("deletionGracePeriodSeconds")
        given = f" (up to {grace} s are given)" if grace else ""
        return RolloutStatus(RolloutState.WAITING, 0, 1, f"{action.target} is ending{given}")

    def gone(self, action: Action, words: str) -> RolloutStatus:
        return RolloutStatus(RolloutState.SETTLED, 1, 1, f"{action.target} is gone")

    async def replaced(self, cluster: Cluster, action: Action, words: str) -> RolloutStatus:
        return await successors.successor(cluster, action, words)

    def inverse(self, action: Action) -> Inverse | None:
        return None


async def _others(view: View) -> int:
    """How many ready pods its controller has besides."""
    if (owner := controller(view.live)) is None:
        return 0
    siblings = _siblings(view.live["metadata"].get("labels") or {})
    pods = await view.cluster.list(PODS, view.namespace, labels=siblings)
    own = view.live["metadata"]["uid"]
    return sum(controller(each) == owner and is_serving(each) and each["metadata"]["uid"] != own for each in pods)


def _siblings(labels: Mapping[str, str]) -> str:
    """A label selector for all pods of the same controller, so that a server need not send a whole namespace."""
    return ",".join(f"{name}={value}" for name, value in sorted(labels.items()) if name not in _ITS_OWN)


def _owner_warnings(pod: Mapping[str, Any]) -> tuple[str, ...]:
    owner = controller(pod)
    if owner is None:
        return ("nothing controls it: nobody makes it anew",)
    if owner[0] == "StatefulSet":
        return (f"StatefulSet {owner[1]} makes it anew under the same name and volumes once it has ended",)
    return ()


DELETE = Removal(Verb.DELETE, "deletes {}", Right("delete"))
KILL = Removal(Verb.KILL, "kills {} without a grace period", Right("delete"), of_ending=True)
EVICT = Removal(
    Verb.EVICT, "evicts {}, as far as its disruption budgets allow", Right("create", subresource="eviction")
)
