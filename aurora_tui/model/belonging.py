"""Which objects of a namespace belong to a workload: what it runs, what runs it, what it reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aurora_tui.model.configreaders import CONFIG_MAP, SECRET, readings
from aurora_tui.model.raw import section, sections
from aurora_tui.model.selection import ObjectRef

Object = Mapping[str, Any]
Listed = Mapping[str, Sequence[Object]]
"""Raw objects by their kind."""

_OWNED = ("ReplicaSet", "ControllerRevision", "Job", "Pod")
"""In the order in which one may own the next."""


def belonging(ref: ObjectRef, listed: Listed) -> frozenset[tuple[str, str]]:
    """Kind and name of all that belongs to a workload, itself included."""
    found = {(ref.kind, ref.name)}
    own = next((each for each in listed.get(ref.kind, ()) if _name(each) == ref.name), None)
    if own is None:
        return frozenset(found)
    uids = {section(own, "metadata").get("uid")}
    for kind in _OWNED:
        for each in listed.get(kind, ()):
            owners = {owner.get("uid") for owner in sections(each, "metadata", "ownerReferences")}
            if owners & uids:
                found.add((kind, _name(each)))
                uids.add(section(each, "metadata").get("uid"))
    pods = [each for each in listed.get("Pod", ()) if ("Pod", _name(each)) in found]
    found |= {("Node", node) for each in pods if (node := section(each, "spec").get("nodeName"))}
    labels, spec = section(own, "spec", "template", "metadata", "labels"), section(own, "spec", "template", "spec")
    for kind, kept in (("ConfigMap", CONFIG_MAP), ("Secret", SECRET)):
        found |= {(kind, name) for name in _names(listed, kind) if readings(spec, name, None, kept)}
    for each in listed.get("Certificate", ()):
        if readings(spec, str(section(each, "spec").get("secretName")), None, SECRET):
            found.add(("Certificate", _name(each)))
    for each in listed.get("Service", ()):
        selector = section(each, "spec", "selector")
        if selector and selector.items() <= labels.items():
            found.add(("Service", _name(each)))
    for each in listed.get("HorizontalPodAutoscaler", ()):
        aim = section(each, "spec", "scaleTargetRef")
        if (aim.get("kind"), aim.get("name")) == (ref.kind, ref.name):
            found.add(("HorizontalPodAutoscaler", _name(each)))
    return frozenset(found)


def _name(item: Object) -> str:
    return str(section(item, "metadata").get("name"))


def _names(listed: Listed, kind: str) -> Iterable[str]:
    return map(_name, listed.get(kind, ()))
