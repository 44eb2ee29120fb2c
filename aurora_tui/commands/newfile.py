"""Writing what is exported to a new file, for the owner alone."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from aurora_tui.launch import fail


@contextlib.contextmanager
def new_file(out: Path) -> Iterator[IO[bytes]]:
    """A file that was not there before, one that was stays as it is; gone again where it cannot be written whole."""
    try:
        made = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise fail(f"{out} exists already: give another name") from error
    except OSError as error:
        raise fail(f"{out} cannot be written: {error.strerror or error}") from error
    try:
        with os.fdopen(made, "wb") as file:
            yield file
    except OSError as error:
        out.unlink(missing_ok=True)
        raise fail(f"{out} cannot be written: {error.strerror or error}") from error
