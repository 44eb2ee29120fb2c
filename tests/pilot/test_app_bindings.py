"""Every key of every screen: it says what it does, the help lists it, and the settings can put it elsewhere."""

from __future__ import annotations

import asyncio
import string
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from textual.binding import Binding
from textual.screen import Screen

from aurora_tui.app import AuroraApp
from aurora_tui.cluster.kubeconfig import choose
from aurora_tui.model.frozen import replace
from aurora_tui.session import Session
from aurora_tui.settings import load_settings
from tests.live.kubeconfigs import write_kubeconfig
from tests.pilot.console import Console
from tests.walk import OURS, screens
from widgets.textpage import TextPage

NOWHERE = "http://127.0.0.1:9"


IDS = [binding.id for binding in OURS]
_SPARE = [f"f{number}" for number in range(1, 25) if number != 12]
_SPARE += [
    f"{held}+{letter}"
    for held in ("alt", "super", "hyper", "meta", "alt+super", "alt+hyper", "alt+meta")
    for letter in string.ascii_lowercase + string.digits
]
ELSEWHERE: Mapping[str, str] = dict(zip(dict.fromkeys(IDS), _SPARE, strict=False))
"""For every binding a key that nothing is bound to."""


@dataclass(frozen=True)
class Seen:
    """What became of the bindings: in a program with all of them elsewhere, and in one with the shipped keys."""

    active: Mapping[str, set[str]]
    """Keys that were bound, on any screen, by the binding's id."""
    help: str
    help_elsewhere: str


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    folder = tmp_path_factory.mktemp("bindings")
    shipped, help = asyncio.run(walk(folder, {}))
    assert {ids for ids in IDS if ids} == set(shipped), "the walk comes to every screen that has keys"
    active, help_elsewhere = asyncio.run(walk(folder, ELSEWHERE))
    return Seen(active, help, help_elsewhere)


async def walk(folder: Path, keys: Mapping[str, str]) -> tuple[Mapping[str, set[str]], str]:
    """Go to every place of the program and collect the keys that are bound there, and the help's text."""
    active: dict[str, set[str]] = {}

    def note(screen: Screen[Any]) -> None:
        for node, bindings in screen._modal_binding_chain:
            for key, binding in bindings:
                if binding.id is not None and type(node).__module__.split(".")[0] in ("widgets", "aurora_tui"):
                    active.setdefault(binding.id, set()).add(key)

    app = program(folder, keys)
    async with app.run_test(size=(160, 48)) as pilot:
        await pilot.press("f12")  # after the first key the focus is the operator's
        for _ in app.panes:
            app.action_next_pane(1)
            await pilot.pause()
            note(app.screen)
        app.action_ask_command()
        await pilot.pause()
        note(app.screen)
        for screen in screens(app):
            await app.push_screen(screen)
            await pilot.pause()
            note(screen)
            app.pop_screen()
        app.action_help()
        await pilot.pause()
        page = app.screen
        assert isinstance(page, TextPage)
        help = "\n".join(line.text for line in page._buffer.span(page._buffer.first, page._buffer.end))
        app.exit()
    return active, help


def program(folder: Path, keys: Mapping[str, str]) -> AuroraApp:
    """The program on a cluster that is not there."""
    kubeconfig = write_kubeconfig(
        folder / "kubeconfig",
        contexts={"prod": {"cluster": "c", "user": "u"}},
        clusters={"c": {"server": NOWHERE}},
        users={"u": {}},
    )
    settings = replace(load_settings(environ={}), keys=keys)
    return AuroraApp(Session(settings, choose("prod", str(kubeconfig))))


def unfed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AuroraApp:
    """The same with its sources not begun: nothing speaks but the test."""
    app = program(folder, {})
    monkeypatch.setattr(app.session, "start", lambda: None)
    monkeypatch.setattr(app.session, "want", lambda table: None)
    return app


@pytest.mark.parametrize("binding", OURS, ids=lambda binding: binding.id)
def test_a_key_says_what_it_does_is_in_the_help_and_can_be_put_elsewhere(binding: Binding, seen: Seen) -> None:
    assert binding.id
    assert Counter(IDS)[binding.id] == 1, "an id means one thing"
    assert binding.description
    assert binding.tooltip
    (line,) = [line for line in seen.help.splitlines() if line.endswith(f" {binding.id}")]
    assert binding.tooltip in line
    assert seen.active[binding.id] == {ELSEWHERE[binding.id]}
    (line,) = [line for line in seen.help_elsewhere.splitlines() if line.endswith(f" {binding.id}")]
    shown = ELSEWHERE[binding.id].replace("ctrl+", "^")
    assert line.split()[0] == shown, "the help shows the key as it is bound now"


def test_there_are_spare_keys_for_all() -> None:
    assert len(ELSEWHERE) == len(set(IDS))


async def test_a_key_put_elsewhere_by_the_settings_works_there_and_no_longer_here(tmp_path: Path) -> None:
    app = program(tmp_path, {"app.help": "f5,ctrl+g", "app.zoom": "Z"})
    async with app.run_test(size=(160, 48)) as pilot:
        console = Console(app, pilot)
        assert "f5 Help" in console.keys
        await console.press("question_mark", "z")
        assert "Moving and sorting" not in console.text
        assert not app.zoomed
        await console.press("Z")
        assert app.zoomed
        await console.press("ctrl+g")
        await console.until("Moving and sorting")


async def test_an_id_of_the_settings_that_no_key_has_is_told(tmp_path: Path) -> None:
    app = program(tmp_path, {"table.undoo": "f5", "app.help": "f6"})
    async with app.run_test(size=(160, 48)) as pilot:
        await pilot.pause()
        told = [notification.message for notification in app._notifications]

    assert told == ["settings, keys: there is no table.undoo; the help (?) lists the ids"]
