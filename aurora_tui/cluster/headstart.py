"""The head start: the first list of pods, asked for in a thread while the screen is still being imported."""

from __future__ import annotations

import asyncio
import base64
import http.client
import logging
import os
import queue
import ssl
import tempfile
import threading
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from aurora_tui.cluster.answers import CONNECT_SECONDS
from aurora_tui.cluster.configuration import plain, proxy_of
from aurora_tui.cluster.errors import ConfigError
from aurora_tui.cluster.kubeconfig import Context, merge
from aurora_tui.model.wire import ListPage
from aurora_tui.model.wire_pods import Pod

log = logging.getLogger(__name__)

PAGE = 500
_ANSWER_SECONDS = 20.0
_BUSY_SECONDS = 10.0
"""How long at most a server that has too much to do is left alone; then it is asked as usual, and may say it again."""
_PATIENCE_SECONDS = 1.0
"""How long the official client, whose import keeps a core busy, is held back: by then a near server has told all."""
_GZIP = 31
"""What `zlib` calls a stream with a header of gzip."""
_NEEDS_MORE = ("exec", "auth-provider", "username", "password")
"""Users who are not known by what stands in the kubeconfig alone, or in a way that is rare."""


class NoHeadStartError(Exception):
    """The official client is needed to reach the server, or the server gave another answer than a list."""


class HeadStart:
    """The first list of pods, read before there is a screen, as the official client would ask for it.

    Only for what is plain: a token or a certificate, no proxy. In all other cases, and after any
    fault, `pages` ends early, and the list is read as if this had not been.
    """

    def __init__(self, context: Context, namespace: str | None) -> None:
        self.context = context
        self.namespace = namespace
        self._pages: queue.SimpleQueue[ListPage[Pod] | None] = queue.SimpleQueue()
        self._over = threading.Event()
        self._settled = threading.Event()

    def begin(self) -> None:
        threading.Thread(target=self._run, name="head start", daemon=True).start()

    def abandon(self) -> None:
        """Ask for no further page and keep none; nobody waits for them any more."""
        self._over.set()
        with suppress(queue.Empty):
            while True:
                self._pages.get_nowait()
        self._pages.put(None)
        self._settled.set()

    def settle(self) -> None:
        """The first rows are on the screen, or nothing came of it: now is the time for other things."""
        self._settled.set()

    async def pages(self) -> AsyncIterator[ListPage[Pod]]:
        """The pages as they come; the last one has no token of a next one, unless something went wrong."""
        while (page := await asyncio.to_thread(self._pages.get)) is not None:
            yield page

    async def give(self, put: Callable[[ListPage[Pod]], bool]) -> bool:
        """Give the pages to `put`, which tells the last one; whether that came, else no more are asked for."""
        whole = False
        try:
            async for page in self.pages():
                if whole := put(page):
                    break
        finally:
            if not whole:
                self.abandon()
        return whole

    async def settled(self) -> None:
        """Wait for `settle`, or until that takes so long that there is time for other things anyway."""
        await asyncio.to_thread(self._settled.wait, _PATIENCE_SECONDS)

    def _run(self) -> None:
        try:
            self._read()
        except (NoHeadStartError, ConfigError, OSError, ValueError, http.client.HTTPException, zlib.error) as error:
            log.info("no head start: %s", type(error).__name__)
        finally:
            self._pages.put(None)

    def _read(self) -> None:
        entries = _entries(self.context)
        connection, path = _connection(entries)
        path += f"/api/v1/namespaces/{quote(self.namespace)}/pods" if self.namespace else "/api/v1/pods"
        query = {"limit": str(PAGE)}
        decoder = msgspec.json.Decoder(ListPage[Pod])
        try:
            connection.connect()
            connection.sock.settimeout(_ANSWER_SECONDS)
            while not self._over.is_set():
                connection.putrequest("GET", f"{path}?{urlencode(query)}", skip_accept_encoding=True)
                for name, value in (*_headers(entries), *self.context.impersonate):
                    connection.putheader(name, value)
                connection.endheaders()
                response = connection.getresponse()
                body = _body(response)
                if response.status != http.HTTPStatus.OK:
                    self._over.wait(_busy(response))
                    raise NoHeadStartError
                page = decoder.decode(body)
                if self._over.is_set():
                    return
                self._pages.put(page)
                if not page.metadata.continue_:
                    return
                query["continue"] = page.metadata.continue_
        finally:
            connection.close()


def _entries(context: Context) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """The context's cluster and its user's plain credentials."""
    merged = merge(context.files)
    user, cluster = merged.users.get(context.user, {}), merged.clusters.get(context.cluster, {})
    if any(user.get(key) for key in _NEEDS_MORE) or cluster.get("tls-server-name"):
        raise NoHeadStartError
    entries, _ = asyncio.run(plain(context, merged))
    cluster = entries["clusters"][0]["cluster"]
    if proxy_of(cluster.get("proxy-url"), cluster["server"], os.environ):
        raise NoHeadStartError
    return cluster, entries["users"][0]["user"]


def _connection(
    entries: tuple[Mapping[str, Any], Mapping[str, str]],
) -> tuple[http.client.HTTPConnection, str]:
    """A connection that is yet to be opened, and the path that all requests begin with."""
    cluster, user = entries
    parts = urlsplit(cluster["server"])
    assert parts.hostname is not None, "server_url lets no other pass"
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=CONNECT_SECONDS), parts.path
    tls = _tls(cluster, user)
    return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=CONNECT_SECONDS, context=tls), parts.path


def _tls(cluster: Mapping[str, Any], user: Mapping[str, str]) -> ssl.SSLContext:
    data = cluster.get("certificate-authority-data")
    authorities = base64.b64decode(data).decode("ascii") if data else None
    context = ssl.create_default_context(cafile=cluster.get("certificate-authority"), cadata=authorities)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if any(name.startswith("client-certificate") for name in user):
        with tempfile.TemporaryDirectory(prefix="aurora-tui-") as folder:
            # OpenSSL reads them from files only; nobody else may enter the folder.
            certificate, key = (_file(user, name, Path(folder)) for name in ("client-certificate", "client-key"))
            context.load_cert_chain(certificate, key)
    return context


def _file(user: Mapping[str, str], name: str, folder: Path) -> Path:
    if f"{name}-data" not in user:
        return Path(user[name])
    (folder / name).write_bytes(base64.b64decode(user[f"{name}-data"]))
    return folder / name


def _headers(entries: tuple[Mapping[str, Any], Mapping[str, str]]) -> list[tuple[str, str]]:
    _, user = entries
    headers = [("Accept", "application/json"), ("Accept-Encoding", "gzip")]
    return [*headers, ("Authorization", f"Bearer {user['token']}")] if user.get("token") else headers


def _body(response: http.client.HTTPResponse) -> bytes:
    raw = response.read()
    return zlib.decompress(raw, _GZIP) if response.headers.get("Content-Encoding") == "gzip" else raw


def _busy(response: http.client.HTTPResponse) -> float:
    """The seconds for which a server that refused wants to be left alone."""
    after = response.headers.get("Retry-After", "")
    return min(float(after), _BUSY_SECONDS) if after.isdecimal() else 0.0
