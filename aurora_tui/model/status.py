"""Which server this is, for the status bar."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """The API server behind a context; `user` is the name that it knows us by."""

    context: str
    version: str
    user: str
