"""What the console says of objectives and what real Prometheus fires, on the same outages at the same moment.

Needs ``prometheus`` and ``promtool`` on PATH and Go for Sloth; no cluster: the addresses stand in the settings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from aurora_tui.commands.rules import written
from aurora_tui.settings import load_settings
from tests.live.kubeconfigs import write_kubeconfig
from tests.live.program import Program, Run
from tests.live.replaying import Load, Server, replayed, sloth

LOADS = (
    Load("calm", lambda _: 10),
    Load("outage", lambda _: 10, lambda before: 0.5 if before < 20 else 0),
    Load("over", lambda _: 10, lambda before: 1.0 if 40 <= before < 70 else 0),
    Load("leak", lambda _: 10, lambda _: 0.02),
    # A thousand good ones a second, and an instance that nobody uses and that fails each time.
    Load("sharded", lambda _: 1000),
    Load("sharded", lambda _: 0.1, lambda _: 1.0, instance="b"),
    Load("rare", lambda _: 0.02, lambda before: 1.0 if before < 70 else 0),
    Load("judged", lambda _: 0.02, lambda before: 1.0 if before < 70 else 0),
    Load("weekly", lambda _: 10, lambda before: 0.5 if before < 20 else 0),
    Load("dry", lambda before: 50 if before < 30 else 200),
    Load("wet", lambda _: 200),
)
RATIOS = ("calm", "outage", "over", "leak", "sharded", "rare", "judged", "weekly", "echo")
"""Of these `echo` has no requests of its own: it is defined by what Sloth records of the outage."""
WORTH = {
    "outage": "page",
    "weekly": "page",
    "echo": "page",
    "over": "ticket",
    "leak": "ticket",
    "judged": "page",
    "dry": "page",
}
"""What the events say, counted by hand; of the others: nothing."""
SLOTHS = ("calm", "outage", "leak")


def counter(query: str) -> Mapping[str, Any]:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": query}}}


OPENSLO = {
    "apiVersion": "openslo/v1",
    "kind": "SLO",
    "metadata": {"name": "counted"},
    "spec": {
        "service": "outage",
        "indicator": {
            "metadata": {"name": "failed"},
            "spec": {
                "ratioMetric": {
                    "counter": True,
                    "bad": counter('sum(requests_total{job="outage",code=~"5.."})'),
                    "total": counter('requests_total{job="outage"}'),
                }
            },
        },
        "timeWindow": [{"duration": "30d", "isRolling": True}],
        "budgetingMethod": "Occurrences",
        "objectives": [{"target": 0.99}],
    },
}
"""The outage once more, as counters."""


def settings_file(folder: Path, url: str) -> Path:
    services: dict[str, Any] = dict.fromkeys(("backend", "frontend", "keycloak", "postgres"))
    for name in RATIOS:
        objective: dict[str, Any] = {
            "objective": "99%",
            "good": f'sum(rate(requests_total{{job="{name}",code!~"5.."}}[$window]))',
            "total": f'sum(rate(requests_total{{job="{name}"}}[$window]))',
        }
        if name == "rare":
            objective["min_traffic"] = "0.5/s"
        if name == "weekly":
            objective["window"] = "7d"
        if name == "echo":
            series = 'slo:sli_error:ratio_rate$window{sloth_service="outage"}'
            objective = {"objective": "99%", "recorded": {"bad": series}}
        services[name] = {"workloads": [], "labels": {"job": name}, "objectives": {"availability": objective}}
    for name in ("dry", "wet"):
        total = f'sum(rate(requests_total{{job="{name}"}}[$window]))'
        floor = {"objective": "99%", "floor": "100/s", "total": total}
        services[name] = {"workloads": [], "labels": {"job": name}, "objectives": {"throughput": floor}}
    environment = {
        "title": "REPLAY",
        "contexts": ["replay"],
        "protected": False,
        "sources": {"prometheus": url, "alertmanager": "off"},
    }
    (folder / "openslo.yaml").write_text(yaml.safe_dump(OPENSLO))
    file = folder / "settings.yaml"
    given = {"environments": {"replay": environment}, "services": services, "openslo": "openslo.yaml"}
    file.write_text(yaml.safe_dump(given))
    return file


def sloth_specification(folder: Path) -> Path:
    """One of its files for each service: it takes one service a document."""

    def document(name: str) -> dict[str, Any]:
        return {
            "version": "prometheus/v1",
            "service": name,
            "slos": [
                {
                    "name": "requests",
                    "objective": 99,
                    "sli": {
                        "events": {
                            "error_query": f'sum(rate(requests_total{{job="{name}",code=~"5.."}}[{{{{.window}}}}]))',
                            "total_query": f'sum(rate(requests_total{{job="{name}"}}[{{{{.window}}}}]))',
                        }
                    },
                    "alerting": {"name": f"Sloth{name.title()}", "page_alert": {}, "ticket_alert": {}},
                }
            ],
        }

    file = folder / "slos.yaml"
    file.write_text(yaml.safe_dump_all([document(name) for name in SLOTHS]))
    return file


def pyrra_rules(folder: Path) -> Path:
    """As Pyrra writes them for 28 days of an objective of 99 %, without its generic rules."""
    matchers = 'job="outage",slo="pyrra-outage"'
    labels = {"job": "outage", "slo": "pyrra-outage"}
    shares: list[dict[str, Any]] = [
        {
            "record": f"requests:burnrate{span}",
            "expr": f'sum(rate(requests_total{{job="outage",code=~"5.."}}[{span}]))'
            f' / sum(rate(requests_total{{job="outage"}}[{span}]))',
            "labels": labels,
        }
        for span in ("5m", "30m", "1h", "2h", "6h", "1d", "4d")
    ]
    steps = (("critical", 14, "5m", "1h"), ("critical", 7, "30m", "6h"), ("warning", 2, "2h", "1d"))
    alerts: list[dict[str, Any]] = [
        {
            "alert": "PyrraBurn",
            "expr": f"requests:burnrate{short}{{{matchers}}} > ({factor} * (1-0.99)) and "
            f"requests:burnrate{long}{{{matchers}}} > ({factor} * (1-0.99))",
            "labels": {**labels, "severity": severity, "short": short, "long": long, "exhaustion": exhaustion},
        }
        for (severity, factor, short, long), exhaustion in zip(steps, ("2d", "4d", "2w"), strict=True)
    ]
    file = folder / "pyrra.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "pyrra", "rules": [*shares, *alerts]}]}))
    return file


@dataclass(frozen=True)
class Told:
    """What the console printed, and what fired in Prometheus at that moment."""

    rows: Mapping[str, Mapping[str, Any]]
    """The figures behind each row by service and objective, as the row says its name."""
    firing: list[Mapping[str, str]]
    server: Server


def asked(folder: Path, server: Server) -> Run:
    """What the program prints of the objectives that it reads from this Prometheus; the cluster is not asked."""
    kubeconfig = write_kubeconfig(
        folder / "kubeconfig",
        contexts={"replay": {"cluster": "c", "user": "u"}},
        clusters={"c": {"server": "http://127.0.0.1:1"}},
        users={"u": {}},
    )
    settings = settings_file(folder, server.url)
    run = Program(folder, kubeconfig, "replay")("get", "slos", "-o", "json", f"--config={settings}")
    assert run.code == 0, run
    return run


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("replay")
    ours, theirs = folder / "ours.yml", folder / "sloth.yml"
    ours.write_text(written(load_settings(settings_file(folder, "http://127.0.0.1:1")), "prometheus"))
    sloth(sloth_specification(folder), theirs)
    merged = [group for each in yaml.safe_load_all(theirs.read_text()) if each for group in each["groups"]]
    theirs.write_text(yaml.safe_dump({"groups": merged}))
    with replayed(folder, LOADS, [ours, theirs, pyrra_rules(folder)]) as server:
        firing = server.firing()
        run = asked(folder, server)
        assert sorted(map(repr, server.firing())) == sorted(map(repr, firing)), "nothing changed meanwhile"
        rows = {f"{row['service']}/{row['slo']}": row["raw"] for row in run.json}
        yield Told(rows, firing, server)


def slo_of(name: str) -> str:
    return "throughput" if name in ("dry", "wet") else "availability"


def row_of(told: Told, name: str) -> Mapping[str, Any]:
    return told.rows[f"{name}/{slo_of(name)}"]


def fired(told: Told, alert: str, **labels: str) -> set[str]:
    """Severities of the alerts of that name and those labels."""
    found = [each for each in told.firing if each["alertname"] == alert and labels.items() <= each.items()]
    return {each.get("sloth_severity") or each["severity"] for each in found}


CALLS = {frozenset(): None, frozenset({"warning"}): "ticket"}


@pytest.mark.parametrize("name", [*RATIOS, "dry", "wet"])
def test_the_verdict_is_what_prometheus_fires_and_what_the_events_say(name: str, told: Told) -> None:
    severities = fired(told, "ErrorBudgetBurn", service=name, slo=slo_of(name))

    assert row_of(told, name)["verdict"] == CALLS.get(frozenset(severities), "page")
    assert row_of(told, name)["verdict"] == WORTH.get(name)


@pytest.mark.parametrize("name", [*RATIOS, "dry", "wet"])
def test_every_windows_rate_is_that_of_the_recorded_share(name: str, told: Told) -> None:
    compared = 0
    for window, rate in row_of(told, name)["burn_rates"].items():
        recorded = f'service:slo_errors:ratio_rate{window}{{service="{name}",slo="{slo_of(name)}"}}'
        share = told.server.value(recorded)
        assert (rate is None) is (share is None), window
        if rate is not None and share is not None:
            # Some seconds lie between the two, in which nothing more was scraped.
            assert rate == pytest.approx(share / 0.01, rel=0.1, abs=0.05), window
            compared += 1
    assert compared == (0 if name == "rare" else 7)


def test_budgets_are_those_of_the_recorded_series(told: Told) -> None:
    for name in (*RATIOS, "dry", "wet"):
        left = told.server.value(f'service:slo_error_budget:remaining{{service="{name}",slo="{slo_of(name)}"}}')
        assert row_of(told, name)["budget_remaining"] == pytest.approx(left, abs=0.03), name


def test_many_series_weigh_by_their_traffic(told: Told) -> None:
    assert row_of(told, "sharded")["value"] == pytest.approx(1 - 0.1 / 1000.1, abs=1e-6)
    averaged = told.server.value(
        'avg(sum by (instance) (rate(requests_total{job="sharded",code!~"5.."}[5m])) '
        '/ sum by (instance) (rate(requests_total{job="sharded"}[5m])))'
    )
    assert averaged == pytest.approx(0.5), "what an average of ratios would have said"


def test_a_shortfall_has_cost_what_its_events_are_of_all_that_are_allowed(told: Told) -> None:
    shortfall = row_of(told, "outage")["shortfall"]
    bad = told.server.value('sum(increase(requests_total{job="outage",code=~"5.."}[8h]))')
    total = told.server.value('sum(increase(requests_total{job="outage"}[30d]))')
    assert bad is not None and total is not None

    assert shortfall["at_least"] is False
    assert 17 * 60 < row_of(told, "outage")["sampled_at"] - shortfall["began"] < 23 * 60
    assert shortfall["consumed"] == pytest.approx(bad / (total * 0.01), rel=0.05)
    assert row_of(told, "calm")["shortfall"] is None
    assert row_of(told, "over")["shortfall"] is None, "it is over"


def test_an_openslo_file_says_what_the_settings_say_of_the_same_counters(told: Told) -> None:
    counted, twin = told.rows["outage/counted (OpenSLO)"], row_of(told, "outage")

    assert (counted["origin"], counted["verdict"], counted["state"]) == ("OpenSLO", twin["verdict"], twin["state"])
    assert counted["burn_rates"] == pytest.approx(twin["burn_rates"], rel=0.05)
    assert fired(told, "ErrorBudgetBurn", slo="counted") == fired(
        told, "ErrorBudgetBurn", service="outage", slo="availability"
    )


def test_a_week_is_watched_through_windows_of_its_own(told: Told) -> None:
    assert set(row_of(told, "weekly")["burn_rates"]) == {"2m", "7m", "14m", "28m", "84m", "336m", "1008m"}
    assert row_of(told, "weekly")["budget_window_seconds"] == 7 * 86_400


def test_too_little_traffic_is_a_state_of_its_own(told: Told) -> None:
    row = row_of(told, "rare")
    assert row["state"] == "too little traffic"
    assert row["traffic"] == pytest.approx(0.02, rel=0.4)  # the history grows older meanwhile
    assert row_of(told, "judged")["state"] == "burning"


def test_a_floor_burns_the_time_below_it(told: Told) -> None:
    dry = row_of(told, "dry")
    assert (dry["state"], dry["value"]) == ("burning", pytest.approx(50, rel=0.3))  # the history grows older meanwhile
    # Half an hour, and the minutes in which the mean of five was below already.
    assert dry["burn_rates"]["1h"] == pytest.approx(50, abs=8)
    assert dry["shortfall"]["consumed"] == pytest.approx(30 / (30 * 24 * 60 * 0.01), rel=0.15)
    assert row_of(told, "wet")["state"] == "ok"


@pytest.mark.parametrize("name", SLOTHS)
def test_sloths_objectives_are_rows_with_its_own_figures(name: str, told: Told) -> None:
    row = told.rows[f"{name}/requests (Sloth)"]
    recorded = f'{{sloth_service="{name}",sloth_slo="requests"}}'
    severities = fired(told, f"Sloth{name.title()}", sloth_service=name)

    assert row["origin"] == "Sloth"
    assert row["verdict"] == ("page" if "page" in severities else "ticket" if severities else None)
    assert row["verdict"] == WORTH.get(name)
    for window, rate in row["burn_rates"].items():
        share = told.server.value(f"slo:sli_error:ratio_rate{window}{recorded}")
        assert share is not None
        assert rate == pytest.approx(share / 0.01, rel=0.1, abs=0.05), window
    left = told.server.value(f"slo:period_error_budget_remaining:ratio{recorded}")
    assert row["budget_remaining"] == pytest.approx(left, abs=0.1)


def test_pyrras_objectives_are_found_by_their_burn_rates_and_alerts(told: Told) -> None:
    row = told.rows["outage/pyrra-outage (Pyrra)"]

    assert fired(told, "PyrraBurn") == {"critical", "warning"}
    assert row["verdict"] == "page"
    assert set(row["burn_rates"]) == {"5m", "30m", "1h", "2h", "6h", "1d", "4d"}
    share = told.server.value('requests:burnrate4d{slo="pyrra-outage"}')
    assert share is not None
    assert row["burn_rates"]["4d"] == pytest.approx(share / 0.01, rel=0.05)
    assert row["budget_remaining"] is None, "its generic rules, which would tell, are not there"


def test_a_query_that_reads_too_much_says_so_in_the_servers_words_and_costs_no_other(tmp_path: Path) -> None:
    """A month of the calm service is 960 samples a series, five minutes are ten."""
    with replayed(tmp_path, LOADS[:1], (), "--query.max-samples=400") as server:
        rows = {f"{row['service']}/{row['slo']}": row for row in asked(tmp_path, server).json}
    calm = rows["calm/availability"]

    assert calm["raw"]["state"] == "ok"
    assert calm["raw"]["burn_rates"]["5m"] == 0.0
    assert calm["raw"]["burn_rates"]["3d"] is None
    assert calm["raw"]["budget_remaining"] is None
    assert calm["raw"]["budget_reason"].startswith("query processing would load too many samples into memory")
    assert rows["outage/availability"]["raw"]["state"] == "no series"
