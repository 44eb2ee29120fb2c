"""Alertmanager's API v2, asked over aiohttp."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import msgspec

from aurora_tui.model.access import HttpAccess
from aurora_tui.signals.errors import SignalError, Trouble, check_answer
from aurora_tui.signals.http import HttpConnection

T = TypeVar("T")


class Status(msgspec.Struct, frozen=True, rename="camel"):
    """``state`` is ``active``, ``suppressed`` or ``unprocessed``."""

    state: str = "active"
    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()
    muted_by: tuple[str, ...] = ()
    """Names of time intervals; since Alertmanager 0.28."""


class Receiver(msgspec.Struct, frozen=True):
    """Whom an alert is sent to."""

    name: str


class ActiveAlert(msgspec.Struct, frozen=True, rename="camel"):
    """A ``gettableAlert`` of the API's description, with the fields that are used."""

    fingerprint: str
    labels: dict[str, str]
    starts_at: str
    annotations: dict[str, str] = {}
    status: Status = Status()
    receivers: tuple[Receiver, ...] = ()
    generator_url: str = msgspec.field(name="generatorURL", default="")


class Group(msgspec.Struct, frozen=True):
    """An ``alertGroup``: what is sent to a receiver in one message, and the labels that it is grouped by."""

    labels: dict[str, str]
    receiver: Receiver
    alerts: tuple[ActiveAlert, ...]


class Condition(msgspec.Struct, frozen=True, rename="camel"):
    """A ``matcher`` of the API's description."""

    name: str
    value: str
    is_regex: bool
    is_equal: bool = True


class SilenceStatus(msgspec.Struct, frozen=True):
    """``state`` is ``active``, ``pending`` or ``expired``."""

    state: str = "active"


class Silence(msgspec.Struct, frozen=True, rename="camel"):
    """A ``gettableSilence`` of the API's description."""

    id: str
    matchers: tuple[Condition, ...]
    starts_at: str
    ends_at: str
    created_by: str = ""
    comment: str = ""
    status: SilenceStatus = SilenceStatus()


class _Made(msgspec.Struct, frozen=True):
    silence_id: str = msgspec.field(name="silenceID")


class _Version(msgspec.Struct, frozen=True, rename="camel"):
    version: str = ""


class Peer(msgspec.Struct, frozen=True):
    """A member of a cluster of Alertmanagers, by the name that it gives itself at each start."""

    name: str


class Cluster(msgspec.Struct, frozen=True):
    """A ``clusterStatus``; without a cluster there is neither a name nor a peer."""

    name: str = ""
    peers: tuple[Peer, ...] = ()


class _ServerStatus(msgspec.Struct, frozen=True, rename="camel"):
    version_info: _Version = _Version()
    cluster: Cluster = Cluster()


class AlertmanagerClient:
    """Asks one Alertmanager
    (https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml).

    Every method raises SignalError; nothing is retried here. A `read_only` client sends nothing that changes
    anything; one whose answer to such a request is lost says so with Trouble.LOST.
    """

    def __init__(self, access: HttpAccess, *, read_only: bool = True) -> None:
        self.access = access
        self.read_only = read_only
        self._connection = HttpConnection(access)

    async def alerts(self) -> list[ActiveAlert]:
        """Every alert that has not ended, the silenced and inhibited ones too."""
        wanted = {"active": "true", "silenced": "true", "inhibited": "true"}
        return await self._get("/api/v2/alerts", list[ActiveAlert], wanted)

    async def groups(self) -> list[Group]:
        """The same in the groups in which they are sent; one that goes to several receivers is in several."""
        wanted = {"active": "true", "silenced": "true", "inhibited": "true"}
        return await self._get("/api/v2/alerts/groups", list[Group], wanted)

    async def silences(self) -> list[Silence]:
        """All silences, pending and expired ones too."""
        return await self._get("/api/v2/silences", list[Silence])

    async def silence(self, body: Mapping[str, Any]) -> str:
        """Make a silence (a ``postableSilence``) and return its id."""
        answer = await self._ask("POST", "/api/v2/silences", body=body)
        return self._decoded(answer, _Made).silence_id

    async def expire(self, silence: str) -> None:
        """End a silence now."""
        await self._ask("DELETE", f"/api/v2/silence/{quote(silence, safe='')}")

    async def version(self) -> str:
        """The server's version, such as ``0.27.0``."""
        return (await self._get("/api/v2/status", _ServerStatus)).version_info.version

    async def cluster(self) -> Cluster:
        """Which others it shares its silences with (``clusterStatus``)."""
        return (await self._get("/api/v2/status", _ServerStatus)).cluster

    async def close(self) -> None:
        """Let go of the connections; the client may be used again."""
        await self._connection.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _get(self, path: str, shape: type[T], query: Mapping[str, str] | None = None) -> T:
        return self._decoded(await self._ask("GET", path, query), shape)

    def _decoded(self, body: bytes, shape: type[T]) -> T:
        try:
            return msgspec.json.decode(body, type=shape)
        except msgspec.DecodeError as error:
            reason = f"{self.access.shown} does not answer as Alertmanager does"
            raise SignalError(Trouble.UNREACHABLE, reason) from error

    async def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> bytes:
        server, writes = self.access.shown, method != "GET"
        if writes and self.read_only:
            raise SignalError(Trouble.READ_ONLY, f"read-only: nothing is sent to {server}")
        status, answer = await self._connection.send(method, path, query, body)
        if writes and status >= 500:
            # Its own failure, or a gateway's, says nothing about what the request did.
            raise SignalError(Trouble.LOST, f"{server} answered HTTP {status}")
        if not (writes and status == 200 and not answer.strip()):  # an expiry is answered by nothing
            check_answer(server, status, answer)
        return answer
