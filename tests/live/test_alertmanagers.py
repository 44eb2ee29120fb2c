"""Two real Alertmanagers, of one cluster or each by itself, one of which dies: what is shown, silenced and expired."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.live.alertmanagers import Pair, pair
from tests.live.conftest import Eventually
from tests.live.program import Program, Run

pytest_plugins = ("tests.live.fixtures",)

CONFIRMED = ("--yes", "--confirm=prod", "--reason=OPS-1 told by the tests")


@pytest.fixture(scope="module")
def clustered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with pair(tmp_path_factory.mktemp("clustered"), clustered=True) as found:
        yield found


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Pair]:
    with pair(tmp_path, clustered=False) as found:
        yield found


@pytest.fixture
def name() -> str:
    return f"Ours-{secrets.token_hex(4)}"


def settings(folder: Path, found: Pair) -> Path:
    sources = {"prometheus": "off", "alertmanager": found.urls}
    path = folder / "alertmanagers.yaml"
    path.write_text(yaml.safe_dump({"environments": {"prod": {"sources": sources}}}))
    return path


def use(found: Pair, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AURORA_LIVE_CONFIG", str(settings(folder, found)))


def rows(run: Run, name: str) -> list[tuple[str, dict[str, Any]]]:
    return [(row["state"], row["raw"]) for row in run.json if row["alert"] == name]


async def test_a_cluster_shows_an_alert_once_and_gossips_one_silence(
    clustered: Pair, aurora: Program, name: str, eventually: Eventually, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(clustered, tmp_path, monkeypatch)
    clustered.fire({"alertname": name, "job": name})

    [(state, raw)] = rows(aurora("get", "alerts", "-o", "json"), name)
    assert (state, raw["receivers"], raw["group"]) == ("firing", ["oncall"], {"alertname": name, "job": name})

    done = aurora("silence", name, *CONFIRMED)

    assert done.code == 0, done
    await eventually(lambda: len(clustered.silences(0)) == len(clustered.silences(1)) == 1, 30)
    assert [each["id"] for each in clustered.silences(0)] == [each["id"] for each in clustered.silences(1)]
    assert clustered.state(0, name) == clustered.state(1, name) == "suppressed"
    [(state, raw)] = rows(aurora("get", "alerts", "-o", "json"), name)
    assert (state, len(raw["silences"])) == ("silenced", 1)

    done = aurora("unsilence", name, *CONFIRMED)

    assert done.code == 0, done
    await eventually(lambda: clustered.silences(0) == clustered.silences(1) == [], 30)
    clustered.end({"alertname": name, "job": name})


async def test_a_silence_is_made_in_each_by_itself_and_expired_in_each(
    apart: Pair, aurora: Program, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(apart, tmp_path, monkeypatch)
    apart.fire({"alertname": name})

    done = aurora("silence", name, *CONFIRMED)

    assert done.code == 0, done
    [one], [other] = apart.silences(0), apart.silences(1)
    assert one["id"] != other["id"]
    assert apart.state(0, name) == apart.state(1, name) == "suppressed"
    assert len(rows(aurora("get", "alerts", "-o", "json"), name)) == 1

    done = aurora("unsilence", name, *CONFIRMED)

    assert done.code == 0, done
    assert apart.silences(0) == apart.silences(1) == []
    assert [each["outcome"] for each in aurora("journal", "list", "-o", "json").json] == ["done", "done"]


async def test_what_one_by_itself_still_tells_fires(
    apart: Pair, aurora: Program, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(apart, tmp_path, monkeypatch)
    apart.fire({"alertname": name}, at=0)
    aurora("silence", name, *CONFIRMED)
    apart.fire({"alertname": name}, at=1)

    [(state, raw)] = rows(aurora("get", "alerts", "-o", "json"), name)

    assert (apart.state(0, name), apart.state(1, name)) == ("suppressed", "active")
    assert (state, raw["told_by"]) == ("firing", [apart.urls[1]])


async def test_one_that_dies_is_said_and_the_other_is_shown_and_silenced(
    apart: Pair, aurora: Program, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(apart, tmp_path, monkeypatch)
    apart.fire({"alertname": name})
    apart.kill(1)

    listed = aurora("get", "alerts", "-o", "json")
    done = aurora("silence", name, *CONFIRMED)

    assert [state for state, _ in rows(listed, name)] == ["firing"]
    assert f"Alertmanager {apart.urls[1]}: {apart.urls[1]} can't be reached (Connection refused)" in listed.stderr
    assert done.code == 0, done
    assert f"Alertmanager {apart.urls[1]} cannot be asked, and may go on telling" in done.stdout
    assert apart.state(0, name) == "suppressed"


async def test_what_inhibits_an_alert_is_named(
    apart: Pair, aurora: Program, name: str, eventually: Eventually, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(apart, tmp_path, monkeypatch)
    apart.fire({"alertname": name, "job": "db", "severity": "warning"})
    apart.fire({"alertname": "Worse", "job": "db", "severity": "critical"})
    await eventually(lambda: apart.state(0, name) == apart.state(1, name) == "suppressed", 30)

    [(state, raw)] = rows(aurora("get", "alerts", "-o", "json"), name)

    assert state == "inhibited"
    [by] = raw["inhibited_by"]
    assert str(by).startswith("Worse-")


async def test_a_dead_peer_changes_nothing_for_a_cluster(
    clustered: Pair, aurora: Program, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last test of the cluster: one of it does not come back."""
    use(clustered, tmp_path, monkeypatch)
    clustered.fire({"alertname": name})
    clustered.kill(0)

    done = aurora("silence", name, *CONFIRMED)

    assert done.code == 0, done
    assert clustered.state(1, name) == "suppressed"
    done = aurora("unsilence", name, *CONFIRMED)
    assert done.code == 0, done
    assert clustered.silences(1) == []
