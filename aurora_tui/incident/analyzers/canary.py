"""A canary that does worse than what it is to replace: a Rollout under way, or a second Deployment of a Service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from aurora_tui.incident.analyzers._common import traced_latency
from aurora_tui.incident.situation import Object, Situation
from aurora_tui.model import kube
from aurora_tui.model.ages import stamp
from aurora_tui.model.argo import HASH_LABEL
from aurora_tui.model.findings import Cause, Evidence, Finding
from aurora_tui.model.pod_trouble import is_ready
from aurora_tui.model.raw import section
from aurora_tui.model.selection import ObjectRef

_SLOWER = 2.0
"""How many times as slow as the others it must be to be told by its latency."""


def analyze(situation: Situation) -> Iterator[Finding]:
    own = situation.own
    if own is None or not situation.in_trouble:
        return
    if own.kind == "Rollout":
        yield from _rollout(situation, own)
        return
    for other in _beside(situation, own):
        canary, stable = sorted((own, other), key=lambda ref: (situation.desired(ref) or 0, ref.name != own.name))
        mine, theirs = situation.pods_of(canary), situation.pods_of(stable)
        if mine and theirs and _newer(mine, theirs):
            found = _compared(situation, canary, mine, theirs, f"{canary} beside {stable}")
            if found is not None:
                yield found


def under_way(rollout: Object) -> tuple[str, str] | None:
    """The hashes of the new and of the stable version while an update is under way; None while none is."""
    status = section(rollout, "status")
    new, stable = status.get("currentPodHash"), status.get("stableRS")
    return None if not new or not stable or new == stable or status.get("abort") else (str(new), str(stable))


def _rollout(situation: Situation, ref: ObjectRef) -> Iterator[Finding]:
    hashes = under_way(situation.raw(ref) or {})
    if hashes is None:
        return
    mine, theirs = (
        [pod for pod in situation.pods_of(ref) if (pod.metadata.labels or {}).get(HASH_LABEL) == each]
        for each in hashes
    )  # fmt: skip
    if not mine or not theirs:
        return
    found = _compared(situation, ref, mine, theirs, f"{ref}: the new version")
    better = _better(situation, ref, mine, theirs)
    yield from (each for each in (found, better) if each is not None)


def _better(
    situation: Situation, ref: ObjectRef, mine: Sequence[kube.Pod], theirs: Sequence[kube.Pod]
) -> Finding | None:
    """The other way round: the new version serves, and what it is to replace does not."""
    fails, failed = _mean(situation.figures.errors, mine), _mean(situation.figures.errors, theirs)
    worse = situation.limits.worse_by
    if fails is None or failed is None or fails >= worse or failed - fails < worse or not all(map(is_ready, mine)):
        return None
    told = Evidence(
        f"the pods of the stable version fail {failed:.1%} of their requests, the new ones {fails:.1%}", ref
    )
    return Finding(Cause.STABLE, ref, f"{ref}: the stable version does worse than the new one", (told,), 0.85)


def _beside(situation: Situation, own: ObjectRef) -> Iterator[ObjectRef]:
    """Other Deployments whose pods a Service of ours selects as well."""
    item = situation.raw(own)
    for service in situation.listed.get("Service", ()):
        for other in situation.listed.get("Deployment", ()):
            name = other["metadata"]["name"]
            if item is not None and name != own.name and _selects(service, item) and _selects(service, other):
                yield ObjectRef("Deployment", own.namespace, name)


def _selects(service: Object, workload: Object) -> bool:
    selector, labels = section(service, "spec", "selector"), section(workload, "spec", "template", "metadata", "labels")
    return bool(selector) and selector.items() <= labels.items()


def _newer(mine: Sequence[kube.Pod], theirs: Sequence[kube.Pod]) -> bool:
    return min(map(_born, mine)) > min(map(_born, theirs))


def _born(pod: kube.Pod) -> float:
    return stamp(pod.metadata.creation_timestamp) or 0.0


def _compared(
    situation: Situation, ref: ObjectRef, mine: Sequence[kube.Pod], theirs: Sequence[kube.Pod], what: str
) -> Finding | None:
    figures = situation.figures
    told: list[Evidence] = []
    weight = 0.6
    fails, failed = _mean(figures.errors, mine), _mean(figures.errors, theirs)
    if fails is not None and failed is not None:
        worse = fails - failed >= situation.limits.worse_by
        told.append(
            Evidence(f"its pods fail {fails:.1%} of their requests, the others {failed:.1%}", ref, against=not worse)
        )
        weight += 0.25 if worse else -0.1
    # Metrics that do not tell pods apart leave the traces, in which each span names its pod.
    latency, by = (figures.latency, "") if figures.latency else (traced_latency(situation), ", by the traces")
    slow, usual = _mean(latency, mine), _mean(latency, theirs)
    if slow is not None and usual is not None:
        slower = slow >= _SLOWER * usual
        words = f"its pods answer in {slow * 1000:.0f} ms, the others in {usual * 1000:.0f} ms{by}"
        told.append(Evidence(words, ref, against=not slower))
        weight += 0.25 if slower else -0.1
    if all(each.against for each in told):
        return None
    began = min(map(_born, mine))
    gap = situation.gap(began)
    if gap is not None and -situation.limits.late_by <= gap <= situation.limits.release_before:
        told.append(Evidence("it began shortly before the onset", ref, began))
        weight += 0.1
    return Finding(Cause.CANARY, ref, f"{what} does worse", tuple(told), min(weight, 0.98), began)


def _mean(figures: Mapping[str, float], pods: Sequence[kube.Pod]) -> float | None:
    known = [figures[pod.metadata.name] for pod in pods if pod.metadata.name in figures]
    return sum(known) / len(known) if known else None
