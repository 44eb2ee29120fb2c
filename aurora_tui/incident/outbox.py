"""The outbox: what was consented to is sent, tried again while the network is down, and recorded."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from aurora_tui.backoff import Backoff
from aurora_tui.incident.book import Book
from aurora_tui.incident.sending import NotSentError, send
from aurora_tui.model.incident_settings import Channel, ChannelKind, Occasion
from aurora_tui.model.incidents import Fact, FactKind, Incident, fold

PATIENCE = 24 * 3600.0
"""Seconds after which what could not be sent is given up: nobody wants to hear of it any more."""
Send = Callable[[Channel, Incident, Occasion, str], None]
SENT, GIVEN_UP, WAITING = "sent", "given up", "waiting"
TRYING = "trying"
"""Put down before anything is sent: where it stays the last word, the program ended in between."""
UNSURE = "unsure"
_SETTLED = frozenset({SENT, GIVEN_UP, UNSURE})
_ONCE = frozenset({ChannelKind.PAGERDUTY})
"""Those to whom the same may be sent again: they know it by its key."""


class Writes(Protocol):
    async def __call__(self, incident: str, kind: FactKind, body: dict[str, Any]) -> None: ...


@dataclass(slots=True)
class _Waiting:
    notice: Fact
    backoff: Backoff = field(default_factory=lambda: Backoff(2.0, 300.0))
    due: float = 0.0
    told: bool = False
    """Whether it was said that it waits."""


def notice_body(channel: Channel, occasion: Occasion, text: str) -> dict[str, Any]:
    """What is put down when somebody has consented to it."""
    return {
        "notice": secrets.token_hex(6),
        "channel": channel.name,
        "occasion": str(occasion),
        "text": text,
        "words": f"{occasion} to {channel.name} ({channel.kind}), to be sent: {text}",
    }


class Outbox:
    """Delivers one's own notices; of several programs of one operator one at a time does."""

    def __init__(
        self, book: Book, channels: Sequence[Channel], clock: Callable[[], float], write: Writes, deliver: Send = send
    ) -> None:
        self._book = book
        self._channels = {channel.name: channel for channel in channels}
        self._clock = clock
        self._write = write
        self._deliver = deliver
        self._waiting: dict[str, _Waiting] | None = None
        self._sending = asyncio.Lock()

    @property
    def waiting(self) -> int:
        """How many notices are still to be sent."""
        return len(self._waiting or ())

    def add(self, notice: Fact) -> None:
        """A notice was put down just now."""
        if self._waiting is None:
            self._waiting = {}
        self._waiting[str(notice.body["notice"])] = _Waiting(notice)

    async def look(self) -> None:
        """Find what a program of before left unsent."""
        for fact in await asyncio.to_thread(self._left):
            if self._waiting is None or str(fact.body["notice"]) not in self._waiting:
                self.add(fact)

    async def flush(self) -> None:
        """Send what is due."""
        async with self._sending:
            now = self._clock()
            for name, each in list((self._waiting or {}).items()):
                if each.due <= now:
                    await self._try(name, each)

    async def _try(self, name: str, each: _Waiting) -> None:
        with _alone(self._book.path.with_name("outbox.lock")) as alone:
            if not alone:
                await self._later(each, "another program of yours is sending")
                return
            state, incident = await asyncio.to_thread(self._stands, each.notice)
            if state not in _SETTLED:
                try:
                    channel = self._channel(each.notice)
                    if state == TRYING and channel.kind not in _ONCE:
                        words = "may have been sent: the program ended in between. It is not sent again by itself"
                        await self._record(each.notice, UNSURE, words)
                    else:
                        await self._send(channel, incident, each.notice)
                except NotSentError as error:
                    if error.again and self._clock() - each.notice.at < PATIENCE:
                        await self._later(each, str(error))
                        return
                    await self._record(each.notice, GIVEN_UP, f"was not sent: {error}")
            assert self._waiting is not None
            del self._waiting[name]

    async def _send(self, channel: Channel, incident: Incident, notice: Fact) -> None:
        occasion, text = Occasion(str(notice.body["occasion"])), str(notice.body["text"])
        await self._record(notice, TRYING, "is being sent", quiet=True)
        await asyncio.to_thread(self._deliver, channel, incident, occasion, text)
        seen = ["notified", *(["status_page"] if channel.kind is ChannelKind.STATUS else [])]
        await self._record(notice, SENT, "was sent", seen)

    def _channel(self, notice: Fact) -> Channel:
        channel = self._channels.get(str(notice.body.get("channel")))
        if channel is None:
            raise NotSentError("the settings no longer name it", again=False)
        return channel

    async def _later(self, each: _Waiting, why: str) -> None:
        """It is tried again; the timeline says so once."""
        each.due = self._clock() + each.backoff.next()
        quiet, each.told = each.told, True
        await self._record(each.notice, WAITING, f"was not sent yet, it is tried again: {why}", quiet=quiet)

    async def _record(
        self, notice: Fact, state: str, words: str, seen: Sequence[str] = (), *, quiet: bool = False
    ) -> None:
        about = f"{notice.body.get('occasion')} to {notice.body.get('channel')}"
        body: dict[str, Any] = {"notice": notice.body["notice"], "state": state, "words": f"{about} {words}"}
        body |= {"seen": list(seen)} if seen else {"quiet": True} if quiet else {"bad": True}
        await self._write(notice.incident, FactKind.DELIVERY, body)

    def _stands(self, notice: Fact) -> tuple[str, Incident]:
        """What was put down of a notice last, by whichever program of this operator, and its incident."""
        facts = self._book.facts(notice.incident, heavy=False)
        incident = fold(facts)
        assert incident is not None  # a notice belongs to one
        return _states(facts).get(notice.body["notice"], ""), incident

    def _left(self) -> list[Fact]:
        found = []
        for incident in self._book.incidents():
            states = _states(incident.facts)
            writer = self._book.writer(self._clock()) if incident.of_kind(FactKind.NOTICE) else ""
            found += [
                fact
                for fact in incident.of_kind(FactKind.NOTICE)
                if fact.writer == writer and states.get(fact.body.get("notice")) not in _SETTLED
            ]
        return found


def _states(facts: Sequence[Fact]) -> dict[Any, Any]:
    """What was put down last of each notice."""
    return {fact.body.get("notice"): fact.body.get("state") for fact in facts if fact.kind is FactKind.DELIVERY}


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[bool]:
    """Whether no other program holds the lock, which is given back at the end, also that of a killed one."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)
