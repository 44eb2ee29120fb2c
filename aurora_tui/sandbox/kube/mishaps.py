"""What breaks in the cluster by itself at given times: containers that end, nodes that fall silent."""

from __future__ import annotations

from aurora_tui.sandbox.kube.containers import Break
from aurora_tui.sandbox.kube.kinds import Json
from aurora_tui.sandbox.kube.stamps import seconds_of
from aurora_tui.sandbox.scenarios.base import Outage, Wedge


class Mishaps:
    """Those of a scenario whose ages count back from `began`, in epoch seconds."""

    def __init__(self, wedges: tuple[Wedge, ...] = (), outages: tuple[Outage, ...] = ()) -> None:
        self._wedges = wedges
        self._outages = outages
        self.began = 0.0

    def breaks(self, pod: Json) -> Break | None:
        """When the pod's containers break; a pod that was made since is another one, and does not."""
        made = seconds_of(pod["metadata"]["creationTimestamp"])
        for wedge in self._wedges:
            at = self.began - wedge.age
            if wedge.pod == pod["metadata"]["name"] and made <= at:
                return Break(at, wedge.exit_code)
        return None

    def silent(self, node: str, now: float) -> bool:
        """Whether the node's kubelet does not answer any more."""
        return any(outage.node == node and now >= self.began - outage.age for outage in self._outages)

    def silent_since(self, node: str) -> float | None:
        """When the node's kubelet falls silent, or fell."""
        return next((self.began - outage.age for outage in self._outages if outage.node == node), None)
