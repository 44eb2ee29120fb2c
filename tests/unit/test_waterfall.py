"""The waterfall's lines, the page of a span, and the rows of the list: what the operator reads of a trace."""

from __future__ import annotations

import pytest

from aurora_tui.model.spanview import pod_of, span_lines
from aurora_tui.model.text import cell_width
from aurora_tui.model.trace_rows import COLUMNS, rows_of
from aurora_tui.model.tracequery import TraceQuery, read_duration
from aurora_tui.model.traces import Event, Link, duration_words, read_id, short_id
from aurora_tui.model.tracetree import Tree, tree_of
from aurora_tui.model.waterfall import LEGEND, critical_summary, layout, lines, told, visible
from tests.unit.traceshapes import BEGIN, MILLI, TRACE, id_of, span, trace


def request() -> Tree:
    """A request that failed in its statement; its page was sent before its log was written."""
    return tree_of(
        trace(
            span("GET /orders", 0, 100, service="web", failed=True),
            span("list", 10, 90, "GET /orders", failed=True),
            span("SELECT", 20, 80, "list", service="db", failed=True, message="no such relation"),
            span("audit", 50, 60, "gone"),
        )
    )


def test_bars_are_to_scale_in_ascii_and_signs_say_what_colours_do() -> None:
    assert list(lines(request(), 80)) == [
        "SERVICE OPERATION                        TIME |0             50ms         100ms|",
        "- web GET /orders                 !     100ms |####========================####|",
        "  - api list                      !      80ms |   ####==================####   |",
        "      db SELECT                   !!     60ms |      ####################      |",
        "  api audit                       ?      10ms |                ====            |",
    ]


@pytest.mark.parametrize("width", [60, 80, 120, 160, 200])
def test_every_line_is_as_wide_as_the_others_and_fits(width: int) -> None:
    found = list(lines(request(), width))

    assert {cell_width(line) for line in found} == {len(found[0])}
    assert len(found[0]) <= width
    assert all(line.isascii() or "…" in line for line in found)


def test_a_bar_covers_at_least_a_cell_and_stays_within_its_field() -> None:
    tree = tree_of(trace(span("root", 0, 1000), span("tick", 999.999, 1000, "root"), span("none", 500, 500, "root")))
    at = layout(80)
    bars = [line.split("|")[1] for line in lines(tree, 80)][1:]

    assert [len(bar) for bar in bars] == [at.bars] * 3
    assert [bar.count("#") + bar.count("=") for bar in bars] == [at.bars, 1, 1]


def test_a_folded_span_hides_what_is_below_it() -> None:
    tree = request()

    assert visible(tree, ()) == [0, 1, 2, 3]
    assert visible(tree, {1}) == [0, 1, 3]
    assert visible(tree, {0, 1}) == [0, 3]


def test_what_lies_deep_is_told_by_its_depth() -> None:
    names = [f"s{number}" for number in range(40)]
    tree = tree_of(trace(*(span(name, 0, 100, names[n - 1] if n else "") for n, name in enumerate(names))))

    assert "39  api s39" in list(lines(tree, 120))[-1]


def test_the_trace_in_one_line() -> None:
    assert told(request()) == "100ms · 4 spans · 3 failed · 1 without their caller: the trace is not whole"
    assert [(node.span.operation, spent / MILLI) for node, spent in critical_summary(request())] == [
        ("SELECT", 60),
        ("GET /orders", 20),
        ("list", 20),
    ]


def test_the_legend_fits_the_smallest_screen() -> None:
    assert len(LEGEND) <= 78


def page(tree: Tree, place: int) -> str:
    return "\n".join(span_lines(tree, tree.nodes[place]))


def test_the_page_of_a_span_tells_where_the_error_began_and_what_was_waited_for() -> None:
    tree = request()

    assert "Status:      error: no such relation  (nothing below it failed: here it began)" in page(tree, 2)
    assert "Status:      error  (something below it failed too)" in page(tree, 1)
    assert "the request waited 60ms for it (60% of the trace)" in page(tree, 2)
    assert "80ms, 20ms of it its own" in page(tree, 1)
    assert "Caller:      web GET /orders" in page(tree, 1)
    assert "is not in the trace: it was not sampled, is not stored yet or was lost" in page(tree, 3)
    assert "03:00:00.020000 UTC, 20ms after the trace" in page(tree, 2)


def test_tags_events_resource_and_links_are_told_and_secrets_are_not() -> None:
    tree = tree_of(
        trace(
            span(
                "call", 0, 10,
                tags=(("http.request.header.authorization", "Bearer abc"), ("http.request.header.cookie", "sid=1"),
                      ("url.full", "https://u:pw@host/?token=abc"), ("x", "1")),
                process=(("k8s.pod.name", "api-1"),),
                events=(Event(BEGIN + 4 * MILLI, "exception", (("exception.stacktrace", "E: boom\n\tat f"),)),),
                links=(Link("f" * 32, "e" * 16), Link(TRACE, id_of("call"))),
                warnings=("odd",),
            )
        )
    )  # fmt: skip
    seen = page(tree, 0)

    assert "abc" not in seen and "sid=1" not in seen and "pw" not in seen
    assert "    x = 1" in seen
    assert "         4ms  exception" in seen
    assert "E: boom" in seen and "\tat f" in seen and "\n" not in next(span_lines(tree, tree.nodes[0]))
    assert "    k8s.pod.name = api-1" in seen
    assert f"    span {'e' * 16} of trace {'f' * 32}" in seen
    assert f"    span {id_of('call')} of this trace" in seen
    assert "Warning:     odd" in seen


def test_the_pod_is_told_by_the_resource_before_the_host() -> None:
    def node(**process: str) -> str:
        return pod_of(tree_of(trace(span("a", 0, 1, process=tuple(process.items())))).nodes[0])

    assert node(**{"host.name": "h", "k8s.pod.name": "p"}) == "p"
    assert node(**{"host.name": "h"}) == "h"
    assert node() == ""


def test_a_time_beyond_any_calendar_is_told_as_a_number() -> None:
    tree = tree_of(trace(span("a", 0, 1), span("b", 1e16, 1e16 + 1)))

    assert "Begin:" in page(tree, 1)
    assert rows_of([trace(span("a", 1e16, 1e16 + 1))])[0].root.operation == "a"
    assert [column.cell(rows_of([trace(span("a", 1e16, 1e16 + 1))])[0], 0).text for column in COLUMNS][1].endswith("s")


def test_failed_traces_come_before_slow_ones_and_those_before_others_the_longest_first() -> None:
    made = {
        "fast": trace(span("fast", 0, 10)),
        "slow": trace(span("slow", 0, 700)),
        "long elsewhere": trace(span("long elsewhere", 0, 900, service="other")),
        "failed": trace(span("failed", 0, 5, failed=True)),
        "failed long": trace(span("failed long", 0, 600, failed=True), span("x", 1, 2, "failed long", failed=True)),
    }
    found = rows_of(made.values(), service="api", threshold=0.5)

    assert [(row.root.operation, row.state, row.errors) for row in found] == [
        ("failed long", "failed slow", 2),
        ("failed", "failed", 1),
        ("slow", "slow", 0),
        ("long elsewhere", "ok", 0),
        ("fast", "ok", 0),
    ]


def test_services_are_told_without_what_they_all_begin_with() -> None:
    def told_of(*names: str) -> str:
        spans = [span(name, place, 50, service=name) for place, name in enumerate(names)]
        (row,) = rows_of([trace(*spans)])
        return [column.cell(row, 0).text for column in COLUMNS][6]

    assert told_of("aurora-web", "aurora-backend") == "web, backend"
    assert told_of("aurora-web", "aurora-web-backend", "aurora-web-db") == "web, web-backend and 1 more"
    assert told_of("aurora-web") == "aurora-web"
    assert told_of("web", "worker") == "web, worker"


def test_a_trace_without_its_root_says_so_and_one_without_spans_is_none() -> None:
    (row,) = rows_of([trace(span("lost", 0, 10, "gone")), trace()])

    assert not row.whole
    assert [column.cell(row, 0).text for column in COLUMNS][5] == "(root missing) api lost"


@pytest.mark.parametrize(
    ("nanoseconds", "words"),
    [
        (0, "0ns"), (812, "812ns"), (999, "999ns"), (1000, "1us"), (41_200, "41.2us"), (999_600, "1ms"),
        (12e6, "12ms"), (123_456_789, "123ms"), (3.764e9, "3.76s"), (59.96e9, "1m00s"), (125e9, "2m05s"),
        (3.7e12, "1h01m"), (-5e6, "-5ms"),
    ],
)  # fmt: skip
def test_durations_have_three_figures(nanoseconds: float, words: str) -> None:
    assert duration_words(nanoseconds) == words


def test_ids_are_read_in_every_spelling() -> None:
    assert read_id("0AF7651916CD43DD8448EB211C80319C", 32) == "0af7651916cd43dd8448eb211c80319c"
    assert read_id("abc", 32) == "0" * 29 + "abc"
    assert read_id("CvdlGRbNQ92ESOshHIAxnA==", 32) == "0af7651916cd43dd8448eb211c80319c"
    assert read_id("0" * 16, 16) == read_id("", 16) == read_id("AAAAAAAAAAA=", 16) == ""
    for wrong in ("x y", "0af7651916cd43dd8448eb211c80319c00", "CvdlGRbNQ90="):
        with pytest.raises(ValueError, match="is not an id"):
            read_id(wrong, 32)
    assert short_id("0" * 16 + "a" * 16) == "a" * 16
    assert short_id(TRACE) == TRACE


def test_a_query_says_what_it_asks_and_moves() -> None:
    query = TraceQuery("api", 1_773_457_200.0, 1_773_457_260.0)

    assert str(query) == "traces of api from 03:00:00 to 03:01:00 UTC"
    assert str(query.only_failed(True).of_at_least(0.5)) == (
        "failed traces of api of at least 500ms from 03:00:00 to 03:01:00 UTC"
    )
    assert str(query.widened(2)) == "traces of api from 02:59:30 to 03:01:30 UTC"
    assert str(query.shifted(-1)) == "traces of api from 02:59:00 to 03:00:00 UTC"
    assert query.widened(0.001).end - query.widened(0.001).begin == 1


@pytest.mark.parametrize(
    ("text", "seconds"), [("", 0), ("500ms", 0.5), ("2s", 2), ("1.5", 1.5), (" 3 m ", 180), ("7us", 7e-6), ("1h", 3600)]
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert read_duration(text) == pytest.approx(seconds)


def test_what_is_no_duration_is_told() -> None:
    with pytest.raises(ValueError, match="'soon' is not a duration: give 500ms, 2s or 1m"):
        read_duration("soon")
