"""Blocking calls in daemon threads: neither the event loop nor the end of the program waits for them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
_MOST_IDLE = 8
_idle: list[SimpleQueue[Callable[[], None]]] = []
"""The threads that wait for work, by where they take it from."""


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

    _hand_over(work)
    return await future


def _hand_over(work: Callable[[], None]) -> None:
    """To a thread that waits, else to a new one: a thread for each call costs as much as a small call."""
    try:
        jobs = _idle.pop()
    except IndexError:
        jobs = SimpleQueue()
        threading.Thread(target=_serve, args=(jobs,), daemon=True, name="signal").start()
    jobs.put(work)


def _serve(jobs: SimpleQueue[Callable[[], None]]) -> None:
    while True:
        jobs.get()()
        if len(_idle) >= _MOST_IDLE:
            return
        _idle.append(jobs)
