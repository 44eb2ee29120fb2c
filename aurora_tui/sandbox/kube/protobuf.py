"""The few request bodies that kubectl sends as protobuf: reviews, evictions, deletion options.

Field numbers are those of generated.proto in k8s.io/api and k8s.io/apimachinery.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import field

from aurora_tui.model.frozen import Frozen
from aurora_tui.sandbox.kube.kinds import Json

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"


class _Message(Frozen):
    """Names of a message's fields by number: plain ones, lists of text, and nested messages."""

    texts: Mapping[int, str] = field(default_factory=dict)
    numbers: Mapping[int, str] = field(default_factory=dict)
    lists: Mapping[int, str] = field(default_factory=dict)
    messages: Mapping[int, tuple[str, _Message]] = field(default_factory=dict)


_METADATA = _Message({1: "name", 3: "namespace"})
_TYPE = _Message({1: "apiVersion", 2: "kind"})
_PRECONDITIONS = _Message({1: "uid", 2: "resourceVersion"})
_DELETE_OPTIONS = _Message(
    {4: "propagationPolicy"},
    {1: "gracePeriodSeconds"},
    {5: "dryRun"},
    {2: ("preconditions", _PRECONDITIONS)},
)
_RESOURCE = _Message({1: "namespace", 2: "verb", 3: "group", 4: "version", 5: "resource", 6: "subresource", 7: "name"})
_ACCESS = _Message(
    messages={
        1: ("resourceAttributes", _RESOURCE),
        2: ("nonResourceAttributes", _Message({1: "path", 2: "verb"})),
    }
)
_KNOWN: Mapping[str, _Message] = {
    "SelfSubjectReview": _Message(),
    "SelfSubjectAccessReview": _Message(messages={1: ("metadata", _METADATA), 2: ("spec", _ACCESS)}),
    "SelfSubjectRulesReview": _Message(messages={2: ("spec", _Message({1: "namespace"}))}),
    "Eviction": _Message(messages={1: ("metadata", _METADATA), 2: ("deleteOptions", _DELETE_OPTIONS)}),
    "DeleteOptions": _DELETE_OPTIONS,
}


def decoded(raw: bytes) -> Json | None:
    """The object of a protobuf body as its JSON would be; None for kinds that are not known here.

    Raises ValueError for what is no such body.
    """
    if not raw.startswith(_MAGIC):
        raise ValueError("the body does not begin as Kubernetes protobuf")
    parts = dict(_fields(raw[len(_MAGIC) :]))
    head = _object(_bytes(parts.get(1, b"")), _TYPE)
    message = _KNOWN.get(head.get("kind", ""))
    return None if message is None else {**head, **_object(_bytes(parts.get(2, b"")), message)}


def _object(raw: bytes, message: _Message) -> Json:
    found: Json = {}
    for number, value in _fields(raw):
        if number in message.messages:
            name, inner = message.messages[number]
            found[name] = _object(_bytes(value), inner)
        elif number in message.lists:
            found.setdefault(message.lists[number], []).append(_bytes(value).decode())
        elif number in message.numbers:
            found[message.numbers[number]] = value
        elif number in message.texts and value:
            found[message.texts[number]] = _bytes(value).decode()
    return found


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ValueError("a number where bytes belong")
    return value


def _fields(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field numbers and values: varints as numbers, length-delimited fields as bytes."""
    at = 0
    while at < len(raw):
        tag, at = _varint(raw, at)
        value, at = _varint(raw, at)
        match tag & 7:
            case 0:
                yield tag >> 3, value
            case 2 if at + value <= len(raw):
                yield tag >> 3, raw[at : at + value]
                at += value
            case kind:
                raise ValueError(f"wire type {kind} where none belongs")


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(raw):
        value |= (raw[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if raw[at - 1] < 0x80:
            return value, at
    raise ValueError("the body ends within a number")
