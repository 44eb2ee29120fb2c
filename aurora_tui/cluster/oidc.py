"""The ID token of a kubeconfig's ``oidc`` auth provider, renewed at its issuer when it has run out."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import ssl
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from aurora_tui.cluster.errors import ConfigError

_EARLY_SECONDS = 30.0
"""A token this near to its end would run out on the way."""
_ANSWER_SECONDS = 20.0


async def id_token(settings: Mapping[str, Any], origin: Path | None, *, now: float | None = None) -> str:
    """The ID token, fresh. `settings` are the provider's; `origin` the kubeconfig file that they stand in.

    A renewed token is written back there, as kubectl does: an issuer that hands out a new refresh
    token at each renewal takes the old one from the next program otherwise.
    (https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokens.) Raises `ConfigError`.
    """
    token = str(settings.get("id-token") or "")
    if token and not _expired(token, time.time() if now is None else now):
        return token
    refresh = str(settings.get("refresh-token") or "")
    if not refresh:
        raise ConfigError("the OpenID Connect token has expired and there is no refresh-token: log in again")
    answer = await _renew(settings, refresh)
    fresh = answer.get("id_token")
    if not isinstance(fresh, str) or not fresh:
        raise ConfigError("the OpenID Connect issuer renewed without an id_token: log in again")
    rotated = str(answer.get("refresh_token") or refresh)
    if origin is not None:
        await asyncio.to_thread(_write_back, origin, {token: fresh, refresh: rotated})
    return fresh


def _expired(token: str, now: float) -> bool:
    parts = token.split(".")
    if len(parts) != 3:
        raise ConfigError("the kubeconfig's id-token is not a JSON Web Token")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return float(claims["exp"]) - _EARLY_SECONDS <= now
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError("the kubeconfig's id-token cannot be read") from error


async def _renew(settings: Mapping[str, Any], refresh: str) -> Mapping[str, Any]:
    import aiohttp

    issuer = str(settings.get("idp-issuer-url") or "").rstrip("/")
    client, secret = str(settings.get("client-id") or ""), str(settings.get("client-secret") or "")
    form = {"grant_type": "refresh_token", "refresh_token": refresh}
    headers = {}
    if secret:
        # Both parts are form-encoded first (RFC 6749, section 2.3.1).
        pair = f"{quote_plus(client)}:{quote_plus(secret)}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"
    else:
        form["client_id"] = client
    try:
        trust = await asyncio.to_thread(_trust, settings)
        timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=trust), timeout=timeout, raise_for_status=True, trust_env=True
        ) as session:
            async with session.get(f"{issuer}/.well-known/openid-configuration") as response:
                endpoint = (await response.json(content_type=None))["token_endpoint"]
            async with session.post(endpoint, data=form, headers=headers) as response:
                answer = await response.json(content_type=None)
    except (aiohttp.ClientError, OSError, ValueError, KeyError, TypeError) as error:
        words = getattr(error, "message", None) or str(error) or type(error).__name__
        raise ConfigError(f"the OpenID Connect issuer {issuer} did not renew the token: {words}") from error
    if not isinstance(answer, dict):
        raise ConfigError(f"the OpenID Connect issuer {issuer} did not renew the token: no JSON object came")
    return answer


def _trust(settings: Mapping[str, Any]) -> ssl.SSLContext:
    data = settings.get("idp-certificate-authority-data")
    authority = base64.b64decode(str(data)).decode("ascii") if data else None
    context = ssl.create_default_context(cafile=settings.get("idp-certificate-authority") or None, cadata=authority)
    # As towards the API server: kubectl accepts authorities that Python 3.13 finds too old-fashioned.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _write_back(path: Path, changed: Mapping[str, str]) -> None:
    """Put new values in the place of old ones and leave the rest of the file as it is, comments too."""
    try:
        text = path.read_text(encoding="utf-8")
        for old, new in changed.items():
            if old and old != new and text.count(old) == 1:
                text = text.replace(old, new)
        target = path.resolve()
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(name).chmod(target.stat().st_mode & 0o777)
        Path(name).replace(target)
    except OSError:
        # The token is good all the same; the file may be read-only on purpose.
        return
