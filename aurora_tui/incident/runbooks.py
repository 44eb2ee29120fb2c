"""Where runbooks lie: the operator's own before the shipped ones, by the name of the alert."""

from __future__ import annotations

from pathlib import Path

from aurora_tui.folders import config_dir, config_home
from aurora_tui.model.runbooks import is_name

_FOLDER = "runbooks"
LONGEST = 256 * 1024
"""Bytes: a runbook that is longer is read by nobody."""


def own_folder() -> Path:
    """Where the operator's own runbooks are looked for."""
    return config_home() / _FOLDER


def runbook(alert: str) -> str | None:
    """The Markdown of an alert's runbook; None where there is none, or where it cannot be read."""
    if not is_name(alert):
        return None
    for folder in (own_folder(), config_dir() / _FOLDER):
        path = folder / f"{alert}.md"
        try:
            with path.open("rb") as file:
                return file.read(LONGEST).decode("utf-8", "replace")
        except OSError:
            continue
    return None
