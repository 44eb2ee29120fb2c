"""What Elasticsearch and its client say when something fails, in the operator's words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from typing import Any, TypeVar

import msgspec

from aurora_tui.signals.errors import SignalError, Trouble, check_answer, plain

T = TypeVar("T")

_GONE = "search_context_missing_exception"
_LONGEST = 300


class GoneError(SignalError):
    """The point in time was not asked for in time, or its node went: a new one has to be opened."""


class TooLargeError(SignalError):
    """The answer was larger than what is read: fewer documents, or less of them, have to be asked for."""


async def worded(request: Awaitable[T], server: str, seconds: float) -> T:
    """The client's answer, its failures as SignalError."""
    from elasticsearch import ApiError, SerializationError, TransportError, UnsupportedProductError

    try:
        async with asyncio.timeout(seconds):
            return await request
    except TimeoutError:
        raise SignalError(Trouble.SLOW, f"{server} did not answer in {seconds:.0f} s") from None
    except UnsupportedProductError as error:
        if _starts(error.body) == b"<":
            check_answer(server, error.status_code, error.body)
        raise SignalError(Trouble.UNREACHABLE, f"{server} is not Elasticsearch") from error
    except ApiError as error:
        raise _refused(server, error.status_code, error.body) from None
    except SerializationError as error:
        raise SignalError(
            Trouble.UNREACHABLE,
            f"{server} did not answer with JSON: the address may be wrong or a sign-in page is in the way",
        ) from error
    except TransportError as error:
        causes = list(_causes(error))
        large = next((cause for cause in causes if isinstance(cause, TooLargeError)), None)
        if large is not None:
            raise large from None
        if any(isinstance(cause, TimeoutError) for cause in causes):
            raise SignalError(Trouble.SLOW, f"{server} did not answer in {seconds:.0f} s") from None
        raise SignalError(Trouble.UNREACHABLE, f"{server}: {plain(causes[-1])}") from None


def _refused(server: str, status: int, body: Any) -> SignalError:
    if _starts(body) == b"<" or status in (401, 403):
        try:
            check_answer(server, status, _said(body))
        except SignalError as error:
            return error
    kinds, reason = reasons(body)
    if _GONE in kinds:
        return GoneError(Trouble.QUERY, "the point in time has ended")
    if status in (502, 503, 504) or status == 429:
        return SignalError(
            Trouble.UNREACHABLE, f"{server} cannot answer now (HTTP {status}): {reason or 'no reason given'}"
        )
    return SignalError(Trouble.QUERY, f"{server} refuses the question (HTTP {status}): {reason or 'no reason given'}")


def reasons(body: Any) -> tuple[set[str], str]:
    """The types of an error's causes, and the first cause in words.

    ``{"error": {"root_cause": [{"type", "reason"}], "type", "reason", "caused_by": {…}}, "status"}``
    (https://www.elastic.co/guide/en/elasticsearch/reference/8.17/common-options.html).
    """
    try:
        error = msgspec.json.decode(body)["error"]
    except (msgspec.DecodeError, LookupError, TypeError):
        return set(), ""
    if not isinstance(error, dict):
        return set(), str(error)[:_LONGEST]
    causes = [each for each in error.get("root_cause") or () if isinstance(each, dict)]
    causes += [each for each in (error.get("caused_by"), error) if isinstance(each, dict)]
    words = next((str(each["reason"]) for each in causes if each.get("reason")), "")
    return {str(each.get("type")) for each in causes}, " ".join(words.split())[:_LONGEST]


def _said(body: Any) -> bytes:
    """The body as `check_answer` reads it: the reason of a security error stands deep inside."""
    _, reason = reasons(body)
    return msgspec.json.encode({"error": reason}) if reason else bytes(body) if isinstance(body, bytes) else b""


def _starts(body: Any) -> bytes:
    return body[:1024].lstrip()[:1] if isinstance(body, bytes) else b""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what led to it, the origin last; the client hides it from print-outs, not from us."""
    following: BaseException | None = error
    while following is not None:
        yield following
        inner = getattr(following, "os_error", None) or getattr(following, "certificate_error", None)
        following = inner or following.__cause__ or following.__context__
