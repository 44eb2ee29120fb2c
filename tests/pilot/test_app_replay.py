"""An incident handed on: exported by the command line, opened elsewhere on the same screens, scrubbed through time."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from aurora_tui.incident.bundle import bundled, read_bundle
from aurora_tui.incident.capture import packed, packed_lines, rows_of
from aurora_tui.incident.replay import ReplaySession, recorded
from aurora_tui.model import kube
from aurora_tui.model.alerts import Alert, AlertState
from aurora_tui.model.facts import Fact, FactKind
from aurora_tui.model.freshness import SourceState
from aurora_tui.model.loglines import LogLine
from aurora_tui.replaying import ReplayApp
from aurora_tui.sandbox.addresses import Addresses
from aurora_tui.settings import load_settings
from aurora_tui.store import Store
from tests.pilot.console import Console, opened
from tests.pilot.test_app_incident import open_incident
from tests.program import Program


@asynccontextmanager
async def replayed(bundle: Path) -> AsyncIterator[Console]:
    session = ReplaySession(load_settings(environ={"HOME": "/nowhere"}), recorded(read_bundle(bundle)))
    app = ReplayApp(session)
    async with app.run_test(size=(160, 48), notifications=True) as pilot:
        yield Console(app, pilot)


async def test_an_incident_is_exported_and_replayed_without_its_cluster(bad_release: Addresses, home: Path) -> None:
    async with opened(bad_release) as console:
        await open_incident(console)
        await console.until("log lines of deployment/aurora-backend")
        await console.press("ctrl+n")
        await console.until("Note for the timeline")
        await console.type("rolling back now")
        await console.press("enter")
        await console.until("rolling back now")
        pods = set(console.app.session.store.table("pods").rows)
    program = Program(bad_release, home)

    listed = json.loads(program.run("incident", "list", "-o", "json").stdout)
    assert [(each["title"], each["state"]) for each in listed] == [("HighErrorRate of backend", "open")]
    assert "rolling back now" in program.run("incident", "show", "last").stdout
    assert program.run("incident", "verify").returncode == 0
    draft = program.run("incident", "export", "last").stdout
    assert draft.startswith("# Post-mortem: `HighErrorRate of backend`")
    assert "revision 3: 2.4.0 → 2.4.1" in draft
    assert "- [x] 4 Resolution: Write the post-mortem" in draft

    bundle = home / "incident.zip"
    made = program.run("incident", "export", "last", "--bundle", str(bundle))
    assert made.returncode == 0, made.stderr
    again = program.run("incident", "export", "last", "--bundle", str(bundle))
    assert again.returncode == 2
    assert "exists already" in again.stderr

    async with replayed(bundle) as console:
        await console.until("REPLAY 2", "READ-ONLY", "no snapshot before")
        app = console.app
        while not app.session.store.table("pods").rows:
            await console.press("]")
        await console.until("HighErrorRate", "aurora-backend")
        assert set(app.session.store.table("pods").rows) == pods
        first = console.status
        assert "SEV1" in first
        await console.press("I")
        await console.until("Timeline")
        assert "rolling back now" not in console.text
        while "rolling back now" not in console.text:
            before = console.text
            await console.press("]")
            await console.until(lambda before=before: console.text != before)  # type: ignore[misc]
        await console.press("[")
        await console.until(lambda: "rolling back now" not in console.text)
        await console.press("escape")
        await console.until("ERROR")  # the lines of the log around the onset
        await console.press("d")
        await console.press("escape")
        assert console.status != first


def line_of(console: Console, words: str) -> str:
    """The first line on the screen that holds the words."""
    return next(line for line in console.lines if words in line)


def _facts() -> list[Fact]:
    """Opened at 1000 s, when the first panes were captured, for what began at 640 s."""

    def fact(number: int, kind: FactKind, at: float, **body: Any) -> Fact:
        return Fact("20260101-0300-x-ab12", "alice-1", number, at, "alice", kind, body)

    def panes(at: float) -> str:
        store = Store()
        alert = Alert("f" * 16, "Fire", AlertState.FIRING, "critical", 940.0, "", {}, {}, "backend")
        pod = msgspec.convert(
            {
                "metadata": {
                    "name": "web-1",
                    "namespace": "shop",
                    "uid": "u",
                    "creationTimestamp": "1970-01-01T00:15:50Z",
                    "ownerReferences": [{"kind": "ReplicaSet", "name": "web-7d9", "controller": True, "uid": "r"}],
                },
                "status": {"phase": "Running"},
            },
            kube.Pod,
        )
        for name, rows in (("alerts", {"f": alert}), ("pods", {"shop/web-1": pod})):
            store.table(name).apply(rows)
            store.table(name).set_freshness(SourceState.LIVE, at)
        return packed(rows_of(store, at))

    ref = ["Deployment", "shop", "web"]
    lines = packed_lines([LogLine(690.0, "web-0", "web", "it still works"), LogLine(705.0, "web-0", "web", "it fails")])
    return [
        fact(
            1, FactKind.OPENED, 1000.0, title="It burns", namespace="shop", onset=640.0, ref=ref, words="opened as sev1"
        ),
        fact(2, FactKind.SNAPSHOT, 1000.0, data=panes(1000.0), words="captured the panes at the opening"),
        fact(3, FactKind.LOGS, 1001.0, data=lines, words="kept 2 log lines"),
        fact(4, FactKind.ALERT, 1001.0, happened=940.0, words="Fire fires", fingerprint="f" * 16, state="firing"),
        fact(5, FactKind.FINDING, 1010.0, words="bad release: revision 3 (certain)", details=["for: it fails"]),
        fact(6, FactKind.CHANGE, 1002.0, happened=645.0, words="rollout", ref=ref),
        fact(7, FactKind.NOTE, 1600.0, words="served well"),
    ]


async def test_a_replay_shows_no_rows_before_they_were_captured_and_what_was_kept_at_every_moment(home: Path) -> None:
    bundle = home / "incident.zip"
    bundle.write_bytes(bundled(_facts()))
    async with replayed(bundle) as console:
        app = console.app
        await console.until("no snapshot before 1970-01-01T00:16:40Z", "no lines before 1970-01-01T00:11:30Z")
        await console.press("]")
        await console.until("it still works")
        assert "live" not in console.text
        assert "web-1" not in console.text
        await console.press("I")
        await console.until("Fire fires")
        assert "opened as sev1" not in console.text
        await console.press("]")
        await console.until("opened as sev1")
        await console.press("escape")
        await console.until("web-1")
        assert "50s" in line_of(console, "web-1")
        while console.status.count("1970-01-01T00:26:40Z") == 0:
            await console.press("]")
        assert "10m" in line_of(console, "web-1"), "its age goes with the moment"
        assert "11m" in line_of(console, "critical")
        app.go_to(app.alerts_pane)
        await console.press("enter")
        await console.until("Found until 1970-01-01T00:26:40Z", "bad release: revision 3 (certain)", "for: it fails")


async def test_what_a_replay_cannot_do_is_dimmed_and_says_why(home: Path) -> None:
    bundle = home / "incident.zip"
    bundle.write_bytes(bundled(_facts()))
    async with replayed(bundle) as console:
        app = console.app
        await console.press("]", "]")
        await console.until("web-1")
        app.go_to(app.alerts_pane)
        await console.press("m")
        await console.until("Mitigate is off: this is a replay")
        await console.press("I")
        await console.until("Timeline")
        for key, words in (("n", "Note"), ("x", "Resolve"), ("space", "Tick")):
            binding = app.screen.active_bindings[key]
            assert not binding.enabled, key
            await console.press(key)
            await console.until(f"{words} is off: this is a replay")


async def test_the_page_holds_pictures_of_the_panes(bad_release: Addresses, home: Path) -> None:
    async with opened(bad_release) as console:
        await open_incident(console)
        await console.until("at the opening")
    page = home / "post-mortem.html"
    made = Program(bad_release, home).run("incident", "export", "last", "--format", "html", "--out", str(page))
    assert made.returncode == 0, made.stderr
    text = page.read_text()
    picture = text[text.index("<svg") : text.index("</svg>") + len("</svg>")]
    assert ElementTree.fromstring(picture).tag.endswith("svg")
    assert "aurora-backend" in picture.replace("&#160;", " ")
    assert not [word for word in ("src=", "href=", "url(", "@import") if word in text.split("<figure>")[0]]
    assert not [word for word in ("src=", "@import", "font-face") if word in picture]
