"""Regular expressions that somebody types: only those that come to an end before anyone loses patience."""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""\\.                                   # an escape
      | \[\^?\]?(?:\\.|[^\]\\])*\]            # a class of characters
      | \((?:\?(?:[:=!>]|<[=!]|P?<\w+>|[aiLmsux-]+:?)?)?
      | \)
      | (?P<repeat>[*+]|\{(?P<least>\d*)(?P<comma>,?)(?P<most>\d*)\})
      | .""",
    re.DOTALL | re.VERBOSE,
)
_FEW = 4
"""So many rounds of a repeat within a repeat are still soon over."""


class PatternError(ValueError):
    """The text is no regular expression, or not one to be tried while somebody waits; says why."""


def compiled(text: str) -> re.Pattern[str]:
    """The pattern. `PatternError` also for a repeat within a repeat, such as ``(\\S+ ?)+``.

    On a line that it just does not match, Python tries all ways to part the line: one of 40 characters takes
    hours, and nothing can interrupt it. (Those of Go, which Prometheus and Alertmanager use, know no such thing.)
    """
    try:
        pattern = re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(str(error)) from error
    if _nests_repeats(text):
        raise PatternError("a repeat within a repeat could take for ever")
    return pattern


def _nests_repeats(text: str) -> bool:
    """Whether a group that holds a repeat without an end is itself repeated often; `text` is a valid pattern."""
    open_groups = [False]
    """For each open group, the outermost first, whether it holds such a repeat."""
    closed: bool | None = None
    """The same of the group that ended just before this place; None where none did."""
    for token in _TOKEN.finditer(text):
        sign, ended, closed = token[0], closed, None
        if sign.startswith("("):
            open_groups.append(False)
        elif sign == ")" and len(open_groups) > 1:
            closed = open_groups.pop()
            open_groups[-1] |= closed
        elif token["repeat"] and _is_long(token):
            if ended:
                return True
            open_groups[-1] = True
    return False


def _is_long(repeat: re.Match[str]) -> bool:
    if repeat["least"] is None:
        return True
    if not (repeat["least"] or repeat["most"]):
        return bool(repeat["comma"])
    most = repeat["most"] if repeat["comma"] else repeat["least"]
    return not most or int(most) > _FEW
