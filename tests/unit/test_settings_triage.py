"""The settings of triage: the handbook's limits as shipped, faults with file, line and key, the map of services."""

from __future__ import annotations

from pathlib import Path

import pytest

from aurora_tui.model.thresholds import Thresholds
from aurora_tui.settings import SettingsError, load_settings


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    return file


def test_what_is_shipped_is_what_the_code_falls_back_to() -> None:
    settings = load_settings(environ={})
    assert settings.triage == Thresholds()
    assert settings.triage.diagnose_within == 300
    assert settings.triage.mitigate_within == 900


def test_the_map_of_services_is_shipped() -> None:
    leans = {service.name: service.depends_on for service in load_settings(environ={}).services}
    assert leans == {
        "backend": ("keycloak", "postgres"), "frontend": ("backend",), "keycloak": ("postgres",), "postgres": (),
    }  # fmt: skip


def test_one_figure_can_be_changed(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, "triage:\n  release_before: 40m\n"), environ={})
    assert settings.triage.release_before == 2400
    assert settings.triage.busy == 0.9


@pytest.mark.parametrize(
    ("text", "line", "key", "expected"),
    [
        ("triage:\n  busy: 90\n", 2, "triage.busy", "a percentage"),
        ("triage:\n  recent: soon\n", 2, "triage.recent", "a duration"),
        ("triage:\n  restart: 3\n", 2, "triage.restart", 'did you mean "restarts"?'),
        ("services:\n  backend:\n    depends_on: [keyclok]\n", 3, "services.backend.depends_on", '"keycloak"?'),
        ("services:\n  backend:\n    depends_on: [backend]\n", 3, "services.backend.depends_on", "other services"),
    ],
)
def test_a_fault_names_file_line_and_key(tmp_path: Path, text: str, line: int, key: str, expected: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(SettingsError) as raised:
        load_settings(file, environ={})
    (fault,) = raised.value.faults
    assert (fault.file, fault.line, fault.key) == (str(file), line, key)
    assert expected in str(fault)


def test_a_service_that_was_removed_is_missed_by_nobody(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, "services:\n  postgres: ~\n"), environ={})
    assert "postgres" not in {service.name for service in settings.services}
