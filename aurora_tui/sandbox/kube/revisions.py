"""ControllerRevisions: the history that StatefulSets and DaemonSets roll back to."""

from __future__ import annotations

from aurora_tui.sandbox.kube.kinds import REVISIONS, Json, Resource
from aurora_tui.sandbox.kube.objects import ObjectStore
from aurora_tui.sandbox.kube.workloads import owned, owner_reference, template_hash


def synced_revision(store: ObjectStore, resource: Resource, owner: Json) -> Json:
    """The revision of the owner's present template: an equal one taken up again as the newest, or a new one.

    Revisions beyond revisionHistoryLimit are dropped, oldest first.
    """
    data = {"spec": {"template": {**owner["spec"]["template"], "$patch": "replace"}}}
    known = sorted(owned(store, REVISIONS, owner), key=lambda each: each["revision"])
    newest = known[-1]["revision"] if known else 0
    same = next((each for each in known if each["data"] == data), None)
    if same is not None:
        if same["revision"] == newest:
            return same
        return store.replace(REVISIONS, {**same, "revision": newest + 1})
    kept = owner["spec"].get("revisionHistoryLimit", 10)
    for each in known[: max(len(known) - kept, 0)]:
        store.remove(REVISIONS, each["metadata"]["namespace"], each["metadata"]["name"])
    short = template_hash(data)
    labels = (owner["spec"]["template"].get("metadata") or {}).get("labels") or {}
    annotations = owner["metadata"].get("annotations") or {}
    return store.create(
        REVISIONS,
        {
            "kind": "ControllerRevision",
            "apiVersion": "apps/v1",
            "metadata": {
                "name": f"{owner['metadata']['name']}-{short}",
                "namespace": owner["metadata"]["namespace"],
                "labels": {**labels, "controller.kubernetes.io/hash": short},
                **({"annotations": annotations} if annotations else {}),
                "ownerReferences": [owner_reference(resource, owner)],
            },
            "data": data,
            "revision": newest + 1,
        },
    )


def template_of(revision: Json) -> Json:
    template: Json = revision["data"]["spec"]["template"]
    return {key: value for key, value in template.items() if key != "$patch"}
