"""The sandbox's Kubernetes: an API server, controllers and kubelets, simulated in one process."""

from aurora_tui.sandbox.kube.sandbox import KubeSandbox

__all__ = ["KubeSandbox"]
