"""The HorizontalPodAutoscaler controller: replicas from utilisation, within bounds, slow to shrink."""

from __future__ import annotations

import math
from collections.abc import Callable

from aurora_tui.sandbox.kube.kinds import AUTOSCALERS, PODS, Json, of_kind
from aurora_tui.sandbox.kube.manager import Key
from aurora_tui.sandbox.kube.podstate import is_leaving, is_ready, with_condition
from aurora_tui.sandbox.kube.quantities import bytes_of, millicores_of
from aurora_tui.sandbox.kube.selectors import labels_of, matches, requirements_of
from aurora_tui.sandbox.kube.stamps import stamp
from aurora_tui.sandbox.kube.usage import Usage
from aurora_tui.sandbox.kube.workloads import Cluster, WorkloadController

_SYNC = 15.0
"""Seconds between two looks (--horizontal-pod-autoscaler-sync-period)."""
_TOLERANCE = 0.1
_STABILISATION = 300.0
"""Seconds for which the highest recommendation holds replicas up."""


class Autoscaler(WorkloadController):
    resource = AUTOSCALERS
    owns = ()
    component = "horizontal-pod-autoscaler"

    def __init__(self, cluster: Cluster, usage: Usage, is_live: Callable[[], bool]) -> None:
        super().__init__(cluster)
        self._usage = usage
        self._is_live = is_live
        self._looked: dict[Key, float] = {}
        self._recommended: dict[Key, list[tuple[float, int]]] = {}

    def reconcile(self, key: Key) -> float | None:
        autoscaler = self.store.get(AUTOSCALERS, *key)
        if autoscaler is None:
            self._recommended.pop(key, None)
            return None
        if not self._is_live():
            return None
        now = self.cluster.clock()
        if (due := self._looked.get(key, 0.0) + _SYNC) > now:
            return due
        self._looked[key] = now
        self._look(key, autoscaler, now)
        return now + _SYNC

    def _look(self, key: Key, autoscaler: Json, now: float) -> None:
        spec, status = autoscaler["spec"], autoscaler.get("status", {})
        conditions = status.get("conditions") or []
        ref = spec["scaleTargetRef"]
        resource = of_kind(ref.get("apiVersion", ""), ref["kind"])
        target = self.store.get(resource, key[0], ref["name"]) if resource else None
        if resource is None or target is None:
            text = f"the HPA controller was unable to get the target's current scale: {ref['name']} not found"
            told = with_condition(conditions, now, "AbleToScale", False, reason="FailedGetScale", message=text)
            self.set_status(autoscaler, {**status, "conditions": told})
            return
        present: int = target["spec"]["replicas"]
        metrics, wanted = self._metrics(autoscaler, target, present)
        bounded, why = self._bounded(key, spec, present, wanted, now)
        off = present == 0
        desired = present if off else bounded
        self.set_status(
            autoscaler,
            {
                **status,
                "currentReplicas": target.get("status", {}).get("replicas", 0),
                "desiredReplicas": desired,
                "currentMetrics": metrics,
                "conditions": _conditions(conditions, now, spec, (present, wanted, bounded)),
                **({"lastScaleTime": stamp(now)} if desired != present else {}),
            },
        )
        if desired != present:
            self.store.replace(resource, {**target, "spec": {**target["spec"], "replicas": desired}})
            self.report(autoscaler, "SuccessfulRescale", f"New size: {desired}; reason: {why}")

    def _metrics(self, autoscaler: Json, target: Json, present: int) -> tuple[list[Json], int]:
        """The figures as status.currentMetrics, and the largest count that one of them asks for."""
        chosen = requirements_of(target["spec"]["selector"]) or ()
        pods = [
            pod
            for pod in self.store.items(PODS, target["metadata"]["namespace"])
            if matches(chosen, labels_of(pod)) and is_ready(pod) and not is_leaving(pod)
        ]
        figures: list[Json] = []
        wanted: list[int] = []
        for metric in autoscaler["spec"].get("metrics") or ():
            resource = metric.get("resource") or {}
            name, aim = str(resource.get("name")), (resource.get("target") or {}).get("averageUtilization")
            used = self._used(name, pods)
            asked = self._asked(name, pods)
            if not used or not asked or not aim:
                continue
            share = round(100 * sum(used) / asked)
            average = sum(used) / len(used)
            value = f"{round(average)}m" if name == "cpu" else str(round(average))
            current = {"averageUtilization": share, "averageValue": value}
            figures.append({"type": "Resource", "resource": {"name": name, "current": current}})
            ratio = share / aim
            near = abs(ratio - 1) <= _TOLERANCE
            wanted.append(present if near else math.ceil(ratio * len(used)))
        return figures, max(wanted, default=present)

    def _used(self, name: str, pods: list[Json]) -> list[float]:
        figures = [found for pod in pods if (found := self._usage.of_pod(pod))]
        return [cpu if name == "cpu" else mebibytes * 2**20 for cpu, mebibytes in figures]

    def _asked(self, name: str, pods: list[Json]) -> float:
        measured = [pod for pod in pods if self._usage.of_pod(pod)]
        texts = [
            (container.get("resources", {}).get("requests") or {}).get(name, "0")
            for pod in measured
            for container in pod["spec"]["containers"]
        ]
        return float(sum(millicores_of(text) if name == "cpu" else bytes_of(text) for text in texts))

    def _bounded(self, key: Key, spec: Json, present: int, wanted: int, now: float) -> tuple[int, str]:
        least, most = spec["minReplicas"], spec["maxReplicas"]
        if present > most:
            return most, "Current number of replicas above Spec.MaxReplicas"
        if 0 < present < least:
            return least, "Current number of replicas below Spec.MinReplicas"
        recent = [each for each in self._recommended.get(key, ()) if each[0] > now - _STABILISATION]
        # A controller that has just looked first takes the present size for its first recommendation.
        recent = [*(recent or [(now, present)]), (now, wanted)]
        self._recommended[key] = recent
        steady = max(size for _, size in recent) if wanted < present else wanted
        # At most double, and never fewer than four more, in one step (the default scale-up policies).
        bounded = max(least, min(most, steady, max(2 * present, present + 4)))
        below = bounded < present
        return bounded, (
            "All metrics below target" if below else "cpu resource utilization (percentage of request) above target"
        )


def _conditions(conditions: list[Json], now: float, spec: Json, sizes: tuple[int, int, int]) -> list[Json]:
    """AbleToScale, ScalingActive and ScalingLimited for the present, the wanted and the bounded size."""
    present, wanted, bounded = sizes
    least, most = spec["minReplicas"], spec["maxReplicas"]
    able = ("ReadyForNewScale", "recommended size matches current size")
    if max(wanted, least) < bounded:
        able = (
            "ScaleDownStabilized",
            "recent recommendations were higher than current one, applying the highest recent recommendation",
        )
    elif bounded != present:
        able = ("SucceededRescale", f"the HPA controller was able to update the target scale to {bounded}")
    active = (
        "ValidMetricFound",
        "the HPA was able to successfully calculate a replica count from cpu resource utilization "
        "(percentage of request)",
    )
    if present == 0:
        active = ("ScalingDisabled", "scaling is disabled since the replica count of the target is zero")
    limited = ("DesiredWithinRange", "the desired count is within the acceptable range")
    if wanted < least:
        limited = ("TooFewReplicas", "the desired replica count is less than the minimum replica count")
    elif wanted > most:
        limited = ("TooManyReplicas", "the desired replica count is more than the maximum replica count")
    for kind, holds, (reason, message) in (
        ("AbleToScale", True, able),
        ("ScalingActive", present != 0, active),
        ("ScalingLimited", wanted < least or wanted > most, limited),
    ):
        conditions = with_condition(conditions, now, kind, holds, reason=reason, message=message)
    return conditions
