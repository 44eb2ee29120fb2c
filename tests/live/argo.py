"""Argo Rollouts beside the live stack: its real controller and kubectl plugin, built from a Go module once."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.live import binaries
from tests.live.conftest import Kubectl
from tests.live.manyobjects import Object, to_list
from tests.live.probes import answers
from tests.live.processes import Processes, free_ports

MODULE = Path(__file__).with_name("argorollouts")
CRD = "rollouts.argoproj.io"
KINDS = ("rollouts", "analysisruns", "analysistemplates", "clusteranalysistemplates", "experiments")
READY_SECONDS = 60
FIRST, SECOND = "aurora/backend:2.4.0", "aurora/backend:2.4.1"
CANARY: Object = {"canary": {"steps": [{"setWeight": 25}, {"pause": {}}, {"setWeight": 50}, {"pause": {}}]}}
LOOKING: Object = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {
        "name": "argo-rollouts-aggregate-to-view",
        "labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"},
    },
    "rules": [{"apiGroups": ["argoproj.io"], "resources": ["*"], "verbs": ["get", "list", "watch"]}],
}
"""Whoever may look at a cluster may look at its Rollouts: as Argo Rollouts is installed."""


def programs() -> Path:
    """The folder with `rollouts-controller`, `kubectl-argo-rollouts` and the CRDs in `crds`.

    The first build takes about six minutes on two cores.
    """
    return binaries.built(MODULE, "crds", _build)


def _build(folder: Path) -> None:
    print("building Argo Rollouts (once, some minutes) ...", file=sys.stderr, flush=True)
    began = time.monotonic()
    unfinished = folder / "part"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    flags = ("-trimpath", "-buildvcs=false", "-ldflags", "-s -w")
    binaries.go_run(MODULE, "build", *flags, "-o", f"{unfinished}/", "tool")
    for program in unfinished.iterdir():
        program.replace(folder / program.name)
    sources = binaries.go_run(MODULE, "list", "-m", "-f", "{{.Dir}}", "github.com/argoproj/argo-rollouts").strip()
    for crd in Path(sources, "manifests", "crds").glob("*-crd.yaml"):
        shutil.copyfile(crd, unfinished / crd.name)
    unfinished.rename(folder / "crds")
    print(f"built in {time.monotonic() - began:.0f} s: {folder}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Plugin:
    """`kubectl argo rollouts`, the oracle: `plugin("promote", "web", "--namespace=theirs")`."""

    program: Path
    kubeconfig: Path
    context: str

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What it prints and its status, whatever that is."""
        command = [str(self.program), f"--kubeconfig={self.kubeconfig}", f"--context={self.context}", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def __call__(self, *arguments: str) -> str:
        done = self.run(*arguments)
        if done.returncode:
            raise RuntimeError(f"kubectl argo rollouts {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout


def rollout(name: str, strategy: Object = CANARY, image: str = FIRST, replicas: int | None = 4) -> Object:
    labels = {"app": name}
    pods = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": image}]}}
    spec: Object = {"selector": {"matchLabels": labels}, "template": pods, "strategy": strategy}
    if replicas is not None:
        spec["replicas"] = replicas
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": name}, "spec": spec}


@contextlib.contextmanager
def running(kubectl: Kubectl, kubeconfig: Path, context: str, logs: Path) -> Iterator[Plugin]:
    """The plugin, with the CRDs in the cluster and the controller at work until the end.

    A cluster that has Argo Rollouts is left as it is: its own controller does the work.
    """
    folder = programs()
    plugin = Plugin(folder / "kubectl-argo-rollouts", kubeconfig, context)
    if kubectl("get", "crd", CRD, "--ignore-not-found", "-o", "name"):
        yield plugin
        return
    metrics, health = free_ports(2)
    children = Processes(logs)
    options = ("--leader-elect=false", f"--metricsPort={metrics}", f"--healthzPort={health}")
    command = [str(folder / "rollouts-controller"), f"--kubeconfig={kubeconfig}", f"--context={context}", *options]
    kubectl("apply", "--server-side", "-f", str(folder / "crds"))
    kubectl("create", "-f", "-", stdin=to_list([LOOKING]))
    try:
        children.wait_until(lambda: _served(kubectl), f"the API of {CRD}", READY_SECONDS)
        children.start("rollouts-controller", command)
        children.wait_until(
            lambda: answers(f"http://127.0.0.1:{health}/healthz"), "the controller of Argo Rollouts", READY_SECONDS
        )
        yield plugin
    finally:
        children.stop()
        kubectl("delete", "clusterrole", LOOKING["metadata"]["name"])
        kubectl("delete", "-f", str(folder / "crds"))


def _served(kubectl: Kubectl) -> bool:
    try:
        for crd in KINDS:
            kubectl("get", f"{crd}.argoproj.io", "--all-namespaces")
    except RuntimeError:
        return False
    return True
