"""Reads a situation part by part, each bounded in time and bytes and failing alone, and remembers what it read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any

from aurora_tui.cluster import resources
from aurora_tui.cluster.errors import ClusterError
from aurora_tui.incident.changes import acted, between, changes_of, journalled, list_objects
from aurora_tui.incident.measuring import read_figures, read_loads
from aurora_tui.incident.podlogs import read_logs
from aurora_tui.incident.situation import ContainerLog, Part, Situation, Subject
from aurora_tui.incident.storedlogs import read_replaced
from aurora_tui.incident.subject import traces_around
from aurora_tui.model.changes import ChangeKind
from aurora_tui.model.frozen import replace
from aurora_tui.session import Session
from aurora_tui.signals.prometheus import PrometheusClient
from aurora_tui.traces import TraceReader, TracesError, query_of

Read = tuple[Part, dict[str, Any], str]
"""A part, the fields that it fills, and what keeps it from being whole."""

_MORE = (resources.CLAIMS, resources.ROLLOUTS, resources.BUDGETS, resources.QUOTAS)
"""Read whole: rules look at what budgets and quotas allow, where changes only tell who edited them."""
_CONFIGS = 5
"""Edited ConfigMaps that are read whole."""


class SituationReader:
    """Reads the situation of one subject, again and again; the connections stay."""

    def __init__(self, session: Session, subject: Subject) -> None:
        self._session = session
        self._traces = TraceReader(session)
        self._prometheus: PrometheusClient | None = None
        self._replaced: tuple[float | None, tuple[ContainerLog, ...]] | None = None
        """The onset, and the logs from before it of pods that are no more: they do not change."""
        self.situation = self._begin(subject)
        """What is known so far."""

    async def close(self) -> None:
        await self._traces.close()
        if self._prometheus is not None:
            self._prometheus.close()

    def _begin(self, subject: Subject) -> Situation:
        settings = self._session.settings
        blank = Situation(self._session.clock(), subject, settings.triage, settings.services)
        return replace(blank, sli_window=settings.sli_window.total_seconds(), **self._signals())

    def _signals(self) -> dict[str, Any]:
        store = self._session.store
        return {"slos": tuple(store.table("slos").rows.values()), "alerts": tuple(store.table("alerts").rows.values())}

    async def read(self, subject: Subject | None = None) -> AsyncGenerator[Situation]:
        """Yield what is known whenever a part has come; of a part that fails what was known before stays."""
        self.situation = replace(
            self.situation,
            now=self._session.clock(),
            subject=subject or self.situation.subject,
            **self._signals(),
        )
        yield self.situation
        tasks = [asyncio.create_task(work) for work in (self._objects(), self._metrics(), self._read_traces())]
        try:
            waiting = set(tasks)
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    part, fields, trouble = task.result()
                    known = {**self.situation.parts, part: trouble}
                    self.situation = replace(self.situation, **fields, parts=known)
                    if part is Part.OBJECTS:
                        waiting |= {asyncio.create_task(work) for work in (self._changes(), self._logs())}
                        tasks += waiting
                yield self.situation
        finally:
            for task in tasks:
                task.cancel()

    async def _bounded(self, part: Part, work: Coroutine[Any, Any, Read]) -> Read:
        patience = self._session.settings.triage.patience
        try:
            async with asyncio.timeout(patience):
                return await work
        except TimeoutError:
            return part, {}, f"no answer within {patience:.0f} s"

    async def _objects(self) -> Read:
        async def work() -> Read:
            session, subject = self._session, self.situation.subject
            listed, remarks = await list_objects(session.cluster, subject.namespace, _MORE)
            return Part.OBJECTS, {"listed": listed}, "; ".join(remarks)

        return await self._bounded(Part.OBJECTS, work())

    async def _changes(self) -> Read:
        async def work() -> Read:
            known = self.situation
            subject, look_back = known.subject, known.limits.look_back
            entries, trouble = await journalled(self._session)
            middle = subject.onset if subject.onset is not None else known.now
            told = (
                *changes_of(known.listed, subject.namespace),
                *acted(entries, self._session.context, subject.namespace),
            )
            rows = between(told, known.listed, onset=middle, begin=middle - look_back, end=known.now, ref=subject.ref)
            edited = [each.ref.name for each in rows if each.kind is ChangeKind.EDIT and each.ref.kind == "ConfigMap"]
            listed = {**known.listed}
            whole = await self._configs(tuple(dict.fromkeys(edited))[:_CONFIGS])
            others = [each for each in listed.get("ConfigMap", ()) if each["metadata"]["name"] not in whole]
            listed["ConfigMap"] = [*others, *whole.values()]
            return Part.CHANGES, {"changes": rows, "listed": listed}, trouble

        return await self._bounded(Part.CHANGES, work())

    async def _configs(self, names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
        """Edited ConfigMaps as they are now: only they can be held against what was applied last."""
        cluster, namespace = self._session.cluster, self.situation.subject.namespace
        asked = (cluster.get(resources.CONFIGMAPS, namespace, name) for name in names)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, ClusterError):
                raise answer
        return {name: each for name, each in zip(names, answers, strict=True) if isinstance(each, dict)}

    async def _logs(self) -> Read:
        logs, trouble = await read_logs(self._session.cluster, self.situation)
        known = replace(self.situation, logs=logs)
        onset = self.situation.onset
        if self._replaced is None or self._replaced[0] != onset:
            earlier, silent = await read_replaced(self._session, known)
            self._replaced = (onset, earlier) if earlier else None
            trouble = "; ".join(filter(None, (trouble, silent)))
        earlier = self._replaced[1] if self._replaced is not None else ()
        return Part.LOGS, {"logs": (*logs, *earlier)}, trouble

    async def _metrics(self) -> Read:
        async def work() -> Read:
            (loads, away), (figures, silent) = await asyncio.gather(
                read_loads(self._session.cluster, self.situation.subject.namespace), self._figures()
            )
            fields = {name: value for name, value in (("loads", loads), ("figures", figures)) if value is not None}
            return Part.METRICS, fields, "; ".join(filter(None, (away, silent)))

        return await self._bounded(Part.METRICS, work())

    async def _figures(self) -> tuple[Any, str]:
        from aurora_tui.signalling import locate

        if self._prometheus is None:
            session = self._session
            found = await locate("prometheus", session.environment, session.cluster, session.home)
            if found.access is None:
                return None, f"Prometheus: {found.reason}"
            self._prometheus = PrometheusClient(found.access)
        return await read_figures(self._prometheus, self.situation)

    async def _read_traces(self) -> Read:
        async def work() -> Read:
            known = self.situation
            around = traces_around(known.subject, known.now)
            if around is None:
                return Part.TRACES, {}, "it is no service of the settings"
            query = query_of(self._session.settings, around, known.now)
            try:
                found = await self._traces.find(query)
            except TracesError as error:
                return Part.TRACES, {}, str(error)
            return Part.TRACES, {"traces": found.rows}, "" if found.rows else "; ".join(found.remarks)

        return await self._bounded(Part.TRACES, work())


async def situation_of(session: Session, subject: Subject) -> Situation:
    """Everything there is to read about a subject, once."""
    reader = SituationReader(session, subject)
    try:
        async with aclosing(reader.read()) as parts:
            async for _ in parts:
                pass
        return reader.situation
    finally:
        await reader.close()
