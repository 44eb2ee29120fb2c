"""What a kubeconfig's user entry proves itself with: static, from a file, from a plugin, or by OpenID Connect."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import field

from aurora_tui.cluster.errors import ConfigError
from aurora_tui.cluster.oidc import id_token
from aurora_tui.model.frozen import Veiled

EXEC_SECONDS = 60.0
"""A plugin that takes longer waits for somebody to log in."""
_STATIC = ("token", "username", "password")
_CERTIFICATES = ("client-certificate", "client-certificate-data", "client-key", "client-key-data")


class Credentials(Veiled):
    """A plain user entry (token, password, certificates), and when it runs out in seconds since the epoch."""

    VEILED = frozenset({"entry"})

    entry: Mapping[str, str] = field(default_factory=dict)
    expires: float | None = None


async def obtain(
    user: Mapping[str, Any], cluster: Mapping[str, Any], *, login: str | None, origin: Path | None
) -> Credentials:
    """Turn a user entry (paths absolute) into plain credentials; an empty entry is anonymous.

    `login` is the plugin's command line as it may be shown, `origin` the file that the entry stands
    in. In the order of client-go: a token (its file first), a plugin, OpenID Connect, a password.
    Raises `ConfigError`.
    """
    entry = {key: str(user[key]) for key in (*_STATIC, *_CERTIFICATES) if user.get(key)}
    _prefer_data(entry)
    _refuse_passphrase(entry)
    if user.get("tokenFile"):
        entry["token"] = _token_of(Path(user["tokenFile"])) or entry.get("token", "")
    if entry.get("token"):
        entry["token"] = entry["token"].strip()
        return Credentials(entry)
    if isinstance(user.get("exec"), dict):
        found = await _ask_plugin(user["exec"], cluster, login or "")
        if found.entry.get("client-certificate-data"):
            entry = {key: value for key, value in entry.items() if key not in _CERTIFICATES}
        return Credentials({**entry, **found.entry}, found.expires)
    provider = user.get("auth-provider")
    if isinstance(provider, dict):
        if provider.get("name") != "oidc":
            raise ConfigError(
                f"the auth provider {provider.get('name')!r} is no longer known to kubectl either:"
                " use a credential plugin (exec) in the kubeconfig"
            )
        settings = provider.get("config")
        return Credentials({**entry, "token": await id_token(settings if isinstance(settings, dict) else {}, origin)})
    return Credentials(entry)


def _prefer_data(entry: dict[str, str]) -> None:
    for key in ("client-certificate", "client-key"):
        if f"{key}-data" in entry:
            entry.pop(key, None)


def _refuse_passphrase(entry: Mapping[str, str]) -> None:
    """OpenSSL would ask for it on the terminal that the screen is painted on; kubectl refuses such keys too."""
    path = Path(entry.get("client-key", ""))
    if path.is_file() and b"ENCRYPTED" in path.read_bytes():
        raise ConfigError(f"{path}: the client key is locked with a passphrase; store it without one")


def _token_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the token file cannot be read: {error}") from error


async def _ask_plugin(plugin: Mapping[str, Any], cluster: Mapping[str, Any], login: str) -> Credentials:
    """Run a credential plugin
    (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins).

    The screen has the terminal, so a plugin cannot ask anything: it gets no input, and is told so.
    """
    api_version = str(plugin.get("apiVersion") or "")
    command = [str(plugin.get("command") or ""), *map(str, plugin.get("args") or ())]
    added = {str(pair.get("name")): str(pair.get("value", "")) for pair in plugin.get("env") or ()}
    spec: dict[str, Any] = {"interactive": False}
    if plugin.get("provideClusterInfo"):
        spec["cluster"] = cluster
    question = {"apiVersion": api_version, "kind": "ExecCredential", "spec": spec}
    environment = {**os.environ, **added, "KUBERNETES_EXEC_INFO": json.dumps(question, default=str)}
    with tempfile.TemporaryFile() as complaints:
        try:
            answer, status = await _run(command, environment, complaints)
        except TimeoutError as error:
            raise ConfigError(
                f"the credential plugin gave no answer within {EXEC_SECONDS:.0f} s; to log in by hand run: {login}"
            ) from error
        except (OSError, ValueError) as error:
            hint = f"; {plugin['installHint']}" if plugin.get("installHint") else ""
            words = getattr(error, "strerror", None) or str(error)
            raise ConfigError(f"the credential plugin {command[0]!r} cannot be run: {words}{hint}") from error
        complaints.seek(0, os.SEEK_END)
        complaints.seek(max(0, complaints.tell() - 2000))
        said = " ".join(complaints.read().decode("utf-8", "replace").split())
    if status != 0:
        raise ConfigError(
            f"the credential plugin failed (exit status {status}): {said or 'it said nothing'}; run: {login}"
        )
    return _credentials(answer, api_version, login)


async def _run(command: list[str], environment: Mapping[str, str], complaints: Any) -> tuple[bytes, int]:
    """What a program printed, and its exit status; what it complains of goes to a file, which never fills up."""
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=complaints
    )
    try:
        async with asyncio.timeout(EXEC_SECONDS):
            answer, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return answer, process.returncode


def _credentials(answer: bytes, api_version: str, login: str) -> Credentials:
    try:
        credential = json.loads(answer)
        given = credential["status"]
        if credential.get("kind") != "ExecCredential" or not isinstance(given, dict):
            raise ValueError("not an ExecCredential")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"the credential plugin printed something that is not an ExecCredential with a status; run: {login}"
        ) from error
    if credential.get("apiVersion") != api_version:
        raise ConfigError(
            f"the credential plugin answered in {credential.get('apiVersion')}, the kubeconfig asks for {api_version}"
        )
    entry = {"token": str(given["token"]).strip()} if given.get("token") else {}
    for theirs, ours in (("clientCertificateData", "client-certificate-data"), ("clientKeyData", "client-key-data")):
        if given.get(theirs):
            # Plain PEM here, base64 in a kubeconfig.
            entry[ours] = base64.b64encode(str(given[theirs]).encode()).decode("ascii")
    if not entry or ("client-key-data" in entry) != ("client-certificate-data" in entry):
        raise ConfigError(f"the credential plugin gave neither a token nor a certificate with its key; run: {login}")
    try:
        expires = datetime.fromisoformat(str(given["expirationTimestamp"])).timestamp()
    except (KeyError, ValueError):
        expires = None
    return Credentials(entry, expires)
