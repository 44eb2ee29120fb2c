"""The kinds of value that settings are made of (durations, shares, globs …) and the reading of mappings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from difflib import get_close_matches
from typing import Generic, TypeVar

from aurora_tui.model.frozen import Frozen
from aurora_tui.settings_tree import Branch, Fault, Items, Leaf, Mark, Node, found

T = TypeVar("T")

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_SOURCE = re.compile(r"https?://[^\s/]+\S*|svc/[a-z0-9.-]+/[a-z0-9.-]+:[a-z0-9-]+|auto|off")
_WORKLOAD = re.compile(r"(deployment|statefulset|daemonset|cronjob|job)/[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


class UnfitError(Exception):
    """A value is not written as its kind asks; `node` is the value, or the item of a list."""

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.node = node


class Kind(Frozen, Generic[T]):
    """How a value is written. `read` raises UnfitError where it is not; `blank` then stands in for it."""

    expected: str
    read: Callable[[Node], T]
    blank: T


def scalar(node: Node, *tags: str) -> str:
    """The text of a scalar that YAML takes for one of `tags`."""
    if not isinstance(node, Leaf) or node.tag not in tags:
        raise UnfitError(node)
    return node.text


def _text(node: Node) -> str:
    text = scalar(node, "str").strip()
    if not text:
        raise UnfitError(node)
    return text


def _matching(pattern: re.Pattern[str]) -> Callable[[Node], str]:
    def read(node: Node) -> str:
        # YAML 1.1 reads a bare `off` as a truth value; here it is a word.
        text = scalar(node, "str", "bool").strip()
        if not pattern.fullmatch(text):
            raise UnfitError(node)
        return text

    return read


def _duration(node: Node) -> timedelta:
    text = scalar(node, "str").replace(" ", "")
    if not text or _DURATION.sub("", text):
        raise UnfitError(node)
    span = timedelta(seconds=sum(float(n) * _SECONDS[unit] for n, unit in _DURATION.findall(text)))
    if not span:
        raise UnfitError(node)
    return span


def _share(node: Node) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", scalar(node, "str"))
    share = float(match[1]) / 100 if match else 0.0
    if not 0 < share < 1:
        raise UnfitError(node)
    # 99.5 / 100 and 1 - 0.01 must not print as 0.9949999….
    return round(share, 12)


def _flag(node: Node) -> bool:
    return _FLAGS[scalar(node, "bool").lower()]


def _whole(least: int, most: int) -> Callable[[Node], int]:
    def read(node: Node) -> int:
        digits = scalar(node, "int")
        number = int(digits) if digits.isdecimal() else -1
        if not least <= number <= most:
            raise UnfitError(node)
        return number

    return read


def _percent(node: Node) -> int:
    match = re.fullmatch(r"([1-9]\d{0,2})\s*%", scalar(node, "str"))
    if not match:
        raise UnfitError(node)
    return int(match[1])


def _number(node: Node) -> float:
    """A bare number, a percentage as a share, or a duration in seconds."""
    if isinstance(node, Leaf) and re.fullmatch(r"\d+(\.\d+)?", node.text):
        return float(node.text)
    text = scalar(node, "str")
    return _share(node) if "%" in text else _duration(node).total_seconds()


def _glob(node: Node) -> str:
    text = _text(node)
    rest = re.sub(r"\[!?\]?[^\]]*\]", "", text)
    if "[" in rest:
        raise UnfitError(node)
    return text


def _listed(read: Callable[[Node], T]) -> Callable[[Node], tuple[T, ...]]:
    def read_all(node: Node) -> tuple[T, ...]:
        if not isinstance(node, Items):
            raise UnfitError(node)
        return tuple(read(item) for item in node.items)

    return read_all


def _one_or_more(read: Callable[[Node], T]) -> Callable[[Node], tuple[T, ...]]:
    def read_all(node: Node) -> tuple[T, ...]:
        if not isinstance(node, Items):
            return (read(node),)
        if not node.items:
            raise UnfitError(node)
        return tuple(read(item) for item in node.items)

    return read_all


def _mapped(node: Node) -> Mapping[str, str]:
    if not isinstance(node, Branch):
        raise UnfitError(node)
    return {key: _text(value) for key, value in node.entries.items()}


def _some_pairs(node: Node) -> Mapping[str, str]:
    pairs = _mapped(node)
    if not pairs:
        raise UnfitError(node)  # it would match everything
    return pairs


def choice(*words: str) -> Kind[str]:
    def read(node: Node) -> str:
        # YAML 1.1 reads a bare `off` as a truth value; here it may be one of the words.
        text = scalar(node, "str", "bool")
        if text not in words:
            raise UnfitError(node)
        return text

    return Kind("one of " + ", ".join(words), read, words[0])


def whole(least: int, most: int) -> Kind[int]:
    return Kind(f"a whole number from {least} to {most}", _whole(least, most), least)


TEXT = Kind("text", _text, "")
DURATION = Kind("a duration such as 500ms, 5m or 30d", _duration, timedelta(seconds=1))
SHARE = Kind("a percentage above 0% and below 100% such as 99.5%", _share, 0.5)
PERCENT = Kind("a whole percentage such as 70%", _percent, 1)
NUMBER = Kind("a number, a percentage such as 5% or a duration such as 1s", _number, 1.0)
FLAG = Kind("true or false", _flag, False)
SOURCE = Kind("http(s)://HOST, svc/NAMESPACE/NAME:PORT, auto or off", _matching(_SOURCE), "off")
SOURCES: Kind[tuple[str, ...]] = Kind(
    "http(s)://HOST, svc/NAMESPACE/NAME:PORT, auto or off, or a list of them",
    _one_or_more(_matching(_SOURCE)),
    ("off",),
)
TEXTS: Kind[tuple[str, ...]] = Kind("a list of texts", _listed(_text), ())
ONE_OR_MORE_TEXTS: Kind[tuple[str, ...]] = Kind("a text or a list of them", _one_or_more(_text), ())
GLOBS: Kind[tuple[str, ...]] = Kind('a list of globs such as ["prod", "*-prod"], each [ with its ]', _listed(_glob), ())
ONE_OR_MORE_GLOBS: Kind[tuple[str, ...]] = Kind("a glob such as prod-* or a list of them", _one_or_more(_glob), ())
WORKLOADS: Kind[tuple[str, ...]] = Kind(
    "a list of KIND/NAME such as deployment/aurora-backend", _listed(_matching(_WORKLOAD)), ()
)
LABEL_GLOBS: Kind[tuple[Mapping[str, str], ...]] = Kind(
    "a list of mappings of labels to globs such as [{alertname: Pg*}]", _listed(_some_pairs), ()
)
TEXT_BY_NAME: Kind[Mapping[str, str]] = Kind("a mapping of names to texts", _mapped, {})


class Section:
    """A mapping of the settings being read: hands out its values and reports each one that is wrong."""

    def __init__(self, node: Node | None, key: str, faults: list[Fault], parent: Mark) -> None:
        self.key = key
        self._faults = faults
        self.mark = node.mark if node is not None else parent
        self._entries: Mapping[str, Node] = {}
        self._known: set[str] = set()
        if isinstance(node, Branch):
            self._entries = node.entries
        elif node is not None:
            faults.append(node.mark.fault(key, "a mapping", found(node)))

    def required(self, name: str, kind: Kind[T]) -> T:
        value = self.optional(name, kind)
        if name not in self._entries:
            self._faults.append(self.mark.fault(self._dotted(name), kind.expected, "nothing"))
        return kind.blank if value is None else value

    def optional(self, name: str, kind: Kind[T]) -> T | None:
        """The value, None where there is none; a wrong one is reported and comes back as the kind's blank."""
        self._known.add(name)
        node = self._entries.get(name)
        if node is None:
            return None
        try:
            return kind.read(node)
        except UnfitError as unfit:
            self._faults.append(unfit.node.mark.fault(self._dotted(name), kind.expected, found(unfit.node)))
            return kind.blank

    def given(self, name: str) -> bool:
        """Whether the entry is there at all, right or wrong."""
        self._known.add(name)
        return name in self._entries

    def mark_of(self, name: str) -> Mark:
        """Where an entry stands; where it is absent, the mapping."""
        node = self._entries.get(name)
        return self.mark if node is None else node.mark

    def section(self, name: str) -> Section:
        """A nested mapping; an absent one reads as empty."""
        self._known.add(name)
        return Section(self._entries.get(name), self._dotted(name), self._faults, self.mark)

    def section_if_given(self, name: str) -> Section | None:
        """A nested mapping that is optional as a whole."""
        return self.section(name) if self.given(name) else None

    def beside(self, document: Branch) -> Section:
        """A mapping of another file, whose faults are reported with those of this one."""
        return Section(document, "", self._faults, document.mark)

    def items(self, name: str) -> Iterator[Section]:
        """The mappings of a list that is optional as a whole."""
        if not self.given(name):
            return
        node = self._entries[name]
        if not isinstance(node, Items) or not node.items:
            self._faults.append(node.mark.fault(self._dotted(name), "a list of one or more mappings", found(node)))
            return
        for index, item in enumerate(node.items):
            key = f"{self._dotted(name)}[{index}]"
            if isinstance(item, Branch):
                yield Section(item, key, self._faults, node.mark)
            else:
                self._faults.append(item.mark.fault(key, "a mapping", found(item)))

    def sections(self) -> Iterator[tuple[str, Section]]:
        """Every entry as a named mapping, for the collections whose names the user chooses."""
        for name in self._entries:
            yield name, self.section(name)

    def fault(self, name: str, expected: str, what: str = "") -> None:
        """Report what only the builder can judge, at the entry `name` or, where it is absent, the section."""
        self._faults.append(self.mark_of(name).fault(self._dotted(name) if name else self.key, expected, what))

    def finish(self) -> None:
        """Report the keys that nobody asked for, with the nearest known name."""
        for name, node in self._entries.items():
            if name not in self._known:
                near = get_close_matches(name, self._known, n=1, cutoff=0.6)
                hint = f' (did you mean "{near[0]}"?)' if near else ""
                known = "one of " + ", ".join(sorted(self._known))
                self._faults.append(node.mark.fault(self._dotted(name), known, f'"{name}"{hint}'))

    def _dotted(self, name: str) -> str:
        return f"{self.key}.{name}" if self.key else name
