"""What every verb answers: its kinds, its request, what it rests on, how it is followed and undone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from msgspec import field

from aurora_tui.cluster.protocol import Cluster
from aurora_tui.cluster.resources import Resource
from aurora_tui.model import argo
from aurora_tui.model.actions import Action, Obstacle, Params, PatchRequest, Request, Verb
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.rollouts import RolloutState, RolloutStatus, rollout_status

Inverse = tuple[Verb, Params]


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """An action that makes no sense here and now, in words that say why."""

    def __init__(self, words: str, obstacle: Obstacle | None = None) -> None:
        super().__init__(words)
        self.words = words
        self.obstacle = obstacle


class View(Frozen):
    """What a verb may look at to draft an action: the object as just read, the cluster for more."""

    cluster: Cluster
    resource: Resource
    namespace: str
    name: str
    live: Mapping[str, Any]
    now: float

    @property
    def label(self) -> str:
        """The object as kubectl writes it: ``deployment/aurora-backend``."""
        return f"{self.resource.kind.lower()}/{self.name}"


class Draft(Frozen):
    """A verb's proposal. `params` are complete: nothing is left for the execution to choose."""

    params: Params
    request: Request
    effect: str
    before: Mapping[str, Any] = field(default_factory=dict)
    """Facts for the journal beyond `VerbRules.state`."""
    after: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class Right(Frozen):
    """What RBAC must allow for a verb: an API verb on `kind` ("" is the target's own) or a subresource of it."""

    verb: str
    kind: str = ""
    subresource: str = ""


class VerbRules(Protocol):
    """One verb. Everything but `draft` is a pure function of raw JSON."""

    @property
    def verb(self) -> Verb: ...

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that it applies to, as the API writes them."""

    @property
    def right(self) -> Right:
        """What the request that it drafts needs; asked before its key is offered."""

    @property
    def ends(self) -> bool:
        """Whether it wants the object gone."""

    @property
    def of_ending(self) -> bool:
        """Whether it makes sense for an object that is already being deleted."""

    async def draft(self, view: View, params: Params) -> Draft:
        """Work the action out; raises `Refusal` for the senseless and `ClusterError`."""

    def shown(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        """The part of the object, or of the patched subresource, that the preview compares."""

    def basis(self, item: Mapping[str, Any]) -> Any:
        """The part of the object that the preview rests on and the action changes."""

    def state(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """The same for the journal: free of secrets, enough to tell before from after."""

    def progress(self, action: Action, item: Mapping[str, Any]) -> RolloutStatus:
        """How far the pods are on their way to what the action wants."""

    def gone(self, action: Action, words: str) -> RolloutStatus:
        """What it means that the object is there no longer, or another one in its place, as `words` say."""

    def inverse(self, action: Action) -> Inverse | None:
        """The verb and parameters that take the action back, None where it makes no sense."""


@runtime_checkable
class Following(Protocol):
    """A verb whose object alone does not say how far it is: this is asked in place of `VerbRules.progress`."""

    async def follow(self, cluster: Cluster, action: Action, item: Mapping[str, Any]) -> RolloutStatus:
        """Look at what else the cluster shows; raises `ClusterError`."""


@runtime_checkable
class Replacing(Protocol):
    """A verb after whose object's end another is to come in its place: this is asked in place of `VerbRules.gone`."""

    async def replaced(self, cluster: Cluster, action: Action, words: str) -> RolloutStatus:
        """How far that is, after what `words` say of the object; raises `ClusterError`."""


@runtime_checkable
class Signing(Protocol):
    """A verb whose request itself says who makes it and why."""

    def signed(self, request: PatchRequest, by: str, reason: str) -> PatchRequest:
        """The request as it is sent; `reason` is empty where none was given."""


class Changing:
    """The parts common to verbs that change an object which stays."""

    ends = False
    of_ending = False
    right = Right("patch")

    def gone(self, action: Action, words: str) -> RolloutStatus:
        return RolloutStatus(RolloutState.FAILED, 0, 0, words, "now")


class Rolling(Changing):
    """The parts common to verbs that change a pod template, followed as a rollout."""

    def shown(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        return item

    def progress(self, action: Action, item: Mapping[str, Any]) -> RolloutStatus:
        return rollout_status(action.target.kind, item)


def own_template(view: View) -> Mapping[str, Any]:
    """The pod template of a workload; raises `Refusal` for a Rollout that takes another object's."""
    if view.resource.kind == "Rollout" and (owner := argo.template_owner(view.live)):
        raise Refusal(f"{view.label} takes its pods' template from {owner}: change that one instead")
    template: Mapping[str, Any] = view.live["spec"]["template"]
    return template


def strategy_warnings(item: Mapping[str, Any]) -> tuple[str, ...]:
    """Update strategies under which a changed template does not reach every pod by itself."""
    strategy = item["spec"].get("updateStrategy") or {}
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    if strategy.get("type") == "OnDelete":
        return ("update strategy OnDelete: pods change only when they are deleted",)
    return (f"partition {partition}: pods with a lower ordinal keep their revision",) if partition else ()
