"""Finds out from the cluster what became of actions whose program ended before it could record an outcome."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from aurora_tui.actions import ActionPath
from aurora_tui.cluster.errors import ClusterError, NotFoundError
from aurora_tui.cluster.protocol import Cluster
from aurora_tui.cluster.resources import JOBS, Resource, find
from aurora_tui.journal import Entry, JournalError
from aurora_tui.model import revisions
from aurora_tui.model.actions import Action, Outcome, Verb
from aurora_tui.model.masking import mask
from aurora_tui.verbs import VERBS
from aurora_tui.verbs.undo import ANNOTATIONS, read_history

log = logging.getLogger(__name__)

AFTERWARDS = "found out after the program ended in between"

STILL_YOUNG = 5.0
"""Seconds within which a request of a killed program may still be on its way to the server."""

ELSEWHERE = 900.0
"""Seconds after which an entry of another host or container is taken up: no request lasts so long."""

_HISTORY = frozenset({"revision", "keeper", ANNOTATIONS})
"""What an undo records of what it leaves, beyond the state that the object itself shows."""


async def settle_unfinished(path: ActionPath) -> list[Entry]:
    """Record what became of each action on this context that was cut off; returns those entries, oldest first.

    One that may still be under way, in this program or another, is left alone, and so is one while the cluster
    cannot be asked. Never raises what the cluster or the journal raise: that is logged, and tried again next time.
    """
    settled: list[Entry] = []
    try:
        for entry in reversed(await asyncio.to_thread(path.journal.unfinished)):
            if entry.action.target.context == path.cluster.context and _cut_off(entry, path.clock()):
                found = await _settle(path, entry)
                settled += [found] if found else []
    except JournalError as error:
        log.warning("unfinished actions are not looked after: %s", error)
    return settled


def _cut_off(entry: Entry, now: float) -> bool:
    """Whether the program that was at it has ended, and what it sent has arrived or never will."""
    age = now - entry.started_at
    gone = entry.process.gone() if entry.process else None
    return age > ELSEWHERE if gone is None else gone and age > STILL_YOUNG


async def _settle(path: ActionPath, entry: Entry) -> Entry | None:
    try:
        outcome, words = await _find_out(path.cluster, entry)
    except ClusterError as error:
        log.warning("what became of journal entry %d could not be found out: %s", entry.id, error)
        return None
    message = f"{words} ({AFTERWARDS})"
    first = await asyncio.to_thread(path.journal.settle, entry.id, outcome, message, at=path.clock())
    return await asyncio.to_thread(path.journal.entry, entry.id) if first else None


async def _find_out(cluster: Cluster, entry: Entry) -> tuple[Outcome, str]:
    action = entry.action
    target, rules = action.target, VERBS[action.verb]
    if action.verb is Verb.SHELL:
        return Outcome.UNCERTAIN, f"the program ended before the shell in {target} did: what it began may still run"
    resource = find(target.kind)
    if resource is None:
        return Outcome.UNCERTAIN, f"no kind {target.kind} is known"
    try:
        live = await cluster.get(resource, target.namespace, target.name)
    except NotFoundError:
        return _absent(action, f"{target} no longer exists")
    meta = live["metadata"]
    if meta["uid"] != target.uid:
        return _absent(action, f"{target} has since been replaced by another object of that name")
    if action.verb is Verb.TRIGGER:
        return await _made(cluster, action, moved=meta["resourceVersion"] != target.resource_version)
    if rules.ends:
        if not meta.get("deletionTimestamp"):
            return Outcome.FAILED, f"not carried out: {target} is still there"
        if rules.of_ending:
            return Outcome.UNCERTAIN, f"{target} is ending, as it may have been before"
        return Outcome.DONE, f"{target} is ending"
    return await _changed(cluster, entry, resource, live)


def _absent(action: Action, words: str) -> tuple[Outcome, str]:
    return (Outcome.DONE if VERBS[action.verb].ends else Outcome.UNCERTAIN), words


async def _made(cluster: Cluster, action: Action, *, moved: bool) -> tuple[Outcome, str]:
    """What became of a Job that was to be made from a CronJob, which `moved` if anything was written to it since."""
    name = str(action.params["job"])
    try:
        await cluster.get(JOBS, action.target.namespace, name)
    except NotFoundError:
        if not moved:
            return Outcome.FAILED, f"not carried out: there is no job {name}"
        return Outcome.UNCERTAIN, f"there is no job {name}: not started, or cleaned up since"
    return Outcome.DONE, f"there is job {name}"


async def _changed(cluster: Cluster, entry: Entry, resource: Resource, live: dict[str, Any]) -> tuple[Outcome, str]:
    """What became of a change, from how the object is now."""
    meta, target = live["metadata"], entry.action.target
    unsent = f"not carried out: {target} is as it was before"
    if meta["resourceVersion"] == target.resource_version:
        return Outcome.FAILED, unsent
    was, is_now = await _compare(cluster, entry.action, _tried(entry), resource, live)
    if is_now and not was:
        return Outcome.DONE, f"{target} is as the action was to leave it"
    if was and entry.generation is not None and meta.get("generation") == entry.generation:
        return Outcome.FAILED, unsent  # only the status has moved since
    if was:
        return Outcome.UNCERTAIN, f"{target} is as it was before: not carried out, or taken back since"
    return Outcome.UNCERTAIN, f"{target} has since changed into something else: look at it"


def _tried(entry: Entry) -> bool:
    """Whether the server tried it beforehand, so that what it leads to was recorded whole."""
    return entry.preview is None or not entry.preview.impossible


async def _compare(
    cluster: Cluster, action: Action, tried: bool, resource: Resource, live: dict[str, Any]
) -> tuple[bool, bool]:
    """Whether the object is as before the action, and as after it. Both, where the difference is a secret."""
    state = mask(VERBS[action.verb].state(live))
    before, after = _state(action.before), _state(action.after)
    if not tried:
        after = {**before, **{name: value for name, value in action.params.items() if name in state}}
    was, is_now = state == before, state == after
    if was == is_now and "keeper" in action.after:
        # Which revision it runs tells templates apart whose difference the journal does not hold.
        history = await read_history(cluster, resource, live)
        runs = revisions.live(history, live)
        if runs is not None:
            return runs.keeper == action.before.get("keeper"), runs.keeper == action.after["keeper"]
    return was, is_now


def _state(recorded: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in recorded.items() if name not in _HISTORY}
