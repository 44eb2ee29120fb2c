"""When certificates end: those that have of late as changes, those that will soon as something to see to."""

from __future__ import annotations

from collections.abc import Iterator

from aurora_tui.incident.situation import Situation
from aurora_tui.model.ages import human_duration
from aurora_tui.model.changes import Change, ChangeKind
from aurora_tui.model.columns import Cell, Tone
from aurora_tui.model.raw import moment, section
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.stamps import rfc3339
from aurora_tui.model.triage import TriageRow

KIND = "Certificate"


def whose(situation: Situation, probed: str) -> ObjectRef | None:
    """The workload in hand, or one that it leans on, that a probed address names."""
    return next((ref for ref in situation.concerned if ref.name in probed), None)


def is_near(situation: Situation, ended: float) -> bool:
    """Whether one that ended then may be what the trouble began with."""
    return situation.in_trouble and situation.onset_after(ended, situation.limits.release_before) is not None


def ended(situation: Situation) -> Iterator[Change]:
    """The ends that a probe met, in the time that is looked at: what cert-manager issues tells its own."""
    begin = (situation.onset if situation.onset is not None else situation.now) - situation.limits.look_back
    for name, ends in situation.figures.expiries.items():
        ref = whose(situation, name)
        if begin <= ends <= situation.now and name not in _issued(situation) and (ref or is_near(situation, ends)):
            about = ref or ObjectRef(KIND, None, name)
            yield Change(ends, ChangeKind.CERTIFICATE, about, f"the certificate of {name} ended", own=ref is not None)


def ending(situation: Situation) -> Iterator[TriageRow]:
    """Those of the services in hand that end soon, the first to end first."""
    known = {name: ends for name, ends in situation.figures.expiries.items() if whose(situation, name)}
    for name, ends in _issued(situation).items():
        if situation.owner(ObjectRef(KIND, situation.subject.namespace, name)) is not None:
            known[name] = ends
    for name, ends in sorted(known.items(), key=lambda each: each[1]):
        left = ends - situation.now
        if 0 < left <= situation.limits.expires_soon:
            words = f"ends in {human_duration(left)}, at {rfc3339(ends)}"
            yield TriageRow(f"where/ends/{name}", (Cell(f"certificate of {name}", Tone.ACCENT), Cell(words, Tone.WARN)))


def _issued(situation: Situation) -> dict[str, float]:
    """Certificates of cert-manager and when they end (``status.notAfter``)."""
    told = {
        str(item["metadata"]["name"]): moment(section(item, "status").get("notAfter"))
        for item in situation.listed.get(KIND, ())
    }
    return {name: ends.timestamp() for name, ends in told.items() if ends is not None}
