"""The history screen: compare revisions, go back to one, pause the rollout."""

from __future__ import annotations

import pytest
from textual.app import App

from aurora_tui.model.diffs import DiffLine
from aurora_tui.model.history import ASKING, Health, RevisionRow
from aurora_tui.model.runs import Run
from aurora_tui.model.selection import ObjectRef
from tests.pilot.screen import text
from widgets.history import HistoryScreen

REF = ObjectRef("Deployment", "aurora", "aurora-backend")


NOW = 10_000_000.0
DAY = 86_400.0
YES, NO = Health(0.99975, 0.995), Health(0.7142, 0.995)


def row(number: int, *, live: bool = False) -> RevisionRow:
    """Each revision ran for a day; the live one is the third."""
    changes = () if live else (DiffLine("-", "image", "now"), DiffLine("+", "image", f"release-{number}"))
    begin = NOW - (4 - number) * DAY
    run = Run(number, f"backend-{number}", begin, True, None if live else begin + DAY, live)
    image = f"registry.example.com/aurora/backend:{number}"
    return RevisionRow(number, f"backend-{number}", begin, f"release {number}", image, live, changes, run)


ROWS = (row(3, live=True), row(2), row(1))
LIVE, GOOD, OLD = (each.key for each in ROWS)


class Host(App[None]):
    def __init__(self, ref: ObjectRef = REF) -> None:
        super().__init__()
        self.history = HistoryScreen(ref, clock=lambda: NOW)
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
        app.history.fill(ROWS, "3 pods available", paused=False)
        await pilot.pause()
        seen = text(app)
        assert "History of deployment/aurora-backend  ns aurora  3 pods available" in seen
        assert "Revision 3 runs now" in seen
        assert "aurora/backend:1" in seen
        assert "now, 24h" in seen and "not asked" in seen

        await pilot.press("j")
        await pilot.pause()
        seen = text(app)
        assert "Going back to revision 2 would change" in seen
        assert "+ image: release-2" in seen


async def test_u_and_enter_go_back_to_the_revision_under_the_cursor() -> None:
    app = Host()
    async with app.run_test() as pilot:
        app.history.fill(ROWS, "", paused=False)
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


@pytest.mark.parametrize("size", [(160, 48), (80, 24)])
async def test_the_cursor_goes_to_the_last_healthy_revision_once_it_is_known(size: tuple[int, int]) -> None:
    app = Host()
    async with app.run_test(size=size) as pilot:
        app.history.fill(ROWS, "", paused=False)
        app.history.judge(dict.fromkeys([LIVE, GOOD, OLD], ASKING), "")
        await pilot.pause()
        assert text(app).count("asking …") == 3
        assert "Revision 3 runs now" in text(app)

        app.history.judge({LIVE: NO, GOOD: YES, OLD: ASKING}, "")
        await pilot.pause()
        seen = text(app)
        assert "no, 71.42 %" in seen and "yes, 99.97 %" in seen and "24h" in seen
        assert "Going back to revision 2 (healthy, ran 24h) would change" in seen

        await pilot.press("u")
        await pilot.pause()
        assert app.said == [("back to", 2)]


async def test_a_wide_screen_marks_the_last_healthy_revision_in_its_row() -> None:
    app = Host()
    async with app.run_test(size=(160, 48)) as pilot:
        app.history.fill(ROWS, "", paused=False)
        app.history.judge({LIVE: NO, GOOD: NO, OLD: YES}, "")
        await pilot.pause()
        marked = [line for line in text(app).splitlines() if "last healthy" in line]
        assert len(marked) == 1 and "backend:1" in marked[0]


@pytest.mark.parametrize("keys", [["j", "j"], ["j", "k"], ["G"]])
async def test_the_cursor_stays_where_the_operator_has_put_it(keys: list[str]) -> None:
    app = Host()
    async with app.run_test() as pilot:
        app.history.fill(ROWS, "", paused=False)
        await pilot.press(*keys)
        await pilot.pause()
        before = app.history.grid.cursor_key

        app.history.judge({LIVE: NO, GOOD: YES, OLD: YES}, "")
        await pilot.pause()

        assert app.history.grid.cursor_key == before
        assert before != GOOD


async def test_the_cursor_stays_on_a_revision_that_is_healthy_itself() -> None:
    app = Host()
    async with app.run_test() as pilot:
        app.history.fill(ROWS, "", paused=False)
        app.history.judge({LIVE: YES, GOOD: YES, OLD: YES}, "")
        await pilot.pause()
        assert "Revision 3 runs now" in text(app)


async def test_the_cursor_never_leaves_a_revision_that_u_would_go_back_to() -> None:
    """Here the newest does not run: the rollout is paused, and the template is the second's again."""
    app = Host()
    async with app.run_test() as pilot:
        app.history.fill([row(3), row(2, live=True), row(1)], "", paused=True)
        app.history.judge({LIVE: NO, GOOD: NO, OLD: YES}, "")
        await pilot.press("u")
        await pilot.pause()
        assert app.said == [("back to", 3)]


async def test_why_the_health_is_not_known_has_a_line_of_its_own() -> None:
    app = Host()
    async with app.run_test(size=(80, 24)) as pilot:
        app.history.fill(ROWS, "3 pods available", paused=False)
        app.history.judge({}, "health not known: prometheus can't be reached (Connection refused)")
        await pilot.pause()
        first, second = text(app).splitlines()[:2]
        assert "3 pods available" in first
        assert second.strip() == "health not known: prometheus can't be reached (Connection refused)"
        assert "not asked" in text(app)
