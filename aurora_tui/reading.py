"""Reading logs: the page of a line, the way to a moment, and the pane's lines saved as text."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aurora_tui.looking import Carried, Looking
from aurora_tui.model import views
from aurora_tui.model.loglines import LogLine
from aurora_tui.model.moments import HELP, moment
from aurora_tui.model.onset import LEAD_SECONDS
from aurora_tui.model.selection import ObjectRef, runner_of
from aurora_tui.model.templates import OTHERS
from widgets.linepage import LinePage
from widgets.tail import Tail
from widgets.tailpaint import time_of_day
from widgets.templates import TemplatesScreen


class ReadingLogs(Looking):
    """What the keys of the logs pane open."""

    def on_tail_line_chosen(self, message: Tail.LineChosen) -> None:
        self.push_screen(LinePage(message.tail, clock=self.session.clock))

    def on_line_page_asked(self, message: LinePage.Asked) -> None:
        """The pod that wrote a line, described, or what changed around the time of the line."""
        context = self.logs_pane.context
        pod = ObjectRef("Pod", self._namespace_read(), message.line.origin, context=context)
        if message.what == "describe":
            self.look_at(pod, "describe")
        else:
            ref = self._runner_of(pod) or pod
            self.open_changes(Carried(self._service_of(ref), ref, message.line.stamp, context))

    def flush(self) -> None:
        super().flush()
        screen = self.on_top(TemplatesScreen)
        if screen is not None:
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
        """Just before the first alert that fires for the service whose log is read, and what tells it; else None."""
        service = self._service_of(self._read())
        onset = self.onset_of(service, self.logs_pane.context) if service else None
        return (None, "") if onset is None else (onset - LEAD_SECONDS, f"the first alert of {service}")

    def _read(self) -> ObjectRef | None:
        """The workload whose log is read."""
        selection = self.logs_pane.selection
        if selection is None:
            return None
        if selection.pod is not None:
            return self._runner_of(ObjectRef("Pod", selection.namespace, selection.pod, context=selection.context))
        if selection.workload is None:
            return None
        kind, name = selection.workload
        return ObjectRef(kind, selection.namespace, name, context=selection.context)

    def _runner_of(self, pod: ObjectRef) -> ObjectRef | None:
        return runner_of(self.session.store.table(views.PODS.table).rows, pod)

    def _namespace_read(self) -> str:
        selection = self.logs_pane.selection
        namespace = selection.namespace if selection is not None else ""
        return namespace or self.session.of(self.logs_pane.context).home

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
        await tail.catch_up()
        lines, hidden = list(tail.shown_lines()), tail.hidden_words
        if lines:
            await asyncio.to_thread(_write, path, lines, tail.shows_times)
            self.notify(f"saved {len(lines):,} log lines{hidden} in {path.name}", markup=False)


def _write(path: Path, lines: list[LogLine], times: bool) -> None:
    with path.open("w", encoding="utf-8", errors="replace") as file:
        for line in lines:
            stamp = f"{time_of_day(line.stamp)} " if times and line.stamp is not None else ""
            file.write(f"{stamp}{line.origin} {line.text}\n")
