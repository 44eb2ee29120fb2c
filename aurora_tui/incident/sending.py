"""Sends one notification: by Apprise to chats, status pages and webhooks, by its own call to PagerDuty.

Whether it was taken is known exactly, or said not to be: only PagerDuty may be sent the same again.

Addresses and keys come from files or the environment and stay in here: no error, log line or fact names them.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aurora_tui.heavy import IMPORTS
from aurora_tui.model.incident_settings import Channel, ChannelKind, Occasion
from aurora_tui.model.incidents import Incident
from aurora_tui.model.notices import pagerduty_event

_SECONDS = (5.0, 15.0)
"""To connect, and to answer."""
_LATER = frozenset({408, 429})
"""Answers that ask for another try (as those of a server's own failure do); others of 300 and above are for good."""
_STATUS = re.compile(r"\berror=(\d{3})\b")
_ONE_AT_A_TIME = threading.Lock()
"""Apprise logs in one place for all."""


class NotSentError(Exception):
    """It was not sent, in words; `again` says whether it may be tried again."""

    def __init__(self, words: str, *, again: bool) -> None:
        super().__init__(words)
        self.again = again


class UnsureError(Exception):
    """It may have been sent, in words: it was written, and no answer came."""


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
    """Send it, blocking; returns once the other side has taken it. Raises `NotSentError` and `UnsureError`."""
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
    _judge(answer.status_code, "PagerDuty")


def _judge(status: int, name: str) -> None:
    """Raise `NotSentError` for an answer that is no success."""
    if status in _LATER or status >= 500:
        raise NotSentError(f"{name} answered {status}", again=True)
    if status >= 300:
        raise NotSentError(f"{name} refused it ({status})", again=False)


def _apprise(channel: Channel, url: str, incident: Incident, occasion: Occasion, text: str) -> None:
    with _ONE_AT_A_TIME, _overheard() as heard:
        try:
            sent = _notify(channel, url, incident, occasion, text, heard)
        except (TypeError, ValueError, OSError) as error:
            raise NotSentError(f"{channel.name}: {type(error).__name__}", again=False) from None
    if sent:
        return
    if heard.fault is not None and _may_have_arrived(heard.fault):
        raise UnsureError(f"{channel.name} was sent it and did not answer ({type(heard.fault).__name__})")
    if heard.fault is None and heard.status is not None:
        _judge(heard.status, channel.name)
    raise NotSentError(f"{channel.name} did not take it, or cannot be reached", again=True)


def _notify(channel: Channel, url: str, incident: Incident, occasion: Occasion, text: str, heard: _Overheard) -> bool:
    with IMPORTS:
        import apprise
    kinds = {Occasion.RESOLVED: apprise.NotifyType.SUCCESS, Occasion.OPENED: apprise.NotifyType.FAILURE}
    there = apprise.Apprise()
    if not there.add(url) and not there.add(_plain_webhook(url)):
        raise NotSentError(f"what {channel.name} is given as its address is none that Apprise knows", again=False)
    for each in there:
        each.socket_connect_timeout, each.socket_read_timeout = _SECONDS
    heard.begin_anew()  # of what was imported and read nothing counts
    title = "" if channel.kind is ChannelKind.CHAT else incident.title
    return bool(there.notify(body=text, title=title, notify_type=kinds.get(occasion, apprise.NotifyType.WARNING)))


class _Overheard(logging.Handler):
    """What Apprise logs of a failure, which is all that it tells; nothing of it is kept but a number and an exception.

    Source: its plugins log ``error=STATUS`` for an answer, and what is raised within the ``except`` of it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.status: int | None = None
        """The last answer's, where it was no success."""
        self.fault: BaseException | None = None

    def begin_anew(self) -> None:
        self.status = self.fault = None

    def emit(self, record: logging.LogRecord) -> None:
        self.fault = sys.exc_info()[1] or self.fault
        if found := _STATUS.search(record.getMessage()):
            self.status = int(found[1])


@contextlib.contextmanager
def _overheard() -> Iterator[_Overheard]:
    """Hear what Apprise logs in the meantime; nobody else does, it may hold the address."""
    logger, heard = logging.getLogger("apprise"), _Overheard()
    logger.disabled, logger.propagate = False, False
    logger.setLevel(logging.DEBUG)
    logger.addHandler(heard)
    try:
        yield heard
    finally:
        logger.removeHandler(heard)
        logger.disabled, logger.propagate = True, True  # nothing of it before the next time


def _may_have_arrived(fault: BaseException) -> bool:
    """Whether a request may have been written before it failed: not where no connection came about."""
    with IMPORTS:
        import requests
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    if isinstance(fault, requests.ConnectTimeout | requests.exceptions.SSLError | requests.exceptions.ProxyError):
        return False
    if isinstance(fault, requests.ConnectionError):
        reason = getattr(fault.args[0], "reason", None) if fault.args else None
        return not isinstance(reason, NewConnectionError | ConnectTimeoutError)
    return isinstance(fault, requests.RequestException | TimeoutError) and not isinstance(fault, ValueError)


def _plain_webhook(url: str) -> str:
    """An address of nobody whom Apprise knows: JSON is posted to it."""
    for ours, theirs in (("https://", "jsons://"), ("http://", "json://")):
        if url.startswith(ours):
            return theirs + url.removeprefix(ours)
    return url
