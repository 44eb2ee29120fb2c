"""What the settings say of incidents: where notifications go and what they say, and how an incident ends."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from msgspec import field

from aurora_tui.model.frozen import Frozen


class Occasion(StrEnum):
    """Why somebody is told; PagerDuty takes the last two as acknowledge and resolve."""

    OPENED = "opened"
    UPDATE = "update"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class ChannelKind(StrEnum):
    CHAT = "chat"
    """Slack or whatever else Apprise knows."""
    STATUS = "status"
    """The same for the page that users look at."""
    WEBHOOK = "webhook"
    PAGERDUTY = "pagerduty"


PAGERDUTY_EVENTS = "https://events.pagerduty.com/v2/enqueue"
"""Source: https://developer.pagerduty.com/docs/send-alert-event"""


class Channel(Frozen):
    """Where notifications go: names of the file or the environment variable with the address or key, never itself."""

    name: str
    kind: ChannelKind
    secret_file: str | None = None
    secret_env: str | None = None
    server: str = PAGERDUTY_EVENTS
    """Where PagerDuty's events go."""


class IncidentSettings(Frozen):
    """What the settings say of incidents; spans in seconds."""

    calm: float = 300.0
    """How long SLIs and alerts must be healthy before an incident is over."""
    snapshot_every: float = 60.0
    shared: str | None = None
    """The folder in which several operators meet."""
    procedure: str = "emergency"
    """The guided list of an incident."""
    channels: tuple[Channel, ...] = ()
    templates: Mapping[str, str] = field(default_factory=dict)
    """What is said, by occasion."""

    @property
    def folder(self) -> Path | None:
        """The shared folder."""
        return Path(self.shared).expanduser() if self.shared else None
