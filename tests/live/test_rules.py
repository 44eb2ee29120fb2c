"""`aurora-tui rules` as Prometheus itself reads it: it fires what the events of replayed outages say, when they say it.

Needs ``promtool`` and ``amtool`` on PATH (Debian packages ``prometheus`` and ``prometheus-alertmanager``).
"""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from aurora_tui.commands.rules import written
from aurora_tui.model.burn import Step, ladder
from aurora_tui.model.frozen import replace
from aurora_tui.model.spans import promql_range
from aurora_tui.settings import Settings, load_settings

A_MINUTE = 9000
"""Requests of the backend in a minute: 150 a second, above the floor of its throughput."""
Expected = dict[int, dict[str, bool]]
"""By minute and expression, whether there is such a series."""
CRITICAL_ALERTS = ("HighErrorRate", "HighLatency", "ServiceDown")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The shipped ones, whatever the machine's user has."""
    nobody = tmp_path_factory.mktemp("settings") / "config.yaml"
    nobody.write_text("{}\n")
    return load_settings(nobody)


def promtool(*arguments: str) -> None:
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_and_amtool_take_the_files(settings: Settings, tmp_path: Path) -> None:
    rules, routes = tmp_path / "rules.yml", tmp_path / "alertmanager.yml"
    rules.write_text(written(settings, "prometheus"))
    routes.write_text(written(settings, "alertmanager"))

    promtool("check", "rules", "--lint=all", "--lint-fatal", str(rules))
    subprocess.run(["amtool", "check-config", str(routes)], check=True, capture_output=True)


@dataclass(frozen=True)
class Outage:
    """Failed requests minute by minute, of `A_MINUTE` each."""

    failed: Sequence[int]

    def share(self, end: int, window: timedelta) -> float:
        """Bad events over the window before a minute, counted one by one; less of it while there is less."""
        begin = max(0, end - round(window / timedelta(minutes=1)))
        return sum(self.failed[begin:end]) / (A_MINUTE * (end - begin))

    def fires(self, step: Step, budget: float, end: int) -> bool | None:
        """Whether both windows are beyond the limit; None where one is so near that sampling decides."""
        limit = step.factor * budget
        told = set()
        for minute in range(end - 5, end + 1):
            shares = [self.share(minute, window) for window in (step.long, step.short)]
            told |= {all(share > limit * near for share in shares) for near in (0.85, 1.15)}
        return told.pop() if len(told) == 1 else None

    def series(self) -> list[dict[str, str]]:
        """The counters as promtool takes them, a sample a minute."""
        good = bad = 0
        goods, bads = ["0"], ["0"]
        for failed in self.failed:
            good, bad = good + A_MINUTE - failed, bad + failed
            goods.append(str(good))
            bads.append(str(bad))
        name = 'http_requests_total{job="aurora-backend",code="%s"}'
        return [
            {"series": name % 200, "values": " ".join(goods)},
            {"series": name % 500, "values": " ".join(bads)},
            {"series": 'up{job="aurora-backend",instance="a"}', "values": f"1x{len(self.failed)}"},
        ]


def replay(settings: Settings, series: list[dict[str, str]], expected: Expected, folder: Path, only: str = "") -> None:
    """Let promtool evaluate the backend's rules over an hour or more of samples, one a minute.

    `only` is the one objective that is looked at: a month of another's takes its time.
    """
    backend = next(service for service in settings.services if service.name == "backend")
    objectives = tuple(each for each in backend.objectives if only in ("", each.slug))
    watched = replace(settings, services=(replace(backend, objectives=objectives),))
    (folder / "rules.yml").write_text(written(watched, "prometheus"))
    asked = [
        {
            "expr": f"count({expression}) or vector(0)",
            "eval_time": f"{minute}m",
            "exp_samples": [{"labels": "{}", "value": float(there)}],
        }
        for minute, by_expression in expected.items()
        for expression, there in by_expression.items()
    ]
    test = {"interval": "1m", "input_series": series, "promql_expr_test": asked}
    (folder / "test.yml").write_text(json.dumps({"rule_files": ["rules.yml"], "tests": [test]}))
    promtool("test", "rules", str(folder / "test.yml"))


def burn(step: Step, slo: str = "availability") -> str:
    return f'ALERTS{{alertname="ErrorBudgetBurn",alertstate="firing",slo="{slo}",window="{promql_range(step.long)}"}}'


def alert(name: str, state: str = "firing") -> str:
    return f'ALERTS{{alertname="{name}",alertstate="{state}"}}'


def outages() -> Iterator[tuple[str, list[int]]]:
    """Six hours each: quiet, then something, then quiet again."""
    for seed in range(3):
        chosen = random.Random(seed)
        minutes: list[int] = []
        while len(minutes) < 360:
            share = chosen.choice((0, 0, 0.005, 0.02, 0.05, 0.2, 1))
            minutes += [round(A_MINUTE * share)] * chosen.randrange(5, 90)
        yield f"seed {seed}", minutes[:360]


@pytest.mark.parametrize(("name", "failed"), list(outages()), ids=lambda value: value if isinstance(value, str) else "")
def test_prometheus_fires_when_the_events_counted_one_by_one_say_so(
    name: str, failed: list[int], settings: Settings, tmp_path: Path
) -> None:
    outage, budget = Outage(failed), 0.005
    expected: Expected = {}
    for minute in range(15, len(failed), 15):
        for step in ladder(timedelta(days=30)):
            fires = outage.fires(step, budget, minute)
            if fires is not None:
                expected.setdefault(minute, {})[burn(step)] = fires
    told = {fires for by_selector in expected.values() for fires in by_selector.values()}
    assert told == {True, False}, f"{name} proves nothing"

    replay(settings, outage.series(), expected, tmp_path, "availability")


def test_a_total_outage_pages_within_minutes_and_is_over_when_it_is_over(settings: Settings, tmp_path: Path) -> None:
    first = ladder(timedelta(days=30))[0]
    outage = Outage([0] * 60 + [A_MINUTE] * 20 + [0] * 60)

    replay(
        settings,
        outage.series(),
        {
            59: {burn(first): False, alert("HighErrorRate"): False},
            63: {burn(first): False, alert("HighErrorRate"): False, alert("HighErrorRate", "pending"): True},
            67: {burn(first): True, alert("HighErrorRate"): True},
            80: {burn(first): True, alert("HighErrorRate"): True},
            87: {burn(first): False, alert("HighErrorRate"): False},
        },
        tmp_path,
        "availability",
    )


def test_a_slow_leak_is_a_ticket_and_wakes_nobody(settings: Settings, tmp_path: Path) -> None:
    page, slow_page, day, days = ladder(timedelta(days=30))
    outage = Outage([round(A_MINUTE * 0.02)] * 180)  # four times the budget of half a percent

    replay(
        settings,
        outage.series(),
        {170: {burn(page): False, burn(slow_page): False, burn(day): True, burn(days): True}},
        tmp_path,
        "availability",
    )


def test_where_nothing_fails_and_where_nobody_asks_nothing_fires(settings: Settings, tmp_path: Path) -> None:
    quiet = Outage([0] * 120)
    replay(settings, quiet.series(), {minute: {"ALERTS": False} for minute in (1, 30, 119)}, tmp_path)

    silent = [{"series": 'http_requests_total{job="aurora-backend",code="200"}', "values": "5x120"}]
    share = 'service:slo_errors:ratio_rate1h{slo="availability"}'
    others = 'ALERTS{slo!="throughput"}'
    replay(settings, silent, {119: {others: False, share: True, f"{share} >= 0": False}}, tmp_path)


def test_too_few_requests_are_a_page_for_the_floor_of_the_throughput_alone(settings: Settings, tmp_path: Path) -> None:
    """A counter that stands still has a rate of nothing: nothing else can be said of it, and this is no good."""
    busy, few = A_MINUTE, 3000
    counts = [0]
    for minute in range(180):
        counts.append(counts[-1] + (few if 60 <= minute < 90 else busy))
    name = 'http_requests_total{job="aurora-backend",code="200"}'
    series = [{"series": name, "values": " ".join(map(str, counts))}]
    page, _, ticket, _ = (burn(step, "throughput") for step in ladder(timedelta(days=30)))

    replay(
        settings,
        series,
        {
            1: {"ALERTS": False},  # the range of its rate is not full yet
            59: {"ALERTS": False},
            75: {page: True, 'ALERTS{slo!="throughput",alertname="ErrorBudgetBurn"}': False},
            100: {page: False, ticket: True},
        },
        tmp_path,
    )


def test_what_has_too_little_traffic_to_be_judged_fires_nothing(settings: Settings, tmp_path: Path) -> None:
    """Three requests an hour, all of which fail; without the least traffic they are a page."""
    counts = " ".join(str(minute // 20) for minute in range(181))
    series = [{"series": 'http_requests_total{job="aurora-backend",code="500"}', "values": counts}]
    backend = next(service for service in settings.services if service.name == "backend")
    availability = next(each for each in backend.objectives if each.kind == "availability")

    for least, page in ((0.5, False), (None, True)):
        folder = tmp_path / str(least)
        folder.mkdir()
        rare = replace(backend, objectives=(replace(availability, min_traffic=least),))
        first = burn(ladder(timedelta(days=30))[0])
        replay(replace(settings, services=(rare,)), series, {162: {first: page}}, folder)


@pytest.mark.parametrize("name", CRITICAL_ALERTS)
def test_the_handbooks_critical_alerts_are_among_them_with_their_durations(name: str, settings: Settings) -> None:
    durations = {"HighErrorRate": "5m", "HighLatency": "2m", "ServiceDown": "1m"}

    assert f"- alert: {name}\n" in written(settings, "prometheus")
    _, _, rest = written(settings, "prometheus").partition(f"- alert: {name}\n")
    assert f"for: {durations[name]}\n" in rest.partition("- alert:")[0]
