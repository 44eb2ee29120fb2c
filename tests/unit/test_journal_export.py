"""``journal verify``, ``show`` and ``export``: what is printed and written, and that text from outside stays data."""

from __future__ import annotations

import json
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from aurora_tui import __version__, cli
from aurora_tui.chain import GENESIS
from aurora_tui.journal import Entry, Journal, Operator, Preview
from aurora_tui.journal_export import jsonl, markdown
from aurora_tui.model.actions import Action, Outcome, Recovery, Rollout, Target, Verb, Verdict
from aurora_tui.model.frozen import replace
from aurora_tui.model.text import printable

TARGET = Target("prod", "aurora", "Deployment", "aurora-backend", "uid-1", "1001")
ACTION = Action(Verb.SCALE, TARGET, {"replicas": 5}, {"replicas": 3}, {"replicas": 5})
ALICE = Operator("alice", "alice@example.org", "bastion", "/dev/pts/3")
VERDICT = Verdict(Rollout.COMPLETE, 12.0, Recovery.RECOVERED, 40.0, "pods complete; SLI recovered")

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "state" / "aurora-tui")
    yield journal
    journal.close()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["aurora-tui", "journal", *arguments])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        return int(caught.value.code or 0), *capsys.readouterr()

    return run


def record(journal: Journal, reason: str = "INC-7", at: float = 1_700_000_000.0) -> int:
    shown = Preview("", ("HPA backend may override 5",))
    number = journal.record_intent(ACTION, operator=ALICE, reason=reason, preview=shown, generation=4, at=at)
    journal.record_outcome(number, Outcome.DONE, "scales it", resource_version="1002", at=at + 1.25)
    journal.record_verdict(number, VERDICT, at=at + 42)
    return number


# verify


def test_verify_prints_the_head_and_finds_it_again_later(journal: Journal, run: Run) -> None:
    record(journal)
    code, out, _ = run("verify")
    assert code == 0
    assert out.startswith("intact: 3 facts, head ")
    noted = out.split()[-1]
    record(journal)

    code, out, _ = run("verify", "--head", noted.upper())

    assert code == 0
    assert out.splitlines()[0] == f"head {noted} is in the chain"


def test_verify_tells_the_place_the_time_and_what_is_wrong(journal: Journal, run: Run) -> None:
    record(journal)
    record(journal)
    journal.close()
    with closing(sqlite3.connect(journal.path)) as connection, connection:
        connection.execute("UPDATE facts SET body = replace(body, 'done', 'failed') WHERE id = 2")
        connection.execute("DELETE FROM facts WHERE id = 4")

    code, out, _ = run("verify")

    assert code == 1
    assert out.splitlines()[:2] == [
        "fact 2 of entry 1 (2023-11-14 22:13:21Z): altered: its hash does not fit what it holds",
        "fact 4 (before 2023-11-14 22:13:21Z): missing: fact 4 is missing",
    ]
    assert out.splitlines()[2].startswith("not intact: 5 facts, head ")


def test_verify_tells_the_same_as_json(journal: Journal, run: Run) -> None:
    record(journal)
    journal.close()
    with closing(sqlite3.connect(journal.path)) as connection, connection:
        connection.execute("DELETE FROM facts WHERE id = 3")

    code, out, _ = run("verify", "-o", "json", "--head", "f" * 64)

    found = json.loads(out)
    assert (code, found["intact"], found["facts"], found["lost_head"]) == (1, False, 2, "f" * 64)
    missing = {"fact": 3, "entry": None, "at": None, "kind": "missing", "text": "fact 3 is missing"}
    assert found["faults"] == [missing]


def test_verify_says_when_it_cannot_read(journal: Journal, run: Run) -> None:
    journal.path.parent.mkdir(parents=True)
    journal.path.write_text("dear diary, " * 200)

    code, _, err = run("verify")

    assert code == 2
    assert "is damaged" in err


def test_a_head_that_is_none_is_told(run: Run) -> None:
    code, _, err = run("verify", "--head", "abc")

    assert code == 2
    assert "give the 64 digits" in err


# show


def test_show_tells_all_that_an_entry_keeps(journal: Journal, run: Run) -> None:
    number = record(journal)

    _, out, _ = run("show", str(number))

    for line in (
        "finished:         2023-11-14 22:13:21Z (after 1.2 s)",
        "resource version: 1001 -> 1002",
        "dry run:          done",
        "warned:           HPA backend may override 5",
        "operator:         alice as alice@example.org on bastion",
        "terminal:         /dev/pts/3",
        "verdict:          pods complete; SLI recovered (pods 12 s, SLI 40 s)",
    ):
        assert line in out.splitlines()
    assert f"program:          {__version__}, process " in out


# export


def test_jsonl_holds_every_fact_of_every_entry_oldest_first(journal: Journal, run: Run) -> None:
    numbers = [record(journal, reason) for reason in ("first", "second")]

    code, out, _ = run("export")

    assert code == 0
    first, second = map(json.loads, out.splitlines())
    assert ([first["id"], second["id"]], first["reason"]) == (numbers, "first")
    assert (first["duration"], first["resource_version_after"], first["tty"]) == (1.25, "1002", "/dev/pts/3")
    assert [fact["kind"] for fact in second["facts"]] == ["intent", "outcome", "verdict"]
    assert first["facts"][0]["body"]["action"] == ACTION.to_json()
    hashes = [fact["hash"] for entry in (first, second) for fact in entry["facts"]]
    assert [fact["previous"] for fact in first["facts"] + second["facts"]] == [GENESIS, *hashes[:-1]]


def test_markdown_tells_when_who_what_where_why_and_how_it_ended(journal: Journal, run: Run) -> None:
    record(journal)
    head = journal.verify().head

    code, out, _ = run("export", "-o", "markdown")

    assert code == 0
    assert out.splitlines() == [
        "# Incident log",
        "",
        f"1 action, times in UTC, oldest first. Head of the journal's chain: `{head}`",
        "",
        "## 2023-11-14 22:13:20Z `scale deployment/aurora-backend`: done",
        "",
        "- Entry: 1",
        "- Who: `alice` as `alice@example.org` on `bastion` from `/dev/pts/3`",
        "- Where: context `prod`, namespace `aurora`, uid `uid-1`",
        "- Resource version: before `1001`, after `1002`",
        "- Why: `INC-7`",
        "- Dry run: `done`",
        "- Warned: `HPA backend may override 5`",
        "- Outcome: done at 2023-11-14 22:13:21Z after 1.2 s: `scales it`",
        "- Verdict: `pods complete; SLI recovered` (pods 12 s, SLI 40 s)",
        "- Change:",
        "",
        "  ```diff",
        "  - replicas: 3",
        "  + replicas: 5",
        "  ```",
    ]


def test_an_export_is_the_owners_alone_and_replaces_nothing(journal: Journal, run: Run, tmp_path: Path) -> None:
    record(journal)
    out = tmp_path / "log.md"

    assert run("export", "-o", "markdown", "--out", str(out))[0] == 0
    written = out.read_text()
    code, _, err = run("export", "--out", str(out))

    assert written.startswith("# Incident log\n")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert code == 2
    assert "exists already: give another name" in err
    assert out.read_text() == written


def test_an_export_that_cannot_be_written_whole_is_told_and_leaves_no_half(
    journal: Journal, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(journal)
    out = tmp_path / "log.jsonl"

    def full(entries: object) -> Iterator[str]:
        yield "{}"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("aurora_tui.journal_export.jsonl", full)

    code, _, err = run("export", "--out", str(out))

    assert code == 2
    assert "No space left on device" in err
    assert not out.exists()


# Text from outside

MARKUP = st.text(st.sampled_from("`*_<>[]()!#|\\@~&:/-+ \n\r\t\x00\x1b\x7f\x9b\u202eaä")) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "![x](https://evil.example/p.png)",
        "```\n# Outcome: done",
        "@everyone",
        "https://evil.example",
        "x | y",
        "&lt;b&gt;",
        "\n\n---\n",
    ]
)


def strange(text: str) -> Entry:
    """An entry in which everything that comes from outside is this text."""
    target = Target(text, text, text, text, text, text)
    action = Action(Verb.SCALE, target, {text: text}, {"a": text, "b": text}, {"a": f"{text}2", "b": ""})
    verdict = replace(VERDICT, text=text)
    return Entry(
        id=1, started_at=0.0, action=action, reason=text, operator=Operator(text, text, text, text),
        outcome=Outcome.DONE, message=text, finished_at=1.0, verdict=verdict, preview=Preview(text, (text, text)),
        generation=None, part_of=text, process=None, program=text, resource_version=text, verdict_at=2.0, facts=(),
    )  # fmt: skip


def flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from flat(token.children or [])


@given(text=MARKUP)
def test_nothing_from_outside_is_markup_in_the_incident_log(text: str) -> None:
    document = "\n".join(markdown([strange(text)], GENESIS))

    tokens = list(flat(MarkdownIt("gfm-like", {"html": True}).parse(document)))

    types = {token.type.removesuffix("_open").removesuffix("_close") for token in tokens}
    ours = {"heading", "paragraph", "inline", "text", "softbreak", "code_inline", "bullet_list", "list_item", "fence"}
    assert types <= ours
    assert sum(token.type == "heading_open" for token in tokens) == 2
    assert sum(token.type == "fence" for token in tokens) <= 1
    if shown := printable(text).strip():
        whys = [token for token in tokens if token.type == "inline" and token.content.startswith("Why: ")]
        assert [child.content for child in whys[0].children or [] if child.type == "code_inline"] == [shown]


@given(text=MARKUP)
def test_no_control_character_from_outside_reaches_a_terminal_through_an_export(text: str) -> None:
    entries = [strange(text)]

    for line in [*markdown(entries, GENESIS), *jsonl(entries)]:
        assert line == "" or line.isprintable() or printable(line) == line
        assert "\n" not in line
    assert [json.loads(line)["reason"] for line in jsonl(entries)] == [text]
