"""A handed-on incident: redacted on its way out, refused where it is not what it claims, replayed as it was."""

from __future__ import annotations

import contextlib
import gc
import json
import random
import weakref
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aurora_tui.folders import state_dir
from aurora_tui.incident import bundle as bundles
from aurora_tui.incident import capture, replay
from aurora_tui.incident.bundle import BundleError, bundled, read_bundle
from aurora_tui.incident.capture import packed, packed_lines, rows_of, unpacked, unpacked_lines
from aurora_tui.incident.changes import changes_around
from aurora_tui.incident.page import html
from aurora_tui.incident.reading import situation_of
from aurora_tui.incident.replay import ReplaySession, recorded
from aurora_tui.incident.situation import Subject
from aurora_tui.journal import Journal, Operator, Preview
from aurora_tui.model import kube
from aurora_tui.model.actions import Action, Outcome, Target, Verb
from aurora_tui.model.alerts import Alert, AlertState
from aurora_tui.model.facts import Fact, FactKind
from aurora_tui.model.freshness import SourceState
from aurora_tui.model.frozen import replace
from aurora_tui.model.loglines import LogLine
from aurora_tui.model.redaction import LAST_APPLIED
from aurora_tui.settings import load_settings
from aurora_tui.store import Store

NAME = "20260101-0300-x-ab12"


def fact(number: int, kind: FactKind, at: float, **body: Any) -> Fact:
    return Fact(NAME, "alice-1", number, at, "alice", kind, body)


def alert(name: str, state: AlertState, summary: str = "") -> Alert:
    return Alert("f" * 16, name, state, "critical", 900.0, summary, {}, {}, "backend")


def snapshot(at: float, *alerts: Alert) -> str:
    store = Store()
    store.table("alerts").apply({each.name: each for each in alerts})
    store.table("alerts").set_freshness(SourceState.LIVE, at)
    return packed(rows_of(store, at))


def facts() -> list[Fact]:
    lines = [LogLine(950.0, "web-1", "web", "it begins"), LogLine(1055.0, "web-1", "web", "token=abcdef0123 refused")]
    return [
        fact(1, FactKind.OPENED, 1000.0, title="It burns", context="prod", namespace="shop", onset=900.0),
        fact(2, FactKind.SNAPSHOT, 1000.0, data=snapshot(1000.0, alert("Fire", AlertState.FIRING, "password=hunter2"))),
        fact(3, FactKind.NOTE, 1050.0, words="the key is secret=sesame"),
        fact(4, FactKind.LOGS, 1001.0, data=packed_lines(lines)),
        fact(5, FactKind.SNAPSHOT, 1100.0, data=snapshot(1100.0)),
        fact(6, FactKind.RESOLVED, 1101.0, words="resolved"),
    ]


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "incident.zip"
    path.write_bytes(content)
    return path


def test_rows_come_back_as_they_were_and_without_secrets() -> None:
    found = unpacked(snapshot(1000.0, alert("Fire", AlertState.FIRING, "password=hunter2 of db")))
    row = found.tables["alerts"]["Fire"]
    assert row == alert("Fire", AlertState.FIRING, "password=(hidden) of db")
    assert found.dropped == {"alerts": 0}


def test_log_lines_come_back_without_secrets() -> None:
    kept = unpacked_lines(packed_lines([LogLine(1.5, "web-1", "web", "Authorization: Bearer abc.def")]))
    (line,) = kept
    assert (line.stamp, line.origin, line.container) == (1.5, "web-1", "web")
    assert line.text.startswith("Authorization: ")
    assert "abc" not in line.text


def test_a_captured_workload_comes_back_without_the_secrets_of_its_annotations() -> None:
    env = [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "MODE", "value": "swordfish"}]
    template = {"spec": {"containers": [{"name": "web", "image": "web:1", "env": env}]}}
    told = {LAST_APPLIED: json.dumps({"spec": {"template": template}}), "vault.io/token": "s3cr3t", "team": "shop"}
    metadata = {"name": "web", "namespace": "shop", "annotations": told}
    spec = {"replicas": 1, "selector": {"matchLabels": {}}, "template": template}
    row = msgspec.convert({"metadata": metadata, "spec": spec, "status": {}}, kube.Deployment, strict=False)
    store = Store()
    store.table("deployments").apply({"shop/web": row})
    store.table("deployments").set_freshness(SourceState.LIVE, 1.0)
    found = unpacked(packed(rows_of(store, 1.0))).tables["deployments"]["shop/web"]
    assert dict(found.metadata.annotations) == {"vault.io/token": "(hidden)", "team": "shop"}
    assert "hunter2" not in repr(found)


def test_json_logs_come_back_without_their_secrets_as_json() -> None:
    text = json.dumps({"level": "error", "password": "hunter2", "access_token": "s3cr3t", "user": "bob"})
    (line,) = unpacked_lines(packed_lines([LogLine(1.5, "web-1", "web", text)]))
    assert json.loads(line.text) == {
        "level": "error", "password": "(hidden)", "access_token": "(hidden)", "user": "bob",
    }  # fmt: skip


def test_a_bundle_holds_no_secret_of_whoever_wrote_it(tmp_path: Path) -> None:
    path = written(tmp_path, bundled(facts()))
    with zipfile.ZipFile(path) as file:
        text = file.read("facts.jsonl").decode()
    assert "sesame" not in text
    read = recorded(read_bundle(path))
    told = f"{read.lines} {[each.opened() for each in read.snapshots]} {read.facts}"
    assert "(hidden)" in told
    assert "hunter2" not in told
    assert "abcdef0123" not in told
    assert "it begins" in told


def test_a_replay_shows_each_moment_as_it_was(tmp_path: Path) -> None:
    session = ReplaySession(
        load_settings(environ={"HOME": "/nowhere"}), recorded(read_bundle(written(tmp_path, bundled(facts()))))
    )
    session.start()
    assert session.clock() == 1000.0
    assert set(session.store.table("alerts").rows) == {"Fire"}
    assert session.store.table("pods").freshness.state is SourceState.UNCAPTURED
    for _ in range(9):
        session.step(1)
    assert session.store.table("alerts").rows == {}
    assert not session.recorded.until(session.at).is_open  # type: ignore[union-attr]
    session.step(-1)
    session.step(-1)
    assert [entry.words for entry in session.recorded.until(1050.0).timeline][-1] != "resolved"  # type: ignore[union-attr]
    assert session.recorded.until(1050.0).is_open  # type: ignore[union-attr]


def test_before_the_first_snapshot_a_replay_shows_what_was_known_then_and_no_rows_of_later() -> None:
    told = [
        *facts(),
        fact(7, FactKind.ALERT, 1000.5, words="Fire fires", happened=950.0, fingerprint="f" * 16, state="firing"),
    ]
    session = ReplaySession(load_settings(environ={"HOME": "/nowhere"}), recorded(told))
    session.start()
    assert session.clock() == 950.0
    for name in ("alerts", "pods"):
        table = session.store.table(name)
        assert table.rows == {}
        assert table.freshness.state is SourceState.UNCAPTURED
        assert table.freshness.message == "no snapshot before 1970-01-01T00:16:40Z"
    shown = session.recorded.until(session.at)
    assert shown is not None
    assert [entry.words for entry in shown.timeline] == ["Fire fires"]


def test_an_alert_that_was_over_since_the_snapshot_does_not_fire_in_a_replay() -> None:
    over = {"fingerprint": "f" * 16, "state": "resolved", "happened": 1020.0, "words": "Fire is over"}
    session = ReplaySession(
        load_settings(environ={"HOME": "/nowhere"}), recorded([*facts(), fact(7, FactKind.ALERT, 1021.0, **over)])
    )
    session.start()
    rows = session.store.table("alerts").rows
    assert rows["Fire"].state is AlertState.FIRING
    session.go_to(1030.0)
    assert (rows["Fire"].state, rows["Fire"].ended) == (AlertState.RESOLVED, 1020.0)
    session.go_to(1010.0)
    assert rows["Fire"].state is AlertState.FIRING


def test_rows_that_were_dropped_are_told_to_whoever_opens_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "MOST_ROWS", 2)
    many = snapshot(1000.0, *(alert(f"Fire{number}", AlertState.FIRING) for number in range(1002)))
    odd = capture._unpack(many)
    odd["tables"]["alerts"]["rows"]["Fire1"] = {"of": "another version"}
    told = [facts()[0], fact(2, FactKind.SNAPSHOT, 1000.0, data=capture._pack(odd))]
    session = ReplaySession(
        load_settings(environ={"HOME": "/nowhere"}), recorded(read_bundle(written(tmp_path, bundled(told))))
    )
    session.start()
    assert set(session.store.table("alerts").rows) == {"Fire0"}
    assert session.environment.title == "REPLAY 1970-01-01T00:16:40Z 1/1 · 1,001 rows dropped"


def test_of_all_captures_only_those_in_sight_are_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: weakref.WeakSet[Store] = weakref.WeakSet()  # a snapshot itself takes no weak reference
    rows = [snapshot(1000.0 + number, alert("Fire", AlertState.FIRING)) for number in range(30)]
    unpack = capture.unpacked

    def counted(data: str) -> Any:
        found = unpack(data)
        mark = Store()
        kept.add(mark)
        return replace(found, states={**found.states, "mark": mark})

    monkeypatch.setattr(replay, "unpacked", counted)
    captures = [fact(2 + number, FactKind.SNAPSHOT, 1000.0, data=data) for number, data in enumerate(rows)]
    session = ReplaySession(load_settings(environ={"HOME": "/nowhere"}), recorded([facts()[0], *captures]))
    session.start()
    for _ in rows:
        session.step(1)
    gc.collect()
    assert session.at == 1029.0
    assert len(kept) <= 2


def archive(tmp_path: Path, **members: Any) -> Path:
    path = tmp_path / "made.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


MANIFEST = json.dumps({"format": 1})


def test_an_archive_with_paths_is_refused(tmp_path: Path) -> None:
    for name in ("../evil", "/etc/passwd", "a/facts.jsonl", "extra"):
        with pytest.raises(BundleError, match="other files"):
            read_bundle(archive(tmp_path, **{"manifest.json": MANIFEST, "facts.jsonl": "", name: "x"}))
    assert not (tmp_path.parent / "evil").exists()


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "MOST_BYTES", 100_000)
    path = archive(tmp_path, **{"manifest.json": MANIFEST, "facts.jsonl": b"\n" * 200_000})
    assert path.stat().st_size < 2000
    with pytest.raises(BundleError, match="unpacks to more than"):
        read_bundle(path)


def test_an_archive_that_is_too_large_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "MOST_BYTES", 10)
    with pytest.raises(BundleError, match="larger than"):
        read_bundle(written(tmp_path, bundled(facts())))


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"manifest.json": "{}", "facts.jsonl": ""}, "another version"),
        ({"manifest.json": "[]", "facts.jsonl": ""}, "another version"),
        ({"manifest.json": MANIFEST, "facts.jsonl": ""}, "holds no incident"),
        ({"manifest.json": MANIFEST, "facts.jsonl": "nonsense"}, "no bundle"),
        ({"manifest.json": MANIFEST, "facts.jsonl": '{"incident": "../x"}'}, "no bundle"),
        ({"manifest.json": "[" * 100_000, "facts.jsonl": ""}, "no bundle"),
    ],
)
def test_what_is_no_bundle_is_refused_in_words(tmp_path: Path, members: dict[str, str], words: str) -> None:
    with pytest.raises(BundleError, match=words):
        read_bundle(archive(tmp_path, **members))


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no bundle"):
        read_bundle(written(tmp_path, b"PK no zip"))
    with pytest.raises(BundleError, match="cannot be read"):
        read_bundle(tmp_path / "nowhere")


def packed_by(tmp_path: Path, method: int, content: bytes) -> Path:
    path = tmp_path / "packed.zip"
    with zipfile.ZipFile(written(tmp_path, content)) as whole, zipfile.ZipFile(path, "w", method) as file:
        for name in whole.namelist():
            file.writestr(name, whole.read(name))
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_a_damaged_file_is_refused_in_words(tmp_path: Path, method: int) -> None:
    chance = random.Random(1)
    notes = [fact(n, FactKind.NOTE, 1050.0, words=chance.randbytes(9).hex()) for n in range(7, 200)]
    path = packed_by(tmp_path, method, bundled([*facts(), *notes]))
    good = path.read_bytes()
    read_bundle(path)
    for _ in range(200):
        spoilt = bytearray(good)
        for place in chance.sample(range(len(good)), 3):
            spoilt[place] ^= 0xFF
        path.write_bytes(spoilt)
        with contextlib.suppress(BundleError):  # else it is whole by chance
            read_bundle(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_that_is_packed_in_another_way_is_refused(tmp_path: Path, method: int) -> None:
    with pytest.raises(BundleError, match="packed in another way"):
        read_bundle(packed_by(tmp_path, method, bundled(facts())))


def test_a_capture_inside_a_bundle_that_is_none_is_refused(tmp_path: Path) -> None:
    for data in ("", "AAAA", 7, packed_lines([])):
        spoilt = [facts()[0], fact(2, FactKind.SNAPSHOT, 1000.0, data=data)]
        with pytest.raises(ValueError, match="no snapshot"):
            recorded(spoilt)


def test_a_time_that_is_no_date_is_refused_or_left_out() -> None:
    rows = capture._pack({"at": 1e300, "tables": {}})
    with pytest.raises(ValueError, match="no snapshot"):
        recorded([facts()[0], fact(2, FactKind.SNAPSHOT, 1000.0, data=rows)])
    lines = capture._pack([(1e300, "web-1", "web", "from nowhen"), (950.0, "web-1", "web", "it begins")])
    told = recorded([facts()[0], fact(2, FactKind.LOGS, 1000.0, data=lines)])
    assert [(line.stamp, line.text) for line in told.lines] == [(None, "from nowhen"), (950.0, "it begins")]


def test_the_page_takes_text_from_outside_for_no_markup() -> None:
    page = html(
        ["# Post-mortem: `<script>alert(1)</script>`", "- a <b> & **strong** *quiet*", "| x | `a|b` |"], "<t>", ()
    )
    assert "<script>" not in page
    assert "<code>&lt;script&gt;alert(1)&lt;/script&gt;</code>" in page
    assert "<li>a &lt;b&gt; &amp; <strong>strong</strong> <em>quiet</em></li>" in page
    assert "<title>&lt;t&gt;</title>" in page


async def test_what_was_done_here_is_no_change_of_a_replayed_incident(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    journal = Journal(state_dir())
    action = Action(Verb.SCALE, Target("prod", "shop", "Deployment", "web", "u", "1"), {"replicas": 1}, {}, {})
    me = Operator("bob", "bob@example.org", "laptop", "")
    number = journal.record_intent(action, operator=me, reason="mine", preview=Preview("", ()), generation=1, at=950.0)
    journal.record_outcome(number, Outcome.DONE, "scaled", at=951.0)
    journal.close()
    session = ReplaySession(load_settings(environ={"HOME": "/nowhere"}), recorded(facts()))
    session.start()
    session.step(9)

    around = await changes_around(session, "shop", 900.0, None)
    situation = await situation_of(session, Subject("shop", onset=900.0))

    assert [each.words for each in (*around.rows, *situation.changes)] == []
    session.is_past = False
    assert len((await changes_around(session, "shop", 900.0, None)).rows) == 1, "the journal has it"
