"""The page of one alert: its text, and above it the links that the terminal opens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType

from aurora_tui.model.links import Link
from aurora_tui.model.loglines import LogLine
from widgets.line import Line, Part
from widgets.pane import pane_binding
from widgets.textpage import TextPage


class AlertPage(TextPage):
    """All that is known of an alert; what has to be asked for comes when it comes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("o", "copy_link", "Copy runbook", "Copy the alert's runbook, or its next link", id="page.link"),
    ]

    def __init__(self, heading: str, links: Sequence[Link], *, clock: Callable[[], float]) -> None:
        super().__init__(heading, clock=clock)
        self._links = tuple(links)
        self._line = Line()

    def compose(self) -> ComposeResult:
        title, *rest = super().compose()
        yield title
        if self._links:
            yield self._line
        yield from rest

    def on_mount(self) -> None:
        super().on_mount()
        self._line.show([Part(" "), *link_parts(self._links, whole=True)])

    def add(self, lines: Iterable[str]) -> None:
        """More of the text, below what is there; the reader keeps the place."""
        self._buffer.append(LogLine(None, "", "", line) for line in lines)
        self.tail.flush()
        self._show_title()

    def action_copy_link(self) -> None:
        copy_link(self.app, self._links)


def link_parts(links: Sequence[Link], *, whole: bool = False) -> Iterator[Part]:
    """The links for a line, by their names or with the address itself."""
    for link in links:
        yield Part(f"{link.name} {link.url}" if whole else link.name, "accent", link=link.url)
        yield Part("  ")


def copy_link(app: App[Any], links: Sequence[Link]) -> None:
    """Copy the first of the links to the clipboard (OSC 52); where there is none, say so."""
    if not links:
        app.notify("the alert has no link", severity="warning", markup=False)
        return
    app.copy_to_clipboard(links[0].url)
    app.notify(f"copied the {links[0].name}: {links[0].url}", markup=False)
