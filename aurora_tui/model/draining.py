"""What becomes of a node's pods when it is drained, decided as kubectl drain does from the pods as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aurora_tui.model.frozen import Frozen
from aurora_tui.model.rollouts import counted
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.selectors import selector_matches

Pod = Mapping[str, Any]


class Leaving(Frozen):
    """A pod that is evicted; `emptied` are its emptyDir volumes, whose data is lost with it."""

    ref: ObjectRef
    keeper: str = ""
    """What makes it anew elsewhere: ``ReplicaSet web``."""
    emptied: tuple[str, ...] = ()
    unmanaged: bool = False
    """Nothing controls it: it is not made anew elsewhere."""
    ending: bool = False

    @property
    def words(self) -> str:
        """What becomes of it."""
        if self.ending:
            return "is ending already"
        return f"{self.keeper} makes it anew elsewhere" if self.keeper else "is evicted"

    @property
    def warnings(self) -> tuple[str, ...]:
        found = []
        if self.unmanaged:
            found.append("nothing controls it: it is not made anew")
        if self.emptied:
            found.append(f"data in emptyDir is lost: {', '.join(self.emptied)}")
        return tuple(found)


class Staying(Frozen):
    """A pod that a drain leaves where it is, and why."""

    ref: ObjectRef
    why: str


def sort_out(pods: Sequence[Pod], daemon_sets: frozenset[tuple[str, str]]) -> tuple[list[Leaving], list[Staying]]:
    """Which pods of a node leave and which stay; `daemon_sets` are the (namespace, name) of those that exist.

    Source: kubectl's drain filters. Mirror pods stay: only the kubelet can end them. Pods of a DaemonSet stay,
    since it ignores that a node is cordoned; one whose DaemonSet is gone is like any pod that nothing controls.
    A pod that has finished loses nothing.
    """
    leaving: list[Leaving] = []
    staying: list[Staying] = []
    for pod in sorted(pods, key=lambda pod: (pod["metadata"]["namespace"], pod["metadata"]["name"])):
        meta = pod["metadata"]
        ref = ObjectRef("Pod", meta["namespace"], meta["name"], meta["uid"])
        owner = controller(pod)
        finished = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
        orphan = False
        if "kubernetes.io/config.mirror" in (meta.get("annotations") or {}):
            staying.append(Staying(ref, "a static pod: the kubelet runs it from a file on the node"))
            continue
        if owner is not None and owner[0] == "DaemonSet" and not finished:
            if (meta["namespace"], owner[1]) in daemon_sets:
                staying.append(Staying(ref, f"DaemonSet {owner[1]} would make it anew on the node at once"))
                continue
            orphan = True
        leaving.append(
            Leaving(
                ref,
                keeper=" ".join(owner) if owner and not orphan and not finished else "",
                emptied=() if finished else _emptied(pod),
                unmanaged=not finished and (orphan or owner is None),
                ending=bool(meta.get("deletionTimestamp")),
            )
        )
    return leaving, staying


def controller(pod: Pod) -> tuple[str, str] | None:
    """Kind and name of what controls a pod, None if nothing does."""
    owners = pod["metadata"].get("ownerReferences") or ()
    return next(((each["kind"], each["name"]) for each in owners if each.get("controller")), None)


def budget_warnings(budgets: Sequence[Mapping[str, Any]], pods: Sequence[Pod]) -> tuple[str, ...]:
    """The disruption budgets that will make some of these pods wait, by how many each allows to go now."""
    found = []
    for budget in budgets:
        meta = budget["metadata"]
        covered = [
            pod
            for pod in pods
            if pod["metadata"]["namespace"] == meta["namespace"]
            and selector_matches(budget["spec"].get("selector"), pod["metadata"].get("labels") or {})
        ]
        allowed = (budget.get("status") or {}).get("disruptionsAllowed", 0)
        if len(covered) > allowed:
            disruptions = counted(allowed, "disruption") if allowed else "no disruption"
            here = f"{counted(len(covered), 'pod')} of it {'is' if len(covered) == 1 else 'are'} here"
            wait = "the others wait for their turn" if allowed else "waiting until it allows one"
            found.append(f"PDB {meta['name']} allows {disruptions} now, and {here}: {wait}")
    return tuple(found)


def _emptied(pod: Pod) -> tuple[str, ...]:
    volumes = (pod.get("spec") or {}).get("volumes") or ()
    return tuple(volume["name"] for volume in volumes if "emptyDir" in volume)
