"""Readers of a log buffer keep their place under any mix of appended, prepended, late and dropped lines."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_tui.logbuffer import LogBuffer
from aurora_tui.model.loglines import LogLine
from widgets.tailindex import Lines
from widgets.tailsearch import TailSearch
from widgets.tailwindow import TailWindow

CAPACITY = 12
HEIGHT = 4

LINES = st.lists(st.tuples(st.none() | st.integers(0, 9), st.booleans()), max_size=CAPACITY + 3)
STEPS = st.lists(
    st.tuples(st.sampled_from(["append", "prepend", "insert"]), LINES)
    | st.tuples(st.just("scroll"), st.integers(-5, 5))
    | st.tuples(st.sampled_from(["take", "hit", "end"]), st.none()),
    max_size=30,
)


class Reference:
    """The lines as a plain list, with every reader's place held by the line itself."""

    def __init__(self) -> None:
        self.lines: list[LogLine] = []
        self.dropped = 0

    def append(self, lines: list[LogLine]) -> None:
        self.lines += lines
        self._bound()

    def prepend(self, lines: list[LogLine]) -> int:
        room = CAPACITY - len(self.lines)
        taken = lines[-room:] if room else []
        self.lines = taken + self.lines
        return len(taken)

    def insert(self, lines: list[LogLine]) -> None:
        stamped = sorted((line for line in lines if line.stamp is not None), key=lambda line: line.stamp or 0)
        before = list(self.lines)
        for line in stamped:
            after = [
                n for n, held in enumerate(self.lines) if held.stamp is not None and held.stamp <= (line.stamp or 0)
            ]
            self.lines.insert(after[-1] + 1 if after else 0, line)
        assert [line for line in self.lines if line in before] == before
        self.lines += [line for line in lines if line.stamp is None]
        self._bound()

    def _bound(self) -> None:
        excess = max(len(self.lines) - CAPACITY, 0)
        self.dropped += excess
        del self.lines[:excess]


class Follower:
    """Tells a window what its tail tells it."""

    def __init__(self, buffer: LogBuffer, window: TailWindow) -> None:
        self.buffer = buffer
        self.window = window

    def prepended(self, count: int) -> None:
        self.window.prepended(self.buffer.first + count)

    def inserted(self, places: Sequence[int]) -> None:
        self.window.inserted(places)


def held(buffer: LogBuffer) -> list[LogLine]:
    return [buffer[seq] for seq in range(buffer.first, buffer.end)]


def those(buffer: LogBuffer, lines: Lines) -> list[LogLine]:
    return [buffer[lines[place]] for place in range(len(lines))]


@settings(max_examples=400, deadline=None)
@given(STEPS, st.booleans())
def test_readers_keep_their_place_under_any_mix(steps: list[tuple[str, object]], filtered: bool) -> None:
    numbers = count()
    buffer, reference = LogBuffer(capacity_lines=CAPACITY), Reference()
    search = TailSearch(buffer, "hit", "hit" if filtered else "")
    hits = TailSearch(buffer, "", "hit")
    window = TailWindow(search.lines, lambda seq: 1)
    window.pinned = False
    buffer.attach(follower := Follower(buffer, window))
    top: LogLine | None = None
    current: LogLine | None = None

    for what, value in steps:
        if what in ("append", "prepend", "insert"):
            assert isinstance(value, list)
            lines = [LogLine(stamp, "pod", "app", f"{next(numbers)}{' hit' * hit}") for stamp, hit in value]
            assert getattr(buffer, what)(lines) == getattr(reference, what)(lines)
            if top is not None and top not in reference.lines:
                # It went with all before it: the oldest that is left is next.
                top = next((line for line in reference.lines if not filtered or "hit" in line.text), None)
            if current not in reference.lines:
                current = None
        elif what == "take":
            hits.take()
            search.take()
        else:
            search.take()
            window.fill(HEIGHT)
            if what == "scroll":
                assert isinstance(value, int)
                window.scroll(value)
            elif what == "end":
                window.to_end(HEIGHT)
            elif window.rows:
                found = search.next_hit([seq for seq, _ in window.rows], 1)
                current = None if found is None else buffer[found]
            window.fill(HEIGHT)
            top = buffer[window.rows[0][0]] if window.rows else None
            continue

        assert held(buffer) == reference.lines
        assert (len(buffer), buffer.dropped) == (len(reference.lines), reference.dropped)
        if current is not None:
            assert search.current is not None
            assert buffer[search.current] == current
        elif search.current is not None:
            assert not buffer.first <= search.current < buffer.end
        if top is not None:
            kept = [line for line in reference.lines if not filtered or "hit" in line.text]
            search.take()
            assert window.lines.place(window.top) == kept.index(top)
        if what == "take":
            assert those(buffer, hits.lines) == [line for line in reference.lines if "hit" in line.text]

    hits.take()
    assert those(buffer, hits.lines) == [line for line in reference.lines if "hit" in line.text]
    assert follower.window is window


def test_the_newest_older_lines_are_taken_and_nothing_is_dropped_for_them() -> None:
    buffer = LogBuffer(capacity_lines=5)
    buffer.append(LogLine(None, "pod", "app", text) for text in "abc")

    taken = buffer.prepend(LogLine(None, "pod", "app", text) for text in "wxyz")

    assert (taken, buffer.first, buffer.end, buffer.dropped) == (2, -2, 3, 0)
    assert [line.text for line in held(buffer)] == ["y", "z", "a", "b", "c"]
    assert buffer.prepend([LogLine(None, "pod", "app", "x")]) == 0


def test_older_lines_have_to_fit_into_the_memory_too() -> None:
    buffer = LogBuffer(capacity_bytes=10_000)
    buffer.append([LogLine(None, "pod", "app", "x" * 7_000)])

    assert buffer.prepend(LogLine(None, "pod", "app", "y" * 1_000) for _ in range(5)) == 2


def test_a_late_line_stands_behind_the_last_that_is_not_younger() -> None:
    buffer = LogBuffer()
    buffer.append(LogLine(stamp, "pod", "app", f"at {stamp}") for stamp in (1.0, 3.0, 2.0, 5.0))

    buffer.insert(LogLine(stamp, "pod", "app", f"late {stamp}") for stamp in (4.0, 2.0, 0.5))

    assert [line.text for line in held(buffer)] == [
        "late 0.5", "at 1.0", "at 3.0", "at 2.0", "late 2.0", "late 4.0", "at 5.0",
    ]  # fmt: skip
