"""The operator's own terminal given to a process elsewhere: raw, byte for byte, and as it was before afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import termios
import tty
from collections.abc import AsyncGenerator, Awaitable, Iterator

from aurora_tui.cluster.errors import ClusterError
from aurora_tui.cluster.protocol import RemoteTerminal
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.terminals import ERR, Ended

TYPED_AHEAD = 64
"""Pieces of input that are held while the other side takes none; then the terminal itself holds the rest."""
PIECE = 4096
LEAVE = b"~."
"""At the beginning of a line this cuts the connection, as ssh has it: the way out of a shell that answers no longer."""
GONE = Ended(None, "the terminal was closed", lost=True)
LEFT = Ended(None, "it was left with ~.", lost=True)
STOPPED = Ended(None, "the program was ended", lost=True)


class Ends(Frozen):
    """The file descriptors of the local side."""

    typed: int
    out: int
    err: int

    @classmethod
    def standard(cls) -> Ends:
        """Those that the program was started with, whatever stands in `sys.stdout` now."""
        return cls(*(stream.fileno() for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__) if stream))


async def attach(remote: RemoteTerminal, ends: Ends, *, stop: asyncio.Event, typing: bool = True) -> Ended:
    """Carry bytes both ways until the process has ended, the connection or the terminal is lost, or `stop` is set.

    Never raises what the network or the terminal raise; however it is left, the terminal is as it was before.
    """
    with contextlib.ExitStack() as restored:
        if typing:
            try:
                restored.enter_context(raw(ends.typed))
            except termios.error:
                return GONE
        works = {"output": _print(remote, ends), "stop": _stopped(stop)}
        if typing:
            works |= {"typed": _type(remote, ends), "size": _follow_size(remote, ends)}
        tasks = {asyncio.create_task(work, name=f"shell {name}") for name, work in works.items()}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        # What the process has said of its own end counts before anything that came at the same moment.
        first = min(done, key=lambda task: task.get_name() != "shell output")
        return first.result()


@contextlib.contextmanager
def raw(fd: int) -> Iterator[None]:
    """The terminal without line editing, echo and signals: every byte is for the other side."""
    before = termios.tcgetattr(fd)
    try:
        tty.setraw(fd, termios.TCSANOW)
        yield
    finally:
        with contextlib.suppress(termios.error):  # it is gone
            termios.tcsetattr(fd, termios.TCSANOW, before)


async def _print(remote: RemoteTerminal, ends: Ends) -> Ended:
    async for piece in remote.output():
        try:
            # Nothing more is read before it is written: a slow terminal slows the process down.
            await asyncio.to_thread(write_all, ends.err if piece.stream == ERR else ends.out, piece.data)
        except OSError:
            return GONE
    return remote.ended


def write_all(fd: int, data: bytes) -> None:
    """Write everything, however slowly it is taken. Raises `OSError`."""
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]


async def _type(remote: RemoteTerminal, ends: Ends) -> Ended:
    leaving = Leaving()
    async with contextlib.aclosing(_typed(ends.typed)) as pieces:
        async for piece in pieces:
            data, left = leaving.sift(piece)
            if data:
                await _until_lost(remote.send(data))
            if left:
                return LEFT
    return GONE


class Leaving:
    """Finds `LEAVE` at the beginning of a line of what is typed; its first sign is held until the second is known."""

    def __init__(self) -> None:
        self._at_start = True
        self._held = False

    def sift(self, piece: bytes) -> tuple[bytes, bool]:
        """What is to be sent of a piece, and whether the operator leaves."""
        passed = bytearray()
        for byte in piece:
            sign = bytes([byte])
            if self._held:
                self._held = False
                if sign == LEAVE[1:]:
                    return bytes(passed), True
                passed += LEAVE[:1]
            elif self._at_start and sign == LEAVE[:1]:
                self._held = True
                self._at_start = False
                continue
            passed += sign
            self._at_start = sign in b"\r\n"
        return bytes(passed), False


async def _typed(fd: int) -> AsyncGenerator[bytes, None]:
    """What is typed, in pieces; ends with the terminal. At most `TYPED_AHEAD` pieces are held."""
    loop, pieces = asyncio.get_running_loop(), asyncio.Queue[bytes](TYPED_AHEAD)
    reading = False

    def read() -> None:
        try:
            piece = os.read(fd, PIECE)
        except OSError:  # EIO: a terminal that hung up
            piece = b""
        pieces.put_nowait(piece)
        if not piece or pieces.full():
            look(False)

    def look(wanted: bool) -> None:
        nonlocal reading
        if wanted and not reading:
            loop.add_reader(fd, read)
        elif reading and not wanted:
            loop.remove_reader(fd)
        reading = wanted

    look(True)
    try:
        while piece := await pieces.get():
            yield piece
            look(True)
    finally:
        look(False)


async def _follow_size(remote: RemoteTerminal, ends: Ends) -> Ended:
    """Tell the size at once and whenever it changes; never ends."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGWINCH, changed.set)
    try:
        while True:
            changed.clear()
            with contextlib.suppress(OSError):
                await _until_lost(remote.resize(*os.get_terminal_size(ends.typed)))
            await changed.wait()
    finally:
        loop.remove_signal_handler(signal.SIGWINCH)


async def _until_lost(sending: Awaitable[None]) -> None:
    """Send; over a connection that is lost wait for the output, which knows how that ended."""
    try:
        await sending
    except ClusterError:
        await asyncio.Event().wait()


async def _stopped(stop: asyncio.Event) -> Ended:
    await stop.wait()
    return STOPPED
