"""Strategic merge patch: JSON merge patch that knows which lists are maps and by which key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aurora_tui.sandbox.kube.kinds import Json
from aurora_tui.sandbox.kube.patches import PatchFailedError

_MERGE_KEYS: Mapping[str, str] = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
    "conditions": "type",
    "ownerReferences": "uid",
    "addresses": "type",
    "podIPs": "ip",
    "secrets": "name",
}
"""Lists whose Go field carries patchStrategy "merge", and the patchMergeKey (k8s.io/api types.go)."""
_PRIMITIVE_LISTS = frozenset({"finalizers"})
_DIRECTIVES = ("$patch", "$retainKeys")
_ORDER, _DELETE_PRIMITIVES = "$setElementOrder/", "$deleteFromPrimitiveList/"


def strategic_merge_patch(target: Json, patch: Json) -> Json:
    """`target` with `patch` merged in; raises PatchFailedError for directives that make no sense.

    Knows ``$patch: replace|delete|merge``, ``$setElementOrder``, ``$deleteFromPrimitiveList`` and
    ``$retainKeys``, which is what kubectl sends.
    """
    return _merge_map(target, patch)


def _merge_map(target: Json, patch: Json) -> Json:
    match patch.get("$patch", "merge"):
        case "replace":
            return {key: value for key, value in patch.items() if key != "$patch"}
        case "delete":
            return {}
        case "merge":
            pass
        case other:
            raise PatchFailedError(f"unrecognised patch directive {other!r}")
    merged = dict(target)
    if "$retainKeys" in patch:
        kept = set(patch["$retainKeys"])
        merged = {key: value for key, value in merged.items() if key in kept}
    for key, value in patch.items():
        if key in _DIRECTIVES or key.startswith(_ORDER):
            continue
        if key.startswith(_DELETE_PRIMITIVES):
            name = key.removeprefix(_DELETE_PRIMITIVES)
            merged[name] = [each for each in merged.get(name, ()) if each not in value]
        elif value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            old = merged.get(key)
            merged[key] = _merge_map(old if isinstance(old, dict) else {}, value)
        elif isinstance(value, list):
            old = merged.get(key)
            merged[key] = _merge_list(key, old if isinstance(old, list) else [], value)
        else:
            merged[key] = value
    for key, order in patch.items():
        if key.startswith(_ORDER):
            _reorder(merged, key.removeprefix(_ORDER), order)
    return merged


def merge_key(name: str, items: Sequence[Any]) -> str | None:
    """The key by which the list `name` is a map; None for lists that are replaced whole."""
    if not all(isinstance(item, dict) for item in items):
        return None
    if name == "ports":
        # Containers' ports merge by containerPort, Services' by port.
        return "containerPort" if any("containerPort" in item for item in items) else "port"
    return _MERGE_KEYS.get(name)


def _merge_list(name: str, old: list[Any], patch: list[Any]) -> list[Any]:
    if name in _PRIMITIVE_LISTS:
        return [*old, *(each for each in patch if each not in old)]
    key = merge_key(name, [*old, *patch])
    if key is None:
        return patch
    if any(item.get("$patch") == "replace" for item in patch):
        return [item for item in patch if "$patch" not in item]
    merged = list(old)
    for item in patch:
        if key not in item:
            raise PatchFailedError(f"map: {item} does not contain declared merge key: {key}")
        at = next((i for i, each in enumerate(merged) if each.get(key) == item[key]), None)
        if item.get("$patch") == "delete":
            if at is not None:
                del merged[at]
        elif at is None:
            merged.append(_merge_map({}, item))
        else:
            merged[at] = _merge_map(merged[at], item)
    return merged


def _reorder(merged: Json, name: str, order: list[Any]) -> None:
    """Elements that the order names come in that order; the others keep their places before them."""
    items = merged.get(name)
    if not items:
        return
    key = merge_key(name, items)

    def identity(item: Any) -> Any:
        return item.get(key) if key else item

    wanted = [each.get(key) if key and isinstance(each, dict) else each for each in order]
    named = sorted((i for i in items if identity(i) in wanted), key=lambda i: wanted.index(identity(i)))
    queue = iter(named)
    merged[name] = [next(queue) if identity(item) in wanted else item for item in items]
