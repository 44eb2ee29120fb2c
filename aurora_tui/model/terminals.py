"""A process in a container as the terminal that it is attached to knows it: its output and its end."""

from __future__ import annotations

from aurora_tui.model.frozen import Frozen

OUT, ERR = 1, 2
"""The streams that a process writes to; with a terminal there is only the first."""


class Output(Frozen):
    """A piece of what a process wrote to one of its streams."""

    stream: int
    data: bytes


class Ended(Frozen):
    """How it ended: with an exit status, or without one, which `words` explain.

    `lost` means that nobody told how it ended: the connection or our own terminal was cut, and it may still run.
    """

    code: int | None
    words: str = ""
    lost: bool = False
