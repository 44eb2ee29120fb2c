"""Containers that the kernel killed for memory, against the limit that they have."""

from __future__ import annotations

from collections.abc import Iterator

from aurora_tui.incident.analyzers._common import MOST, containers, earliest, last_run, others_serve, pod_ref
from aurora_tui.incident.situation import Object, Situation
from aurora_tui.model.ages import stamp
from aurora_tui.model.changes import ChangeKind
from aurora_tui.model.findings import Cause, Evidence, Finding
from aurora_tui.model.raw import section, sections
from aurora_tui.model.selection import ObjectRef


def analyze(situation: Situation) -> Iterator[Finding]:
    for ref, pods in situation.running():
        killed = [
            (pod, each, at)
            for pod in pods
            for each in containers(pod)
            if (run := last_run(each)) is not None
            and run.reason == "OOMKilled"
            and (at := stamp(run.finished_at)) is not None
            and situation.now - at <= situation.limits.recent
        ]
        if not killed:
            continue
        told = [
            Evidence(
                f"{pod.metadata.name} {each.name} was killed for memory{_limit(situation, ref, each.name)}, "
                f"{each.restart_count} restarts",
                pod_ref(pod),
                at,
            )
            for pod, each, at in killed[:MOST]
        ]
        against = others_serve(situation, ref, (pod for pod, _, _ in killed))
        names = {pod.metadata.name for pod, _, _ in killed}
        words = f"{ref}: {len(names)} of {len(pods)} pods are killed for memory"
        onset = earliest(at for _, _, at in killed)
        evidence = (*told, *_changed(situation, ref), *against, *_pressure(situation, ref))
        name = killed[0][1].name
        hints = {"container": name, **({"limit": limit} if (limit := limit_of(situation.raw(ref), name)) else {})}
        yield Finding(Cause.OOM, ref, words, evidence, 0.9, onset, hints)


def _limit(situation: Situation, ref: ObjectRef, container: str) -> str:
    memory = limit_of(situation.raw(ref), container)
    return f" (limit {memory})" if memory else ""


def limit_of(workload: Object | None, container: str) -> str:
    """The memory that a container may use, as its template writes it; empty where it has no limit."""
    spec = section(workload or {}, "spec", "template", "spec")
    found = (each for each in sections(spec, "containers") if each.get("name") == container)
    return next((str(section(each, "resources", "limits").get("memory") or "") for each in found), "")


def _changed(situation: Situation, ref: ObjectRef) -> Iterator[Evidence]:
    """A release of late that changed the limit."""
    for change in situation.changes:
        if change.kind is ChangeKind.ROLLOUT and (change.ref.kind, change.ref.name) == (ref.kind, ref.name):
            lines = [line for line in change.diff if line.path.endswith(".limits.memory")]
            told = [next((line.text for line in lines if line.sign == sign), "none") for sign in "-+"]
            if lines:
                words = f"{change.words} changed its memory limit: {' → '.join(told)}"
                yield Evidence(words, ref, change.at, diff=tuple(lines))


def _pressure(situation: Situation, ref: ObjectRef) -> Iterator[Evidence]:
    """A node short of memory kills what is within its own limits."""
    used = {pod.spec.node_name for pod in situation.pods_of(ref)}
    for node in situation.nodes:
        short = any(each.type == "MemoryPressure" and each.status == "True" for each in node.status.conditions or ())
        if short and node.metadata.name in used:
            yield Evidence(f"node {node.metadata.name} is short of memory", ObjectRef("Node", None, node.metadata.name))
