"""Text from outside made fit for a terminal: nothing in it is invisible or obeyed, and it is cut by cells."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len, split_graphemes

TAB_STOPS = 8
_LONGEST_GRAPHEME = 8
"""Code points that one cell may take on average before `clip` cuts anyway."""

_HIDDEN = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f\xad"  # C0, DEL, C1, soft hyphen
    "\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2"
    "\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # fillers and Mongolian selectors
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, line separators, bidirectional controls
    "\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U0001f3fb-\U0001f3ff"  # skin tones on their own
    "\U000e0000-\U000e0fff"  # tags and more selectors
    "]"
)
_PRESENTATION = re.compile("(?<=[#*0-9\xa9\xae\u203c-\u3299\U0001f000-\U0001faff])[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
_STACKING = "[\u0300-\u034e\u0350-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_STACKED = re.compile(f"(?<={_STACKING * 4}){_STACKING}+")
"""Accents on top of four others: no language writes them, and terminals choke on towers of them."""


def listed(names: Sequence[str], most: int) -> str:
    """Names one after the other, those beyond `most` only counted: ``a, b and 3 more``."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def printable(text: str) -> str:
    """The text with a visible sign for each character that a terminal hides or obeys.

    C0 controls and DEL become their pictures (U+2400…), other invisible characters an escape
    (``\\x9b``, ``\\u202e``), tabs spaces up to the next stop of 8. The result never holds a line break.
    """
    if text.isascii() and text.isprintable():
        return text
    if "\t" in text:
        text = text.expandtabs(TAB_STOPS)
    if text.isascii():
        return _HIDDEN.sub(_sign, text)
    text = _PRESENTATION.sub("", text)  # hints for which picture to take; terminals disagree on their width
    return _STACKED.sub(_escape_all, _HIDDEN.sub(_sign, text))


def _sign(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else _escape(code)


def _escape(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _escape_all(match: re.Match[str]) -> str:
    return "".join(_escape(ord(character)) for character in match[0])


def cell_width(text: str) -> int:
    """How many terminal cells the (printable) text takes, as Rich counts them."""
    return len(text) if text.isascii() else cell_len(text)


def clip(text: str, cells: int) -> str:
    """The (printable) text, cut to at most `cells` with an ellipsis where something is missing.

    The time taken depends on `cells`, not on the text: a line of a megabyte costs no more.
    """
    if cells <= 0:
        return ""
    if text.isascii():
        return text if len(text) <= cells else f"{text[: cells - 1]}…"
    head = text[: (cells + 1) * _LONGEST_GRAPHEME]
    if len(head) == len(text) and cell_len(text) <= cells:
        return text
    taken = 0
    for start, _, width in split_graphemes(head)[0]:
        if taken + width > cells - 1:
            return f"{text[:start]}…"
        taken += width
    return f"{head}…"
