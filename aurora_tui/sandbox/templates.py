"""Expands the ``{{ … }}`` of alert annotations: the part of Prometheus' templates that alerts use."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

_PIECE = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_LABEL = re.compile(r"\$labels\.(\w+)")


def expand(text: str, labels: Mapping[str, str], value: float) -> str:
    """`text` with labels and value filled in; a label that is missing is empty, as in Prometheus.

    What is not a label or the value through the functions below becomes Prometheus'
    ``<error expanding template: …>``.
    """

    def filled(piece: re.Match[str]) -> str:
        source, *functions = (part.strip() for part in piece[1].split("|"))
        if label := _LABEL.fullmatch(source):
            result = labels.get(label[1], "")
        elif source == "$value" and not functions:
            result = _number(value)
        elif source == "$value" and len(functions) == 1 and functions[0] in _FUNCTIONS:
            return _FUNCTIONS[functions[0]](value)
        else:
            return f"<error expanding template: {piece[1]}>"
        return f"<error expanding template: {piece[1]}>" if functions else result

    return _PIECE.sub(filled, text)


def _number(value: float) -> str:
    return "NaN" if math.isnan(value) else f"{value:.17g}" if math.isinf(value) else repr(value).removesuffix(".0")


def _percentage(value: float) -> str:
    return f"{value * 100:.4g}%"


def _scaled(value: float, prefixes: str, factor: float, unit: str = "") -> str:
    prefix = ""
    for candidate in prefixes:
        if (abs(value) >= 1) if factor > 1 else (abs(value) < 1000):
            break
        prefix, value = candidate, value * factor
    return f"{value:.4g}{prefix}{unit}"


def _humanized(value: float) -> str:
    """Metric prefixes with four digits: ``1.235k``, ``12ms`` without its unit."""
    if not value or not math.isfinite(value):
        return f"{value:.4g}"
    return _scaled(value, "kMGTPEZY", 1 / 1000) if abs(value) >= 1 else _scaled(value, "munpfazy", 1000)


def _duration(value: float) -> str:
    """``1.234s``, ``2m 5s``, ``1h 0m 3s``, ``1d 2h 3m 4s``, below a second ``120ms``."""
    if not value or not math.isfinite(value):
        return f"{value:.4g}s" if not value else f"{value:.4g}"
    if abs(value) < 1:
        return _scaled(value, "munpfazy", 1000, "s")
    if abs(value) < 60:
        return f"{value:.4g}s"
    whole = int(abs(value))
    parts = [(whole // 86400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "m"), (whole % 60, "s")]
    while not parts[0][0]:
        parts.pop(0)
    return ("-" if value < 0 else "") + " ".join(f"{count}{unit}" for count, unit in parts)


_FUNCTIONS: Mapping[str, Callable[[float], str]] = MappingProxyType(
    {"humanize": _humanized, "humanizePercentage": _percentage, "humanizeDuration": _duration}
)
