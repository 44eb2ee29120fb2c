"""``check``: reach every source once and say what works, what is denied and how to mend it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

import click

from aurora_tui import signing
from aurora_tui.cluster import resources
from aurora_tui.cluster.errors import ClusterError
from aurora_tui.cluster.resources import Resource
from aurora_tui.commands import output
from aurora_tui.folders import state_dir
from aurora_tui.journal import Journal, JournalError
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.frozen import Frozen, asdict
from aurora_tui.model.logfields import NoLogsError
from aurora_tui.model.policies import summary
from aurora_tui.model.text import printable
from aurora_tui.session import Session
from aurora_tui.signalling import Found, locate, locate_alertmanagers
from aurora_tui.signals.alertmanager import AlertmanagerClient
from aurora_tui.signals.elasticsearch import ElasticClient
from aurora_tui.signals.errors import SignalError, Trouble
from aurora_tui.signals.jaeger import JaegerClient
from aurora_tui.signals.logsurvey import survey
from aurora_tui.signals.prometheus import PrometheusClient

if TYPE_CHECKING:
    from aurora_tui.fleet import Opened


class Result(StrEnum):
    OK = "ok"
    ABSENT = "not there"
    DENIED = "denied"
    FAILED = "failed"


class Finding(Frozen):
    """One thing that was tried."""

    check: str
    result: Result
    detail: str


SERVER = "kubernetes"
_RIGHTS: Sequence[tuple[str, Resource, str, str]] = (
    ("list", resources.PODS, "", "see pods"),
    ("watch", resources.PODS, "", "follow pods"),
    ("get", resources.PODS, "log", "read logs"),
    ("list", resources.DEPLOYMENTS, "", "see deployments"),
    ("list", resources.REPLICASETS, "", "see revisions"),
    ("list", resources.EVENTS, "", "see events"),
    ("patch", resources.DEPLOYMENTS, "", "restart and roll back"),
    ("patch", resources.DEPLOYMENTS, "scale", "scale"),
)


async def run(opened: Opened, form: str) -> int:
    """Try everything and print it: 0 all well (what is absent is no fault), 1 a fault, 2 an API server is away."""
    sessions = opened.sessions
    every = [
        (session.context, finding)
        for session, findings in zip(sessions, await asyncio.gather(*map(_findings, sessions)), strict=True)
        for finding in findings
    ]
    several = len(sessions) > 1
    if form == "json":
        output.emit([{**({"context": context} if several else {}), **asdict(each)} for context, each in every])
    else:
        rows = [[context, each.check, each.result.value, printable(each.detail)] for context, each in every]
        lines = [["CONTEXT", "CHECK", "RESULT", "DETAIL"], *rows]
        click.echo(output.align(lines if several else [line[1:] for line in lines]))
    results = {(each.check, each.result) for _, each in every}
    if any(check == SERVER and result is not Result.OK for check, result in results):
        return 2
    return int(any(result in (Result.DENIED, Result.FAILED) for _, result in results))


async def _findings(session: Session) -> list[Finding]:
    findings = [await _server(session)]
    if findings[0].result is Result.OK:
        findings += await _rights(session)
        findings += await asyncio.gather(
            _signal(session, "prometheus", _prometheus),
            _signal(session, "elasticsearch", partial(_elasticsearch, session)),
            _signal(session, "jaeger", _jaeger),
        )
        findings[-2:-2] = await _alertmanagers(session)
    return [*findings, _policies(session), _journal()]


async def _server(session: Session) -> Finding:
    try:
        version = await session.cluster.version()
        user = await session.cluster.user()
    except ClusterError as error:
        result = Result.DENIED if error.status in (401, 403) else Result.FAILED
        return Finding(SERVER, result, str(error))
    server = session.cluster.transport.server
    return Finding(SERVER, Result.OK, f"{version} at {server}, as {user}")


async def _rights(session: Session) -> list[Finding]:
    place = session.namespace
    where = f"namespace {place}" if place else "all namespaces"

    async def ask(verb: str, resource: Resource, subresource: str, purpose: str) -> Finding:
        name = f"right to {purpose}"
        what = f"{verb} {resource.qualified}{'/' + subresource if subresource else ''} in {where}"
        try:
            answer = await session.cluster.may(verb, resource, place, subresource=subresource)
        except ClusterError as error:
            return Finding(name, Result.FAILED, str(error))
        if answer.allowed:
            return Finding(name, Result.OK, what)
        reason = f" ({answer.reason})" if answer.reason else ""
        return Finding(name, Result.DENIED, f"{what}{reason}: ask for a Role that allows it")

    return list(await asyncio.gather(*(ask(*right) for right in _RIGHTS)))


async def _signal(session: Session, name: str, ask: Callable[[HttpAccess], Awaitable[str]]) -> Finding:
    return await _reach(session, name, await locate(name, session.environment, session.cluster, session.home), ask)


async def _alertmanagers(session: Session) -> list[Finding]:
    every = await locate_alertmanagers(session.environment, session.cluster, session.home)
    return list(await asyncio.gather(*(_reach(session, "alertmanager", found, _alertmanager) for found in every)))


async def _reach(session: Session, name: str, found: Found, ask: Callable[[HttpAccess], Awaitable[str]]) -> Finding:
    if found.unsigned:
        return Finding(name, Result.FAILED, f"{found.address}: {found.reason}")
    if found.access is None:
        how = f"set environments.{session.environment.name}.sources.{name} in the settings"
        return Finding(name, Result.ABSENT, f"{found.reason}; {how}")
    unwise = "".join(f"; {words}" for words in signing.warnings(session.environment.credentials.get(name)))
    try:
        return Finding(name, Result.OK, f"{await ask(found.access)} at {found.access.shown}{unwise}")
    except NoLogsError as error:
        return Finding(name, Result.ABSENT, str(error))
    except SignalError as error:
        result = Result.DENIED if error.trouble is Trouble.DENIED else Result.FAILED
        return Finding(name, result, str(error))


async def _prometheus(access: HttpAccess) -> str:
    client = PrometheusClient(access)
    try:
        points = await client.instant("count(up)")
    finally:
        client.close()
    return f"{points[0].value:.0f} targets" if points else "no targets"


async def _alertmanager(access: HttpAccess) -> str:
    async with AlertmanagerClient(access) as client:
        return await client.version()


async def _elasticsearch(session: Session, access: HttpAccess) -> str:
    """Its version and what the logs pane will find: documents, how far behind, which fields."""
    client = ElasticClient(access)
    try:
        version = await client.version()
        try:
            return f"{version}, {await survey(client, session.settings.logs, session.clock())}"
        except NoLogsError as error:
            raise NoLogsError(f"{version} at {access.shown}: {error}") from error
    finally:
        await client.close()


async def _jaeger(access: HttpAccess) -> str:
    async with JaegerClient(access) as client:
        return f"{len(await client.services())} services"


def _policies(session: Session) -> Finding:
    told = summary(session.settings.policies, context=session.context, now=session.clock())
    return Finding("policies", Result.OK, told or f"none for {session.context}")


def _journal() -> Finding:
    folder = state_dir()
    try:
        journal = Journal(folder)
        journal.prepare()
        entries = journal.entries(1)
    except JournalError as error:
        return Finding("journal", Result.FAILED, f"{error}; nothing can be changed without it")
    last = f"last entry {entries[0].id}" if entries else "empty"
    return Finding("journal", Result.OK, f"{folder}, {last}")
