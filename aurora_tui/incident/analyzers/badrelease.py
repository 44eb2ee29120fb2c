"""A rollout shortly before the onset, of the workload in hand or of one that it leans on."""

from __future__ import annotations

from collections.abc import Iterator

from aurora_tui.incident.analyzers._common import MOST, said
from aurora_tui.incident.goingback import releases, taken_back
from aurora_tui.incident.situation import Situation
from aurora_tui.model import kube
from aurora_tui.model.ages import stamp
from aurora_tui.model.argo import HASH_LABEL
from aurora_tui.model.changes import Change, distance_words
from aurora_tui.model.findings import Cause, Evidence, Finding
from aurora_tui.model.pod_trouble import is_ready
from aurora_tui.model.selection import LogSelection, ObjectRef
from aurora_tui.model.templates import Templates

_RESTART = "template.metadata.annotations"
_HASHES = ("pod-template-hash", HASH_LABEL)


def analyze(situation: Situation) -> Iterator[Finding]:
    if not situation.in_trouble:
        return
    for ref in situation.concerned:
        newest = next(reversed(releases(situation, ref)), None)
        if newest is None or not _changes_something(newest) or taken_back(situation, ref):
            continue  # what somebody does against a fault is not its cause
        onset = situation.onset_after(newest.at, situation.limits.release_before)
        if onset is not None and _concerns(situation, ref):
            yield _finding(situation, ref, newest, onset)


def _changes_something(rollout: Change) -> bool:
    """Whether it is more than a restart, and there was a revision before to compare with."""
    return any(not line.path.startswith(_RESTART) for line in rollout.diff)


def _concerns(situation: Situation, ref: ObjectRef) -> bool:
    """Whether it is of the workload in hand, or of one that does badly itself."""
    service = situation.service_of(ref)
    return ref == situation.own or not situation.serves(ref) or bool(situation.ails(service.name if service else None))


def _finding(situation: Situation, ref: ObjectRef, rollout: Change, onset: float) -> Finding:
    place = distance_words(rollout, onset)
    when = place if place == "at the onset" else f"{place} the onset"
    near = max(0.0, 1 - abs(onset - rollout.at) / situation.limits.release_before)
    weight = 0.6 + 0.15 * near
    told = [Evidence(f"{rollout.words}, {when}", ref, rollout.at, diff=rollout.diff)]
    for each, worth in (*_shares(situation, ref), *_new_errors(situation, ref, rollout.at), *_health(situation, ref)):
        told.append(each)
        weight += worth
    words = f"{ref}: {rollout.words}, rolled out {when}"
    return Finding(Cause.BAD_RELEASE, ref, words, tuple(told), min(max(weight, 0.05), 0.98), rollout.at)


def _shares(situation: Situation, ref: ObjectRef) -> Iterator[tuple[Evidence, float]]:
    """How the new pods do against the old ones, where both serve and the metrics tell them apart."""
    pods = situation.pods_of(ref)
    newest = _hash(max(pods, key=_born)) if pods else None
    shares = situation.figures.errors
    new = [shares[pod.metadata.name] for pod in pods if _hash(pod) == newest and pod.metadata.name in shares]
    old = [shares[pod.metadata.name] for pod in pods if _hash(pod) != newest and pod.metadata.name in shares]
    if not new or not old or newest is None:
        return
    now, before = sum(new) / len(new), sum(old) / len(old)
    told = f"new pods fail {now:.1%} of their requests, old ones {before:.1%}"
    if now - before >= situation.limits.worse_by:
        yield Evidence(told, ref), 0.2
    elif before >= situation.limits.worse_by:
        yield Evidence(told, ref, against=True), -0.3


def _hash(pod: kube.Pod) -> str | None:
    labels = pod.metadata.labels or {}
    return next((labels[each] for each in _HASHES if each in labels), None)


def _new_errors(situation: Situation, ref: ObjectRef, since: float) -> Iterator[tuple[Evidence, float]]:
    """Errors of a kind that the log had not before it was released at `since`."""
    templates = Templates()
    templates.add(situation.lines_of(ref))
    found = [
        each
        for each in templates.ranked(since)
        if each.level is not None and each.level.is_error and each.is_new(since)
    ]
    worth = 0.1
    told = "new in its log" if templates.tells_new(since) else "in its log since"
    for each in found[:MOST]:
        lead = LogSelection(ref.namespace or "", workload=(ref.kind, ref.name))
        often = f"{each.count:,} of {templates.lines:,} lines read"
        yield Evidence(f"{told}, {often}: {said(each.example)}", lead, each.first), worth
        worth = 0.0


def _health(situation: Situation, ref: ObjectRef) -> Iterator[tuple[Evidence, float]]:
    """Whether the new pods get ready; and whether something else, that it leans on, does badly."""
    pods = situation.pods_of(ref)
    broken = [pod for pod in pods if not is_ready(pod)]
    if broken and situation.now - max(_born(pod) for pod in broken) > situation.limits.unready_for:
        yield Evidence(f"{len(broken)} of its {len(pods)} pods do not get ready", ref), 0.1
    for other in situation.concerned:
        if other != ref and other != situation.own and not situation.ready(other) and situation.desired(other):
            yield Evidence(f"{other} has no ready pod", other, against=True), -0.3


def _born(pod: kube.Pod) -> float:
    return stamp(pod.metadata.creation_timestamp) or 0.0
