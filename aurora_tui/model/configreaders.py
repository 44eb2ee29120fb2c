"""How a workload's pods read keys of a ConfigMap or Secret, and so when they see a change of one.

Source: https://kubernetes.io/docs/concepts/configuration/configmap/#mounted-configmaps-are-updated-automatically
(volumes follow within the kubelet's period; the environment and ``subPath`` mounts never do).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from typing import Any

from aurora_tui.model.frozen import Frozen

Object = Mapping[str, Any]


class Reading(StrEnum):
    """A way in which a pod reads a ConfigMap or Secret."""

    ENVIRONMENT = "environment"
    VOLUME = "volume"
    SUB_PATH = "subPath"


WHEN = {
    Reading.ENVIRONMENT: "reads it into its environment: its pods see this only after a restart",
    Reading.VOLUME: "mounts it as a volume: its pods see this within about a minute",
    Reading.SUB_PATH: "mounts it by subPath: its pods see this only after a restart",
}
"""What is to be said of a workload that reads it so."""


class Kept(Frozen):
    """How a pod names what it reads: the fields of its references to one kind."""

    all_of: str
    key_of: str
    volume: str
    name: str
    """The field of the volume that holds the name."""


CONFIG_MAP = Kept("configMapRef", "configMapKeyRef", "configMap", "name")
SECRET = Kept("secretRef", "secretKeyRef", "secret", "secretName")


def readings(pod: Object, name: str, keys: Collection[str] | None, kept: Kept = CONFIG_MAP) -> list[Reading]:
    """The ways in which pods of a spec, raw JSON, read any of `keys` (None: of all) of the object `name`."""
    containers = [each for section in ("initContainers", "containers") for each in pod.get(section) or ()]
    found = {Reading.ENVIRONMENT for each in containers if _in_environment(each, name, keys, kept)}
    volumes = {volume["name"] for volume in pod.get("volumes") or () if _holds(volume, name, keys, kept)}
    for each in containers:
        for mount in each.get("volumeMounts") or ():
            if mount["name"] in volumes:
                found.add(Reading.SUB_PATH if mount.get("subPath") or mount.get("subPathExpr") else Reading.VOLUME)
    return [each for each in Reading if each in found]


def _in_environment(container: Object, name: str, keys: Collection[str] | None, kept: Kept) -> bool:
    if any((each.get(kept.all_of) or {}).get("name") == name for each in container.get("envFrom") or ()):
        return True
    sources = [each.get("valueFrom") or {} for each in container.get("env") or ()]
    wanted = [each[kept.key_of] for each in sources if each.get(kept.key_of)]
    return any(each.get("name") == name and (keys is None or each["key"] in keys) for each in wanted)


def _holds(volume: Object, name: str, keys: Collection[str] | None, kept: Kept) -> bool:
    """Whether a volume holds any of the keys; without `items` it holds all of them."""
    for held, source in _sources(volume, kept):
        items = source.get("items")
        if held == name and (not items or keys is None or any(each["key"] in keys for each in items)):
            return True
    return False


def _sources(volume: Object, kept: Kept) -> Iterator[tuple[str, Object]]:
    """What a volume holds, by name; within a projected volume a Secret's name is called ``name`` too."""
    if whole := volume.get(kept.volume):
        yield whole.get(kept.name, ""), whole
    for each in (volume.get("projected") or {}).get("sources") or ():
        if part := each.get(kept.volume):
            yield part.get("name", ""), part
