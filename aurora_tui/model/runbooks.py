"""Runbooks: Markdown in sections, and the commands in it that the program carries out by its own action path."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from string import Template

from aurora_tui.model import views
from aurora_tui.model.actions import Params, Verb
from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.selection import ObjectRef

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_PROGRAM = "aurora-tui"


class Act(Frozen):
    """What changes the cluster: its preview is opened, nothing more. A scale without a number asks for it before."""

    verb: Verb
    ref: ObjectRef
    params: Params


class Look(Frozen):
    """What shows something: ``logs``, ``changes``, ``history``, ``get`` or ``traces``, and of what."""

    what: str
    ref: ObjectRef | None = None
    name: str = ""


class RunbookStep(Frozen):
    """A section: its heading, its text, and the command in it; `trouble` says why that cannot be carried out."""

    number: int
    title: str
    text: tuple[str, ...]
    command: str = ""
    does: Act | Look | None = None
    trouble: str = ""

    @property
    def key(self) -> str:
        return f"{self.number:03}"


def is_name(text: str) -> bool:
    """Whether a runbook may be called so: an alert's name comes from outside and becomes a file's."""
    return bool(_NAME.fullmatch(text)) and ".." not in text


def steps(markdown: str, names: Mapping[str, str], namespace: str) -> tuple[RunbookStep, ...]:
    """The sections of a runbook. `names` are what ``$workload`` and the like stand for.

    Of several commands in one section each makes a row of its own.
    """
    found: list[RunbookStep] = []
    for title, text, commands in _sections(markdown):
        for command in commands or ("",):
            filled = Template(command).safe_substitute({key: shlex.quote(value) for key, value in names.items()})
            does, trouble = _read(filled, namespace) if filled else (None, "")
            found.append(RunbookStep(len(found), title, text, filled, does, trouble))
    return tuple(found)


def _sections(markdown: str) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    title, text, commands = "", list[str](), list[str]()
    fence = ""
    for line in markdown.splitlines():
        marker = _FENCE.match(line)
        if fence:
            if marker and marker[1].startswith(fence):
                fence = ""
            elif line.strip():
                commands.append(line.strip())
            continue
        if marker:
            fence = marker[1]
        elif heading := re.fullmatch(r"#{1,6}\s+(.*)", line):
            if title or commands or any(text):
                yield title, _trimmed(text), tuple(commands)
            title, text, commands = heading[1].strip(), [], []
        else:
            text.append(line.rstrip())
    if title or commands or any(text):
        yield title, _trimmed(text), tuple(commands)


def _trimmed(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple("\n".join(lines).strip("\n").splitlines())


_VERBS: Mapping[str, tuple[Verb, str]] = {
    "rollback": (Verb.UNDO, "deployment"),
    "restart": (Verb.RESTART, "deployment"),
    "scale": (Verb.SCALE, "deployment"),
    "pause": (Verb.PAUSE, "deployment"),
    "resume": (Verb.RESUME, "deployment"),
    "cordon": (Verb.CORDON, "node"),
    "uncordon": (Verb.UNCORDON, "node"),
    "delete": (Verb.DELETE, "pod"),
    "evict": (Verb.EVICT, "pod"),
    "trigger": (Verb.TRIGGER, "cronjob"),
    "promote": (Verb.PROMOTE, "rollout"),
    "abort": (Verb.ABORT, "rollout"),
    "retry": (Verb.RETRY, "rollout"),
}
"""Subcommands of the command line, with the kind that a name alone means there."""
_NUMBERS: Mapping[Verb, Mapping[str, str]] = {
    Verb.UNDO: {"--to-revision": "revision"},
    Verb.SCALE: {"--replicas": "replicas"},
}
_LOOKS = ("logs", "changes", "history")


def _read(command: str, namespace: str) -> tuple[Act | Look | None, str]:
    """What a command does, or why the program cannot carry it out. A shell is never asked."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        return None, f"cannot be read: {error}"
    if "$" in command:
        return None, "names something that is not known here"
    if not words or words[0] != _PROGRAM or len(words) < 2:
        return None, f"only commands of {_PROGRAM} are carried out from here"
    name, rest = words[1], words[2:]
    try:
        if name in _VERBS:
            return _act(name, rest, namespace), ""
        if name in _LOOKS and len(rest) == 1:
            return Look(name, _ref(rest[0], "deployment", namespace)), ""
        if name in ("get", "traces") and len(rest) == 1:
            return Look(name, name=rest[0]), ""
    except ValueError as error:
        return None, str(error)
    return None, f"{' '.join(words[:2])} is not carried out from here"


def _act(name: str, words: Sequence[str], namespace: str) -> Act:
    verb, kind = _VERBS[name]
    params: dict[str, str | int] = {}
    targets, options = [], _NUMBERS.get(verb, {})
    each = iter(words)
    for word in each:
        option, _, value = word.partition("=")
        if option in options:
            value = value or next(each, "")
            if not value.isdecimal():
                raise ValueError(f"{option} needs a number")
            params[options[option]] = int(value)
        elif word.startswith("-"):
            raise ValueError(f"{word} is not carried out from here")
        else:
            targets.append(word)
    if len(targets) != 1:
        raise ValueError("one object at a time is acted on from here")
    return Act(verb, _ref(targets[0], kind, namespace), params)


def _ref(target: str, kind: str, namespace: str) -> ObjectRef:
    named, _, name = target.rpartition("/")
    view = views.named(named or kind)
    if view is None or not name:
        raise ValueError(f"{target!r} is no KIND/NAME")
    return ObjectRef(view.kind, namespace if view.namespaced else None, name)


def _command(step: RunbookStep, _: float) -> Cell:
    if step.trouble:
        return Cell(f"{step.command}  ✘ {step.trouble}", Tone.DIM)
    return Cell(step.command, Tone.ACCENT)


COLUMNS: tuple[Column[RunbookStep], ...] = (
    Column("STEP", lambda step, _: Cell(step.title), lambda step: step.number),
    Column("COMMAND", _command, lambda step: step.number, flexible=True, yields=True),
)
