"""Telling others of an incident from the screen: the preview, the consent, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence

from aurora_tui.incident_keys import NO_INCIDENT, IncidentKeys
from aurora_tui.model.incident_settings import Channel, Occasion
from aurora_tui.model.notices import preselected, proposed, told
from widgets.textpage import TextPage


class TellingOthers(IncidentKeys):
    """The key that notifies."""

    def action_notify_others(self) -> None:
        """Show what would be sent to whom; nothing is sent before it was consented to."""
        incident = self.incidents.incident
        settings = self.session.settings.incident
        if incident is None:
            self._warn(NO_INCIDENT)
            return
        if not settings.channels:
            self._show_text(told(settings.templates.get(proposed(incident), ""), incident, self.session.clock()))
            return
        from widgets.notifying import NotifyScreen

        shown = incident

        def texts(occasion: Occasion) -> str:
            return told(settings.templates.get(occasion, ""), shown, self.session.clock())

        def said(channels: Sequence[Channel], occasion: Occasion, text: str) -> None:
            self._put_down(self.incidents.tell(channels, occasion, text), "told, or waiting to be")

        heading = f"Tell others of {incident.title}"
        chosen = [preselected(channel, incident) for channel in settings.channels]
        screen = NotifyScreen(heading, settings.channels, proposed(incident), chosen=chosen, texts=texts, said=said)
        self.push_screen(screen)

    def _show_text(self, text: str) -> None:
        """What would be said, for who tells others by other means."""
        page = TextPage("Nobody to tell: name channels under incident.notify in the settings", clock=self.session.clock)
        self.push_screen(page)
        page.fill([text, "", "Nothing is sent: copy it, and tick the step by hand (space)."])
