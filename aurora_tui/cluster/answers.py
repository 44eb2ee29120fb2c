"""What a server's refusal, and a connection's failure, is called in words."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aurora_tui.cluster.errors import (
    AnswerLostError,
    ClusterError,
    ConflictError,
    ForbiddenError,
    GoneError,
    NotFoundError,
    ThrottledError,
    UnauthorizedError,
)
from aurora_tui.cluster.kubeconfig import Context

if TYPE_CHECKING:
    import aiohttp

CONNECT_SECONDS = 5.0
_LONGEST_WAIT = 300.0
_ERROR_BYTES = 64 * 1024
_BY_STATUS: Mapping[int, type[ClusterError]] = {
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    410: GoneError,
}


def not_kubernetes(server: str) -> str:
    """The words for an answer that cannot be decoded."""
    return f"{server} answered something that is not what the Kubernetes API answers: is it an API server?"


def network_errors() -> tuple[type[Exception], ...]:
    """What a connection may raise while it is in use."""
    import aiohttp

    return (aiohttp.ClientError, OSError)


def in_words(error: BaseException) -> str:
    """What broke a connection that was in use, on one line."""
    return " ".join(str(error).split()) or type(error).__name__


def no_answer(error: BaseException) -> str:
    """The words for a request that went out and was not answered."""
    return "no answer in time" if isinstance(error, TimeoutError) else in_words(error)


def answer_lost(server: str, error: BaseException) -> AnswerLostError:
    """The error for one of those that may have been carried out."""
    return AnswerLostError(f"the answer of {server} was lost: {no_answer(error)}")


def unreachable(server: str, error: Any) -> str:
    """The words for a connection that was not made."""
    inner = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    if isinstance(inner, ssl.SSLCertVerificationError):
        return (
            f"{server}: its certificate is not trusted ({inner.verify_message.rstrip('.')});"
            " check certificate-authority and tls-server-name in the kubeconfig"
        )
    if isinstance(inner, ConnectionRefusedError):
        return f"{server}: connection refused; is the API server up, is a tunnel or VPN missing?"
    if isinstance(inner, TimeoutError):
        return f"{server}: no connection within {CONNECT_SECONDS:.0f} s; is a tunnel or VPN missing?"
    return f"{server}: {getattr(inner, 'strerror', None) or getattr(inner, 'message', None) or inner}"


async def error_body(response: aiohttp.ClientResponse) -> bytes:
    """The head of an error's body; what is lost of it does not change that the server refused."""
    body = b""
    with suppress(*network_errors()):
        while len(body) < _ERROR_BYTES and (chunk := await response.content.read(_ERROR_BYTES)):
            body += chunk
    return body


def refusal(response: aiohttp.ClientResponse, body: bytes, context: Context) -> ClusterError:
    """The error for an HTTP status, with the server's own Status message where it sent one."""
    status = response.status
    message, reason, causes = _status_of(response, body)
    if status == 401:
        login = f"; to log in again run: {context.exec_command}" if context.exec_command else "; log in again"
        return UnauthorizedError(
            f"the credentials of user {context.user!r} were refused (401 Unauthorized){login}",
            status=401,
            reason=reason,
        )
    if status == 429 or (status == 503 and "Retry-After" in response.headers):
        after = response.headers.get("Retry-After", "")
        # The other form of the header, a date, is never sent by an API server.
        wait = min(float(after), _LONGEST_WAIT) if after.isdecimal() else 1.0
        return ThrottledError(message, retry_after=wait, reason=reason)
    return _BY_STATUS.get(status, ClusterError)(message, status=status, reason=reason, causes=causes)


def _status_of(response: aiohttp.ClientResponse, body: bytes) -> tuple[str, str, frozenset[str]]:
    """Message, reason and causes of a Status; of anything else the HTTP status, and one line of plain text."""
    try:
        answer = json.loads(body)
        if answer.get("message"):
            causes = (answer.get("details") or {}).get("causes") or ()
            reasons = frozenset(str(cause.get("reason") or "") for cause in causes)
            return _message(str(answer["message"]), causes), str(answer.get("reason") or ""), reasons
    except (ValueError, AttributeError, TypeError):
        pass
    words = f"HTTP {response.status} {response.reason or ''}".strip()
    if response.content_type == "text/plain" and body.strip():
        words += f": {body.decode('utf-8', 'replace').strip().splitlines()[0][:200]}"
    return words, "", frozenset()


def _message(message: str, causes: Sequence[Mapping[str, Any]]) -> str:
    """A Status in words, with the causes that its message leaves out: of a withheld eviction the budget's name."""
    words = [str(cause.get("message") or "") for cause in causes]
    return " ".join([message, *(each for each in words if each not in message)])
