"""What goes wrong between us and a source of signals, in the operator's words."""

from __future__ import annotations

import json
import os
import re
import ssl
from enum import Enum, auto

_EXCERPT = 200


class Trouble(Enum):
    """What kind of failure it is, for who decides what to do about it."""

    UNREACHABLE = auto()
    """No connection, or not to the server that was meant; other questions will fail alike."""
    DENIED = auto()
    """The credentials were refused (401, 403)."""
    SLOW = auto()
    """No answer in time; the next question may well be answered."""
    QUERY = auto()
    """The server works and refuses this one question."""
    LOST = auto()
    """What was to change something went out, and no answer came: it may or may not have been done."""
    READ_ONLY = auto()
    """Nothing was sent: the client only reads."""


class SignalError(Exception):
    """A source did not answer; the text says why and, where that helps, what to do."""

    def __init__(self, trouble: Trouble, message: str) -> None:
        super().__init__(message)
        self.trouble = trouble


def check_answer(server: str, status: int, body: bytes) -> None:
    """Raise SignalError unless an HTTP answer is a success that holds JSON.

    Prometheus wraps its errors (https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview);
    Alertmanager answers with a bare JSON text; whatever stands between us and them with a web page.
    """
    start = body[:1024].lstrip()[:1]
    if status == 200 and start in (b"{", b"["):
        return
    if status == 401:
        raise SignalError(Trouble.DENIED, f"{server} refuses the credentials (401): sign in again")
    if status == 403:
        raise SignalError(Trouble.DENIED, f"{server} forbids it (403): {_said(body) or 'no reason given'}")
    if start == b"<":
        raise SignalError(
            Trouble.UNREACHABLE,
            f"{server} answered with a web page (HTTP {status}): the address or a sign-in page is in the way",
        )
    kind, said = _error_type(body), _said(body)
    if kind == "timeout":
        raise SignalError(Trouble.SLOW, f"the query took too long: {said}")
    if kind in ("bad_data", "execution", "canceled"):
        raise SignalError(Trouble.QUERY, said)
    if status == 200:
        raise SignalError(Trouble.UNREACHABLE, f"{server} did not answer with JSON: the address may be wrong")
    raise SignalError(Trouble.UNREACHABLE, f"{server} answered HTTP {status}{': ' + said if said else ''}")


def plain(error: BaseException) -> str:
    """The reason of a failed connection without addresses, numbers and line references."""
    if isinstance(error, ssl.SSLError):
        return re.sub(r"^\[.*?\] | \(_ssl\.c:\d+\)$", "", str(error))
    if isinstance(error, OSError):
        if error.errno is not None and error.errno > 0:
            return os.strerror(error.errno)
        return error.strerror or str(error)
    return str(error) or type(error).__name__


def _said(body: bytes) -> str:
    """The server's own words: the `error` or `message` of its JSON, a JSON text, or the body's beginning."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = body[:_EXCERPT].decode("utf-8", "replace")
    if isinstance(answer, dict):
        answer = answer.get("error") or answer.get("message") or ""
    return " ".join(str(answer).split())[:_EXCERPT]


def _error_type(body: bytes) -> str:
    try:
        answer = json.loads(body)
    except ValueError:
        return ""
    return str(answer.get("errorType", "")) if isinstance(answer, dict) else ""
