"""Where files live: the user's XDG folders (none of them need exist) and the shipped configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_APP = "aurora-tui"
_PACKAGE = Path(__file__).resolve().parent


def config_home(environ: Mapping[str, str] = os.environ) -> Path:
    """The user's configuration: ``$XDG_CONFIG_HOME/aurora-tui``, else ``~/.config/aurora-tui``."""
    return _base("XDG_CONFIG_HOME", ".config", environ)


def state_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """The journal and the log file: ``$XDG_STATE_HOME/aurora-tui``, else ``~/.local/state/aurora-tui``."""
    return _base("XDG_STATE_HOME", ".local/state", environ)


def cache_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """What may be lost: ``$XDG_CACHE_HOME/aurora-tui``, else ``~/.cache/aurora-tui``."""
    return _base("XDG_CACHE_HOME", ".cache", environ)


def config_dir() -> Path:
    """The shipped ``config/``: inside the package in a wheel, beside the package in a checkout.

    Raises FileNotFoundError where the installation lacks it.
    """
    for folder in (_PACKAGE / "_config", _PACKAGE.parent / "config"):
        if folder.joinpath("services.yaml").is_file():
            return folder
    raise FileNotFoundError(f"no shipped configuration beside {_PACKAGE}: install aurora-tui again")


def _base(variable: str, fallback: str, environ: Mapping[str, str]) -> Path:
    # The XDG base directory specification: a path that is not absolute is to be ignored.
    named = Path(environ.get(variable, ""))
    if named.is_absolute():
        return named / _APP
    home = environ.get("HOME")
    return (Path(home) if home else Path.home()) / fallback / _APP
