"""Where a rollout of Argo Rollouts stands: phase, step and weight as ``kubectl argo rollouts`` works them out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aurora_tui.model.wire_rollouts import CanaryStep, Rollout

HASH_LABEL = "rollouts-pod-template-hash"
"""On ReplicaSets and pods: which template they are of."""
REVISION_ANNOTATION = "rollout.argoproj.io/revision"

HEALTHY, PROGRESSING, PAUSED, DEGRADED = "Healthy", "Progressing", "Paused", "Degraded"
ABORTED = "RolloutAborted"
"""The reason of the Progressing condition of one whose update was aborted."""
_FAILURES = (ABORTED, "ProgressDeadlineExceeded")
_INVALID = "InvalidSpec"


def desired(rollout: Rollout) -> int:
    """How many pods there should be: one where the field is missing, which the API server does not fill in."""
    return 1 if rollout.spec.replicas is None else rollout.spec.replicas


def promoted(rollout: Rollout) -> bool:
    """Whether no update is under way: the wanted version is the stable one."""
    return rollout.status.stable_rs == rollout.status.current_pod_hash


def observed(rollout: Rollout) -> bool:
    """Whether the controller has seen the spec as it is now.

    Before version 0.10 it wrote a hash where the generation is: that says nothing.
    """
    text, generation = rollout.status.observed_generation, rollout.metadata.generation or 0
    return not text.isdecimal() or int(text) >= generation


def phase(rollout: Rollout) -> tuple[str, str]:
    """Phase and message, as rolloututil.GetRolloutPhase gives them."""
    status = rollout.status
    if not observed(rollout):
        return PROGRESSING, "waiting for rollout spec update to be observed"
    if status.controller_pause and not status.pause_conditions:
        return PROGRESSING, "waiting for rollout to unpause"
    # The controller says it since version 1.0.
    return (status.phase, status.message) if status.phase else _calculated(rollout)


def _calculated(rollout: Rollout) -> tuple[str, str]:
    spec, status = rollout.spec, rollout.status
    for condition in status.conditions or ():
        if condition.type == _INVALID:
            return DEGRADED, f"{_INVALID}: {condition.message}"
        if condition.reason in _FAILURES:
            return DEGRADED, f"{condition.reason}: {condition.message}"
    if spec.paused:
        return PAUSED, "manually paused"
    if status.pause_conditions:
        return PAUSED, status.pause_conditions[0].reason
    words = _unfinished(rollout)
    return (PROGRESSING, words) if words else (HEALTHY, "")


def _unfinished(rollout: Rollout) -> str:
    """What still has to happen, empty where nothing has."""
    spec, status = rollout.spec, rollout.status
    finished = status.stable_rs and promoted(rollout)
    if spec.restart_at is not None and spec.restart_at != status.restarted_at:
        return "rollout is restarting"
    if status.updated_replicas < desired(rollout):
        return "more replicas need to be updated"
    if status.available_replicas < status.updated_replicas:
        return "updated replicas are still becoming available"
    if (blue_green := spec.strategy.blue_green) is not None:
        active = status.blue_green.active_selector
        if not active or active != status.current_pod_hash:
            return "active service cutover pending"
        if not finished:
            run = status.blue_green.post_promotion_analysis_run_status
            analysed = run is not None and run.status in ("Successful", "Failed", "Error", "Inconclusive")
            if blue_green.post_promotion_analysis is not None and not analysed:
                return "waiting for analysis to complete"
            return "waiting for post-promotion verification to complete"
    elif (canary := spec.strategy.canary) is not None:
        if canary.traffic_routing is None and status.replicas > status.updated_replicas:
            return "old replicas are pending termination"
        if not finished:
            return "waiting for all steps to complete"
    return ""


def aborted(rollout: Rollout) -> bool:
    """Whether its conditions say that the update was aborted: they follow `status.abort` with a delay."""
    return any(condition.reason == ABORTED for condition in rollout.status.conditions or ())


def failed_since(rollout: Rollout) -> str:
    """When the condition that makes it degraded was last set; "unknown" where nothing says it."""
    for condition in rollout.status.conditions or ():
        if (condition.type == _INVALID or condition.reason in _FAILURES) and condition.last_update_time:
            return condition.last_update_time.isoformat()
    return "unknown"


def waits(rollout: Rollout) -> bool:
    """Whether a paused one goes on only when somebody says so: not at a pause that ends by itself."""
    if rollout.spec.paused:
        return True
    reasons = {each.reason for each in rollout.status.pause_conditions or ()}
    step = current_step(rollout)
    if reasons == {"CanaryPauseStep"} and step is not None and step.pause:
        return not step.pause.get("duration")
    blue_green = rollout.spec.strategy.blue_green
    if reasons == {"BlueGreenPause"} and blue_green is not None:
        return blue_green.auto_promotion_enabled is False or not blue_green.auto_promotion_seconds
    return True


def steps(rollout: Rollout) -> tuple[CanaryStep, ...]:
    canary = rollout.spec.strategy.canary
    return (canary.steps or ()) if canary else ()


def step_index(rollout: Rollout) -> int:
    """Which step is under way, from 0; as many as there are once all are done."""
    return min(rollout.status.current_step_index or 0, len(steps(rollout)))


def current_step(rollout: Rollout) -> CanaryStep | None:
    found, index = steps(rollout), step_index(rollout)
    return found[index] if index < len(found) else None


def step_words(step: CanaryStep) -> str:
    """What a step does: ``set weight 20``, ``pause 5m``, ``analysis``."""
    if step.set_weight is not None:
        return f"set weight {step.set_weight}"
    if step.pause is not None:
        return f"pause {step.pause['duration']}" if step.pause.get("duration") else "pause until promoted"
    named: Iterable[tuple[str, object]] = (
        ("experiment", step.experiment),
        ("analysis", step.analysis),
        ("set canary scale", step.set_canary_scale),
        ("set header route", step.set_header_route),
        ("set mirror route", step.set_mirror_route),
        ("plugin", step.plugin),
    )
    return next((name for name, value in named if value is not None), "a step of an unknown kind")


def template_owner(item: Mapping[str, Any]) -> str:
    """The object whose template a Rollout (raw JSON) takes, ``deployment/web``; empty for one with its own."""
    owner = item["spec"].get("workloadRef")
    return f"{str(owner.get('kind')).lower()}/{owner.get('name')}" if owner else ""


def strategy(rollout: Rollout) -> str:
    if rollout.spec.strategy.canary is not None:
        return "Canary"
    return "BlueGreen" if rollout.spec.strategy.blue_green is not None else "unknown"


def step_text(rollout: Rollout) -> str:
    """``1/4``: how many steps are done, of how many; ``-`` where there are none."""
    found, index = steps(rollout), rollout.status.current_step_index
    return f"{index}/{len(found)}" if found and index is not None else "-"


def weight(rollout: Rollout) -> int | None:
    """The share that the canary should have now, in percent unless the routing counts otherwise; None without one."""
    canary = rollout.spec.strategy.canary
    if canary is None:
        return None
    if rollout.status.abort:
        return 0
    if current_step(rollout) is None:
        most = canary.traffic_routing.max_traffic_weight if canary.traffic_routing else None
        return 100 if most is None else most
    done = steps(rollout)[: step_index(rollout) + 1]
    return next((step.set_weight for step in reversed(done) if step.set_weight is not None), 0)


def whereabouts(rollout: Rollout) -> str:
    """``step 1/4, weight 20``; empty for what has no steps or has come to the end of them."""
    if current_step(rollout) is None or rollout.status.current_step_index is None:
        return ""
    return f"step {step_text(rollout)}, weight {weight(rollout)}"


def roles(rollout: Rollout, template_hash: str) -> tuple[str, ...]:
    """What the ReplicaSet of a template's hash is in the update: stable, canary, active, preview."""
    status, blue_green = rollout.status, rollout.status.blue_green
    found = []
    if template_hash == status.stable_rs:
        found.append("stable")
    if rollout.spec.strategy.canary is not None and not found and template_hash == status.current_pod_hash:
        found.append("canary")
    if rollout.spec.strategy.blue_green is not None:
        if template_hash == blue_green.active_selector:
            found.append("active")
        elif template_hash == blue_green.preview_selector:
            found.append("preview")
    return tuple(found) if template_hash else ()
