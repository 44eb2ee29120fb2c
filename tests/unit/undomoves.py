"""What the random sequences of actions do, and to what: a line for every verb, an object for every kind.

A verb that can be taken back belongs in `UNDOABLE`, with the parameters that are tried on it; any other one in
`FINAL`, with the reason. The sandbox must have an object of each kind that a verb of `UNDOABLE` applies to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from aurora_tui.model.actions import Params, Verb
from aurora_tui.model.configmaps import TOGGLE
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.series import Step, Way
from aurora_tui.sandbox.kube.kinds import Json
from aurora_tui.sandbox.kube.manifests import NODE_NAMES
from aurora_tui.verbs import VERBS

NAMESPACE = "default"
NAMES: Mapping[str, tuple[str, ...]] = {
    "Deployment": ("blue", "green", "held"),
    "StatefulSet": ("db",),
    "DaemonSet": ("agent",),
    "ReplicaSet": ("lone",),
    "CronJob": ("nightly", "asleep"),
    "Node": NODE_NAMES[:2],
    "HorizontalPodAutoscaler": ("bounded",),
    "Service": ("shop",),
    "ConfigMap": ("flags",),
}
"""The objects of each kind that are acted on; `manifests` makes those that the sandbox does not have anyway."""


@dataclass(frozen=True, slots=True)
class Tried:
    """`sure` is done in the state that every sequence begins with; `params` also hold what is refused."""

    sure: Step
    params: SearchStrategy[Params] = st.just({})  # noqa: RUF009 - a strategy is a value


def step(verb: Verb, kind: str, name: str, /, **params: str | int) -> Step:
    return Step(verb, ObjectRef(kind, NAMESPACE if kind != "Node" else None, name), params)


def _few(name: str, *values: str | int) -> SearchStrategy[Params]:
    return st.sampled_from(values).map(lambda value: {name: value})


_BOUND = st.integers(0, 6)
UNDOABLE: Mapping[Verb, Tried] = {
    Verb.SCALE: Tried(step(Verb.SCALE, "ReplicaSet", "lone", replicas=2), _few("replicas", 0, 1, 2, 3, 4)),
    Verb.UNDO: Tried(step(Verb.UNDO, "StatefulSet", "db"), st.just({}) | _few("revision", 1, 2, 3, 4, 99)),
    Verb.IMAGE: Tried(
        step(Verb.IMAGE, "DaemonSet", "agent", **{"*": "shop:9"}),
        _few("main", "shop:1", "shop:2", "shop:3", "shop:9") | _few("*", "shop:1", "shop:8") | _few("nobody", "shop:1"),
    ),
    Verb.PAUSE: Tried(step(Verb.PAUSE, "CronJob", "nightly")),
    Verb.RESUME: Tried(step(Verb.RESUME, "Deployment", "held")),
    Verb.CORDON: Tried(step(Verb.CORDON, "Node", NODE_NAMES[0])),
    Verb.UNCORDON: Tried(step(Verb.UNCORDON, "Node", NODE_NAMES[1])),
    Verb.BOUNDS: Tried(
        step(Verb.BOUNDS, "HorizontalPodAutoscaler", "bounded", min=1, max=9),
        st.fixed_dictionaries({}, optional={"min": _BOUND, "max": _BOUND}),
    ),
    Verb.SWITCH: Tried(
        step(Verb.SWITCH, "Service", "shop", color="green"),
        _few("color", "blue", "green", "grey") | _few("tier", "web"),
    ),
    Verb.FLAG: Tried(
        step(Verb.FLAG, "ConfigMap", "flags", checkout=TOGGLE, banner=""),
        st.fixed_dictionaries(
            {},
            optional={
                "checkout": st.sampled_from((TOGGLE, "true", "off")),
                "banner": st.sampled_from((TOGGLE, "", " two\nlines ", "Spring sale")),
                "absent": st.just("true"),
            },
        ),
    ),
}

FINAL: Mapping[Verb, str] = {
    Verb.RESTART: "the pods that it ended are gone; its stamp on the template stays, as kubectl leaves it",
    Verb.DELETE: "the pod is gone; its controller has made another",
    Verb.KILL: "the pod is gone; its controller has made another",
    Verb.EVICT: "the pod is gone; its controller has made another",
    Verb.TRIGGER: "the Job runs",
    Verb.UNSILENCE: "the silence is over; the alert is silenced again by another one",
    Verb.SHELL: "what was done in it is known to nobody",
    Verb.PROMOTE: "what it led to is rolled back, or aborted while it is under way",
    Verb.PROMOTE_FULL: "what it led to is rolled back",
}
ELSEWHERE: Mapping[Verb, str] = {
    Verb.SILENCE: "taken back on Alertmanager, in tests/unit/test_silencing.py and tests/live/test_silences.py",
    Verb.ABORT: "taken back by a retry under the real controller, in tests/live/test_argo.py",
    Verb.RETRY: "taken back by an abort under the real controller, in tests/live/test_argo.py",
}
"""The verbs of kinds that the sandbox has no controller for, or not among its API server's."""
UNSERVED = frozenset({"Rollout"})
"""Those kinds."""


class Mishap(Enum):
    """What may go wrong with an action, or the operator do with it."""

    NONE = auto()
    UNCONFIRMED = auto()
    TWICE = auto()
    CONFLICT = auto()
    FORBIDDEN = auto()
    FAULT = auto()
    NEVER_ARRIVED = auto()
    ANSWER_LOST = auto()


@dataclass(frozen=True, slots=True)
class Single:
    """One action, and the seconds that pass after it: a rollout may be under way at the next one."""

    step: Step
    mishap: Mishap = Mishap.NONE
    wait: float = 20.0


@dataclass(frozen=True, slots=True)
class Many:
    """A bulk action."""

    steps: tuple[Step, ...]
    way: Way


@dataclass(frozen=True, slots=True)
class Share:
    """A canary: what share of the pods the green Deployment is to have, in percent."""

    percent: int


@dataclass(frozen=True, slots=True)
class Emptied:
    """A drain of the first node."""


Move = Single | Many | Share | Emptied


def refs(verb: Verb) -> list[tuple[str, str]]:
    """Kind and name of all that a verb applies to."""
    return [(kind, name) for kind in VERBS[verb].kinds for name in NAMES.get(kind, ())]


def _steps(verb: Verb) -> SearchStrategy[Step]:
    return st.builds(lambda ref, given: step(verb, *ref, **given), st.sampled_from(refs(verb)), _params(verb))


def _params(verb: Verb) -> SearchStrategy[Params]:
    return UNDOABLE[verb].params if verb in UNDOABLE else st.just({})


@st.composite
def _many(draw: st.DrawFn) -> Many:
    verb = draw(st.sampled_from((Verb.SCALE, Verb.IMAGE, Verb.UNDO, Verb.RESTART, Verb.PAUSE, Verb.CORDON)))
    chosen = draw(st.lists(st.sampled_from(refs(verb)), min_size=2, max_size=3, unique=True))
    params = draw(_params(verb))
    return Many(tuple(step(verb, *ref, **params) for ref in chosen), draw(st.sampled_from(Way)))


_SINGLES = st.sampled_from((*UNDOABLE, Verb.SCALE, Verb.UNDO, Verb.IMAGE, Verb.RESTART)).flatmap(_steps)
_RARE: tuple[Move, ...] = (Share(0), Share(25), Share(100), Emptied())
_SINGLE = st.builds(Single, _SINGLES)
_UNLUCKY = st.builds(Single, _SINGLES, st.sampled_from(Mishap), st.sampled_from((1.0, 20.0)))
MOVES: SearchStrategy[list[Move]] = st.lists(
    st.one_of(_SINGLE, _SINGLE, _SINGLE, _UNLUCKY, _many(), st.sampled_from(_RARE)), min_size=4, max_size=12
)


def manifests() -> Iterator[Json]:
    """The objects as they are made first; releases follow (see `RELEASES`)."""
    for kind, name, more in (
        ("Deployment", "blue", {"replicas": 2}),
        ("Deployment", "green", {"replicas": 2}),
        ("Deployment", "held", {"replicas": 1, "paused": True}),
        ("StatefulSet", "db", {"replicas": 1, "serviceName": "db"}),
        ("DaemonSet", "agent", {}),
        ("ReplicaSet", "lone", {"replicas": 0}),
    ):
        yield _workload(kind, name, more)
    for name, asleep in (("nightly", False), ("asleep", True)):
        pods = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "shop:1"}]}}
        spec = {"schedule": "0 2 1 1 *", "suspend": asleep, "jobTemplate": {"spec": {"template": pods}}}
        yield _object("CronJob", "batch/v1", name, spec=spec)
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "elsewhere"}
    bounds = {"scaleTargetRef": reference, "minReplicas": 2, "maxReplicas": 4}
    yield _object("HorizontalPodAutoscaler", "autoscaling/v2", "bounded", spec=bounds)
    yield _service("shop", app="shop", color="blue")
    yield _service("all", app="shop")
    yield _object("ConfigMap", "v1", "flags", data={"checkout": "true", "banner": "Spring sale", "limit": "10"})


RELEASES = ("shop:1", "shop:2", "shop:3")
RELEASED = (("Deployment", "blue"), ("Deployment", "green"), ("StatefulSet", "db"), ("DaemonSet", "agent"))
"""The workloads that were rolled through all releases, with the cause told at each."""


def _workload(kind: str, name: str, more: Json) -> Json:
    labels = {"app": "shop" if name in ("blue", "green") else name, "color": name}
    containers = [{"name": name, "image": RELEASES[0], "ports": [{"containerPort": 80}]} for name in ("main", "side")]
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
    return _object(kind, "apps/v1", name, spec={"selector": {"matchLabels": labels}, "template": template, **more})


def _service(name: str, **selector: str) -> Json:
    return _object("Service", "v1", name, spec={"selector": selector, "ports": [{"port": 80, "targetPort": 80}]})


def _object(kind: str, version: str, name: str, **parts: Json) -> Json:
    return {"kind": kind, "apiVersion": version, "metadata": {"name": name, "namespace": NAMESPACE}, **parts}
