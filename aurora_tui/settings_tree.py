"""YAML as a tree whose every node knows its file and line, and the merging of such trees by key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aurora_tui.model.frozen import Frozen

if TYPE_CHECKING:
    import yaml


_LONG = 60  # characters of a wrong value that a fault repeats


class Fault(Frozen):
    """One thing that is wrong in a settings file; `line` counts from 1, 0 where no line can be named."""

    file: str
    line: int
    key: str
    """The dotted key, e.g. ``services.backend.objectives.latency.threshold``; empty for a whole file."""
    expected: str
    found: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        key = f" {self.key}:" if self.key else ""
        found = f", found {self.found}" if self.found else ""
        return f"{place}:{key} expected {self.expected}{found}"


class Mark(Frozen):
    """The place of a node: where its key stands, or the node itself in a list."""

    file: str
    line: int

    def fault(self, key: str, expected: str, found: str = "") -> Fault:
        return Fault(self.file, self.line, key, expected, found)


class Leaf(Frozen):
    """A scalar as it was written; `tag` is YAML's short name of its type: ``str``, ``int``, ``null`` …"""

    mark: Mark
    tag: str
    text: str


class Items(Frozen):
    mark: Mark
    items: tuple[Node, ...]


class Branch(Frozen):
    mark: Mark
    entries: Mapping[str, Node]


Node = Leaf | Items | Branch


def found(node: Node) -> str:
    """What a node is, in the words of a fault."""
    match node:
        case Leaf(tag="null"):
            return "nothing"
        case Leaf(tag="bool", text=text):
            return f"{text} (yes/no)"
        case Leaf(tag="int" | "float", text=text):
            return f"the number {text}"
        case Leaf(text=text):
            return f'"{clip(text)}"'
        case Items():
            return "a list"
        case Branch():
            return "a mapping"


def clip(text: str) -> str:
    return text if len(text) <= _LONG else text[: _LONG - 3] + "..."


def merge(base: Node, over: Node) -> Node:
    """`over` laid on `base`: mappings by key, anything else whole; an empty value (``~``) removes its key.

    The keys that only `over` has come first, so that a user's environment is tried before the shipped ones.
    """
    if not (isinstance(base, Branch) and isinstance(over, Branch)):
        return over
    added = {key: node for key, node in over.entries.items() if key not in base.entries}
    kept = {key: merge(node, over.entries[key]) if key in over.entries else node for key, node in base.entries.items()}
    return Branch(over.mark, {key: node for key, node in (added | kept).items() if not _is_null(node)})


def _is_null(node: Node) -> bool:
    return isinstance(node, Leaf) and node.tag == "null"


def read_tree(path: Path, faults: list[Fault]) -> Branch:
    """Parse a file of one YAML document without constructing anything from it; faults are added to `faults`."""
    return single(read_documents(path, faults), faults)[0]


def single(documents: list[Branch], faults: list[Fault]) -> list[Branch]:
    """The first document of a file of settings, which must be the only one."""
    for document in documents[1:]:
        faults.append(document.mark.fault("", "one YAML document in a file of settings", "another one after ---"))
    return documents[:1]


def read_documents(path: Path, faults: list[Fault]) -> list[Branch]:
    """The same for a file of any number of documents; one is always there, empty if need be."""
    import yaml  # here, so that importing the settings costs nothing

    file = str(path)
    roots: list[Any] = []
    try:
        text = path.read_text(encoding="utf-8")
        roots = [root for root in yaml.compose_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) if root]
    except OSError as error:
        faults.append(Fault(file, 0, "", "a file that can be read", error.strerror or str(error)))
    except UnicodeDecodeError as error:
        faults.append(Fault(file, 0, "", "text in UTF-8", f"byte {error.object[error.start]:#04x}"))
    except yaml.MarkedYAMLError as error:
        faults.append(_syntax_fault(file, error))
    except yaml.YAMLError as error:
        faults.append(Fault(file, 0, "", "YAML", str(error).splitlines()[0]))
    documents = []
    for root in roots:
        tree = _Converter(file, faults).convert(root, "", Mark(file, root.start_mark.line + 1))
        if isinstance(tree, Branch):
            documents.append(tree)
        elif not _is_null(tree):
            faults.append(tree.mark.fault("", "a mapping of settings", found(tree)))
    return documents or [Branch(Mark(file, 1), {})]


def _syntax_fault(file: str, error: yaml.MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    problem = error.problem or "a syntax error"
    if "alias" in problem:
        problem += ' (text that begins with * must be quoted: "*-prod")'
    return Fault(file, mark.line + 1 if mark else 0, "", "YAML", problem)


class _Converter:
    """Turns PyYAML's nodes of one file into ours and reports what YAML itself lets pass."""

    def __init__(self, file: str, faults: list[Fault]) -> None:
        self._file = file
        self._faults = faults
        self._open: set[int] = set()

    def convert(self, node: Any, key: str, mark: Mark) -> Node:
        import yaml

        if isinstance(node, yaml.ScalarNode):
            return Leaf(mark, node.tag.removeprefix("tag:yaml.org,2002:"), node.value)
        if id(node) in self._open:
            self._faults.append(mark.fault(key, "a value", "an alias to what holds it"))
            return Leaf(mark, "null", "")
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return Items(
                    mark,
                    tuple(
                        self.convert(item, f"{key}[{index}]", Mark(self._file, item.start_mark.line + 1))
                        for index, item in enumerate(node.value)
                    ),
                )
            return self._branch(node, key, mark)
        finally:
            self._open.discard(id(node))

    def _branch(self, node: Any, key: str, mark: Mark) -> Branch:
        import yaml

        entries: dict[str, Node] = {}
        for name_node, value_node in node.value:
            at = Mark(self._file, name_node.start_mark.line + 1)
            if not isinstance(name_node, yaml.ScalarNode):
                self._faults.append(at.fault(key, "a name as the key", "a list or mapping"))
                continue
            name = name_node.value
            dotted = f"{key}.{name}" if key else name
            value = self.convert(value_node, dotted, at)
            if name in entries:
                first = entries[name].mark.line
                self._faults.append(at.fault(dotted, "each key once", f"it again (first in line {first})"))
            else:
                entries[name] = value
        return Branch(mark, entries)
