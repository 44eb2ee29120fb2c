"""What was found of a subject before anybody acted: afterwards its evidence is gone from the cluster."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from aurora_tui.incident.settling import acts
from aurora_tui.incident.situation import Situation
from aurora_tui.model.findings import Finding
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.selection import ObjectRef
from aurora_tui.session import Session


class _Found(Frozen):
    at: float
    findings: tuple[Finding, ...]


_Subjects = dict[tuple[str | None, ObjectRef | None], _Found]
_by_session: WeakKeyDictionary[Session, _Subjects] = WeakKeyDictionary()


def remember(session: Session, situation: Situation, findings: Sequence[Finding]) -> None:
    """Keep what was found, as long as nothing has been done about it."""
    if findings and situation.onset is not None and not acts(situation):
        _by_session.setdefault(session, {})[_key(situation)] = _Found(situation.now, tuple(findings))


def recall(session: Session, situation: Situation) -> tuple[Finding, ...]:
    """What was found of this trouble before something was done; nothing where nothing was done."""
    found = _by_session.get(session, {}).get(_key(situation))
    done = acts(situation)
    if found is None or not done or situation.onset is None or found.at < situation.onset:
        return ()
    return found.findings


def _key(situation: Situation) -> tuple[str | None, ObjectRef | None]:
    return situation.subject.service, situation.own
