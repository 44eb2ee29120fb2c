"""The terminal that goes away under the screen: what is still written to it hurts nobody."""

from __future__ import annotations

import contextlib
import os
import threading

from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread

from aurora_tui.terminal import Outlet


def test_what_is_written_after_the_terminal_went_away_keeps_nobody_waiting() -> None:
    outside, inside = os.openpty()
    file = os.fdopen(inside, "w", buffering=1)
    writer = WriterThread(Outlet(file))  # type: ignore[arg-type]
    writer.start()
    os.close(outside)

    def leave() -> None:
        for _ in range(3 * MAX_QUEUED_WRITES):
            writer.write("words\n")
        writer.stop()

    leaving = threading.Thread(target=leave, daemon=True)
    leaving.start()
    leaving.join(20)

    assert not leaving.is_alive()
    with contextlib.suppress(OSError):  # what it still holds has nowhere to go
        file.close()
