"""Policies: what they match, when they freeze, how they add up, and every fault in writing them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_tui.model.policies import UNLIMITED, Freeze, Policy, Ruling, Span, Weekly, judge, summary
from aurora_tui.settings import Fault, SettingsError, load_settings

MADRID = ZoneInfo("Europe/Madrid")
ACTION: dict[str, str] = {
    "context": "prod",
    "namespace": "aurora",
    "kind": "Deployment",
    "name": "aurora-backend",
    "verb": "restart",
}
FRIDAYS = Weekly(frozenset({4}), time(18), time(8), MADRID)


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def ruling(*policies: Policy, now: float = 0.0, **action: str) -> Ruling:
    return judge(policies, **{**ACTION, **action}, now=now)


# --- matching ---------------------------------------------------------------------------------------


def test_a_policy_that_names_nothing_matches_everything() -> None:
    assert ruling(Policy("all", deny="no"), namespace="", kind="Node").deny == ("policy all: no",)


@pytest.mark.parametrize(
    ("policy", "matches"),
    [
        (Policy("p", contexts=("prod",)), True),
        (Policy("p", contexts=("PROD",)), False),
        (Policy("p", contexts=("pro",)), False),
        (Policy("p", contexts=("staging", "prod*")), True),
        (Policy("p", contexts=("prod",), verbs=("scale",)), False),
        (Policy("p", kinds=("deployment",)), False),
        (Policy("p", namespaces=("aurora",), names=("*-backend",), verbs=("re*",)), True),
        (Policy("p", names=("aurora-[!b]*",)), False),
    ],
)
def test_one_glob_of_every_key_must_match_and_case_counts(policy: Policy, matches: bool) -> None:
    assert policy.matches(**ACTION) is matches


def test_what_has_no_namespace_is_matched_by_the_star_alone() -> None:
    def matches(*patterns: str) -> bool:
        return Policy("p", namespaces=patterns).matches(**{**ACTION, "namespace": "", "kind": "Node"})

    assert matches("*") and not matches("aurora", "?*")


def slow_match(text: str, pattern: str) -> bool:
    """The shell's * and ? by trying every split, with no regular expression."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(slow_match(text[cut:], pattern[1:]) for cut in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and slow_match(text[1:], pattern[1:])


@given(text=st.text("aA.-", max_size=6), pattern=st.text("aA.-*?", min_size=1, max_size=6))
def test_globs_match_as_the_shells_do(text: str, pattern: str) -> None:
    expected = slow_match(text, pattern)
    assert Policy("p", names=(pattern,)).matches(**{**ACTION, "name": text}) is expected
    assert Policy("p", names=("never", pattern)).matches(**{**ACTION, "name": text}) is (expected or text == "never")


# --- adding up --------------------------------------------------------------------------------------


def test_no_policy_asks_for_nothing() -> None:
    assert ruling() == Ruling((), confirm=False, reason=False, cap=UNLIMITED, warnings=())


def test_what_any_policy_asks_for_is_asked_for_and_the_smallest_cap_counts() -> None:
    policies = (
        Policy("a", cap=10),
        Policy("b", confirm=True, cap=3),
        Policy("c", reason=True, cap=5),
        Policy("d", verbs=("scale",), deny="never", cap=1),
    )
    assert ruling(*policies) == Ruling(
        (), True, True, 3, ("policy b asks for the context's name", "policy c asks for a reason")
    )


_SAYINGS = st.builds(
    Policy,
    st.sampled_from("abc"),
    verbs=st.sampled_from([("*",), ("restart",), ("scale",)]),
    deny=st.sampled_from(["", "no"]),
    confirm=st.booleans(),
    reason=st.booleans(),
    cap=st.none() | st.integers(1, 20),
    freezes=st.sampled_from([(), (Freeze(Span(datetime(1970, 1, 1, tzinfo=UTC), datetime(1971, 1, 1, tzinfo=UTC))),)]),
    override=st.booleans(),
)


@given(policies=st.lists(_SAYINGS, max_size=4), more=_SAYINGS, place=st.integers(0, 4))
def test_another_policy_never_makes_anything_laxer_wherever_it_stands(
    policies: list[Policy], more: Policy, place: int
) -> None:
    before = ruling(*policies)
    after = ruling(*policies[:place], more, *policies[place:])
    assert set(before.deny) <= set(after.deny)
    assert after.confirm >= before.confirm and after.reason >= before.reason
    assert after.cap <= before.cap


# --- freezes ----------------------------------------------------------------------------------------


def test_a_freeze_denies_and_says_why_and_until_when() -> None:
    policy = Policy("night", freezes=(Freeze(FRIDAYS, "nobody is here"),))
    assert ruling(policy, now=at("2026-10-02T23:00+02:00")).deny == (
        "policy night: change freeze until Sat 2026-10-03 08:00 CEST: nobody is here",
    )
    assert ruling(policy, now=at("2026-10-03T08:00+02:00")) == ruling()


def test_a_freeze_that_a_reason_lifts_warns_and_asks_for_it_only_while_it_lasts() -> None:
    policy = Policy("night", freezes=(Freeze(FRIDAYS),), override=True)
    assert ruling(policy, now=at("2026-10-02T23:00+02:00")) == Ruling(
        (),
        reason=True,
        warnings=(
            "policy night: change freeze until Sat 2026-10-03 08:00 CEST",
            "policy night asks for a reason",
        ),
    )
    assert ruling(policy, now=at("2026-10-03T09:00+02:00")) == ruling()


def test_a_reason_lifts_no_other_policys_freeze() -> None:
    freezes = (Freeze(FRIDAYS),)
    both = ruling(
        Policy("a", freezes=freezes, override=True), Policy("b", freezes=freezes), now=at("2026-10-02T23:00Z")
    )
    assert [words[:9] for words in both.deny] == ["policy b:"]


def test_whole_days_one_after_the_other_end_with_the_last() -> None:
    weekend = Freeze(Weekly(frozenset({5, 6}), time(), time(), MADRID))
    assert weekend.told(at("2026-10-03T10:00+02:00")) == "change freeze until Mon 2026-10-05 00:00 CEST"
    assert weekend.told(at("2026-10-05T00:00+02:00")) is None


def test_a_freeze_of_all_days_has_no_end_to_tell() -> None:
    assert Freeze(Weekly(frozenset(range(7)), time(9), time(9), MADRID), "closed").told(0.0) == "change freeze: closed"


@given(
    now=st.integers(0, 4_000_000_000),
    start=st.integers(0, 4_000_000_000),
    length=st.integers(1, 100_000_000),
    hours=st.integers(-12, 14),
)
def test_a_stretch_holds_its_start_and_not_its_end_in_any_offset(now: int, start: int, length: int, hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    span = Span(datetime.fromtimestamp(start, zone), datetime.fromtimestamp(start + length, UTC))
    assert (span.end(now) is not None) is (start <= now < start + length)
    assert span.end(start) == span.stop and span.end(start + length) is None


def slow_windows(window: Weekly, now: int) -> Iterator[tuple[int, int]]:
    """The windows around `now`, found by walking minute after minute past the zone's clocks."""
    opened: list[int] = []
    for minute in range(now // 60 * 60 - 50 * 3600, now + 26 * 3600, 60):
        clock = datetime.fromtimestamp(minute, window.zone)
        shown = time(clock.hour, clock.minute)
        if shown == window.closes:
            yield from ((start, minute) for start in opened)
            opened = []
        if shown == window.opens and clock.weekday() in window.days:
            opened.append(minute)


# Not at the hours that clocks skip or show twice: those have tests of their own.
_CLOCKS = st.builds(time, st.sampled_from([0, *range(4, 24)]), st.sampled_from([0, 1, 30, 59]))
_ZONES = st.sampled_from([ZoneInfo(name) for name in ("UTC", "Europe/Madrid", "America/New_York", "Asia/Kolkata")])
_NEAR_A_CHANGE = st.sampled_from([at("2026-03-29T01:00Z"), at("2026-10-25T01:00Z"), at("2026-11-01T06:00Z")])


@given(
    days=st.frozensets(st.integers(0, 6), min_size=1),
    opens=_CLOCKS,
    closes=_CLOCKS,
    zone=_ZONES,
    now=st.integers(0, 4_000_000_000)
    | st.builds(lambda base, off: int(base) + off, _NEAR_A_CHANGE, st.integers(-172_800, 172_800)),
)
def test_a_weekly_window_is_what_the_clocks_on_the_wall_say(
    days: frozenset[int], opens: time, closes: time, zone: ZoneInfo, now: int
) -> None:
    window = Weekly(days, opens, closes, zone)
    ends = [stop for start, stop in slow_windows(window, now) if start <= now < stop]
    end = window.end(now)
    assert ([end.timestamp()] if end else []) == ends


def test_an_hour_that_comes_twice_opens_a_window_once() -> None:
    window = Weekly(frozenset({6}), time(1), time(2, 30), MADRID)
    assert window.end(at("2026-10-25T02:15+02:00")) is not None
    assert window.end(at("2026-10-25T02:45+02:00")) is None
    assert window.end(at("2026-10-25T02:15+01:00")) is None


def test_an_hour_that_the_clocks_skip_still_closes_the_window() -> None:
    window = Weekly(frozenset({5}), time(22), time(2, 30), MADRID)
    assert window.end(at("2026-03-29T01:59+01:00")) is not None
    assert window.end(at("2026-03-29T03:45+02:00")) is None


# --- the line of `check` ----------------------------------------------------------------------------


def test_the_summary_names_the_policies_of_the_context_and_what_they_say_now() -> None:
    policies = (
        Policy("bulk", cap=10),
        Policy("db", contexts=("*prod*",), deny="page the owners"),
        Policy("elsewhere", contexts=("staging",), confirm=True),
        Policy("night", confirm=True, reason=True, freezes=(Freeze(FRIDAYS),)),
    )
    told = summary(policies, context="prod", now=at("2026-10-02T23:00+02:00"))
    assert told == (
        "bulk: at most 10 in bulk; db: denied (page the owners); "
        "night: asks for the context's name and a reason, change freeze until Sat 2026-10-03 08:00 CEST"
    )
    assert summary(policies[3:], context="prod", now=0.0).endswith("a reason, no change freeze now")
    assert summary((), context="prod", now=0.0) == ""


# --- as they are written ------------------------------------------------------------------------------


def load(tmp_path: Path, text: str) -> dict[str, Policy]:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    return {policy.name: policy for policy in load_settings(file).policies}


def faults_of(tmp_path: Path, text: str) -> tuple[Fault, ...]:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    return caught.value.faults


def test_the_shipped_policies_set_a_cap_of_ten_and_ask_for_nothing(tmp_path: Path) -> None:
    shipped = load_settings(environ={"HOME": str(tmp_path)}).policies
    assert judge(shipped, **ACTION, now=0.0) == Ruling(cap=10)


def test_the_shipped_examples_are_policies_that_can_be_loaded(tmp_path: Path) -> None:
    shipped = Path(__file__).resolve().parents[2] / "config" / "policies.yaml"
    _, _, examples = shipped.read_text().partition("# Examples;")
    body = [line.removeprefix("#").removeprefix(" ") for line in examples.splitlines()[1:]]
    policies = load(tmp_path, "policies:\n" + "\n".join(body))
    assert set(policies) == {"keep-the-database", "shared-staging", "weekend", "year-end", "bulk"}
    friday = at("2026-10-02T18:30+02:00")
    assert judge(policies.values(), **ACTION, now=friday).warnings == (
        "policy weekend: change freeze until Sat 2026-10-03 00:00 CEST",
        "policy weekend asks for a reason",
    )


def test_the_example_of_the_documentation_can_be_loaded(tmp_path: Path) -> None:
    text = (Path(__file__).resolve().parents[2] / "config" / "README.md").read_text()
    (example,) = (block for block in re.findall(r"```yaml\n(.*?)```", text, re.S) if "policies:" in block)
    assert set(load(tmp_path, example)) == {"night", "bulk"}


def test_a_users_policies_are_merged_by_name_and_key(tmp_path: Path) -> None:
    policies = load(tmp_path, "policies: {bulk: {cap: 50}, mine: {context: prod, verb: [undo, set *], reason: yes}}")
    assert policies == {
        "bulk": Policy("bulk", cap=50),
        "mine": Policy("mine", contexts=("prod",), verbs=("undo", "set *"), reason=True),
    }
    assert load(tmp_path, "policies: {bulk: ~}") == {}


@pytest.mark.parametrize("quote", ["", '"'])
def test_times_need_no_quotes(tmp_path: Path, quote: str) -> None:
    def q(text: str) -> str:
        return f"{quote}{text}{quote}"

    policies = load(
        tmp_path,
        f"""
policies:
  mine:
    freeze:
    - {{days: [fri], from: {q("18:00")}, until: {q("08:30")}, zone: Europe/Madrid}}
    - {{days: [sat, sun], until: {q("24:00")}, zone: UTC, words: weekend}}
    - {{from: {q("2026-12-18T18:00:00+01:00")}, until: {q("2027-01-07t07:00:00z")}}}
""",
    )
    assert policies["mine"].freezes == (
        Freeze(Weekly(frozenset({4}), time(18), time(8, 30), MADRID)),
        Freeze(Weekly(frozenset({5, 6}), time(), time(), ZoneInfo("UTC")), "weekend"),
        Freeze(Span(datetime(2026, 12, 18, 17, tzinfo=UTC), datetime(2027, 1, 7, 7, tzinfo=UTC))),
    )


@pytest.mark.parametrize(
    ("line", "key", "expected", "found"),
    [
        ("    context: [prod, 'prod[']", "context", "a glob such as prod-* or a list", '"prod["'),
        ("    namespace: []", "namespace", "a glob", "a list"),
        ("    kind: deployment", "kind", "each matching one of Alert, ConfigMap, CronJob", '"deployment"'),
        ("    verb: [restart, restrat]", "verb", "restart, resume", '"restrat"'),
        ("    deny: yes", "deny", "text", "yes (yes/no)"),
        ("    confirm: prod", "confirm", "true or false", '"prod"'),
        ("    cap: 0", "cap", "a whole number from 1 to 10000", "the number 0"),
        ("    caps: 3", "caps", "cap", 'did you mean "cap"?'),
        ("    override: reason", "override", "a freeze that it lifts", "none"),
        ("    freeze: []", "freeze", "a list of one or more mappings", "a list"),
        ("    freeze: [18]", "freeze[0]", "a mapping", "the number 18"),
        (
            "    freeze: [{from: 2026-12-24, until: 2026-12-26T00:00Z}]",
            "freeze[0].from",
            "with its offset",
            "2026-12-24",
        ),
        ("    freeze: [{from: 2026-12-24T00:00Z}]", "freeze[0].until", "with its offset", "nothing"),
        (
            "    freeze: [{from: 2026-12-24T00:00Z, until: 2026-12-24T00:30+01:00}]",
            "freeze[0].until",
            "a time after 2026-12-24T00:00:00+00:00",
            "2026-12-24T00:30:00+01:00",
        ),
        ("    freeze: [{from: 2026-13-24T00:00Z, until: 2026-12-24T00:00Z}]", "freeze[0].from", "offset", "2026-13"),
        ("    freeze: [{days: [fri]}]", "freeze[0].zone", "Europe/Madrid", "nothing"),
        ("    freeze: [{zone: UTC}]", "freeze[0].days", "mon, tue", "nothing"),
        ("    freeze: [{days: [fri], zone: Europe/Madird}]", "freeze[0].zone", "that this system knows", "Madird"),
        ("    freeze: [{days: [fri], zone: ../etc}]", "freeze[0].zone", "that this system knows", "../etc"),
        ("    freeze: [{days: [friday], zone: UTC}]", "freeze[0].days", "mon, tue", '"friday"'),
        ("    freeze: [{days: fri, zone: UTC}]", "freeze[0].days", "a list of days", '"fri"'),
        ("    freeze: [{days: [fri], from: 24:00, zone: UTC}]", "freeze[0].from", "a time of day", "24:00"),
        ("    freeze: [{days: [fri], until: 8:00, zone: UTC}]", "freeze[0].until", "a time of day", "8:00"),
        ("    freeze: [{days: [fri], zone: UTC, form: 18:00}]", "freeze[0].form", "from", 'did you mean "from"?'),
    ],
)
def test_a_fault_names_its_place_and_what_was_expected(
    tmp_path: Path, line: str, key: str, expected: str, found: str
) -> None:
    says = "" if line.strip().startswith(("deny", "confirm", "freeze")) else "    reason: true\n"
    (fault,) = faults_of(tmp_path, f"policies:\n  mine:\n{says}{line}\n")
    assert (fault.file, fault.line, fault.key) == (
        str(tmp_path / "mine.yaml"),
        3 + bool(says),
        f"policies.mine.{key}",
    )
    assert expected in fault.expected
    assert found in fault.found


def test_a_policy_that_says_nothing_is_a_fault(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, "policies:\n  mine:\n    context: prod")
    assert (fault.line, fault.key, fault.found) == (2, "policies.mine", "none")
    assert fault.expected == "at least one of deny, confirm, reason, cap, freeze"


def test_all_faults_of_a_file_are_said_at_once(tmp_path: Path) -> None:
    text = "policies:\n  a:\n    cap: many\n  b:\n    freeze:\n    - {days: [x], zone: y}\n    - {words: 3}"
    faults: list[tuple[int, str]] = [(fault.line, fault.key) for fault in faults_of(tmp_path, text)]
    assert faults == [
        (3, "policies.a.cap"),
        (6, "policies.b.freeze[0].days"),
        (6, "policies.b.freeze[0].zone"),
        (7, "policies.b.freeze[1].from"),
        (7, "policies.b.freeze[1].until"),
        (7, "policies.b.freeze[1].words"),
    ]
