"""One lock for the imports that are slow enough to be made in threads."""

from __future__ import annotations

import threading

IMPORTS = threading.Lock()
"""Held while a heavy library is imported in a thread: two threads that import packages which import
each other can see one half made (CPython breaks the deadlock that way)."""
