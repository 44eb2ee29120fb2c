"""Alertmanager's silences: which there are, what they match, when they begin and end.

Behaviour and error texts as Alertmanager 0.25 answers (its ``api/v2/openapi.yaml``).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from aurora_tui.model.frozen import Frozen, replace
from aurora_tui.sandbox.series import Matcher, MatchKind
from aurora_tui.sandbox.wire import from_rfc3339, rfc3339


class RefusedError(Exception):
    """A request that Alertmanager refuses: the HTTP status and the JSON body."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body


class SilenceState(StrEnum):
    ACTIVE = "active"
    PENDING = "pending"
    EXPIRED = "expired"


class PostedMatcher(msgspec.Struct, frozen=True, rename="camel"):
    name: str
    value: str
    is_regex: bool
    is_equal: bool = True

    def matcher(self) -> Matcher:
        """Raises re.error."""
        kinds = {
            (False, True): MatchKind.EQUAL,
            (False, False): MatchKind.UNEQUAL,
            (True, True): MatchKind.REGEX,
            (True, False): MatchKind.UNREGEX,
        }
        return Matcher(self.name, kinds[self.is_regex, self.is_equal], self.value)


class PostedSilence(msgspec.Struct, frozen=True, rename="camel"):
    comment: str
    created_by: str
    ends_at: str
    matchers: tuple[PostedMatcher, ...]
    starts_at: str
    id: str = ""


class Silence(Frozen):
    """Times in milliseconds."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: int
    ends_at: int
    created_by: str
    comment: str
    updated_at: int

    def state(self, now: int) -> SilenceState:
        if now >= self.ends_at:
            return SilenceState.EXPIRED
        return SilenceState.PENDING if now < self.starts_at else SilenceState.ACTIVE

    def silences(self, labels: Mapping[str, str], now: int) -> bool:
        return self.state(now) is SilenceState.ACTIVE and all(
            matcher.accepts(labels.get(matcher.name, "")) for matcher in self.matchers
        )

    def json(self, now: int) -> dict[str, object]:
        return {
            "id": self.id,
            "status": {"state": self.state(now)},
            "updatedAt": rfc3339(self.updated_at),
            "comment": self.comment,
            "createdBy": self.created_by,
            "endsAt": rfc3339(self.ends_at),
            "matchers": [_matcher_json(matcher) for matcher in self.matchers],
            "startsAt": rfc3339(self.starts_at),
        }


class Silences:
    """All silences, expired ones kept as Alertmanager keeps them."""

    def __init__(self) -> None:
        self._by_id: dict[str, Silence] = {}

    def get(self, silence_id: str) -> Silence | None:
        return self._by_id.get(silence_id)

    def listed(self, now: int) -> list[Silence]:
        """Active ones by their end, then pending by their start, then expired, the latest first."""
        order = {SilenceState.ACTIVE: 0, SilenceState.PENDING: 1, SilenceState.EXPIRED: 2}

        def place(silence: Silence) -> tuple[int, int]:
            state = silence.state(now)
            times = (silence.ends_at, silence.starts_at, -silence.ends_at)
            return order[state], times[order[state]]

        return sorted(self._by_id.values(), key=place)

    def silencing(self, labels: Mapping[str, str], now: int) -> list[str]:
        """Ids of the active silences that match."""
        return sorted(silence.id for silence in self._by_id.values() if silence.silences(labels, now))

    def put(self, posted: PostedSilence, now: int) -> str:
        """Create, change or replace a silence; returns its id.  Raises RefusedError.

        A silence that changes what it matches, or its start once it runs, is expired and made anew.
        """
        wanted = _checked(posted, now)
        old = self._by_id.get(posted.id)
        if posted.id and old is None:
            raise RefusedError(404, "silence not found")
        if old is not None and self._can_change(old, wanted, now):
            self._by_id[old.id] = replace(wanted, id=old.id)
            return old.id
        if old is not None and old.state(now) is not SilenceState.EXPIRED:
            self.expire(old.id, now)
        fresh = replace(wanted, id=str(uuid.uuid4()), starts_at=max(wanted.starts_at, now))
        self._by_id[fresh.id] = fresh
        return fresh.id

    def expire(self, silence_id: str, now: int) -> None:
        """End it now; one that has ended stays as it is.  Raises RefusedError for one that never was."""
        silence = self._by_id.get(silence_id)
        if silence is None:
            raise RefusedError(500, "silence not found")
        state = silence.state(now)
        if state is SilenceState.EXPIRED:
            return
        starts_at = now if state is SilenceState.PENDING else silence.starts_at
        self._by_id[silence_id] = replace(silence, starts_at=starts_at, ends_at=now, updated_at=now)

    @staticmethod
    def _can_change(old: Silence, wanted: Silence, now: int) -> bool:
        state = old.state(now)
        if old.matchers != wanted.matchers or state is SilenceState.EXPIRED:
            return False
        return state is SilenceState.PENDING or old.starts_at == wanted.starts_at


def _checked(posted: PostedSilence, now: int) -> Silence:
    if not posted.matchers:
        raise RefusedError(422, {"code": 612, "message": "matchers in body should have at least 1 items"})
    times: dict[str, int] = {}
    for name, text in (("startsAt", posted.starts_at), ("endsAt", posted.ends_at)):
        try:
            times[name] = from_rfc3339(text)
        except ValueError as error:
            message = f'{name} in body must be of type date-time: "{text}"'
            raise RefusedError(422, {"code": 601, "message": message}) from error
    if times["endsAt"] <= times["startsAt"]:
        raise RefusedError(400, "Failed to create silence: start time must be before end time")
    if times["endsAt"] < now:
        raise RefusedError(400, "Failed to create silence: end time can't be in the past")
    matchers = _matchers(posted.matchers)
    if all(matcher.accepts("") for matcher in matchers):
        raise RefusedError(400, "silence invalid: at least one matcher must not match the empty string")
    return Silence("", matchers, times["startsAt"], times["endsAt"], posted.created_by, posted.comment, updated_at=now)


def _matchers(posted: Sequence[PostedMatcher]) -> tuple[Matcher, ...]:
    matchers: list[Matcher] = []
    for index, matcher in enumerate(posted):
        try:
            matchers.append(matcher.matcher())
        except re.error as error:
            reason = f'invalid regular expression "{matcher.value}": error parsing regexp: {error}'
            raise RefusedError(400, f"silence invalid: invalid label matcher {index}: {reason}") from error
    return tuple(matchers)


def _matcher_json(matcher: Matcher) -> dict[str, object]:
    return {
        "isEqual": matcher.kind in (MatchKind.EQUAL, MatchKind.REGEX),
        "isRegex": matcher.kind in (MatchKind.REGEX, MatchKind.UNREGEX),
        "name": matcher.name,
        "value": matcher.value,
    }
