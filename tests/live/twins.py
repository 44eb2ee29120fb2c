"""Keeps every workload twice, one for the program and one for kubectl, and compares what became of the two.

The twins bear one name in two namespaces, so that their specifications, and with them the hashes of their
templates, are the same.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.live.conftest import Eventually, Kubectl
from tests.live.manyobjects import to_list, workload

Object = dict[str, Any]

KEEPERS = ("ReplicaSet", "ControllerRevision")
REVISION = "deployment.kubernetes.io/revision"
_RESTARTED = re.compile(r'(kubectl\.kubernetes\.io/restartedAt": ")\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)"')
_GONE = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "ownerReferences", "namespace", "generation")
"""Metadata by which any two objects differ."""


def image(found: Object) -> str:
    """The image of a workload's or a revision's one container."""
    return str(found["spec"]["template"]["spec"]["containers"][0]["image"])


@dataclass(frozen=True)
class Twins:
    """One test's workloads, all called `name`: the program acts in the namespace `ours`, kubectl in `theirs`."""

    kubectl: Kubectl
    eventually: Eventually
    ours: str
    theirs: str
    name: str

    def reference(self, kind: str) -> str:
        return f"{kind.lower()}/{self.name}"

    def both(self, *arguments: str) -> None:
        """Run kubectl in both namespaces."""
        for namespace in (self.ours, self.theirs):
            self.kubectl(*arguments, f"--namespace={namespace}")

    def kubectl_does(self, *arguments: str) -> str:
        """Run kubectl on its own twin, and return what it prints."""
        return self.kubectl(*arguments, f"--namespace={self.theirs}")

    def release(
        self, kind: str, image: str, *, note: str = "", replicas: int = 2, spec: Object | None = None, **container: Any
    ) -> Object:
        """A release of the workload; `note` marks it and its pods, `container` is more of its one container."""
        fixed = {"serviceName": self.name} if kind == "StatefulSet" else {}
        count = None if kind == "DaemonSet" else replicas
        made = workload(kind, self.name, image=image, replicas=count, spec=fixed | (spec or {}))
        made["spec"]["template"]["spec"]["containers"][0] |= container
        if note:
            made["metadata"]["annotations"] = {"kubernetes.io/change-cause": note, "example.com/note": note}
            made["spec"]["template"]["metadata"]["annotations"] = {f"example.com/{note}": "true"}
        return made

    async def apply(self, *releases: Object) -> None:
        """Apply releases of one workload in turn, each when the controller has put down the revision before."""
        for release in releases:
            placed = [
                release | {"metadata": release["metadata"] | {"namespace": namespace}}
                for namespace in (self.ours, self.theirs)
            ]
            self.kubectl("apply", "-f", "-", stdin=to_list(placed))
            if release["kind"] == "ReplicaSet":
                continue  # it keeps no revisions

            def put_down(release: Object = release) -> bool:
                return all(_newest_image(each) == image(release) for each in self._shapes(release["kind"]))

            await self.eventually(put_down)

    async def become_the_same(self, kind: str) -> Object:
        """Wait until both workloads are the same in every field, with their revisions; return ours."""
        found: list[Object] = []

        def same() -> bool:
            mine, other = self._shapes(kind)
            found.append(mine)
            assert mine == other, _difference(other, mine)
            assert _settled(mine), "the controller has not finished"
            return True

        await self.eventually(same)
        workload: Object = found[-1]["workload"]
        return workload

    def _shapes(self, kind: str) -> tuple[Object, Object]:
        """Both twins, read at once."""
        items = json.loads(self.kubectl("get", ",".join((kind, *KEEPERS)), "-A", "-o", "json"))["items"]
        mine, other = (
            [item for item in items if item["metadata"]["namespace"] == namespace and self._is_ours(item)]
            for namespace in (self.ours, self.theirs)
        )
        return _shape(kind, mine), _shape(kind, other)

    def _is_ours(self, item: Object) -> bool:
        return self.name in (item["metadata"]["name"], _owner(item))


def _shape(kind: str, items: Sequence[Object]) -> Object:
    """The workload with its counts, and what its keepers hold, oldest first, by number instead of hash."""
    workload = next(item for item in items if item["kind"] == kind and _owner(item) == "")
    meta = workload["metadata"]
    kept = sorted(_keepers(workload, items), key=_revision)
    counts = {key: value for key, value in workload["status"].items() if isinstance(value, int | str)}
    shape = {
        "workload": {**_own(workload), "status": counts, "generation": meta["generation"]},
        "kept": [{**_own(item), "revision": _revision(item)} for item in kept],
    }
    text = json.dumps(shape, sort_keys=True).replace(meta["namespace"], "NAMESPACE")
    for item in kept:
        # After a restart the twins' templates differ by its second, and so do the hashes in names and labels.
        text = text.replace(item["metadata"]["name"].rpartition("-")[2], f"HASH-{_revision(item)}")
    read: Object = json.loads(_RESTARTED.sub(r'\1WHEN"', text))
    return read


def _keepers(workload: Object, items: Sequence[Object]) -> Iterator[Object]:
    for item in items:
        owners = item["metadata"].get("ownerReferences", ())
        # A new ReplicaSet gets its number a moment later.
        if any(each["uid"] == workload["metadata"]["uid"] for each in owners) and _revision(item):
            yield item


def _own(item: Object) -> Object:
    metadata = {key: value for key, value in item["metadata"].items() if key not in _GONE}
    return {"metadata": metadata} | {key: item[key] for key in ("spec", "data") if key in item}


def _owner(item: Object) -> str:
    return str(next((each["name"] for each in item["metadata"].get("ownerReferences", ())), ""))


def _revision(item: Object) -> int:
    annotations: Mapping[str, str] = item["metadata"].get("annotations", {})
    return int(item["revision"] if "revision" in item else annotations.get(REVISION, 0))


def _newest_image(shape: Object) -> str:
    """Of the newest revision that a controller has put down; a ControllerRevision holds it under `data`."""
    newest = shape["kept"][-1] if shape["kept"] else None
    return image(newest.get("data", newest)) if newest else ""


def _settled(shape: Object) -> bool:
    workload = shape["workload"]
    return bool(workload["status"].get("observedGeneration") == workload["generation"])


def _difference(kubectls: Object, ours: Object) -> str:
    wanted, found = (json.dumps(each, indent=1).splitlines() for each in (kubectls, ours))
    return "\n".join(difflib.unified_diff(wanted, found, "kubectl's", "ours", lineterm="", n=2))
