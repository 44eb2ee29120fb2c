"""``incident list|show`` tell how an incident ended, and of whose doing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aurora_tui.folders import state_dir
from aurora_tui.incident.book import Book
from aurora_tui.model.facts import FactKind
from tests.unit.commandline import Run, command_line

CLOSED, OVER, OPEN = (f"20260101-030{number}-x-ab1{number}" for number in range(3))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    ready = command_line(tmp_path, monkeypatch, capsys)
    book = Book(state_dir(), "alice")
    for name in (CLOSED, OVER, OPEN):
        book.append(name, FactKind.OPENED, {"title": name, "severity": "sev2"}, by="alice", at=1000.0)
    why = {"words": "resolved without calm: known noise", "without_calm": "known noise"}
    book.append(CLOSED, FactKind.RESOLVED, why, by="alice", at=2000.0)
    book.append(OVER, FactKind.RESOLVED, {"words": "resolved: well for 5m of 5m"}, by="alice", at=2000.0)
    book.close()
    return ready


def test_an_end_without_calm_is_told_apart_from_one_by_calm(run: Run) -> None:
    lines = run("incident", "list").out.splitlines()
    states = {line.split()[0]: line for line in lines}
    assert " resolved without calm " in states[CLOSED]
    assert " resolved " in states[OVER]
    assert "without" not in states[OVER]
    assert " open " in states[OPEN]

    shown = run("incident", "show", CLOSED).out
    assert "resolved without calm 1970-01-01 00:33:20Z by alice: known noise" in " ".join(shown.split())
    raw = {each["id"]: each for each in json.loads(run("incident", "list", "-o", "json").out)}
    assert (raw[CLOSED]["state"], raw[CLOSED]["without_calm"]) == ("resolved", "known noise")
    assert raw[OVER]["without_calm"] is None
