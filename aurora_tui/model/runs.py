"""When each revision of a workload ran, as far as the cluster's objects and the journal's own actions tell.

A revision number is one change of the pod template, and the numbers are given in the order of time: a
workload's number N runs from its own change to that of N+1. Nothing is guessed: what no object and no
journal entry tells stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from aurora_tui.model.frozen import Frozen
from aurora_tui.model.revisions import Revision

_EARLIER_NUMBERS = "/revision-history"
"""Ends the annotation in which a ReplicaSet keeps the numbers that it had before its present one."""
_EARLIER_NUMBERS_CUT = 1900
"""The Deployment controller drops the oldest numbers of that annotation beyond 2000 characters."""


class Run(Frozen):
    """One stretch of time in which a revision was the workload's newest; times are seconds since the epoch.

    The pods follow the change: during a rollout those of the run before still serve.
    """

    number: int
    keeper: str
    begin: float | None
    """From when on it certainly ran; None where nothing tells."""
    exact: bool
    """Whether it began at `begin`; otherwise it began earlier."""
    end: float | None
    """When the next one began; None where nothing tells and for the current one."""
    current: bool
    """Whether it is the newest: it has not ended."""
    complete: float | None = None
    """When the rollout to it was complete, no pod of another revision left; None where nothing tells."""
    returned: bool = False
    """Whether its revision is known to have run before: somebody came back to it."""

    def span(self, now: float) -> tuple[float, float] | None:
        """Begin and end of the time in which it certainly ran; None where either is unknown."""
        end = now if self.current else self.end
        if self.begin is None or end is None:
            return None
        return self.begin, max(end, self.begin)  # the clocks of the two may differ

    def undiluted(self, now: float) -> tuple[float, float] | None:
        """The same without the rollout that began it, as far as that is known: old pods served meanwhile."""
        span = self.span(now)
        return span and (min(max(span[0], self.complete or span[0]), span[1]), span[1])


class Restored(Frozen):
    """An undo that the journal knows: at this time this keeper's revision became this number."""

    at: float
    keeper: str
    number: int


def runs(
    workload: Mapping[str, Any], history: Iterable[Revision], restored: Iterable[Restored] = ()
) -> tuple[Run, ...]:
    """The runs of a workload given as raw JSON, oldest first, one for each number that its history knows.

    Sources in the order of trust: when a ReplicaSet or ControllerRevision was made; when a
    ControllerRevision last got its number (its managedFields); the journal's undos; and for the newest
    the Deployment's Progressing condition, which says when its rollout was complete, so that it began
    before. Where pods do not follow the template by themselves (OnDelete, a partition) all is unknown.
    """
    history = tuple(history)
    numbers = {number: each.keeper for each in history for number in _numbers(each) if number > 0}
    staged = _staged(workload)
    begins = {} if staged else _begins(history)
    undone: set[int] = set()
    if not staged:
        for each in restored:
            unknown = each.number not in begins and numbers.get(each.number) == each.keeper
            if unknown and _fits(begins, each.number, each.at):
                begins[each.number] = each.at
                undone.add(each.number)
        for number, keeper, created in _places_of_creations(history, begins):
            numbers[number], begins[number] = keeper, created
    newest = max(numbers, default=0)
    completed = _completed_at(workload, numbers.get(newest, ""))
    earlier: set[str] = set()
    found = []
    for number, keeper in sorted(numbers.items()):
        returned = keeper in earlier or number in undone
        earlier.add(keeper)
        begin, exact = begins.get(number), number in begins
        current = number == newest
        complete = completed if current and completed is not None and _fits(begins, number, completed) else None
        begin = complete if begin is None else begin
        found.append(Run(number, keeper, begin, exact, begins.get(number + 1), current, complete, returned))
    return tuple(found)


def latest(known: Sequence[Run], keeper: str, now: float) -> Run | None:
    """The newest run of a keeper's revision whose times are known, else its newest; None if it never ran."""
    own = [run for run in reversed(known) if run.keeper == keeper]
    return next((run for run in own if run.span(now) is not None), own[0] if own else None)


def left_by_rollback(known: Sequence[Run], keeper: str) -> Run | None:
    """The newest run of a keeper's revision, if one that had run before came next: who ended it went back."""
    last = next((run for run in reversed(known) if run.keeper == keeper), None)
    went_back = last is not None and any(run.returned and run.number == last.number + 1 for run in known)
    return last if went_back else None


def _begins(history: Sequence[Revision]) -> dict[int, float]:
    """The begins that the keepers tell, by number; those that contradict each other are left out."""
    told = {number: time for each in history for number, time in _told(each, history)}
    return {number: time for number, time in told.items() if number > 0 and _fits(told, number, time)}


def _told(revision: Revision, history: Sequence[Revision]) -> Iterable[tuple[int, float]]:
    created = _time(revision.created)
    if revision.patch is None:
        text = _earlier_text(revision)
        if created is not None and len(text) < _EARLIER_NUMBERS_CUT:
            yield _numbers(revision)[0], created
        return
    # A ControllerRevision forgets its earlier number. Only where as many are kept as there were numbers
    # has none been restored; else the time of the last write tells, which gave it its number.
    never_restored = len(history) == history[-1].number
    begin = created if never_restored else _time(revision.numbered)
    if begin is not None:
        yield revision.number, begin


def _places_of_creations(history: Sequence[Revision], begins: Mapping[int, float]) -> list[tuple[int, str, float]]:
    """The numbers that restored ControllerRevisions were made with, their names and when that was.

    Between two neighbouring known begins there are as many changes as numbers are missing: where as many
    ControllerRevisions were made in that time, they are those changes, in their order.
    """
    taken = set(begins.values())
    made = sorted(
        (time, each.keeper)
        for each in history
        if each.patch is not None and (time := _time(each.created)) is not None and time not in taken
    )
    places: list[tuple[int, str, float]] = []
    lower, since = 0, float("-inf")
    for number, begin in sorted(begins.items()):
        missing = range(lower + 1, number)
        between = [(time, keeper) for time, keeper in made if since < time < begin]
        if len(between) == len(missing):
            places += [(place, keeper, time) for place, (time, keeper) in zip(missing, between, strict=True)]
        lower, since = number, begin
    return places


def _fits(begins: Mapping[int, float], number: int, time: float) -> bool:
    """Whether a begin keeps the order: later numbers never began before earlier ones."""
    return all(begin <= time if other < number else begin >= time for other, begin in begins.items() if other != number)


def _numbers(revision: Revision) -> list[int]:
    """All numbers that a keeper is known to have had, in order."""
    earlier = [int(text) for text in _earlier_text(revision).split(",") if text.strip().isdecimal()]
    return sorted({*earlier, revision.number})


def _earlier_text(revision: Revision) -> str:
    return next((text for key, text in revision.annotations.items() if key.endswith(_EARLIER_NUMBERS)), "")


def _completed_at(workload: Mapping[str, Any], keeper: str) -> float | None:
    """When the Deployment's rollout to the keeper was complete.

    The controller sets the condition once, at that time, and names the ReplicaSet in its message
    (pkg/controller/deployment/progress.go); until then it may still speak of the one before.
    """
    for condition in (workload.get("status") or {}).get("conditions") or ():
        if condition["type"] == "Progressing" and condition.get("reason") == "NewReplicaSetAvailable":
            return _time(condition.get("lastUpdateTime")) if f'"{keeper}"' in condition.get("message", "") else None
    return None


def _staged(workload: Mapping[str, Any]) -> bool:
    """Whether pods of several revisions run for as long as somebody wants."""
    strategy = workload["spec"].get("updateStrategy") or {}
    return strategy.get("type") == "OnDelete" or bool((strategy.get("rollingUpdate") or {}).get("partition"))


def _time(text: str | None) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None
