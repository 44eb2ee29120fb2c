"""How an HTTP source of signals is reached; its credentials are kept out of every print-out."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit, urlunsplit

from msgspec import field

from aurora_tui.model.frozen import Veiled


class HttpAccess(Veiled):
    """An address without a trailing slash and what is sent with every request to it.

    `headers` may hold credentials. `ca_file`, `cert_file` and `key_file` are paths of PEM files; without
    `ca_file` the system's authorities are trusted. `verify` false accepts any certificate.
    """

    VEILED = frozenset({"url", "headers"})

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    verify: bool = True

    @property
    def shown(self) -> str:
        """The address as it may be shown: without user name and password."""
        parts = urlsplit(self.url)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

    @property
    def loopback(self) -> bool:
        """The server is this machine, which no proxy can reach for us (Go's clients skip theirs too)."""
        host = urlsplit(self.url).hostname or ""
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    def __repr__(self) -> str:
        names = ", ".join(sorted(self.headers))
        return f"HttpAccess({self.shown!r}, headers=<{names}>, verify={self.verify})"
