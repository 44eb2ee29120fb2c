"""Writes the configuration and command lines of etcd and the three servers of the control plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.live.credentials import Credentials

SERVICE_RANGE = "10.96.0.0/16"
NODE_GRACE = 10
"""Seconds without a heartbeat after which a node is NotReady (Kubernetes' own default is 50)."""

_AUDIT = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {
            "level": "None",
            "users": [
                "kubelet",
                "system:apiserver",
                "system:kube-controller-manager",
                "system:kube-scheduler",
            ],
        },
        {"level": "None", "userGroups": ["system:serviceaccounts"]},
        # A websocket is opened with GET.
        {
            "level": "Metadata",
            "resources": [{"group": "", "resources": ["pods/exec", "pods/attach", "pods/portforward"]}],
        },
        {"level": "Metadata", "verbs": ["create", "update", "patch", "delete", "deletecollection"]},
        {"level": "None"},
    ],
}
"""What users change, and nothing of what the servers do: tests read it to prove what was and was not sent."""


@dataclass(frozen=True)
class Ports:
    """The loopback ports of one stack; nobody listens on `closed`."""

    etcd: int
    etcd_peer: int
    apiserver: int
    controllers: int
    scheduler: int
    kubelet: int
    kubelet_control: int
    prometheus: int
    alertmanager: int
    closed: int


def etcd(binaries: Path, folder: Path, ports: Ports) -> list[str]:
    client, peer = f"http://127.0.0.1:{ports.etcd}", f"http://127.0.0.1:{ports.etcd_peer}"
    return [
        str(binaries / "etcd"),
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        # The data does not outlive the stack, so nothing is gained by waiting for the disk.
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def apiserver(binaries: Path, folder: Path, made: Credentials, ports: Ports) -> list[str]:
    policy = folder / "audit-policy.yaml"
    policy.write_text(yaml.safe_dump(_AUDIT, sort_keys=False))
    return [
        str(binaries / "kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{ports.etcd}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        # A loopback address may not stand in Endpoints, and no pod of the simulated nodes calls the API.
        "--endpoint-reconciler-type=none",
        f"--secure-port={ports.apiserver}",
        f"--tls-cert-file={made.certificate('server')}",
        f"--tls-private-key-file={made.key('server')}",
        f"--client-ca-file={made.authority}",
        f"--token-auth-file={made.token_file}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={made.folder / 'accounts.pub'}",
        f"--service-account-signing-key-file={made.key('accounts')}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--kubelet-client-certificate={made.certificate('admin')}",
        f"--kubelet-client-key={made.key('admin')}",
        f"--audit-policy-file={policy}",
        f"--audit-log-path={folder / 'audit.log'}",
        "--allow-privileged=true",
        "--profiling=false",
    ]


def controller_manager(
    binaries: Path, folder: Path, made: Credentials, kubeconfig: Path, ports: Ports
) -> Sequence[str]:
    return [
        str(binaries / "kube-controller-manager"),
        f"--kubeconfig={kubeconfig}",
        "--bind-address=127.0.0.1",
        f"--secure-port={ports.controllers}",
        f"--cert-dir={folder / 'controllers'}",
        "--leader-elect=false",
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={made.key('accounts')}",
        f"--root-ca-file={made.authority}",
        "--node-monitor-period=1s",
        f"--node-monitor-grace-period={NODE_GRACE}s",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
        "--profiling=false",
    ]


def scheduler(binaries: Path, folder: Path, kubeconfig: Path, ports: Ports) -> Sequence[str]:
    config = folder / "scheduler.yaml"
    document = {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "clientConnection": {"kubeconfig": str(kubeconfig), "qps": 500, "burst": 1000},
        "leaderElection": {"leaderElect": False},
    }
    config.write_text(yaml.safe_dump(document, sort_keys=False))
    return [
        str(binaries / "kube-scheduler"),
        f"--config={config}",
        "--bind-address=127.0.0.1",
        f"--secure-port={ports.scheduler}",
        f"--cert-dir={folder / 'scheduler'}",
    ]
