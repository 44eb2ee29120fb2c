"""Request bodies: JSON objects, patches by media type, deletion options."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from aurora_tui.sandbox.kube import protobuf
from aurora_tui.sandbox.kube.kinds import Json
from aurora_tui.sandbox.kube.listing import whole_number
from aurora_tui.sandbox.kube.patches import PatchFailedError, PatchMalformedError, json_patch, merge_patch
from aurora_tui.sandbox.kube.statuses import (
    bad_request,
    unprocessable_patch,
    unsupported_media_type,
)
from aurora_tui.sandbox.kube.strategic import strategic_merge_patch
from aurora_tui.sandbox.kube.writes import DeleteOptions

_PATCHES: Mapping[str, Callable[[Json, Any], Any]] = {
    "application/json-patch+json": json_patch,
    "application/merge-patch+json": merge_patch,
    "application/strategic-merge-patch+json": strategic_merge_patch,
}


@contextmanager
def decoding() -> Iterator[None]:
    """What trips over an object's form is the object's fault: 400, not 500."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise bad_request(f"the object cannot be decoded: {error!r}") from error


def read_object(media_type: str, raw: bytes) -> Json:
    """The object of a body; raises ApiError 415 (YAML, most of protobuf) and 400."""
    if media_type == protobuf.MEDIA_TYPE:
        try:
            known = protobuf.decoded(raw)
        except ValueError as error:
            raise bad_request(f"the body cannot be decoded: {error}") from error
        if known is None:
            raise unsupported_media_type(["application/json"])
        return known
    if media_type not in ("application/json", "", "application/octet-stream"):
        raise unsupported_media_type(["application/json"])
    value = _decoded(raw)
    if not isinstance(value, dict):
        raise bad_request("the body of the request is not an object")
    return value


def read_patch(media_type: str, raw: bytes) -> Callable[[Json], Json]:
    """The edit that a patch describes; server-side apply is not among the accepted types."""
    apply = _PATCHES.get(media_type)
    if apply is None:
        raise unsupported_media_type(list(_PATCHES))
    patch = _decoded(raw)
    if not isinstance(patch, list if apply is json_patch else dict):
        raise bad_request("error decoding patch: json: cannot unmarshal the patch into the expected form")

    def edit(present: Json) -> Json:
        try:
            edited = apply(present, patch)
        except PatchFailedError as error:
            raise unprocessable_patch() from error
        except PatchMalformedError as error:
            raise bad_request(str(error)) from error
        if not isinstance(edited, dict):
            raise bad_request("the patch leaves no object")
        return edited

    return edit


def _decoded(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        raise bad_request(f"couldn't get version/kind; json parse error: {error}") from error


def read_delete_options(query: Mapping[str, str], media_type: str, raw: bytes) -> DeleteOptions:
    """From the body (a DeleteOptions) or, where there is none, from the query."""
    given: Json = read_object(media_type, raw) if raw.strip() else {}
    preconditions = given.get("preconditions") or {}
    grace = given.get("gracePeriodSeconds", whole_number(query, "gracePeriodSeconds"))
    if grace is not None and not isinstance(grace, int):
        raise bad_request("gracePeriodSeconds is not a number")
    propagation = given.get("propagationPolicy") or query.get("propagationPolicy") or "Background"
    if propagation not in ("Background", "Foreground", "Orphan"):
        raise bad_request(f'invalid propagationPolicy "{propagation}"')
    return DeleteOptions(
        grace=grace,
        propagation=propagation,
        uid=preconditions.get("uid") or "",
        revision=preconditions.get("resourceVersion") or "",
        dry_run=read_dry_run(query) or given.get("dryRun") == ["All"],
    )


def read_dry_run(query: Mapping[str, str]) -> bool:
    """Raises ApiError 400 for anything but ``All``: a dry run must never become a real one."""
    value = query.get("dryRun")
    if value not in (None, "", "All"):
        raise bad_request(f'dryRun: Unsupported value: "{value}": supported values: "All"')
    return value == "All"
