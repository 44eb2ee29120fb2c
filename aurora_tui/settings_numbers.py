"""The kinds of number that objectives are made of: rates of events, shares without a sign, limits."""

from __future__ import annotations

import re
from collections.abc import Callable

from aurora_tui.settings_kinds import Kind, UnfitError, scalar
from aurora_tui.settings_tree import Node

_UNITS = {"s": 1, "m": 60, "h": 3600}


def _rate(node: Node) -> float:
    """Events a second."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*/\s*(s|m|h)", scalar(node, "str"))
    rate = float(match[1]) / _UNITS[match[2]] if match else 0.0
    if not rate:
        raise UnfitError(node)
    return rate


def _between(least: float, most: float) -> Callable[[Node], float]:
    def read(node: Node) -> float:
        text = scalar(node, "int", "float")
        number = float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else least
        if not least < number < most:
            raise UnfitError(node)
        return number

    return read


def _signed(node: Node) -> float:
    text = scalar(node, "int", "float")
    if not re.fullmatch(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?", text):
        raise UnfitError(node)
    return float(text)


def between(least: float, most: float) -> Kind[float]:
    """A bare number, neither bound among them."""
    middle = (least + most) / 2
    return Kind(f"a number above {least:g} and below {most:g}", _between(least, most), middle)


PLAIN_NUMBER = Kind("a number", _signed, 1.0)
RATE = Kind("a rate such as 100/s, 20/m or 0.5/h", _rate, 1.0)
