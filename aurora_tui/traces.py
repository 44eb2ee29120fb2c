"""Traces of a service, read for the page and the command line: searches, exemplars, and what to say of none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aurora_tui.model.definitions import ObjectiveKind, Service
from aurora_tui.model.exemplars import exemplar_query
from aurora_tui.model.freshness import SourceState
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.selection import TraceSelection
from aurora_tui.model.text import listed
from aurora_tui.model.trace_rows import TraceRow, rows_of
from aurora_tui.model.tracequery import LIMIT, TraceQuery
from aurora_tui.model.traces import Trace
from aurora_tui.session import Session
from aurora_tui.settings import Settings
from aurora_tui.signalling import locate
from aurora_tui.signals.errors import SignalError, Trouble
from aurora_tui.signals.jaeger import JaegerClient, TraceNotFoundError
from aurora_tui.signals.prometheus import PrometheusClient

HOUR = 3600.0
_EXEMPLARS = 5
"""Traces that exemplars name and the search did not find, read one by one: those of the greatest values."""
_NO_EXEMPLARS = "no exemplars (Prometheus keeps them with --enable-feature=exemplar-storage)"
_SERVICES = 12


class TracesError(Exception):
    """Nothing can be shown: the text says why, `state` what the source is in."""

    def __init__(self, state: SourceState, words: str) -> None:
        super().__init__(words)
        self.state = state


class Findings(Frozen):
    """What a query found at a time, worst first; `remarks` say what may be missing, `exemplars` what of those."""

    rows: tuple[TraceRow, ...]
    query: TraceQuery
    remarks: tuple[str, ...]
    at: float
    exemplars: str = ""


def traced_service(settings: Settings, name: str) -> Service | None:
    """The service of the settings that a name means: its own, or the one it has in Jaeger."""
    known = settings.services
    return next((each for each in known if each.name == name), None) or next(
        (each for each in known if each.traced_as == name), None
    )


def query_of(settings: Settings, selection: TraceSelection, now: float) -> TraceQuery:
    """What is asked first for a selection: its window, or the last hour."""
    named = selection.service or ""
    service = traced_service(settings, named)
    end = selection.end if selection.end is not None else now
    begin = selection.begin if selection.begin is not None else end - HOUR
    return TraceQuery(service.traced_as if service is not None else named, begin, end)


class TraceReader:
    """Reads from a session's Jaeger, which is looked for when it is first asked, and again while it is not found."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._jaeger: JaegerClient | None = None
        self._prometheus: PrometheusClient | None = None

    async def find(self, query: TraceQuery) -> Findings:
        """The newest, the failed and the slow traces of a window, and those that exemplars name. Raises TracesError."""
        service = traced_service(self._session.settings, query.service)
        threshold = _threshold(service)
        client = await self._client()
        more = []
        if not query.failed:
            more.append(query.only_failed(True))
            if threshold is not None and threshold > query.shortest:
                more.append(query.of_at_least(threshold))
        try:
            newest, others = await asyncio.gather(
                client.find(query), asyncio.gather(*(_unless_refused(client, each) for each in more))
            )
            found = {trace.id: trace for answer, _ in others for trace in answer}
            found |= {trace.id: trace for trace in newest}
            remarks = [*_cut(newest, query), *dict.fromkeys(remark for _, remark in others if remark)]
            pointed, exemplars = await self._exemplars(service, query)
            if not query.failed and not query.shortest:
                found |= await self._read(client, [each for each in pointed if each not in found])
            if not found:
                remarks += await _unknown(client, query)
        except SignalError as error:
            raise self._failure(error) from error
        if (shown := sum(each in found for each in pointed)) < len(pointed):
            exemplars += f", {shown:,} of them here"
        rows = rows_of(found.values(), service=query.service, threshold=threshold, exemplars=frozenset(pointed))
        return Findings(tuple(rows), query, tuple(remarks), self._session.clock(), exemplars)

    async def trace(self, trace_id: str) -> Trace:
        """One trace. Raises TracesError, also where there is none such."""
        client = await self._client()
        try:
            return await client.trace(trace_id)
        except TraceNotFoundError as error:
            words = f"{error}: it was not sampled, is not stored yet, or is older than what is kept"
            raise TracesError(SourceState.LIVE, words) from error
        except SignalError as error:
            raise self._failure(error) from error

    async def close(self) -> None:
        """Let go of the connections."""
        if self._jaeger is not None:
            await self._jaeger.close()
        if self._prometheus is not None:
            self._prometheus.close()
        self._jaeger = self._prometheus = None

    async def _client(self) -> JaegerClient:
        if self._jaeger is None:
            session = self._session
            found = await locate("jaeger", session.environment, session.cluster, session.home)
            if found.access is None:
                state = SourceState.DOWN if found.unreachable else SourceState.UNCONFIGURED
                how = f"set environments.{session.environment.name}.sources.jaeger to http(s)://HOST, "
                how += "svc/NAMESPACE/NAME:PORT or auto in ~/.config/aurora-tui/config.yaml"
                raise TracesError(state, f"no Jaeger: {found.reason}; {how}")
            self._jaeger = JaegerClient(found.access)
        return self._jaeger

    def _failure(self, error: SignalError) -> TracesError:
        state = SourceState.DENIED if error.trouble is Trouble.DENIED else SourceState.DOWN
        return TracesError(state, str(error))

    async def _read(self, client: JaegerClient, traces: Sequence[str]) -> dict[str, Trace]:
        """Those of some traces that Jaeger has."""
        asked = traces[:_EXEMPLARS]
        answers = await asyncio.gather(*map(client.trace, asked), return_exceptions=True)
        return {name: each for name, each in zip(asked, answers, strict=True) if isinstance(each, Trace)}

    async def _exemplars(self, service: Service | None, query: TraceQuery) -> tuple[list[str], str]:
        """The traces that the exemplars of the service's latency name, the slowest first, and a word on them."""
        promql = exemplar_query(service) if service is not None else None
        if promql is None:
            return [], ""
        try:
            if self._prometheus is None:
                session = self._session
                found = await locate("prometheus", session.environment, session.cluster, session.home)
                if found.access is None:
                    return [], ""
                self._prometheus = PrometheusClient(found.access)
            exemplars = await self._prometheus.exemplars(promql, query.begin, query.end)
        except SignalError as error:
            return [], f"no exemplars: {error}"
        if not exemplars:
            return [], _NO_EXEMPLARS
        traces = list(dict.fromkeys(each.trace for each in sorted(exemplars, key=lambda each: -each.value)))
        return traces, f"exemplars of {len(traces):,} trace{'s' if len(traces) > 1 else ''}"


async def _unless_refused(client: JaegerClient, query: TraceQuery) -> tuple[list[Trace], str]:
    """What a further search finds, or why it found nothing: the page does without."""
    try:
        return await client.find(query), ""
    except SignalError as error:
        return [], f"some may be missing ({query}): {error}"


def _threshold(service: Service | None) -> float | None:
    """The latency in seconds that the service's objective allows."""
    kinds = service.objectives if service is not None else ()
    return next((each.threshold for each in kinds if each.kind is ObjectiveKind.LATENCY), None)


def _cut(newest: Sequence[Trace], query: TraceQuery) -> list[str]:
    if len(newest) < query.limit:
        return []
    return [f"there are more than the newest {LIMIT}: narrow the time or ask for a longer duration"]


async def _unknown(client: JaegerClient, query: TraceQuery) -> list[str]:
    """Whether Jaeger knows the service at all, said with those that it does know."""
    services = await client.services()
    if query.service in services:
        return []
    known = f"it knows {listed(services, _SERVICES)}" if services else "it knows none at all"
    return [f"Jaeger knows no service {query.service!r}: {known} (services.NAME.traces in the settings names it)"]
