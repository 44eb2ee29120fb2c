"""Elasticsearch through its official asynchronous client: questions bounded in time and size, failures in words."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from aurora_tui.model.access import HttpAccess
from aurora_tui.signals.elastic_answers import Answer, Capabilities, Count, PointInTime, read_answer
from aurora_tui.signals.elastic_errors import GoneError, TooLargeError, worded
from aurora_tui.signals.errors import SignalError, Trouble
from aurora_tui.signals.threads import in_thread
from aurora_tui.signals.tls import ssl_context

if TYPE_CHECKING:
    from elasticsearch import AsyncElasticsearch

T = TypeVar("T")

__all__ = ["ElasticClient", "GoneError", "TooLargeError"]

TIMEOUT_SECONDS = 8.0
LARGEST_ANSWER = 4_000_000
"""Bytes of one answer that are read at all: with these the event loop is held up for no more than 10 ms."""
KEEP_ALIVE = "2m"
"""How long the server keeps a point in time that is not asked for."""
_JSON = "application/vnd.elasticsearch+json"


class ElasticClient:
    """Asks one Elasticsearch; every method raises SignalError, and GoneError where a point in time has ended.

    The client checks the product by its ``X-Elastic-Product`` header. Nothing is retried here.
    """

    def __init__(self, access: HttpAccess, *, largest: int = LARGEST_ANSWER) -> None:
        self.access = access
        self._largest = largest
        self._client: AsyncElasticsearch | None = None

    async def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def use(self, access: HttpAccess) -> None:
        """Ask with other credentials, or at another address, from now on."""
        if access != self.access:
            self.access = access
            await self.close()

    async def version(self) -> str:
        """The server's version number."""
        answer = await self._ask("GET", "/")
        try:
            return str(msgspec.json.decode(answer)["version"]["number"])
        except (msgspec.DecodeError, LookupError, TypeError) as error:
            raise self._strange() from error

    async def search(self, target: str | None, body: Mapping[str, Any]) -> Answer:
        """The hits of a search over index patterns, or over the point in time that `body` names (`target` None).

        Raises TooLargeError where the answer is larger than what is read.
        """
        answer = await self._ask("POST", f"{_path(target)}/_search", _params(target), body)
        try:
            return await in_thread(lambda: read_answer(answer))
        except msgspec.DecodeError as error:
            raise self._strange() from error

    async def count(self, target: str, query: Mapping[str, Any]) -> Count:
        """How many documents a query means."""
        answer = await self._ask("POST", f"{_path(target)}/_count", _params(target), {"query": query})
        return self._decode(answer, Count)

    async def capabilities(self, target: str, fields: Sequence[str]) -> Capabilities:
        """Which of the fields exist, as what and in which indices."""
        parameters = _params(target) | {"include_unmapped": "true"}
        answer = await self._ask("POST", f"{_path(target)}/_field_caps", parameters, {"fields": list(fields)})
        return self._decode(answer, Capabilities)

    async def open_point(self, target: str) -> str:
        """A point in time: what is written from now on does not move the pages read from it."""
        answer = await self._ask("POST", f"{_path(target)}/_pit", _params(target) | {"keep_alive": KEEP_ALIVE})
        return self._decode(answer, PointInTime).id

    async def close_point(self, point: str) -> None:
        """Free what the server keeps for it."""
        await self._ask("DELETE", "/_pit", body={"id": point})

    async def _ask(
        self, method: str, path: str, parameters: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None
    ) -> bytes:
        client = await self._connected()
        headers = {"accept": "application/json"} | ({"content-type": "application/json"} if body is not None else {})
        with warnings.catch_warnings():
            # They would be printed over the screen.
            warnings.simplefilter("ignore")
            response = await worded(
                client.perform_request(method, path, params=parameters, headers=headers, body=body),
                self.access.shown,
                TIMEOUT_SECONDS,
            )
        return bytes(response.body)

    async def _connected(self) -> AsyncElasticsearch:
        if self._client is None:
            self._client = await in_thread(self._connect)
        return self._client

    def _connect(self) -> AsyncElasticsearch:
        """The import alone takes a third of a second."""
        from aurora_tui.heavy import IMPORTS

        with IMPORTS:
            from elasticsearch import AsyncElasticsearch

            from aurora_tui.signals.elastic_node import Unread, bounded_node

        logging.getLogger("elastic_transport").setLevel(logging.ERROR)
        https = self.access.url.startswith("https")
        tls: dict[str, Any] = {"ssl_context": ssl_context(self.access), "ssl_show_warn": False} if https else {}
        return AsyncElasticsearch(
            self.access.url,
            headers=dict(self.access.headers),
            request_timeout=TIMEOUT_SECONDS,
            max_retries=0,
            http_compress=not self.access.loopback,
            node_class=bounded_node(self._largest),
            serializers={_JSON: Unread(), "application/json": Unread(), "text/html": Unread(), "text/plain": Unread()},
            **tls,
        )

    def _decode(self, answer: bytes, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(answer, type=kind)
        except msgspec.DecodeError as error:
            raise self._strange() from error

    def _strange(self) -> SignalError:
        return SignalError(Trouble.UNREACHABLE, f"{self.access.shown} does not answer as Elasticsearch does")


def _path(target: str | None) -> str:
    from urllib.parse import quote

    return f"/{quote(target, safe='*,-_.')}" if target else ""


def _params(target: str | None) -> dict[str, str]:
    # A pattern that means nothing yet is no fault.
    return {"ignore_unavailable": "true", "allow_no_indices": "true"} if target else {}
