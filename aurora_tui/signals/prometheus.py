"""Prometheus, asked through prometheus-api-client in threads; its failures become words."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from aurora_tui.heavy import IMPORTS
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.exemplars import TRACE_LABELS, Exemplar
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.traces import TRACE_DIGITS, read_id
from aurora_tui.signals.errors import SignalError, Trouble, check_answer, plain
from aurora_tui.signals.threads import in_thread
from aurora_tui.signals.tls import ssl_context

if TYPE_CHECKING:
    import requests

T = TypeVar("T")

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
_TOTAL_SECONDS = 20.0
"""An end for answers that trickle, which no read timeout ever sees."""
_AT_ONCE = 4
"""Requests under way at the same time: enough over a slow link, little for the server."""
_LONG_WARNING = 200
MAX_POINTS = 11_000
"""The most points of one series that Prometheus answers a range query with."""
_said = threading.local()
"""The warnings of the answer that the thread is reading; each request has a thread of its own."""


class Point(Frozen):
    """One series of an instant query; `value` may be NaN or infinite."""

    labels: Mapping[str, str]
    value: float


class Line(Frozen):
    """One series of a range query: (seconds since the epoch, value) by time."""

    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]


class Answer(Frozen, Generic[T]):
    """The series of an answer, and what the server says of it: a part of it may be missing."""

    series: Sequence[T]
    warnings: tuple[str, ...] = ()


class PrometheusClient:
    """Asks one Prometheus (https://prometheus.io/docs/prometheus/latest/querying/api/).

    Every method raises SignalError. Nothing is retried here: the sources do, at their own pace.
    """

    def __init__(self, access: HttpAccess) -> None:
        self.access = access
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._lock = threading.Lock()
        self._library: Any = None
        self._session: requests.Session | None = None

    async def instant(self, promql: str, at: float | None = None) -> Sequence[Point]:
        """The vector (or the scalar, without labels) that a query gives at a time, in seconds since the epoch.

        Without a time: now, by the server's clock.
        """
        return (await self.answer(promql, at)).series

    async def answer(self, promql: str, at: float | None = None) -> Answer[Point]:
        """The same with the server's warnings."""
        given = {"timeout": f"{READ_SECONDS:.0f}s"}  # or the server goes on after we have gone
        if at is not None:
            given["time"] = f"{at:.3f}"
        result, warnings = await self._ask(lambda: self._connected().custom_query(promql, params=given))
        return self._parse(lambda: Answer(list(_points(result)), warnings))

    async def time(self) -> float:
        """The server's clock, in seconds since the epoch; the smallest question it can be asked."""
        points = await self.instant("time()")
        return self._parse(lambda: points[0].value)

    async def range(self, promql: str, start: float, end: float, step: float) -> Answer[Line]:
        """The series that a query gives from `start` to `end` (seconds since the epoch, whole) by `step`.

        What the server would refuse to answer is not asked: it gives no series of more than 11,000 points.
        """
        if (end - start) / step + 1 > MAX_POINTS:
            raise SignalError(Trouble.QUERY, f"more than {MAX_POINTS:,} points asked for: by steps of {step:g} s")
        first, last = datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)
        limit = {"timeout": f"{READ_SECONDS:.0f}s"}
        result, warnings = await self._ask(
            lambda: self._connected().custom_query_range(promql, first, last, f"{step:g}", params=limit)
        )
        return self._parse(
            lambda: Answer(
                [Line(row["metric"], [(float(t), float(v)) for t, v in row["values"]]) for row in result], warnings
            )
        )

    async def alerts(self) -> list[Mapping[str, Any]]:
        """The pending and firing alerts of its own rules, as ``/api/v1/alerts`` gives them."""
        data = await self._get("alerts", {})
        return self._parse(lambda: [dict(alert) for alert in data["alerts"]])

    async def rules(self) -> list[Any]:
        """The groups of its alerting rules, as ``/api/v1/rules`` gives them."""
        data = await self._get("rules", {"type": "alert"})
        return self._parse(lambda: list(data["groups"]))

    async def alert_rules(self) -> list[Mapping[str, Any]]:
        """The same rules without their groups."""
        groups = await self.rules()
        return self._parse(lambda: [dict(rule) for group in groups for rule in group["rules"]])

    async def _get(self, what: str, parameters: Mapping[str, str]) -> Any:
        def get() -> Any:
            self._connected()
            assert self._session is not None
            url, patience = f"{self._url}/api/v1/{what}", (CONNECT_SECONDS, READ_SECONDS)
            return self._session.get(url, params=parameters, timeout=patience).json()["data"]

        result, _ = await self._ask(get)
        return result

    async def exemplars(self, promql: str, start: float, end: float) -> list[Exemplar]:
        """The exemplars with a trace that the series of a query keep for a time (seconds since the epoch).

        None where the server keeps none (it does with ``--enable-feature=exemplar-storage``) or knows none yet.
        """

        asked = {"query": promql, "start": f"{start:.3f}", "end": f"{end:.3f}"}
        result = await self._get("query_exemplars", asked)
        return self._parse(lambda: list(_exemplars(result or [])))

    def close(self) -> None:
        """Let go of the connections; the client may be used again."""
        if self._library is not None:
            self._library.close()

    @property
    def _url(self) -> str:
        return self.access.url.rstrip("/")

    async def _ask(self, call: Callable[[], Any]) -> tuple[Any, tuple[str, ...]]:
        """What a call of the library gives, and the warnings that stood beside it, which the library drops."""
        server = self.access.shown
        try:
            async with self._slots, asyncio.timeout(_TOTAL_SECONDS):
                return await in_thread(lambda: _heard(lambda: _worded(call, server)))
        except TimeoutError:
            raise SignalError(Trouble.SLOW, f"{server} did not answer in {_TOTAL_SECONDS:.0f} s") from None

    def _parse(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except (LookupError, TypeError, ValueError) as error:
            raise SignalError(Trouble.UNREACHABLE, f"{self.access.shown} does not answer as Prometheus does") from error

    def _connected(self) -> Any:
        """The library's client, made in the first thread that asks, because importing it is slow."""
        with self._lock:
            if self._library is None:
                self._library, self._session = _connect(self.access, self._url)
            return self._library


def _connect(access: HttpAccess, url: str) -> tuple[Any, requests.Session]:
    with IMPORTS:
        import requests
        import urllib3
        from prometheus_api_client import PrometheusConnect
        from requests.adapters import HTTPAdapter

    context = ssl_context(access) if url.startswith("https:") else None

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            pools: Any = super()
            pools.init_poolmanager(*args, **kwargs, ssl_context=context)

        def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
            pools: Any = super()
            return pools.proxy_manager_for(proxy, **kwargs, ssl_context=context)

    def check(response: requests.Response, *_: object, **__: object) -> None:
        if not response.is_redirect:
            check_answer(access.shown, response.status_code, response.content)
            _said.warnings = _warnings(response.content)

    if not access.verify:
        # The operator has chosen so; a warning a request would be written across the screen.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    session = requests.Session()
    session.trust_env = not access.loopback
    session.headers.update(access.headers)
    if any(name.lower() == "authorization" for name in access.headers):
        session.auth = _as_given
    session.verify = access.ca_file or access.verify
    session.hooks["response"].append(check)
    library = PrometheusConnect(url=url, session=session, timeout=(CONNECT_SECONDS, READ_SECONDS))
    # In place of the library's own adapter, which retries for seconds and hides the last answer.
    session.mount(url, Adapter(max_retries=0))
    return library, session


def _as_given(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps requests from replacing our credentials by those of a ``.netrc``."""
    return request


def _heard(call: Callable[[], Any]) -> tuple[Any, tuple[str, ...]]:
    _said.warnings = ()
    return call(), _said.warnings


def _warnings(body: bytes) -> tuple[str, ...]:
    """What a server says of an answer of its own, such as a store that Thanos could not reach."""
    if b'"warnings"' not in body:
        return ()
    try:
        answer = json.loads(body)
    except ValueError:
        return ()  # which is told where the answer itself is read
    said = answer.get("warnings") if isinstance(answer, dict) else None
    return tuple(" ".join(str(each).split())[:_LONG_WARNING] for each in said) if isinstance(said, list) else ()


def _worded(call: Callable[[], Any], server: str) -> Any:
    """Run a call of the library; what requests and TLS raise becomes a SignalError."""
    with IMPORTS:
        import requests

    try:
        return call()
    except requests.exceptions.ConnectTimeout:
        reason = f"{server} did not accept a connection in {CONNECT_SECONDS:.0f} s"
        raise SignalError(Trouble.UNREACHABLE, reason) from None
    except requests.exceptions.ReadTimeout:
        raise SignalError(Trouble.SLOW, f"{server} did not answer in {READ_SECONDS:.0f} s") from None
    except requests.exceptions.SSLError as error:
        raise SignalError(Trouble.UNREACHABLE, f"no TLS with {server} ({_root(error)})") from error
    except requests.exceptions.ProxyError as error:
        reason = f"{server} can't be reached through the proxy ({_root(error)})"
        raise SignalError(Trouble.UNREACHABLE, reason) from error
    except requests.exceptions.ConnectionError as error:
        raise SignalError(Trouble.UNREACHABLE, f"{server} can't be reached ({_root(error)})") from error
    except (requests.exceptions.RequestException, OSError) as error:
        raise SignalError(Trouble.UNREACHABLE, f"{server}: {_root(error)}") from error
    except (LookupError, TypeError, ValueError) as error:
        reason = f"{server} does not answer as Prometheus does"
        raise SignalError(Trouble.UNREACHABLE, reason) from error


def _root(error: BaseException) -> str:
    """The innermost cause in words, such as ``Connection refused``, from under the layers of urllib3."""
    seen: BaseException = error
    while (inner := seen.__cause__ or seen.__context__) is not None:
        seen = inner
    return plain(seen)


def _points(result: Any) -> Iterator[Point]:
    if result and not isinstance(result[0], dict):
        yield Point({}, float(result[1]))  # a scalar: [time, "value"]
        return
    for row in result:
        yield Point(row["metric"], float(row["value"][1]))


def _exemplars(result: Any) -> Iterator[Exemplar]:
    for series in result:
        for each in series["exemplars"]:
            named = next((each["labels"][name] for name in TRACE_LABELS if each["labels"].get(name)), "")
            try:
                trace = read_id(str(named), TRACE_DIGITS)
            except ValueError:
                continue  # a label of that name that holds something else
            if trace:
                yield Exemplar(trace, float(each["value"]), float(each["timestamp"]))
