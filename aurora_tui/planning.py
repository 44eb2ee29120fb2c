"""Works an action out and previews it: reads, asks for permission, has the server try it; changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aurora_tui import cautions, sending
from aurora_tui.cluster.errors import ClusterError, NotFoundError
from aurora_tui.cluster.protocol import Cluster
from aurora_tui.cluster.resources import Resource
from aurora_tui.model.actions import (
    READ_ONLY,
    Action,
    ExecRequest,
    Obstacle,
    Params,
    PatchRequest,
    Plan,
    Request,
    Target,
    Verb,
    called,
)
from aurora_tui.model.diffs import changes
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.policies import Policy, Ruling, judge
from aurora_tui.model.rollouts import ROLLING_KINDS, RolloutState, rollout_status
from aurora_tui.rights import denied, inapplicable
from aurora_tui.verbs import VERBS
from aurora_tui.verbs.base import Draft, Refusal, Rolling, VerbRules, View

NO_PREVIEW = "what is done in it is not previewed, not recorded and not undone from here"


class Planner(Frozen):
    """Makes plans for one cluster; what is asked of whoever confirms them stands in them."""

    cluster: Cluster
    protected: bool
    read_only: bool
    policies: Sequence[Policy] = ()

    async def plan(self, verb: Verb, resource: Resource, namespace: str, name: str, params: Params, now: float) -> Plan:
        """See `ActionPath.plan`."""
        rules = VERBS[verb]
        if words := inapplicable(verb, resource.kind):
            raise Refusal(words)
        namespace = namespace if resource.namespaced else ""
        label = f"{resource.kind.lower()}/{name}"
        try:
            live = await self.cluster.get(resource, namespace, name)
        except NotFoundError as error:
            if not error.reason:  # of an object it is the server's Status that says so
                raise Refusal(resource.missing(), Obstacle.ABSENT) from error
            place = f" in namespace {namespace}" if resource.namespaced else ""
            raise Refusal(f"there is no {label}{place}", Obstacle.ABSENT) from error
        if live["metadata"].get("deletionTimestamp") and not rules.of_ending:
            raise Refusal(f"{label} is being deleted", Obstacle.ENDING)
        view = View(self.cluster, resource, namespace, name, live, now)
        draft, budgets, held_up = await asyncio.gather(
            rules.draft(view, params), self._budgets(view), self._held_up(rules, view)
        )
        permission = await self._permission(view, draft.request)
        preview = await self._preview(view, draft, permission)
        status = rollout_status(resource.kind, live) if resource.kind in ROLLING_KINDS else None
        ruling = self.ruling(verb, resource.kind, namespace, name, now)
        return Plan(
            action=_action(rules, view, draft, preview.answer),
            title=f"{called(verb, resource.kind).capitalize()} {label}{_where(view)} (context {self.cluster.context})",
            effect=draft.effect,
            diff=changes(rules.shown(live), rules.shown(preview.answer)) if preview.answer else (),
            warnings=(
                *ruling.warnings,
                *draft.warnings,
                *held_up,
                *(cautions.managers(live) if _of_the_spec(draft.request) else ()),
                *(cautions.rollout_in_progress(status) if status else ()),
                *budgets,
                *permission.doubts,
                *preview.doubts,
            ),
            problems=((READ_ONLY,) if self.read_only else ()) + ruling.deny + permission.problems,
            protected=self.protected or ruling.confirm,
            needs_reason=self.protected or ruling.reason,
            request=draft.request,
            basis=rules.basis(live),
            expected=_expected(rules, draft, preview.answer),
            known_failure=status.since if status and status.state is RolloutState.FAILED else "",
        )

    def ruling(self, verb: Verb, kind: str, namespace: str, name: str, now: float) -> Ruling:
        """What the policies say of an action here, at `now`."""
        context = self.cluster.context
        return judge(
            self.policies, context=context, namespace=namespace, kind=kind, name=name, verb=verb.value, now=now
        )

    async def _budgets(self, view: View) -> tuple[str, ...]:
        template = view.live["spec"].get("template") if view.resource.kind in ROLLING_KINDS else None
        return await cautions.exhausted_budgets(self.cluster, view.namespace, template) if template else ()

    async def _held_up(self, rules: VerbRules, view: View) -> tuple[str, ...]:
        if view.resource.kind != "StatefulSet" or not isinstance(rules, Rolling):
            return ()
        return await cautions.held_up(self.cluster, view.live)

    async def _permission(self, view: View, request: Request) -> _Permission:
        for verb, resource, subresource in sending.rights(view.resource, request):
            name = view.name if resource is view.resource else ""
            try:
                answer = await self.cluster.may(verb, resource, view.namespace, name, subresource)
            except ClusterError as error:
                return _Permission(doubts=(f"could not ask for permission beforehand: {error.message}",))
            if not answer.allowed:
                return _Permission(problems=(denied(verb, resource, subresource, view.namespace, answer.reason),))
        return _Permission()

    async def _preview(self, view: View, draft: Draft, permission: _Permission) -> _Preview:
        if permission.problems:  # the server would refuse the dry run for the same reason
            return _Preview()
        if isinstance(draft.request, ExecRequest):
            return _Preview(doubts=(NO_PREVIEW,))
        try:
            answer = await sending.send(self.cluster, view.resource, draft.request, view.live, dry_run=True)
        except ClusterError as error:
            if (met := sending.obstacle(error, draft.request)) is not None:
                why = "may not be evicted now" if met is Obstacle.BUDGET else "is being deleted with its namespace"
                raise Refusal(f"{view.label} {why}: {error.message}", met) from error
            # Under an admission webhook with side effects a server refuses every dry run, not the change.
            if error.status != 400 or "dry run" not in error.message:
                raise
            return _Preview(doubts=(f"the server cannot preview this: {error.message}",))
        return _Preview(answer)


class _Permission(Frozen):
    problems: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


class _Preview(Frozen):
    answer: Mapping[str, Any] | None = None
    doubts: tuple[str, ...] = ()


def _action(rules: VerbRules, view: View, draft: Draft, preview: Mapping[str, Any] | None) -> Action:
    meta = view.live["metadata"]
    target = Target(
        view.cluster.context,
        view.namespace,
        view.resource.kind,
        view.name,
        meta["uid"],
        meta["resourceVersion"],
    )
    after = rules.state(preview) if preview else {}
    return Action(
        rules.verb,
        target,
        draft.params,
        {**rules.state(view.live), **draft.before},
        {**after, **draft.after},
    )


def _expected(rules: VerbRules, draft: Draft, answer: Mapping[str, Any] | None) -> Any:
    """What a patch should leave; for all else only whether the server has tried it."""
    if answer is None:
        return None
    return rules.basis(answer) if isinstance(draft.request, PatchRequest) else True


def _of_the_spec(request: Request) -> bool:
    """Whether it changes what somebody may keep elsewhere: a status is nobody's but the controller's."""
    return isinstance(request, PatchRequest) and request.subresource != "status"


def _where(view: View) -> str:
    return f" in {view.namespace}" if view.resource.namespaced else ""
