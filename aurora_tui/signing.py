"""Signs in to a signal: reads a secret from its file or environment variable when it is needed, and keeps it hidden."""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from aurora_tui.model.access import HttpAccess
from aurora_tui.model.definitions import Credentials
from aurora_tui.model.frozen import replace


class SigningError(Exception):
    """The credentials cannot be used; the text says why and never holds the secret."""


def signed(
    access: HttpAccess, address: str, credentials: Credentials | None, environ: Mapping[str, str] = os.environ
) -> HttpAccess:
    """The same access with what the settings say for this signal. Raises SigningError.

    The API server takes the header with the credentials for itself and removes it: behind its service proxy a
    signal never gets them.
    """
    if credentials is None:
        return access
    authorization = _authorization(credentials, environ)
    if address.startswith(("svc/", "pod/")):
        if authorization is not None:
            raise SigningError(
                "its credentials cannot be sent through the API server, which keeps the header for itself: "
                "give its http(s):// address in the settings"
            )
        return access
    headers = dict(access.headers) | ({"Authorization": authorization} if authorization else {})
    ca_file = str(Path(credentials.ca_file).expanduser()) if credentials.ca_file else access.ca_file
    return replace(access, headers=headers, ca_file=ca_file, verify=access.verify and not credentials.insecure)


def warnings(credentials: Credentials | None) -> list[str]:
    """What is unwise about the files: secrets that others may read, certificates that are not checked."""
    if credentials is None:
        return []
    found = []
    for name in (credentials.api_key_file, credentials.password_file, credentials.token_file):
        path = Path(name).expanduser() if name else None
        if path is not None and path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            found.append(f"others may read {name}: chmod 600 it")
    if credentials.insecure:
        found.append("its certificate is not checked (insecure)")
    return found


def _authorization(credentials: Credentials, environ: Mapping[str, str]) -> str | None:
    if key := _secret(credentials.api_key_file, credentials.api_key_env, environ):
        # Elasticsearch shows a key as base64 of ID:KEY; both forms are at hand where keys are kept.
        return f"ApiKey {base64.b64encode(key.encode()).decode() if ':' in key else key}"
    if credentials.username:
        password = _secret(credentials.password_file, credentials.password_env, environ) or ""
        return f"Basic {base64.b64encode(f'{credentials.username}:{password}'.encode()).decode()}"
    if token := _secret(credentials.token_file, credentials.token_env, environ):
        return f"Bearer {token}"
    return None


def _secret(file: str | None, variable: str | None, environ: Mapping[str, str]) -> str | None:
    if variable is not None:
        secret = environ.get(variable, "").strip()
        where = f"the environment variable {variable}"
    elif file is not None:
        where = file
        try:
            secret = Path(file).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise SigningError(f"the credentials in {file} cannot be read: {reason}") from None
    else:
        return None
    if not secret or any(ord(letter) < 32 or ord(letter) > 126 for letter in secret):
        raise SigningError(
            f"{where} holds no credentials" if not secret else f"{where} holds more than one line of plain text"
        )
    return secret
