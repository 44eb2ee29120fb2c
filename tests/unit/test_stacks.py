"""Stack traces as the runtimes print them: which lines belong together, alone and with pods that interleave."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aurora_tui.logbuffer import LogBuffer
from aurora_tui.model.filters import parse_filter
from aurora_tui.model.loglines import LogLine
from widgets.tailfold import LONGEST_BLOCK, Folds
from widgets.tailindex import AllLines, find_errors, finder
from widgets.tailsearch import TailSearch

JVM = """\
2026-01-01 00:00:00 ERROR [main] order failed
org.postgresql.util.PSQLException: ERROR: relation does not exist
\tat com.aurora.OrderService.list(OrderService.java:41)
\tat java.base/java.lang.Thread.run(Thread.java:840)
Caused by: java.net.ConnectException: Connection refused
\t... 23 more"""
JVM_ALONE = """\
Exception in thread "main" java.lang.IllegalStateException: no config
\tat com.aurora.Main.main(Main.java:3)
\tSuppressed: java.io.IOException
\t\tat com.aurora.Main.close(Main.java:9)"""
PYTHON = """\
ERROR:root:it failed
Traceback (most recent call last):
  File "a.py", line 1, in <module>
    f()
    ~^^
KeyError: 'a'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 3, in <module>
app.errors.Broken: again"""
GO = """\
panic: runtime error: index out of range [5] with length 3

goroutine 1 [running]:
main.(*Server).handle(0xc000012345, {0x1, 0x2})
\t/src/main.go:12 +0x1d
created by main.main in goroutine 7
\t/src/main.go:40 +0x9a
exit status 2"""
GO_SERVED = """\
2026/01/01 00:00:00 http: panic serving 10.0.0.1:5: boom
goroutine 34 [running]:
net/http.(*conn).serve.func1()
\t/usr/lib/go/src/net/http/server.go:1898 +0xbe"""
DOTNET = """\
Unhandled exception. System.InvalidOperationException: outer
 ---> System.ArgumentNullException: Value cannot be null.
   at Aurora.Orders.List(String id) in /src/Orders.cs:line 41
   --- End of inner exception stack trace ---
   at Aurora.Program.Main(String[] args)
--- End of stack trace from previous location ---
   at System.Threading.ThreadPool.Run()"""
NODE = """\
TypeError: Cannot read properties of undefined (reading 'id')
    at list (/app/orders.js:41:7)
    at async Server.handle (/app/server.js:9:3) {
  code: 'ERR_X',
  [cause]: Error: deeper
      at connect (/app/db.js:1:1)
}"""
TRACES = [JVM, JVM_ALONE, PYTHON, GO, GO_SERVED, DOTNET, NODE]
LINES = sorted({line for trace in TRACES for line in trace.splitlines()} | {"fine", "ERROR boom", "  indented prose"})


def said(text: str, pod: str = "pod") -> list[LogLine]:
    return [LogLine(None, pod, "app", line) for line in text.split("\n")]


def blocks(buffer: LogBuffer, folds: Folds) -> list[list[str]]:
    lines = AllLines(buffer, folds)
    heads = [lines[place] for place in range(len(lines))]
    return [[buffer[seq].text for seq in (head, *folds.block(head))] for head in heads]


@pytest.mark.parametrize("trace", TRACES, ids=["jvm", "jvm alone", "python", "go", "go http", ".net", "node"])
def test_a_stack_trace_is_one_block_and_the_lines_around_it_are_not_in_it(trace: str) -> None:
    buffer = LogBuffer()
    folds = Folds(buffer)
    buffer.append([*said("started"), *said(trace), *said("GET / 200")])
    folds.take()

    assert blocks(buffer, folds) == [["started"], trace.split("\n"), ["GET / 200"]]


@pytest.mark.parametrize(
    "lines",
    [
        ["INFO ready", "java.lang.Error: alone"],
        ["ready", "  indented prose", "\ttabbed"],
        ["Traceback (most recent call last):", '{"message":"another thread"}'],
        ["ERROR one", "ERROR two"],
        ["panic: x", "INFO next"],
        ["ValueError: x", "KeyError: y"],
        ["ready", ""],
    ],
)
def test_what_is_no_stack_trace_stays_on_its_own(lines: list[str]) -> None:
    buffer = LogBuffer()
    folds = Folds(buffer)
    buffer.append(said("\n".join(lines)))
    folds.take()

    assert blocks(buffer, folds) == [[line] for line in lines]


def test_the_blocks_of_pods_whose_lines_alternate_are_told_apart() -> None:
    buffer = LogBuffer()
    folds = Folds(buffer)
    one, other = said(JVM, "one"), said(PYTHON, "other")
    for at in range(max(len(one), len(other))):
        buffer.append([*one[at : at + 1], *other[at : at + 1]])
        folds.take()

    assert blocks(buffer, folds) == [JVM.split("\n"), PYTHON.split("\n")]


def test_an_endless_trace_is_cut_into_blocks() -> None:
    buffer = LogBuffer()
    folds = Folds(buffer)
    buffer.append(said("\n".join(["ERROR x", *["\tat a.B(C.java:1)"] * (LONGEST_BLOCK + 10)])))
    folds.take()

    assert [len(block) for block in blocks(buffer, folds)] == [LONGEST_BLOCK + 1, 10]


def test_what_is_left_of_a_block_whose_beginning_was_dropped_stays_together() -> None:
    buffer = LogBuffer(capacity_lines=6)
    folds = Folds(buffer)
    buffer.append(said(JVM))
    folds.take()
    buffer.append(said("fine\nfine"))
    folds.take()

    assert blocks(buffer, folds) == [JVM.split("\n")[2:], ["fine"], ["fine"]]


def test_a_late_line_of_a_block_is_folded_into_it_and_another_parts_no_block() -> None:
    texts = ["ERROR x", "java.lang.Error: y", "\tat a.B(C.java:1)"]
    buffer = LogBuffer()
    search = TailSearch(buffer)
    folds = search.folds
    buffer.append(LogLine(float(2 * n), "pod", "app", text) for n, text in enumerate(texts))
    search.take()
    buffer.insert([LogLine(3.0, "pod", "app", "\tat late.A(B.java:2)"), LogLine(3.5, "pod", "app", "fine")])
    buffer.insert([LogLine(9.0, "pod", "app", "Caused by: z")])
    search.take()

    assert blocks(buffer, folds) == [[*texts[:2], "\tat late.A(B.java:2)", texts[2], "Caused by: z"], ["fine"]]


POD_LINES = st.lists(
    st.tuples(st.sampled_from(["one", "other"]), st.sampled_from(LINES), st.floats(0, 9)), min_size=1, max_size=14
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.booleans(), POD_LINES), max_size=6))
def test_older_lines_make_the_same_blocks_as_if_they_had_come_first(
    steps: Sequence[tuple[bool, list[tuple[str, str, float]]]],
) -> None:
    buffer = LogBuffer()
    search = TailSearch(buffer)
    for older, lines in steps:
        some = [LogLine(None, pod, "app", text) for pod, text, _ in lines]
        if older:
            buffer.prepend(some)
        else:
            buffer.append(some)
        search.take()
    afresh = Folds(buffer)
    afresh.take()

    assert blocks(buffer, search.folds) == blocks(buffer, afresh)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["append", "prepend", "insert", "take"]), POD_LINES), max_size=10),
    st.sampled_from(["at", "!at", "ERROR", "fine"]),
    st.integers(5, 30),
)
@example(
    [
        ("append", [("other", "\tat a.B(C.java:1)", 0.0), ("other", "\tat a.B(C.java:2)", 1.0)]),
        ("insert", [("other", "", 0.0), ("other", "\tat a.B(C.java:3)", 0.0)]),
        ("prepend", [("other", "", 0.0)]),
    ],
    "at",
    6,
)
@example(
    [
        ("append", [("one", "KeyError: 'a'", 0.0), ("one", "\t/src/main.go:12 +0x1d", 1.0)]),
        ("take", []),
        ("prepend", [("one", "Traceback (most recent call last):", 0.0)]),
    ],
    "main",
    9,
)
def test_a_block_is_whole_and_is_shown_and_hit_by_any_of_its_lines(
    steps: Sequence[tuple[str, list[tuple[str, str, float]]]], typed: str, capacity: int
) -> None:
    buffer = LogBuffer(capacity_lines=capacity)
    search = TailSearch(buffer, "er", typed)
    search.want_errors()
    search.take()
    for what, lines in steps:
        if what == "take":
            search.take()
            continue
        search.take(2)
        getattr(buffer, what)([LogLine(stamp, pod, "app", text) for pod, text, stamp in lines])
    search.take()

    folds, every = search.folds, AllLines(buffer, search.folds)
    heads = [every[place] for place in range(len(every))]
    assert [every.place(seq) for seq in heads] == list(range(len(heads)))
    whole = [seq for head in heads for seq in (head, *folds.block(head))]
    assert sorted(whole) == list(range(buffer.first, buffer.end))
    for head in heads:
        assert list(folds.block(head)) == sorted(folds.block(head))
        assert all(seq > head and buffer[seq].origin == buffer[head].origin for seq in folds.block(head))

    wanted, hit = parse_filter(typed), parse_filter("er")
    block = {head: [buffer[seq] for seq in (head, *folds.block(head))] for head in heads}
    shown = [head for head in heads if finder(wanted)(block[head][:1] if wanted.inverse else block[head])]
    assert [search.lines[place] for place in range(len(search.lines))] == shown
    assert [head for head in heads if search.is_hit(head)] == [h for h in shown if finder(hit)(block[h])]
    assert search._errors is not None
    errors = [search._errors[place] for place in range(len(search._errors))]
    assert errors == [head for head in shown if find_errors(block[head])]
