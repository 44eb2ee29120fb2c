"""Who changed which fields last: the ``managedFields`` that updates leave on an object."""

from __future__ import annotations

from aurora_tui.sandbox.kube.kinds import Json

_KEPT = ("resourceVersion", "uid", "creationTimestamp", "generation", "managedFields", "name", "namespace")
_DEEPEST = 3
"""Levels below which a field is owned as a whole here; the server follows its schema further down."""


def managed(old: Json, new: Json, *, manager: str, subresource: str, api_version: str, now: str) -> Json:
    """`new` with an entry for who has just changed `old` into it; without a change `new` as it is.

    https://kubernetes.io/docs/reference/using-api/server-side-apply/#managers
    """
    fields = _changed(_own(old), _own(new), _DEEPEST)
    if not fields or not manager:
        return new
    entries = [
        {**each, "fieldsV1": _without(each.get("fieldsV1") or {}, fields)}
        for each in old["metadata"].get("managedFields") or ()
    ]
    same = [each for each in entries if (each["manager"], each.get("subresource", "")) == (manager, subresource)]
    owned = _merged(same[0]["fieldsV1"], fields) if same else fields
    entry = {
        "manager": manager,
        "operation": "Update",
        "apiVersion": api_version,
        "time": now,
        "fieldsType": "FieldsV1",
        "fieldsV1": owned,
        **({"subresource": subresource} if subresource else {}),
    }
    kept = [each for each in entries if each not in same and each["fieldsV1"]]
    return {**new, "metadata": {**new["metadata"], "managedFields": [*kept, entry]}}


def _own(obj: Json) -> Json:
    metadata = {key: value for key, value in obj["metadata"].items() if key not in _KEPT}
    return {**{key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}, "metadata": metadata}


def _changed(old: Json, new: Json, depth: int) -> Json:
    """The fields of `new` that differ, as ``fieldsV1`` nests them."""
    found: Json = {}
    for key, value in new.items():
        before = old.get(key)
        if value == before:
            continue
        deeper = depth > 1 and isinstance(value, dict) and value
        found[f"f:{key}"] = _changed(before if isinstance(before, dict) else {}, value, depth - 1) if deeper else {}
    return found


def _without(owned: Json, fields: Json) -> Json:
    """What is still owned when others have taken `fields`."""
    left: Json = {}
    for key, value in owned.items():
        if key not in fields:
            left[key] = value
        elif fields[key] and value and (rest := _without(value, fields[key])):
            left[key] = rest
    return left


def _merged(one: Json, other: Json) -> Json:
    return {
        key: _merged(one.get(key, {}), other.get(key, {})) if one.get(key) or other.get(key) else {}
        for key in [*one, *(key for key in other if key not in one)]
    }
