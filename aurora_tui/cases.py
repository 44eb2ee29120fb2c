"""A case: one subject under triage, with what is known of it and the screens that show it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from widgets.actiondialog import ActionDialog
from widgets.mitigations import MitigationsScreen
from widgets.triage import TriageScreen

if TYPE_CHECKING:
    from aurora_tui.incident.reading import SituationReader
    from aurora_tui.incident.situation import Subject
    from aurora_tui.incident.triage import Triage
    from aurora_tui.session import Session


@dataclass(eq=False)
class Case:
    """One subject under triage: what reads it, what was made of it last, and the screens that show it."""

    session: Session
    """Of the context that it is in."""
    reader: SituationReader
    asked: Subject
    """What it was opened on last: an alert may have come since the reader's first one."""
    triage: Triage | None = None
    read_at: float | None = None
    """When all parts had been read last."""
    screens: list[TriageScreen | MitigationsScreen] = field(default_factory=list)
    hurry: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: list[ActionDialog.Suffering] = field(default_factory=list)
    """Dialogs that want to hear from the next reading what is to be done besides."""
    watch: asyncio.Task[None] | None = None

    @property
    def subject(self) -> Subject:
        return self.reader.situation.subject

    def show(self, screen: TriageScreen | MitigationsScreen) -> None:
        """Let a screen say what is known so far."""
        if self.triage is None or not screen.is_attached or not screen.is_mounted:
            return  # it was left, or is just being made and will be shown it then
        if isinstance(screen, TriageScreen):
            screen.show(self.triage.sections, self.read_at)
        else:
            lacks = [f"{part}: {words}" for part, words in self.triage.situation.parts.items() if words]
            words = "; ".join(["nothing is suggested", *lacks]) if self.triage.complete else "reading …"
            screen.fill(self.triage.mitigations, words, complete=self.triage.complete)

    @property
    def words(self) -> str:
        """``backend (deployment/aurora-backend)  HighErrorRate``."""
        subject, label = self.asked, self.session.label
        what = f"{subject.service} ({subject.ref})" if subject.service and subject.ref else str(subject)
        return f"{what}{f' in {label}' if label else ''}  {subject.alert}".rstrip()

    def advise(self, asked: ActionDialog.Suffering) -> None:
        """Name what is suggested first now, but for what has just been done."""
        done = asked.plan.action
        offers = self.triage.mitigations if self.triage is not None else ()
        rest = (each for each in offers if (each.verb, str(each.ref)) != (done.verb, str(done.target)))
        if asked.dialog.is_attached and (offer := next(rest, None)) is not None:
            asked.dialog.advise(offer.words)
