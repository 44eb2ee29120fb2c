"""Whatever was done, in whatever order and whatever went wrong: taking it back in reverse restores every object."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from aurora_tui.actions import ActionPath, Refusal, undo_of
from aurora_tui.bulk import Bulk
from aurora_tui.canary import Canary
from aurora_tui.cluster.kubeconfig import choose
from aurora_tui.cluster.protocol import MERGE_PATCH, STRATEGIC_PATCH
from aurora_tui.cluster.resources import Resource, find
from aurora_tui.draining import Drain
from aurora_tui.journal import Journal
from aurora_tui.model.actions import Outcome, Verb
from aurora_tui.model.revisions import REVISION_ANNOTATION
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.series import Ended, Step, Way
from aurora_tui.sandbox.kube.manifests import CHANGE_CAUSE, NODE_NAMES
from aurora_tui.series import Maker, Series, plan_step, undo_step
from aurora_tui.verbs import VERBS
from aurora_tui.verbs.restart import RESTARTED_AT
from tests.unit.fakecluster import Clock, at_the_terminal
from tests.unit.kubesandbox import Kube, serving
from tests.unit.undomoves import (
    ELSEWHERE,
    FINAL,
    MOVES,
    NAMES,
    NAMESPACE,
    RELEASED,
    RELEASES,
    UNDOABLE,
    UNSERVED,
    Emptied,
    Many,
    Mishap,
    Move,
    Share,
    Single,
    manifests,
    step,
)
from tests.unit.unsteady import Unsteady
from tests.unit.verbcases import CASES, Case

Specs = Mapping[tuple[str, str], Any]
CONTEXT, REASON = "prod", "told by the tests"


class World:
    """A protected sandbox with objects of every kind; `undo` holds what takes back the moves that were done."""

    def __init__(self, kube: Kube, cluster: Unsteady, journal: Journal) -> None:
        self.kube = kube
        self.cluster = cluster
        self.path = ActionPath(
            cluster, journal, protected=True, read_only=False, clock=kube.sandbox.now, sleep=self._sleep
        )
        self.undo: list[tuple[Move, Specs, Sequence[Step]]] = []

    async def _sleep(self, seconds: float) -> None:
        self.kube.pass_time(max(seconds, 30.0))

    async def make(self) -> None:
        """Make the objects, and roll the workloads through their releases."""
        for manifest in manifests():
            await self.cluster.create(resource(manifest["kind"]), NAMESPACE, manifest)
        patch = self.cluster.patch
        for release in RELEASES:
            containers = [{"name": "main", "image": release}]
            body = {
                "metadata": {"annotations": {CHANGE_CAUSE: f"release {release}"}},
                "spec": {"template": {"spec": {"containers": containers}}},
            }
            for kind, name in RELEASED:
                await patch(resource(kind), NAMESPACE, name, body, content_type=STRATEGIC_PATCH)
            self.kube.pass_time(20)
        cordoned = {"spec": {"unschedulable": True}}
        await patch(resource("Node"), None, NODE_NAMES[1], cordoned, content_type=MERGE_PATCH)

    async def specs(self) -> Specs:
        """All that the actions may have changed, without what counts or dates the changes."""
        return {
            (kind, name): _lasting(await self.cluster.get(resource(kind), NAMESPACE, name))
            for kind, names in NAMES.items()
            for name in names
        }

    async def move(self, move: Move) -> None:
        before = await self.specs()
        if isinstance(move, Single):
            undo = await self._act(move)
        else:
            undo = await self._act_in_series(self._maker(move), move.way if isinstance(move, Many) else None)
        if undo:
            self.undo.append((move, before, undo))
        else:
            assert await self.specs() == before, f"nothing takes back {move}, and it changed something"

    async def take_back_all(self) -> None:
        while self.undo:
            move, before, undo = self.undo.pop()
            if len(undo) == 1:
                await self._take_back(move, undo[0])
            else:
                # All at once: a rollout that was stuck before, and is so again, must not keep the rest back.
                await self._act_in_series(Bulk(self.path, undo, "take it back"), Way.TOGETHER)
            assert await self.specs() == before, f"{move} is not taken back by {undo}"
            self.kube.pass_time(20)

    async def _take_back(self, move: Move, undo: Step) -> None:
        try:
            plan = await plan_step(self.path, undo)
        except Refusal as error:
            # Guarded as any switch is: nobody is sent back to pods that a canary has stopped since, but by hand.
            assert undo.verb is Verb.SWITCH, f"{move} is not taken back: {error.words}"
            assert "no ready pod matches" in error.words
            body = {"spec": {"selector": undo.params}}
            ref = undo.ref
            await self.cluster.patch(resource(ref.kind), ref.namespace, ref.name, body, content_type=MERGE_PATCH)
            return
        record = await self.path.execute(plan, confirmed_context=CONTEXT, reason=REASON)
        assert record.outcome is Outcome.DONE, f"{move} is not taken back: {record.message}"

    async def _act(self, move: Single) -> Sequence[Step]:
        try:
            plan = await plan_step(self.path, move.step)
        except Refusal:
            return ()
        self.cluster.mishap = move.mishap
        confirmed = None if move.mishap is Mishap.UNCONFIRMED else CONTEXT
        record = await self.path.execute(plan, confirmed_context=confirmed, reason=REASON)
        self.cluster.mishap = Mishap.NONE
        if move.mishap is Mishap.TWICE:
            again = await self.path.execute(plan, confirmed_context=CONTEXT, reason=REASON)
            assert again.outcome is Outcome.REFUSED
        self.kube.pass_time(move.wait)
        if record.entry is not None:
            entry = self.path.journal.entry(record.entry)
            assert entry is not None
            assert undo_of(entry) == undo_of(record), "the journal would take it back otherwise"
        found = undo_step(record)
        return (found,) if found else ()

    def _maker(self, move: Many | Share | Emptied) -> Maker:
        match move:
            case Many():
                return Bulk(self.path, move.steps, "many")
            case Share():
                return Canary(self.path, ObjectRef("Deployment", NAMESPACE, "green"), move.percent, total=4)
            case Emptied():
                return Drain(self.path, ObjectRef("Node", None, NODE_NAMES[0]))

    async def _act_in_series(self, maker: Maker, way: Way | None) -> Sequence[Step]:
        try:
            plan = await maker.plan()
        except Refusal:
            return ()
        if plan.problems:
            return ()
        series = Series(self.path, maker, plan, _no_probe)
        async for moved in series.run(way or plan.way, context=CONTEXT, reason=REASON):
            if isinstance(moved, Ended):
                return moved.undo
        raise AssertionError("it never ended")


async def _no_probe(_: object) -> None:
    """No service is in question."""


def resource(kind: str) -> Resource:
    found = find(kind)
    assert found is not None
    return found


def _lasting(item: dict[str, Any]) -> Any:
    item = copy.deepcopy(item)
    meta = item["metadata"]
    kept = {part: item[part] for part in ("spec", "data") if part in item}
    if template := (kept.get("spec") or {}).get("template"):
        template["metadata"]["annotations"] = _without(template["metadata"], RESTARTED_AT)
    annotations = _without(meta, REVISION_ANNOTATION)
    return {"labels": meta.get("labels"), "annotations": annotations, **kept}


def _without(meta: Mapping[str, Any], annotation: str) -> dict[str, str]:
    return {name: value for name, value in (meta.get("annotations") or {}).items() if name != annotation}


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    async with serving() as kube:
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(kube.sandbox.kubeconfig(CONTEXT))
        cluster = Unsteady(choose(None, str(kubeconfig)))
        await cluster.connect()
        journal = Journal(folder / "state")
        try:
            made = World(kube, cluster, journal)
            await made.make()
            yield made
        finally:
            journal.close()
            await cluster.close()


HOW = "tests/unit/undomoves.py says what the sequences try"


def test_every_verb_and_every_kind_takes_part() -> None:
    missing = VERBS.keys() - UNDOABLE.keys() - FINAL.keys() - ELSEWHERE.keys()
    assert not missing, f"{HOW}: put {', '.join(missing)} into UNDOABLE, or into FINAL with the reason"
    kinds = {kind for verb in UNDOABLE for kind in VERBS[verb].kinds} - NAMES.keys() - UNSERVED
    assert not kinds, f"{HOW}: give it a {', '.join(kinds)} in NAMES and in manifests()"


@pytest.mark.parametrize("case", [case for case in CASES if case.verb in FINAL], ids=str)
async def test_what_is_said_to_be_final_has_no_inverse(case: Case, tmp_path: Path) -> None:
    clock = Clock()
    path = ActionPath(
        case.make(), Journal(tmp_path), protected=False, read_only=False, clock=clock, sleep=clock.sleep,
        terminal=at_the_terminal,
    )  # fmt: skip
    record = await path.execute(await case.plan(path))
    assert record.outcome is Outcome.DONE
    assert undo_of(record) is None, f"{HOW}: {case.verb} can be taken back now, and belongs in UNDOABLE"


async def test_every_verb_is_really_done_and_taken_back(tmp_path: Path) -> None:
    async with world(tmp_path) as made:
        start = await made.specs()
        for verb, tried in UNDOABLE.items():
            assert tried.sure.verb is verb
            before = await made.specs()
            await made.move(Single(tried.sure))
            assert await made.specs() != before, f"{HOW}: {tried.sure} was not done"
        assert len(made.undo) == len(UNDOABLE)

        await made.take_back_all()

        assert await made.specs() == start
        assert made.path.journal.verify().intact


# A failure names the move and what was to take it back; to shorten the sequence as well would take minutes.
@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(moves=MOVES)
async def test_taking_everything_back_in_reverse_restores_every_object(
    moves: list[Move], tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with world(tmp_path_factory.mktemp("world")) as made:
        start = await made.specs()
        for move in moves:
            await made.move(move)

        await made.take_back_all()

        assert await made.specs() == start
        assert made.path.journal.verify().intact


async def test_the_undo_of_an_undo_brings_back_the_annotations_that_another_release_took(tmp_path: Path) -> None:
    """The Deployment's controller writes its annotations to the revision that is taken up again, over those there."""
    async with world(tmp_path) as made:
        cause = (await made.specs())["Deployment", "blue"]["annotations"]
        assert cause == {CHANGE_CAUSE: "release shop:3"}
        await made.move(Single(step(Verb.UNDO, "Deployment", "blue")))
        await made.move(Single(step(Verb.IMAGE, "Deployment", "blue", main="shop:3")))

        await made.take_back_all()

        assert (await made.specs())["Deployment", "blue"]["annotations"] == cause


async def test_a_switch_is_not_taken_back_to_pods_that_are_gone_but_is_once_they_are_there(tmp_path: Path) -> None:
    async with world(tmp_path) as made:
        await made.move(Single(step(Verb.SWITCH, "Service", "shop", color="green")))
        [(_, _, [back])] = made.undo
        await made.move(Single(step(Verb.SCALE, "Deployment", "blue", replicas=0)))

        with pytest.raises(Refusal, match="no ready pod matches color=blue"):
            await plan_step(made.path, back)

        await made.take_back_all()
