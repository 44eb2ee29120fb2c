"""Hides secrets that stand in plain text in an object, before anything of it is shown or recorded."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from aurora_tui.model.secret_text import HIDDEN, likely_secret, mask_text, secret_name

__all__ = [
    "HIDDEN", "hides_annotation", "is_secret_variable", "mask", "mask_annotations", "mask_command", "mask_text",
    "mask_words", "secret_name",
]  # fmt: skip

_FLAG = re.compile(r"-{1,2}[A-Za-z][\w.-]*")
_VARIABLE = re.compile(r"(-{0,2}[A-Za-z][\w.-]*)=.+", re.DOTALL)
_FIELD = re.compile(r"(?i)(?:passw(?:or)?d|passphrase|api_?key|token|client_?secret|secret_?key)$")
"""Fields that hold a secret itself: others that are called so name a Secret (``existingSecret``)."""
_TOLD = re.compile(r"<\d+ bytes>|<hidden>")
"""What `redaction.redact` left of a Secret's value."""
_SCRIPT = "-c"
"""The flag before a word that is a script of its own."""


def mask_words(words: Sequence[Any]) -> list[Any]:
    """Hide secrets in a command line: within a word, and in the word after a flag such as ``--password``."""
    masked: list[Any] = []
    before: Any = ""
    for word in words:
        after_flag = isinstance(before, str) and bool(_FLAG.fullmatch(before)) and secret_name(before)
        masked.append(HIDDEN if after_flag else _mask_word(word, before) if isinstance(word, str) else word)
        before = word
    return masked


def mask_command(line: str) -> str:
    """Hide secrets in a command as `shlex.join` writes it."""
    try:
        return shlex.join(mask_words(shlex.split(line)))
    except ValueError:  # no such line
        return mask_text(line)


def _mask_word(word: str, before: Any) -> str:
    variable = _VARIABLE.fullmatch(word)
    if variable and before != _SCRIPT and secret_name(variable[1]):
        # It ends with its word, whatever signs it has.
        return f"{variable[1]}={HIDDEN}"
    return mask_text(word)


def is_secret_variable(entry: Mapping[str, Any]) -> bool:
    """Whether this is an environment entry with a literal value under a secret's name."""
    return isinstance(entry.get("value"), str) and secret_name(str(entry.get("name", "")))


def hides_annotation(name: str, value: str) -> bool:
    """Whether an annotation is a secret as a whole; what Helm calls ``checksum/secret`` tells only that one changed."""
    address = value.startswith(("http://", "https://")) and "webhook" not in name.lower()
    return secret_name(name) and likely_secret(name, value) and not address and not name.startswith("checksum/")


def mask_annotations(annotations: Mapping[str, Any]) -> dict[str, Any]:
    """Annotations as they may be shown: hidden under a secret's name, masked within where they are JSON."""
    return {
        name: _mask_annotation(str(name), value) if isinstance(value, str) else mask(value)
        for name, value in annotations.items()
    }


def _mask_annotation(name: str, value: str) -> str:
    if hides_annotation(name, value):
        return HIDDEN
    if value.startswith(("{", "[")):
        try:
            held = json.loads(value)
            if (masked := mask(held)) != held:
                end = "\n" if value.endswith("\n") else ""
                value = json.dumps(masked, ensure_ascii=False, separators=(",", ":")) + end  # as kubectl writes it
        except (ValueError, RecursionError):
            pass  # none that can be read
    return mask_text(value)


def mask(value: Any, *, fields: bool = False) -> Any:
    """A copy of JSON data in which no secret stands in plain text; with `fields` none under a field's name either.

    What the journal keeps is masked without: there the names are those of containers and of flags.
    """
    if isinstance(value, Mapping):
        copy = {key: _mask_item(key, item, fields) for key, item in value.items()}
        if is_secret_variable(value):
            copy["value"] = HIDDEN
        return copy
    if isinstance(value, list | tuple):
        if any(isinstance(item, Mapping | list | tuple) for item in value):
            return [mask(item, fields=fields) for item in value]
        return mask_words(value)
    return mask_text(value) if isinstance(value, str) else value


def _mask_item(key: Any, item: Any, fields: bool) -> Any:
    if key == "annotations" and isinstance(item, Mapping):
        return mask_annotations(item)
    if fields and isinstance(item, str) and _FIELD.search(str(key)) and likely_secret(str(key), item):
        return item if _TOLD.fullmatch(item) else HIDDEN
    return mask(item, fields=fields)
