"""JSON patch (RFC 6902) and JSON merge patch (RFC 7386)."""

from __future__ import annotations

from typing import Any

from aurora_tui.sandbox.kube.kinds import Json


class PatchFailedError(ValueError):
    """An operation could not be carried out, a ``test`` did not hold."""


class PatchMalformedError(ValueError):
    """The patch itself is not one."""


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7386: dicts are merged, null deletes, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def json_patch(target: Json, operations: Any) -> Any:
    """RFC 6902, all operations or none; raises PatchFailedError and PatchMalformedError.

    As in the server's own library, ``remove`` of what is not there fails and ``add`` needs the parent.
    """
    if not isinstance(operations, list):
        raise PatchMalformedError("a JSON patch is a list of operations")
    document: Any = target
    for operation in operations:
        if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
            raise PatchMalformedError("an operation is an object with op and path")
        document = _operate(document, operation)
    return document


def _operate(document: Any, operation: Json) -> Any:
    path = _pointer(operation["path"])
    match operation.get("op"):
        case "add":
            return _set(document, path, _value(operation), insert=True)
        case "replace":
            _at(document, path)
            return _set(document, path, _value(operation), insert=False)
        case "remove":
            _at(document, path)
            return _without(document, path)
        case "test":
            # A missing member equals null: the library that the API server uses treats it so.
            try:
                found = _at(document, path)
            except PatchFailedError:
                found = None
            if not _same(found, _value(operation)):
                raise PatchFailedError(f"testing value {operation['path']} failed")
            return document
        case "move" | "copy" as op:
            origin = _pointer(str(operation.get("from", "")))
            moved = _at(document, origin)
            rest = _without(document, origin) if op == "move" else document
            return _set(rest, path, moved, insert=True)
        case other:
            raise PatchMalformedError(f"unknown operation {other!r}")


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _value(operation: Json) -> Any:
    if "value" not in operation:
        raise PatchMalformedError(f"operation {operation.get('op')} without value")
    return operation["value"]


def _pointer(text: str) -> list[str]:
    if text and not text.startswith("/"):
        raise PatchMalformedError(f"path {text!r} does not begin with /")
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _index(items: list[Any], part: str, *, end: bool) -> int:
    if part == "-" and end:
        return len(items)
    if not part.isdigit() or int(part) >= len(items) + end:
        raise PatchFailedError(f"no index {part}")
    return int(part)


def _at(document: Any, path: list[str]) -> Any:
    for part in path:
        if isinstance(document, dict):
            if part not in document:
                raise PatchFailedError(f"no member {part}")
            document = document[part]
        elif isinstance(document, list):
            document = document[_index(document, part, end=False)]
        else:
            raise PatchFailedError(f"nothing below {part}")
    return document


def _set(document: Any, path: list[str], value: Any, *, insert: bool) -> Any:
    if not path:
        return value
    part, rest = path[0], path[1:]
    if isinstance(document, dict):
        if rest and part not in document:
            raise PatchFailedError(f"no member {part}")
        return {**document, part: _set(document.get(part), rest, value, insert=insert)}
    if not isinstance(document, list):
        raise PatchFailedError(f"nothing below {part}")
    at = _index(document, part, end=insert and not rest)
    if rest:
        return [*document[:at], _set(document[at], rest, value, insert=insert), *document[at + 1 :]]
    return [*document[:at], value, *document[at if insert else at + 1 :]]


def _without(document: Any, path: list[str]) -> Any:
    if not path:
        raise PatchFailedError("the whole document cannot be removed")
    part, rest = path[0], path[1:]
    if isinstance(document, dict):
        if rest:
            return {**document, part: _without(document[part], rest)}
        return {key: value for key, value in document.items() if key != part}
    at = _index(document, part, end=False)
    inner = [_without(document[at], rest)] if rest else []
    return [*document[:at], *inner, *document[at + 1 :]]
