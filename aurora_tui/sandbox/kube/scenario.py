"""The cluster's past, played to the controllers until the present of a scenario."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import msgspec

from aurora_tui.sandbox.kube.kinds import DEPLOYMENTS, NAMESPACES, NODES, STORED, Json, Resource, of_kind
from aurora_tui.sandbox.kube.managed import managed
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
from aurora_tui.sandbox.kube.stamps import stamp
from aurora_tui.sandbox.kube.strategic import strategic_merge_patch
from aurora_tui.sandbox.kube.writes import DeleteOptions, Registry, Target
from aurora_tui.sandbox.scenarios.base import Copied, Created, Deleted, Edit, Release, Scenario

DAY = 86_400.0
_CLUSTER_AGE, _STACK_AGE, _GOOD_RELEASE_AGE = 40 * DAY, 12 * DAY, 3 * DAY
_BACKEND = "aurora-backend"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

Play = Callable[[float], None]
"""Lets the controllers work until the given epoch second."""


def rehearse(registry: Registry, play: Play, now: float, scenario: Scenario) -> None:
    """Bring an empty cluster to `now`.

    Ages, events and revisions are consistent because nothing is written but what an operator
    applied, at the time it was: at last what the scenario tells of.
    """
    play(now - _CLUSTER_AGE)
    for name in NAMESPACE_NAMES:
        registry.create(Target(NAMESPACES), {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name}})
    for at, name in enumerate(NODE_NAMES):
        registry.create(Target(NODES), node(at, name, now - _CLUSTER_AGE))
    for manifest in platform():
        _apply(registry, manifest)
    play(now - _STACK_AGE)
    edited = {(edit.kind, edit.name) for edit in scenario.of(Edit) if edit.age is not None}
    for manifest in aurora_stack():
        shaped = _shaped(scenario, manifest)
        known = (manifest["kind"], manifest["metadata"]["name"]) in edited
        _apply(registry, _as_kubectl_applies(shaped, now - _STACK_AGE) if known else shaped)
    steps = sorted(_steps(registry, scenario), key=lambda step: -step[0])
    for age, step in steps:
        play(now - age)
        step()
    play(now)


def _steps(registry: Registry, scenario: Scenario) -> Iterator[tuple[float, Callable[[], object]]]:
    """What happened after the stack was there: the age in seconds, and what to do then."""
    good = Release(_BACKEND, "aurora/backend:2.4.0", _GOOD_RELEASE_AGE)
    for release in (good, *scenario.of(Release)):
        yield release.age, partial(_release, registry, release, scenario)
    for edit in scenario.of(Edit):
        if edit.age is not None:
            yield edit.age, partial(_edit, registry, edit)
    for made in scenario.of(Created):
        yield made.age, partial(_apply, registry, made.manifest)
    for twin in scenario.of(Copied):
        yield twin.age, partial(_copy, registry, twin)
    for gone in scenario.of(Deleted):
        target = Target(_resource(gone.kind), NAMESPACE, gone.name)
        yield gone.age, partial(registry.delete, target, DeleteOptions())


def _apply(registry: Registry, manifest: Json) -> None:
    resource = of_kind(manifest["apiVersion"], manifest["kind"])
    assert resource is not None
    registry.create(Target(resource, manifest["metadata"]["namespace"]), manifest)


def _as_kubectl_applies(manifest: Json, at: float) -> Json:
    """With the annotation in which ``kubectl apply`` keeps what was applied, and who owns the fields since."""
    kept = {LAST_APPLIED: msgspec.json.encode(manifest).decode() + "\n"}
    metadata = {**manifest["metadata"], "annotations": {**(manifest["metadata"].get("annotations") or {}), **kept}}
    new = {**manifest, "metadata": metadata}
    return managed(
        {"metadata": {}},
        new,
        manager="kubectl-client-side-apply",
        subresource="",
        api_version=manifest["apiVersion"],
        now=stamp(at),
    )


def _shaped(scenario: Scenario, manifest: Json) -> Json:
    """A manifest as the scenario has it from the beginning."""
    for edit in scenario.of(Edit):
        if edit.age is None and (edit.kind, edit.name) == (manifest["kind"], manifest["metadata"]["name"]):
            manifest = strategic_merge_patch(manifest, edit.patch)
    return manifest


def _resource(kind: str) -> Resource:
    return next(each for each in STORED if each.kind == kind)


def _edit(registry: Registry, edit: Edit) -> None:
    resource = _resource(edit.kind)
    target = Target(resource, NAMESPACE if resource.namespaced else "", edit.name)
    registry.edit(target, lambda present: strategic_merge_patch(present, edit.patch), manager=edit.manager)


def _copy(registry: Registry, twin: Copied) -> None:
    original = registry.get(Target(_resource(twin.kind), NAMESPACE, twin.name))
    labels = original["metadata"].get("labels") or {}
    metadata = {"name": twin.copy, "namespace": NAMESPACE, "labels": labels}
    body = {key: value for key, value in original.items() if key not in ("metadata", "status")}
    _apply(registry, strategic_merge_patch({**body, "metadata": metadata}, twin.patch))


def _release(registry: Registry, release: Release, scenario: Scenario) -> None:
    """Roll a Deployment of the stack on to an image, with the settings that came with that version."""
    version = release.image.rpartition(":")[2]

    def edit(present: Json) -> Json:
        template = present["spec"]["template"]
        if release.workload == _BACKEND and version in BACKEND_ENV:
            template = backend_template(version)
        else:
            first, *others = template["spec"]["containers"]
            containers = [{**first, "image": release.image}, *others]
            template = {**template, "spec": {**template["spec"], "containers": containers}}
        annotations = {**(present["metadata"].get("annotations") or {}), CHANGE_CAUSE: f"release {version}"}
        metadata = {**present["metadata"], "annotations": annotations}
        released = {**present, "metadata": metadata, "spec": {**present["spec"], "template": template}}
        return strategic_merge_patch(_shaped(scenario, released), release.patch)

    registry.edit(Target(DEPLOYMENTS, NAMESPACE, release.workload), edit, manager="deploy-pipeline")
