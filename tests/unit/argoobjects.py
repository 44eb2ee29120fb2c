"""Rollouts of Argo Rollouts as its controller leaves them, for the tests of rows and verbs."""

from __future__ import annotations

import copy
from typing import Any

from aurora_tui.cluster.resources import REPLICASETS, ROLLOUTS
from aurora_tui.model.argo import HASH_LABEL, REVISION_ANNOTATION
from tests.unit.fakecluster import FakeCluster, Object
from tests.unit.rolloutobjects import LABELS, NAME, NAMESPACE, template

STEPS: list[Object] = [
    {"setWeight": 20},
    {"pause": {}},
    {"setWeight": 60},
    {"analysis": {"templates": [{"templateName": "errors"}]}},
    {"pause": {"duration": "5m"}},
]
CANARY: Object = {"canary": {"steps": STEPS}}
BLUE_GREEN: Object = {
    "blueGreen": {"activeService": "web", "previewService": "web-preview", "autoPromotionEnabled": False}
}
OLD, NEW = "aurora/backend:2.4.0", "aurora/backend:2.4.1"
STAMP = "2023-11-14T22:00:00Z"
SINCE = "2023-11-14T22:10:00Z"


def paused(reason: str = "CanaryPauseStep") -> Object:
    return {
        "pauseConditions": [{"reason": reason, "startTime": SINCE}],
        "controllerPause": True,
        "phase": "Paused",
        "message": reason,
    }


def aborted() -> Object:
    message = "Rollout aborted update to revision 2"
    return {
        "abort": True,
        "abortedAt": SINCE,
        "currentStepIndex": 0,
        "updatedReplicas": 0,
        "phase": "Degraded",
        "message": f"RolloutAborted: {message}",
        "conditions": [progressing("RolloutAborted", message)],
    }


def progressing(reason: str, message: str = "") -> Object:
    stamps = {"lastUpdateTime": SINCE, "lastTransitionTime": SINCE}
    return {"type": "Progressing", "status": "False", "reason": reason, "message": message, **stamps}


def rollout(strategy: Object = CANARY, image: str = NEW, *, spec: Object | None = None, **status: Any) -> Object:
    """At its second version, whose hash is ``new``, with ``old`` as the stable one; healthy but for `status`."""
    figures = dict.fromkeys(("replicas", "readyReplicas", "availableReplicas"), 5)
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {
            "name": NAME,
            "namespace": NAMESPACE,
            "uid": "uid-rollout",
            "generation": 2,
            "creationTimestamp": STAMP,
            "annotations": {REVISION_ANNOTATION: "2"},
        },
        "spec": {
            "replicas": 5,
            "selector": {"matchLabels": dict(LABELS)},
            "template": template(image),
            "strategy": copy.deepcopy(strategy),
            **(spec or {}),
        },
        "status": {
            **figures,
            "updatedReplicas": 1,
            "observedGeneration": "2",
            "currentPodHash": "new",
            "stableRS": "old",
            "phase": "Progressing",
            "message": "more replicas need to be updated",
            **({"currentStepIndex": 1} if "canary" in strategy else {"blueGreen": {"activeSelector": "old"}}),
            **status,
        },
    }


def finished(strategy: Object = CANARY, **more: Any) -> Object:
    """With no update under way."""
    status = {"updatedReplicas": 5, "stableRS": "new", "currentStepIndex": len(STEPS), "phase": "Healthy"}
    status |= {"message": "", "blueGreen": {"activeSelector": "new", "previewSelector": "new"}}
    return rollout(strategy, **{**status, **more})


def replicaset(number: int, hash_: str, image: str, available: int) -> Object:
    """A ReplicaSet of the Rollout as its controller makes it."""
    pods = template(image)
    pods["metadata"]["labels"][HASH_LABEL] = hash_
    return {
        "metadata": {
            "name": f"{NAME}-{hash_}",
            "namespace": NAMESPACE,
            "uid": f"uid-{hash_}",
            "labels": {**LABELS, HASH_LABEL: hash_},
            "annotations": {REVISION_ANNOTATION: str(number)},
            "ownerReferences": [{"uid": "uid-rollout", "controller": True, "kind": "Rollout", "name": NAME}],
        },
        "spec": {"template": pods, "replicas": available},
        "status": {"replicas": available, "availableReplicas": available},
    }


def under(item: Object, *, old: int = 4, new: int = 1) -> FakeCluster:
    """A cluster with this Rollout and the ReplicaSets of both its versions, so many pods of each available."""
    cluster = FakeCluster()
    cluster.put(ROLLOUTS, item)
    cluster.put(REPLICASETS, replicaset(1, "old", OLD, old))
    cluster.put(REPLICASETS, replicaset(2, "new", NEW, new))
    return cluster


def live(cluster: FakeCluster) -> Object:
    return cluster.objects[ROLLOUTS.plural, NAMESPACE, NAME]
