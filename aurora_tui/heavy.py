"""One lock for the imports that are slow enough to be made in threads."""

from __future__ import annotations

import importlib
import threading
from typing import Any

IMPORTS = threading.Lock()
"""Held while a heavy library is imported in a thread: two threads that import packages which import
each other can see one half made (CPython breaks the deadlock that way)."""


def import_late(name: str) -> Any:
    """Import one of our own modules that the first rows need not wait for; called in a thread."""
    with IMPORTS:
        return importlib.import_module(name)
