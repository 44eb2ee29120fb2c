"""Which log lines go on with the stack trace that a line before them began: JVM, Python, Go, .NET, Node, Ruby, Rust."""

from __future__ import annotations

import re
from enum import Enum

from aurora_tui.model.loglines import Level, level


class Trace(Enum):
    """What the lines of a stream are in the middle of."""

    NONE = "none"
    """An ordinary line."""
    FRAMES = "frames"
    """Frames below an exception, as the JVM, .NET, Node, Ruby and Rust print them."""
    PYTHON = "python"
    """Below ``Traceback (most recent call last):``; the line that names the exception ends it."""
    PYTHON_END = "python end"
    """Behind the exception's name: another traceback may follow from it."""
    GO = "go"
    """Below ``panic:`` or within the dump of goroutines."""


_TRACEBACK = ("Traceback (most recent call last):", "  + Exception Group Traceback (most recent call last):")
_CHAINED = ("During handling of the above exception,", "The above exception was the direct cause")
_GO_STARTS = ("panic: ", "fatal error: ", "goroutine ", "SIGQUIT: ")
_GO_LINES = ("goroutine ", "created by ", "[signal ", "exit status ", "runtime stack:", "panic: ", "...", "[recovered]")
_REGISTER = re.compile(r"[a-z]\w{1,6} +0x[0-9a-f]+$")
_FRAME = re.compile(
    r"\s+at \S"
    r"|\s*(?:Caused by|Suppressed|Wrapped by): "
    r"|\s+\.\.\. \d+ (?:more|common frames omitted|filtered)"
    r"|\s*--- End of "
    r"|\s+---> "
    r"|\s+from \S+:\d+:in "
    r"|stack backtrace:"
)
_EXCEPTION = re.compile(
    r"(?:Uncaught |Unhandled exception\. |Exception in thread \"[^\"]{0,100}\" )?"
    r"(?:[\w$]{1,100}\.){0,30}[\w$]{0,100}(?:Exception|Error|Throwable)(?::|$| \[)"
)
_NAMED = re.compile(r"([A-Za-z_][\w.]{0,200})(?:: |:?$)")
_SIGNS = ("Caused by: ", "Traceback (", "goroutine ", "panic: ", "fatal error: ", "SIGQUIT: ", "--- End of ",
          "stack backtrace:")  # fmt: skip
_HEAD = 300
"""Characters of a line that tell what it is."""


def concerns(text: str) -> bool:
    """Whether a line may have to do with a stack trace at all; false for nearly every line, and cheap."""
    return text[:1] in " \t" or text.startswith(_SIGNS) or "Exception" in text or "Error" in text


def begins(text: str) -> Trace:
    """What a line that belongs to none before it begins."""
    head = text[:_HEAD]
    if head.startswith(_TRACEBACK):
        return Trace.PYTHON
    if head.startswith(_GO_STARTS):
        return Trace.GO
    return Trace.FRAMES if _FRAME.match(head) or _EXCEPTION.match(head) else Trace.NONE


def goes_on(text: str, trace: Trace, first: str) -> Trace | None:
    """What a line leaves its stream in if it belongs to the block whose line `first` began; None where it does not.

    A traceback or an exception belongs to the log line before it where that tells of trouble: ``logging.exception``
    and the JVM's loggers print the line first and the stack below it.
    """
    if not text or text.isspace():
        return trace if trace in (Trace.PYTHON, Trace.PYTHON_END, Trace.GO) else None
    head = text[:_HEAD]
    if (within := _within(head, trace)) is not None:
        return within
    if _FRAME.match(head):
        return Trace.FRAMES
    if trace is not Trace.NONE:
        return None
    begun = begins(text)
    if begun is Trace.GO and head.startswith("goroutine ") and "panic" in first[: 2 * _HEAD]:
        return begun  # net/http prints its own line before the dump
    return begun if begun in (Trace.PYTHON, Trace.FRAMES) and _is_trouble(first) else None


def _within(head: str, trace: Trace) -> Trace | None:
    indented = head[0] in " \t"
    if trace is Trace.PYTHON:
        if indented:
            return trace
        named = _NAMED.match(head)
        return Trace.PYTHON_END if named and not named[1].isupper() else None
    if trace is Trace.PYTHON_END:
        return trace if head.startswith(_CHAINED) else Trace.PYTHON if head.startswith(_TRACEBACK) else None
    if trace is Trace.GO:
        return trace if indented or head.startswith(_GO_LINES) or _is_call(head) or _REGISTER.match(head) else None
    return trace if trace is Trace.FRAMES and (indented or head == "}") else None


def _is_call(head: str) -> bool:
    """``net/http.(*conn).serve(0xc000…``: a frame of Go begins with its function."""
    name, bracket, _ = head.partition("(")
    return bool(bracket) and "." in name and " " not in name and head.rstrip().endswith((")", "…"))


def _is_trouble(first: str) -> bool:
    stated = level(first)
    return stated is not None and (stated.is_error or stated is Level.WARN)
