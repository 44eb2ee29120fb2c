"""Lists: selectors, pages that hold still while they are turned, and what revision they are of."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

import msgspec

from aurora_tui.model.frozen import Frozen
from aurora_tui.sandbox.kube.kinds import Json, Resource
from aurora_tui.sandbox.kube.objects import CompactedError, ObjectStore, key_of
from aurora_tui.sandbox.kube.selectors import Match, SelectorError, field_matcher, label_matcher
from aurora_tui.sandbox.kube.statuses import (
    ApiError,
    FieldFault,
    bad_request,
    expired,
    invalid,
    too_large_revision,
)

_OPTIONS = Resource("meta.k8s.io", "v1", "listoptions", "ListOptions")


class ListOptions(Frozen):
    """The query of a list or watch, read; `revision` None where the client names none."""

    selects: Match
    selective: bool
    limit: int
    token: str
    revision: int | None
    exact: bool
    watch: bool
    bookmarks: bool
    initial_events: bool
    timeout: float | None


class _Page(msgspec.Struct):
    """What a continue token holds: the revision of the first page and the last key given."""

    rv: int
    start: tuple[str, str]


def read_options(query: Mapping[str, str], resource: Resource) -> ListOptions:
    """Raises ApiError 400 or 422 as the server does for options that it cannot honour."""
    labels, fields = query.get("labelSelector", ""), query.get("fieldSelector", "")
    try:
        by_label, by_field = label_matcher(labels), field_matcher(fields, resource)
    except SelectorError as error:
        raise bad_request(
            f'Unable to find "{resource.api_version}, Resource={resource.plural}" that match '
            f'label selector "{labels}", field selector "{fields}": {error}'
        ) from error
    watch = flag(query, "watch")
    _check_match(query, watch)
    return ListOptions(
        selects=lambda obj: by_label(obj) and by_field(obj),
        selective=bool(labels or fields),
        limit=whole_number(query, "limit") or 0,
        token=query.get("continue", ""),
        revision=_revision(query),
        exact=query.get("resourceVersionMatch") == "Exact",
        watch=watch,
        bookmarks=flag(query, "allowWatchBookmarks"),
        initial_events=flag(query, "sendInitialEvents"),
        timeout=whole_number(query, "timeoutSeconds"),
    )


def flag(query: Mapping[str, str], name: str) -> bool:
    """A boolean as the server reads it: present and neither ``0`` nor ``false``."""
    return query.get(name, "0").lower() not in ("0", "false")


def whole_number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def _revision(query: Mapping[str, str]) -> int | None:
    text = query.get("resourceVersion", "")
    if text and not text.isdecimal():
        fault = FieldFault("resourceVersion", f'Invalid value: "{text}": strconv.ParseUint: invalid syntax')
        raise invalid(_OPTIONS, "", [fault])
    return int(text) if text else None


def _check_match(query: Mapping[str, str], watch: bool) -> None:
    """The rules of internalversion/validation: which options go together."""
    match, field = query.get("resourceVersionMatch", ""), "resourceVersionMatch"
    initial = "sendInitialEvents" in query
    allowed = ("NotOlderThan",) if watch else ("Exact", "NotOlderThan")
    fault = ""
    if initial and not watch:
        field, fault = "sendInitialEvents", "Forbidden: sendInitialEvents is forbidden for list"
    elif initial and match != "NotOlderThan":
        fault = "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
    elif not match:
        return
    elif match not in allowed:
        fault = f'Unsupported value: "{match}": supported values: {", ".join(allowed)}'
    elif watch and not initial:
        fault = "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
    elif query.get("continue"):
        fault = "Forbidden: resourceVersionMatch is forbidden when continue is provided"
    elif not watch and not query.get("resourceVersion"):
        fault = "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"
    if fault:
        raise invalid(_OPTIONS, "", [FieldFault(field, fault)])


def list_objects(store: ObjectStore, resource: Resource, namespace: str | None, options: ListOptions) -> Json:
    """The list object; its items lack kind and apiVersion, as those of built-in types do."""
    revision, after = store.revision, None
    try:
        if options.token:
            page = _read_token(options.token)
            revision, after = page.rv, page.start
        elif options.revision is not None and options.exact:
            revision = options.revision
        if (options.revision or revision) > store.revision:
            raise too_large_revision(options.revision or revision, store.revision)
        items = store.items_at(resource, namespace, revision)
    except CompactedError as error:
        raise _too_old(options, revision, error) from error
    left = [item for item in items if (after is None or key_of(item) > after) and options.selects(item)]
    metadata: Json = {"resourceVersion": str(revision)}
    if options.limit and len(left) > options.limit:
        rest = len(left) - options.limit
        left = left[: options.limit]
        metadata["continue"] = _token(_Page(revision, key_of(left[-1])))
        if not options.selective:
            metadata["remainingItemCount"] = rest
    return {
        "kind": f"{resource.kind}List",
        "apiVersion": resource.api_version,
        "metadata": metadata,
        "items": [untyped(item) for item in left],
    }


def untyped(obj: Json) -> Json:
    return {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}


def _too_old(options: ListOptions, revision: int, error: CompactedError) -> ApiError:
    if options.token:
        return expired(
            "The provided continue parameter is too old to display a consistent list result. "
            "You can start a new list without the continue parameter."
        )
    return expired(f"too old resource version: {revision} ({error.oldest})")


def _token(page: _Page) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(page)).decode().rstrip("=")


def _read_token(text: str) -> _Page:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=_Page)
    except (binascii.Error, ValueError) as error:
        raise bad_request(f"continue key is not valid: {error}") from error
