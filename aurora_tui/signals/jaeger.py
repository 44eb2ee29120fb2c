"""Jaeger's query service: version 3 of its API, and version 1 where that one is not served."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import msgspec

from aurora_tui.model.access import HttpAccess
from aurora_tui.model.tracequery import TraceQuery
from aurora_tui.model.traces import Trace
from aurora_tui.signals import jaeger_legacy, otlp
from aurora_tui.signals.errors import SignalError, Trouble, check_answer
from aurora_tui.signals.http import HttpConnection
from aurora_tui.signals.threads import in_thread

T = TypeVar("T")

_SMALL = 16_384
"""Bytes that are decoded at once; more would make the event loop stand still for milliseconds."""
_FAILED = '{"error":"true"}'
"""The tag of a failed span in Jaeger's model."""


class TraceNotFoundError(Exception):
    """The server has no trace with this id."""


class NoAnswerError(Exception):
    """The server does not serve this API."""


class JaegerClient:
    """Asks one Jaeger (https://www.jaegertracing.io/docs/latest/architecture/apis/).

    Every method raises SignalError; nothing is retried here. Which API is served is found out once.
    """

    def __init__(self, access: HttpAccess) -> None:
        self.access = access
        self._reader = HttpConnection(access)
        self._version: int | None = None

    @property
    def api(self) -> str:
        """Which API was found: ``v3``, ``v1``, or empty before anything was asked."""
        return f"v{self._version}" if self._version else ""

    async def services(self) -> list[str]:
        """The traced services' names, sorted."""
        return sorted(await self._either(("/api/v3/services", {}), _services, ("/api/services", {}), _names))

    async def operations(self, service: str) -> list[str]:
        """The names of a service's operations, sorted."""
        three = ("/api/v3/operations", {"service": service})
        one = (f"/api/services/{quote(service, safe='')}/operations", dict[str, str]())
        return sorted(set(await self._either(three, _operations, one, _names)))

    async def find(self, query: TraceQuery) -> list[Trace]:
        """The newest traces that a query means, no more than its limit.

        Not every server can look for failed ones: version 3 leaves that out before Jaeger 2.14, and the memory
        storage of 2.13 takes the tag for another. Then version 1 is asked, and at last those that failed among
        the newest are the answer.
        """
        three, one = ("/api/v3/traces", _search_v3(query)), ("/api/traces", _search_v1(query))
        found = await self._either(three, otlp.decode_traces, one, jaeger_legacy.decode_traces)
        if not query.failed:
            return found
        failed = [*filter(_has_failed, found)]
        if self._version == 3 and not (failed and len(failed) == len(found)):
            with suppress(NoAnswerError, SignalError):  # version 1 may be switched off
                failed += filter(_has_failed, await self._ask(1, *one, jaeger_legacy.decode_traces))
        if not failed:
            failed += filter(_has_failed, await self.find(query.only_failed(False)))
        return list({trace.id: trace for trace in failed}.values())

    async def trace(self, trace_id: str) -> Trace:
        """One trace with all its spans. Raises TraceNotFoundError."""
        path = quote(trace_id, safe="")
        three, one = (f"/api/v3/traces/{path}", dict[str, str]()), (f"/api/traces/{path}", dict[str, str]())
        found = await self._either(three, otlp.decode_traces, one, jaeger_legacy.decode_traces)
        if not found:
            raise TraceNotFoundError(f"{self.access.shown} has no trace {trace_id}")
        return found[0]

    async def close(self) -> None:
        """Let go of the connections; the client may be used again."""
        await self._reader.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _either(
        self,
        three: tuple[str, Mapping[str, str]],
        decode_three: Callable[[bytes], list[T]],
        one: tuple[str, Mapping[str, str]],
        decode_one: Callable[[bytes], list[T]],
    ) -> list[T]:
        if self._version != 1:
            try:
                found = await self._ask(3, *three, decode_three)
                self._version = 3
                return found
            except NoAnswerError:
                if self._version == 3:
                    raise SignalError(Trouble.UNREACHABLE, f"{self.access.shown} no longer serves its API") from None
        try:
            found = await self._ask(1, *one, decode_one)
        except NoAnswerError as error:
            raise SignalError(Trouble.UNREACHABLE, str(error)) from None
        self._version = 1
        return found

    async def _ask(
        self, version: int, path: str, query: Mapping[str, str], decode: Callable[[bytes], list[T]]
    ) -> list[T]:
        """What one API answers, nothing where it found nothing. Raises NoAnswerError where it is not served."""
        status, body = await self._reader.get(path, query)
        server = self.access.shown
        if status != 200 or body.lstrip()[:1] != b"{":
            said = _said(body)
            if status == 404 and said:
                return []
            if status not in (401, 403) and not said and not _is_status(body):
                # Jaeger answers what it does not serve with its user interface, others with a plain 404.
                words = "a web page" if body.lstrip()[:1] == b"<" else f"HTTP {status}"
                raise NoAnswerError(f"{server} answered {path} with {words}: is this Jaeger's query service?")
            if said:
                trouble = Trouble.QUERY if 400 <= status < 500 else Trouble.UNREACHABLE
                raise SignalError(trouble, f"{server} refuses it (HTTP {status}): {said}")
            check_answer(server, status, body)
        try:
            if len(body) < _SMALL:
                return decode(body)
            return await in_thread(lambda: decode(body))
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            reason = f"{server} does not answer as version {version} of Jaeger's API does ({error})"
            raise SignalError(Trouble.UNREACHABLE, reason) from error


def _search_v3(query: TraceQuery) -> dict[str, str]:
    """Times in RFC 3339, durations as Go writes them; some storages do not go without the number of traces."""
    given = {
        "query.service_name": query.service,
        "query.start_time_min": _instant(query.begin),
        "query.start_time_max": _instant(query.end),
        "query.num_traces": str(query.limit),
    }
    if query.operation:
        given["query.operation_name"] = query.operation
    if query.shortest:
        given["query.duration_min"] = _go_duration(query.shortest)
    if query.failed:
        given["query.attributes"] = _FAILED
    return given


def _search_v1(query: TraceQuery) -> dict[str, str]:
    """Times in microseconds."""
    given = {
        "service": query.service,
        "start": str(round(query.begin * 1e6)),
        "end": str(round(query.end * 1e6)),
        "limit": str(query.limit),
    }
    if query.operation:
        given["operation"] = query.operation
    if query.shortest:
        given["minDuration"] = _go_duration(query.shortest)
    if query.failed:
        given["tags"] = _FAILED
    return given


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _go_duration(seconds: float) -> str:
    return f"{round(seconds * 1e6)}us"


def _has_failed(trace: Trace) -> bool:
    return any(span.failed for span in trace.spans)


class _Services(msgspec.Struct):
    services: list[str] | None = None


class _Operation(msgspec.Struct):
    name: str = ""


class _Operations(msgspec.Struct):
    operations: list[_Operation] | None = None


class _Names(msgspec.Struct):
    data: list[str] | None = None


def _services(body: bytes) -> list[str]:
    return msgspec.json.decode(body, type=_Services).services or []


def _operations(body: bytes) -> list[str]:
    return [each.name for each in msgspec.json.decode(body, type=_Operations).operations or ()]


def _names(body: bytes) -> list[str]:
    return msgspec.json.decode(body, type=_Names).data or []


def _said(body: bytes) -> str:
    """What an error of Jaeger's says: ``{"error": {"message"}}`` in v3, ``{"errors": [{"msg"}]}`` in v1."""
    answer = _mapping(body)
    error, errors = answer.get("error"), answer.get("errors")
    if isinstance(error, dict):
        return " ".join(str(error.get("message", "")).split())
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return " ".join(str(errors[0].get("msg", "")).split())
    return ""


def _is_status(body: bytes) -> bool:
    """Whether the API server, through which Jaeger is reached, answered in its place."""
    return _mapping(body).get("kind") == "Status"


def _mapping(body: bytes) -> Mapping[str, Any]:
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}
