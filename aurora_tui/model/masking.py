"""Hides secrets that stand in plain text in an object, before anything of it is shown or recorded."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

HIDDEN = "(hidden)"

_ANYWHERE = ("password", "passwd", "passphrase", "secret", "token", "credential", "apikey", "webhook")
_WHOLE_WORDS = frozenset({"key", "keys", "pwd", "pass", "auth", "authorization", "dsn"})
_POINTERS = frozenset({"file", "path", "dir", "name"})
"""A name that ends so (``DB_PASSWORD_FILE``) says where the secret is, not what it is."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ASSIGNED = re.compile(r"(?P<name>[A-Za-z][\w.-]*)(?P<sign>\s*[=:]\s*)(?P<value>\"[^\"]*\"|'[^']*'|[^\s&;,\"']+)")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+")
_USERINFO = re.compile(r"(?P<scheme>[A-Za-z][\w+.-]*://)(?P<user>[^\s/:@]*):(?P<password>[^\s/]*)@")
_JWT = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*")
_FLAG = re.compile(r"-{1,2}[A-Za-z][\w.-]*")
_FLAGGED = re.compile(
    r"(?P<flag>(?<![^\s'\"])-{1,2}[A-Za-z][\w.-]*)(?P<gap>\s+)(?P<value>\"[^\"]*\"|'[^']*'|[^\s\-'\"][^\s'\"]*)"
)
_VARIABLE = re.compile(r"(-{0,2}[A-Za-z][\w.-]*)=.+", re.DOTALL)
_SCRIPT = "-c"
"""The flag before a word that is a script of its own."""


def secret_name(name: str) -> bool:
    """Whether a variable, flag or key of this name is likely to hold a secret.

    ``DB_PASSWORD``, ``apiKey`` and ``GITHUB_TOKEN`` are; ``KEYCLOAK_URL`` and ``TLS_KEY_FILE`` are not.
    """
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or words[-1] in _POINTERS:
        return False
    joined = "".join(words)
    return any(part in joined for part in _ANYWHERE) or not _WHOLE_WORDS.isdisjoint(words)


def mask_text(text: str) -> str:
    """Hide passwords of URLs, bearer and JSON web tokens, ``name=value`` and ``--name value`` of a secret's name."""
    text = _USERINFO.sub(rf"\g<scheme>\g<user>:{HIDDEN}@", text)
    text = _JWT.sub(HIDDEN, _BEARER.sub(rf"\1 {HIDDEN}", text))
    return _FLAGGED.sub(_hide_flagged, _ASSIGNED.sub(_hide_assigned, text))


def _hide_assigned(found: re.Match[str]) -> str:
    name, value = found["name"], found["value"]
    image = found["sign"] == ":" and found.string[: found.start()].endswith("/")  # registry/auth:2.4.0
    if image or value.startswith("//") or not secret_name(name):
        # What looks like its value may hold an assignment itself: ``note: token=…``, ``https://host/?token=…``.
        return f"{name}{found['sign']}{_ASSIGNED.sub(_hide_assigned, value)}"
    return f"{name}{found['sign']}{HIDDEN}"


def _hide_flagged(found: re.Match[str]) -> str:
    hidden = HIDDEN if secret_name(found["flag"]) else _FLAGGED.sub(_hide_flagged, found["value"])
    return f"{found['flag']}{found['gap']}{hidden}"


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


def mask(value: Any) -> Any:
    """A copy of JSON data in which no secret stands in plain text."""
    if isinstance(value, Mapping):
        copy = {key: mask(item) for key, item in value.items()}
        if is_secret_variable(value):
            copy["value"] = HIDDEN
        return copy
    if isinstance(value, list | tuple):
        if any(isinstance(item, Mapping | list | tuple) for item in value):
            return [mask(item) for item in value]
        return mask_words(value)
    return mask_text(value) if isinstance(value, str) else value
