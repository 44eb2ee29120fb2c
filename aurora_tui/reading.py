"""Reading logs: the page of a line, the way to a moment, and the pane's lines saved as text."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from aurora_tui.acting_alerts import ActingOnAlerts
from aurora_tui.model.alerts import AlertState
from aurora_tui.model.definitions import Service
from aurora_tui.model.loglines import LogLine
from aurora_tui.model.moments import HELP, moment
from aurora_tui.model.selection import LogSelection
from aurora_tui.model.templates import OTHERS
from widgets.linepage import LinePage
from widgets.tail import Tail
from widgets.tailpaint import time_of_day
from widgets.templates import TemplatesScreen

_LEAD = 60.0
"""Seconds by which an alert comes at least after what it is about: its rule looks at minutes, and is met late."""


class ReadingLogs(ActingOnAlerts):
    """What the keys of the logs pane open."""

    def on_tail_line_chosen(self, message: Tail.LineChosen) -> None:
        self.push_screen(LinePage(message.tail, clock=self.session.clock))

    def flush(self) -> None:
        super().flush()
        screen = self.screen
        if isinstance(screen, TemplatesScreen):
            screen.flush(*self._onset())

    def action_templates(self) -> None:
        """Group the lines by what they say, with what is new since the onset first."""
        selection = self.logs_pane.selection
        if selection is not None:
            self.push_screen(TemplatesScreen(self.logs_pane.tail, str(selection), clock=self.session.clock))

    def on_templates_screen_chosen(self, message: TemplatesScreen.Chosen) -> None:
        text = message.row.text
        if text != OTHERS:
            message.tail.set_filter(f"-t {text}")

    def _onset(self) -> tuple[float | None, str]:
        """Just before the first alert that fires for the service whose log is read, and its name; none without one."""
        selection = self.logs_pane.selection
        service = _service_of(selection, self.session.settings.services) if selection is not None else None
        firing = [
            (alert.since - _LEAD, alert.name)
            for alert in self.session.store.table("alerts").rows.values()
            if alert.state is AlertState.FIRING and alert.since is not None and alert.service == service
        ]
        return min(firing) if service is not None and firing else (None, "")

    def action_ask_time(self) -> None:
        """Go to the first line at or after a moment that the operator types."""

        def ended(text: str | None) -> None:
            self.logs_pane.focus_body()
            if text:
                then = moment(text, self.session.clock())
                if then is None:
                    self._warn(f"{text!r} is no time: {HELP}")
                else:
                    self.logs_pane.tail.go_to_time(then, text.strip())

        self.prompt.ask("go to time ", ended=ended)

    async def save_logs(self, path: Path) -> None:
        """Save the lines that the logs pane lets through, as they came, and say how many."""
        tail = self.logs_pane.tail
        lines, hidden = list(tail.shown_lines()), tail.hidden_words
        if lines:
            await asyncio.to_thread(_write, path, lines, tail.shows_times)
            self.notify(f"saved {len(lines):,} log lines{hidden} in {path.name}", markup=False)


def _service_of(selection: LogSelection, services: Iterable[Service]) -> str | None:
    """The service of the settings that runs what is read: by the workload, else by what the pod's name begins with."""
    read = "/".join(selection.workload) if selection.workload is not None else ""
    for service in services:
        for workload in service.workloads:
            if read and read.lower() == workload.lower():
                return service.name
            if selection.pod is not None and selection.pod.startswith(f"{workload.partition('/')[2]}-"):
                return service.name
    return None


def _write(path: Path, lines: list[LogLine], times: bool) -> None:
    with path.open("w", encoding="utf-8", errors="replace") as file:
        for line in lines:
            stamp = f"{time_of_day(line.stamp)} " if times and line.stamp is not None else ""
            file.write(f"{stamp}{line.origin} {line.text}\n")
