"""A forwarder for tests: a TCP port that leads to a server while it is open and refuses while it is shut."""

from __future__ import annotations

import contextlib
import select
import socket
import socketserver
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit


class _Server(socketserver.ThreadingTCPServer):
    """Bound from the start, so that the port stays ours; listens once it is activated."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int, target: tuple[str, int]) -> None:
        super().__init__(("127.0.0.1", port), _Connection, bind_and_activate=False)
        self.target = target
        self.open_sockets: set[socket.socket] = set()
        self.flows = threading.Event()
        self.flows.set()
        self.server_bind()

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: connections that break are what this is for."""


class _Connection(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        with socket.create_connection(self.server.target) as onward:
            other = {self.request: onward, onward: self.request}
            self.server.open_sockets |= set(other)
            try:
                while True:
                    ready, _, _ = select.select(list(other), [], [])
                    self.server.flows.wait()
                    for each in ready:
                        data = each.recv(65536)
                        if not data:
                            return
                        other[each].sendall(data)
            finally:
                self.server.open_sockets -= set(other)


class Forwarder:
    """`url` is the address to give out; it refuses connections until `open`."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        assert parts.hostname is not None
        assert parts.port is not None
        self._target = (parts.hostname, parts.port)
        self._server = _Server(0, self._target)
        self._port: int = self._server.server_address[1]
        self._serving = False
        self.url = f"http://127.0.0.1:{self._port}"

    def open(self) -> None:
        """Lead to the server from now on."""
        self._server.server_activate()
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self._serving = True

    def shut(self) -> None:
        """Cut every connection and refuse new ones."""
        self.close()
        self._server = _Server(self._port, self._target)

    def freeze(self) -> None:
        """Let nothing through and say nothing of it, as a VPN that died."""
        self._server.flows.clear()

    def thaw(self) -> None:
        """Let everything through again."""
        self._server.flows.set()

    def close(self) -> None:
        """Cut every connection and give the port back."""
        self.thaw()
        if self._serving:
            self._server.shutdown()
            self._serving = False
        self._server.server_close()
        for each in list(self._server.open_sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def forwarded(target: str) -> Iterator[Forwarder]:
    """A forwarder to a URL, shut at first."""
    forwarder = Forwarder(target)
    try:
        yield forwarder
    finally:
        forwarder.close()
