"""The cluster's past, played to the controllers until the present of a scenario."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from aurora_tui.sandbox.kube.kinds import DEPLOYMENTS, NAMESPACES, NODES, Json, of_kind
from aurora_tui.sandbox.kube.manifests import (
    BACKEND_ENV,
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
from aurora_tui.sandbox.scenarios import Release

DAY = 86_400.0
_CLUSTER_AGE, _STACK_AGE, _GOOD_RELEASE_AGE = 40 * DAY, 12 * DAY, 3 * DAY
_BACKEND = "aurora-backend"


def rehearse(registry: Registry, play: Callable[[float], None], now: float, releases: Sequence[Release]) -> None:
    """Bring an empty cluster to `now`; `play` lets the controllers work until the given epoch second.

    Ages, events and revisions are consistent because nothing is written but what an operator
    applied, at the time it was: at last the scenario's releases.
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
    _release(registry, _BACKEND, "aurora/backend:2.4.0")
    for release in sorted(releases, key=lambda each: -each.age):
        play(now - release.age)
        _release(registry, release.workload, release.image)
    play(now)


def _apply(registry: Registry, manifest: Json) -> None:
    resource = of_kind(manifest["apiVersion"], manifest["kind"])
    assert resource is not None
    registry.create(Target(resource, manifest["metadata"]["namespace"]), manifest)


def _release(registry: Registry, workload: str, image: str) -> None:
    """Roll a Deployment of the stack on to an image, with the settings that came with that version."""
    version = image.rpartition(":")[2]

    def edit(present: Json) -> Json:
        template = present["spec"]["template"]
        if workload == _BACKEND and version in BACKEND_ENV:
            template = backend_template(version)
        else:
            first, *others = template["spec"]["containers"]
            containers = [{**first, "image": image}, *others]
            template = {**template, "spec": {**template["spec"], "containers": containers}}
        annotations = {**(present["metadata"].get("annotations") or {}), CHANGE_CAUSE: f"release {version}"}
        metadata = {**present["metadata"], "annotations": annotations}
        return {**present, "metadata": metadata, "spec": {**present["spec"], "template": template}}

    registry.edit(Target(DEPLOYMENTS, NAMESPACE, workload), edit, manager="deploy-pipeline")
