"""Runbooks: every shipped alert has one whose commands can be carried out, and nothing else in one ever is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_tui.folders import config_dir
from aurora_tui.incident.runbooks import own_folder, runbook
from aurora_tui.model import rule_files
from aurora_tui.model.actions import Verb
from aurora_tui.model.runbooks import Act, Look, steps
from aurora_tui.model.selection import ObjectRef
from aurora_tui.settings import load_settings

NAMES = {"workload": "statefulset/aurora-keycloak", "service": "keycloak"}
ALERTS = [*(rule.name for rule in load_settings(environ={"HOME": "/nowhere"}).alerts), rule_files.ALERT]
"""Those of the settings, and the one that the rules made from objectives fire."""


def does(command: str) -> Act | Look | str:
    (step,) = steps(f"# A step\n\n```\n{command}\n```\n", NAMES, "shop")
    return step.does or step.trouble


@pytest.mark.parametrize("alert", ALERTS)
def test_each_shipped_alert_has_a_runbook_whose_commands_can_all_be_carried_out(alert: str) -> None:
    text = runbook(alert)
    assert text is not None
    found = steps(text, NAMES, "shop")
    assert [step.trouble for step in found if step.trouble] == []
    assert any(isinstance(step.does, Act) for step in found)
    assert found[0].title == alert
    fixed = [step.command for step in found if isinstance(step.does, Act) and "replicas" in step.does.params]
    assert not fixed, "how many there are now is not known to who writes it: more there may be fewer here"


def test_every_shipped_runbook_belongs_to_a_shipped_alert() -> None:
    assert {each.stem for each in config_dir().glob("runbooks/*")} == set(ALERTS)


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        (
            "aurora-tui rollback $workload --to-revision 4",
            Act(Verb.UNDO, ObjectRef("StatefulSet", "shop", "aurora-keycloak"), {"revision": 4}),
        ),
        (
            "aurora-tui scale deploy/x --replicas=6",
            Act(Verb.SCALE, ObjectRef("Deployment", "shop", "x"), {"replicas": 6}),
        ),
        ("aurora-tui scale deploy/x", Act(Verb.SCALE, ObjectRef("Deployment", "shop", "x"), {})),
        ("aurora-tui restart x", Act(Verb.RESTART, ObjectRef("Deployment", "shop", "x"), {})),
        ("aurora-tui cordon node-1", Act(Verb.CORDON, ObjectRef("Node", None, "node-1"), {})),
        ("aurora-tui delete web-1", Act(Verb.DELETE, ObjectRef("Pod", "shop", "web-1"), {})),
        ("aurora-tui logs $workload", Look("logs", ObjectRef("StatefulSet", "shop", "aurora-keycloak"))),
        ("aurora-tui traces $service", Look("traces", name="keycloak")),
        ("aurora-tui get slos", Look("get", name="slos")),
    ],
)
def test_a_command_is_read_as_the_action_that_it_is(command: str, wanted: Act | Look) -> None:
    assert does(command) == wanted


@pytest.mark.parametrize(
    "command",
    [
        "kubectl delete ns prod", "kubectl delete web-1",
        "rm -rf /", "aurora-tui rollback a b", "aurora-tui scale a b", "aurora-tui restart",
        "aurora-tui scale x --replicas many", "aurora-tui rollback $nobody", "aurora-tui restart x; rm y",
        "aurora-tui shell pod/x", "aurora-tui restart x --yes", "aurora-tui rollback nothing/x", "aurora-tui 'x",
        "aurora-tui restart $(whoami)",
    ],
)  # fmt: skip
def test_what_the_program_does_not_carry_out_is_said_and_not_done(command: str) -> None:
    assert isinstance(does(command), str)
    assert does(command)


def test_a_name_from_outside_stays_one_word() -> None:
    (step,) = steps("# x\n```\naurora-tui restart $workload\n```", {"workload": "deployment/x --yes; y"}, "shop")
    assert isinstance(step.does, Act)
    assert step.does.ref.name == "x --yes; y"


def test_sections_keep_their_text_and_each_command_is_a_row() -> None:
    found = steps(
        "intro\n\n# One\ntext\n\n```sh\naurora-tui logs x\naurora-tui restart x\n```\n## Two\nmore", {}, "shop"
    )
    assert [(step.title, step.text, bool(step.command)) for step in found] == [
        ("", ("intro",), False), ("One", ("text",), True), ("One", ("text",), True), ("Two", ("more",), False),
    ]  # fmt: skip


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    for step in steps(text, NAMES, "shop"):
        assert step.does is None or not step.trouble


@pytest.mark.parametrize("alert", ["../../etc/passwd", "a/b", "", "..", "x\x00y"])
def test_an_alert_whose_name_is_a_path_has_no_runbook(alert: str) -> None:
    assert runbook(alert) is None


def test_ones_own_runbook_comes_before_the_shipped_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    own_folder().mkdir(parents=True)
    (own_folder() / "HighErrorRate.md").write_text("# Ours")
    assert runbook("HighErrorRate") == "# Ours"
    assert runbook("HighLatency") != "# Ours"
