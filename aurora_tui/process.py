"""Which process wrote an intent, and whether it is still there: whose action is under way and whose was cut off."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aurora_tui.model.frozen import Frozen, asdict

_PROC = Path("/proc")
_STARTED = 19
"""Where the start stands among what follows the command's name in ``/proc/PID/stat``: field 22 of proc(5)."""


class Process(Frozen):
    """One process for ever: a number comes again, with another start; a start counts ticks of one boot.

    `boot`, `namespace` and `started` are empty where the system does not tell them (no ``/proc``).
    """

    host: str
    boot: str
    namespace: str
    pid: int
    started: str

    @classmethod
    def current(cls) -> Process:
        pid = os.getpid()
        return cls(socket.gethostname(), _boot(), _namespace(), pid, _start_of(pid))

    def gone(self) -> bool | None:
        """Whether it has ended; None where that cannot be seen from here (another host or container)."""
        here = Process.current()
        if self.host != here.host:
            return None
        if self.boot != here.boot:
            return True
        if self.namespace != here.namespace:
            return None
        return _start_of(self.pid) != self.started if self.started else not _is_there(self.pid)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Process:
        """The reverse of `to_json`; raises `TypeError` for anything else."""
        return cls(**data)


def _boot() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _namespace() -> str:
    """Process numbers count within a namespace, so within a container."""
    try:
        return str((_PROC / "self/ns/pid").readlink())
    except OSError:
        return ""


def _start_of(pid: int) -> str:
    """When the process started, empty if there is none; one that only waits to be reaped has ended."""
    try:
        # The name stands in brackets and may hold anything, brackets and blanks as well.
        fields = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[_STARTED]


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        pass
    return True
