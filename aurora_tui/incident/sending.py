"""Sends one notification: by Apprise to chats, status pages and webhooks, by its own call to PagerDuty.

Addresses and keys come from files or the environment and stay in here: no error, log line or fact names them.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aurora_tui.heavy import IMPORTS
from aurora_tui.model.incident_settings import Channel, ChannelKind, Occasion
from aurora_tui.model.incidents import Incident
from aurora_tui.model.notices import pagerduty_event

_SECONDS = (5.0, 15.0)
"""To connect, and to answer."""
_TOO_MANY = 429


class NotSentError(Exception):
    """It was not sent, in words; `again` says whether it may be tried again."""

    def __init__(self, words: str, *, again: bool) -> None:
        super().__init__(words)
        self.again = again


def secret_of(channel: Channel, environ: Mapping[str, str] = os.environ) -> str:
    """The address or the key of a channel. Raises `NotSentError` where there is none."""
    if channel.secret_env:
        found = environ.get(channel.secret_env, "").strip()
        if not found:
            raise NotSentError(f"the environment variable {channel.secret_env} is empty", again=False)
        return found
    path = Path(channel.secret_file or "").expanduser()
    try:
        found = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no text"
        raise NotSentError(f"{path} cannot be read ({why})", again=False) from None
    if not found:
        raise NotSentError(f"{path} is empty", again=False)
    return found


def send(channel: Channel, incident: Incident, occasion: Occasion, text: str) -> None:
    """Send it, blocking; returns once the other side has taken it. Raises `NotSentError`."""
    secret = secret_of(channel)
    if channel.kind is ChannelKind.PAGERDUTY:
        _page(channel, pagerduty_event(incident, occasion, text, secret))
    else:
        _apprise(channel, secret, incident, occasion, text)


def _page(channel: Channel, event: Mapping[str, Any]) -> None:
    with IMPORTS:
        import requests

    try:
        answer = requests.post(channel.server, json=event, timeout=_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        # Its text may hold the address.
        raise NotSentError(f"PagerDuty cannot be reached ({type(error).__name__})", again=True) from None
    if answer.status_code == _TOO_MANY or answer.status_code >= 500:
        raise NotSentError(f"PagerDuty answered {answer.status_code}", again=True)
    if answer.status_code >= 300:
        raise NotSentError(f"PagerDuty refused it ({answer.status_code})", again=False)


def _apprise(channel: Channel, url: str, incident: Incident, occasion: Occasion, text: str) -> None:
    with IMPORTS:
        import apprise
    # What it logs may hold the address.
    quiet = logging.getLogger("apprise")
    quiet.propagate, quiet.disabled = False, True
    kinds = {Occasion.RESOLVED: apprise.NotifyType.SUCCESS, Occasion.OPENED: apprise.NotifyType.FAILURE}
    try:
        there = apprise.Apprise()
        if not there.add(url) and not there.add(_plain_webhook(url)):
            raise NotSentError(f"what {channel.name} is given as its address is none that Apprise knows", again=False)
        title = "" if channel.kind is ChannelKind.CHAT else incident.title
        sent = there.notify(body=text, title=title, notify_type=kinds.get(occasion, apprise.NotifyType.WARNING))
    except (TypeError, ValueError, OSError) as error:
        raise NotSentError(f"{channel.name}: {type(error).__name__}", again=False) from None
    if not sent:
        raise NotSentError(f"{channel.name} did not take it, or cannot be reached", again=True)


def _plain_webhook(url: str) -> str:
    """An address of nobody whom Apprise knows: JSON is posted to it."""
    for ours, theirs in (("https://", "jsons://"), ("http://", "json://")):
        if url.startswith(ours):
            return theirs + url.removeprefix(ours)
    return url
