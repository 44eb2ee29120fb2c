"""A terminal for tests: the real program in a pseudo-terminal, its bytes counted and its screen read."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import termios
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

import pyte

_QUERY = re.compile(rb"\x1b\[\?(\d+)\$p")
_WHERE, _BACKGROUND = b"\x1b[6n", b"\x1b]11;?\x1b\\"
_ALTERNATE = 1049
_UNKNOWN_MODES = (b"2048",)
"""Told apart from modes that are off: a program that hears of 2048 waits for sizes in the input, not for SIGWINCH."""
_ESCAPES = re.compile(rb"\x1b(?:\[[0-9;?:<>=$ ]*[A-Za-z]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][AB0]|[=>78PM])")


class _Screen(pyte.Screen):  # type: ignore[misc]
    """With the alternate screen (mode 1049), which pyte leaves out: empty at first, gone with all on it at the end."""

    def set_mode(self, *modes: int, **options: Any) -> None:
        if _ALTERNATE in modes and options.get("private"):
            self.save_cursor()
            self._main = self._turn_to(defaultdict(self.buffer.default_factory))
        super().set_mode(*modes, **options)

    def reset_mode(self, *modes: int, **options: Any) -> None:
        if _ALTERNATE in modes and options.get("private"):
            self._turn_to(getattr(self, "_main", self.buffer))
            self.restore_cursor()
        super().reset_mode(*modes, **options)

    def _turn_to(self, buffer: Any) -> Any:
        before: Any = self.buffer
        self.buffer: Any = buffer
        self.dirty.update(range(self.lines))
        return before


class Terminal:
    """A program on a pseudo-terminal of `columns` by `lines`; answers queries as a plain xterm does.

    `background` is its colour as xterm tells it (``rgb:ffff/ffff/ffff``); it is not told where that is empty.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 160,
        lines: int = 48,
        env: Mapping[str, str] | None = None,
        background: str = "",
        far: float = 0.0,
    ) -> None:
        self._background = background.encode()
        self._far = far
        """Seconds after which the terminal's answers come to the program."""
        self._owed: deque[float] = deque()
        self.screen = _Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = bytearray()
        """Everything that the program wrote."""
        self._fed = 0
        self.status: int | None = None
        self.started = time.monotonic()
        self._fd, inside = os.openpty()
        self.attributes_before = termios.tcgetattr(inside)
        """How the terminal was set (`termios.tcgetattr`) before the program began."""
        self.resize(columns, lines)
        self.pid = os.fork()
        if self.pid == 0:
            _become(command, {**os.environ, "TERM": "xterm-256color", **(env or {})}, inside)
        os.close(inside)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def resize(self, columns: int, lines: int) -> None:
        """Change the window's size; the program is told by SIGWINCH."""
        set_size(self._fd, columns, lines)
        self.screen.resize(lines, columns)

    def send(self, keys: str) -> None:
        """Type; escape sequences as the keyboard sends them."""
        os.write(self._fd, keys.encode())

    def read(self, seconds: float = 0.05) -> bytes:
        """Bytes that come within `seconds`; empty when none do, or the program or the terminal is gone."""
        if self._fd < 0:
            time.sleep(seconds)
            return b""
        while self._owed and self._owed[0] <= time.monotonic():
            self._owed.popleft()
            os.write(self._fd, b"\x1b[1;1R")
        ready, _, _ = select.select([self._fd], [], [], seconds)
        if not ready:
            return b""
        try:
            data = os.read(self._fd, 65536)
        except OSError:
            return b""
        for query in _QUERY.finditer(data):
            known = b"0" if query.group(1) in _UNKNOWN_MODES else b"2"
            os.write(self._fd, b"\x1b[?%s;%s$y" % (query.group(1), known))
        # A question may have come in two pieces; the program does not care where its cursor is.
        for _ in range((bytes(self.raw[-len(_WHERE) + 1 :]) + data).count(_WHERE)):
            if self._far:
                self._owed.append(time.monotonic() + self._far)
            else:
                os.write(self._fd, b"\x1b[1;1R")
        if self._background and _BACKGROUND in data:
            os.write(self._fd, b"\x1b]11;%s\x1b\\" % self._background)
        self.raw += data
        return data

    @property
    def owes(self) -> bool:
        """Whether there are answers that the program has not got yet."""
        return bool(self._owed)

    def wait_for(self, seen: Callable[[str], bool] | str, seconds: float = 60.0) -> str:
        """Read until the screen shows a text (or satisfies `seen`); AssertionError with the screen if not."""
        check = seen if callable(seen) else lambda text: seen in text
        deadline = time.monotonic() + seconds
        while True:
            text = self.text()
            if check(text):
                return text
            if time.monotonic() > deadline:
                raise AssertionError(f"not seen within {seconds:.0f} s: {seen}\n{text}")
            self.read()

    def ask_until(self, keys: str, seen: str, seconds: float = 60.0) -> str:
        """Type the same again and again until the screen shows a text: for what becomes true in its own time."""

        def asked(text: str) -> bool:
            if seen not in text:
                self.send(keys)
            return seen in text

        return self.wait_for(asked, seconds)

    def read_on(self, pause: float = 0.05) -> None:
        """Read until nothing comes for so many seconds: to the end of a picture that is being sent."""
        while self.read(pause):
            pass

    def wait_for_bytes(self, pattern: bytes, seconds: float = 30.0) -> float:
        """Seconds from the start until the printed text, without escape sequences, matches."""
        wanted = re.compile(pattern)
        deadline = time.monotonic() + seconds
        while not wanted.search(_ESCAPES.sub(b"", bytes(self.raw))):
            if time.monotonic() > deadline:
                raise AssertionError(f"not printed within {seconds:.0f} s: {pattern!r}\n{self.text()}")
            self.read()
        return time.monotonic() - self.started

    def text(self) -> str:
        """The screen as the operator sees it, line by line."""
        self._stream.feed(bytes(self.raw[self._fed :]))
        self._fed = len(self.raw)
        return "\n".join(line.rstrip() for line in self.screen.display)

    def attributes(self) -> list[Any]:
        """How the terminal is set now (`termios.tcgetattr`)."""
        return termios.tcgetattr(self._fd)

    def peak_memory(self) -> int:
        """The most memory that the program itself has held so far, in kB (VmHWM)."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        found = re.search(r"VmHWM:\s+(\d+)", status)
        assert found is not None
        return int(found.group(1))

    def cpu_seconds(self) -> float:
        """Processor time that the program itself has used so far."""
        fields = stat_fields(Path(f"/proc/{self.pid}/stat"))
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def children(self) -> set[int]:
        """The processes that the program itself has started and that still run."""
        fields = {int(path.parent.name): stat_fields(path) for path in Path("/proc").glob("[0-9]*/stat")}
        return {pid for pid, (state, parent, *_) in fields.items() if state != "Z" and parent == str(self.pid)}

    def wait_end(self, seconds: float = 30.0) -> int:
        """The program's exit status once it ended, as a shell gives it (128 + signal)."""
        deadline = time.monotonic() + seconds
        while self.status is None:
            self.read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                self.status = code if code >= 0 else 128 - code
            elif time.monotonic() > deadline:
                raise AssertionError(f"still running after {seconds:.0f} s\n{self.text()}")
        return self.status

    def hang_up(self) -> None:
        """Close the terminal under the program, as a lost connection does."""
        os.close(self._fd)
        self._fd = -1

    def close(self) -> None:
        """End the program and let go of the terminal."""
        if self.status is None:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
        if self._fd >= 0:
            os.close(self._fd)


def set_size(fd: int, columns: int, lines: int) -> None:
    """Give a terminal's window a size."""
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


def stat_fields(path: Path) -> list[str]:
    """``/proc/PID/stat`` from the state on (proc(5)); one that has just ended counts as a zombie."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ["Z", "0"]


def _become(command: Sequence[str], env: Mapping[str, str], inside: int) -> NoReturn:
    """Turn the forked child into the program, the terminal its own; never back into the test."""
    try:
        os.login_tty(inside)
        os.execvpe(command[0], list(command), env)
    finally:
        os._exit(127)
