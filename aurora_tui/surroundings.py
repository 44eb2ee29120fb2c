"""What the environment and the terminal's answers say: is it a slow line, which characters and colours are there."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping

ASK_BACKGROUND = "\x1b]11;?\x1b\\"
_BACKGROUND = re.compile(r"\x1b\]11;rgba?:([0-9a-fA-F]+)/([0-9a-fA-F]+)/([0-9a-fA-F]+)")
_UNICODE = re.compile(r"utf-?8", re.IGNORECASE)


def over_ssh(environ: Mapping[str, str]) -> bool:
    """Whether the terminal is at the other end of an SSH connection."""
    return bool(environ.get("SSH_CONNECTION"))


def knows_unicode(environ: Mapping[str, str], *, coerced: bool | None = None) -> bool:
    """Whether the terminal's character set, as the locale names it, has more than ASCII.

    Where nothing is said (a container, a bare login) it is taken for UTF-8, as today's terminals are.
    `coerced`: Python itself sets LC_CTYPE to UTF-8 in the C locale (PEP 538), which then says nothing.
    """
    coerced = bool(sys.flags.utf8_mode) if coerced is None else coerced
    said = [environ.get("LC_ALL"), None if coerced else environ.get("LC_CTYPE"), environ.get("LANG")]
    locale = next((each for each in said if each), "")
    return not locale or bool(_UNICODE.search(locale))


def few_colours(environ: Mapping[str, str]) -> bool:
    """Whether the terminal has 16 colours at most, as far as its name and COLORTERM tell."""
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return False
    term = environ.get("TERM", "")
    return not re.search(r"256color|direct|kitty|alacritty|foot|ghostty|wezterm", term)


def is_light(environ: Mapping[str, str]) -> bool | None:
    """Whether the terminal's background is light as COLORFGBG (``15;0``, ``0;default;15``) tells; None unknown."""
    ground = environ.get("COLORFGBG", "").rpartition(";")[2]
    if not re.fullmatch(r"\d+", ground):
        return None
    return int(ground) == 7 or 9 <= int(ground) <= 15


def light_answer(answer: str) -> bool | None:
    """The same by the terminal's answer to `ASK_BACKGROUND` (xterm's OSC 11); None where it is none."""
    found = _BACKGROUND.search(answer)
    if found is None:
        return None
    red, green, blue = (int(part, 16) / ((1 << 4 * len(part)) - 1) for part in found.groups())
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.5
