"""Blocking calls in daemon threads: neither the event loop nor the end of the program waits for them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


async def in_thread(call: Callable[[], T]) -> T:
    """The result of `call`, run in a thread of its own; its exception is raised here.

    `asyncio.to_thread` would keep the program from ending until the last request timed out: its
    threads are joined at exit. A cancelled call runs on unheard until its own timeouts end it.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def deliver(setter: Callable[[Any], None], outcome: object) -> None:
        if not future.done():
            setter(outcome)

    def work() -> None:
        try:
            report = partial(deliver, future.set_result, call())
        except Exception as error:
            report = partial(deliver, future.set_exception, error)
        try:
            loop.call_soon_threadsafe(report)
        except RuntimeError:
            return  # the loop is closed: nobody waits any more

    threading.Thread(target=work, daemon=True, name="signal").start()
    return await future
