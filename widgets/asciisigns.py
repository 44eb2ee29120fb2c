"""The screen in ASCII: for each cell one character that every terminal has."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from aurora_tui.model.text import cell_width

_SIGNS = {
    "│┃║┆┊▏▕▎▍▌": "|",
    "─━═┄┈╌▁▔—–―": "-",
    "┌┐└┘├┤┬┴┼╭╮╰╯╞╡╪╔╗╚╝╠╣╦╩╬╋┏┓┗┛": "+",
    "▸▶►→›»": ">",
    "◂◀◄←‹«": "<",
    "▴▲↑": "^",
    "▾▼↓": "v",
    "●•◉◆■∙": "*",
    "○◌◇□◦": "o",
    "▐█▉▊▋▓▒": "#",
    "░": ":",
    "…": "~",
    "·": ".",
    "×✗✘✕✖": "x",
    "✓✔": "v",
    "“”„": '"',
    "‘’‚": "'",
    "−‐": "-",
    "≥": ">",
    "≤": "<",
    "≈": "~",
    "∞": "8",
    "µμ": "u",
    "\u00a0": " ",
}
_TABLE = {ord(sign): plain for signs, plain in _SIGNS.items() for sign in signs}
_BARS = "▁▂▃▄▅▆▇█"
"""Heights of a sparkline."""
_HEIGHTS = "_.-:=+*#"


def in_ascii(text: str) -> str:
    """The text with as many cells, each an ASCII character."""
    return text if text.isascii() else "".join(map(_plain, text))


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    if character.isascii():
        return character
    if character in _BARS:
        return _HEIGHTS[_BARS.index(character)]
    plain = _TABLE.get(ord(character))
    if plain is not None:
        return plain
    width = cell_width(character)
    if 0x2800 <= ord(character) < 0x2900:  # Braille dots, of which graphs are made
        return " .:*#"[(ord(character) - 0x2800).bit_count() // 2]
    letter = unicodedata.normalize("NFKD", character)[:1]
    return letter if width == 1 and letter.isascii() else "?" * width
