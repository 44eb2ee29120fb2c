"""An incident handed on: exported by the command line, opened elsewhere on the same screens, scrubbed through time."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aurora_tui.incident.bundle import read_bundle
from aurora_tui.incident.replay import ReplaySession, recorded
from aurora_tui.replaying import ReplayApp
from aurora_tui.sandbox.addresses import Addresses
from aurora_tui.settings import load_settings
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
        await console.until("REPLAY 2", "READ-ONLY", "HighErrorRate", "aurora-backend")
        app = console.app
        assert set(app.session.store.table("pods").rows) == pods
        first = console.status
        assert "SEV1 0s" in " ".join(first.split())  # before it was opened no time has passed
        await console.press("I")
        await console.until("Timeline")
        assert "rolling back now" not in console.text
        while "rolling back now" not in console.text:
            before = console.text
            await console.press("]")
            await console.until(lambda before=before: console.text != before)  # type: ignore[misc]
        await console.press("[")
        await console.until(lambda: "rolling back now" not in console.text)
        await console.press("n")
        await console.until("Note for the timeline")
        await console.type("no")
        await console.press("enter")
        await console.until("this is a replay: nothing is put down")
        await console.press("escape")  # the form has kept the words
        await console.until(lambda: "Note for the timeline" not in console.text)
        await console.press("escape")
        await console.until("ERROR")  # the lines of the log around the onset
        await console.press("d")
        await console.press("escape")
        assert console.status != first


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
