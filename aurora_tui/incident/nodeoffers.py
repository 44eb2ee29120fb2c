"""What would stop the harm of a node that is lost: close it, start elsewhere what it held, empty it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from aurora_tui.incident.analyzers._common import pod_ref
from aurora_tui.incident.offers import Offer
from aurora_tui.incident.situation import Object, Situation
from aurora_tui.model import kube
from aurora_tui.model.actions import Verb
from aurora_tui.model.findings import Finding, Procedure
from aurora_tui.model.pod_trouble import is_ready
from aurora_tui.model.raw import section
from aurora_tui.model.rollouts import counted
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.selectors import selector_matches

_MADE_ANEW = ("Deployment", "Rollout", "ReplicaSet")
"""What makes a pod anew as soon as it is told to end, wherever it is: a StatefulSet waits until it has ended."""


def node_offers(situation: Situation, finding: Finding) -> Iterator[Offer]:
    """A cordon loses nothing and mends nothing that is there already: what follows it does."""
    ref, closed = finding.ref, "cordoned" in finding.hints
    if not closed:
        stays = "what is on it stays where it is: see to that next"
        yield Offer(1.0, f"cordon {ref}: no new pods come to it", Verb.CORDON, ref, {}, (stays,))
    lost = [pod for pod in situation.pods if pod.spec.node_name == ref.name and _is_lost(pod)]
    budgets = [*_held_back_by(situation, lost)]
    against = (*_against_draining(finding, budgets),)
    fit = 0.8 if budgets else 1.0 if closed else 0.9
    yield Offer(fit, f"drain {ref}: what it ran comes up elsewhere", Procedure.DRAIN, ref, {}, against)
    concerned = set(situation.concerned)
    stranded = [
        pod_ref(pod)
        for pod in lost
        if (runner := situation.runner(pod)) in concerned and runner.kind in _MADE_ANEW
    ]  # fmt: skip
    if stranded:
        yield _start_elsewhere(stranded, finding, budgets, 1.0 if closed else 0.9)


def _is_lost(pod: kube.Pod) -> bool:
    return not is_ready(pod) and pod.metadata.deletion_timestamp is None and pod.status.phase != "Succeeded"


def _start_elsewhere(refs: Sequence[ObjectRef], finding: Finding, budgets: Sequence[str], fit: float) -> Offer:
    """Where a budget holds the drain back, it counts pods that serve nobody: ending those is no disruption."""
    first, *others = refs
    what = first if not others else f"the {counted(len(refs), 'pod')} lost with {finding.ref}"
    against = ["no disruption budget holds it back: they are not ready, and serve nobody as it is"]
    if "silent" in finding.hints:
        against.append("if the node lives, cut off, they run on there until it is back")
    words = f"delete {what}: made anew elsewhere"
    return Offer(fit if budgets else fit - 0.1, words, Verb.DELETE, first, {}, tuple(against), tuple(others))


def _against_draining(finding: Finding, budgets: Sequence[str]) -> Iterator[str]:
    yield from budgets
    yield "pods of all namespaces leave it, as their disruption budgets allow"
    if "silent" in finding.hints:
        # https://kubernetes.io/docs/concepts/architecture/nodes/#condition: nobody else says that a pod has ended.
        yield "it does not answer: its pods stay Terminating, and a StatefulSet's are not made anew, until it is back"


def _held_back_by(situation: Situation, lost: Sequence[kube.Pod]) -> Iterator[str]:
    """The budgets that let none of these go. Of pods that are not ready they do while enough others are.

    https://kubernetes.io/docs/tasks/run-application/configure-pdb/#unhealthy-pod-eviction-policy
    """
    for budget in situation.listed.get("PodDisruptionBudget", ()):
        covered = [pod for pod in lost if _covers(budget, pod.metadata.labels or {})]
        status, healthy = section(budget, "status"), section(budget, "status").get("currentHealthy", 0)
        enough = healthy >= status.get("desiredHealthy", 0) > 0
        any_time = section(budget, "spec").get("unhealthyPodEvictionPolicy") == "AlwaysAllow"
        if covered and status and not status.get("disruptionsAllowed") and not enough and not any_time:
            needs = f"needs {status.get('desiredHealthy')} healthy pods and has {healthy}"
            name = budget["metadata"]["name"]
            yield f"it will wait: PDB {name} {needs}, and lets none of {counted(len(covered), 'pod')} on it go"


def _covers(budget: Object, labels: Mapping[str, str]) -> bool:
    return selector_matches(section(budget, "spec").get("selector"), labels)
