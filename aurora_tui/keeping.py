"""Keeps acknowledged alerts acknowledged while the operator is here: their silences are prolonged before they end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from aurora_tui.actions import ActionPath
from aurora_tui.cluster.errors import ClusterError
from aurora_tui.model.actions import Obstacle, Outcome, Params, Record, Verb
from aurora_tui.model.matchers import seconds_of
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.series import Step
from aurora_tui.model.stamps import rfc3339
from aurora_tui.series import plan_step, undo_step
from aurora_tui.verbs.base import Refusal
from aurora_tui.verbs.silence import ACKNOWLEDGED

HERE = 900.0
"""Seconds after the last key for which the operator counts as here."""
EARLY = 180.0
"""Seconds before its end at which an acknowledgement is prolonged: time to try again, and to be told."""
RETRY = 30.0
KEPT: Params = {"kept": "while the operator is here"}
"""What marks a silence as an acknowledgement."""
_WHY = "acknowledgement prolonged: the operator is here"


@dataclass(slots=True)
class _Kept:
    """One acknowledgement and with what it was confirmed."""

    ref: ObjectRef
    until: str
    matchers: str
    comment: str
    context: str | None
    reason: str
    next_try: float = 0.0
    told: str = ""


class Keeper:
    """Prolongs by the action path, each time with a plan, the journal and a verdict of its own.

    What was confirmed once for an acknowledgement holds for its prolongations: in a protected environment the
    context's name, and the reason. One ends with its alert, when somebody expires it, when it may no longer be
    prolonged, and where nobody has pressed a key for `HERE` seconds. `say` tells the operator.
    """

    def __init__(self, path: ActionPath, say: Callable[[str], None]) -> None:
        self._path = path
        self._say = say
        self._kept: dict[str, _Kept] = {}
        self._busy = False
        path.told = self.note

    @property
    def kept(self) -> frozenset[str]:
        """The fingerprints of the alerts that are kept acknowledged."""
        return frozenset(self._kept)

    def note(self, record: Record, context: str | None, reason: str) -> None:
        """Something was carried out: an acknowledgement begins, goes on, or ends by an expiry."""
        action = record.action
        uid, params = action.target.uid, action.params
        if record.outcome is not Outcome.DONE:
            return
        if action.verb is Verb.UNSILENCE:
            self._kept.pop(uid, None)
        elif action.verb is Verb.SILENCE and "kept" in params:
            known = self._kept.get(uid)
            given = (known.context, known.reason) if known and "prolongs" in params else (context, reason)
            until, matchers, comment = (str(params.get(name, "")) for name in ("until", "matchers", "comment"))
            self._kept[uid] = _Kept(action.target.ref, until, matchers, comment, *given)

    def is_due(self, now: float) -> bool:
        """Whether `prolong` has something to do."""
        return not self._busy and any(self._wanted(each, now) for each in self._kept.values())

    async def prolong(self, now: float, last_key: float) -> list[tuple[Step, Step]]:
        """Prolong what is about to end; the answer names what took each back until now, and what does from now on."""
        self._busy = True
        try:
            due = [uid for uid, kept in self._kept.items() if self._wanted(kept, now)]
            moved = [await self._see_to(uid, now, last_key) for uid in due]
        finally:
            self._busy = False
        return [each for each in moved if each is not None]

    def _wanted(self, kept: _Kept, now: float) -> bool:
        return now >= max(_seconds(kept.until) - EARLY, kept.next_try)

    async def _see_to(self, uid: str, now: float, last_key: float) -> tuple[Step, Step] | None:
        kept = self._kept[uid]
        if now >= _seconds(kept.until):
            self._end(uid, f"ended at {kept.until}{f': {kept.told}' if kept.told else ''}")
            return None
        if now - last_key > HERE:
            kept.told = f"no key was pressed for {HERE / 60:.0f} minutes"
            kept.next_try = now + 1.0  # a key may yet come before it ends
            return None
        before = _undo_of(kept)
        try:
            record = await self._carry_out(kept, now)
        except Refusal as error:
            self._end(uid, "ended: the alert is over" if error.obstacle is Obstacle.ABSENT else f"ends: {error.words}")
            return None
        except ClusterError as error:
            self._later(kept, now, error.message)
            return None
        if record.outcome is not Outcome.DONE:
            if record.outcome is Outcome.REFUSED and record.obstacle is None:
                self._end(uid, f"ends at {kept.until}: {record.message}")
            else:
                self._later(kept, now, record.message)
            return None
        async for _ in self._path.verify(record):
            pass
        after = undo_step(record)
        return (before, after) if after is not None else None

    async def _carry_out(self, kept: _Kept, now: float) -> Record:
        params: Params = {
            **KEPT,
            "prolongs": kept.until,
            "until": rfc3339(ceil(now) + seconds_of(ACKNOWLEDGED)),
            "matchers": kept.matchers,
            "comment": kept.comment,
        }
        plan = await plan_step(self._path, Step(Verb.SILENCE, kept.ref, params))
        reason = f"{kept.reason} ({_WHY})" if kept.reason else _WHY
        return await self._path.execute(plan, confirmed_context=kept.context, reason=reason)

    def _later(self, kept: _Kept, now: float, words: str) -> None:
        kept.next_try = now + RETRY
        if words != kept.told:
            kept.told = words
            self._say(f"the acknowledgement of {kept.ref} could not be prolonged, it ends at {kept.until}: {words}")

    def _end(self, uid: str, words: str) -> None:
        kept = self._kept.pop(uid)
        self._say(f"the acknowledgement of {kept.ref} {words}")


def _undo_of(kept: _Kept) -> Step:
    """What takes an acknowledgement back as it is now."""
    return Step(Verb.UNSILENCE, kept.ref, {"ending": kept.until, "matchers": kept.matchers})


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
