"""Makes a pod in every state that `kubectl get pods` tells apart, on any cluster: no kubelet has a hand in them.

The pods wait for a scheduler that does not exist, or are bound to a node that does not exist, so that the
status which is written to them stays. The garbage collector removes the bound ones after 40 s or more.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.live.pod_status import stamp

Object = dict[str, Any]


@dataclass(frozen=True)
class PodState:
    """One pod: what stands in its specification and status, and the STATUS that kubectl gives it."""

    prints: str
    status: Object
    spec: Object = field(default_factory=dict)
    deleted: bool = False
    """Deleted before the status is written, and so left Terminating: nobody ends it."""


def _ago(seconds: float) -> str:
    return stamp(time.time() - seconds)


def waiting(reason: str, **more: object) -> Object:
    return {"state": {"waiting": {"reason": reason}}} | more


def running(**more: object) -> Object:
    return {"state": {"running": {"startedAt": _ago(400)}}, "ready": True, "started": True} | more


def ended(code: int, reason: str = "", **more: object) -> Object:
    run = {"exitCode": code, "startedAt": _ago(420), "finishedAt": _ago(320)}
    return {"state": {"terminated": run | ({"reason": reason} if reason else {})}} | more


def signalled(number: int) -> Object:
    made = ended(128 + number)
    made["state"]["terminated"]["signal"] = number
    return made


def restarted(count: int, seconds_ago: float) -> Object:
    """What a container keeps of the run before: the count, and when that run ended."""
    run = {"exitCode": 1, "reason": "Error", "startedAt": _ago(seconds_ago + 60), "finishedAt": _ago(seconds_ago)}
    return {"restartCount": count, "lastState": {"terminated": run}}


def status(phase: str, *containers: Object, init: tuple[Object, ...] = (), **more: object) -> Object:
    """A status whose containers are called c0, c1 ... and i0, i1 ..."""
    made: Object = {"phase": phase}
    if containers:
        made["containerStatuses"] = [_status(f"c{number}", each) for number, each in enumerate(containers)]
    if init:
        made["initContainerStatuses"] = [_status(f"i{number}", each) for number, each in enumerate(init)]
    return made | more


def _status(name: str, given: Object) -> Object:
    return {"name": name, "image": "i", "imageID": "", "ready": False, "restartCount": 0} | given


def spec(*, containers: int = 1, init: int = 0, sidecars: tuple[int, ...] = (), **more: object) -> Object:
    """A specification with so many containers; those init containers whose number is in `sidecars` restart."""
    made: Object = {"containers": [{"name": f"c{number}", "image": "i"} for number in range(containers)]}
    if init:
        made["initContainers"] = [
            {"name": f"i{number}", "image": "i"} | ({"restartPolicy": "Always"} if number in sidecars else {})
            for number in range(init)
        ]
    return made | more


def conditions(**wanted: bool) -> list[Object]:
    return [{"type": kind, "status": str(holds), "lastTransitionTime": _ago(300)} for kind, holds in wanted.items()]


def pod_states() -> Mapping[str, PodState]:
    """The pods by name; times in them count from now."""
    two, one_sidecar = spec(init=2), spec(init=2, sidecars=(1,))
    is_ready, initialized = conditions(Ready=True), conditions(Initialized=True)
    done = ended(0, "Completed")
    return {
        "running": PodState("Running", status("Running", running(), conditions=is_ready, podIP="10.9.8.7")),
        "running-restarted": PodState("Running", status("Running", running(**restarted(3, 300)))),
        "running-two-restarted": PodState(
            "Running",
            status("Running", running(**restarted(3, 90_000)), running(**restarted(1, 4000))),
            spec(containers=2),
        ),
        "unready": PodState("Running", status("Running", running(ready=False))),
        "pending": PodState("Pending", status("Pending")),
        "creating": PodState("ContainerCreating", status("Pending", waiting("ContainerCreating"))),
        "init-none": PodState("Init:0/2", status("Pending", init=(running(), waiting("PodInitializing"))), two),
        "init-one": PodState("Init:1/2", status("Pending", init=(done, running())), two),
        "init-error": PodState("Init:Error", status("Pending", init=(ended(1, "Error"),)), two),
        "init-exit": PodState("Init:ExitCode:3", status("Pending", init=(ended(3),)), two),
        "init-signal": PodState("Init:Signal:9", status("Pending", init=(signalled(9),)), two),
        "init-crash": PodState(
            "Init:CrashLoopBackOff",
            status("Pending", init=(waiting("CrashLoopBackOff", **restarted(4, 125)),)),
            two,
        ),
        "init-pull": PodState("Init:ImagePullBackOff", status("Pending", init=(waiting("ImagePullBackOff"),)), two),
        "initialized": PodState(
            "PodInitializing", status("Pending", waiting("PodInitializing"), init=(done, done)), two
        ),
        "sidecar-starting": PodState(
            "Init:1/2", status("Pending", init=(done, running(started=False, ready=False))), one_sidecar
        ),
        "sidecar-running": PodState(
            "Running",
            status("Running", running(), init=(done, running(**restarted(2, 600))), conditions=initialized),
            one_sidecar,
        ),
        "sidecar-unready": PodState(
            "Running", status("Running", running(), init=(done, running(ready=False))), one_sidecar
        ),
        "sidecar-first": PodState(
            "Init:1/3", status("Pending", init=(running(), running())), spec(init=3, sidecars=(0,))
        ),
        "sidecar-outlives": PodState(
            "Completed", status("Succeeded", done, init=(done, done), conditions=initialized), one_sidecar
        ),
        "crashing": PodState("CrashLoopBackOff", status("Running", waiting("CrashLoopBackOff", **restarted(5, 310)))),
        "pull-failed": PodState("ErrImagePull", status("Pending", waiting("ErrImagePull"))),
        "pull-waits": PodState("ImagePullBackOff", status("Pending", waiting("ImagePullBackOff"))),
        "misconfigured": PodState(
            "CreateContainerConfigError", status("Pending", waiting("CreateContainerConfigError"))
        ),
        "completed": PodState("Completed", status("Succeeded", done)),
        "succeeded": PodState("Succeeded", status("Succeeded")),
        "half-completed": PodState(
            "NotReady", status("Running", running(), done, conditions=conditions(Ready=False)), spec(containers=2)
        ),
        "half-ready": PodState("Running", status("Running", done, running(), conditions=is_ready), spec(containers=2)),
        "one-failed": PodState("Error", status("Running", done, ended(2, "Error"), running()), spec(containers=3)),
        "error": PodState("Error", status("Failed", ended(1, "Error"))),
        "exit-code": PodState("ExitCode:7", status("Failed", ended(7))),
        "signal": PodState("Signal:11", status("Failed", signalled(11))),
        "oom": PodState("OOMKilled", status("Failed", ended(137, "OOMKilled"))),
        "evicted": PodState("Evicted", status("Failed", reason="Evicted", message="The node was low on memory.")),
        "two-lines": PodState("First...", status("Failed", reason="First\nsecond")),
        "unknown": PodState("Unknown", status("Unknown")),
        "gated": PodState("SchedulingGated", {}, spec(schedulingGates=[{"name": "aurora.test/gate"}])),
        "ready-gates": PodState(
            "Running",
            status("Running", running(), conditions=conditions(**{"aurora.test/yes": True, "aurora.test/no": False})),
            spec(readinessGates=[{"conditionType": f"aurora.test/{gate}"} for gate in ("yes", "no", "never")]),
        ),
        "nominated": PodState("Pending", status("Pending", nominatedNodeName="aurora-nominated")),
        "terminating": PodState("Terminating", status("Running", running()), deleted=True),
        "terminating-restarted": PodState(
            "Terminating", status("Running", waiting("CrashLoopBackOff", **restarted(2, 7300))), deleted=True
        ),
        "terminating-completed": PodState("Completed", status("Succeeded", done), deleted=True),
        "lost": PodState("Unknown", status("Running", running(), reason="NodeLost"), deleted=True),
    }


def create_pods(kubectl: Callable[..., str], namespace: str, states: Mapping[str, PodState]) -> None:
    """Create the pods, delete those that are to be left Terminating, write the statuses."""
    kubectl("wait", "--for=create", "serviceaccount/default", f"--namespace={namespace}", "--timeout=30s")
    pods = {name: _pod(name, namespace, state) for name, state in states.items()}
    kubectl("create", "-f", "-", stdin=_list(pods.values()))
    kubectl("delete", "pod", "--wait=false", f"--namespace={namespace}", *(n for n, s in states.items() if s.deleted))
    written = [pod | {"status": states[name].status} for name, pod in pods.items() if states[name].status]
    kubectl("replace", "--subresource=status", "-f", "-", stdin=_list(written))


def _pod(name: str, namespace: str, state: PodState) -> Object:
    place = {"nodeName": "aurora-nowhere"} if state.deleted else {"schedulerName": "aurora-nobody"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": (state.spec or spec()) | place,
    }


def _list(items: Any) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(items)})
