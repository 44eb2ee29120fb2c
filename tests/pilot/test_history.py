"""The history screen: compare revisions, go back to one, pause the rollout."""

from __future__ import annotations

import pytest
from textual.app import App

from aurora_tui.model.diffs import DiffLine
from aurora_tui.model.history import RevisionRow
from aurora_tui.model.selection import ObjectRef
from tests.pilot.screen import text
from widgets.history import HistoryScreen

REF = ObjectRef("Deployment", "aurora", "aurora-backend")


def row(number: int, *, live: bool = False) -> RevisionRow:
    changes = () if live else (DiffLine("-", "image", "now"), DiffLine("+", "image", f"release-{number}"))
    return RevisionRow(
        number, f"backend-{number}", 100.0, f"release {number}", f"aurora/backend:{number}", live, changes
    )


class Host(App[None]):
    def __init__(self, ref: ObjectRef = REF) -> None:
        super().__init__()
        self.history = HistoryScreen(ref, clock=lambda: 160.0)
        self.said: list[tuple[str, object]] = []

    def on_mount(self) -> None:
        self.push_screen(self.history)

    def on_history_screen_chosen(self, message: HistoryScreen.Chosen) -> None:
        self.said.append(("back to", message.row.number))

    def on_history_screen_pause_wanted(self, message: HistoryScreen.PauseWanted) -> None:
        self.said.append(("is paused", message.paused))


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
async def test_the_cursor_goes_through_the_revisions_and_their_changes(size: tuple[int, int]) -> None:
    app = Host()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert "asking the server" in text(app)
        app.history.fill([row(3, live=True), row(2), row(1)], "3 pods available", paused=False)
        await pilot.pause()
        seen = text(app)
        assert "History of deployment/aurora-backend  ns aurora  3 pods available" in seen
        assert "Revision 3 runs now" in seen
        assert "aurora/backend:1" in seen

        await pilot.press("j")
        await pilot.pause()
        seen = text(app)
        assert "Going back to revision 2 would change" in seen
        assert "+ image: release-2" in seen


async def test_u_and_enter_go_back_to_the_revision_under_the_cursor() -> None:
    app = Host()
    async with app.run_test() as pilot:
        app.history.fill([row(3, live=True), row(2), row(1)], "", paused=False)
        await pilot.press("j", "u", "j", "enter")
        await pilot.pause()
        assert app.said == [("back to", 2), ("back to", 1)]


async def test_p_pauses_and_says_whether_it_was_paused() -> None:
    app = Host()
    async with app.run_test() as pilot:
        app.history.fill([row(1, live=True)], "1 pod available", paused=True)
        await pilot.pause()
        assert "1 pod available · paused" in text(app)
        await pilot.press("P")
        await pilot.pause()
        assert app.said == [("is paused", True)]


async def test_a_statefulset_has_no_pause() -> None:
    app = Host(ObjectRef("StatefulSet", "aurora", "aurora-keycloak"))
    async with app.run_test() as pilot:
        app.history.fill([row(1, live=True)], "", paused=False)
        await pilot.press("P")
        await pilot.pause()
        assert app.said == []


async def test_why_there_is_none_is_said() -> None:
    app = Host()
    async with app.run_test() as pilot:
        await pilot.pause()
        app.history.say("the history cannot be read: forbidden")
        await pilot.pause()
        assert "the history cannot be read: forbidden" in text(app)
        await pilot.press("q")
        await pilot.pause()
        assert app.history not in app.screen_stack
