"""What `aurora-tui rules` writes: every alert stands on shares that are recorded, and on the settings alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from aurora_tui.cli import command
from aurora_tui.model.definitions import AlertRule, Objective, ObjectiveKind, Service
from aurora_tui.model.frozen import replace
from aurora_tui.model.rule_files import Promises, alertmanager_config, prometheus_rules

FIVE_MINUTES, MONTH = timedelta(minutes=5), timedelta(days=30)


def promises(objective: Objective, *alerts: AlertRule, labels: Mapping[str, str] | None = None) -> Promises:
    service = Service("api", "API", ("deployment/api",), labels or {"job": "api"}, (objective,))
    return Promises([service], alerts, FIVE_MINUTES, MONTH)


def rules_of(given: Promises) -> list[dict[str, Any]]:
    return [rule for group in prometheus_rules(given)["groups"] for rule in group["rules"]]


def availability(ratio: float) -> Objective:
    return Objective(
        ObjectiveKind.AVAILABILITY, ratio, total="rate(all[$window])", good='rate(all{code!~"5.."}[$window])'
    )


def test_every_series_that_an_alert_looks_at_is_recorded_with_the_same_labels() -> None:
    rules = rules_of(promises(availability(0.999)))
    recorded = {(rule["record"], *sorted(rule["labels"].items())) for rule in rules if "record" in rule}
    looked_at = [
        (name, *sorted(re.findall(r'(\w+)="([^"]*)"', labels)))
        for rule in rules
        if "alert" in rule
        for name, labels in re.findall(r"(service:\w+:\w+)\{([^}]*)\}", rule["expr"])
    ]

    assert len(looked_at) == 8
    assert set(looked_at) <= recorded


def test_the_shares_are_those_of_events_not_averages_of_shares() -> None:
    shares = {rule["record"]: rule["expr"] for rule in rules_of(promises(availability(0.999))) if "record" in rule}

    assert shares["service:slo_errors:ratio_rate3d"] == (
        '1 - (sum(rate(all{code!~"5.."}[3d])) or vector(0)) / sum(rate(all[3d]))'
    )
    assert shares["service:slo_objective:ratio"] == "vector(0.999)"


def test_a_step_that_no_outage_can_reach_is_left_out() -> None:
    burning = [rule["labels"]["window"] for rule in rules_of(promises(availability(0.9))) if "alert" in rule]

    assert burning == ["6h", "1d", "3d"]


def test_what_the_settings_call_critical_comes_with_its_duration() -> None:
    down = AlertRule("Down", 'up{job="api"} == 0', timedelta(minutes=1), "critical", "it is down", "no answer")

    assert rules_of(promises(availability(0.999), down))[-1] == {
        "alert": "Down",
        "expr": 'up{job="api"} == 0',
        "for": "1m",
        "labels": {"severity": "critical"},
        "annotations": {"summary": "it is down", "description": "no answer"},
    }


def test_a_label_with_quotes_stays_one_label() -> None:
    alert = next(rule for rule in rules_of(promises(availability(0.999), labels={"job": 'a"b\\c'})) if "alert" in rule)

    assert 'job="a\\"b\\\\c"' in alert["expr"]
    assert alert["labels"]["job"] == 'a"b\\c'


def test_a_floor_is_kept_by_time_and_its_alerts_say_so() -> None:
    floor = Objective(ObjectiveKind.THROUGHPUT, 0.99, value="rate(all[$window])", threshold=100, good_while="> 100")
    rules = rules_of(promises(floor))
    shares = {rule["record"]: rule["expr"] for rule in rules if "record" in rule}
    page = next(rule for rule in rules if "alert" in rule)

    assert shares["service:slo_errors:ratio_rate1h"] == (
        "1 - avg_over_time((sum(rate(all[5m])) > bool 100"
        " and last_over_time((sum(rate(all[5m])))[1m:1m] offset 5m))[1h:1m])"
    )
    assert shares["service:slo_errors:ratio_rate30d"].endswith("[30d:5m])"), "no more than 8,640 moments"
    assert page["labels"]["slo"] == "throughput"
    assert "14.4 times the allowed share of time (1 %) was bad" in page["annotations"]["description"]


def test_alerts_look_at_shares_of_enough_traffic_and_the_budget_at_all_events() -> None:
    rules = rules_of(promises(replace(availability(0.99), min_traffic=0.5)))
    shares = {rule["record"]: rule["expr"] for rule in rules if "record" in rule}

    assert shares["service:slo_errors:ratio_rate5m"].endswith(") and sum(rate(all[5m])) >= 0.5")
    assert ">=" not in shares["service:slo_errors:ratio_rate30d"]


def test_an_objective_with_a_window_of_its_own_has_a_ladder_and_a_budget_of_its_own() -> None:
    rules = rules_of(promises(replace(availability(0.99), window=timedelta(days=7))))
    recorded = {rule["record"] for rule in rules if "record" in rule}

    assert {"service:slo_errors:ratio_rate14m", "service:slo_errors:ratio_rate7d"} <= recorded
    assert "service:slo_errors:ratio_rate30d" not in recorded
    assert [rule["labels"]["window"] for rule in rules if "alert" in rule] == ["14m", "84m", "336m", "1008m"]


def test_a_recorded_share_is_recorded_under_the_name_that_the_alerts_know() -> None:
    given = Objective(ObjectiveKind.AVAILABILITY, 0.99, good="job:good:ratio$window", recorded=True)
    shares = {rule["record"]: rule["expr"] for rule in rules_of(promises(given)) if "record" in rule}

    assert shares["service:slo_errors:ratio_rate6h"] == "1 - min(job:good:ratio6h)"


def test_no_share_is_recorded_more_rarely_than_prometheus_remembers_it() -> None:
    minutes = {"30s": 0.5, "2m": 2, "4m": 4}

    assert all(minutes[group["interval"]] < 5 for group in prometheus_rules(promises(availability(0.999)))["groups"])


@pytest.mark.parametrize("form", ["prometheus", "alertmanager"])
def test_the_command_prints_yaml_without_references(form: str) -> None:
    printed = CliRunner().invoke(command, ["rules", "-o", form])

    assert printed.exit_code == 0, printed.output
    assert printed.stdout.startswith("# Made by `aurora-tui rules")
    assert not re.search(r"[&*]id\d", printed.stdout)
    assert set(yaml.safe_load(printed.stdout)) == (
        {"groups"} if form == "prometheus" else {"route", "inhibit_rules", "receivers"}
    )


def test_the_rules_are_made_without_a_cluster(tmp_path: Any) -> None:
    printed = CliRunner().invoke(command, ["rules", "--kubeconfig", str(tmp_path / "none")])

    assert printed.exit_code == 0


def test_a_ticket_is_held_back_while_a_page_tells_of_the_same_objective() -> None:
    (rule,) = alertmanager_config()["inhibit_rules"]

    assert rule["equal"] == ["service", "slo"]
    assert rule["target_matchers"] == ['alertname="ErrorBudgetBurn"', 'severity="warning"']
