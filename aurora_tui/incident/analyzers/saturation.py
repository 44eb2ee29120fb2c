"""A workload that cannot do more: CPU or memory at the limit, throttled, autoscaler at its end, too few replicas."""

from __future__ import annotations

import math
from collections.abc import Iterator

from aurora_tui.incident.situation import Situation
from aurora_tui.model.findings import Cause, Evidence, Finding
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.raw import section, sections
from aurora_tui.model.selection import ObjectRef

CONNECTIONS = "connections"
"""The hint that only connections are short."""


class Autoscaler(Frozen):
    """The one that scales a workload: its bounds and what it sees; shares of the request in percent."""

    ref: ObjectRef
    least: int
    most: int
    current: int
    wanted: int
    over: tuple[str, ...]
    """The metrics that are above their target, in words."""

    @property
    def at_the_end(self) -> bool:
        """Whether it would give more and may not."""
        return self.current >= self.most and bool(self.over)


def analyze(situation: Situation) -> Iterator[Finding]:
    if not situation.in_trouble:
        return
    for ref in situation.concerned:
        told = [*_replicas(situation, ref), *_autoscaled(situation, ref), *_loads(situation, ref)]
        pools = [*_pools(situation, ref)]
        full = [each for each in told if not each.against]
        speaks = [*full, *pools]
        if speaks:
            weight = 0.6 + 0.1 * min(len(speaks) - 1, 3)
            words = f"{ref} cannot do more: {speaks[0].words}"
            # Replicas that wait for connections are not helped by more of them.
            hints = room_for(situation, ref) if full else {CONNECTIONS: 1}
            yield Finding(Cause.SATURATION, ref, words, (*told, *pools), weight, None, hints)


def autoscaler_of(situation: Situation, ref: ObjectRef) -> Autoscaler | None:
    for item in situation.listed.get("HorizontalPodAutoscaler", ()):
        aim = section(item, "spec", "scaleTargetRef")
        if (aim.get("kind"), aim.get("name")) != (ref.kind, ref.name):
            continue
        spec, status = section(item, "spec"), section(item, "status")
        targets = {
            str(section(each, "resource").get("name")): section(each, "resource", "target").get("averageUtilization")
            for each in sections(spec, "metrics")
        }
        over = []
        for each in sections(status, "currentMetrics"):
            name = str(section(each, "resource").get("name"))
            use, target = section(each, "resource", "current").get("averageUtilization"), targets.get(name)
            if isinstance(use, int) and isinstance(target, int) and use > target:
                over.append(f"{name} {use}% of the request, target {target}%")
        meta = item["metadata"]
        return Autoscaler(
            ObjectRef("HorizontalPodAutoscaler", meta.get("namespace"), meta["name"]),
            int(spec.get("minReplicas") or 1),
            int(spec.get("maxReplicas") or 1),
            int(status.get("currentReplicas") or 0),
            int(status.get("desiredReplicas") or 0),
            tuple(over),
        )
    return None


def _replicas(situation: Situation, ref: ObjectRef) -> Iterator[Evidence]:
    service, wanted = situation.service_of(ref), situation.desired(ref)
    if service is None or service.capacity is None or wanted is None:
        return
    least = service.capacity.min_replicas
    if wanted < least:
        yield Evidence(f"it has {wanted} replicas, the handbook asks for at least {least}", ref)


def _autoscaled(situation: Situation, ref: ObjectRef) -> Iterator[Evidence]:
    scaler = autoscaler_of(situation, ref)
    if scaler is None:
        return
    if scaler.at_the_end:
        yield Evidence(f"{scaler.ref} is at its most, {scaler.most}: {', '.join(scaler.over)}", scaler.ref)
    elif scaler.wanted > scaler.current:
        words = f"{scaler.ref} is scaling it from {scaler.current} to {scaler.wanted}"
        yield Evidence(words, scaler.ref, against=True)


def _loads(situation: Situation, ref: ObjectRef) -> Iterator[Evidence]:
    names = {pod.metadata.name for pod in situation.pods_of(ref)}
    loads = [each for each in situation.loads if each.pod in names]
    busy = situation.limits.busy
    for what, used in (
        ("CPU", [each.cpu / each.cpu_limit for each in loads if each.cpu is not None and each.cpu_limit]),
        (
            "memory",
            [each.memory / each.memory_limit for each in loads if each.memory is not None and each.memory_limit],
        ),
    ):
        full = [share for share in used if share >= busy]
        if full and 2 * len(full) >= len(used):
            yield Evidence(f"{len(full)} of {len(used)} pods use {max(full):.0%} of their {what} limit", ref)
    held = [share for name, share in situation.figures.throttled.items() if name in names]
    slowed = [share for share in held if share >= situation.limits.throttled]
    if slowed and 2 * len(slowed) >= len(held):
        yield Evidence(f"{len(slowed)} of {len(held)} pods are throttled, up to {max(slowed):.0%} of the time", ref)


def _pools(situation: Situation, ref: ObjectRef) -> Iterator[Evidence]:
    names = {pod.metadata.name for pod in situation.pods_of(ref)}
    pools = [each for each in situation.figures.pools if each.pod in names]
    empty = [each for each in pools if each.used_up]
    if empty and 2 * len(empty) >= len(pools):
        worst = max(empty, key=lambda each: each.waiting)
        words = f"{len(empty)} of {len(pools)} of its pools of connections are used up ({worst.words})"
        yield Evidence(words, ref)


def room_for(situation: Situation, ref: ObjectRef) -> dict[str, str | int]:
    """How many replicas would be enough, within what the handbook allows: half as many again, or for all requests.

    The share of requests that fail is taken for what the replicas cannot take, with a fifth of theirs left over.
    """
    wanted, service = situation.desired(ref), situation.service_of(ref)
    if not wanted:
        return {}
    bad, every = situation.figures.affected, situation.figures.requests
    failing = min(bad / every, 0.9) if bad is not None and every and ref == situation.own else 0.0
    capacity = service.capacity if service is not None else None
    most = capacity.max_replicas if capacity is not None else 2 * wanted
    least = capacity.min_replicas if capacity is not None else 1
    more = max(least, min(most, max(math.ceil(1.5 * wanted), math.ceil(1.25 * wanted / (1 - failing)))))
    return {"replicas": more} if more > wanted else {}
