"""Makes the certificates, tokens and kubeconfig files of the live stack's users and servers."""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

ADMINS = "system:masters"
EXEC_VERSION = "client.authentication.k8s.io/v1"
USERS = {
    "prod-admin": ADMINS,
    "exec-admin": ADMINS,
    "kubelet": ADMINS,
    "viewer": "",
    "one-namespace": "",
    "nobody": "",
    "system:kube-controller-manager": "",
    "system:kube-scheduler": "",
}
"""User -> its group. The two servers get their rights from the API server's own bootstrap roles."""

# Plain extensions, as hand-made authorities have them: no key identifiers, no critical marks. kubectl
# accepts such a chain; OpenSSL's X509 strict mode, Python's default from 3.13 on, refuses it.
_EXTENSIONS = """
[req]
distinguished_name = name
prompt = no
[name]
[authority]
basicConstraints = CA:TRUE
[server]
subjectAltName = IP:127.0.0.1, DNS:localhost, DNS:kubernetes, DNS:kubernetes.default.svc
extendedKeyUsage = serverAuth
[client]
extendedKeyUsage = clientAuth
"""


@dataclass(frozen=True)
class Credentials:
    """Paths of the key material in one folder, and the static token of each user."""

    folder: Path
    tokens: Mapping[str, str]

    @property
    def authority(self) -> Path:
        return self.folder / "ca.crt"

    @property
    def token_file(self) -> Path:
        return self.folder / "tokens.csv"

    def certificate(self, name: str) -> Path:
        return self.folder / f"{name}.crt"

    def key(self, name: str) -> Path:
        return self.folder / f"{name}.key"


def create_credentials(folder: Path) -> Credentials:
    """Make authority, certificates `server`, `kubelet` and `admin`, key `accounts`, and the token file."""
    folder.mkdir(parents=True)
    (folder / "openssl.cnf").write_text(_EXTENSIONS)
    tokens = {user: secrets.token_urlsafe(24) for user in USERS}
    made = Credentials(folder, tokens)
    rows = [f'{token},{user},{user},"{USERS[user]}"\n' for user, token in tokens.items()]
    made.token_file.write_text("".join(rows))
    for name in ("ca", "server", "kubelet", "admin", "accounts"):
        _openssl(folder, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
    _openssl(folder, "ec", "-in", "accounts.key", "-pubout", "-out", "accounts.pub")
    _openssl(
        folder, "req", "-x509", "-new", "-config", "openssl.cnf", "-extensions", "authority", "-days", "30",
        "-key", "ca.key", "-subj", "/CN=aurora live tests", "-out", "ca.crt",
    )  # fmt: skip
    _sign(folder, "server", "server", "/CN=kube-apiserver")
    _sign(folder, "kubelet", "server", "/CN=kubelet")
    _sign(folder, "admin", "client", f"/O={ADMINS}/CN=admin")
    return made


def _sign(folder: Path, name: str, section: str, subject: str) -> None:
    _openssl(
        folder, "req", "-new", "-config", "openssl.cnf", "-key", f"{name}.key", "-subj", subject,
        "-out", f"{name}.csr",
    )  # fmt: skip
    _openssl(
        folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
        "-days", "30", "-extfile", "openssl.cnf", "-extensions", section, "-out", f"{name}.crt",
    )  # fmt: skip


def _openssl(folder: Path, *arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {' '.join(arguments)} failed: {done.stderr.strip()}")


def write_kubeconfig(path: Path, made: Credentials, server: str, closed: str) -> Path:
    """Write the users' kubeconfig; `server` and `closed` are URLs, the latter one where nobody listens.

    Contexts: `prod` (client certificate), `prod-token` (static token) and `exec` (credential plugin) are
    administrators; `viewer` reads all namespaces (not the nodes); `one-namespace` reads only `aurora`;
    `nobody` is known but has no rights; `expired` is answered 401; `down` is not answered.
    """
    plugin = made.folder / "exec-credential.sh"
    credential = {
        "apiVersion": EXEC_VERSION,
        "kind": "ExecCredential",
        "status": {"token": made.tokens["exec-admin"]},
    }
    plugin.write_text(f"#!/bin/sh\necho '{json.dumps(credential)}'\n")
    plugin.chmod(0o700)
    users: dict[str, dict[str, object]] = {
        "prod": {
            "client-certificate-data": _encoded(made.certificate("admin")),
            "client-key-data": _encoded(made.key("admin")),
        },
        "prod-token": {"token": made.tokens["prod-admin"]},
        "viewer": {"token": made.tokens["viewer"]},
        "one-namespace": {"token": made.tokens["one-namespace"]},
        "nobody": {"token": made.tokens["nobody"]},
        "expired": {"token": "expired-" + secrets.token_urlsafe(12)},
        "exec": {
            "exec": {
                "apiVersion": EXEC_VERSION,
                "command": str(plugin),
                "interactiveMode": "Never",
            }
        },
    }
    contexts = {name: ("live", name) for name in users} | {"down": ("closed", "prod-token")}
    return _write(path, made, {"live": server, "closed": closed}, users, contexts)


def write_server_kubeconfig(path: Path, made: Credentials, server: str, user: str) -> Path:
    """Write the kubeconfig with which one server of the stack calls the API server by its token."""
    return _write(path, made, {"live": server}, {user: {"token": made.tokens[user]}}, {user: ("live", user)})


def _write(
    path: Path,
    made: Credentials,
    clusters: Mapping[str, str],
    users: Mapping[str, Mapping[str, object]],
    contexts: Mapping[str, tuple[str, str]],
) -> Path:
    authority = _encoded(made.authority)
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": next(iter(contexts)),
        "clusters": [
            {"name": name, "cluster": {"server": url, "certificate-authority-data": authority}}
            for name, url in clusters.items()
        ],
        "users": [{"name": name, "user": dict(user)} for name, user in users.items()],
        "contexts": [
            {"name": name, "context": {"cluster": cluster, "user": user, "namespace": "aurora"}}
            for name, (cluster, user) in contexts.items()
        ],
    }
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    path.chmod(0o600)
    return path


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
