"""Asks the servers of the live stack over HTTP whether they are there, without a client library."""

from __future__ import annotations

import json
import socket
import ssl
import urllib.error
import urllib.request
from typing import Any

TIMEOUT = 5.0


def answers(url: str, tls: ssl.SSLContext | None = None) -> bool:
    """Whether `url` is answered with success; an https one is trusted as `tls` says."""
    return _read(url, tls) is not None


def listens(port: int) -> bool:
    """Whether something takes connections at a port of the loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), TIMEOUT).close()
    except OSError:
        return False
    return True


def fetch(url: str) -> Any:
    """Return the decoded JSON at `url`, or None while it is not answered with success."""
    text = _read(url, None)
    return None if text is None else json.loads(text)


def put(url: str, body: object) -> None:
    """Send `body` as JSON; raises urllib.error.URLError when it is not taken."""
    _send(url, body, "PUT")


def post(url: str, body: object) -> None:
    """The same by POST."""
    _send(url, body, "POST")


def _send(url: str, body: object, method: str) -> None:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method=method)
    urllib.request.urlopen(request, timeout=TIMEOUT).close()


def _read(url: str, tls: ssl.SSLContext | None) -> bytes | None:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT, context=tls) as response:
            body: bytes = response.read()
            return body
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return None
