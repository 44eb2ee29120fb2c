"""An image that cannot be pulled: the container waits, and the kubelet says why."""

from __future__ import annotations

from collections.abc import Iterator

from aurora_tui.incident.analyzers._common import MOST, earliest, others_serve, pod_ref
from aurora_tui.incident.situation import Situation
from aurora_tui.model.ages import stamp
from aurora_tui.model.findings import Cause, Evidence, Finding
from aurora_tui.model.pod_trouble import phrase

_REASONS = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError",
     "RegistryUnavailable", "SignatureValidationFailed"}
)  # fmt: skip
"""What the kubelet says (pkg/kubelet/images/types.go)."""


def analyze(situation: Situation) -> Iterator[Finding]:
    for ref, pods in situation.running():
        waiting = [
            (pod, container.name, container.state.waiting)
            for pod in pods
            for container in (*(pod.status.init_container_statuses or ()), *(pod.status.container_statuses or ()))
            if container.state is not None
            and container.state.waiting is not None
            and container.state.waiting.reason in _REASONS
        ]
        if not waiting:
            continue
        told = [
            Evidence(phrase(f"{pod.metadata.name} {name}: {state.reason}: {state.message}"), pod_ref(pod))
            for pod, name, state in waiting[:MOST]
        ]
        against = others_serve(situation, ref, (pod for pod, _, _ in waiting))
        onset = earliest(stamp(pod.metadata.creation_timestamp) for pod, _, _ in waiting)
        words = f"{ref}: {len(waiting)} of {len(pods)} pods cannot pull their image"
        yield Finding(Cause.IMAGE_PULL, ref, words, (*told, *against), 0.9, onset)
