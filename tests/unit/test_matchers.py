"""Matchers: what the operator types is what is meant, written down and read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_tui.model.matchers import (
    Matcher,
    Wish,
    exactly,
    matching,
    read_matcher,
    read_matchers,
    read_wish,
    seconds_of,
    written,
)

LABELS = {"alertname": "HighErrorRate", "job": "aurora-backend", "severity": "critical"}
matchers = st.lists(
    st.builds(
        Matcher, st.text(min_size=1), st.sampled_from(("=", "!=")), st.text(st.characters(exclude_categories=["Cs"]))
    ),
    min_size=1,
)


@pytest.mark.parametrize(
    ("text", "accepts"),
    [
        ("job=aurora-backend", True),
        ('job="aurora-backend" severity=critical', True),
        ("job=aurora-backend, severity=warning", False),
        ("severity!=warning", True),
        ("severity!=critical", False),
        ('severity=~"warn.*|critical"', True),
        ('severity=~"crit"', False),  # of the whole value
        ('severity!~"warn.*"', True),
        ("team=''", False),
        ('team=""', True),  # a label that is not there is empty
        ("team!=web", True),
    ],
)
def test_a_matcher_is_tried_as_alertmanager_does(text: str, accepts: bool) -> None:
    assert matching(read_matchers(text), LABELS) is accepts


@given(matchers)
def test_what_is_written_is_read_as_the_same(found: list[Matcher]) -> None:
    assert read_matchers(written(found)) == tuple(sorted(found))


@given(matchers)
def test_what_goes_over_the_wire_comes_back(found: list[Matcher]) -> None:
    assert [Matcher.from_json(matcher.to_json()) for matcher in found] == found


@given(st.dictionaries(st.text(min_size=1), st.text(min_size=1), min_size=1))
def test_all_labels_of_an_alert_match_it_and_nothing_that_differs(labels: dict[str, str]) -> None:
    name = next(iter(labels))

    assert matching(exactly(labels), labels)
    assert not matching(exactly(labels), {**labels, name: f"{labels[name]}x"})


@pytest.mark.parametrize("text", ["job", "job=a what", "=a", "job=a b=", 'job=~"("', 'job="a'])
def test_what_is_no_matcher_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"no matcher|no regular expression"):
        read_matchers(text)


@pytest.mark.parametrize("value", ["a b", "warning|info #2", 'say "hi"', "", "a,b", '"quoted"'])
def test_a_value_that_the_shell_has_unquoted_is_taken_whole(value: str) -> None:
    assert read_matcher(f"job={value}") == Matcher("job", "=", value.strip('"') if value[:1] == '"' else value)


def test_the_editors_line_is_duration_matchers_and_comment() -> None:
    wish = read_wish('2h30m job="aurora-backend" severity=~"warning|info"  # OPS-7: known, #2')

    assert wish == Wish("2h30m", 'job="aurora-backend" severity=~"warning|info"', "OPS-7: known, #2")
    assert read_wish("15m job=a #") == Wish("15m", 'job="a"', "")
    assert read_wish('15m job="a # b"').comment == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("job=a", "no duration"),
        ("0m job=a", "no duration"),
        ("15m", "at least one matcher"),
        ("15m job=a because", "a comment begins with #"),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_wish(text)


@pytest.mark.parametrize(("text", "seconds"), [("15m", 900), ("2h30m", 9000), ("1d", 86400), ("1w1s", 604801)])
def test_durations_are_read_as_prometheus_writes_them(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds
