"""A second control plane beside the one under test: its own etcd, API server and controllers, and no nodes."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.live import binaries, credentials, manifests, servers
from tests.live.api import tls_context
from tests.live.kubeconfigs import Kubeconfig, write_kubeconfig
from tests.live.probes import answers
from tests.live.processes import Child, Processes, free_ports

READY_SECONDS = 60
CONTROLLERS = "system:kube-controller-manager"


@dataclass(frozen=True)
class SecondPlane:
    """It holds the Aurora Stack with the same names as the cluster under test, of whose pods none ever runs."""

    kubeconfig: Path
    """Of both: the context under test as it is called there, and `name`."""
    name: str
    apiserver: Child
    kubectl_program: Path

    def kubectl(self, *arguments: str) -> str:
        """Run kubectl on this plane; RuntimeError with its complaint."""
        command = [str(self.kubectl_program), f"--kubeconfig={self.kubeconfig}", f"--context={self.name}", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def stop_server(self) -> None:
        """End its API server as an outage does, without a word to anyone."""
        self.apiserver.process.kill()
        self.apiserver.process.wait()


@contextlib.contextmanager
def running(folder: Path, first: Path, context: str, name: str) -> Iterator[SecondPlane]:
    """Start it in `folder`, reached as `name` in a kubeconfig that has the first cluster's `context` as well."""
    found = free_ports(len(servers.Ports.__dataclass_fields__))
    ports, programs, processes = servers.Ports(*found), binaries.control_plane(), Processes(folder / "logs")
    made = credentials.create_credentials(folder / "credentials")
    server, tls = f"https://127.0.0.1:{ports.apiserver}", tls_context(made.authority.read_text())
    alone = credentials.write_kubeconfig(folder / "kubeconfig", made, server, f"https://127.0.0.1:{ports.closed}")
    ours, theirs = Kubeconfig(first), Kubeconfig(alone)
    both = write_kubeconfig(
        folder / "both",
        contexts={
            context: ours.context(context) | {"cluster": "first", "user": "first"},
            name: {"cluster": "second", "user": "second", "namespace": manifests.NAMESPACE},
        },
        clusters={"first": ours.cluster(context), "second": theirs.cluster("prod")},
        users={"first": ours.user(context), "second": theirs.user("prod")},
        current=context,
    )
    try:
        processes.start("etcd", servers.etcd(programs, folder, ports))
        apiserver = processes.start("kube-apiserver", servers.apiserver(programs, folder, made, ports))
        processes.wait_until(lambda: answers(f"{server}/readyz", tls), "the API server", READY_SECONDS)
        account = credentials.write_server_kubeconfig(folder / "controllers.kubeconfig", made, server, CONTROLLERS)
        processes.start("kube-controller-manager", servers.controller_manager(programs, folder, made, account, ports))
        yield SecondPlane(both, name, apiserver, programs / "kubectl")
    finally:
        processes.stop()


def release(plane: SecondPlane, image: str, folder: Path) -> None:
    """Put the stack with this image of its backend there, and wait until its controllers have made the revision."""
    path = folder / "release.yaml"
    path.write_text(manifests.to_text(manifests.aurora(image, f"release {image}")))
    plane.kubectl("apply", "-f", str(path))
    generation = plane.kubectl("get", "deployment/aurora-backend", "-o", "jsonpath={.metadata.generation}")
    plane.kubectl(
        "wait",
        f"--for=jsonpath={{.status.observedGeneration}}={generation}",
        "deployment/aurora-backend",
        "--timeout=60s",
    )
