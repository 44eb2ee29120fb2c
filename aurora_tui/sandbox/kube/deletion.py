"""Deletion: at once, after a grace period, or once finalizers are done; and what owners take with them."""

from __future__ import annotations

from collections.abc import Iterator

from aurora_tui.sandbox.kube.kinds import PODS, STORED, Json, Resource
from aurora_tui.sandbox.kube.objects import ObjectStore, key_of
from aurora_tui.sandbox.kube.stamps import stamp

FOREGROUND = "foregroundDeletion"


def delete(
    store: ObjectStore,
    now: float,
    resource: Resource,
    obj: Json,
    grace: int | None = None,
    propagation: str = "Background",
) -> tuple[Json, bool]:
    """Delete as the registry does; gives the object as it then is and whether it is gone.

    `grace` in seconds; None takes the pod's own. Only pods have one: the kubelet ends them.
    """
    if propagation == "Orphan":
        _orphan(store, obj["metadata"]["uid"])
    marked = obj
    finalizers = list(obj["metadata"].get("finalizers") or ())
    if propagation == "Foreground" and resource is not PODS and FOREGROUND not in finalizers:
        finalizers.append(FOREGROUND)
    seconds = _grace(resource, obj, grace)
    if seconds == 0 and not finalizers:
        return store.remove(resource, *key_of(obj)), True
    already = obj["metadata"].get("deletionGracePeriodSeconds")
    if already is None or seconds < already:
        metadata = {
            **obj["metadata"],
            "deletionTimestamp": stamp(now + seconds),
            "deletionGracePeriodSeconds": seconds,
            **({"finalizers": finalizers} if finalizers else {}),
        }
        marked = store.replace(resource, {**obj, "metadata": metadata})
    return marked, False


def _grace(resource: Resource, obj: Json, asked: int | None) -> int:
    if resource is not PODS or not obj["spec"].get("nodeName"):
        return 0
    if obj.get("status", {}).get("phase") in ("Succeeded", "Failed"):
        return 0
    seconds: int = obj["spec"].get("terminationGracePeriodSeconds", 30) if asked is None else asked
    return max(seconds, 0)


def dependents(store: ObjectStore, uid: str) -> Iterator[tuple[Resource, Json]]:
    """Every object with an owner reference to `uid`."""
    for resource in STORED:
        for obj in store.items(resource):
            if any(ref["uid"] == uid for ref in obj["metadata"].get("ownerReferences") or ()):
                yield resource, obj


def _orphan(store: ObjectStore, uid: str) -> None:
    for resource, obj in list(dependents(store, uid)):
        kept = [ref for ref in obj["metadata"]["ownerReferences"] if ref["uid"] != uid]
        store.replace(resource, {**obj, "metadata": {**obj["metadata"], "ownerReferences": kept}})
