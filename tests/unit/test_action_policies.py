"""Policies on the action path: what they refuse and ask for, in every verb, before anything is sent."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from aurora_tui.actions import ActionPath
from aurora_tui.cluster.resources import DEPLOYMENTS
from aurora_tui.commands import act
from aurora_tui.journal import Journal
from aurora_tui.model.actions import Outcome, Plan, Record, Verb
from aurora_tui.model.policies import Freeze, Policy, Span
from tests.unit.fakecluster import Clock, FakeCluster, at_the_terminal
from tests.unit.rolloutobjects import NAME, NAMESPACE
from tests.unit.verbcases import CASES, Case, bad_release

START = 1_700_000_000.0
TO_COME = Freeze(
    Span(datetime.fromtimestamp(START + 60, UTC), datetime.fromtimestamp(START + 3660, UTC)), "the audit is running"
)
IN_FORCE = Freeze(
    Span(datetime.fromtimestamp(START - 60, UTC), datetime.fromtimestamp(START + 60, UTC)), "the audit is running"
)
UNTIL = datetime.fromtimestamp(START + 60, UTC).strftime("%a %Y-%m-%d %H:%M UTC")
every_verb = pytest.mark.parametrize("case", CASES, ids=str)


class Desk:
    """An action path under policies, in a context that nothing else protects, and what became of its cluster."""

    def __init__(self, cluster: FakeCluster, folder: Path, *policies: Policy, protected: bool = False) -> None:
        self.cluster = cluster
        self.journal = Journal(folder / "state")
        self.clock = Clock(START)
        self.path = ActionPath(
            cluster,
            self.journal,
            protected=protected,
            read_only=False,
            policies=policies,
            clock=self.clock,
            sleep=self.clock.sleep,
            terminal=at_the_terminal,
        )

    async def undo(self) -> Plan:
        return await self.path.plan(Verb.UNDO, DEPLOYMENTS, NAMESPACE, NAME, {})

    def is_untouched(self, record: Record) -> bool:
        return record.outcome is Outcome.REFUSED and not self.cluster.written and not self.journal.entries()


@every_verb
async def test_a_denied_action_is_told_by_its_plan_and_never_sent(tmp_path: Path, case: Case) -> None:
    desk = Desk(case.make(), tmp_path, Policy("dba", verbs=(case.verb.value,), deny="page the owners"))
    plan = await case.plan(desk.path)
    assert plan.problems == ("policy dba: page the owners",)

    record = await desk.path.execute(plan, confirmed_context="prod", reason="INC-7")

    assert desk.is_untouched(record)
    assert record.message == "policy dba: page the owners"


@every_verb
async def test_a_freeze_that_began_after_the_preview_refuses(tmp_path: Path, case: Case) -> None:
    desk = Desk(case.make(), tmp_path, Policy("audit", freezes=(TO_COME,)))
    plan = await case.plan(desk.path)
    assert plan.problems == ()
    desk.clock.now += 60

    record = await desk.path.execute(plan, confirmed_context="prod", reason="INC-7")

    assert desk.is_untouched(record)
    assert record.message.startswith("policy audit: change freeze until ")
    assert record.message.endswith(": the audit is running")


@every_verb
async def test_what_no_policy_matches_is_sent_without_a_name_or_a_reason(tmp_path: Path, case: Case) -> None:
    others = tuple(verb.value for verb in Verb if verb is not case.verb)
    desk = Desk(
        case.make(),
        tmp_path,
        Policy("others", verbs=others, deny="no", confirm=True, reason=True),
        Policy("elsewhere", contexts=("staging",), deny="no"),
        Policy("strangers", names=("other-*",), deny="no"),
        Policy("later", freezes=(TO_COME,)),
    )
    plan = await case.plan(desk.path)
    assert (plan.problems, plan.protected, plan.needs_reason) == ((), False, False)

    assert (await desk.path.execute(plan)).outcome is Outcome.DONE


@every_verb
@pytest.mark.parametrize(
    ("context", "reason", "words"),
    [
        (None, "INC-7", "type its name to confirm"),
        ("staging", "INC-7", "type its name to confirm"),
        ("prod", None, "give a reason"),
        ("prod", "  ", "give a reason"),
    ],
)
async def test_a_policy_wants_the_name_and_a_reason_where_nothing_else_protects(
    tmp_path: Path, case: Case, context: str | None, reason: str | None, words: str
) -> None:
    desk = Desk(case.make(), tmp_path, Policy("shared", confirm=True, reason=True))
    plan = await case.plan(desk.path)
    assert (plan.protected, plan.needs_reason) == (True, True)
    assert plan.warnings[0] == "policy shared asks for the context's name and a reason"

    record = await desk.path.execute(plan, confirmed_context=context, reason=reason)

    assert desk.is_untouched(record)
    assert record.message == f"prod is guarded (policy shared asks for the context's name and a reason): {words}"
    assert (await desk.path.execute(plan, confirmed_context="prod", reason="INC-7")).outcome is Outcome.DONE


async def test_a_name_alone_or_a_reason_alone_is_asked_for_alone(tmp_path: Path) -> None:
    name = Desk(bad_release(), tmp_path / "a", Policy("name", confirm=True))
    plan = await name.undo()
    assert (plan.protected, plan.needs_reason) == (True, False)
    assert (await name.path.execute(plan, confirmed_context="prod")).outcome is Outcome.DONE

    reason = Desk(bad_release(), tmp_path / "b", Policy("reason", reason=True))
    plan = await reason.undo()
    assert (plan.protected, plan.needs_reason) == (False, True)
    assert reason.is_untouched(await reason.path.execute(plan, confirmed_context="prod"))
    assert (await reason.path.execute(plan, reason="INC-7")).outcome is Outcome.DONE
    assert reason.journal.entries()[0].reason == "INC-7"


async def test_a_freeze_that_a_reason_lifts_is_a_warning_and_is_kept_in_the_journal(tmp_path: Path) -> None:
    desk = Desk(bad_release(), tmp_path, Policy("audit", freezes=(IN_FORCE,), override=True))
    plan = await desk.undo()
    frozen = f"policy audit: change freeze until {UNTIL}: the audit is running"
    assert plan.problems == ()
    assert (plan.protected, plan.needs_reason) == (False, True)
    assert plan.warnings[:2] == (frozen, "policy audit asks for a reason")
    assert desk.is_untouched(await desk.path.execute(plan))

    assert (await desk.path.execute(plan, reason="INC-7")).outcome is Outcome.DONE
    (entry,) = desk.journal.entries()
    assert entry.preview is not None and frozen in entry.preview.warnings


async def test_a_freeze_that_nobody_has_seen_is_not_overridden_even_with_a_reason(tmp_path: Path) -> None:
    policy = Policy("audit", freezes=(TO_COME,), override=True)
    desk = Desk(bad_release(), tmp_path, policy, protected=True)
    plan = await desk.undo()
    desk.clock.now += 60

    record = await desk.path.execute(plan, confirmed_context="prod", reason="INC-7")

    assert desk.is_untouched(record)
    assert record.message.startswith("since the preview: policy audit: change freeze until")
    again = await desk.undo()
    assert (await desk.path.execute(again, confirmed_context="prod", reason="INC-7")).outcome is Outcome.DONE


async def test_a_freeze_is_over_at_its_end(tmp_path: Path) -> None:
    desk = Desk(bad_release(), tmp_path, Policy("audit", freezes=(IN_FORCE,)))
    assert (await desk.undo()).problems
    desk.clock.now += 60

    assert (await desk.path.execute(await desk.undo())).outcome is Outcome.DONE


async def test_a_policy_takes_nothing_from_a_protected_environment(tmp_path: Path) -> None:
    desk = Desk(bad_release(), tmp_path, Policy("lax", confirm=False, reason=False, cap=5), protected=True)
    plan = await desk.undo()
    assert (plan.protected, plan.needs_reason) == (True, True)
    assert desk.is_untouched(await desk.path.execute(plan, confirmed_context="prod"))
    assert desk.is_untouched(await desk.path.execute(plan, reason="INC-7"))


# --- the command line ---------------------------------------------------------------------------------


class Answers:
    """Somebody at the terminal who answers what is asked, in order; a question too many is a failure."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: str | bool) -> None:
        self.left = list(answers)
        self.asked: list[str] = []
        for name in ("prompt", "confirm"):
            monkeypatch.setattr(f"click.{name}", self._answer)

    def _answer(self, question: str, **_: object) -> str | bool:
        self.asked.append(question)
        return self.left.pop(0)


@pytest.mark.parametrize(
    ("policy", "answers", "asked", "given"),
    [
        (Policy("p", cap=3), [True], ["do it?"], (None, None)),
        (
            Policy("p", confirm=True),
            ["prod"],
            ["protected: type the context's name (prod)"],
            ("prod", None),
        ),
        (Policy("p", reason=True), [True, "INC-7"], ["do it?", "reason (kept in the journal)"], (None, "INC-7")),
        (
            Policy("p", confirm=True, reason=True),
            ["prod", "INC-7"],
            ["protected: type the context's name (prod)", "reason (kept in the journal)"],
            ("prod", "INC-7"),
        ),
        (
            Policy("p", confirm=True, reason=True),
            ["staging"],
            ["protected: type the context's name (prod)"],
            ("staging", None),
        ),
    ],
)
async def test_the_command_line_asks_for_exactly_what_is_needed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    policy: Policy,
    answers: list[str | bool],
    asked: list[str],
    given: tuple[str | None, str | None],
) -> None:
    plan = await Desk(bad_release(), tmp_path, policy).undo()
    operator = Answers(monkeypatch, *answers)

    assert act.ask(plan, "prod", yes=False, confirm=None, reason=None) == act.Answer(*given)
    assert operator.asked == asked


async def test_yes_answers_no_question_that_must_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(bad_release(), tmp_path, Policy("p", confirm=True, reason=True))
    plan = await desk.undo()
    operator = Answers(monkeypatch)

    answer = act.ask(plan, "prod", yes=True, confirm=None, reason=None)

    assert operator.asked == []
    record = await desk.path.execute(plan, confirmed_context=answer.context, reason=answer.reason)
    assert desk.is_untouched(record)
