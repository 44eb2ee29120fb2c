"""Faults of the demo's scenarios on the real control plane, until real Prometheus and Alertmanager fire; and their end.

Each is made as people make it: a release, an edit, a container that does not come up again. The simulated kubelets
play the containers, the exporter's figures follow the pods and the ConfigMap.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from types import MappingProxyType

from tests.live.conftest import Kubectl
from tests.live.manifests import BACKEND_IMAGES, FLAGS, NAMESPACE, POOL_SIZE
from tests.live.probes import fetch
from tests.live.program import stack_variable

PATIENCE = 120.0
"""Seconds for what takes the real servers a few scrapes and evaluations; the machine may be busy."""
POLL = 0.5
GOOD = BACKEND_IMAGES[-1]
BACKEND, POSTGRES = "deployment/aurora-backend", "statefulset/aurora-postgres"
DATABASE = "aurora-postgres-0"
WEDGED, NEVER_READY = "aurora.test/crash", "aurora.test/ready"
"""Annotations by which the simulated kubelet lets a pod's containers end again and again, or never get ready."""
Labels = Mapping[str, str]


@dataclass(frozen=True)
class Fault:
    """One scenario: what it does, which alert fires by it, and what undoes whatever is left of it."""

    name: str
    alert: str
    job: str
    """The job that the alert is about."""
    begin: Callable[[Kubectl], None]
    end: Callable[[Kubectl], None]


@dataclass(frozen=True)
class Burning:
    """A scenario under way: where it is, and the alert that fires."""

    name: str
    context: str
    namespace: str
    alert: str
    job: str

    def fires(self) -> bool:
        """Whether its alert fires, in Prometheus and in Alertmanager."""
        return self._among(_prometheus()) and self._among(_alertmanager())

    def is_over(self) -> bool:
        """Whether nothing fires any more."""
        return _nothing_fires()

    def _among(self, alerts: list[Labels]) -> bool:
        wanted = {"alertname": self.alert, "job": self.job}
        return any(wanted.items() <= labels.items() for labels in alerts)


def _prometheus() -> list[Labels]:
    answer = fetch(f"{stack_variable('AURORA_LIVE_PROMETHEUS')}/api/v1/alerts")
    return [each["labels"] for each in answer["data"]["alerts"] if each["state"] == "firing"] if answer else []


def _alertmanager() -> list[Labels]:
    answer = fetch(f"{stack_variable('AURORA_LIVE_ALERTMANAGER')}/api/v2/alerts?active=true")
    return [each["labels"] for each in answer or ()]


def _release(kubectl: Kubectl, image: str) -> None:
    where = f"--namespace={NAMESPACE}"
    kubectl("set", "image", BACKEND, f"backend={image}", where)
    kubectl("annotate", BACKEND, f"kubernetes.io/change-cause=release {image}", "--overwrite", where)


def _shape(kubectl: Kubectl, rolling: Mapping[str, object], ready: str | None) -> None:
    """How a rollout of the backend goes on, and whether its pods ever get ready."""
    template = {"metadata": {"annotations": {NEVER_READY: ready}}}
    patch = json.dumps({"spec": {"strategy": {"rollingUpdate": rolling}, "template": template}})
    kubectl("rollout", "pause", BACKEND, f"--namespace={NAMESPACE}")
    kubectl("patch", BACKEND, f"--patch={patch}", f"--namespace={NAMESPACE}")


def _mend_backend(kubectl: Kubectl) -> None:
    image = kubectl("get", BACKEND, f"--namespace={NAMESPACE}", "-o", "jsonpath={..containers[0].image}")
    if image != GOOD:
        _release(kubectl, GOOD)
    kubectl("rollout", "status", BACKEND, f"--namespace={NAMESPACE}", "--timeout=90s")


def _begin_bad_release(kubectl: Kubectl) -> None:
    _release(kubectl, "aurora/backend:2.4.1")
    kubectl("rollout", "status", BACKEND, f"--namespace={NAMESPACE}", "--timeout=90s")


def _begin_crash_loop(kubectl: Kubectl) -> None:
    # As in the demo: where there is no room for a pod more, a rollout first takes away.
    _shape(kubectl, {"maxSurge": 0, "maxUnavailable": 2}, "false")
    _release(kubectl, "aurora/backend:crash")
    kubectl("rollout", "resume", BACKEND, f"--namespace={NAMESPACE}")


def _end_crash_loop(kubectl: Kubectl) -> None:
    _shape(kubectl, {"maxSurge": "25%", "maxUnavailable": "25%"}, None)
    _release(kubectl, GOOD)
    kubectl("rollout", "resume", BACKEND, f"--namespace={NAMESPACE}")
    _mend_backend(kubectl)


def _begin_dependency_down(kubectl: Kubectl) -> None:
    """The pod's container ends, and ends each time that it is started; another pod's would not."""
    kubectl("annotate", "pod", DATABASE, f"{WEDGED}=1", "--overwrite", f"--namespace={NAMESPACE}")


def _end_dependency_down(kubectl: Kubectl) -> None:
    kubectl("annotate", "pod", DATABASE, f"{WEDGED}-", f"--namespace={NAMESPACE}")
    kubectl("rollout", "status", POSTGRES, f"--namespace={NAMESPACE}", "--timeout=90s")


def _pool(kubectl: Kubectl, size: str) -> None:
    patch = json.dumps({"data": {POOL_SIZE: size}})
    where = f"--namespace={NAMESPACE}"
    kubectl("patch", f"configmap/{FLAGS}", "--type=merge", f"--patch={patch}", "--field-manager=kubectl-edit", where)


FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        fault.name: fault
        for fault in (
            Fault("bad-release", "HighErrorRate", "aurora-backend", _begin_bad_release, _mend_backend),
            Fault("crash-loop", "HighErrorRate", "aurora-backend", _begin_crash_loop, _end_crash_loop),
            Fault("dependency-down", "ServiceDown", "aurora-postgres", _begin_dependency_down, _end_dependency_down),
            Fault(
                "config-edit",
                "HighErrorRate",
                "aurora-backend",
                lambda kubectl: _pool(kubectl, "1"),
                lambda kubectl: _pool(kubectl, "20"),
            ),
        )
    }
)


ONE_BY_ONE = ("dependency-down", "bad-release", "crash-loop", "config-edit")
"""In an order in which none leaves a change behind that the next could be laid on."""
assert set(ONE_BY_ONE) == FAULTS.keys()


@contextmanager
def burning(name: str, kubectl: Kubectl, context: str) -> Iterator[Burning]:
    """The scenario from the moment its alert fires; afterwards all is as before, and nothing fires any more."""
    fault = FAULTS[name]
    under_way = Burning(name, context, NAMESPACE, fault.alert, fault.job)
    try:
        fault.begin(kubectl)
        _wait(under_way.fires, f"{fault.alert} of {fault.job} fires")
        yield under_way
    finally:
        fault.end(kubectl)
        settle()


def settle() -> None:
    """Wait until nothing fires any more."""
    _wait(_nothing_fires, "nothing fires")


def _nothing_fires() -> bool:
    return not _prometheus() and not _alertmanager()


def _wait(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"never so: {what}; firing: {_prometheus()}"
        time.sleep(POLL)


Scenario = Callable[[str], AbstractContextManager[Burning]]
"""`with scenario("crash-loop") as burning: …`"""
