"""A certificate that has ended: by the log, by cert-manager, or by what is probed. No Secret is looked into."""

from __future__ import annotations

import re
from collections.abc import Iterator

from aurora_tui.incident.analyzers._common import MOST, said
from aurora_tui.incident.expiries import is_near, whose
from aurora_tui.incident.situation import Situation
from aurora_tui.model.ages import human_duration
from aurora_tui.model.findings import Cause, Evidence, Finding
from aurora_tui.model.pod_trouble import phrase
from aurora_tui.model.raw import moment, section, sections
from aurora_tui.model.selection import LogSelection, ObjectRef
from aurora_tui.model.stamps import rfc3339

_EXPIRED = re.compile(
    r"certificate (?:has |is )?expired|certificate has expired or is not yet valid|CERT_HAS_EXPIRED"
    r"|CertificateExpiredException|NotAfter: |certificate_expired|ssl certificate problem: certificate has expired"
    r"|alert certificate expired",
    re.IGNORECASE,
)
"""What Go, Node, Java, OpenSSL and curl say."""


def analyze(situation: Situation) -> Iterator[Finding]:
    told = [*_issued(situation), *_measured(situation)]
    complaints = _complaints(situation)
    if not told and not (complaints and situation.in_trouble):
        return
    ref = next((each.ref for each in told if isinstance(each.ref, ObjectRef)), None) or _subject(situation)
    ended = [each.at for each in told if each.at is not None]
    weight = 0.9 if told and complaints else 0.75 if told else 0.7
    words = f"{ref}: {told[0].words}" if told else f"{_subject(situation)} meets a certificate that has expired"
    evidence = [*told[:MOST], *complaints]
    if told and not complaints and situation.logs:
        evidence.append(Evidence("no line of the log that was read complains of it", against=True))
        weight -= 0.15
    gap = situation.gap(max(ended)) if ended else None
    if gap is not None and gap > situation.limits.look_back:
        evidence.append(Evidence(f"it ended {human_duration(gap)} before the onset already", against=True))
        weight -= 0.3
    onset = max(ended, default=None) or min((each.at for each in complaints if each.at is not None), default=None)
    yield Finding(Cause.CERTIFICATE, ref, words, tuple(evidence), weight, onset)


def _subject(situation: Situation) -> ObjectRef:
    return situation.own or ObjectRef("Namespace", None, situation.subject.namespace)


def _issued(situation: Situation) -> Iterator[Evidence]:
    """Certificates of cert-manager that have ended: ``status.notAfter``, and the condition Ready that says why."""
    for item in situation.listed.get("Certificate", ()):
        meta, status = item["metadata"], section(item, "status")
        ref = ObjectRef("Certificate", meta.get("namespace"), meta["name"])
        ends = moment(status.get("notAfter"))
        if ends is None or ends.timestamp() > situation.now:
            continue
        if situation.owner(ref) is None and not is_near(situation, ends.timestamp()):
            continue  # nothing in hand reads it
        ready = next((each for each in sections(status, "conditions") if each.get("type") == "Ready"), {})
        why = f": {ready.get('message')}" if ready.get("status") == "False" and ready.get("message") else ""
        yield Evidence(phrase(f"ended at {rfc3339(ends.timestamp())}{why}"), ref, ends.timestamp())


def _measured(situation: Situation) -> Iterator[Evidence]:
    known = {item["metadata"]["name"] for item in situation.listed.get("Certificate", ())}
    for name, ends in situation.figures.expiries.items():
        ref = whose(situation, name)
        if ends <= situation.now and name not in known and (ref or is_near(situation, ends)):
            yield Evidence(f"the certificate of {name} ended at {rfc3339(ends)}", ref, ends)


def _complaints(situation: Situation) -> list[Evidence]:
    """The first lines that complain of it, each once, of the pods in hand."""
    found: dict[str, Evidence] = {}
    own = situation.own
    names = {pod.metadata.name for pod in situation.pods_of(own)} if own is not None else set()
    for log in situation.logs:
        for line in log.lines:
            recent = line.stamp is None or situation.now - line.stamp <= situation.limits.recent
            if log.pod in names and recent and _EXPIRED.search(line.text):
                lead = LogSelection(own.namespace or "" if own else "", pod=log.pod)
                text = said(line.text)
                found.setdefault(text[-80:], Evidence(text, lead, line.stamp))
    return list(found.values())[:MOST]
