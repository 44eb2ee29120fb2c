"""Whether what was done is done to what an incident is about, and whether its verdict says that it has mended it."""

from __future__ import annotations

from collections.abc import Iterable

from aurora_tui.journal import Entry
from aurora_tui.model.actions import Outcome, Recovery, Target, Verb
from aurora_tui.model.definitions import Service, leaning
from aurora_tui.model.incidents import Incident

RESTARTING = frozenset({Verb.RESTART, Verb.UNDO, Verb.DELETE, Verb.KILL, Verb.EVICT, Verb.IMAGE, Verb.ABORT})
HIDING = frozenset({Verb.SILENCE, Verb.UNSILENCE, Verb.SHELL})
"""What mends nothing, whatever comes of it."""
_MENDING = RESTARTING | {Verb.SCALE, Verb.BOUNDS, Verb.FLAG, Verb.SWITCH, Verb.PROMOTE, Verb.PROMOTE_FULL}


def touches(incident: Incident, target: Target, services: Iterable[Service]) -> bool:
    """Whether it is done to the incident's workload, to one that it leans on, or to what is named after them.

    Where nobody knows what the incident is about, to anything in its namespace.
    """
    if incident.namespace and target.namespace != incident.namespace:
        return False
    names = {each.rpartition("/")[2] for each in _own(incident, services)}
    return not names or any(f"{target.name}-".startswith(f"{name}-") for name in names)


def may_mend(incident: Incident, entry: Entry, services: Iterable[Service]) -> bool:
    """Whether it was done to help the incident's users: to anything near it but what only another service runs on."""
    target = entry.action.target
    done = entry.outcome in (Outcome.DONE, Outcome.UNCERTAIN) and entry.action.verb not in HIDING
    return done and target.namespace in (incident.namespace, "") and not _of_others(incident, target, services)


def mended(incident: Incident, entry: Entry, services: Iterable[Service]) -> bool:
    """Whether the verdict says that the incident's users are served well again, or where that was not asked, its pods.

    What is silenced, looked at or done elsewhere ends as it should, and mends nothing; and that the users of
    another service are served well says nothing of these.
    """
    verdict, action, known = entry.verdict, entry.action, tuple(services)
    if verdict is None or not verdict.good or action.verb in HIDING:
        return False
    if verdict.sli is Recovery.RECOVERED:
        return not _of_others(incident, action.target, known)
    return action.verb in _MENDING and touches(incident, action.target, known)


def _of_others(incident: Incident, target: Target, services: Iterable[Service]) -> bool:
    """Whether only another service runs on it; nobody can tell where nobody knows what the incident is about."""
    known = tuple(services)
    own = _own(incident, known)
    return bool(own) and str(target) in {workload for each in known for workload in each.workloads} - own


def _own(incident: Incident, services: Iterable[Service]) -> set[str]:
    """The workloads that the incident is about, as the settings write them."""
    known = tuple(services)
    names = {incident.service, *leaning(known, incident.service)}
    found = {workload for each in known if each.name in names for workload in each.workloads}
    return found | ({str(incident.ref)} if incident.ref is not None else set())
