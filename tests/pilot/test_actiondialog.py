"""The dialog of an action: what it shows, what it asks for, and what can never happen by accident."""

from __future__ import annotations

from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot

from aurora_tui.model.actions import (
    Action,
    Evidence,
    Outcome,
    PatchRequest,
    Phase,
    Plan,
    PodNote,
    Progress,
    Record,
    Recovery,
    Remedy,
    Rollout,
    Target,
    Verb,
    Verdict,
)
from aurora_tui.model.diffs import DiffLine
from tests.pilot.screen import text
from widgets.actiondialog import ActionDialog


def plan(**changed: Any) -> Plan:
    target = Target("prod", "aurora", "Deployment", "aurora-backend", "u-1", "77")
    given: dict[str, Any] = {
        "action": Action(Verb.UNDO, target, {}, {}, {}),
        "title": "Undo deployment/aurora-backend in aurora (context prod)",
        "effect": "rolls deployment/aurora-backend back from revision 3 to revision 2",
        "diff": (
            DiffLine("-", "spec.template.spec.containers[backend].image", "aurora/backend:2.4.1"),
            DiffLine("+", "spec.template.spec.containers[backend].image", "aurora/backend:2.4.0"),
        ),
        "warnings": ("a rollout is in progress: 2 of 3 new pods are available",),
        "problems": (),
        "protected": True,
        "needs_reason": changed.get("protected", True),
        "request": PatchRequest("application/json-patch+json", []),
        "basis": None,
        "expected": None,
    }
    return Plan(**{**given, **changed})


class Host(App[None]):
    def __init__(self, *, protected: bool = True) -> None:
        super().__init__()
        self.dialog = ActionDialog("undo deployment/aurora-backend", "prod", protected=protected)
        self.confirmed: list[tuple[str | None, str | None]] = []
        self.remedies: list[Remedy] = []

    def on_mount(self) -> None:
        self.push_screen(self.dialog)

    def on_action_dialog_confirmed(self, message: ActionDialog.Confirmed) -> None:
        self.confirmed.append((message.context, message.reason))

    def on_action_dialog_remedy_wanted(self, message: ActionDialog.RemedyWanted) -> None:
        self.remedies.append(message.remedy)

    @property
    def open(self) -> bool:
        return self.dialog in self.screen_stack


async def typed(pilot: Pilot[None], words: str) -> None:
    await pilot.press(*("space" if letter == " " else letter for letter in words), "enter")


@pytest.mark.parametrize("size", [(160, 48), (120, 36), (80, 24)])
async def test_the_preview_names_object_effect_and_every_changed_field(size: tuple[int, int]) -> None:
    app = Host()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        app.dialog.show_plan(plan())
        await pilot.pause()
        seen = text(app)
        assert "rolls deployment/aurora-backend back from revision 3 to revision 2" in seen
        assert "context prod · namespace aurora · deployment/aurora-backend" in seen
        assert "- spec.template.spec.containers[backend].image: aurora/backend:2.4.1" in seen
        assert "+ spec.template.spec.containers[backend].image: aurora/backend:2.4.0" in seen
        assert "! a rollout is in progress: 2 of 3 new pods are available" in seen
        assert "type the context's name (prod)" in seen


async def test_before_the_preview_has_come_nothing_can_be_confirmed() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await pilot.pause()
        assert "asking the server for a preview" in text(app)
        await typed(pilot, "prod")
        await typed(pilot, "OPS-1")
        assert app.confirmed == []
        await pilot.pause()
        assert "read the preview first, then press Enter again" in text(app)
        app.dialog.show_plan(plan())
        await pilot.press("enter")
        await pilot.pause()
        assert app.confirmed == [("prod", "OPS-1")]


async def test_protected_asks_for_the_contexts_name_and_a_reason() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await pilot.pause()
        app.dialog.show_plan(plan())
        await typed(pilot, "staging")
        assert "type the context's name" in text(app) or "staging" in text(app)
        assert app.confirmed == []
        await pilot.press(*["backspace"] * 7)
        await typed(pilot, "prod")
        await pilot.press("enter")
        await pilot.pause()
        assert "reason: a ticket, or why" in text(app)
        assert app.confirmed == []
        await typed(pilot, "OPS 1")
        await pilot.pause()
        assert app.confirmed == [("prod", "OPS 1")]


async def test_the_default_of_an_unprotected_dialog_is_cancel() -> None:
    app = Host(protected=False)
    async with app.run_test() as pilot:
        await pilot.pause()
        app.dialog.show_plan(plan(protected=False))
        await pilot.press("enter")
        await pilot.pause()
        assert app.confirmed == []
        assert not app.open


async def test_an_unprotected_action_needs_the_other_button() -> None:
    app = Host(protected=False)
    async with app.run_test() as pilot:
        await pilot.pause()
        app.dialog.show_plan(plan(protected=False))
        await pilot.press("right", "enter")
        await pilot.pause()
        assert app.confirmed == [(None, None)]  # nobody typed the name


async def test_a_policy_asks_for_the_name_where_nothing_is_protected_and_no_button_gets_around_it() -> None:
    app = Host(protected=False)
    async with app.run_test() as pilot:
        await pilot.pause()
        assert "type the context's name" not in text(app)
        words = "policy shared asks for the context's name"
        app.dialog.show_plan(plan(protected=True, needs_reason=False, warnings=(words,)))
        await pilot.pause()
        assert f"! {words}" in text(app)
        assert "policy: type the context's name (prod) and press Enter" in text(app)
        assert "Do it" not in text(app)
        await pilot.press("right", "enter", "tab", "tab", "enter")
        await typed(pilot, "staging")
        assert app.confirmed == [] and app.open
        await pilot.press(*["backspace"] * 7)
        await typed(pilot, "prod")
        await pilot.pause()
        assert app.confirmed == [("prod", None)]


async def test_a_policy_asks_for_a_reason_alone() -> None:
    app = Host(protected=False)
    async with app.run_test() as pilot:
        await pilot.pause()
        app.dialog.show_plan(plan(protected=False, needs_reason=True))
        await pilot.pause()
        assert "reason: a ticket, or why" in text(app)
        assert "type the context's name" not in text(app)
        await pilot.press("enter")
        await typed(pilot, "  ")
        assert app.confirmed == [] and app.open
        await typed(pilot, "OPS 1")
        await pilot.pause()
        assert app.confirmed == [(None, "OPS 1")]


async def test_a_policy_asks_for_the_name_and_then_a_reason_in_one_burst_of_keys() -> None:
    app = Host(protected=False)
    async with app.run_test() as pilot:
        await pilot.pause()
        app.dialog.show_plan(plan(protected=True, needs_reason=True))
        await pilot.press(*"prod", "enter", *"OPS-1", "enter")
        await pilot.pause()
        assert app.confirmed == [("prod", "OPS-1")]


async def test_an_enter_meant_for_cancel_confirms_nothing_when_a_policys_field_takes_its_place() -> None:
    app = Host(protected=False)
    async with app.run_test() as pilot:
        await pilot.pause()
        app.dialog.show_plan(plan(protected=False, needs_reason=True))
        await pilot.press("enter", "escape")
        await pilot.pause()
        assert app.confirmed == [] and not app.open


async def test_escape_leaves_without_doing_anything() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await pilot.pause()
        app.dialog.show_plan(plan())
        await pilot.press("p", "escape")
        await pilot.pause()
        assert app.confirmed == []
        assert not app.open


async def test_what_cannot_be_done_says_why_and_takes_no_confirmation() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await pilot.pause()
        app.dialog.show_plan(plan(problems=("viewer may not patch deployments in aurora",), diff=()))
        await pilot.pause()
        seen = text(app)
        assert "✘ viewer may not patch deployments in aurora" in seen
        assert "This cannot be done here." in seen
        assert "type the context's name" not in seen
        await pilot.press("enter")
        await pilot.pause()
        assert app.confirmed == []


async def test_a_refused_plan_says_why() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await pilot.pause()
        app.dialog.show_refusal("deployment/aurora-backend is paused: resume it first")
        await pilot.pause()
        assert "Not done: deployment/aurora-backend is paused: resume it first" in text(app)


async def test_outcome_progress_and_verdict_are_followed_in_the_dialog() -> None:
    app = Host()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        app.dialog.show_plan(plan())
        await typed(pilot, "prod")
        await typed(pilot, "OPS-1")
        await pilot.pause()
        assert "sending …" in text(app)
        app.dialog.show_record(Record(7, plan(), Outcome.DONE, "rolled back"))
        app.dialog.show(Progress(Phase.PODS, 1, 2, "1 of 2 pods are of the new revision", 4.0))
        await pilot.pause()
        seen = text(app)
        assert "sending …" not in seen
        assert "done: rolled back" in seen
        assert "████████████░░░░░░░░░░░░ 1 of 2 pods are of the new revision · 4s" in seen
        app.dialog.show(Verdict(Rollout.COMPLETE, 9.0, Recovery.NOT_RECOVERED, 60.0, "the SLI did not recover"))
        await pilot.pause()
        assert "✘ the SLI did not recover" in text(app)
        assert "Close" in text(app)


TROUBLE = PodNote("newest pod web-x2x: ImagePullBackOff, 0/1 ready", "no such image")
REMEDY = Remedy(
    Verb.DELETE, Target("prod", "aurora", "Pod", "web-1", "u-2", "78"), "StatefulSet web waits for web-1 in vain"
)


async def carried_out(app: Host, pilot: Pilot[None]) -> None:
    """Confirm the plan and hear that it was done."""
    await pilot.pause()
    app.dialog.show_plan(plan(protected=False))
    await pilot.press("right", "enter")
    app.dialog.show_record(Record(7, plan(), Outcome.DONE, "rolled back"))
    await pilot.pause()


def look(pod: PodNote | None = None, phase: Phase = Phase.PODS) -> Progress:
    return Progress(phase, 1, 2, "1 of 2 pods are ready", 4.0, pod)


async def test_a_rollout_that_will_not_complete_says_so_while_it_is_followed() -> None:
    app = Host(protected=False)
    async with app.run_test(size=(120, 36)) as pilot:
        await carried_out(app, pilot)
        app.dialog.show(look(PodNote("newest pod web-x2x: Running, 0/1 ready")))
        await pilot.pause()
        assert "newest pod web-x2x: Running, 0/1 ready" in text(app)
        assert "! newest pod" not in text(app), "nothing speaks against it yet"
        app.dialog.show(look(TROUBLE))
        await pilot.pause()
        told = "! newest pod web-x2x: ImagePullBackOff, 0/1 ready: will not complete while this lasts: no such image"
        assert told in text(app)


@pytest.mark.parametrize("size", [(160, 48), (120, 36), (80, 24)])
async def test_the_evidence_is_shown_as_data_and_every_line_of_it_can_be_come_to(size: tuple[int, int]) -> None:
    app = Host(protected=False)
    async with app.run_test(size=size) as pilot:
        await carried_out(app, pilot)
        log = ("[red]x[/] \x1b[2J\u202e", *(f"line {number}" for number in range(1, 10)))
        app.dialog.show(Evidence(("pod web-x2x: Error",), "container main", log, ("pod BackOff (5s ago): it ends",)))
        app.dialog.show(Verdict(Rollout.FAILED, 9.0, Recovery.NOT_ASKED, None, "pods failed: past the deadline"))
        await pilot.pause()
        seen = [text(app)]
        assert "✘ pods failed: past the deadline" in seen[0]
        assert "spec.template" not in seen[0], "what was confirmed has given its place"
        for _ in range(4):
            await pilot.press("down")
            await pilot.pause()
            seen.append(text(app))
        for words in ("pod web-x2x: Error", "[red]x[/] ␛[2J", "line 9", "pod BackOff (5s ago): it ends"):
            assert any(words in each for each in seen), words
        assert all("Close" in each for each in seen)
        await pilot.press(*["up"] * 4)
        await pilot.pause()
        assert text(app) == seen[0]


async def test_a_remedy_has_a_key_only_for_as_long_as_it_would_help() -> None:
    app = Host(protected=False)
    async with app.run_test(size=(120, 36)) as pilot:
        await carried_out(app, pilot)
        app.dialog.show(look(TROUBLE))
        await pilot.press("x")
        assert app.remedies == []
        app.dialog.show(REMEDY)
        await pilot.pause()
        assert "! StatefulSet web waits for web-1 in vain (x: delete pod/web-1)" in text(app)
        await pilot.press("x")
        await pilot.pause()
        assert app.remedies == [REMEDY]
        assert app.open and app.screen is not app.dialog, "it goes on below the dialog of the remedy"
        await pilot.press("escape")

        app.dialog.show(look())
        await pilot.pause()
        assert "delete pod/web-1" not in text(app)
        await pilot.press("x")
        await pilot.pause()
        assert app.remedies == [REMEDY]


async def test_a_remedy_outlasts_the_pods_verdict_while_the_sli_is_read() -> None:
    app = Host(protected=False)
    async with app.run_test(size=(120, 36)) as pilot:
        await carried_out(app, pilot)
        app.dialog.show(look(TROUBLE))
        app.dialog.show(REMEDY)
        app.dialog.show(look(phase=Phase.SLI))
        await pilot.pause()
        assert "(x: delete pod/web-1)" in text(app)


async def test_an_action_that_was_carried_out_can_be_taken_back_from_its_dialog() -> None:
    app = Host()
    async with app.run_test(size=(120, 36)) as pilot:
        wanted: list[bool | None] = []
        app.pop_screen()
        app.push_screen(app.dialog, wanted.append)
        await pilot.pause()
        app.dialog.show_plan(plan())
        await typed(pilot, "prod")
        await typed(pilot, "u")
        await pilot.pause()
        assert app.confirmed == [("prod", "u")], "while something is asked, u is a letter"

        app.dialog.show_record(Record(7, plan(), Outcome.DONE, "rolled back"))
        await pilot.press("u")
        assert app.open, "nothing was offered yet"
        app.dialog.offer_undo("undo deployment/aurora-backend")
        await pilot.pause()
        assert "u takes it back: undo deployment/aurora-backend" in text(app)
        await pilot.press("u")
        await pilot.pause()
        assert (app.open, wanted) == (False, [True])


async def test_text_of_the_cluster_is_shown_as_data() -> None:
    app = Host()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        app.dialog.show_plan(plan(diff=(DiffLine("+", "metadata.annotations[note]", "[red]x[/] \x1b[2J\u202e"),)))
        await pilot.pause()
        assert "+ metadata.annotations[note]: [red]x[/] ␛[2J" in text(app)
