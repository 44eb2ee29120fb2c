"""The scenario "bad release": the cluster's past, played to the controllers until the present."""

from __future__ import annotations

from collections.abc import Callable

from aurora_tui.sandbox.kube.kinds import DEPLOYMENTS, NAMESPACES, NODES, Json, of_kind
from aurora_tui.sandbox.kube.manifests import (
    CHANGE_CAUSE,
    NAMESPACE,
    NODE_NAMES,
    aurora_stack,
    backend_template,
    node,
    platform,
)
from aurora_tui.sandbox.kube.manifests import NAMESPACES as NAMESPACE_NAMES
from aurora_tui.sandbox.kube.writes import Registry, Target

DAY = 86_400.0
_CLUSTER_AGE, _STACK_AGE, _GOOD_RELEASE_AGE = 40 * DAY, 12 * DAY, 3 * DAY
_BACKEND = Target(DEPLOYMENTS, NAMESPACE, "aurora-backend")


def rehearse(registry: Registry, play: Callable[[float], None], now: float, release_age: float) -> None:
    """Bring an empty cluster to `now`; `play` lets the controllers work until the given epoch second.

    Ages, events and revisions are consistent because nothing is written but what an operator
    applied, at the time it was: the bad release `release_age` seconds ago.
    """
    play(now - _CLUSTER_AGE)
    for name in NAMESPACE_NAMES:
        registry.create(Target(NAMESPACES), {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name}})
    for at, name in enumerate(NODE_NAMES):
        registry.create(Target(NODES), node(at, name, now - _CLUSTER_AGE))
    for manifest in platform():
        _apply(registry, manifest)
    play(now - _STACK_AGE)
    for manifest in aurora_stack():
        _apply(registry, manifest)
    play(now - _GOOD_RELEASE_AGE)
    _release(registry, "2.4.0")
    play(now - release_age)
    _release(registry, "2.4.1")
    play(now)


def _apply(registry: Registry, manifest: Json) -> None:
    resource = of_kind(manifest["apiVersion"], manifest["kind"])
    assert resource is not None
    registry.create(Target(resource, manifest["metadata"]["namespace"]), manifest)


def _release(registry: Registry, version: str) -> None:
    def edit(present: Json) -> Json:
        annotations = {**present["metadata"]["annotations"], CHANGE_CAUSE: f"release {version}"}
        metadata = {**present["metadata"], "annotations": annotations}
        return {
            **present,
            "metadata": metadata,
            "spec": {**present["spec"], "template": backend_template(version)},
        }

    registry.edit(_BACKEND, edit)


