"""What every Kubernetes answer shares: object metadata, conditions, list pages, watch events and Status.

Field names and what may be missing follow the API reference (``meta/v1``). The server leaves out
empty fields and writes ``null`` for empty lists, maps and times, so each of those has a default and
accepts ``None``. Structs name only what the program uses; the decoder skips the rest unbuilt.
"""

from __future__ import annotations

from datetime import datetime
from typing import Generic, TypeVar, dataclass_transform

import msgspec

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Wire(msgspec.Struct, frozen=True, rename="camel", gc=False, omit_defaults=True):
    """Base of all decoded values: immutable trees, so the garbage collector need not visit them."""


class OwnerReference(Wire):
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool | None = None


class Meta(Wire):
    """``metadata`` of an object, without annotations (pods are many and theirs are large)."""

    name: str = ""
    namespace: str | None = None
    uid: str = ""
    resource_version: str = ""
    generation: int | None = None
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] | None = None
    owner_references: tuple[OwnerReference, ...] | None = None


class AnnotatedMeta(Meta):
    """``metadata`` with annotations: revision and change cause of workloads, marks of a bookmark."""

    annotations: dict[str, str] | None = None


class Condition(Wire):
    """One entry of ``status.conditions``; `status` is ``True``, ``False`` or ``Unknown``."""

    type: str = ""
    status: str = ""
    reason: str | None = None
    message: str | None = None
    last_transition_time: datetime | None = None


class Requirement(Wire):
    """One ``matchExpressions`` entry; `operator` is ``In``, ``NotIn``, ``Exists`` or ``DoesNotExist``."""

    key: str = ""
    operator: str = ""
    values: tuple[str, ...] | None = None


class LabelSelector(Wire):
    match_labels: dict[str, str] | None = None
    match_expressions: tuple[Requirement, ...] | None = None


class ObjectReference(Wire):
    """Another object, as events and autoscalers name it."""

    kind: str = ""
    namespace: str | None = None
    name: str = ""
    uid: str = ""
    api_version: str = ""
    field_path: str = ""


class Bare(Wire):
    """Any object of which only the metadata matters (a namespace, the object of a bookmark)."""

    metadata: AnnotatedMeta = AnnotatedMeta()


class ListMeta(Wire):
    """``metadata`` of a list; `continue_` is the token of the next page, empty on the last one."""

    resource_version: str = ""
    continue_: str = msgspec.field(name="continue", default="")
    remaining_item_count: int | None = None


class ListPage(Wire, Generic[T]):
    """One page of a list of `T`; decode with ``msgspec.json.Decoder(ListPage[Pod])``."""

    metadata: ListMeta = ListMeta()
    items: tuple[T, ...] | None = None


class WatchEvent(Wire):
    """One line of a watch: ``ADDED``, ``MODIFIED``, ``DELETED``, ``BOOKMARK`` or ``ERROR``.

    `object` stays undecoded because the type decides what it is: the resource, `Bare` for a
    bookmark, `Status` for an error.
    """

    type: str
    object: msgspec.Raw = msgspec.Raw()


class StatusCause(Wire):
    reason: str = ""
    message: str = ""
    field: str = ""


class StatusDetails(Wire):
    name: str = ""
    kind: str = ""
    causes: tuple[StatusCause, ...] | None = None
    retry_after_seconds: int = 0


class Status(Wire):
    """The API's error answer; `code` is the HTTP status, `reason` such as ``Expired`` or ``Forbidden``."""

    status: str = ""
    message: str = ""
    reason: str = ""
    code: int = 0
    details: StatusDetails | None = None


def key(meta: Meta) -> str:
    """The row's key in the store: ``namespace/name``, or ``name`` for a cluster-scoped object."""
    return f"{meta.namespace}/{meta.name}" if meta.namespace else meta.name
