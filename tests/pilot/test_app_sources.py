"""Servers that go away and come back, answer nothing of use, or send text that means harm: told, and lived with."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from aurora_tui.app import AuroraApp
from aurora_tui.model.frozen import replace
from aurora_tui.model.selection import LogSelection
from aurora_tui.session import Session
from aurora_tui.settings import load_settings
from aurora_tui.signals import prometheus
from tests.forwarder import Forwarder, forwarded
from tests.pilot.console import Console
from tests.unit import apiserver
from tests.unit.apiserver import ApiServer, event, item, listing, stream
from tests.unit.signal_servers import EMPTY, FakeAlertmanager, FakePrometheus, all_well, served, vector
from widgets.pane import Pane

PODS = "/api/v1/namespaces/aurora/pods"
STARTED = "2023-11-14T22:00:00Z"
EVIL = "[red]x[/]\x1b[2J\x07\u202e漢字"


class Place:
    """An API server and two sources of signals, each behind a forwarder that can be shut."""

    def __init__(self, api: ApiServer, prometheus: FakePrometheus, alertmanager: FakeAlertmanager) -> None:
        self.api = api
        self.prometheus = prometheus
        self.alertmanager = alertmanager
        self.ways: dict[str, Forwarder] = {}


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    prometheus, alertmanager = FakePrometheus(), FakeAlertmanager()
    prometheus.clock = time.time
    async with (
        apiserver.running() as api,
        served(prometheus.application()) as prometheus_url,
        served(alertmanager.application()) as alertmanager_url,
    ):
        place = Place(api, prometheus, alertmanager)
        api.on("GET /version", {"gitVersion": "v1.35.4"})
        pods_are(place, pod("api-1"))
        alertmanager.alerts = [alert("HighErrorRate", "aurora-backend fails")]
        with forwarded(api.url) as kube, forwarded(prometheus_url) as prom, forwarded(alertmanager_url) as alerts:
            place.ways = {"kube": kube, "prometheus": prom, "alertmanager": alerts}
            for way in place.ways.values():
                way.open()
            yield place


def pod(name: str, **container: Any) -> dict[str, Any]:
    running = {"name": "app", "ready": True, "restartCount": 0, "state": {"running": {"startedAt": STARTED}}}
    status = {"phase": "Running", "containerStatuses": [running]}
    return item(name, spec={"containers": [{"name": "app", "image": "x", **container}]}, status=status)


def pods_are(place: Place, *pods: dict[str, Any]) -> None:
    place.api.on(f"GET {PODS}", listing(*pods))
    place.api.on(f"WATCH {PODS}", stream(until=asyncio.Event()))


def alert(name: str, summary: str, **labels: str) -> dict[str, Any]:
    """As Alertmanager's API gives it."""
    return {
        "labels": {"alertname": name, "severity": "critical", **labels},
        "annotations": {"summary": summary},
        "startsAt": "2023-11-14T22:00:00Z",
        "endsAt": "2033-11-14T22:00:00Z",
        "updatedAt": "2023-11-14T22:00:00Z",
        "fingerprint": "f" + name,
        "receivers": [{"name": "ops"}],
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
        "generatorURL": "",
    }


@asynccontextmanager
async def watching(
    place: Place, tmp_path: Path, size: tuple[int, int] = (160, 48), **sources: Any
) -> AsyncIterator[Console]:
    """The console on the place, its signals asked for every 0.2 seconds."""
    settings = load_settings(environ={})
    alertmanagers = (place.ways["alertmanager"].url,)
    given = {"prometheus": place.ways["prometheus"].url, "alertmanager": alertmanagers, **sources}
    environments = tuple(replace(each, sources=replace(each.sources, **given)) for each in settings.environments)
    settings = replace(settings, environments=environments, signal_interval=timedelta(seconds=0.2))
    context = apiserver.context_for(tmp_path, place.ways["kube"].url, name="prod", namespace="aurora")
    app = AuroraApp(Session(settings, context))
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Console(app, pilot)


@contextmanager
def away(place: Place, name: str) -> Any:
    """A server that cannot be reached for a while."""
    place.ways[name].shut()
    try:
        yield
    finally:
        place.ways[name].open()


def title(console: Console, pane: str) -> Callable[[], str]:
    """What a pane's first line says now."""
    return lambda: console.title(console.app.main.query_one(f"#{pane}", Pane))


async def test_a_prometheus_that_goes_away_keeps_its_values_marked_and_comes_back(place: Place, tmp_path: Path) -> None:
    async with watching(place, tmp_path) as console:
        slos = title(console, "slos")
        await console.until("● kube  ● slos  ● alerts", lambda: "live · now" in slos(), "100.00 %")
        with away(place, "prometheus"):
            await console.until(lambda: "stale" in slos() or "down" in slos())
            await console.until(lambda: "next try" in slos() or "trying" in slos())
            assert "now" in slos() or "ago" in slos(), "the age of what is shown"
            assert "100.00 %" in console.text, "the last values stay"
            assert "● kube" in console.status
            assert "api-1" in console.text
            assert "HighErrorRate" in console.text, "Alertmanager goes on"
        await console.until(lambda: "live · now" in slos(), "● kube  ● slos  ● alerts")


async def test_an_alertmanager_that_goes_away_is_said_and_comes_back(place: Place, tmp_path: Path) -> None:
    async with watching(place, tmp_path) as console:
        alerts = title(console, "alerts")
        await console.until("● kube  ● slos  ● alerts", "HighErrorRate")
        with away(place, "alertmanager"):
            await console.until(lambda: "stale" in alerts())
            assert "○ alerts stale" in console.status
            assert "● slos" in console.status
        await console.until(lambda: "live · now" in alerts())
        assert "1 firing" in console.status


async def test_an_api_server_that_goes_away_leaves_its_rows_marked_and_comes_back(place: Place, tmp_path: Path) -> None:
    async with watching(place, tmp_path) as console:
        objects = title(console, "objects")
        await console.until("● kube  ● slos  ● alerts", "api-1")
        with away(place, "kube"):
            await console.until(lambda: "stale" in objects(), "connection refused")
            assert "api-1" in console.text
            assert "● slos  ● alerts" in console.status
            place.api.on(f"WATCH {PODS}", stream(event("ADDED", pod("api-2")), until=asyncio.Event()))
        await console.until("api-2", lambda: "live · now" in objects())


async def test_signals_that_are_switched_off_say_how_to_configure_them(place: Place, tmp_path: Path) -> None:
    async with watching(place, tmp_path, prometheus="off", alertmanager=("off",)) as console:
        await console.until("● kube  ○ slos not configured  ○ alerts not configured")
        words = " ".join(console.text.split())
        assert "alerts unknown" in console.status, "nothing is not none"
        assert "switched off in the settings" in words
        for part in ("environments.NAME.sources.prometheus", "svc/NAMESPACE/NAME:PORT", "config.yaml"):
            assert part in words
        assert "api-1" in console.text


async def test_objectives_without_series_have_no_data_and_are_never_well(place: Place, tmp_path: Path) -> None:
    place.prometheus.instant = lambda query: EMPTY
    async with watching(place, tmp_path) as console:
        await console.until("13 without data")
        rows = console.body(console.app.slos_pane)[1:14]
        assert len(rows) == 13
        assert all("no data" in row for row in rows)
        assert not any(" ok" in row for row in rows)
        assert "all on target" not in console.text
        await console.until("no such series: is the service scraped?")


async def test_a_budget_that_burns_a_thousandfold_is_a_plain_number(place: Place, tmp_path: Path) -> None:
    async with watching(place, tmp_path) as console:
        await console.until("burning 1,000x")


async def test_objectives_without_traffic_have_no_data(place: Place, tmp_path: Path) -> None:
    place.prometheus.instant = lambda query: vector("NaN")
    async with watching(place, tmp_path) as console:
        await console.until("13 without data", "no traffic in 5m")
        assert "all on target" not in console.text


async def test_what_is_worth_a_page_is_counted_though_all_is_well_again(place: Place, tmp_path: Path) -> None:
    def answer(query: str) -> Any:
        availability = 'job="aurora-frontend",code!~"5.."'
        burns = query.startswith("1 - ") and availability in query and "[5m]" not in query
        return vector("0.5") if burns else all_well(query)

    place.prometheus.instant = answer
    async with watching(place, tmp_path) as console:
        await console.until("1 worth a page", lambda: "page 500x over" in console.text)


async def test_a_partial_answer_is_marked_on_its_rows_and_in_the_title(place: Place, tmp_path: Path) -> None:
    place.prometheus.instant = lambda query: {**vector("1"), "warnings": ["store 10.0.0.7 is away"]}
    async with watching(place, tmp_path) as console:
        await console.until("partial answer", "partial answers: store 10.0.0.7 is away")


async def test_a_prometheus_that_answers_after_half_a_minute_holds_up_nothing_else(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prometheus, "READ_SECONDS", 0.5)
    place.prometheus.sleeping = asyncio.Event()
    async with watching(place, tmp_path) as console:
        slos = title(console, "slos")
        await console.until("did not answer in", "● kube  ○ slos down  ● alerts", "HighErrorRate", "api-1")
        place.prometheus.sleeping.set()
        await console.until(lambda: "live · now" in slos())


async def test_refused_credentials_are_said_in_words(place: Place, tmp_path: Path) -> None:
    place.api.on(f"GET {PODS}", apiserver.refused(403, 'pods is forbidden: User "eve" cannot list', "Forbidden"))
    place.prometheus.broken = web.Response(status=401, text="who are you?")
    async with watching(place, tmp_path) as console:
        await console.until(lambda: "denied" in title(console, "objects")())
        await console.until("○ kube denied  ○ slos denied")
        assert 'User "eve" cannot list' in " ".join(console.text.split())


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
async def test_hostile_names_and_labels_are_shown_as_data_and_the_layout_stays(
    place: Place, tmp_path: Path, size: tuple[int, int]
) -> None:
    pods_are(place, pod(f"a-{EVIL}"), pod("z-last"))
    place.alertmanager.alerts = [alert(f"Bad{EVIL}", f"summary {EVIL}" + "long " * 200)]
    async with watching(place, tmp_path, size) as console:
        await console.until("z-last", "a-[red]x[/]␛[2J␇\\u202e漢字")
        await console.until("Bad[red]x[/]␛[2J␇\\u202e漢字", "summary [red]x[/]")
        strips = console.app.screen._compositor.render_strips()
        assert {strip.cell_length for strip in strips} == {size[0]}
        assert not any(character < " " for strip in strips for character in strip.text)
        assert console.status.startswith(" PRODUCTION  prod")
        assert "? Help" in console.keys
        await console.press("d")
        await console.until("Alert:     Bad[red]x[/]␛[2J")


async def test_hostile_log_lines_are_shown_as_data_and_the_layout_stays(place: Place, tmp_path: Path) -> None:
    lines = [EVIL.encode(), b"\xff\xfe broken", "漢字 wide".encode(), b"m" * 1_000_000, b"\r\x1b]0;title\x07", b"last"]
    stamped = b"".join(b"2023-11-14T22:00:00.%09dZ %s\n" % place_of for place_of in enumerate(lines))
    place.api.on(f"GET {PODS}/api-1/log", stream(stamped, until=asyncio.Event()))
    async with watching(place, tmp_path) as console:
        await console.until("api-1")
        console.app.open_logs(LogSelection("aurora", pod="api-1"))
        await console.until("api-1 last", "[red]x[/]␛[2J␇\\u202e漢字", "漢字 wide", " broken", "mmmmmmmm")
        for keys in ("", "w", "w", "f", "l"):
            await console.press(*keys)
            strips = console.app.screen._compositor.render_strips()
            assert {strip.cell_length for strip in strips} == {160}
            assert not any(character < " " for strip in strips for character in strip.text)
