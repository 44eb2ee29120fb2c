"""One action without a screen: the same plan, guards, journal and verdict."""

from __future__ import annotations

import shlex

import click

from aurora_tui.actions import ActionPath, Refusal
from aurora_tui.commands.target import read_target
from aurora_tui.desk import action_path
from aurora_tui.model.actions import (
    Evidence,
    Obstacle,
    Outcome,
    Params,
    Plan,
    Progress,
    Record,
    Remedy,
    Rollout,
    Verb,
    Verdict,
)
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.series import SeriesPlan
from aurora_tui.model.text import printable
from aurora_tui.recovery import settle_unfinished
from aurora_tui.session import Session
from aurora_tui.sli import slo_probe

DONE, FAILED, UNKNOWN = 0, 1, 2


async def act(
    session: Session,
    verb: Verb,
    what: str,
    params: Params,
    *,
    yes: bool,
    confirm: str | None,
    reason: str | None,
    dry_run: bool,
    wait: bool,
) -> int:
    """Plan, ask, carry out, follow. 0 done and verified, 1 refused or failed, 2 uncertain or not recovered."""
    resource, name = read_target(what)
    path = action_path(session)
    await settle(path)
    while True:
        try:
            plan = await path.plan(verb, resource, session.namespace or session.home, name, params)
        except Refusal as error:
            return refused(error)
        show(plan)
        answer = consent(plan, session.context, yes=yes, confirm=confirm, reason=reason, dry_run=dry_run)
        if not isinstance(answer, Answer):
            return answer
        record = await path.execute(plan, confirmed_context=answer.context, reason=answer.reason)
        tell(record)
        if record.obstacle is not Obstacle.CHANGED or yes or confirm is not None:
            break
        params = plan.action.params  # what was previewed, not what would be chosen anew
    if record.outcome in (Outcome.REFUSED, Outcome.FAILED):
        return FAILED
    if not wait:
        return DONE if record.outcome is Outcome.DONE else UNKNOWN
    return await _follow(session, path, record)


def refused(error: Refusal) -> int:
    """Say why an action makes no sense; the exit status for it."""
    click.echo(f"aurora-tui: not done: {printable(error.words)}", err=True)
    return FAILED


def tell(record: Record, *, err: bool = False) -> None:
    """What became of an action, in one line; `err` keeps it off the output, which is somebody else's."""
    number = f" (journal entry {record.entry})" if record.entry is not None else ""
    click.echo(
        f"{record.outcome.value}: {printable(record.message)}{number}", err=err or record.outcome is not Outcome.DONE
    )


async def settle(path: ActionPath) -> None:
    """Before anything new: what became of actions that were cut off, a line each."""
    for entry in await settle_unfinished(path):
        line = f"journal entry {entry.id}, {entry.action.verb.value} {entry.action.target}: {entry.outcome.value}"
        click.echo(printable(f"{line}: {entry.message}"), err=True)


def show(plan: Plan, *, err: bool = False) -> None:
    """A plan as it is asked about."""
    target = plan.action.target
    click.echo(printable(f"{plan.title} · context {target.context} · namespace {target.namespace}"), err=err)
    click.echo(printable(plan.effect), err=err)
    for line in plan.diff:
        click.echo(f"  {printable(str(line))}", err=err)
    for words in plan.warnings:
        click.echo(f"! {printable(words)}", err=err)
    for words in plan.problems:
        click.echo(f"aurora-tui: cannot be done: {printable(words)}", err=True)


class Answer(Frozen):
    """What was typed to confirm; None where it was not asked for or not given."""

    context: str | None
    reason: str | None


def consent(
    plan: Plan | SeriesPlan,
    context: str,
    *,
    yes: bool,
    confirm: str | None,
    reason: str | None,
    dry_run: bool,
    err: bool = False,
) -> Answer | int:
    """What was typed to confirm a plan that is shown, or the exit status where it is not carried out."""
    if dry_run:
        click.echo("dry run: nothing was changed", err=err)
        return FAILED if plan.problems else DONE
    if plan.problems:
        return FAILED
    answer = ask(plan, context, yes=yes, confirm=confirm, reason=reason, err=err)
    if answer.context is None and plan.protected:
        click.echo("aurora-tui: not confirmed: nothing was changed", err=True)
        return FAILED
    return answer


def ask(
    plan: Plan | SeriesPlan, context: str, *, yes: bool, confirm: str | None, reason: str | None, err: bool = False
) -> Answer:
    """The context's name and the reason, typed where the plan asks for them; without a name yes or no."""
    if plan.protected:
        if confirm is None and not yes:
            words = f"protected: type the context's name ({context})"
            confirm = click.prompt(words, default="", show_default=False, err=err)
        if confirm != context:
            return Answer(confirm or None, reason)
    elif not yes and not click.confirm("do it?", default=False, err=err):
        raise click.Abort
    if plan.needs_reason and not reason and not yes:
        reason = click.prompt("reason (kept in the journal)", default="", show_default=False, err=err)
    return Answer(confirm, reason)


async def _follow(session: Session, path: ActionPath, record: Record) -> int:
    told: set[str] = set()
    last = ""
    verdict: Verdict | None = None
    async for step in path.verify(record, await slo_probe(session, record.action)):
        match step:
            case Progress():
                text = f"{step.phase.value}: {printable(step.text)}"
                if text != last:
                    click.echo(f"[{step.seconds:4.0f}s] {text}")
                last = text
                if step.pod is not None and step.pod.trouble:
                    _once(told, f"! {step.pod}")
            case Remedy():
                _once(told, f"! {step.text}:\n    {_command(step)}")
            case Evidence():
                for line in step.lines():
                    click.echo(f"  {printable(line)}")
            case Verdict():
                verdict = step
    if verdict is None:
        return UNKNOWN
    click.echo(printable(verdict.text))
    if verdict.rollout is Rollout.FAILED:
        return FAILED
    return DONE if verdict.good else UNKNOWN


def _once(told: set[str], words: str) -> None:
    """Print what holds for many looks when it is first seen."""
    if words not in told:
        told.add(words)
        click.echo("\n".join(printable(line) for line in words.split("\n")))


def _command(remedy: Remedy) -> str:
    """What to type for a remedy, in another terminal while this one goes on following."""
    target = remedy.target
    what = f"{target.kind.lower()}/{target.name}"
    return shlex.join(
        ["aurora-tui", remedy.verb.value, what, "--context", target.context, "--namespace", target.namespace]
    )
