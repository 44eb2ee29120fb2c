"""Blocking calls beside the event loop."""

from __future__ import annotations

import asyncio
import threading

import pytest

from aurora_tui.signals import threads as threads_module
from aurora_tui.signals.threads import in_thread


async def test_what_a_call_gives_or_raises_comes_back() -> None:
    def fails() -> None:
        raise LookupError("nothing there")

    assert await in_thread(lambda: 6 * 7) == 42
    with pytest.raises(LookupError, match="nothing there"):
        await in_thread(fails)


async def test_calls_at_once_run_at_once() -> None:
    together = threading.Barrier(20, timeout=5.0)
    found = await asyncio.gather(*(in_thread(together.wait) for _ in range(20)))
    assert sorted(found) == list(range(20))


async def test_a_call_that_nobody_waits_for_any_more_keeps_no_other_waiting() -> None:
    go_on = threading.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await in_thread(go_on.wait)
    try:
        assert await in_thread(lambda: "next") == "next"
    finally:
        go_on.set()


async def test_calls_one_after_the_other_need_no_thread_each() -> None:
    def threads() -> set[int | None]:
        return {each.ident for each in threading.enumerate() if each.name == "signal"}

    await in_thread(lambda: None)
    before = threads()
    for _ in range(50):
        assert await in_thread(threading.get_ident) in threads()
        while not threads_module._idle:
            await asyncio.sleep(0.001)
    assert len(threads() - before) <= 1
