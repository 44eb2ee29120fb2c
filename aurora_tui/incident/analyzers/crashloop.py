"""Containers that keep ending: with which exit code, and what they said last."""

from __future__ import annotations

from collections.abc import Iterator

from aurora_tui.incident.analyzers._common import (
    MOST,
    containers,
    earliest,
    last_run,
    last_words,
    log_lead,
    others_serve,
    pod_ref,
    said,
)
from aurora_tui.incident.situation import Situation
from aurora_tui.model import kube
from aurora_tui.model.ages import stamp
from aurora_tui.model.findings import Cause, Evidence, Finding
from aurora_tui.model.wire_pods import ContainerStatus

_MEANS = {
    126: "the command cannot be run",
    127: "the command is not there",
    137: "killed (SIGKILL): by the kernel for memory, or by the kubelet after a failed liveness probe",
    139: "segmentation fault",
    143: "asked to end (SIGTERM): the kubelet does that after a failed liveness probe",
}
"""https://tldp.org/LDP/abs/html/exitcodes.html: 128 and the number of the signal."""


def analyze(situation: Situation) -> Iterator[Finding]:
    for ref, pods in situation.running():
        crashing = [(pod, each) for pod in pods for each in containers(pod) if _keeps_ending(situation, each)]
        if not crashing:
            continue
        told: list[Evidence] = []
        for pod, container in crashing[:MOST]:
            run = last_run(container)
            code = "" if run is None else f", last with exit code {run.exit_code}{_meaning(run.exit_code, run.reason)}"
            at = stamp(run.finished_at) if run is not None else None
            words = f"{pod.metadata.name} {container.name} ended {container.restart_count} times{code}"
            told.append(Evidence(words, pod_ref(pod), at))
            told += _last_words(situation, pod)
        against = others_serve(situation, ref, (pod for pod, _ in crashing))
        faulty = len({pod.metadata.name for pod, _ in crashing})
        onset = earliest(stamp(run.started_at) for _, each in crashing if (run := last_run(each)) is not None)
        words = f"{ref}: {faulty} of {len(pods)} pods keep ending"
        yield Finding(Cause.CRASH_LOOP, ref, words, (*told, *against), 0.8, onset)


def _keeps_ending(situation: Situation, container: ContainerStatus) -> bool:
    """Whether it ended again and again, and not for memory, which is a rule of its own."""
    run = last_run(container)
    if run is not None and run.reason == "OOMKilled":
        return False
    state = container.state
    if state is not None and state.waiting is not None and state.waiting.reason == "CrashLoopBackOff":
        return True
    ended = stamp(run.finished_at) if run is not None else None
    soon = ended is not None and situation.now - ended <= situation.limits.recent
    return soon and container.restart_count >= situation.limits.restarts


def _meaning(code: int, reason: str) -> str:
    said = _MEANS.get(code, "" if reason in ("Error", "Completed", "") else reason)
    return f" ({said})" if said else ""


def _last_words(situation: Situation, pod: kube.Pod) -> Iterator[Evidence]:
    """The last lines of the run before, else of the one now."""
    name = pod.metadata.name
    before = situation.log_of(name, previous=True)
    for line in last_words(before or situation.log_of(name)):
        yield Evidence(said(line.text), log_lead(pod, previous=bool(before)), line.stamp)
