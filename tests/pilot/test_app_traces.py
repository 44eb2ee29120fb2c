"""Traces as the operator comes to them: from an alert, an objective, a pod or a command, on to logs and back."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from aurora_tui.model.frozen import replace
from aurora_tui.model.selection import LogOrigin
from aurora_tui.model.traces import trace_of
from aurora_tui.model.tracetree import tree_of
from aurora_tui.sandbox.addresses import Addresses
from aurora_tui.settings import load_settings
from tests.pilot.console import Console, opened
from widgets.traces import TracesScreen
from widgets.tracescreen import SpanPage, TraceScreen


@pytest.fixture
async def console(bad_release: Addresses) -> AsyncIterator[Console]:
    async with opened(bad_release) as console:
        yield console


async def at_the_failing_statement(console: Console) -> SpanPage:
    """From the alert to the span in which its requests fail first."""
    await console.command("alerts")
    await console.press("slash", *"HighErrorRate.*backend", "enter", "g", "t")
    await console.until("Traces of backend", "failed slow")
    await console.press("enter")
    await console.until("waited for: aurora-postgres")
    await console.press("G", "enter")
    await console.until("nothing below it failed: here it began")
    page = console.app.screen
    assert isinstance(page, SpanPage)
    return page


async def test_from_the_alert_to_its_traces_the_span_that_failed_and_the_lines_it_left(console: Console) -> None:
    app = console.app
    page = await at_the_failing_statement(console)
    assert "Tags:" in console.text and "exception" not in console.text
    trace = page.trace_tree.trace
    await console.press("escape", "k", "k")
    waterfall = app.screen
    assert isinstance(waterfall, TraceScreen) and waterfall.waterfall.node is not None
    assert waterfall.waterfall.node.span.service == "aurora-backend"
    pod = dict(waterfall.waterfall.node.span.process)["k8s.pod.name"]

    await console.press("l")
    await console.until(f"▸Logs pod/{pod}")
    await console.until(lambda: "1/1 hits" in app.logs_pane.tail.status())
    (line,) = [
        line for line in app.logs_pane.buffer.span(app.logs_pane.buffer.first, app.logs_pane.buffer.end)
        if trace in line.text
    ]  # fmt: skip
    assert '"http.response.status_code":500' in line.text

    await console.press("escape")
    await console.until("waited for: aurora-postgres")
    assert isinstance(app.screen, TraceScreen) and app.screen.waterfall.node is not None
    assert app.screen.waterfall.node.span.service == "aurora-backend"
    await console.press("escape")
    await console.until("Traces of backend", "failed slow")
    await console.press("escape")
    await console.until(lambda: app.screen is app.main)


async def failing(console: Console) -> TracesScreen:
    """The page with the failed traces of the backend."""
    await console.command("traces backend")
    await console.until("Traces of backend", "failed slow")
    page = console.app.screen
    assert isinstance(page, TracesScreen)
    return page


async def span_of(console: Console, service: str, process: tuple[tuple[str, str], ...]) -> TraceScreen:
    """A failed trace of the demo, its backend's span told as another one."""
    trace = (await failing(console)).rows[0].trace
    (found,) = [span for span in trace.spans if span.service == "aurora-backend"]
    changed = msgspec.structs.replace(found, service=service, process=process)
    page = TraceScreen(trace.id, clock=console.app.session.clock)
    await console.app.push_screen(page)
    page.fill(tree_of(trace_of(trace.id, [changed])))
    await console.until("1 span")
    return page


async def test_the_lines_of_a_pod_that_is_gone_are_those_that_were_shipped(console: Console) -> None:
    page = await span_of(console, "aurora-backend", (("k8s.pod.name", "gone-1"), ("k8s.namespace.name", "elsewhere")))
    await console.press("l")
    await console.until(lambda: console.app.active is console.app.logs_pane)

    selection = console.app.logs_pane.selection
    assert selection is not None
    assert (selection.source, selection.namespace, selection.pod, selection.trace) == (
        LogOrigin.ELASTICSEARCH, "elsewhere", "gone-1", page.trace
    )  # fmt: skip
    assert selection.since is not None and selection.until is not None and selection.since < selection.until


async def test_of_a_span_that_names_no_pod_the_lines_of_its_trace_are_read_wherever_they_were_written(
    console: Console,
) -> None:
    page = await span_of(console, "nobody", ())
    await console.press("p")
    assert console.app.screen is page, "there is no pod to go to"
    await console.press("l")
    await console.until(lambda: len(console.app.logs_pane.buffer) > 0)

    buffer = console.app.logs_pane.buffer
    assert all(page.trace in line.text for line in buffer.span(buffer.first, buffer.end))
    assert {line.origin.rpartition("-")[0].rpartition("-")[0] for line in buffer.span(buffer.first, buffer.end)} == {
        "aurora-backend"
    }


async def test_without_a_pods_name_the_workload_of_the_spans_service_is_read(console: Console) -> None:
    await span_of(console, "aurora-backend", ())
    await console.press("l")
    await console.until("▸Logs deployment/aurora-backend")


async def test_from_a_span_to_its_pod_and_back_to_the_page_it_was_left_on(console: Console) -> None:
    app = console.app
    page = await at_the_failing_statement(console)
    pod = dict(page.node.span.process)["k8s.pod.name"]

    await console.press("p")
    await console.until(lambda: app.active is app.objects_pane and app.screen is app.main)
    await console.until(lambda: console.under_cursor(app.objects_pane).split()[0] == pod)
    await console.press("escape")
    await console.until("here it began")
    assert isinstance(app.screen, SpanPage)
    assert [type(screen) for screen in app.screen_stack[1:]] == [TracesScreen, TraceScreen, SpanPage]


async def test_the_alerts_onset_is_the_window_that_is_asked_for(console: Console) -> None:
    app = console.app
    await console.command("alerts")
    await console.press("g", "t")
    await console.until("Traces of backend", "failed slow")
    alert, screen = app.alerts_pane.alert(), app.screen
    assert alert is not None and alert.since is not None and isinstance(screen, TracesScreen)
    assert screen.query_asked.begin == alert.since - 300
    assert screen.query_asked.end <= alert.since + 900
    assert all(row.begin / 1e9 <= app.session.clock() for row in screen.rows)


async def test_an_objective_a_workload_and_a_pod_have_the_traces_of_their_service(console: Console) -> None:
    app = console.app
    await console.command("slo")
    await console.press("slash", *"frontend", "enter", "t")
    await console.until("Traces of frontend", "aurora-frontend")
    await console.press("escape")
    await console.command("deploy")
    await console.until("▸Deployments", lambda: bool(app.objects_pane.grid.visible_count))
    await console.press("g", "t")
    await console.until("Traces of backend")
    await console.press("escape")
    await console.command("pods")
    await console.until("▸Pods", lambda: bool(app.objects_pane.grid.visible_count))
    await console.press(*"/keycloak", "enter", "g", "t")
    await console.until("Traces of keycloak", "aurora-keycloak")
    assert isinstance(app.screen, TracesScreen)
    assert app.screen.query_asked.service == "aurora-keycloak"


async def test_the_command_takes_a_service_a_trace_or_what_is_under_the_cursor(console: Console) -> None:
    app = console.app
    await console.command("traces aurora-postgres")
    await console.until("Traces of aurora-postgres", "aurora-frontend")
    assert isinstance(app.screen, TracesScreen)
    trace = app.screen.rows[0].key
    await console.press("escape")
    await console.command(f"traces {trace}")
    await console.until(f"Trace {trace}", "waited for:")
    await console.press("escape")
    await console.command("traces 0123456789abcdef")
    await console.until("has no trace 00000000000000000123456789abcdef: it was not sampled")
    await console.press("escape")
    await console.command("slo")
    await console.command("traces")
    await console.until("Traces of ")
    await console.press("escape")
    await console.until(lambda: app.screen is app.main)


async def test_a_log_line_leads_to_the_trace_that_it_names(console: Console) -> None:
    app = console.app
    await console.command("logs")

    def failed() -> list[str]:
        buffer = app.logs_pane.buffer
        lines = (line.text for line in buffer.span(buffer.first, buffer.end))
        return [text for text in lines if '"http.response.status_code":500' in text]

    await console.until(lambda: bool(failed()))
    trace = json.loads(failed()[0])["trace.id"]

    await app.run_action(f"app.trace_of_line({trace!r})")

    await console.until(f"Trace {trace}", "waited for: aurora-postgres")


async def test_from_the_page_of_a_log_line_over_its_trace_to_the_log_again(console: Console) -> None:
    app = console.app
    await console.command("logs")
    await console.until(lambda: len(app.logs_pane.buffer) > 100)
    await console.press(*'/status_code":500\r')
    await console.until(lambda: bool(re.search(r"\d hits", console.title(app.logs_pane))))
    await console.press("n", "enter")
    await console.until("trace.id")
    await console.press("t")
    await console.until("waited for: aurora-postgres")

    await console.press("j", "l")
    await console.until(lambda: app.screen is app.main and app.active is app.logs_pane)
    assert app.logs_pane.selection is not None and app.logs_pane.selection.pod is not None
    await console.press("escape")
    await console.until("waited for: aurora-postgres")
    await console.press("escape")
    await console.until(lambda: app.screen is app.main)


async def test_a_service_that_is_not_traced_is_told_with_those_that_are(console: Console) -> None:
    await console.command("traces nosuch")
    await console.until(lambda: "Jaeger knows no service 'nosuch': it knows aurora-backend" in flat(console))


async def test_what_has_no_traces_of_its_own_says_so(console: Console) -> None:
    await console.command("logs")
    await console.command("nodes")
    await console.until("▸Nodes")
    await console.press("t")
    assert console.app.screen is console.app.main


async def test_the_exemplars_of_prometheus_mark_the_traces_they_name(console: Console) -> None:
    await console.command("traces backend")
    await console.until("exemplars of 10 traces")
    screen = console.app.screen
    assert isinstance(screen, TracesScreen)
    marked = sum(row.exemplar for row in screen.rows)
    assert 5 <= marked <= 10  # five are read that the search did not find: it takes only the newest
    assert (f"exemplars of 10 traces, {marked} of them here" in flat(console)) == (marked < 10)
    await console.press("slash", *"exemplar", "enter")
    await console.until(f"Traces of backend  {marked} of ")


async def test_without_a_jaeger_it_says_how_to_give_one(bad_release: Addresses) -> None:
    environments = load_settings(Path(bad_release.config), environ={}).environments
    off = tuple(replace(each, sources=replace(each.sources, jaeger="off")) for each in environments)
    async with opened(bad_release, environments=off) as console:
        await console.command("traces backend")
        await console.until("not configured: no Jaeger: switched off in the settings")
        assert "set environments.prod.sources.jaeger to http(s)://HOST" in flat(console)


async def test_a_jaeger_that_is_away_is_told_and_the_panes_go_on(bad_release: Addresses) -> None:
    environments = load_settings(Path(bad_release.config), environ={}).environments
    nowhere = tuple(replace(each, sources=replace(each.sources, jaeger="http://127.0.0.1:9")) for each in environments)
    async with opened(bad_release, environments=nowhere) as console:
        await console.command("traces backend")
        await console.until("down: http://127.0.0.1:9 can't be reached (Connection refused)")
        await console.press("escape")
        await console.until("● kube  ● slos  ● alerts")


def flat(console: Console) -> str:
    """The screen's words without its line breaks."""
    return " ".join(console.text.split())


async def test_a_span_leads_to_what_changed_around_it_and_to_its_pod_described(console: Console) -> None:
    await console.until("m mend it, ⏎ why  deployment/aurora-backend")
    await console.press("t")
    await console.until("aurora-frontend GET")
    await console.press("enter")
    await console.until("waited for: ")
    await console.press("j", "w")
    await console.until("What changed  deployment/aurora-backend  ns aurora  onset ")
    await console.press("escape", "enter")
    await console.until("Span aurora-backend")
    await console.press("w")
    await console.until("What changed  deployment/aurora-backend")
    await console.press("escape", "d")
    await console.until("describe pod/aurora-backend-")
