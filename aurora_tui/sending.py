"""How each kind of request is sent: under what it is guarded, tried first by the server, and looked for when lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aurora_tui.cluster.errors import ClusterError, NotFoundError
from aurora_tui.cluster.protocol import JSON_PATCH, Cluster
from aurora_tui.cluster.resources import Resource, find
from aurora_tui.model.actions import (
    CreateRequest,
    DeleteRequest,
    ExecRequest,
    ObjectRequest,
    Obstacle,
    Outcome,
    PatchRequest,
    Request,
)

Object = Mapping[str, Any]
_CARRIED_OUT = "but the cluster shows that it was carried out"


async def send(
    cluster: Cluster, resource: Resource, request: ObjectRequest, live: Object, *, dry_run: bool = False
) -> Object:
    """Send a request on the object as it was last read, and return what the server made of it.

    Patches hold the object to the resourceVersion that was read, deletions and evictions to its uid. Raises
    `ClusterError`, for a stale version `ConflictError`.
    """
    meta = live["metadata"]
    namespace, name = meta.get("namespace"), meta["name"]
    match request:
        case PatchRequest():
            return await cluster.patch(
                resource,
                namespace,
                name,
                request.body if dry_run else _guarded(request, meta["resourceVersion"]),
                content_type=request.content_type,
                subresource=request.subresource,
                dry_run=dry_run,
            )
        case DeleteRequest():
            return await cluster.delete(
                resource, namespace, name, uid=meta["uid"], grace_seconds=request.grace_seconds, dry_run=dry_run
            )
        case CreateRequest():
            made = made_by(resource, request)
            owner = name if request.subresource else ""
            return await cluster.create(
                made, namespace, request.body, name=owner, subresource=request.subresource, dry_run=dry_run
            )


def right(resource: Resource, request: Request) -> tuple[str, Resource, str]:
    """The verb, resource and subresource that RBAC is asked about."""
    match request:
        case PatchRequest():
            return "patch", resource, request.subresource
        case DeleteRequest():
            return "delete", resource, ""
        case CreateRequest():
            return "create", made_by(resource, request), request.subresource
        case ExecRequest():
            return "create", resource, "exec"


def rights(resource: Resource, request: Request) -> tuple[tuple[str, Resource, str], ...]:
    """All that RBAC is asked about: a websocket is opened with GET, and from 1.35 on needs both verbs.

    https://github.com/kubernetes/kubernetes/issues/133515
    """
    needed = right(resource, request)
    return (needed, ("get", resource, "exec")) if isinstance(request, ExecRequest) else (needed,)


def made_by(resource: Resource, request: CreateRequest) -> Resource:
    """The kind of the object that is made, where it is another than the target's."""
    made = find(request.kind) if request.kind else resource
    if made is None:
        raise ValueError(f"no kind {request.kind} is known")
    return made


async def trace(
    cluster: Cluster, resource: Resource, request: ObjectRequest, sent_on: Object
) -> tuple[Outcome, str] | None:
    """What the cluster shows of a deletion, an eviction or a new object whose answer was lost; None: nothing yet.

    Nothing yet may safely be tried again: it is held to the uid, or to the new object's name. Raises `ClusterError`.
    """
    meta = sent_on["metadata"]
    namespace = meta.get("namespace")
    if isinstance(request, CreateRequest) and not request.subresource:
        made = made_by(resource, request)
        try:
            await cluster.get(made, namespace, request.body["metadata"]["name"])
        except NotFoundError:
            return None
        return Outcome.DONE, _CARRIED_OUT
    try:
        live = await cluster.get(resource, namespace, meta["name"])
    except NotFoundError:
        return Outcome.DONE, f"{_CARRIED_OUT}: {resource.kind.lower()}/{meta['name']} is gone"
    if live["metadata"]["uid"] != meta["uid"] or live["metadata"].get("deletionTimestamp"):
        return Outcome.DONE, f"{_CARRIED_OUT}: {resource.kind.lower()}/{meta['name']} is ending"
    return None


def obstacle(error: ClusterError, request: Request) -> Obstacle | None:
    """What a request that ends an object ran into, where that is no fault.

    429 of an eviction is a disruption budget, not an overload; 403 with the cause NamespaceTerminating means that
    the object goes with its namespace (kubectl drain takes both so).
    """
    eviction = isinstance(request, CreateRequest) and request.subresource == "eviction"
    if eviction and error.status == 429:
        return Obstacle.BUDGET
    if (eviction or isinstance(request, DeleteRequest)) and "NamespaceTerminating" in error.causes:
        return Obstacle.ENDING
    return None


def _guarded(request: PatchRequest, version: str) -> Any:
    """The request's body with the resourceVersion that the object must still have, else 409."""
    if request.content_type == JSON_PATCH:
        # "replace", not "test": a failed test is a 422 like any other mistake, a stale version a 409.
        return [{"op": "replace", "path": "/metadata/resourceVersion", "value": version}, *request.body]
    return {**request.body, "metadata": {**request.body.get("metadata", {}), "resourceVersion": version}}
