"""``get`` and ``status``: the rows of the panes, read once and printed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from aurora_tui.cluster import resources
from aurora_tui.cluster.errors import ClusterError, ForbiddenError, NotFoundError
from aurora_tui.commands import output
from aurora_tui.commands.output import Listing
from aurora_tui.commands.signalrows import list_alerts, list_slos
from aurora_tui.commands.together import together
from aurora_tui.model import argo, kube, views, workloads
from aurora_tui.model.alerts import AlertState
from aurora_tui.model.columns import Cell, Column
from aurora_tui.model.filters import Filter, parse_filter
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.pod_status import summarize
from aurora_tui.model.printing import NAMESPACE_COLUMN
from aurora_tui.model.slo import BLIND, SloState
from aurora_tui.model.text import printable
from aurora_tui.model.views import View
from aurora_tui.session import Session

if TYPE_CHECKING:
    from aurora_tui.fleet import Opened

HEALTHY, BURNING, UNKNOWN = 0, 1, 2
_KIND: Column[Any] = Column("KIND", lambda row, _: Cell(type(row).__name__), lambda row: type(row).__name__)


async def list_objects(session: Session, view: View, *, wide: bool = False, labels: str = "") -> Listing:
    """Read one kind once, as `kubectl get` does."""
    resource = resources.find(view.table)
    assert resource is not None
    chosen = _label_filter(labels)
    table = session.store.table(view.table)
    trouble = ""
    namespace = session.namespace
    try:
        await session.cluster.reflector(resource, namespace, table, session.clock).read()
    except ForbiddenError as error:
        if namespace is not None or not view.namespaced:
            raise
        trouble = f"{error}; only namespace {session.home} is shown"
        await session.cluster.reflector(resource, session.home, table, session.clock).read()
    except NotFoundError as error:
        raise NotFoundError(resource.missing()) from error
    rows = sorted(table.rows.values(), key=_order)
    if chosen is not None:
        rows = [row for row in rows if chosen.matches("", row.metadata.labels or {})]
    columns = [column for column in view.columns if wide or not column.wide]
    if namespace is None and view.namespaced:
        columns.insert(0, NAMESPACE_COLUMN)
    return Listing(columns, rows, raw_object, trouble)


def _label_filter(labels: str) -> Filter | None:
    if not labels:
        return None
    chosen = parse_filter(f"-l {labels}")
    if chosen.remark:
        raise click.UsageError(chosen.remark)
    return chosen


def _order(row: Any) -> str:
    """The order of the API server's keys: of namespaces ``a`` and ``a-b`` the second one comes first."""
    return f"{row.metadata.namespace or ''}/{row.metadata.name}"


def raw_object(row: Any) -> Mapping[str, Any]:
    """The figures behind a row of a Kubernetes object."""
    meta = row.metadata
    raw: dict[str, Any] = {
        "uid": meta.uid,
        "created": meta.creation_timestamp.isoformat() if meta.creation_timestamp else None,
        "labels": meta.labels or {},
    }
    if hasattr(row, "status") and hasattr(row.status, "container_statuses"):
        summary = summarize(row)
        raw |= {"ready": summary.ready, "containers": summary.total, "restarts": summary.restarts}
    elif type(row).__name__ in ("Deployment", "StatefulSet", "DaemonSet"):
        raw |= {
            "desired": workloads.desired(row),
            "ready": workloads.ready(row),
            "updated": workloads.updated(row),
            "available": workloads.available(row),
        }
    elif isinstance(row, kube.Rollout):
        phase, message = argo.phase(row)
        raw |= {
            "desired": argo.desired(row),
            "ready": row.status.ready_replicas,
            "updated": row.status.updated_replicas,
            "available": row.status.available_replicas,
            "phase": phase,
            "message": message,
            "weight": argo.weight(row),
            "aborted": row.status.abort,
        }
    return raw


async def get(opened: Opened, what: str, form: str, labels: str) -> int:
    """Print one kind of rows, of all contexts together; 2 where a source could not be asked."""
    if labels and what in ("slo", "slos", "alert", "alerts"):
        raise click.UsageError(f"{what} have no Kubernetes labels to select by")
    session, *others = opened.sessions
    listing = await together(opened.sessions, lambda each: _listing(each, what, wide=form == "wide", labels=labels))
    now = session.clock()
    if form == "json":
        output.emit(output.objects(listing.columns, listing.rows, now, listing.raw))
    elif listing.rows:
        click.echo(output.table(listing.columns, listing.rows, now))
    elif not listing.trouble:
        where = "" if session.namespace is None else f" in namespace {session.namespace}"
        click.echo(printable(f"No {what} found{where}."), err=True)
    if listing.trouble:
        click.echo(f"aurora-tui: {printable(listing.trouble)}", err=True)
    # Of several contexts one that is missing is not made good by the rows of the others.
    return UNKNOWN if listing.trouble and (others or not listing.rows) else HEALTHY


async def _listing(session: Session, what: str, *, wide: bool, labels: str) -> Listing:
    if what in ("slo", "slos"):
        return await list_slos(session)
    if what in ("alert", "alerts"):
        return await list_alerts(session)
    if what in ("workload", "workloads"):
        return await _workloads(session, wide=wide, labels=labels)
    view = views.named(what)
    if view is None:
        kinds = ", ".join(view.names[0] for view in views.VIEWS)
        raise click.UsageError(f"no rows called {what!r}; there are workloads, slos, alerts, {kinds}")
    return await list_objects(session, view, wide=wide, labels=labels)


async def _workloads(session: Session, *, wide: bool = False, labels: str = "") -> Listing:
    """Deployments, StatefulSets and DaemonSets in one list."""
    listings = [await list_objects(session, view, wide=wide, labels=labels) for view in views.WORKLOADS]
    rows = [row for listing in listings for row in listing.rows]
    columns: list[Column[Any]] = [
        _KIND,
        *(column for column in listings[0].columns if column.heading in ("NAMESPACE", "NAME", "AGE")),
    ]
    columns[-1:-1] = [
        Column("READY", lambda row, _: Cell(f"{workloads.ready(row)}/{workloads.desired(row)}"), workloads.ready),
        Column("UP-TO-DATE", lambda row, _: Cell(str(workloads.updated(row))), workloads.updated),
        Column("AVAILABLE", lambda row, _: Cell(str(workloads.available(row))), workloads.available),
    ]
    trouble = "; ".join(dict.fromkeys(listing.trouble for listing in listings if listing.trouble))
    return Listing(columns, rows, raw_object, trouble)


class _Status(Frozen):
    """How a context stands: what is bad, of what was read, and what is not known, by section."""

    code: int
    bad: Mapping[str, Sequence[Any]]
    sections: Mapping[str, Listing]
    unknown: Mapping[str, str]


async def status(opened: Opened, form: str) -> int:
    """One shot for scripts and the tired: 0 healthy, 1 something burns, 2 can't tell; of several the worst."""
    sessions = opened.sessions
    found = await asyncio.gather(*map(_look, sessions))
    if form == "json":
        answers = [_as_json(session, each) for session, each in zip(sessions, found, strict=True)]
        output.emit(answers if len(answers) > 1 else answers[0])
    else:
        for number, (session, each) in enumerate(zip(sessions, found, strict=True)):
            if number:
                click.echo()
            _print_status(session, each)
    codes = {each.code for each in found}
    return next(code for code in (BURNING, UNKNOWN, HEALTHY) if code in codes)


async def _look(session: Session) -> _Status:
    firing, objectives, broken = await asyncio.gather(
        list_alerts(session), list_slos(session), _broken(session), return_exceptions=True
    )
    sections: dict[str, Listing] = {}
    unknown: dict[str, str] = {}
    for name, found in (("alerts", firing), ("slos", objectives), ("workloads", broken)):
        if isinstance(found, ClusterError):
            unknown[name] = str(found)
        elif isinstance(found, BaseException):
            raise found
        else:
            sections[name] = found
            if found.trouble:
                unknown[name] = found.trouble
    bad = {
        "alerts": [row for row in _rows(sections, "alerts") if row.state is AlertState.FIRING],
        # Longer windows still call for a page half an hour after it is over: that is for `get slos` and the pane.
        "slos": [row for row in _rows(sections, "slos") if row.state is SloState.BURNING],
        "workloads": list(_rows(sections, "workloads")),
    }
    # An objective of somebody else's service, which another program records here, is no riddle of ours.
    ours = {service.name for service in session.settings.services}
    blind = [row for row in _rows(sections, "slos") if row.state in BLIND and row.service in ours]
    if blind and "slos" not in unknown:
        unknown["slos"] = f"no data for {', '.join(row.key for row in blind)}"
    code = BURNING if any(bad.values()) else UNKNOWN if unknown else HEALTHY
    return _Status(code, bad, sections, unknown)


def _rows(sections: Mapping[str, Listing], name: str) -> Sequence[Any]:
    return sections[name].rows if name in sections else ()


async def _broken(session: Session) -> Listing:
    listing = await _workloads(session)
    now = session.clock()
    rows = [row for row in listing.rows if workloads.faulty(row, now)]
    return Listing(listing.columns, rows, listing.raw, listing.trouble)


_WORDS = {HEALTHY: "healthy", BURNING: "burning", UNKNOWN: "unknown"}


def _as_json(session: Session, found: _Status) -> Mapping[str, Any]:
    answer: dict[str, Any] = {
        "context": session.context,
        "status": _WORDS[found.code],
        "unknown": dict(found.unknown),
    }
    for name, rows in found.bad.items():
        listing = found.sections.get(name)
        answer[name] = output.objects(listing.columns, rows, session.clock(), listing.raw) if listing else None
    return answer


def _print_status(session: Session, found: _Status) -> None:
    now, bad, unknown = session.clock(), found.bad, found.unknown
    scope = "all namespaces" if session.namespace is None else f"namespace {session.namespace}"
    click.echo(printable(f"{session.environment.title} {session.context} · {scope} · {_WORDS[found.code]}"))
    titles = {"alerts": "firing alerts", "slos": "objectives missed or burning", "workloads": "broken workloads"}
    for name, title in titles.items():
        if bad[name]:
            click.echo(f"\n{title}:")
            click.echo(output.table(found.sections[name].columns, bad[name], now))
        elif name not in unknown:
            click.echo(f"no {title}")
        if name in unknown:
            click.echo(f"{name}: can't tell: {printable(unknown[name])}")
