"""The difference between two states of an object by field, without noise or secrets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from aurora_tui.model.frozen import Frozen
from aurora_tui.model.masking import HIDDEN, hides_annotation, is_secret_variable, mask_text, mask_words

NOISE_ANNOTATIONS = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        "deployment.kubernetes.io/revision",
        "deployment.kubernetes.io/revision-history",
        "deployment.kubernetes.io/desired-replicas",
        "deployment.kubernetes.io/max-replicas",
        "deprecated.daemonset.template.generation",
        "rollout.argoproj.io/revision",
        "rollout.argoproj.io/workload-generation",
    }
)
"""Annotations that controllers and clients keep for themselves; a change of one is not the operator's."""


class DiffLine(Frozen):
    """One changed field: `sign` is ``-`` or ``+``, `path` as kubectl's field paths, `text` its value."""

    sign: str
    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.sign} {self.path}: {self.text}"


class _Leaf(Frozen):
    value: Any
    secret: bool = False

    def text(self) -> str:
        if self.secret:
            return HIDDEN
        if isinstance(self.value, str):
            shown = mask_text(self.value)
            return shown if shown.isprintable() else json.dumps(shown, ensure_ascii=False)
        masked = mask_words(self.value) if isinstance(self.value, list) else self.value
        return json.dumps(masked, ensure_ascii=False)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[DiffLine, ...]:
    """What an operator changes by turning one object into the other.

    Only labels, annotations and everything outside ``metadata`` and ``status`` count, and a status that is shown
    alone, without a spec; annotations of `NOISE_ANNOTATIONS` don't. Fields stand in the order of the object, the
    old value before the new. A value that is hidden as a secret still shows that it changed.
    """
    old = dict(_leaves(_meaningful(before), ""))
    new = dict(_leaves(_meaningful(after), ""))
    lines: list[DiffLine] = []
    for path in [*old, *(path for path in new if path not in old)]:
        was, becomes = old.get(path), new.get(path)
        if was is not None and becomes is not None and was.value == becomes.value:
            continue
        if was is not None:
            lines.append(DiffLine("-", path, was.text()))
        if becomes is not None:
            lines.append(DiffLine("+", path, becomes.text()))
    return tuple(lines)


def own_annotations(item: Mapping[str, Any]) -> dict[str, str]:
    """An object's annotations without `NOISE_ANNOTATIONS`."""
    annotations = (item.get("metadata") or {}).get("annotations") or {}
    return {key: value for key, value in annotations.items() if key not in NOISE_ANNOTATIONS}


def _meaningful(item: Mapping[str, Any]) -> dict[str, Any]:
    outside = ("metadata", "apiVersion", "kind", *(("status",) if "spec" in item else ()))
    kept = {key: value for key, value in item.items() if key not in outside}
    labels = (item.get("metadata") or {}).get("labels") or {}
    return {"metadata": {"labels": labels, "annotations": own_annotations(item)}, **kept}


def _leaves(value: Any, path: str) -> Iterator[tuple[str, _Leaf]]:
    if value is None:
        return
    if isinstance(value, Mapping) and value:
        hidden, annotations = is_secret_variable(value), path.endswith("annotations")
        for key, item in value.items():
            if (hidden and key == "value") or (annotations and hides_annotation(key, str(item))):
                yield _join(path, key), _Leaf(item, secret=True)
            else:
                yield from _leaves(item, _join(path, key))
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        for key, item in zip(_item_keys(value), value, strict=True):
            yield from _leaves(item, f"{path}[{key}]")
    elif value not in ({}, []) or not path.endswith(("labels", "annotations")):
        yield path, _Leaf(value)


def _item_keys(items: list[Any]) -> list[str]:
    """What tells a list's items apart: their name, else their mount path, else their position."""
    for field in ("name", "mountPath"):
        keys = [item.get(field) if isinstance(item, Mapping) else None for item in items]
        if None not in keys and len(set(keys)) == len(keys):
            return [str(key) for key in keys]
    return [str(position) for position in range(len(items))]


def _join(path: str, key: str) -> str:
    if not key.replace("_", "").replace("-", "").isalnum():
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key
