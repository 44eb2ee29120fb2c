"""SPDY/3.1 as far as a kubelet needs it: the streams that the API server opens for exec, and what is said on them.

Framing: https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/. Neither side of
github.com/moby/spdystream, which the API server uses, looks at flow control.
"""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import Mapping

_SYN_STREAM, _SYN_REPLY, _RST_STREAM, _PING, _GOAWAY = 1, 2, 3, 6, 7
_CONTROL = 0x80030000
_FIN = 1
_WORDS = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow "
    "authorization cache-control connection content-base content-encoding content-language content-length "
    "content-location content-md5 content-range content-type date etag expect expires from host if-match "
    "if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma "
    "proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade "
    "user-agent vary via warning www-authenticate method get status"
)
_PAIRS = ("200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie", "keep-alive", "origin")
_REST = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden"
    "404 Not Found500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug "
    "Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,"
    "application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset="
    "utf-8charset=iso-8859-1,utf-,*,enq=0."
)
DICTIONARY = (
    b"".join(struct.pack(">I", len(word)) + word.encode() for word in (*_WORDS.split(), *_PAIRS)) + _REST.encode()
)
"""With what header blocks are compressed; it is part of the protocol (2.6.10.1)."""


class Stream:
    """One stream that the other side opened; `received` gives b"" at its end."""

    def __init__(self, number: int, headers: Mapping[str, str], connection: Connection) -> None:
        self.number = number
        self.headers = headers
        self.received: asyncio.Queue[bytes] = asyncio.Queue()
        self._connection = connection

    async def send(self, data: bytes, *, last: bool = False) -> None:
        """Say something on it; `last` closes our half."""
        flags = (_FIN if last else 0) << 24
        await self._connection.write(struct.pack(">II", self.number, flags | len(data)) + data)


class Connection:
    """The server's side of a connection that was upgraded."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened: asyncio.Queue[Stream] = asyncio.Queue()
        self._streams: dict[int, Stream] = {}
        self._reader, self._writer = reader, writer
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    async def write(self, frame: bytes) -> None:
        self._writer.write(frame)
        await self._writer.drain()

    async def serve(self) -> None:
        """Take frames until the other side leaves; then every stream has ended."""
        try:
            while True:
                first, second = struct.unpack(">II", await self._reader.readexactly(8))
                flags, body = second >> 24, await self._reader.readexactly(second & 0xFFFFFF)
                if first & 0x80000000:
                    await self._control(first & 0xFFFF, flags, body)
                elif stream := self._streams.get(first):
                    if body:
                        stream.received.put_nowait(body)
                    if flags & _FIN:
                        stream.received.put_nowait(b"")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            for stream in self._streams.values():
                stream.received.put_nowait(b"")

    async def _control(self, kind: int, flags: int, body: bytes) -> None:
        if kind == _SYN_STREAM:
            (number,) = struct.unpack(">I", body[:4])
            stream = self._streams[number] = Stream(number, self._headers(body[10:]), self)
            block = self._deflate.compress(struct.pack(">I", 0)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
            await self.write(struct.pack(">III", _CONTROL | _SYN_REPLY, 4 + len(block), number) + block)
            if flags & _FIN:
                stream.received.put_nowait(b"")
            self.opened.put_nowait(stream)
        elif kind == _PING:
            await self.write(struct.pack(">II", _CONTROL | _PING, len(body)) + body)
        elif kind == _RST_STREAM and (ended := self._streams.get(struct.unpack(">I", body[:4])[0])):
            ended.received.put_nowait(b"")
        elif kind == _GOAWAY:
            raise ConnectionResetError

    def _headers(self, block: bytes) -> Mapping[str, str]:
        raw = self._inflate.decompress(block)
        (count,), place = struct.unpack(">I", raw[:4]), 4
        words: list[str] = []
        for _ in range(2 * count):
            (length,) = struct.unpack(">I", raw[place : place + 4])
            words.append(raw[place + 4 : place + 4 + length].decode())
            place += 4 + length
        return dict(zip(words[::2], words[1::2], strict=True))
