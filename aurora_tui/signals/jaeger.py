"""Jaeger's query service: so far, whether it answers and which services it knows."""

from __future__ import annotations

import aiohttp
import msgspec

from aurora_tui.model.access import HttpAccess
from aurora_tui.signals.errors import SignalError, Trouble, check_answer
from aurora_tui.signals.tls import ssl_context

TIMEOUT_SECONDS = 8.0


class _Services(msgspec.Struct):
    """``/api/v3/services`` names them `services`, ``/api/services`` `data`."""

    services: list[str] | None = None
    data: list[str] | None = None


async def services(access: HttpAccess) -> list[str]:
    """The traced services' names, from the v3 API or, where that is not served, from v1."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    try:
        async with aiohttp.ClientSession(headers=dict(access.headers), timeout=timeout) as session:
            for path in ("/api/v3/services", "/api/services"):
                context = ssl_context(access) if access.url.startswith("https") else True
                async with session.get(access.url + path, ssl=context) as response:
                    body = await response.read()
                    if response.status == 404 and path != "/api/services":
                        continue
                    check_answer(access.shown, response.status, body)
                    answer = msgspec.json.decode(body, type=_Services)
                    return answer.services or answer.data or []
    except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError) as error:
        raise SignalError(Trouble.UNREACHABLE, f"{access.shown}: {error or 'no answer in time'}") from error
    return []
