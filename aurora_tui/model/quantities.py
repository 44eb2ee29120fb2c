"""Kubernetes quantities: exact parsing as ``resource.Quantity`` does it, printing as ``kubectl top`` does."""

from __future__ import annotations

import re

from aurora_tui.model.wire_pods import PodMetrics

NANO = 10**9
"""Quantities are whole numbers of this fraction of a unit, the API's finest."""

_QUANTITY = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_EXPONENT = re.compile(r"[eE]([-+]?[0-9]+)")
_GREATEST_EXPONENT = 100
_GREATEST_BINARY = (2**63 - 1) * NANO
_MEBIBYTE = 1024 * 1024


class QuantityError(ValueError):
    """The text is no quantity."""


def parse_quantity(text: str) -> int:
    """A quantity such as ``250m``, ``1.5Gi`` or ``3e2`` in billionths (`NANO`) of its unit.

    What is finer is rounded away from zero, and a binary suffix holds at most 2**63-1, as the API
    server does (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/).
    Raises `QuantityError`, also for exponents beyond ±100, which stand for no real amount.
    """
    if text[:-1].isdecimal() and text.isascii() and text[-1] == "n":
        return int(text[:-1])  # as metrics-server writes each CPU; the rest of its thousands are worth no shortcut
    match = _QUANTITY.fullmatch(text)
    if match is None or not text:
        raise QuantityError(f"{text!r} is not a quantity")
    sign, whole, fraction, suffix = match.groups(default="")
    digits = int(f"0{whole}{fraction}")
    if suffix in _BINARY:
        amount = min(_round_up(digits << _BINARY[suffix], 9 - len(fraction)), _GREATEST_BINARY)
    else:
        amount = _round_up(digits, _exponent(suffix, text) + 9 - len(fraction))
    return -amount if sign == "-" else amount


def _exponent(suffix: str, text: str) -> int:
    if suffix in _DECIMAL:
        return _DECIMAL[suffix]
    written = _EXPONENT.fullmatch(suffix)
    if written is None or len(written[1]) > 4 or abs(int(written[1])) > _GREATEST_EXPONENT:
        raise QuantityError(f"{text!r} has no valid suffix")
    return int(written[1])


def _round_up(number: int, exponent: int) -> int:
    """``number * 10**exponent`` for a number of at least 0, upwards to a whole one."""
    power: int = 10 ** abs(exponent)
    return number * power if exponent >= 0 else -(-number // power)


def pod_usage(metrics: PodMetrics, resource: str) -> int | None:
    """What a pod's containers use together of ``cpu`` (cores) or ``memory`` (bytes), in billionths.

    None when no container reports a valid figure, which is not the same as using nothing.
    """
    found = [(container.usage or {}).get(resource) for container in metrics.containers or ()]
    try:
        amounts = [parse_quantity(text) for text in found if text is not None]
    except QuantityError:
        return None
    return sum(amounts) if amounts else None


def format_cpu(amount: int) -> str:
    """Billionths of cores as ``kubectl top`` prints them: ``250m``, rounded up."""
    return f"{-(-amount // (NANO // 1000))}m"


def format_memory(amount: int) -> str:
    """Billionths of bytes as ``kubectl top`` prints them: ``128Mi``, rounded down to whole mebibytes."""
    return f"{-(-amount // NANO) // _MEBIBYTE}Mi"
