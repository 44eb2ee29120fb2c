"""What several rules ask of pods, times and log lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median

from aurora_tui.incident.situation import Situation
from aurora_tui.model import kube
from aurora_tui.model.ages import stamp
from aurora_tui.model.findings import Evidence
from aurora_tui.model.loglines import LogLine, summary
from aurora_tui.model.pod_trouble import is_ready, phrase
from aurora_tui.model.pods import condition
from aurora_tui.model.selection import LogSelection, ObjectRef
from aurora_tui.model.spanview import POD_TAGS
from aurora_tui.model.traces import NANO, Span
from aurora_tui.model.wire_pods import ContainerStatus, Terminated

_FRAME = re.compile(r"\s+at \S|\s*\.\.\. \d+ (?:more|common)|\s+File \"|\s*$")
MOST = 3
"""Pieces of evidence of one sort: more say no more."""


def pod_ref(pod: kube.Pod) -> ObjectRef:
    return ObjectRef("Pod", pod.metadata.namespace, pod.metadata.name, pod.metadata.uid)


def containers(pod: kube.Pod) -> Iterator[ContainerStatus]:
    yield from pod.status.init_container_statuses or ()
    yield from pod.status.container_statuses or ()


def last_run(container: ContainerStatus) -> Terminated | None:
    """How the container ended last, by now or before it was started again."""
    now = container.state.terminated if container.state is not None else None
    return now or (container.last_state.terminated if container.last_state is not None else None)


def unready_for(pod: kube.Pod, now: float) -> float | None:
    """For how many seconds a pod has not been ready; None for one that is, or of which nothing says it."""
    if is_ready(pod) or pod.metadata.deletion_timestamp is not None:
        return None
    ready = condition(pod, "Ready")
    since = stamp(ready.last_transition_time) if ready is not None else None
    return None if since is None else now - since


def log_lead(pod: kube.Pod, *, previous: bool = False) -> LogSelection:
    return LogSelection(pod.metadata.namespace or "", pod=pod.metadata.name, previous=previous)


def others_serve(situation: Situation, ref: ObjectRef, faulty: Iterable[kube.Pod]) -> Iterator[Evidence]:
    """What speaks against a fault of all pods of a workload: others of them that are ready."""
    names = {pod.metadata.name for pod in faulty}
    ready = sum(is_ready(pod) for pod in situation.pods_of(ref) if pod.metadata.name not in names)
    if ready:
        yield Evidence(f"{ready} of its other pods {'is' if ready == 1 else 'are'} ready", ref, against=True)


def said(text: str) -> str:
    """A log line as evidence: of a JSON line its message."""
    short = summary(text)
    return phrase(short.message if short is not None and short.message else text)


def last_words(lines: Sequence[LogLine], most: int = MOST) -> list[LogLine]:
    """The lines that say most about an end: the last ones that are no frames of a stack trace."""
    telling = [line for line in lines if not _FRAME.match(line.text)]
    return list((telling or lines)[-most:])


def traced_latency(situation: Situation) -> Mapping[str, float]:
    """The median time in seconds that the traces which were read spent in each pod, the first span of each."""
    spent: dict[str, list[float]] = {}
    for row in situation.traces:
        first: dict[str, Span] = {}
        for span in row.trace.spans:
            told = dict(span.tags) | dict(span.process)
            pod = next((told[name] for name in POD_TAGS if told.get(name)), "")
            if pod and (pod not in first or span.begin < first[pod].begin):
                first[pod] = span
        for pod, span in first.items():
            spent.setdefault(pod, []).append(span.duration / NANO)
    return {pod: median(times) for pod, times in spent.items()}


def earliest(times: Iterable[float | None]) -> float | None:
    return min((each for each in times if each is not None), default=None)
