"""Argo Rollouts on the wire (``argoproj.io/v1alpha1``): what rows and the phase of a rollout use."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from aurora_tui.model.wire import AnnotatedMeta, LabelSelector, ObjectReference, Wire
from aurora_tui.model.wire_pods import PodTemplate
from aurora_tui.model.wire_workloads import DeploymentCondition


class CanaryStep(Wire):
    """One step; exactly one of its members is set, and one that needs no word of its own is kept as it came."""

    set_weight: int | None = None
    pause: dict[str, Any] | None = None
    """Empty for a pause that only a promotion ends, else its ``duration``."""
    experiment: dict[str, Any] | None = None
    analysis: dict[str, Any] | None = None
    set_canary_scale: dict[str, Any] | None = None
    set_header_route: dict[str, Any] | None = None
    set_mirror_route: dict[str, Any] | None = None
    plugin: dict[str, Any] | None = None


class TrafficRouting(Wire):
    max_traffic_weight: int | None = None


class Canary(Wire):
    steps: tuple[CanaryStep, ...] | None = None
    traffic_routing: TrafficRouting | None = None


class BlueGreen(Wire):
    active_service: str = ""
    preview_service: str = ""
    auto_promotion_enabled: bool | None = None
    auto_promotion_seconds: int = 0
    post_promotion_analysis: dict[str, Any] | None = None


class RolloutStrategy(Wire):
    canary: Canary | None = None
    blue_green: BlueGreen | None = None


class RolloutSpec(Wire):
    """With a `workload_ref` the template is another object's and `template` is empty."""

    replicas: int | None = None
    paused: bool = False
    selector: LabelSelector | None = None
    template: PodTemplate = PodTemplate()
    workload_ref: ObjectReference | None = None
    strategy: RolloutStrategy = RolloutStrategy()
    restart_at: datetime | None = None


class PauseCondition(Wire):
    reason: str = ""


class AnalysisRunStatus(Wire):
    status: str = ""


class CanaryStatus(Wire):
    current_step_analysis_run_status: AnalysisRunStatus | None = None


class BlueGreenStatus(Wire):
    active_selector: str = ""
    preview_selector: str = ""
    post_promotion_analysis_run_status: AnalysisRunStatus | None = None


class RolloutStatus(Wire):
    """`observed_generation` is text: before version 0.10 of the controller a hash stood there."""

    abort: bool = False
    aborted_at: datetime | None = None
    pause_conditions: tuple[PauseCondition, ...] | None = None
    controller_pause: bool = False
    promote_full: bool = False
    current_pod_hash: str = ""
    stable_rs: str = msgspec.field(name="stableRS", default="")
    current_step_index: int | None = None
    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    observed_generation: str = ""
    conditions: tuple[DeploymentCondition, ...] | None = None
    canary: CanaryStatus = CanaryStatus()
    blue_green: BlueGreenStatus = BlueGreenStatus()
    restarted_at: datetime | None = None
    phase: str = ""
    message: str = ""


class Rollout(Wire):
    metadata: AnnotatedMeta = AnnotatedMeta()
    spec: RolloutSpec = RolloutSpec()
    status: RolloutStatus = RolloutStatus()
