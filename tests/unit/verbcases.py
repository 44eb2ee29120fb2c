"""One sensible action of every verb, for the tests that hold for all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from aurora_tui.actions import ActionPath
from aurora_tui.cluster.resources import (
    ALERTS,
    CONFIGMAPS,
    CRONJOBS,
    DEPLOYMENTS,
    HPAS,
    NODES,
    PODS,
    ROLLOUTS,
    SERVICES,
    Resource,
)
from aurora_tui.model.actions import Params, Plan, Verb
from tests.unit.argoobjects import aborted, paused, rollout, under
from tests.unit.fakecluster import FakeCluster, Object
from tests.unit.rolloutobjects import NAME, NAMESPACE, stack, template

RELEASES = tuple(template(f"aurora/backend:{tag}") for tag in ("2.3.9", "2.4.0", "2.4.1"))


def bad_release(context: str = "prod") -> FakeCluster:
    """A deployment that was rolled to its third, bad release."""
    return stack(DEPLOYMENTS, *RELEASES, context=context)


def _paused() -> FakeCluster:
    cluster = bad_release()
    cluster.change(DEPLOYMENTS, NAMESPACE, NAME, lambda item: item["spec"].update(paused=True))
    return cluster


def _alone(resource: Resource, namespace: str, spec: Object) -> FakeCluster:
    cluster = FakeCluster()
    meta = {"name": NAME, "namespace": namespace, "uid": f"uid-{resource.plural}", "generation": 1}
    cluster.put(resource, {"metadata": meta, "spec": spec, "status": {}})
    return cluster


def _scaled() -> FakeCluster:
    return _alone(HPAS, NAMESPACE, {"minReplicas": 3, "maxReplicas": 20, "scaleTargetRef": {}})


def _pod() -> FakeCluster:
    return _alone(
        PODS, NAMESPACE, {"nodeName": "node-1", "containers": [{"name": "main", "image": "aurora/backend:1"}]}
    )


def running_pod() -> FakeCluster:
    """A pod of two containers, both of which run."""
    names = ("main", "proxy")
    cluster = _alone(PODS, NAMESPACE, {"containers": [{"name": name, "image": "aurora/x:1"} for name in names]})
    running = [{"name": name, "state": {"running": {}}} for name in names]
    cluster.objects[PODS.plural, NAMESPACE, NAME]["status"] = {"phase": "Running", "containerStatuses": running}
    return cluster


def _cronjob() -> FakeCluster:
    return _alone(CRONJOBS, NAMESPACE, {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": {}}}})


def colours(**ready: int) -> FakeCluster:
    """A Service on its blue pods; `ready` says of each colour how many ready pods there are."""
    cluster = FakeCluster()
    spec = {"selector": {"app": NAME, "color": "blue"}, "ports": [{"port": 80, "protocol": "TCP", "targetPort": 8080}]}
    cluster.put(SERVICES, _without_generation(SERVICES, spec=spec))
    for colour, count in ready.items():
        for number in range(count):
            cluster.put(PODS, pod(colour, number))
    return cluster


def pod(colour: str, number: int, *, ready: bool = True, port: str = "http") -> Object:
    """A pod of one colour as the server shows it."""
    name = f"{NAME}-{colour}-{number}"
    labels = {"app": NAME, "color": colour}
    return {
        "metadata": {"name": name, "namespace": NAMESPACE, "uid": f"uid-{name}", "labels": labels},
        "spec": {"containers": [{"name": "main", "ports": [{"containerPort": 8080, "name": port}]}]},
        "status": {"conditions": [{"type": "Ready", "status": str(ready)}]},
    }


def flags(data: Object, **more: object) -> FakeCluster:
    """A ConfigMap of this data that nothing reads."""
    cluster = FakeCluster()
    cluster.put(CONFIGMAPS, _without_generation(CONFIGMAPS, data=data, **more))
    return cluster


def _without_generation(resource: Resource, **parts: object) -> Object:
    return {"metadata": {"name": NAME, "namespace": NAMESPACE, "uid": f"uid-{resource.plural}"}, **parts}


@dataclass(frozen=True)
class Case:
    """`make` gives the cluster on which the action makes sense."""

    verb: Verb
    make: Callable[[], FakeCluster] = bad_release
    resource: Resource = DEPLOYMENTS
    params: Params = field(default_factory=dict)
    is_open: bool = False
    """A shell: the server cannot try it, and the cluster shows nothing of it afterwards."""

    def __str__(self) -> str:
        return self.verb.value

    async def plan(self, path: ActionPath) -> Plan:
        return await path.plan(self.verb, self.resource, NAMESPACE, NAME, self.params)


def alert(*silences: Object) -> FakeCluster:
    """An alert as it is shown beside the cluster's objects, with the silences that hold it back."""
    cluster = FakeCluster()
    cluster.put(
        ALERTS,
        {
            "metadata": {"name": NAME, "namespace": "", "uid": "uid-alert"},
            "labels": {"alertname": "Burning", "service": "backend"},
            "silences": {f"id-{number}": silence for number, silence in enumerate(silences)},
        },
    )
    return cluster


def silence(until: str = "2099-01-01T00:00:00Z", **labels: str) -> Object:
    """A silence as Alertmanager tells it, of one day in the year 2099 by default."""
    matchers = [
        {"name": name, "value": value, "isRegex": False, "isEqual": True}
        for name, value in (labels or {"service": "backend"}).items()
    ]
    times = {"startsAt": "2023-11-14T00:00:00Z", "endsAt": until}
    return {"matchers": matchers, "createdBy": "bob", "comment": "known", **times}


CASES = (
    Case(Verb.UNDO),
    Case(Verb.RESTART),
    Case(Verb.SCALE, params={"replicas": 5}),
    Case(Verb.IMAGE, params={"backend": "aurora/backend:2.4.2"}),
    Case(Verb.PAUSE),
    Case(Verb.RESUME, _paused),
    Case(Verb.CORDON, lambda: _alone(NODES, "", {}), NODES),
    Case(Verb.UNCORDON, lambda: _alone(NODES, "", {"unschedulable": True}), NODES),
    Case(Verb.BOUNDS, _scaled, HPAS, {"max": 30}),
    Case(Verb.DELETE, _pod, PODS),
    Case(Verb.KILL, _pod, PODS),
    Case(Verb.EVICT, _pod, PODS),
    Case(Verb.TRIGGER, _cronjob, CRONJOBS),
    Case(Verb.SWITCH, lambda: colours(blue=3, green=3), SERVICES, {"color": "green"}),
    Case(Verb.FLAG, lambda: flags({"new-checkout": "true", "theme": "dark"}), CONFIGMAPS, {"new-checkout": "false"}),
    Case(Verb.SHELL, running_pod, PODS, is_open=True),
    Case(Verb.PROMOTE, lambda: under(rollout(**paused())), ROLLOUTS),
    Case(Verb.PROMOTE_FULL, lambda: under(rollout(**paused())), ROLLOUTS),
    Case(Verb.ABORT, lambda: under(rollout(**paused())), ROLLOUTS),
    Case(Verb.RETRY, lambda: under(rollout(**aborted())), ROLLOUTS),
    Case(Verb.SILENCE, alert, ALERTS),
    Case(Verb.UNSILENCE, lambda: alert(silence()), ALERTS),
)
CHANGES = tuple(case for case in CASES if not case.is_open)
"""Those that leave an object otherwise than it was."""
