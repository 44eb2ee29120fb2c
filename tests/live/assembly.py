"""Assembles the live stack: starts its parts in order on loopback, deploys Aurora, takes all down again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from aurora_tui.sandbox.traffic import JOBS
from tests.live import binaries, credentials, manifests, monitoring, servers
from tests.live.api import Object, tls_context
from tests.live.probes import answers, fetch, put
from tests.live.processes import Processes, free_ports

ROOT = Path(__file__).parents[2]
READY_SECONDS = 180
"""For each part of the stack; the machine may be busy, and other stacks may start beside this one."""
PODS_PER_NODE = 500
"""So that the bench's pods fit on few nodes."""


class LiveStack:
    """The stack in one folder; a context manager. What it is given to be reached by: see `environment`."""

    def __init__(
        self, directory: Path | None = None, *, pods: int = 0, namespaces: int = 10, churn: float = 0.0
    ) -> None:
        binaries.require_openssl()
        self._binaries = binaries.control_plane()
        self._tools = binaries.monitoring()
        self._began = time.monotonic()
        self._load = (pods, namespaces)
        self._churn = churn
        self.keep = directory is not None
        """Whether the folder stays after a stop without an error."""
        self.directory = Path(directory or tempfile.mkdtemp(prefix="aurora-live-")).resolve()
        self.directory.mkdir(parents=True, exist_ok=True)
        if any(self.directory.iterdir()):
            raise RuntimeError(f"{self.directory} is not empty: name a new folder")
        self._processes = Processes(self.directory / "logs")
        found = free_ports(len(servers.Ports.__dataclass_fields__) + len(JOBS))
        self._exporters = dict(zip(JOBS, found, strict=False))
        self.ports = servers.Ports(*found[len(JOBS) :])
        self.kubeconfig = self.directory / "kubeconfig"
        self.config = self.directory / "config.yaml"

    def __enter__(self) -> LiveStack:
        try:
            self._start()
        except BaseException:
            self._processes.stop()
            print(f"the live stack did not start; logs in {self.directory / 'logs'}", file=sys.stderr)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._processes.stop()
        failed = kind is not None and issubclass(kind, Exception)
        if failed or self.keep:
            print(f"the live stack's files stay in {self.directory}", file=sys.stderr)
        else:
            shutil.rmtree(self.directory)

    def environment(self) -> dict[str, str]:
        """Return the variables by which a command, a test or a person finds everything."""
        address = "http://127.0.0.1:{}".format
        return {
            "AURORA_LIVE_KUBECONFIG": str(self.kubeconfig),
            "AURORA_LIVE_CONFIG": str(self.config),
            "AURORA_LIVE_KUBECTL": str(self._binaries / "kubectl"),
            "AURORA_LIVE_AUDIT": str(self.directory / "audit.log"),
            "AURORA_LIVE_CONTROL": address(self.ports.kubelet_control),
            "AURORA_LIVE_PROMETHEUS": address(self.ports.prometheus),
            "AURORA_LIVE_ALERTMANAGER": address(self.ports.alertmanager),
            "AURORA_LIVE_PIDS": json.dumps({child.name: child.process.pid for child in self._processes.children()}),
        }

    def check(self) -> None:
        """Raise ChildDiedError when a part of the stack has ended."""
        self._processes.check()

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """Run kubectl as administrator and return what it prints; raises RuntimeError with its complaint."""
        command = [str(self._binaries / "kubectl"), f"--kubeconfig={self.kubeconfig}", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def _start(self) -> None:
        folder, ports = self.directory, self.ports
        server = f"https://127.0.0.1:{ports.apiserver}"
        made = credentials.create_credentials(folder / "credentials")
        tls = tls_context(made.authority.read_text())
        credentials.write_kubeconfig(self.kubeconfig, made, server, f"https://127.0.0.1:{ports.closed}")
        monitoring.write_user_config(
            self.config, f"http://127.0.0.1:{ports.prometheus}", f"http://127.0.0.1:{ports.alertmanager}"
        )
        self._processes.start("etcd", servers.etcd(self._binaries, folder, ports))
        self._processes.start("kube-apiserver", servers.apiserver(self._binaries, folder, made, ports))
        self._processes.start("alertmanager", monitoring.alertmanager(self._tools, folder, ports.alertmanager))
        self._wait(lambda: answers(f"{server}/readyz", tls), "the API server")
        accounts = {
            user: credentials.write_server_kubeconfig(
                folder / f"{user.replace(':', '-')}.kubeconfig", made, server, user
            )
            for user in ("system:kube-controller-manager", "system:kube-scheduler", "kubelet")
        }
        controllers = accounts["system:kube-controller-manager"]
        self._processes.start(
            "kube-controller-manager",
            servers.controller_manager(self._binaries, folder, made, controllers, ports),
        )
        self._processes.start(
            "kube-scheduler",
            servers.scheduler(self._binaries, folder, accounts["system:kube-scheduler"], ports),
        )
        self._start_python("kubelet", "tests.live.kubelet", *self._kubelet_options(accounts["kubelet"], made))
        self._deploy_aurora()
        exported = [f"{job}={port}" for job, port in self._exporters.items()]
        self._start_python("exporter", "tests.live.exporter", f"--kubeconfig={accounts['kubelet']}", *exported)
        self._wait(self._exporters_answer, "the exporter")
        self._processes.start(
            "prometheus",
            monitoring.prometheus(
                self._tools, folder, self.config, ports.prometheus, ports.alertmanager, self._exporters
            ),
        )
        self._deploy_load()
        self._wait(self._targets_up, "Prometheus")
        self._wait(lambda: answers(f"http://127.0.0.1:{ports.alertmanager}/-/ready"), "Alertmanager")

    def _start_python(self, name: str, module: str, *options: str) -> None:
        self._processes.start(name, [sys.executable, "-m", module, *options], {"PYTHONPATH": str(ROOT)})

    def _kubelet_options(self, kubeconfig: Path, made: credentials.Credentials) -> list[str]:
        return [
            f"--kubeconfig={kubeconfig}",
            f"--certificate={made.certificate('kubelet')}",
            f"--key={made.key('kubelet')}",
            f"--authority={made.authority}",
            f"--port={self.ports.kubelet}",
            f"--control={self.ports.kubelet_control}",
            f"--version={binaries.kubernetes_version()}",
            f"--nodes={max(3, -(-self._load[0] * 6 // 5 // PODS_PER_NODE))}",
            f"--pods-per-node={PODS_PER_NODE}",
        ]

    def _deploy_aurora(self) -> None:
        self._apply(manifests.rights())
        first, second = manifests.BACKEND_IMAGES
        self._apply(manifests.aurora(first, "release 2.3.9"))
        revision = r"jsonpath={.metadata.annotations.deployment\.kubernetes\.io/revision}=1"
        self.kubectl("wait", f"--for={revision}", "deployment/aurora-backend", "--timeout=60s")
        second_release = manifests.aurora(second, "release 2.4.0")
        self._apply(second_release)
        for made in second_release:
            if made["kind"] in ("Deployment", "StatefulSet"):
                self.kubectl("rollout", "status", f"{made['kind']}/{made['metadata']['name']}", "--timeout=60s")

    def _deploy_load(self) -> None:
        pods, namespaces = self._load
        if not pods:
            return
        before = self._running()
        for objects in manifests.load(pods, namespaces):
            self._apply(objects)
        self._wait(lambda: self._running() >= before + pods, f"{pods} running pods", READY_SECONDS + pods / 20)
        if self._churn:
            put(f"http://127.0.0.1:{self.ports.kubelet_control}/churn", {"rate": self._churn})

    def _running(self) -> int:
        state = fetch(f"http://127.0.0.1:{self.ports.kubelet_control}/")
        return int(state["phases"].get("Running", 0)) if state else 0

    def _apply(self, objects: list[Object]) -> None:
        self.kubectl("apply", "-f", "-", stdin=manifests.to_text(objects))

    def _targets_up(self) -> bool:
        answer = fetch(f"http://127.0.0.1:{self.ports.prometheus}/api/v1/query?query=sum(up)")
        return bool(answer and answer["data"]["result"] and answer["data"]["result"][0]["value"][1] == str(len(JOBS)))

    def _exporters_answer(self) -> bool:
        return all(answers(f"http://127.0.0.1:{port}/metrics") for port in self._exporters.values())

    def _wait(self, ready: Callable[[], bool], what: str, timeout: float = READY_SECONDS) -> None:
        self._processes.wait_until(ready, what, timeout)
        print(f"{time.monotonic() - self._began:6.1f} s  {what}", file=sys.stderr, flush=True)
