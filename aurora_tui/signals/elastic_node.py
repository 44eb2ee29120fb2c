"""What the official client is given besides: answers are read up to a size and handed on undecoded."""

from __future__ import annotations

from typing import Any

import aiohttp
from elastic_transport import AiohttpHttpNode, JsonSerializer

from aurora_tui.signals.elastic_errors import TooLargeError
from aurora_tui.signals.errors import Trouble


class Unread(JsonSerializer):
    """Leaves answers as bytes: the client would decode them on the event loop."""

    def loads(self, data: bytes) -> Any:
        return data


def bounded_node(largest: int) -> type[AiohttpHttpNode]:
    """The client's connection, reading no more than `largest` bytes of an answer."""

    class Response(aiohttp.ClientResponse):
        async def read(self) -> bytes:
            chunks: list[bytes] = []
            size = 0
            async for chunk in self.content.iter_any():
                chunks.append(chunk)
                size += len(chunk)
                if size > largest:
                    self.close()
                    raise TooLargeError(Trouble.QUERY, f"the answer is larger than {largest / 1e6:.0f} MB")
            return b"".join(chunks)

    class Node(AiohttpHttpNode):
        def _create_aiohttp_session(self) -> None:
            super()._create_aiohttp_session()
            # The client offers no setting for it.
            assert self.session is not None
            self.session._response_class = Response

    return Node
