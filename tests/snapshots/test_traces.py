"""The pages of traces as plain text, compared with the committed pictures as the whole screen is."""

from __future__ import annotations

from pathlib import Path

from aurora_tui.model.trace_rows import rows_of
from aurora_tui.model.tracequery import TraceQuery
from aurora_tui.model.traces import Event, Trace, trace_of
from aurora_tui.model.tracetree import tree_of
from tests.pilot import screen
from tests.snapshots.still import MINUTE, NOW, still
from tests.snapshots.test_snapshots import compare, settled
from tests.unit.traceshapes import BEGIN, MILLI, span
from widgets.traces import TracesScreen
from widgets.tracescreen import SpanPage, TraceScreen

QUERY = TraceQuery("aurora-backend", NOW - 8 * MINUTE, NOW)
WHERE = (("k8s.namespace.name", "aurora"), ("k8s.pod.name", "aurora-backend-7dfcb7599b-cpbdg"))


def request(number: int = 1, scale: float = 1.0, *, failed: bool = True) -> Trace:
    """A page that waits for the backend, which asks for a token, for rows that are not there, and tells a queue."""
    late = [scale * each for each in (0, 20, 40, 160, 180, 780, 820, 900)]
    error = 'ERROR: relation "orders_v2" does not exist' if failed else ""
    exception = Event(BEGIN + round(scale * 700 * MILLI), "exception", (("exception.type", "PSQLException"),))
    spans = [
        span("GET /orders", late[0], late[7], service="aurora-frontend", kind="server", failed=failed),
        span(
            "GET /api/orders", late[1], late[6], "GET /orders", service="aurora-backend", kind="server", process=WHERE,
            tags=(("http.response.status_code", "500" if failed else "200"), ("http.route", "/api/orders")),
            events=(exception,) if failed else (), failed=failed, message=error,
        ),
        span("token", late[2], late[3], "GET /api/orders", service="aurora-keycloak", kind="server"),
        span(
            "SELECT orders", late[4], late[5], "GET /api/orders", service="aurora-postgres", kind="client",
            failed=failed, message=error,
        ),
        span("orders viewed", late[5], late[5] + 300, "GET /api/orders", service="aurora-mail", kind="consumer"),
    ]  # fmt: skip
    return trace_of(f"{number:x}" * 32, spans)


async def test_the_list_of_traces_looks_as_it_did(tmp_path: Path) -> None:
    app = still(tmp_path)
    async with app.run_test(size=(120, 36)) as pilot:
        page = TracesScreen("backend", QUERY, clock=app.session.clock)
        await app.push_screen(page)
        traces = [request(number, number / 4, failed=number % 3 == 0) for number in range(1, 9)]
        rows = rows_of(traces, service="aurora-backend", threshold=0.5, exemplars={"5" * 32})
        page.fill(rows, QUERY, ("there are more than the newest 100",), NOW - 40, "exemplars of 1 trace")
        await settled(pilot)
        compare("traces-120x36", screen.lines(app))


async def test_a_trace_looks_as_it_did(tmp_path: Path) -> None:
    app = still(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        page = TraceScreen(request().id, clock=app.session.clock)
        await app.push_screen(page)
        page.fill(tree_of(request()))
        await settled(pilot)
        compare("trace-80x24", screen.lines(app))


async def test_the_page_of_a_span_looks_as_it_did(tmp_path: Path) -> None:
    app = still(tmp_path)
    async with app.run_test(size=(160, 48)) as pilot:
        tree = tree_of(request())
        await app.push_screen(SpanPage(tree, tree.nodes[1], clock=app.session.clock))
        await settled(pilot)
        compare("span-160x48", screen.lines(app))
