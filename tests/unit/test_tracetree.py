"""A trace as a tree: parents, self time, errors and their causes, clocks that differ, and the critical path."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aurora_tui.model.traces import Span, trace_of
from aurora_tui.model.tracetree import Tree, tree_of
from tests.unit.traceshapes import BEGIN, MILLI, TRACE, id_of, span, trace


def shape(tree: Tree) -> list[tuple[str, int]]:
    return [(node.span.operation, node.depth) for node in tree.nodes]


def own(tree: Tree) -> dict[str, float]:
    return {node.span.operation: node.own / MILLI for node in tree.nodes}


def path(tree: Tree) -> list[tuple[str, float, float]]:
    """The critical path by time: operation, from and to in milliseconds."""
    sections = [
        ((begin - BEGIN) / MILLI, (end - BEGIN) / MILLI, node.span.operation)
        for node in tree.nodes
        for begin, end in node.critical
    ]
    return [(name, begin, end) for begin, end, name in sorted(sections)]


def test_children_stand_below_their_caller_in_the_order_of_time() -> None:
    tree = tree_of(
        trace(span("b", 40, 60, "root"), span("root", 0, 100), span("c", 50, 55, "b"), span("a", 10, 30, "root"))
    )

    assert shape(tree) == [("root", 0), ("a", 1), ("b", 1), ("c", 2)]
    assert [node.size for node in tree.nodes] == [4, 1, 2, 1]
    assert [node.parent for node in tree.nodes] == [None, 0, 0, 2]


def test_the_time_of_a_span_is_its_own_where_no_child_runs() -> None:
    tree = tree_of(
        trace(
            span("root", 0, 100),
            span("a", 10, 30, "root"),
            span("overlapping", 20, 40, "root"),
            span("beyond", 90, 140, "root"),
        )
    )
    assert own(tree) == {"root": 60, "a": 20, "overlapping": 20, "beyond": 50}


def test_an_error_began_where_nothing_below_it_failed() -> None:
    tree = tree_of(
        trace(
            span("root", 0, 100, failed=True),
            span("a", 0, 50, "root"),
            span("b", 10, 40, "a", failed=True),
            span("fine", 60, 70, "root"),
        )
    )
    told = {node.span.operation: (node.span.failed, node.fails_below, node.cause) for node in tree.nodes}
    assert told == {
        "root": (True, True, False),
        "a": (False, True, False),
        "b": (True, False, True),
        "fine": (False, False, False),
    }
    assert tree.errors == 2


def test_a_span_whose_caller_is_missing_is_a_root_of_its_own() -> None:
    tree = tree_of(trace(span("root", 0, 100), span("lost", 20, 30, "gone"), span("below", 21, 22, "lost")))

    assert shape(tree) == [("root", 0), ("lost", 0), ("below", 1)]
    assert [node.orphan for node in tree.nodes] == [False, True, False]


def test_without_any_root_the_path_is_that_of_the_longest_part() -> None:
    tree = tree_of(trace(span("short", 0, 10, "gone"), span("long", 5, 50, "gone")))

    assert path(tree) == [("long", 5, 50)]


def test_spans_that_call_each_other_are_all_there_once() -> None:
    tree = tree_of(trace(span("a", 0, 10, "b"), span("b", 1, 9, "a"), span("self", 2, 3, "self")))

    assert sorted(shape(tree)) == [("a", 0), ("b", 1), ("self", 0)]


def test_two_spans_of_one_id_are_both_shown() -> None:
    twin = span("b", 20, 30, "root")
    tree = tree_of(trace(span("root", 0, 100), twin, twin, span("below", 22, 25, "b")))

    assert [name for name, _ in shape(tree)] == ["root", "b", "below", "b"]


def test_no_spans_are_an_empty_tree() -> None:
    tree = tree_of(trace_of(TRACE, ()))

    assert (tree.nodes, tree.duration) == ((), 0)


def test_a_chain_deeper_than_recursion_is_walked() -> None:
    deep = 12_000
    spans = [
        Span(f"{n:016x}", f"{n - 1:016x}" if n else "", "api", str(n), BEGIN + n, 2 * deep - 2 * n) for n in range(deep)
    ]
    tree = tree_of(trace_of(TRACE, spans))

    assert len(tree.nodes) == deep
    assert tree.nodes[-1].depth == deep - 1


def test_a_child_that_begins_before_its_caller_on_another_host_is_moved_into_it() -> None:
    here, there = (("host.name", "a"),), (("host.name", "b"),)
    tree = tree_of(
        trace(
            span("root", 0, 100, process=here),
            span("child", -500, -440, "root", process=there),
            span("same clock", -490, -480, "child", process=there),
            span("back here", 30, 40, "child", process=here),
        )
    )
    told = {node.span.operation: ((node.span.begin - BEGIN) / MILLI, node.moved / MILLI) for node in tree.nodes}
    assert told == {"root": (0, 0), "child": (20, 520), "same clock": (30, 520), "back here": (30, 0)}
    assert tree.duration == 100 * MILLI


def test_one_that_took_longer_than_its_caller_is_moved_to_its_beginning() -> None:
    tree = tree_of(trace(span("root", 0, 100), span("child", -50, 100, "root")))

    assert [(node.span.begin - BEGIN) / MILLI for node in tree.nodes] == [0, 0]


def test_on_one_host_nothing_is_moved_and_what_ends_late_is_no_skew() -> None:
    here = (("host.name", "a"),)
    tree = tree_of(
        trace(
            span("root", 0, 100, process=here),
            span("early", -5, 50, "root", process=here),
            span("late", 90, 150, "root"),
        )
    )
    assert [node.moved for node in tree.nodes] == [0, 0, 0]


def test_the_path_goes_back_from_the_child_that_finished_last() -> None:
    tree = tree_of(
        trace(
            span("root", 0, 100),
            span("a", 10, 40, "root"),
            span("hidden behind b", 30, 65, "root"),
            span("b", 50, 90, "root"),
            span("in b", 60, 80, "b"),
        )
    )
    assert path(tree) == [
        ("root", 0, 10),
        ("a", 10, 40),
        ("root", 40, 50),
        ("b", 50, 60),
        ("in b", 60, 80),
        ("b", 80, 90),
        ("root", 90, 100),
    ]


def test_what_reaches_beyond_its_caller_is_cut_and_what_lies_outside_left_out() -> None:
    tree = tree_of(trace(span("root", 0, 100), span("over", 70, 150, "root"), span("after", 110, 120, "root")))

    assert path(tree) == [("root", 0, 70), ("over", 70, 100)]


def test_nobody_waits_for_what_follows_or_is_taken_from_a_queue() -> None:
    tree = tree_of(
        trace(
            span("root", 0, 100),
            span("follows", 50, 100, "root", follows=True),
            span("consumer", 60, 100, "root", kind="consumer"),
            span("below", 70, 80, "consumer"),
        )
    )
    assert path(tree) == [("root", 0, 100)]


def test_children_that_touch_are_all_on_the_path() -> None:
    tree = tree_of(
        trace(span("root", 0, 30), *(span(name, at, at + 10, "root") for name, at in (("a", 0), ("b", 10), ("c", 20))))
    )

    assert path(tree) == [("a", 0, 10), ("b", 10, 20), ("c", 20, 30)]


@st.composite
def traces(draw: st.DrawFn) -> list[Span]:
    """Up to fifteen spans under each other in any manner; some outside their callers, some not waited for."""
    count = draw(st.integers(1, 15))
    spans = []
    for number in range(count):
        parent = draw(st.integers(0, number - 1)) if number else None
        begin, duration = draw(st.integers(0, 40)), draw(st.integers(0, 40))
        spans.append(
            Span(
                id=f"{number + 1:016x}",
                parent=f"{parent + 1:016x}" if parent is not None else "",
                service="api",
                operation=str(number),
                begin=begin if number else 0,
                duration=duration if number else 40,
                kind=draw(st.sampled_from(["server", "consumer"])) if number else "server",
                follows=draw(st.booleans()) if number else False,
                process=(("host.name", "one"),),
            )
        )
    return spans


def slow_path(spans: list[Span], name: str, begin: int, end: int) -> list[tuple[str, int, int]]:
    """The path by its definition, one call for each step back: the reference."""
    within = [
        (max(each.begin, begin), min(each.end, end), each)
        for each in spans
        if each.parent == name and not each.follows and each.kind != "consumer"
    ]
    within = [each for each in within if each[0] < each[1]]
    until = end
    found: list[tuple[str, int, int]] = []
    while True:
        ended = [each for each in within if each[1] <= until]
        if not ended:
            return [*found, (name, begin, until)]
        last = max(ended, key=lambda each: (each[1], -each[0]))
        ties = [each for each in ended if (each[1], each[0]) == (last[1], last[0])]
        last = max(ties, key=lambda each: spans.index(each[2]))
        found.append((name, last[1], until))
        found += slow_path(spans, last[2].id, last[0], last[1])
        within.remove(last)
        until = last[0]


@given(traces())
def test_the_path_is_that_of_the_slow_reference_and_covers_the_root_once(spans: list[Span]) -> None:
    tree = tree_of(trace_of(TRACE, spans))
    found = sorted((begin, end, node.span.id) for node in tree.nodes for begin, end in node.critical)
    root = spans[0]

    covered = [(begin, end) for begin, end, _ in found]
    assert [begin for begin, _ in covered] == [root.begin, *(end for _, end in covered[:-1])]
    assert covered[-1][1] == root.end
    ordered = [node.span for node in tree.nodes]
    expected = sorted((begin, end, name) for name, begin, end in slow_path(ordered, root.id, 0, 40) if begin < end)
    assert found == expected


@given(traces())
def test_own_time_is_counted_tick_by_tick(spans: list[Span]) -> None:
    tree = tree_of(trace_of(TRACE, spans))
    for node in tree.nodes:
        below = [each for each in spans if each.parent == node.span.id]
        ticks = range(node.span.begin, node.span.end)
        assert node.own == sum(not any(each.begin <= tick < each.end for each in below) for tick in ticks)


def test_a_span_is_found_by_its_id() -> None:
    tree = tree_of(trace(span("root", 0, 10), span("a", 1, 2, "root")))

    assert tree.place(id_of("a")) == 1
    assert tree.place("nowhere") is None
