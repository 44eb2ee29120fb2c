"""Filters as the operator types them after `/` and `&`: regular expression, inverse, label selector, fuzzy."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from aurora_tui.model.frozen import Frozen
from aurora_tui.model.patterns import PatternError, compiled

_NO_LABELS: Mapping[str, str] = {}
_META = frozenset("\\^$.|?*+()[]{}")
_ESCAPE = re.compile(r"\\.", re.DOTALL)
_TERM = re.compile(
    r"\s*(?:(?P<absent>!)\s*(?P<gone>[\w./-]+)"
    r"|(?P<key>[\w./-]+)\s*(?:(?P<op>==|!=|=)\s*(?P<value>[\w.-]*)|\s(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?"
    r")\s*"
)
_SELECTOR_HELP = "write app=x, tier!=y, env in (a,b), env notin (a), key or !key"


class Filter(Frozen):
    """A parsed filter. It is false where it hides nothing (empty, or a label selector that is not one yet).

    `literal` is the text to look for where the filter is a plain one (folded to lower case if `folds`).
    """

    text: str
    inverse: bool = False
    remark: str = ""
    """What was not understood, in words; empty where all was."""
    literal: str | None = None
    folds: bool = False
    """Letter case does not count."""
    pattern: re.Pattern[str] | None = None
    """Finds the hits in a (folded) text; None for label selectors and fuzzy filters."""
    test: Callable[[str, Mapping[str, str]], bool] | None = None
    """What decides, before `inverse`; None lets everything through."""
    firsts: bool = False
    """Of lines that belong together the first alone is asked."""

    def __bool__(self) -> bool:
        return self.test is not None

    def matches(self, text: str, labels: Mapping[str, str] = _NO_LABELS) -> bool:
        """Whether a row or line stays; `text` is what is printed of it."""
        return self.test is None or self.test(text, labels) is not self.inverse

    def sift(
        self,
        keys: Sequence[str],
        texts: Mapping[str, str],
        folded: Mapping[str, str],
        labels: Callable[[str], Mapping[str, str]],
    ) -> list[str]:
        """The keys of what stays, of many at once; `folded` holds the `texts` as `fold` makes them."""
        read, inverse = folded if self.folds else texts, self.inverse
        if (needle := self.literal) is not None:
            if inverse:
                return [key for key in keys if needle not in read[key]]
            return [key for key in keys if needle in read[key]]
        if self.pattern is not None:
            search = self.pattern.search
            return [key for key in keys if (search(read[key]) is None) is inverse]
        return [key for key in keys if self.matches(texts[key], labels(key))]

    def narrows(self, before: Filter) -> bool:
        """Whether all that this filter lets stay stayed with the one `before`, too: a letter was typed on."""
        if self.inverse or before.inverse or self.literal is None or before.literal is None:
            return False
        if self.folds and not before.folds:
            return False
        return before.literal in (fold(self.literal) if before.folds else self.literal)

    def spans(self, text: str) -> tuple[tuple[int, int], ...]:
        """Where the hits stand in `text`, as start and end; none for inverse, label and fuzzy filters."""
        if self.pattern is None or self.inverse:
            return ()
        found = self.pattern.finditer(fold(text) if self.folds else text)
        return tuple(match.span() for match in found if match.end() > match.start())


def fold(text: str) -> str:
    """The text in lower case with every character still at its place ("İ" would become two)."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(small if len(small := char.lower()) == 1 else char for char in text)


def parse_filter(text: str) -> Filter:
    """Read a filter: a regular expression, ``!`` before one for the inverse, ``-l`` selector, ``-f`` fuzzy text.

    Of log lines also ``-level warn`` (that level and above) and ``-t`` template, as `templates.template_of` makes it.
    Case counts only where the pattern holds an upper-case letter. What is no regular expression (`patterns`) is
    looked for as it stands, and `Filter.remark` says so. Nothing raises.
    """
    body = text.strip()
    inverse = body.startswith("!")
    if inverse:
        body = body[1:].lstrip()
    flag, _, rest = body.partition(" ")
    if flag == "-l":
        return _label_filter(text, rest, inverse)
    if flag == "-f":
        return _fuzzy_filter(text, rest, inverse)
    if flag == "-level":
        return _level_filter(text, rest, inverse)
    if flag == "-t":
        return _template_filter(text, rest, inverse)
    return _pattern_filter(text, body, inverse) if body else Filter(text)


def _pattern_filter(text: str, body: str, inverse: bool) -> Filter:
    folds = not any(char.isupper() for char in _ESCAPE.sub("", body))
    remark = ""
    if not _META.isdisjoint(body):
        try:
            pattern = compiled(body)
        except PatternError as error:
            remark = f"not a regular expression ({error}): looked for as plain text"
        else:
            search = pattern.search

            def test(text: str, labels: Mapping[str, str]) -> bool:
                return search(fold(text) if folds else text) is not None

            return Filter(text, inverse, "", None, folds, pattern, test)
    needle = fold(body) if folds else body

    def contains(text: str, labels: Mapping[str, str]) -> bool:
        return needle in (fold(text) if folds else text)

    return Filter(text, inverse, remark, needle, folds, re.compile(re.escape(needle)), contains)


def _fuzzy_filter(text: str, body: str, inverse: bool) -> Filter:
    """Each word of the filter must be spelled, with gaps, by one word of the row."""
    folds = not any(char.isupper() for char in body)
    searches = [re.compile(_spelling(fold(word) if folds else word)).search for word in body.split()]
    if not searches:
        return Filter(text)

    def test(text: str, labels: Mapping[str, str]) -> bool:
        text = fold(text) if folds else text
        return all(search(text) for search in searches)

    return Filter(text, inverse, folds=folds, test=test)


def _level_filter(text: str, body: str, inverse: bool) -> Filter:
    from aurora_tui.model.loglines import Level, level, level_named

    least = level_named(body)
    if least is None:
        return Filter(text, remark=f"no level {body.strip()!r}: {', '.join(Level).lower()}" if body.strip() else "")
    enough = frozenset(list(Level)[list(Level).index(least) :])

    def test(text: str, labels: Mapping[str, str]) -> bool:
        return level(text) in enough

    return Filter(text, inverse, test=test, firsts=True)


def _template_filter(text: str, body: str, inverse: bool) -> Filter:
    from aurora_tui.model.templates import template_of

    wanted = body.strip()
    if not wanted:
        return Filter(text)

    def test(text: str, labels: Mapping[str, str]) -> bool:
        return template_of(text) == wanted

    return Filter(text, inverse, test=test, firsts=True)


def _spelling(letters: str) -> str:
    """A pattern of the letters in order within one word; it never goes back over what it skipped."""
    return "".join(f"[^\\s{re.escape(letter)}]*{re.escape(letter)}" for letter in letters)


_Requirement = Callable[[Mapping[str, str]], bool]


def _label_filter(text: str, body: str, inverse: bool) -> Filter:
    """Kubernetes' equality and set based requirements; all must hold.

    Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
    """
    requirements: list[_Requirement] = []
    for term in _split_terms(body):
        match = _TERM.fullmatch(term)
        if match is None:
            return Filter(text, remark=f"not a label selector: {term.strip() or ','!r}; {_SELECTOR_HELP}")
        requirements.append(_requirement(match))
    if not requirements:
        return Filter(text)

    def test(text: str, labels: Mapping[str, str]) -> bool:
        return all(requirement(labels) for requirement in requirements)

    return Filter(text, inverse, test=test)


def _split_terms(body: str) -> list[str]:
    """Split at the commas outside of parentheses."""
    if not body.strip():
        return []
    terms, depth = [""], 0
    for char in body:
        depth += (char == "(") - (char == ")")
        if char == "," and depth <= 0:
            terms.append("")
        else:
            terms[-1] += char
    return terms


def _requirement(match: re.Match[str]) -> _Requirement:
    if match["absent"]:
        gone = match["gone"]
        return lambda labels: gone not in labels
    key = match["key"]
    if match["set"]:
        values = frozenset(value.strip() for value in match["values"].split(","))
        if match["set"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if match["op"] is None:
        return lambda labels: key in labels
    value = match["value"]
    if match["op"] == "!=":
        return lambda labels: labels.get(key) != value
    return lambda labels: labels.get(key) == value
