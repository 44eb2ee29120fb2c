"""ConfigMaps as ``kubectl get configmaps`` prints them, and those of their keys that are feature flags."""

from __future__ import annotations

from collections.abc import Mapping

from aurora_tui.model.columns import Column
from aurora_tui.model.masking import HIDDEN, mask_text, secret_name
from aurora_tui.model.printing import age_column, count_column, name_column
from aurora_tui.model.wire_traffic import ConfigMap

_PAIRS = (("true", "false"), ("on", "off"), ("yes", "no"), ("1", "0"), ("enabled", "disabled"))
_OPPOSITE = {one: other for pair in _PAIRS for one, other in (pair, pair[::-1])}


TOGGLE = 0
"""In place of a value, which is always a text: the opposite of the present one."""


def opposite(value: str) -> str | None:
    """The other position of a switch, written as it is (``True`` -> ``False``); None for any other value.

    Blanks around it are kept: a value that was made from a file ends with a line break.
    """
    word = value.strip()
    other = _OPPOSITE.get(word.lower())
    if other is None:
        return None
    if word.isupper():
        other = other.upper()
    elif word.istitle():
        other = other.title()
    return value.replace(word, other)


def toggles(data: Mapping[str, str] | None) -> dict[str, str]:
    """The keys that are switches, each with its opposite."""
    found = {key: opposite(value) for key, value in (data or {}).items()}
    return {key: value for key, value in sorted(found.items()) if value is not None}


def is_secret(key: str, value: str) -> bool:
    """Whether a value must not be shown; a switch is no secret, whatever it is called (``auth-enabled``)."""
    return secret_name(key) and opposite(value) is None


def masked(data: Mapping[str, str]) -> dict[str, str]:
    """The values as they may be shown."""
    return {key: HIDDEN if is_secret(key, value) else mask_text(value) for key, value in data.items()}


COLUMNS: tuple[Column[ConfigMap], ...] = (
    name_column(),
    count_column("DATA", lambda row: len(row.data or ()) + len(row.binary_data or ()), rank=1),
    age_column(rank=2),
)
"""``NAME DATA AGE`` (``printConfigMap``)."""
