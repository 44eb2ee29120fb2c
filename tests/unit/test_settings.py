"""Settings: the shipped figures, merging by key, and every fault said with its place."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from aurora_tui.folders import cache_dir, config_home, state_dir
from aurora_tui.settings import Fault, Settings, SettingsError, load_settings


def load(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    return load_settings(file)


def faults_of(tmp_path: Path, text: str) -> tuple[Fault, ...]:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    return caught.value.faults


def only_fault(tmp_path: Path, text: str) -> Fault:
    (fault,) = faults_of(tmp_path, text)
    return fault


@pytest.fixture
def shipped(tmp_path: Path) -> Settings:
    return load_settings(environ={"HOME": str(tmp_path)})


def test_the_shipped_objectives_are_the_handbooks(shipped: Settings) -> None:
    figures = {
        service.name: tuple(
            objective.threshold if objective.threshold is not None else objective.ratio
            for objective in service.objectives
        )
        for service in shipped.services
    }
    assert figures == {
        "backend": (0.995, 0.5, 0.99, 100.0),
        "frontend": (0.999, 2.0, 0.995),
        "keycloak": (0.995, 0.3, 0.99),
        "postgres": (0.999, 0.1, 0.999),
    }


def test_the_shipped_alerts_are_the_handbooks(shipped: Settings) -> None:
    assert [(rule.name, rule.hold, rule.severity) for rule in shipped.alerts] == [
        ("HighErrorRate", timedelta(minutes=5), "critical"),
        ("HighLatency", timedelta(minutes=2), "warning"),
        ("ServiceDown", timedelta(minutes=1), "critical"),
    ]
    assert "> 0.05" in shipped.alerts[0].expr and "> 1" in shipped.alerts[1].expr


def test_the_shipped_capacity_is_the_handbooks(shipped: Settings) -> None:
    backend, frontend, *rest = (service.capacity for service in shipped.services)
    assert backend and (
        backend.min_replicas,
        backend.max_replicas,
        backend.target_cpu,
        backend.target_memory,
    ) == (3, 20, 70, 80)
    assert frontend and (frontend.min_replicas, frontend.max_replicas, frontend.target_cpu) == (2, 10, 60)
    assert rest == [None, None]


@pytest.mark.parametrize(
    ("context", "title", "protected"),
    [
        ("prod", "PRODUCTION", True),
        ("arn:aws:eks:eu-west-1:1:cluster/prod", "PRODUCTION", True),
        ("dev-prod-2", "PRODUCTION", True),
        ("gke_aurora_europe_staging", "STAGING", False),
        ("kind-aurora", "DEVELOPMENT", False),
        ("product-catalogue", "UNLISTED", False),
    ],
)
def test_a_context_belongs_to_the_first_environment_that_matches(
    shipped: Settings, context: str, title: str, protected: bool
) -> None:
    environment = shipped.environment(context)
    assert (environment.title, environment.protected) == (title, protected)


def test_a_users_threshold_changes_nothing_but_itself(tmp_path: Path, shipped: Settings) -> None:
    mine = load(tmp_path, "services: {backend: {objectives: {latency: {threshold: 250ms}}}}")
    before, after = shipped.services[0].objectives[1], mine.services[0].objectives[1]
    assert (before.threshold, after.threshold) == (0.5, 0.25)
    assert before.good and after.good == before.good.replace(r"0\\.5", r"0\\.25")
    assert mine.services[1:] == shipped.services[1:]
    assert mine.services[0].objectives[0] == shipped.services[0].objectives[0]


def test_a_whole_bucket_is_found_as_both_server_lines_write_it(shipped: Settings) -> None:
    assert r'le=~"2(\\.0)?"' in (shipped.services[1].objectives[1].good or "")


def test_a_share_that_rules_record_takes_the_place_of_two_queries(tmp_path: Path) -> None:
    objectives = """
      availability: {objective: 99%, window: 7d, recorded: {bad: "err:ratio$window{job='a'}"}}
      throughput: {floor: 120/m}
      error_rate: {min_traffic: 30/m}
    """
    text = f"services:\n  backend:\n    objectives:{objectives}\nsignals: {{recorded: off, sli_window: 2m}}"
    settings = load(tmp_path, text)
    recorded, _, errors, floor = next(each for each in settings.services if each.name == "backend").objectives

    assert (recorded.recorded, recorded.good, recorded.bad) == (True, None, "err:ratio$window{job='a'}")
    assert recorded.window == timedelta(days=7)
    assert (floor.threshold, floor.good_while, floor.slice) == (2.0, "> 2", timedelta(minutes=2))
    assert errors.min_traffic == 0.5
    assert settings.recorded == "off"


def test_a_users_environment_is_tried_before_the_shipped_ones(tmp_path: Path) -> None:
    mine = load(tmp_path, 'environments: {eu: {contexts: ["prod-eu"], protected: true, sources: {jaeger: off}}}')
    assert mine.environment("prod-eu").title == "EU"
    assert mine.environment("prod-eu").sources.jaeger == "off"
    assert mine.environment("prod-us").title == "PRODUCTION"


def test_a_services_name_in_jaeger_is_its_first_workloads_unless_it_is_given(tmp_path: Path) -> None:
    mine = load(tmp_path, "services: {backend: {traces: orders-api}}")
    assert [service.traced_as for service in mine.services[:2]] == ["orders-api", "aurora-frontend"]
    with pytest.raises(SettingsError, match=r"services\.backend\.traces"):
        load(tmp_path, "services: {backend: {traces: [a, b]}}")


def test_an_empty_value_removes_an_entry(tmp_path: Path) -> None:
    assert [service.name for service in load(tmp_path, "services: {keycloak: ~}").services] == [
        "backend",
        "frontend",
        "postgres",
    ]


def test_files_of_the_users_folder_are_merged_in_the_order_of_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "xdg" / "aurora-tui"
    folder.mkdir(parents=True)
    (folder / "b.yaml").write_text("theme: late")
    (folder / "a.yaml").write_text("theme: early\nlog_lines: 500")
    mine = load_settings(environ={"XDG_CONFIG_HOME": str(tmp_path / "xdg")})
    assert (mine.theme, mine.log_lines) == ("late", 500)


@pytest.mark.parametrize(
    ("text", "line", "key", "expected", "found"),
    [
        ("theme: a\nlog_lines: lots", 2, "log_lines", "a whole number from 100", '"lots"'),
        ("read_only: maybe", 1, "read_only", "true or false", '"maybe"'),
        (
            "signals:\n  sli_window: 5 minutes",
            2,
            "signals.sli_window",
            "a duration such as 500ms",
            '"5 minutes"',
        ),
        ("signals:\n  sli_window: 300", 2, "signals.sli_window", "a duration", "the number 300"),
        (
            "services:\n  backend:\n    objectives:\n      availability:\n        objective: 120%",
            5,
            "services.backend.objectives.availability.objective",
            "a percentage above 0% and below 100%",
            '"120%"',
        ),
        (
            "services:\n  backend:\n    objectives:\n      latency:\n        treshold: 1s",
            5,
            "services.backend.objectives.latency.treshold",
            "threshold",
            'did you mean "threshold"?',
        ),
        (
            "services:\n  backend:\n    objectives:\n      latency:\n        good: sum(rate(x[5m]))",
            5,
            "services.backend.objectives.latency.good",
            "$window",
            "rate(x[5m])",
        ),
        (
            "environments:\n  prod:\n    contexts:\n    - prod\n    - 'prod['",
            5,
            "environments.prod.contexts",
            "globs",
            '"prod["',
        ),
        (
            "environments: {prod: {sources: {prometheus: ftp://x}}}",
            1,
            "environments.prod.sources.prometheus",
            "svc/",
            '"ftp://x"',
        ),
        (
            "environments: {mine: {contexts: [a]}}",
            1,
            "environments.mine.protected",
            "true or false",
            "nothing",
        ),
        (
            "services: {backend: {capacity: {max_replicas: 2}}}",
            1,
            "services.backend.capacity.max_replicas",
            "at least min",
            "2",
        ),
        (
            "services: {backend: {workloads: [aurora]}}",
            1,
            "services.backend.workloads",
            "KIND/NAME",
            '"aurora"',
        ),
        (
            "services: {backend: {objectives: {availability: {limit: 1%}}}}",
            1,
            "services.backend.objectives.availability.limit",
            "either",
            "both",
        ),
        (
            "services: {backend: {objectives: {throughput: {floor: 100}}}}",
            1,
            "services.backend.objectives.throughput.floor",
            "a rate such as 100/s, 20/m or 0.5/h",
            "the number 100",
        ),
        (
            "services: {backend: {objectives: {availability: {min_traffic: 0/s}}}}",
            1,
            "services.backend.objectives.availability.min_traffic",
            "a rate such as",
            '"0/s"',
        ),
        (
            "services: {backend: {objectives: {availability: {recorded: {good: a$window, bad: b$window}}}}}",
            1,
            "services.backend.objectives.availability.recorded.bad",
            'either "good" or "bad", a share',
            "both",
        ),
        (
            "services: {keycloak: {objectives: {throughput: {objective: 99%, floor: 3/s}}}}",
            1,
            "services.keycloak.objectives.throughput.total",
            "the PromQL of the rate of all events",
            "nothing",
        ),
        ("signals: {recorded: mine}", 1, "signals.recorded", "one of all, services, off", '"mine"'),
        ("theme: a\nlog_lines: 500\ntheme: b", 3, "theme", "each key once", "first in line 1"),
        ("services: 5", 1, "services", "a mapping", "the number 5"),
        ("- theme", 1, "", "a mapping of settings", "a list"),
        ("theme: a\n  log_lines: 5: 6", 2, "", "YAML", "mapping values"),
        ("environments: {prod: {contexts: [*-prod]}}", 1, "", "YAML", "must be quoted"),
        ("keys: &k {a: *k}", 1, "keys.a", "a value", "an alias to what holds it"),
        ("theme: !!python/object/apply:os.system [touch ran]", 1, "theme", "text", "a list"),
    ],
)
def test_a_fault_names_its_place_and_what_was_expected(
    tmp_path: Path, text: str, line: int, key: str, expected: str, found: str
) -> None:
    fault = only_fault(tmp_path, text)
    assert (fault.file, fault.line, fault.key) == (str(tmp_path / "mine.yaml"), line, key)
    assert expected in fault.expected
    assert found in fault.found


def test_all_faults_are_said_at_once_and_in_order(tmp_path: Path) -> None:
    faults = faults_of(tmp_path, "log_lines: lots\nthemes: dark\nservices:\n  backend:\n    title: 3\nread_only: 1")
    assert [fault.line for fault in faults] == [1, 2, 5, 6]
    assert str(faults[1]).startswith(f"{tmp_path / 'mine.yaml'}:2: themes: expected one of ")


def test_a_missing_file_and_a_file_that_is_no_text_are_faults(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        load_settings(tmp_path / "absent.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="UTF-8"):
        load_settings(tmp_path / "binary.yaml")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SettingsError, match=r"a folder with \*\.yaml"):
        load_settings(tmp_path / "empty")


def test_folders_follow_xdg_and_ignore_relative_paths() -> None:
    environ = {"HOME": "/h", "XDG_STATE_HOME": "/s", "XDG_CACHE_HOME": "relative"}
    assert config_home(environ) == Path("/h/.config/aurora-tui")
    assert state_dir(environ) == Path("/s/aurora-tui")
    assert cache_dir(environ) == Path("/h/.cache/aurora-tui")


def test_importing_the_settings_loads_neither_yaml_nor_a_client_nor_the_screen() -> None:
    code = "import sys, aurora_tui.settings; print({'yaml', 'textual', 'kubernetes'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
