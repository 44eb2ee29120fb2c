"""Traces of a real Jaeger: both of its APIs, the program's commands, and the pages of the screen."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import yaml

from aurora_tui.app import AuroraApp
from aurora_tui.cluster.kubeconfig import choose
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.tracequery import TraceQuery
from aurora_tui.model.traces import Trace
from aurora_tui.model.tracetree import tree_of
from aurora_tui.session import Session
from aurora_tui.settings import load_settings
from aurora_tui.signals.jaeger import JaegerClient, TraceNotFoundError
from tests.live.conftest import Eventually, Kubectl
from tests.live.exemplars import Measured, measured
from tests.live.jaeger import Jaeger
from tests.live.manifests import NAMESPACE
from tests.live.otlpspans import MILLI, Sent
from tests.live.program import Program
from tests.pilot.console import Console

pytest_plugins = ("tests.live.fixtures",)

HOUR = 3600


@pytest.fixture
async def clients(jaeger: Jaeger) -> AsyncIterator[tuple[JaegerClient, JaegerClient]]:
    """One client on version 3 of the API and one on version 1."""
    async with JaegerClient(HttpAccess(jaeger.url)) as three, JaegerClient(HttpAccess(jaeger.url)) as one:
        one._version = 1
        yield three, one


@pytest.fixture
def service() -> str:
    """A service of this test's own: the tests share one Jaeger."""
    return f"api-{secrets.token_hex(4)}"


def shaped(service: str) -> Sent:
    """A trace of every shape that the model tells apart."""
    sent = Sent()
    web = {"k8s.pod.name": "web-1", "host.name": "node-a"}
    root = sent.add(
        "web", "GET /", 0, 100, kind="server", process=web,
        tags={"int": 1, "big": 2**62, "float": 2.5, "bool": True, "text": "x", "list": ["p", 1], "bytes": b"abc"},
    )  # fmt: skip
    call = sent.add(
        service, "call", 10, 60, root, kind="server", error="boom",
        events=[(20, "exception", {"exception.type": "E", "exception.message": "boom"})],
    )  # fmt: skip
    sent.add(service, "SELECT", 20, 50, call, kind="client", error="", tags={"db.system": "postgresql"})
    sent.add(service, "ok", 60, 90, root, ok=True)
    sent.add(service, "lost", 30, 40, "00000000000000aa", links=[("f" * 32, "e" * 16, {})])
    sent.add(service, "linked", 70, 80, links=[(sent.trace, call, {})])
    follows = {"opentracing.ref_type": "follows_from"}
    sent.add(service, "follows", 70, 140, root, links=[(sent.trace, root, follows)])
    sent.add("queue", "consume", 80, 300, call, kind="consumer")
    return sent


async def test_both_apis_give_the_same_trace(
    jaeger: Jaeger, service: str, clients: tuple[JaegerClient, JaegerClient]
) -> None:
    sent = shaped(service)
    jaeger.send(sent.wire())
    three, one = clients

    found = await three.trace(sent.trace)
    assert found == await one.trace(sent.trace)
    assert (three.api, one.api) == ("v3", "v1")
    query = TraceQuery(service, time.time() - HOUR, time.time())
    assert await three.find(query) == await one.find(query) == [found]
    assert set(await three.services()) == set(await one.services()) >= {"web", service, "queue"}
    assert await three.operations(service) == await one.operations(service)
    assert await three.operations(service) == sorted(["call", "SELECT", "ok", "lost", "linked", "follows"])

    root = next(span for span in found.spans if span.operation == "GET /")
    assert dict(root.tags) == {
        "int": "1", "big": str(2**62), "float": "2.5", "bool": "true", "text": "x", "list": '["p",1]', "bytes": "YWJj",
        "otel.scope.name": "tests", "otel.scope.version": "1.0",
    }  # fmt: skip
    assert dict(root.process) == {"k8s.pod.name": "web-1", "host.name": "node-a"}


async def test_the_tree_and_the_critical_path_are_those_of_what_was_sent(
    jaeger: Jaeger, service: str, clients: tuple[JaegerClient, JaegerClient]
) -> None:
    sent = shaped(service)
    jaeger.send(sent.wire())

    tree = tree_of(await clients[0].trace(sent.trace))

    about = {node.span.operation: node for node in tree.nodes}
    assert {name for name, node in about.items() if node.orphan} == {"lost"}
    assert {name for name, node in about.items() if node.cause} == {"SELECT"}
    assert {name for name, node in about.items() if node.span.follows} == {"follows", "linked"}
    assert about["call"].fails_below and about["GET /"].fails_below and not about["GET /"].span.failed
    sections = sorted(
        ((begin - sent.begin) // MILLI, (end - sent.begin) // MILLI, node.span.operation)
        for node in tree.nodes
        for begin, end in node.critical
    )
    assert sections == [
        (0, 10, "GET /"),
        (10, 20, "call"),
        (20, 50, "SELECT"),
        (50, 60, "call"),
        (60, 90, "ok"),
        (90, 100, "GET /"),
    ]


@pytest.fixture
def twelve(jaeger: Jaeger, service: str) -> list[Sent]:
    """Twelve traces, each 100 ms longer than the one before; every third failed; the last one is hours old."""
    found = []
    for number in range(12):
        sent = Sent()
        if number == 11:
            sent.begin -= 5 * HOUR * 1000 * MILLI
        failed = "boom" if number % 3 == 0 else None
        sent.add(service, f"op {number % 2}", 0, 100 * (number + 1), kind="server", error=failed)
        jaeger.send(sent.wire())
        found.append(sent)
    return found


@pytest.mark.parametrize("version", [3, 1])
async def test_a_search_finds_what_was_sent_and_nothing_else(
    version: int, twelve: list[Sent], service: str, clients: tuple[JaegerClient, JaegerClient]
) -> None:
    client = clients[0] if version == 3 else clients[1]
    now = time.time()
    query = TraceQuery(service, now - HOUR, now)

    async def find(asked: TraceQuery) -> set[int]:
        found: list[Trace] = await client.find(asked)
        return {[sent.trace for sent in twelve].index(trace.id) for trace in found}

    assert await find(query) == set(range(11))
    assert await find(query.of_at_least(0.75)) == {7, 8, 9, 10}
    assert await find(query.only_failed(True)) == {0, 3, 6, 9}
    assert await find(query.of_at_least(0.75).only_failed(True)) == {9}
    assert await find(TraceQuery(service, now - HOUR, now, operation="op 0")) == {0, 2, 4, 6, 8, 10}
    assert len(await find(TraceQuery(service, now - HOUR, now, limit=4))) == 4
    assert await find(TraceQuery(service, now - 6 * HOUR, now - 4 * HOUR)) == {11}
    assert await find(TraceQuery("nosuch", now - HOUR, now)) == set()


@pytest.mark.parametrize("version", [3, 1])
async def test_a_trace_that_is_not_there_is_not_found(version: int, clients: tuple[JaegerClient, JaegerClient]) -> None:
    with pytest.raises(TraceNotFoundError):
        await clients[0 if version == 3 else 1].trace("1" * 32)


async def test_figures_that_are_none_are_told_by_version_3(
    jaeger: Jaeger, service: str, clients: tuple[JaegerClient, JaegerClient]
) -> None:
    sent = Sent()
    sent.add(service, "odd", 0, 1)
    (resource,) = sent.wire()
    for word in ("NaN", "Infinity"):
        resource["scopeSpans"][0]["spans"][0]["attributes"].append({"key": word, "value": {"doubleValue": word}})
    jaeger.send([resource])

    (span,) = (await clients[0].trace(sent.trace)).spans

    assert {name: text for name, text in span.tags if name in ("NaN", "Infinity")} == {
        "NaN": "NaN",
        "Infinity": "Infinity",
    }


async def test_ten_thousand_spans_arrive_whole(
    jaeger: Jaeger, service: str, clients: tuple[JaegerClient, JaegerClient]
) -> None:
    sent = Sent()
    root = sent.add(service, "root", 0, 20_000)
    for number in range(9_999):
        sent.add(service, f"step {number % 7}", 2 * number, 2 * number + 1, root)
    jaeger.send(sent.wire())
    three, one = clients

    found = await three.trace(sent.trace)

    assert found == await one.trace(sent.trace)
    tree = tree_of(found)
    assert len(tree.nodes) == 10_000
    assert tree.nodes[0].own == (20_000 - 9_999) * MILLI
    assert sum(end - begin for node in tree.nodes for begin, end in node.critical) == tree.duration


# The program


@pytest.fixture
def pod(kubectl: Kubectl) -> str:
    """A pod of the backend that runs."""
    selected = ("--selector=app=aurora-backend", "--field-selector=status.phase=Running", "-o", "name")
    return kubectl("get", "pods", f"--namespace={NAMESPACE}", *selected).split()[0].removeprefix("pod/")


@pytest.fixture
def settings(tmp_path: Path, jaeger: Jaeger, service: str, context: str) -> Path:
    """Settings by which the backend is traced under this test's name in our Jaeger."""
    path = tmp_path / "traces.yaml"
    off = dict.fromkeys(("prometheus", "alertmanager", "elasticsearch"), "off")
    environment = {
        "title": "LIVE", "contexts": [context], "protected": False, "namespace": NAMESPACE,
        "sources": {**off, "jaeger": jaeger.url},
    }  # fmt: skip
    shipped = yaml.safe_load((Path(__file__).parents[2] / "config" / "services.yaml").read_text())
    backend = {**shipped["services"]["backend"], "traces": service}
    path.write_text(yaml.safe_dump({"environments": {"here": environment}, "services": {"backend": backend}}))
    return path


def request(jaeger: Jaeger, service: str, pod: str) -> Sent:
    """A failed request of the backend, slower than its objective allows."""
    sent = Sent()
    where = {"k8s.pod.name": pod, "k8s.namespace.name": NAMESPACE}
    root = sent.add("web", "GET /orders", 0, 900, kind="server", error="Bad Gateway")
    call = sent.add(service, "GET /api/orders", 50, 850, root, kind="server", error="boom", process=where)
    sent.add(service, "SELECT orders", 100, 800, call, kind="client", error="no such relation", process=where)
    jaeger.send(sent.wire())
    return sent


def test_the_commands_print_what_was_sent(
    aurora: Program, settings: Path, jaeger: Jaeger, service: str, pod: str
) -> None:
    sent = request(jaeger, service, pod)
    fine = Sent()
    fine.add(service, "GET /health", 0, 3)
    jaeger.send(fine.wire())

    rows = aurora("traces", "backend", f"--config={settings}", "-o", "json").json
    assert [(row["raw"]["trace"], row["state"], row["duration"]) for row in rows] == [
        (sent.trace, "failed slow", "900ms"),
        (fine.trace, "ok", "3ms"),
    ]
    only = aurora("traces", service, f"--config={settings}", "--failed").stdout
    assert len(only.splitlines()) == 2 and "web GET /orders" in only
    assert aurora("traces", service, f"--config={settings}", "--at-least=1s").stdout == ""

    shown = aurora("trace", sent.trace, f"--config={settings}").stdout
    assert f"trace {sent.trace}: 900ms · 3 spans · 3 failed" in shown
    (line,) = [line for line in shown.splitlines() if "SELECT orders" in line]
    assert " !! " in line and "700ms" in line
    spans = aurora("trace", sent.trace, f"--config={settings}", "-o", "json").json["spans"]
    assert [(each["operation"], each["critical"]) for each in spans] == [
        ("GET /orders", [[0, 0.05], [0.85, 0.9]]),
        ("GET /api/orders", [[0.05, 0.1], [0.8, 0.85]]),
        ("SELECT orders", [[0.1, 0.8]]),
    ]


def test_a_service_that_jaeger_does_not_know_is_told_with_those_that_it_does(
    aurora: Program, settings: Path, jaeger: Jaeger, service: str, pod: str
) -> None:
    request(jaeger, service, pod)

    done = aurora("traces", "nosuch", f"--config={settings}")

    assert (done.code, done.stdout) == (0, "")
    assert "Jaeger knows no service 'nosuch': it knows " in done.stderr
    assert aurora("trace", "1" * 32, f"--config={settings}").code == 2


def test_the_check_counts_jaegers_services(
    aurora: Program, settings: Path, jaeger: Jaeger, service: str, pod: str
) -> None:
    request(jaeger, service, pod)

    found = {each["check"]: each for each in aurora("check", f"--config={settings}", "-o", "json").json}

    assert found["jaeger"]["result"] == "ok"
    assert found["jaeger"]["detail"].endswith(f"services at {jaeger.url}")


@pytest.fixture
async def console(kubeconfig: Path, context: str, settings: Path) -> AsyncIterator[Console]:
    app = AuroraApp(Session(load_settings(settings, environ={}), choose(context, str(kubeconfig)), namespace=NAMESPACE))
    async with app.run_test(size=(160, 48), notifications=True) as pilot:
        console = Console(app, pilot)
        await console.until(lambda: bool(app.objects_pane.grid.visible_count))
        yield console


async def test_the_way_from_a_pod_to_its_traces_a_span_its_pod_and_back(
    console: Console, jaeger: Jaeger, service: str, pod: str
) -> None:
    request(jaeger, service, pod)
    app = console.app
    app.objects_pane.select(f"{NAMESPACE}/{pod}")
    app.go_to(app.objects_pane)
    await console.until(lambda: app.objects_pane.grid.cursor_key == f"{NAMESPACE}/{pod}")

    await console.press("t")
    await console.until("Traces of backend", "failed slow", "900ms")
    await console.press("enter")
    await console.until("3 spans · 3 failed", f"waited for: {service} SELECT orders 700ms")
    await console.press("j", "j", "enter")
    await console.until("nothing below it failed: here it began", f"k8s.pod.name = {pod}")
    app.objects_pane.grid.action_first()
    await console.press("p")
    await console.until(lambda: app.active is app.objects_pane and app.screen is app.main)
    await console.until(lambda: app.objects_pane.grid.cursor_key == f"{NAMESPACE}/{pod}")

    await console.press("escape")
    await console.until("here it began")
    await console.press("escape")
    await console.until("waited for:")
    await console.press("escape")
    await console.until("Traces of backend", "900ms")
    await console.press("escape")
    await console.until(lambda: app.screen is app.main)


async def test_from_a_span_to_the_log_of_its_pod(console: Console, jaeger: Jaeger, service: str, pod: str) -> None:
    sent = request(jaeger, service, pod)
    app = console.app

    await console.command(f"traces {sent.trace}")
    await console.until("3 spans · 3 failed")
    await console.press("j", "l")
    await console.until(lambda: app.active is app.logs_pane and app.screen is app.main)

    selection = app.logs_pane.selection
    assert selection is not None
    assert (selection.namespace, selection.pod) == (NAMESPACE, pod)
    await console.until(f"Logs pod/{pod}")


# Exemplars


@pytest.fixture(params=[True, False], ids=["kept", "not kept"])
def prometheus(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Measured, bool]]:
    """A Prometheus of its own, told to keep exemplars or not, and the metrics that it scrapes."""
    with measured(tmp_path, exemplars=request.param) as found:
        yield found, request.param


async def test_traces_that_exemplars_name_are_offered(
    prometheus: tuple[Measured, bool],
    jaeger: Jaeger,
    service: str,
    pod: str,
    aurora: Program,
    settings: Path,
    context: str,
    eventually: Eventually,
) -> None:
    (server, kept) = prometheus
    document = yaml.safe_load(settings.read_text())
    document["environments"]["here"]["sources"]["prometheus"] = server.url
    settings.write_text(yaml.safe_dump(document))
    hidden = Sent()
    hidden.add("web", "GET /slow", 0, 4000)  # no span of the service: no search for it can find this one
    jaeger.send(hidden.wire())
    seen = request(jaeger, service, pod)
    server.observe(4.0, hidden.trace)
    server.observe(0.9, seen.trace)
    await eventually(server.is_scraped)

    done = await asyncio.to_thread(aurora, "traces", "backend", f"--config={settings}", "-o", "json")
    rows = {row["raw"]["trace"]: row["from"] for row in done.json}

    if kept:
        assert rows == {hidden.trace: "exemplar", seen.trace: "exemplar"}
        assert "exemplars of 2 traces" in done.stderr
    else:
        assert rows == {seen.trace: ""}
        assert "Prometheus keeps them with --enable-feature=exemplar-storage" in done.stderr
