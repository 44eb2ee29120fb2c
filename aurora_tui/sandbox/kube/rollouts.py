"""The arithmetic of a rolling update (pkg/controller/deployment/util of Kubernetes)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from aurora_tui.sandbox.kube.kinds import Json

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MOST = "deployment.kubernetes.io/max-replicas"
HASH = "pod-template-hash"


def amount(value: Any, total: int, *, up: bool) -> int:
    """An int-or-percent of `total`."""
    if isinstance(value, int):
        return value
    share = int(str(value).removesuffix("%")) * total
    return math.ceil(share / 100) if up else share // 100


def allowance(deployment: Json) -> tuple[int, int]:
    """maxSurge and maxUnavailable in pods; never both 0, as nothing could then move."""
    spec = deployment["spec"]
    rolling = (spec.get("strategy") or {}).get("rollingUpdate")
    if rolling is None:
        return 0, 0
    surge = amount(rolling.get("maxSurge", "25%"), spec["replicas"], up=True)
    unavailable = amount(rolling.get("maxUnavailable", "25%"), spec["replicas"], up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return surge, min(unavailable, spec["replicas"])


def replicas(replica_sets: Sequence[Json]) -> int:
    return sum(each["spec"]["replicas"] for each in replica_sets)


def counted(replica_sets: Sequence[Json], field: str) -> int:
    return sum(each.get("status", {}).get(field, 0) for each in replica_sets)


def revision(obj: Json) -> int:
    return int((obj["metadata"].get("annotations") or {}).get(REVISION, 0))


def new_set_replicas(deployment: Json, every: Sequence[Json], new: Json | None) -> int:
    """How large the new set may be now: surge is a ceiling over all sets."""
    wanted: int = deployment["spec"]["replicas"]
    if (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
        return wanted
    surge, _ = allowance(deployment)
    present: int = new["spec"]["replicas"] if new else 0
    room = wanted + surge - replicas(every)
    return present if room <= 0 else present + min(room, wanted - present)


def same_template(deployment: Json, replica_set: Json) -> bool:
    return without_hash(deployment["spec"]["template"]) == without_hash(replica_set["spec"]["template"])


def without_hash(template: Json) -> Json:
    metadata = template.get("metadata") or {}
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != HASH}
    return {**template, "metadata": {**metadata, "labels": labels}}


def is_complete(deployment: Json, status: Json) -> bool:
    wanted = deployment["spec"]["replicas"]
    counts = [status.get(name, 0) for name in ("updatedReplicas", "replicas", "availableReplicas")]
    return counts == [wanted] * 3


def has_progressed(old: Json, new: Json) -> bool:
    def outdated(status: Json) -> int:
        return int(status.get("replicas", 0) - status.get("updatedReplicas", 0))

    grown = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return outdated(new) < outdated(old) or any(new.get(name, 0) > old.get(name, 0) for name in grown)


def shares(deployment: Json, active: Sequence[Json]) -> dict[str, int]:
    """New sizes of the sets by name when a deployment is resized in the middle of a rollout.

    Each grows or shrinks in proportion; what rounding leaves goes to the largest.
    """
    wanted = deployment["spec"]["replicas"]
    most = wanted + allowance(deployment)[0] if wanted else 0
    change = most - replicas(active)
    # Growing favours newer sets, shrinking older ones, where sizes are equal.
    ordered = sorted(active, key=lambda each: each["metadata"]["creationTimestamp"], reverse=change > 0)
    ordered.sort(key=lambda each: each["spec"]["replicas"], reverse=True)
    sizes: dict[str, int] = {}
    given = 0
    for each in ordered:
        size = each["spec"]["replicas"]
        part = 0
        if change and size:
            fraction = _fraction(deployment, each, most)
            part = min(fraction, change - given) if change > 0 else max(fraction, change - given)
        sizes[each["metadata"]["name"]] = size + part
        given += part
    if ordered and change:
        first = ordered[0]["metadata"]["name"]
        sizes[first] = max(0, sizes[first] + change - given)
    return sizes


def _fraction(deployment: Json, replica_set: Json, most: int) -> int:
    size: int = replica_set["spec"]["replicas"]
    if not deployment["spec"]["replicas"]:
        return -size
    annotations = replica_set["metadata"].get("annotations") or {}
    before = int(annotations.get(MOST, 0)) or deployment.get("status", {}).get("replicas", 0) or most
    return math.floor(size * most / before + 0.5) - size
