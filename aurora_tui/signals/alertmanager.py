"""Alertmanager's API v2, asked over aiohttp."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import msgspec

from aurora_tui.heavy import IMPORTS
from aurora_tui.model.access import HttpAccess
from aurora_tui.signals.errors import SignalError, Trouble, check_answer, plain
from aurora_tui.signals.threads import in_thread
from aurora_tui.signals.tls import ssl_context

if TYPE_CHECKING:
    import aiohttp

T = TypeVar("T")

_TIMEOUTS = {"total": 20.0, "sock_connect": 3.0, "sock_read": 10.0}


class Status(msgspec.Struct, frozen=True, rename="camel"):
    """``state`` is ``active``, ``suppressed`` or ``unprocessed``."""

    state: str = "active"
    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()
    muted_by: tuple[str, ...] = ()
    """Names of time intervals; since Alertmanager 0.28."""


class ActiveAlert(msgspec.Struct, frozen=True, rename="camel"):
    """A ``gettableAlert`` of the API's description, with the fields that are used."""

    fingerprint: str
    labels: dict[str, str]
    starts_at: str
    annotations: dict[str, str] = {}
    status: Status = Status()


class _Version(msgspec.Struct, frozen=True, rename="camel"):
    version: str = ""


class _ServerStatus(msgspec.Struct, frozen=True, rename="camel"):
    version_info: _Version = _Version()


class AlertmanagerClient:
    """Asks one Alertmanager
    (https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml).

    Every method raises SignalError; nothing is retried here.
    """

    def __init__(self, access: HttpAccess) -> None:
        self.access = access
        self._session: aiohttp.ClientSession | None = None

    async def alerts(self) -> list[ActiveAlert]:
        """Every alert that has not ended, the silenced and inhibited ones too."""
        wanted = {"active": "true", "silenced": "true", "inhibited": "true"}
        return await self._get("/api/v2/alerts", list[ActiveAlert], wanted)

    async def version(self) -> str:
        """The server's version, such as ``0.27.0``."""
        return (await self._get("/api/v2/status", _ServerStatus)).version_info.version

    async def close(self) -> None:
        """Let go of the connections; the client may be used again."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _get(self, path: str, shape: type[T], query: Mapping[str, str] | None = None) -> T:
        server = self.access.shown
        aiohttp = await in_thread(_library)
        try:
            session = await self._connected(aiohttp)
            async with session.get(f"{self.access.url.rstrip('/')}{path}", params=query) as response:
                body = await response.read()
                check_answer(server, response.status, body)
                return msgspec.json.decode(body, type=shape)
        except msgspec.DecodeError as error:
            reason = f"{server} does not answer as Alertmanager does"
            raise SignalError(Trouble.UNREACHABLE, reason) from error
        except TimeoutError as error:
            raise SignalError(Trouble.SLOW, f"{server} did not answer in time") from error
        except aiohttp.ClientSSLError as error:
            cause = (
                error.certificate_error
                if isinstance(error, aiohttp.ClientConnectorCertificateError)
                else error.os_error
            )
            raise SignalError(Trouble.UNREACHABLE, f"no TLS with {server} ({plain(cause)})") from error
        except aiohttp.ClientConnectorError as error:
            reason = f"{server} can't be reached ({plain(error.os_error)})"
            raise SignalError(Trouble.UNREACHABLE, reason) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise SignalError(Trouble.UNREACHABLE, f"{server}: {plain(error)}") from error

    async def _connected(self, aiohttp: Any) -> aiohttp.ClientSession:
        if self._session is None:
            # Reading the system's authorities takes longer than the event loop may stand still.
            secure = self.access.url.startswith("https:")
            tls = await in_thread(lambda: ssl_context(self.access)) if secure else True
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=tls),
                headers=self.access.headers,
                timeout=aiohttp.ClientTimeout(**_TIMEOUTS),
                trust_env=not self.access.loopback,
            )
        return self._session


def _library() -> Any:
    """aiohttp, imported in a thread: it takes longer than the event loop may stand still."""
    with IMPORTS:
        import aiohttp

    return aiohttp
