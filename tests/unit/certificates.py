"""Certificates made on the spot: an authority as many clusters have it, without the extensions of RFC 5280."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

_PLAIN = """
[req]
distinguished_name = dn
prompt = no
[dn]
CN = old-fashioned
[leaf]
subjectAltName = {names}
"""


@dataclass(frozen=True)
class Authority:
    """A self-signed authority with neither basicConstraints nor keyUsage nor key identifiers, and its leaf."""

    ca: Path
    certificate: Path
    key: Path

    def server(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, self.key)
        return context


def make(folder: Path, names: str = "IP:127.0.0.1") -> Authority:
    """An authority and a server certificate for `names` (as OpenSSL writes them)."""
    settings = folder / "openssl.cnf"
    settings.write_text(_PLAIN.format(names=names))
    ca, ca_key = folder / "ca.pem", folder / "ca.key"
    leaf, key, request = folder / "leaf.pem", folder / "leaf.key", folder / "leaf.csr"
    new_key: list[str | Path] = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-config",
        settings,
    ]
    _openssl("req", "-x509", *new_key, "-keyout", ca_key, "-out", ca, "-days", "2")
    _openssl("req", *new_key, "-subj", "/CN=server", "-keyout", key, "-out", request)
    sign: list[str | Path] = [
        "-CA",
        ca,
        "-CAkey",
        ca_key,
        "-set_serial",
        "7",
        "-days",
        "2",
        "-extfile",
        settings,
        "-extensions",
        "leaf",
    ]
    _openssl("x509", "-req", "-in", request, *sign, "-out", leaf)
    return Authority(ca, leaf, key)


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=30)
