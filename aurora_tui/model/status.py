"""Which server this is, for the status bar."""

from __future__ import annotations

from aurora_tui.model.frozen import Frozen


class ClusterStatus(Frozen):
    """The API server behind a context; `user` is the name that it knows us by."""

    context: str
    version: str
    user: str
