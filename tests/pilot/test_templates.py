"""The templates of a log as the operator reads them, and the way from one to its lines and back."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from aurora_tui.model.loglines import LogLine
from tests.pilot import screen
from tests.pilot.test_tail import POD, Host
from widgets.templates import TemplatesScreen


class Grouped(Host):
    """A tail under its templates, which a tick keeps up to date."""

    onset: float | None = 80.0

    def on_mount(self) -> None:
        super().on_mount()
        self.push_screen(TemplatesScreen(self.tail, "deployment/api", clock=lambda: 43_200.0))
        self.set_interval(0.02, self.tick)

    def tick(self) -> None:
        if not self.screen_stack:
            return
        self.tail.flush()
        if isinstance(self.screen, TemplatesScreen):
            self.screen.flush(self.onset, "ApiErrors" if self.onset else "")

    def on_templates_screen_chosen(self, message: TemplatesScreen.Chosen) -> None:
        message.tail.set_filter(f"-t {message.row.text}")


def said(stamp: float, text: str) -> LogLine:
    return LogLine(stamp, POD, "app", text)


LINES: Sequence[LogLine] = [
    *(said(float(n), f"GET /orders/{n} 200") for n in range(100)),
    *(said(90.0 + n, f'{{"log.level":"ERROR","message":"connection refused to 10.0.0.{n}:5432"}}') for n in range(5)),
    said(96.0, "\tat a.B.c(B.java:41)"),
]


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_what_is_new_since_the_onset_stands_first_with_its_number_and_an_example(size: tuple[int, int]) -> None:
    app = Grouped(LINES)
    async with app.run_test(size=size) as pilot:
        await screen.until(pilot, "connection refused")
        lines = screen.lines(app)

        assert "Templates of deployment/api  2 kinds of 105 lines" in lines[0]
        assert "new since 00:01:20Z: shortly before ApiErrors" in lines[1]
        assert lines[2].split()[:2] == ["NEW↑", "COUNT"]
        first, second = lines[3], lines[4]
        assert first.split()[:2] == ["new", "5"]
        assert "ERROR" in first
        assert "connection refused to" in first
        assert "The newest of connection refused to <ip>:<num>" in screen.text(app)
        assert second.split()[0] == "100"
        assert "GET /orders/<num> <num>" in second
        assert "10.0.0.4:5432" in screen.text(app)


async def test_the_templates_go_on_counting_while_lines_come() -> None:
    app = Grouped(LINES)
    async with app.run_test(size=(120, 24)) as pilot:
        await screen.until(pilot, "2 kinds of 105 lines")
        app.buffer.append([said(99.0, "a new kind 1")])
        app.buffer.prepend([said(0.0, "an old kind 1")])
        app.buffer.insert([said(50.5, "a late kind 1")])
        await screen.until(pilot, "5 kinds of 108 lines")
        assert [line.split()[0] for line in screen.lines(app)[3:5]] == ["new", "new"]


async def test_enter_shows_the_lines_of_the_template_alone_and_escape_leads_back_to_all() -> None:
    app = Grouped(LINES)
    async with app.run_test(size=(120, 24)) as pilot:
        await screen.until(pilot, "connection refused")
        await pilot.press("enter")
        await screen.until(pilot, lambda: not isinstance(app.screen, TemplatesScreen))
        assert app.texts()[0].startswith("ERROR connection refused to 10.0.0.0:5432")
        assert len(app.texts()) == 5
        assert app.tail.status() == "following · 100 hidden by &-t connection refused to <ip>:<num>"
        assert app.tail.drop_filter()
        assert app.tail.status() == "following"


async def test_without_an_alert_the_middle_of_the_lines_is_the_onset_and_that_is_said() -> None:
    app = Grouped(LINES)
    app.onset = None
    async with app.run_test(size=(120, 24)) as pilot:
        await screen.until(pilot, "new since 00:00:49Z: the middle of the lines: no alert tells the onset")


async def test_a_log_without_lines_says_so() -> None:
    app = Grouped([])
    async with app.run_test(size=(80, 24)) as pilot:
        await screen.until(pilot, "no lines yet")
