"""An object as YAML, laid out as ``kubectl get -o yaml`` does it: keys in order, long texts as blocks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from aurora_tui.model.masking import mask
from aurora_tui.model.redaction import redact

_TEXT = "tag:yaml.org,2002:str"
_MAP = "tag:yaml.org,2002:map"
_OLD_BOOLEANS = {"y", "Y", "n", "N"}
_TOKEN = re.compile(r"[0-9]+|.", re.DOTALL)


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Repeats equal values instead of using anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: Any, text: str) -> Any:
    """Several lines as a block; in double quotes what would be read as another type."""
    style = None
    if "\n" in text:
        style = "|"
    elif text in _OLD_BOOLEANS or dumper.resolve(yaml.ScalarNode, text, (True, False)) != _TEXT:
        style = '"'
    return dumper.represent_scalar(_TEXT, text, style=style)


def _represent_map(dumper: Any, values: Mapping[str, Any]) -> Any:
    return dumper.represent_mapping(_MAP, sorted(values.items(), key=lambda item: _order(item[0])))


def _order(key: str) -> list[tuple[int, int, str, int]]:
    """kubectl's order of keys: signs before numbers before letters, numbers by value, ``9`` before ``09``."""
    parts: list[tuple[int, int, str, int]] = []
    for token in _TOKEN.findall(key):
        if token[0] in "0123456789":
            digits = token.lstrip("0")
            parts.append((1, len(digits), digits, len(token)))
        else:
            parts.append((2 if token.isalpha() else 0, 0, token, 0))
    return parts


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(dict, _represent_map)


def to_yaml(raw: Mapping[str, Any], kind: str = "") -> str:
    """The object without field managers, Secret values (see `redaction.redact`, also for `kind`) and other secrets.

    Those are literal values of variables that are named like one, and tokens and passwords within texts.
    """
    text: str = yaml.dump(
        mask(redact(raw, kind), fields=True), Dumper=_Dumper, allow_unicode=True, default_flow_style=False
    )
    return text
