"""Lines of the log that say that a dependency cannot be found or reached."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from aurora_tui.incident.analyzers._common import MOST
from aurora_tui.incident.analyzers._common import said as told_by
from aurora_tui.incident.situation import Situation
from aurora_tui.model.findings import Cause, Evidence, Finding
from aurora_tui.model.loglines import LogLine
from aurora_tui.model.selection import LogSelection, ObjectRef

_UNREACHED = re.compile(
    r"connection (?:to \S+ )?refused|ECONNREFUSED|ECONNRESET|connection reset by peer|no route to host|EHOSTUNREACH"
    r"|ETIMEDOUT|connect(?:ion)? timed out|connection timeout|dial tcp \S+ i/o timeout|could not connect to server"
    r"|connection to server at \S+ failed|no live upstreams|is not accepting connections"
    r"|the database system is (?:shutting down|starting up)|remaining connection slots|too many clients already",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"no such host|ENOTFOUND|EAI_AGAIN|EAI_NONAME|UnknownHostException|could not translate host name"
    r"|Name or service not known|Temporary failure in name resolution|server misbehaving|NXDOMAIN|getaddrinfo",
    re.IGNORECASE,
)
"""What resolvers and connectors of Go, Java, Node, Python, libpq and nginx say."""


def analyze(situation: Situation) -> Iterator[Finding]:
    own = situation.own
    if own is None or situation.onset is None:
        return
    names = {pod.metadata.name for pod in situation.pods_of(own)}
    lines = [line for log in situation.logs if log.pod in names for line in log.lines if _says_so(line.text)]
    begin = situation.onset - situation.limits.edit_before
    lines = [line for line in lines if line.stamp is None or line.stamp >= begin]
    by_aim: dict[ObjectRef | None, list[LogLine]] = {}
    for line in lines:
        by_aim.setdefault(_aim(situation, line.text), []).append(line)
    for aim, said in by_aim.items():
        yield _finding(situation, own, aim, said)


def _finding(situation: Situation, own: ObjectRef, aim: ObjectRef | None, said: list[LogLine]) -> Finding:
    dns = sum(bool(_UNKNOWN.search(line.text)) for line in said)
    how = "its name is not resolved" if dns * 2 > len(said) else "it does not answer"
    words = f"{own} cannot reach {aim or 'something that it needs'}: {how}, {len(said)} lines of its log say so"
    frequent = Counter(told_by(line.text) for line in said)
    first = {told_by(line.text): line for line in reversed(said)}
    told = [
        Evidence(text, LogSelection(own.namespace or "", pod=first[text].origin), first[text].stamp)
        for text, _ in frequent.most_common(MOST)
    ]
    stamps = [line.stamp for line in said if line.stamp is not None]
    onset = min(stamps, default=None)
    weight = 0.65
    if onset is not None and situation.onset is not None and onset < situation.onset - situation.limits.late_by:
        told.append(Evidence("it said so before the onset already", own, onset, against=True))
        weight -= 0.25
    if aim is not None and situation.serves(aim):
        told.append(Evidence(f"all pods of {aim} are ready", aim, against=True))
        weight -= 0.1
    return Finding(Cause.CONNECTION, aim or own, words, tuple(told), weight, onset)


def _says_so(text: str) -> bool:
    return bool(_UNREACHED.search(text) or _UNKNOWN.search(text))


def _aim(situation: Situation, text: str) -> ObjectRef | None:
    """The workload that a line names, of those that the one in hand leans on; the database by its own words."""
    refs = situation.concerned[1:]
    return next((ref for ref in refs if ref.name in text), None)
