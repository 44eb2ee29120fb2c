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
from aurora_tui.incident.sending import NotSentError, UnsureError, send
from aurora_tui.incident.standing import GIVEN_UP, SENT, SETTLED, TRYING, UNSURE, WAITING, Standing, standing
from aurora_tui.model.ages import human_duration
from aurora_tui.model.facts import Fact, FactKind
from aurora_tui.model.incident_settings import Channel, ChannelKind, Occasion
from aurora_tui.model.incidents import Incident, fold

PATIENCE = 24 * 3600.0
"""Seconds after which what was not sent is given up: nobody wants to hear of it any more."""
LEFT = 600.0
"""Seconds after which a notice that no program has tried to send is not sent unasked by the next one."""
_BEHIND = 2.0
"""Seconds after which a notice is looked at again that another one goes before."""
Send = Callable[[Channel, Incident, Occasion, str], None]
_ONCE = frozenset({ChannelKind.PAGERDUTY})
"""Those to whom the same may be sent again: they know it by its key."""
_IN_BETWEEN = "the program ended in between"
_OVER = "the incident is over by now"


class Writes(Protocol):
    async def __call__(self, incident: str, kind: FactKind, body: dict[str, Any]) -> None: ...


@dataclass(slots=True)
class _Waiting:
    notice: Fact
    backoff: Backoff = field(default_factory=lambda: Backoff(2.0, 300.0))
    due: float = 0.0
    told: bool = False
    """Whether it was said that it waits."""
    left: bool = False
    """Whether a program of before put it down."""


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
    """Delivers one's own notices; of several programs of one operator one at a time does.

    A channel hears of an incident in the order in which it was consented to. What is still unsent when its end is
    to be told is dropped, and that is put down: nobody is called to what is over.
    """

    def __init__(
        self, book: Book, channels: Sequence[Channel], clock: Callable[[], float], write: Writes, deliver: Send = send
    ) -> None:
        self._book = book
        self._channels = {channel.name: channel for channel in channels}
        self._clock = clock
        self._write = write
        self._deliver = deliver
        self._waiting: dict[str, _Waiting] = {}
        self._sending = asyncio.Lock()
        self._left_unsent: list[str] = []

    @property
    def waiting(self) -> int:
        """How many notices are still to be sent."""
        return len(self._waiting)

    def add(self, notice: Fact) -> None:
        """A notice was put down just now."""
        self._waiting[str(notice.body["notice"])] = _Waiting(notice)

    async def look(self) -> None:
        """Find what a program of before left unsent."""
        for fact in await asyncio.to_thread(self._left):
            name = str(fact.body["notice"])
            if name not in self._waiting:
                self.add(fact)
                self._waiting[name].left = True

    def left_unsent(self) -> list[str]:
        """What a program of before left and is not sent any more, in words; each is told once."""
        told, self._left_unsent = self._left_unsent, []
        return told

    async def flush(self) -> None:
        """Send what is due."""
        async with self._sending:
            now = self._clock()
            for each in sorted(self._waiting.values(), key=lambda each: each.notice.order):
                if each.due <= now:
                    await self._try(each)

    async def _try(self, each: _Waiting) -> None:
        notice = each.notice
        with _alone(self._book.path.with_name("outbox.lock")) as alone:
            if not alone:
                await self._later(each, "another program of yours is sending")
                return
            known = await asyncio.to_thread(self._stands, notice)
            if known.state(notice) in SETTLED:
                self._forget(notice)
                return
            if why := self._outdated(each, known):
                words = await self._give_up(notice, known, why)
                if each.left:
                    self._left_unsent.append(f"{known.incident.title}: {words}")
                return
            for earlier in known.before(notice):
                if known.is_over(earlier):
                    await self._give_up(earlier, known, _OVER)
                elif self._clock() - known.heard(earlier) < LEFT:
                    each.due = self._clock() + _BEHIND
                    return
            await self._deliver_or_say(each, known)

    def _outdated(self, each: _Waiting, known: Standing) -> str:
        """Why it is not to be sent any more; empty where it is."""
        now = self._clock()
        if known.is_over(each.notice):
            return _OVER
        if now - each.notice.at >= PATIENCE:
            return f"it was put down {human_duration(now - each.notice.at)} ago"
        if each.left and now - known.heard(each.notice) >= LEFT:
            ago = human_duration(now - each.notice.at)
            return f"the program ended before it could be, {ago} ago; ! sends it anew"
        return ""

    async def _deliver_or_say(self, each: _Waiting, known: Standing) -> None:
        notice = each.notice
        try:
            channel = self._channel(notice)
            if known.state(notice) == TRYING and channel.kind not in _ONCE:
                await self._unsure(notice, _IN_BETWEEN)
            else:
                await self._send(channel, known.incident, notice)
        except UnsureError as error:
            await self._unsure(notice, str(error))
        except NotSentError as error:
            if error.again:
                await self._later(each, str(error))
                return
            await self._record(notice, GIVEN_UP, f"was not sent: {error}")
        self._forget(notice)

    async def _send(self, channel: Channel, incident: Incident, notice: Fact) -> None:
        occasion, text = Occasion(str(notice.body["occasion"])), str(notice.body["text"])
        await self._record(notice, TRYING, "is being sent", quiet=True)
        await asyncio.to_thread(self._deliver, channel, incident, occasion, text)
        seen = ["notified", *(["status_page"] if channel.kind is ChannelKind.STATUS else [])]
        await self._record(notice, SENT, "was sent", seen)

    async def _unsure(self, notice: Fact, why: str) -> str:
        return await self._record(notice, UNSURE, f"may have been sent: {why}. It is not sent again by itself")

    async def _give_up(self, notice: Fact, known: Standing, why: str) -> str:
        if known.state(notice) == TRYING:
            words = await self._unsure(notice, _IN_BETWEEN)
        else:
            words = await self._record(notice, GIVEN_UP, f"was not sent: {why}")
        self._forget(notice)
        return words

    def _forget(self, notice: Fact) -> None:
        self._waiting.pop(str(notice.body["notice"]), None)

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
    ) -> str:
        """Put down what came of it, and return that in words."""
        told = f"{_about(notice)} {words}"
        body: dict[str, Any] = {"notice": notice.body["notice"], "state": state, "words": told}
        body |= {"seen": list(seen)} if seen else {"quiet": True} if quiet else {"bad": True}
        await self._write(notice.incident, FactKind.DELIVERY, body)
        return told

    def _stands(self, notice: Fact) -> Standing:
        incident = fold(self._book.facts(notice.incident, heavy=False))
        assert incident is not None  # a notice belongs to one
        return standing(incident)

    def _left(self) -> list[Fact]:
        found = []
        for incident in self._book.incidents():
            known = standing(incident)
            notices = incident.of_kind(FactKind.NOTICE)
            writer = self._book.writer(self._clock()) if notices else ""
            found += [each for each in notices if each.writer == writer and known.state(each) not in SETTLED]
        return found


def _about(notice: Fact) -> str:
    return f"{notice.body.get('occasion')} to {notice.body.get('channel')}"


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
