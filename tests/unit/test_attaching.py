"""The operator's terminal in the hands of a process elsewhere: what reaches whom, and that it is given back."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import signal
import termios
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from aurora_tui.attaching import GONE, LEFT, PIECE, STOPPED, TYPED_AHEAD, Ends, Leaving, attach
from aurora_tui.cluster.errors import UnreachableError
from aurora_tui.model.terminals import ERR, OUT, Ended, Output
from tests.terminal import set_size

LOST = Ended(None, "the connection was lost", lost=True)


@dataclass
class Remote:
    """A process that says what the test has it say; `typed` and `sizes` are what reached it."""

    says: asyncio.Queue[Output | Ended | Exception] = field(default_factory=asyncio.Queue)
    ended: Ended = LOST
    typed: bytes = b""
    sizes: list[tuple[int, int]] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)
    takes: asyncio.Event = field(default_factory=asyncio.Event)
    cut: bool = False

    def __post_init__(self) -> None:
        self.takes.set()

    async def output(self) -> AsyncIterator[Output]:
        while not isinstance(said := await self.says.get(), Ended):
            if isinstance(said, Exception):
                raise said
            yield said
        self.ended = said

    async def send(self, data: bytes) -> None:
        await self.takes.wait()
        await self._hear()
        self.typed += data

    async def resize(self, columns: int, lines: int) -> None:
        await self._hear()
        self.sizes.append((columns, lines))

    async def _hear(self) -> None:
        if self.cut:
            raise UnreachableError("the connection was lost")
        async with self.news:
            self.news.notify_all()

    async def until(self, **wanted: Any) -> None:
        """Wait until attributes are as wanted."""
        async with asyncio.timeout(10):
            while any(getattr(self, name) != value for name, value in wanted.items()):
                await asyncio.sleep(0)


@dataclass
class Local:
    """A terminal of the test's own: `outside` is where its operator sits."""

    outside: int
    inside: int
    before: list[Any]

    @property
    def ends(self) -> Ends:
        return Ends(self.inside, self.inside, self.inside)

    def type(self, keys: bytes) -> None:
        os.write(self.outside, keys)

    def shown(self, end: bytes) -> bytes:
        """What the operator sees up to `end`; a terminal may give it in pieces."""
        seen = b""
        while not seen.endswith(end):
            seen += os.read(self.outside, 1000)
        return seen

    def hang_up(self) -> None:
        os.close(self.outside)
        self.outside = -1

    def is_as_before(self) -> bool:
        return termios.tcgetattr(self.inside) == self.before


@pytest.fixture
def local() -> Iterator[Local]:
    outside, inside = pty.openpty()
    set_size(inside, 80, 24)
    local = Local(outside, inside, termios.tcgetattr(inside))
    yield local
    for end in (local.outside, local.inside):
        if end >= 0:
            os.close(end)


async def attached(remote: Remote, local: Local, stop: asyncio.Event | None = None) -> asyncio.Task[Ended]:
    """A terminal that is given away, once it is raw and the process knows its size."""
    task = asyncio.create_task(attach(remote, local.ends, stop=stop or asyncio.Event()))
    if not remote.cut:
        await remote.until(sizes=[(80, 24)])
    return task


async def test_bytes_go_both_ways_untouched_and_the_terminal_is_given_back(local: Local) -> None:
    remote = Remote()
    task = await attached(remote, local)
    assert not local.is_as_before()

    local.type(b"\x03ls\r\x1b[A\xc3\xa9")
    await remote.until(typed=b"\x03ls\r\x1b[A\xc3\xa9")
    remote.says.put_nowait(Output(OUT, b"\x1b[1mone\r\n\x1b[0m"))
    remote.says.put_nowait(Output(ERR, b"two"))
    remote.says.put_nowait(Ended(3))

    assert await task == Ended(3)
    assert local.shown(b"two") == b"\x1b[1mone\r\n\x1b[0mtwo"
    assert local.is_as_before()


async def test_the_process_hears_of_every_new_size(local: Local) -> None:
    remote = Remote()
    task = await attached(remote, local)

    set_size(local.inside, 132, 43)
    os.kill(os.getpid(), signal.SIGWINCH)
    await remote.until(sizes=[(80, 24), (132, 43)])

    remote.says.put_nowait(Ended(0))
    await task
    assert signal.getsignal(signal.SIGWINCH) is signal.SIG_DFL


async def test_an_error_gives_the_terminal_back(local: Local) -> None:
    remote = Remote()
    task = await attached(remote, local)

    remote.says.put_nowait(RuntimeError("a fault of ours"))

    with pytest.raises(RuntimeError):
        await task
    assert local.is_as_before()


async def test_being_cancelled_gives_the_terminal_back(local: Local) -> None:
    task = await attached(Remote(), local)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert local.is_as_before()


async def test_a_lost_connection_is_told_by_the_output_though_typing_notices_it_first(local: Local) -> None:
    remote = Remote(cut=True)
    task = await attached(remote, local)
    local.type(b"ls\r")
    while select_ready(local.inside):
        await asyncio.sleep(0)

    remote.says.put_nowait(LOST)

    assert await task == LOST
    assert local.is_as_before()


async def test_a_terminal_that_goes_away_ends_it(local: Local) -> None:
    task = await attached(Remote(), local)

    local.hang_up()

    async with asyncio.timeout(10):
        assert await task is GONE


async def test_a_terminal_that_went_away_before_is_not_tried(local: Local) -> None:
    local.hang_up()

    async with asyncio.timeout(10):
        assert await attach(Remote(), local.ends, stop=asyncio.Event()) is GONE


async def test_what_is_printed_on_a_terminal_that_went_away_ends_it(local: Local) -> None:
    remote = Remote()
    reader, writer = os.pipe()
    task = asyncio.create_task(attach(remote, Ends(local.inside, writer, writer), stop=asyncio.Event()))
    os.close(reader)
    remote.says.put_nowait(Output(OUT, b"words"))

    async with asyncio.timeout(10):
        assert await task is GONE
    os.close(writer)
    assert local.is_as_before()


async def test_it_is_left_when_the_program_has_to_end(local: Local) -> None:
    stop = asyncio.Event()
    task = await attached(Remote(), local, stop)

    stop.set()

    assert await task is STOPPED
    assert local.is_as_before()


async def test_the_end_of_the_process_counts_before_a_stop_of_the_same_moment(local: Local) -> None:
    remote, stop = Remote(), asyncio.Event()
    task = await attached(remote, local, stop)

    remote.says.put_nowait(Ended(0))
    stop.set()

    assert await task == Ended(0)


async def test_a_tilde_and_a_dot_at_the_beginning_of_a_line_cut_it_off(local: Local) -> None:
    remote = Remote()
    task = await attached(remote, local)

    local.type(b"cat ~.\r~.more")

    assert await task is LEFT
    assert remote.typed == b"cat ~.\r"
    assert local.is_as_before()


@pytest.mark.parametrize(
    ("pieces", "sent", "left"),
    [
        ([b"~", b"."], b"", True),
        ([b"~~."], b"~~.", False),
        ([b"~/bin\r"], b"~/bin\r", False),
        ([b"a\n~", b"b~."], b"a\n~b~.", False),
        ([b"a\r", b"~."], b"a\r", True),
    ],
)
def test_only_the_two_signs_at_the_beginning_of_a_line_leave(pieces: list[bytes], sent: bytes, left: bool) -> None:
    leaving = Leaving()
    found = [leaving.sift(piece) for piece in pieces]

    assert b"".join(data for data, _ in found) == sent
    assert found[-1][1] is left


async def test_while_the_other_side_takes_nothing_little_is_held_and_nothing_lost(local: Local) -> None:
    remote = Remote()
    task = await attached(remote, local)
    remote.takes.clear()
    pasted = b"".join(b"%06d\r" % number for number in range(400_000 // 7))
    os.set_blocking(local.outside, False)

    written = 0
    idle = 0
    while idle < 50:  # until the terminal itself takes no more
        try:
            written += os.write(local.outside, pasted[written:])
            idle = 0
        except BlockingIOError:
            idle += 1
            await asyncio.sleep(0.001)
    assert written < len(pasted)
    assert written <= (TYPED_AHEAD + 2) * PIECE + 65536

    remote.takes.set()
    while written < len(pasted):
        try:
            written += os.write(local.outside, pasted[written:])
        except BlockingIOError:
            await asyncio.sleep(0.001)
    await remote.until(typed=pasted)
    remote.says.put_nowait(Ended(0))
    await task


async def test_without_typing_no_terminal_is_needed() -> None:
    remote = Remote()
    reader, writer = os.pipe()
    remote.says.put_nowait(Output(OUT, b"words"))
    remote.says.put_nowait(Ended(1))

    assert await attach(remote, Ends(-1, writer, writer), stop=asyncio.Event(), typing=False) == Ended(1)

    assert os.read(reader, 100) == b"words"
    os.close(reader)
    os.close(writer)


def select_ready(fd: int) -> bool:
    """Whether something typed is still to be read."""
    return bool(select.select([fd], [], [], 0)[0])
