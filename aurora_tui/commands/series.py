"""A series without a screen: the list of what will be done, one confirmation, then a line for every step."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping

import click

from aurora_tui.actions import ActionPath
from aurora_tui.commands.act import DONE, FAILED, UNKNOWN, Answer, consent, refused, settle
from aurora_tui.desk import action_path
from aurora_tui.model.series import FINISHED, Ended, SeriesPlan, Stage, Way
from aurora_tui.model.text import listed, printable
from aurora_tui.series import Maker, Series
from aurora_tui.session import Session
from aurora_tui.sli import slo_probe
from aurora_tui.verbs.base import Refusal
from aurora_tui.verbs.undo import ANNOTATIONS

NAMED = 12
"""How many objects one line names; each has had its own line before."""


async def act_in_series(
    session: Session,
    make: Callable[[ActionPath, str], Maker],
    *,
    yes: bool,
    confirm: str | None,
    reason: str | None,
    dry_run: bool,
    wait: bool = True,
    go_on: bool = False,
    whole: bool = False,
) -> int:
    """Plan, list, ask, carry out. 0 all done, 1 refused or failed, 2 stopped before its end.

    `make` gets the namespace as well. `whole`: what is left out was asked for, and so is a failure.
    """
    if not wait:
        raise click.UsageError("several actions in one cannot be left to themselves: leave --no-wait out")
    path = action_path(session)
    await settle(path)
    maker = make(path, session.namespace or session.home)
    try:
        plan = await maker.plan()
    except Refusal as error:
        return refused(error)
    _show(plan, session.context)
    answer = consent(plan, session.context, yes=yes, confirm=confirm, reason=reason, dry_run=dry_run)
    missed = plan.left_out if whole else ()
    if not isinstance(answer, Answer):
        return answer or (FAILED if missed else DONE)
    series = Series(path, maker, plan, lambda action: slo_probe(session, action))
    way = Way.TOGETHER if go_on else plan.way
    code = await _carry_out(series, plan, way, answer.context, answer.reason)
    for left in missed:
        click.echo(printable(f"aurora-tui: left as it is: {left.ref}: {left.why}"), err=True)
    return code or (FAILED if missed else DONE)


async def _carry_out(series: Series, plan: SeriesPlan, way: Way, context: str | None, reason: str | None) -> int:
    def interrupted() -> None:
        click.echo("stopping: nothing new is begun", err=True)
        series.stop()
        asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)  # the next one ends the program

    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupted)
    said: dict[int, tuple[Stage, str]] = {}
    async for moved in series.run(way, context=context, reason=reason):
        if isinstance(moved, Ended):
            click.echo(printable(moved.text))
            for step in moved.undo:
                values = " ".join(f"{name}={value}" for name, value in step.params.items() if name != ANNOTATIONS)
                click.echo(printable(f"to take it back: {step.verb.value} {step.ref} {values}".rstrip()))
            return _status(moved, plan, said)
        if said.get(moved.index) != (moved.stage, moved.text):
            said[moved.index] = (moved.stage, moved.text)
            item = plan.items[moved.index]
            ended = sum(stage in FINISHED for stage, _ in said.values())
            label = f"[{ended}/{len(plan.items)}] {item.step.verb.value} {item.step.ref}: {moved.stage}"
            click.echo(printable(f"{label}: {moved.text}" if moved.text else label))
    return UNKNOWN


def _status(ended: Ended, plan: SeriesPlan, said: Mapping[int, tuple[Stage, str]]) -> int:
    """The exit status; what was not done is told on the error stream, for whoever reads nothing else."""
    left: dict[str, list[str]] = {}
    failed = False
    for index, (stage, text) in sorted(said.items()):
        step = plan.items[index].step
        if stage is Stage.FAILED:
            failed = True
            click.echo(printable(f"aurora-tui: {stage}: {step.verb.value} {step.ref}: {text}"), err=True)
        elif stage is Stage.LEFT:
            left.setdefault(text, []).append(str(step.ref))
    for why, names in left.items():
        click.echo(printable(f"aurora-tui: {Stage.LEFT}: {listed(names, NAMED)}: {why}"), err=True)
    if ended.good:
        return DONE
    return UNKNOWN if left and not failed else FAILED


def _show(plan: SeriesPlan, context: str) -> None:
    click.echo(printable(f"{plan.title} · context {context}"))
    click.echo(printable(plan.effect))
    for item in plan.items:
        place = f" in {item.step.ref.namespace}" if item.step.ref.namespace else ""
        click.echo(printable(f"  {item.step.verb.value} {item.step.ref}{place}: {item.words}"))
        for line in item.plan.diff if item.plan else ():
            click.echo(f"      {printable(str(line))}")
        for words in item.warnings:
            click.echo(printable(f"    ! {words}"))
    for left in plan.left_out:
        click.echo(printable(f"  left as it is: {left.ref}: {left.why}"))
    for words in plan.warnings:
        click.echo(printable(f"! {words}"))
    for words in plan.problems:
        click.echo(f"aurora-tui: cannot be done: {printable(words)}", err=True)
