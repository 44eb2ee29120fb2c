"""``incident export``: what is written, and what is put down once it is."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from pathlib import Path

import pytest

from aurora_tui.folders import state_dir
from aurora_tui.incident import bundle
from aurora_tui.incident.book import Book
from aurora_tui.incident.bundle import read_bundle
from aurora_tui.incident.capture import Rows, packed
from aurora_tui.model.alerts import Alert, AlertState
from aurora_tui.model.facts import FactKind
from aurora_tui.model.freshness import Freshness, SourceState
from tests.unit.commandline import Run, command_line

NAME = "20260101-0300-x-ab12"
STEP = "resolution.postmortem"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    ready = command_line(tmp_path, monkeypatch, capsys)
    book = Book(state_dir(), "alice")
    book.append(NAME, FactKind.OPENED, {"title": "It burns", "severity": "sev2"}, by="alice", at=1000.0)
    book.close()
    return ready


def ticked() -> list[str]:
    (incident,) = Book(state_dir()).incidents()
    return sorted(incident.ticks)


def test_the_step_that_asks_for_the_draft_is_done_once_the_draft_is_written(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "draft.md"
    out.write_text("mine")
    failed = run("incident", "export", "last", "--out", str(out))
    assert failed.code == 2
    assert "exists already" in failed.err
    assert run("incident", "export", "last", "--out", str(tmp_path / "nowhere" / "draft.md")).code == 2
    assert ticked() == []

    out.unlink()
    assert run("incident", "export", "last", "--out", str(out)).code == 0
    assert "- [x] 4 Resolution: Write the post-mortem" in out.read_text()
    assert ticked() == [STEP]


def test_what_is_no_draft_ticks_nothing(run: Run, tmp_path: Path) -> None:
    assert run("incident", "export", "last", "--format", "json").code == 0
    assert run("incident", "export", "last", "--bundle", str(tmp_path / "incident.zip")).code == 0
    assert ticked() == []


def test_no_name_is_the_name_of_no_incident(run: Run) -> None:
    for wanted in ("show", "export"):
        refused = run("incident", wanted, "")
        assert refused.code != 0
        assert "no incident of the name ''" in refused.err
    assert run("incident", "show", "2026").code == 0


def test_the_end_of_a_name_names_it_and_no_name_means_the_last(run: Run) -> None:
    for given in (["ab12"], ["x-ab12"], []):
        assert "It burns" in run("incident", "show", *given).out
        assert run("incident", "export", *given).out.startswith("# Post-mortem: `It burns`")
    assert run("incident", "show", "b12").code != 0


def test_a_bundle_is_a_zip_archive_and_is_called_nothing_else(run: Run, tmp_path: Path) -> None:
    for name in ("b.tar.gz", "b.TGZ", "b.7z"):
        refused = run("incident", "export", "--bundle", str(tmp_path / name))
        assert refused.code == 2
        assert "a bundle is a zip archive: call it .zip" in refused.err
        assert not (tmp_path / name).exists()
    for name in ("b.zip", "b", "b-1.2"):
        assert run("incident", "export", "--bundle", str(tmp_path / name)).code == 0


def test_a_bundle_is_never_too_large_to_be_opened(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book, chance = Book(state_dir(), "alice"), random.Random(1)
    for number in range(40):
        fire = Alert("f" * 16, "Fire", AlertState.FIRING, "", 1.0, chance.randbytes(2000).hex(), {}, {}, "backend")
        rows = Rows(1000.0 + number, {"alerts": (Freshness(SourceState.LIVE, 1000.0), {"Fire": fire})})
        body = {"words": "captured the panes", "data": packed(rows), **({"quiet": True} if number else {})}
        book.append(NAME, FactKind.SNAPSHOT, body, by="alice", at=1000.0 + number)
    book.append(NAME, FactKind.NOTE, {"words": "looked at it"}, by="alice", at=2000.0)
    book.close()
    whole, part = tmp_path / "whole.zip", tmp_path / "part.zip"
    made = run("incident", "export", "last", "--bundle", str(whole))
    assert (made.code, made.err.count("left out")) == (0, 0)
    assert len(read_bundle(whole)) == 42

    monkeypatch.setattr(bundle, "_ROOM", 50_000)
    made = run("incident", "export", "last", "--bundle", str(part))
    assert made.code == 0
    assert "left out 30 of the captures in between: a bundle holds 256 MiB at most" in made.err
    kept = read_bundle(part)
    assert sum(len(json.dumps(fact.to_json())) for fact in kept) < 50_000
    assert [fact.kind for fact in kept] == [FactKind.OPENED, *[FactKind.SNAPSHOT] * 10, FactKind.NOTE]
    times = [fact.at for fact in kept if fact.kind is FactKind.SNAPSHOT]
    assert times[0] == 1000.0  # no capture in between
    assert max(later - earlier for earlier, later in pairwise(times)) <= 4.0
