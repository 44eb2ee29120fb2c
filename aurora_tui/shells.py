"""Opens a shell that was confirmed and recorded, hands it to the operator's terminal, and says how it ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aurora_tui.cluster.errors import (
    AnswerLostError,
    ClusterError,
    ForbiddenError,
    NotFoundError,
    ReadOnlyError,
    UnauthorizedError,
)
from aurora_tui.cluster.protocol import Cluster, RemoteTerminal
from aurora_tui.cluster.resources import PODS
from aurora_tui.model.actions import ExecRequest, Outcome, Plan, Target
from aurora_tui.model.ages import human_duration
from aurora_tui.model.terminals import Ended
from aurora_tui.model.text import printable
from aurora_tui.verbs.shell import verdict

LocalTerminal = Callable[[RemoteTerminal, Plan, ExecRequest], Awaitable[Ended]]
"""The operator's terminal: gives itself to a process until that has ended, and says how."""
_STILL = "what it began may still run"


async def open_shell(
    cluster: Cluster, plan: Plan, request: ExecRequest, terminal: LocalTerminal, clock: Callable[[], float]
) -> tuple[Outcome, str]:
    """Carry a shell out; never raises `ClusterError`. Neither what is typed nor what is printed is kept."""
    target = plan.action.target
    opened = False
    try:
        async with cluster.exec(
            target.namespace, target.name, container=request.container, command=request.command, tty=request.tty
        ) as remote:
            opened, began = True, clock()
            if not await _is_the_one(cluster, target):
                return Outcome.UNCERTAIN, f"{target} was replaced while it was opened, and left at once; {_STILL}"
            ended = await terminal(remote, plan, request)
            lasted = human_duration(clock() - began)
    except ClusterError as error:
        if opened or isinstance(error, AnswerLostError):
            return Outcome.UNCERTAIN, f"{error.message}; {_STILL}"
        refused = isinstance(error, ForbiddenError | UnauthorizedError | ReadOnlyError)
        return (Outcome.REFUSED if refused else Outcome.FAILED), error.message
    words = verdict(request, ended, namespace=target.namespace, pod=target.name)
    if ended.lost:
        return Outcome.UNCERTAIN, f"after {lasted}: {words}; {_STILL}"
    if ended.code is None:
        return Outcome.FAILED, words
    return Outcome.DONE, f"{words} after {lasted}"


async def _is_the_one(cluster: Cluster, target: Target) -> bool:
    """Whether what was opened is the pod that was confirmed: the API takes no uid along."""
    try:
        live = await cluster.get(PODS, target.namespace, target.name)
    except NotFoundError:
        return False
    return bool(live["metadata"]["uid"] == target.uid)


def greeting(plan: Plan, request: ExecRequest) -> str:
    """Where the shell is that begins here, and how to leave it, in one line."""
    target = plan.action.target
    where = printable(f"{target.context} {target.namespace}/{target.name} {request.container}")
    guard = "PROTECTED " if plan.protected else ""
    return f"── {guard}shell in {where} · exit or Ctrl+D leaves it, Enter ~ . cuts it off ──"


def parting(ended: Ended) -> str:
    """How it ended, in one line."""
    words = printable(ended.words) if ended.code is None else f"exit code {ended.code}"
    return f"── {words}: back to aurora-tui ──"
