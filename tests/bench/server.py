"""The API server as the harness calls it: a connection of its own for each caller, nothing of the program's client."""

from __future__ import annotations

import base64
import http.client
import json
import os
import ssl
import subprocess
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Object = dict[str, Any]
PATCHES = {"json": "application/json-patch+json", "merge": "application/merge-patch+json"}


@dataclass(frozen=True)
class Target:
    """Which cluster is measured, and with which kubectl."""

    kubeconfig: str
    context: str
    kubectl: str

    def options(self) -> list[str]:
        """What kubectl and the console are told alike."""
        return ["--kubeconfig", self.kubeconfig, "--context", self.context]


class RefusedError(RuntimeError):
    """The API server's answer was not a success."""


@dataclass
class Server:
    """One connection to the API server, kept open. Signs in by token or client certificate."""

    target: Target
    _connection: http.client.HTTPSConnection | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self._host, self._headers, self._tls = _credentials(self.target)

    def call(self, method: str, path: str, body: object = None) -> Object:
        """Send one request and return the answer; raises RefusedError."""
        found: Object = json.loads(self.send(method, path, body))
        return found

    def send(self, method: str, path: str, body: object = None, kind: str = "application/json") -> bytes:
        """As `call`, undecoded. A connection that was closed meanwhile is opened anew, once."""
        data = None if body is None else json.dumps(body).encode()
        headers = self._headers | ({"Content-Type": kind} if data else {})
        for again in (True, False):
            if self._connection is None:
                self._connection = http.client.HTTPSConnection(self._host, timeout=60, context=self._tls)
            try:
                self._connection.request(method, path, data, headers)
                answer = self._connection.getresponse()
                read = answer.read()
                break
            except (http.client.RemoteDisconnected, ConnectionError):
                self._connection = None
                if not again:
                    raise
        if answer.status >= 300:
            raise RefusedError(f"{method} {path}: {answer.status} {read[:300].decode(errors='replace')}")
        return read

    def patch(self, path: str, operations: list[Object]) -> None:
        """Change one thing by a JSON patch."""
        self.send("PATCH", path, operations, PATCHES["json"])

    def pods(self, prefix: str) -> list[Object]:
        """The running pods of the namespaces whose names begin so, as the server keeps them."""
        items = self.call("GET", "/api/v1/pods?resourceVersion=0")["items"]
        wanted = [pod for pod in items if pod["metadata"]["namespace"].startswith(prefix)]
        return [pod for pod in wanted if pod["status"].get("phase") == "Running" and not _ending(pod)]

    def count_pods(self) -> int:
        return len(self.call("GET", "/api/v1/pods?resourceVersion=0")["items"])


def path_of(pod: Object) -> str:
    meta = pod["metadata"]
    return f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"


def _ending(pod: Object) -> bool:
    return "deletionTimestamp" in pod["metadata"]


_LOCK = threading.Lock()
_KNOWN: dict[Target, tuple[str, dict[str, str], ssl.SSLContext]] = {}


def _credentials(target: Target) -> tuple[str, dict[str, str], ssl.SSLContext]:
    """Host, headers and TLS settings, read once; SystemExit where the user signs in by other means."""
    with _LOCK:
        if target not in _KNOWN:
            _KNOWN[target] = _read(target)
        return _KNOWN[target]


def _read(target: Target) -> tuple[str, dict[str, str], ssl.SSLContext]:
    command = [target.kubectl, *target.options(), "config", "view", "--raw", "--minify", "--flatten", "-o", "json"]
    document = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    url = urlsplit(cluster["server"])
    tls = ssl.create_default_context()
    # As kubectl: authorities without key identifiers are good enough.
    tls.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if cluster.get("insecure-skip-tls-verify"):
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    elif "certificate-authority-data" in cluster:
        tls.load_verify_locations(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    headers = {"User-Agent": "aurora-bench", "Accept": "application/json"}
    if "token" in user:
        headers["Authorization"] = f"Bearer {user['token']}"
    elif "client-certificate-data" in user:
        _load_certificate(tls, user)
    else:
        raise SystemExit(f"context {target.context}: the harness signs in by token or client certificate only")
    return f"{url.hostname}:{url.port or 443}", headers, tls


def _load_certificate(tls: ssl.SSLContext, user: Object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        both = Path(folder) / "user.pem"
        descriptor = os.open(both, os.O_CREAT | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            for name in ("client-certificate-data", "client-key-data"):
                file.write(base64.b64decode(user[name]) + b"\n")
        tls.load_cert_chain(both)
