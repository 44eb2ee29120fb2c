"""The sandbox's Kubernetes: an API server, controllers and a kubelet, simulated in one process."""
