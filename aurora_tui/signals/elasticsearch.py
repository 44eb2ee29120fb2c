"""Elasticsearch through its official asynchronous client: so far, whether it answers and what it is."""

from __future__ import annotations

from typing import Any

from aurora_tui.model.access import HttpAccess
from aurora_tui.signals.errors import SignalError, Trouble

TIMEOUT_SECONDS = 8.0


async def version(access: HttpAccess) -> str:
    """The server's version number. Raises `SignalError` where it is away or is no Elasticsearch.

    The client checks the product by its ``X-Elastic-Product`` header.
    """
    from elasticsearch import ApiError, AsyncElasticsearch, TransportError, UnsupportedProductError

    # The client keeps its certificate options to https addresses.
    tls: dict[str, Any] = {
        "verify_certs": access.verify,
        **({"ca_certs": access.ca_file} if access.ca_file else {}),
        **({"client_cert": access.cert_file, "client_key": access.key_file} if access.cert_file else {}),
    }
    client = AsyncElasticsearch(
        access.url,
        headers=dict(access.headers),
        request_timeout=TIMEOUT_SECONDS,
        max_retries=0,
        **(tls if access.url.startswith("https") else {}),
    )
    try:
        info = await client.info()
        return str(info["version"]["number"])
    except UnsupportedProductError as error:
        raise SignalError(Trouble.UNREACHABLE, f"{access.shown} is not Elasticsearch") from error
    except ApiError as error:
        trouble = Trouble.DENIED if error.status_code in (401, 403) else Trouble.UNREACHABLE
        raise SignalError(trouble, f"{access.shown}: HTTP {error.status_code} {error.message}") from error
    except (TransportError, KeyError) as error:
        raise SignalError(Trouble.UNREACHABLE, f"{access.shown}: {error}") from error
    finally:
        await client.close()
