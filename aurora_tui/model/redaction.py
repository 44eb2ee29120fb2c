"""What an object's raw JSON must not show: Secret values, their like in ConfigMaps, and field managers' bookkeeping."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from aurora_tui.model.configmaps import masked

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

_SECRET_FIELDS = ("data", "stringData")


def redact(raw: Mapping[str, Any], kind: str = "") -> dict[str, Any]:
    """A copy without ``managedFields``, of a Secret with sizes in place of values, of a ConfigMap with secrets hidden.

    `kind` says what it is where the JSON does not (the items of a list carry no kind). What is of
    unknown kind is treated as a Secret. The copy that ``kubectl apply`` keeps in an annotation is masked
    with them.
    """
    kind = str(raw.get("kind") or kind)
    if isinstance(raw.get("items"), list) and kind.endswith("List"):
        item_kind = kind.removesuffix("List")
        return {**raw, "items": [_item(item, item_kind) for item in raw["items"]]}
    clean = dict(raw)
    hides = secret = not kind or kind.casefold() in {"secret", "secrets"}
    if kind.casefold() in {"configmap", "configmaps"} and isinstance(raw.get("data"), Mapping):
        texts = {key: value for key, value in raw["data"].items() if isinstance(value, str)}
        clean["data"] = {**raw["data"], **masked(texts)}
        hides = clean["data"] != raw["data"]
    if isinstance(raw.get("metadata"), Mapping):
        clean["metadata"] = _metadata(raw["metadata"], without_copy=hides)
    if secret:
        for field in _SECRET_FIELDS:
            if clean.get(field) is not None:
                clean[field] = _masked(clean[field], encoded=field == "data")
    return clean


def _item(item: Any, kind: str) -> Any:
    return redact(item, kind) if isinstance(item, Mapping) else item


def _metadata(metadata: Mapping[str, Any], *, without_copy: bool) -> dict[str, Any]:
    clean = {key: value for key, value in metadata.items() if key != "managedFields"}
    annotations = clean.get("annotations")
    if without_copy and isinstance(annotations, Mapping) and LAST_APPLIED in annotations:
        clean["annotations"] = {**annotations, LAST_APPLIED: "<hidden>"}
    return clean


def _masked(values: Any, *, encoded: bool) -> Any:
    if not isinstance(values, Mapping):
        return "<hidden>"
    return {key: f"<{_size(value, encoded=encoded)} bytes>" for key, value in values.items()}


def _size(value: Any, *, encoded: bool) -> int:
    text = str(value or "").encode("utf-8", "surrogatepass")
    if encoded:
        try:
            return len(base64.b64decode(text, validate=True))
        except binascii.Error:
            return len(text)
    return len(text)
