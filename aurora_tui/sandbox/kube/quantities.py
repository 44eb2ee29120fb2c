"""Resource quantities, as far as requests need them."""

from __future__ import annotations

_UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def millicores_of(text: str) -> float:
    """``500m`` and ``0.5`` alike are 500; raises ValueError."""
    return float(text[:-1]) if text.endswith("m") else float(text) * 1000


def bytes_of(text: str) -> float:
    """``768Mi`` in bytes; raises ValueError."""
    for unit, factor in _UNITS.items():
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    return float(text)
