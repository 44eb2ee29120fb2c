"""Log lines grouped by template: what varies from line to line is masked, what is new since a moment comes first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec

from aurora_tui.model.loglines import Level, LogLine, level, summary

LONGEST = 400
"""Characters of a message that tell its template."""
MOST = 2_000
"""Templates that are kept apart; lines that fit none of them are one more."""
OTHERS = "(lines of other kinds)"
_BUCKET = 10.0
"""Seconds in which lines are counted together: how many came since a moment is known so far and no further."""

_QUOTED = re.compile(r'"[^"]*"|(?<!\w)\'[^\']*\'(?!\w)')
_VARIABLE = re.compile(
    r"(?P<uuid>(?<![0-9a-fA-F])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9a-fA-F]))"
    r"|(?P<time>(?<!\d)\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d)?(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
    r"|(?<!\d)\d{4}/\d\d/\d\d(?!\d)|(?<!\d)\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)"
    r"|(?P<ip>(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.]|\w))"
    r"|(?P<pod>(?<![a-z0-9])(?:[a-z0-9]{1,30}-){1,8}[a-z0-9]{8,10}-[bcdfghjklmnpqrstvwxz2456789]{5}(?![a-z0-9-]))"
    r"|(?P<hex>0x[0-9a-fA-F]+|(?<![0-9a-zA-Z])(?=[a-fA-F]{0,64}\d)(?=\d{0,64}[a-fA-F])[0-9a-fA-F]{8,64}(?![0-9a-zA-Z]))"
    r"|(?P<duration>(?<![A-Za-z_\d])\d+(?:\.\d+)?(?:ns|us|µs|ms|min|[smhd])(?![A-Za-z]))"
    r"|(?P<num>(?<![A-Za-z_\d])\d+(?:\.\d+)?(?![A-Za-z_]))"
)
"""Each part is of bounded length or eats what it has seen: a word is read in time linear in its length."""
_KLOG = re.compile(r"([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ ")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class _Said(msgspec.Struct):
    """The usual names of level and message; the rest of a JSON line is passed over undecoded."""

    message: str | None = None
    msg: str | None = None
    level: str | None = None
    log_level: str | None = msgspec.field(default=None, name="log.level")


_decode = msgspec.json.Decoder(_Said).decode


def template_of(text: str) -> str:
    """The template of a line: ``connection refused to <ip>:<num>``.

    Masked are numbers, hexadecimal, UUIDs, IP addresses, dates, times, durations, quoted strings and the names of a
    Deployment's pods; a time in front is left out. Of a JSON line it is that of the message.
    """
    return _mask(_message(text)[0])


def _message(text: str) -> tuple[str, str | None]:
    """What a line says, and the level that it names beside it, if that is known for nothing."""
    if text[:1] == "{":
        try:
            said = _decode(text)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            said = None
        if said is not None and (message := said.message or said.msg):
            return message, said.log_level or said.level
        short = summary(text)
        if short is not None:
            return short.message or " ".join(f"{key}={value}" for key, value in short.pairs), short.level
    return text, None


def _mask(message: str) -> str:
    head = message[:LONGEST].partition("\n")[0]
    if "\x1b" in head:
        head = _COLOURS.sub("", head)
    if head[:1] in "IWEF" and (klog := _KLOG.match(head)):
        head = f"{klog[1]} {head[klog.end() :]}"
    if '"' in head or "'" in head:
        head = _QUOTED.sub("<str>", head)
    words = [_mask_word(word) for word in head.split()]
    while words and words[0] in ("<time>", "[<time>]", "UTC"):
        del words[0]
    return " ".join(words)


@lru_cache(maxsize=65_536)
def _mask_word(word: str) -> str:
    if word.isalpha():
        return word
    if word.isdigit():
        return "<num>"
    return _VARIABLE.sub(lambda match: f"<{match.lastgroup}>", word)


@dataclass(slots=True)
class Template:
    """Lines of one template; stamps are in seconds since the epoch, None while no line had one."""

    text: str
    level: Level | None
    example: str
    """The newest line's text."""
    count: int = 0
    first: float | None = None
    last: float | None = None
    buckets: Counter[int] = field(default_factory=Counter)

    def since(self, moment: float) -> int:
        """How many lines came since a moment, within some seconds; all where the first came after it."""
        if self.first is not None and self.first >= moment:
            return self.count
        start = int(moment // _BUCKET)
        return sum(count for bucket, count in self.buckets.items() if bucket > start)

    def is_new(self, onset: float) -> bool:
        """Whether nothing like it had been seen before the onset."""
        return self.first is not None and self.first >= onset


class Templates:
    """Counts lines by level and template; the order in which they come does not matter."""

    def __init__(self) -> None:
        self.found: dict[tuple[str | None, str], Template] = {}
        self.lines = 0
        self.first: float | None = None
        self.last: float | None = None

    def add(self, lines: Iterable[LogLine]) -> None:
        """Count more lines."""
        found = self.found
        for line in lines:
            text, stamp = line.text, line.stamp
            message, stated = _message(text)
            key = (stated, _mask(message))
            template = found.get(key)
            if template is None:
                template = self._begin(key, text)
            self.lines += 1
            template.count += 1
            if stamp is None:
                continue
            template.buckets[int(stamp // _BUCKET)] += 1
            if template.first is None or stamp < template.first:
                template.first = stamp
            if template.last is None or stamp >= template.last:
                template.last, template.example = stamp, text
            if self.first is None or stamp < self.first:
                self.first = stamp
            if self.last is None or stamp > self.last:
                self.last = stamp

    def _begin(self, key: tuple[str | None, str], text: str) -> Template:
        if len(self.found) >= MOST:
            key = (None, OTHERS)
        template = self.found.get(key)
        if template is None:
            stated = None if key[1] == OTHERS else level(text)
            template = self.found[key] = Template(key[1], stated, text)
        return template

    def middle(self) -> float | None:
        """The moment halfway between the first line and the last: the onset, where no alert tells it."""
        return None if self.first is None or self.last is None else (self.first + self.last) / 2

    def tells_new(self, onset: float | None) -> bool:
        """Whether any line is from before the onset: else nobody knows what had been said before it."""
        return onset is not None and self.first is not None and self.first < onset

    def is_new(self, template: Template, onset: float | None) -> bool:
        """Whether nothing like it had been said before the onset, as far as the lines tell."""
        return onset is not None and self.tells_new(onset) and template.is_new(onset)

    def ranked(self, onset: float | None) -> Sequence[Template]:
        """New ones since the onset first, then errors, then those of which there are most."""

        def rank(template: Template) -> tuple[bool, bool, int, str]:
            trouble = template.level is not None and template.level.is_error
            return not self.is_new(template, onset), not trouble, -template.count, template.text

        return sorted(self.found.values(), key=rank)


def templates_of(lines: Iterable[LogLine], onset: float | None = None) -> Sequence[Template]:
    """The templates of some lines, ranked: what an incident's first look at a log needs."""
    templates = Templates()
    templates.add(lines)
    return templates.ranked(templates.middle() if onset is None else onset)
