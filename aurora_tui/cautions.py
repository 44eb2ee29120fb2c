"""What an operator should know before confirming: who will revert, override or be hurt by a change."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from aurora_tui.cluster.errors import ClusterError
from aurora_tui.cluster.protocol import Cluster
from aurora_tui.cluster.resources import BUDGETS, HPAS, PODS, SERVICES
from aurora_tui.model.endpoints import is_serving
from aurora_tui.model.kube import Pod
from aurora_tui.model.ordered import waited_for
from aurora_tui.model.pod_trouble import state
from aurora_tui.model.raw import controlled_by
from aurora_tui.model.rollouts import RolloutState, RolloutStatus, counted
from aurora_tui.model.selectors import selector_matches, selector_text


def managers(item: Mapping[str, Any]) -> tuple[str, ...]:
    """Tools and owners that keep the object as they know it.

    Sources: the labels and annotations that Helm (https://helm.sh/docs/chart_best_practices/labels/),
    Argo CD (resource tracking), Flux (kustomize and helm controllers) and owner references set.
    """
    meta = item["metadata"]
    labels, annotations = meta.get("labels") or {}, meta.get("annotations") or {}
    found: list[str] = []
    tracking = annotations.get("argocd.argoproj.io/tracking-id") or labels.get("argocd.argoproj.io/instance")
    if tracking:
        application = tracking.partition(":")[0]
        found.append(f"Argo CD application {application} manages it and may revert this on its next sync")
    for label, what in (("kustomize", "Kustomization"), ("helm", "HelmRelease")):
        if name := labels.get(f"{label}.toolkit.fluxcd.io/name"):
            found.append(f"Flux {what} {name} manages it and will revert this on its next reconciliation")
    if labels.get("app.kubernetes.io/managed-by") == "Helm" and not found:
        release = annotations.get("meta.helm.sh/release-name", labels.get("app.kubernetes.io/instance", "(unnamed)"))
        found.append(f"Helm release {release} manages it: the next upgrade puts its own values back")
    for owner in meta.get("ownerReferences") or ():
        if owner.get("controller"):
            keeper = f"{owner['kind']} {owner['name']}"
            found.append(f"{keeper} controls it and may set it back: change that one instead")
    return tuple(found)


def rollout_in_progress(status: RolloutStatus) -> tuple[str, ...]:
    if status.state is RolloutState.WAITING:
        return (f"a rollout is in progress: {status.text}",)
    if status.state is RolloutState.HELD:
        return (f"a rollout is in progress and held: {status.text}",)
    if status.state is RolloutState.FAILED:
        return (f"the last rollout is stuck: {status.text}",)
    return ()


async def autoscalers(cluster: Cluster, namespace: str, kind: str, name: str, replicas: int) -> tuple[str, ...]:
    """What the HorizontalPodAutoscalers that target the workload will do to a new replica count.

    Source: an HPA leaves its target alone while that has 0 replicas, and holds it to min..max otherwise
    (https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#implicit-maintenance-mode-deactivation).
    """
    try:
        items = await cluster.list(HPAS, namespace)
    except ClusterError as error:
        return (f"could not see whether an HPA targets it: {error.message}",)
    return tuple(_autoscaler(item, replicas) for item in items if _targets(item, kind, name))


def _targets(item: Mapping[str, Any], kind: str, name: str) -> bool:
    reference = item["spec"]["scaleTargetRef"]
    return bool(reference["kind"] == kind and reference["name"] == name)


def _autoscaler(item: Mapping[str, Any], replicas: int) -> str:
    name = item["metadata"]["name"]
    least, most = item["spec"].get("minReplicas", 1), item["spec"]["maxReplicas"]
    if replicas == 0:
        return f"HPA {name} stops working while there are 0 replicas"
    if not least <= replicas <= most:
        return f"HPA {name} holds it to {least}..{most} replicas and will override {replicas}"
    return f"HPA {name} sets the replicas ({least}..{most}) and may override {replicas} at its next look"


async def held_up(cluster: Cluster, item: Mapping[str, Any]) -> tuple[str, ...]:
    """For which pod an ordered StatefulSet (raw JSON) replaces no other, even if a new one would work.

    Source: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
    """
    spec, ready = item["spec"], (item.get("status") or {}).get("readyReplicas", 0)
    rolling = (spec.get("updateStrategy") or {}).get("type") != "OnDelete"
    if spec.get("podManagementPolicy") != "OrderedReady" or not rolling or ready >= spec.get("replicas", 1):
        return ()
    meta = item["metadata"]
    try:
        raw = await cluster.list(PODS, meta["namespace"], labels=selector_text(spec["selector"]))
    except ClusterError:
        raw = ()
    pod = waited_for(item, [msgspec.convert(each, Pod) for each in raw if controlled_by(each, meta["uid"])])
    which = f"{pod.metadata.name}: {state(pod)}" if pod else "kubectl delete pod"
    return (
        f"only {ready} of {counted(spec.get('replicas', 1), 'pod')} ready, and a StatefulSet waits for the others "
        f"before it replaces any: delete what stays broken ({which})",
    )


async def stopped(cluster: Cluster, namespace: str, item: Mapping[str, Any]) -> tuple[str, ...]:
    """What a workload without a pod leaves: nothing, or the pods that a Service selects besides, as of a canary."""
    nothing = ("0 replicas: every pod is stopped, nothing serves",)
    labels = (((item["spec"].get("template") or {}).get("metadata") or {}).get("labels")) or {}
    try:
        services, pods = await asyncio.gather(cluster.list(SERVICES, namespace), cluster.list(PODS, namespace))
    except ClusterError:
        return nothing
    own = item["spec"].get("selector")
    others = [pod for pod in pods if is_serving(pod) and not selector_matches(own, _labels(pod))]
    found = []
    for service in services:
        selector = service["spec"].get("selector") or {}
        left = sum(selector.items() <= _labels(pod).items() for pod in others)
        if left and selector and selector.items() <= labels.items():
            found.append(
                f"0 replicas: every pod of it is stopped; service/{service['metadata']['name']} goes on with "
                f"{counted(left, 'other ready pod')}"
            )
    return tuple(found) or nothing


def _labels(item: Mapping[str, Any]) -> Mapping[str, str]:
    labels: Mapping[str, str] = item["metadata"].get("labels") or {}
    return labels


async def exhausted_budgets(cluster: Cluster, namespace: str, template: Mapping[str, Any]) -> tuple[str, ...]:
    """PodDisruptionBudgets over these pods that allow no disruption now.

    They hold back evictions only, not a workload's own rolling update or scaling
    (https://kubernetes.io/docs/concepts/workloads/pods/disruptions/), so this tells how thin the pods are.
    """
    try:
        items: Sequence[Mapping[str, Any]] = await cluster.list(BUDGETS, namespace)
    except ClusterError as error:
        return (f"could not see the disruption budgets: {error.message}",)
    labels = (template.get("metadata") or {}).get("labels") or {}
    return tuple(
        _exhausted(item)
        for item in items
        if selector_matches(item["spec"].get("selector"), labels)
        and (item.get("status") or {}).get("disruptionsAllowed", 0) == 0
    )


def _exhausted(item: Mapping[str, Any]) -> str:
    status = item.get("status") or {}
    healthy, wanted = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
    return (
        f"PDB {item['metadata']['name']} allows 0 disruptions now ({healthy} healthy, {wanted} wanted), "
        "and does not hold this back"
    )
