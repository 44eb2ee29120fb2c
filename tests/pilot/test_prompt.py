"""The prompt: what is typed behind its Enter, in one burst, goes where the operator meant it to."""

from __future__ import annotations

import pytest
from textual import events
from textual.app import App, ComposeResult

from tests.pilot import screen
from widgets.prompt import Prompt, PromptInput


class Host(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str | None] = []

    def compose(self) -> ComposeResult:
        yield Prompt()

    def ask(self) -> None:
        def ended(line: str | None) -> None:
            self.lines.append(line)
            if len(self.lines) == 1:
                self.ask()

        self.query_one(Prompt).ask(":", ended=ended)


async def test_a_second_prompt_gets_every_letter_that_was_typed_behind_the_first_ones_enter() -> None:
    app = Host()
    async with app.run_test() as pilot:
        app.ask()
        field = app.focused
        assert field is not None
        for letter in "pods\r" + "-l a=b, c!=d_é/x\r":
            key = "enter" if letter == "\r" else letter
            if not letter.isalnum() and letter != "\r":
                # As the terminal's parser names them.
                key = {" ": "space", "-": "minus", "=": "equals_sign", ",": "comma", "!": "exclamation_mark",
                       "_": "underscore", "/": "slash"}[letter]  # fmt: skip
            field.post_message(events.Key(key, letter))
        await screen.until(pilot, lambda: len(app.lines) == 2)

        assert app.lines == ["pods", "-l a=b, c!=d_é/x"]


async def test_a_prompt_that_is_asked_again_before_the_last_one_was_gone_keeps_the_keys() -> None:
    """Textual tells a widget late that it was hidden, and takes the focus away then."""
    app = Host()
    async with app.run_test() as pilot:
        app.ask()
        field = app.focused
        assert field is not None
        field.post_message(events.Hide())
        await pilot.pause()

        assert app.focused is field


async def test_a_focus_that_is_heard_of_late_puts_nothing_in_place_of_what_was_typed() -> None:
    app = Host()
    async with app.run_test() as pilot:
        app.ask()
        field = app.focused
        assert isinstance(field, PromptInput)
        await pilot.press("p", "o", "d")
        field.post_message(events.Focus())
        await pilot.press("s")

        assert field.value == "pods"


async def test_a_letter_lays_nothing_out_anew_and_the_end_of_a_long_text_stays_in_sight(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = Host()
    async with app.run_test(size=(40, 5)) as pilot:
        app.ask()
        await screen.until(pilot, lambda: bool(app.query_one(PromptInput).region))
        await pilot.pause()
        laid_out: list[bool] = []
        monkeypatch.setattr(app.screen, "_refresh_layout", lambda *_, **__: laid_out.append(True))
        await pilot.press(*"a filter that is longer than the line has room for".replace(" ", "_"))
        await pilot.pause()

        assert not laid_out
        assert "line_has_room_for" in screen.text(app)


async def test_what_a_letter_changes_is_changed_with_it_so_that_one_paint_shows_both() -> None:
    app, heard = Host(), list[str]()
    async with app.run_test():
        app.query_one(Prompt).ask("/", value="a", changed=heard.append, ended=lambda line: None)
        field = app.focused
        assert isinstance(field, PromptInput)
        for letter in "bc":
            await field.take(events.Key(letter, letter))

        assert heard == ["ab", "abc"]
