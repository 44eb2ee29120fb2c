"""What an error means to whoever follows a kind: the state and words of its table, a pause, where to begin."""

from __future__ import annotations

import msgspec

from aurora_tui.cluster.answers import not_kubernetes
from aurora_tui.cluster.errors import (
    ClusterError,
    ConfigError,
    ForbiddenError,
    GoneError,
    NotFoundError,
    ThrottledError,
    UnauthorizedError,
)
from aurora_tui.model.freshness import SourceState
from aurora_tui.model.frozen import Frozen

DENIED_SECONDS = 30.0
_AHEAD = "ResourceVersionTooLarge"
"""The cause that a server names which was set back, by a restore of its data, behind the version it is asked for."""
_ABOUT_US = frozenset({401, 403, 429})
"""Refusals that say nothing against what was asked."""


class Setback(Frozen):
    """`anew`: what was known of the server's versions is of no use any more."""

    state: SourceState
    words: str
    wait: float
    anew: bool


def setback(error: Exception, *, lost: SourceState, wait: float, server: str, missing: str) -> Setback:
    """`lost` and `wait` are what an error means that is not told apart; `missing`: that the kind is not served."""
    words = str(error)
    match error:
        case NotFoundError():
            return Setback(SourceState.UNCONFIGURED, missing, max(wait, DENIED_SECONDS), anew=True)
        case ForbiddenError() | UnauthorizedError() | ConfigError():
            return Setback(SourceState.DENIED, words, max(wait, DENIED_SECONDS), anew=False)
        case ThrottledError():
            return Setback(lost, words, max(wait, error.retry_after), anew=False)
        case msgspec.DecodeError():
            return Setback(lost, f"{not_kubernetes(server)} ({words})", wait, anew=True)
        case ClusterError():
            return Setback(lost, words, wait, anew=_is_of_the_version(error))
    return Setback(lost, words, wait, anew=False)


def _is_of_the_version(error: ClusterError) -> bool:
    """Whether a watch is refused for what it asks: then it would be for ever."""
    refused = error.status is not None and 400 <= error.status < 500 and error.status not in _ABOUT_US
    return isinstance(error, GoneError) or refused or _AHEAD in error.causes
