"""An incident on the real control plane: from the alert that fires to its own end, kept by two operators."""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from aurora_tui.incident.bundle import read_bundle
from aurora_tui.incident.replay import recorded
from tests.live.conftest import Kubectl
from tests.live.manifests import NAMESPACE
from tests.live.oncall import Operators, Receivers, write_settings
from tests.live.onsets import onset
from tests.live.probes import fetch
from tests.live.processes import free_ports
from tests.live.program import Program, stack_variable
from tests.live.scenarios import FAULTS, GOOD, settle
from tests.terminal import Terminal

pytest_plugins = ("tests.live.fixtures",)

CALM = 5.0
"""Seconds for which all must be well."""
ROUTING_KEY = "R0UT1NGKEY0123456789ABCDEF012345"
PLANTED = ("pl4nted-secret", "pl4nted-variable", "pl4nted-cause", "pl4nted-note", ROUTING_KEY, "pl4nted-address")
SEND = "\x1b[C\r"
"""To the button beside Cancel, and press it."""
PATIENCE = 120.0
RELEASE = {
    "metadata": {"annotations": {"kubernetes.io/change-cause": "release 2.4.1 token=pl4nted-cause"}},
    "spec": {
        "template": {
            "spec": {
                "containers": [
                    {
                        "name": "backend",
                        "image": "aurora/backend:2.4.1",
                        "env": [{"name": "DB_PASSWORD", "value": "pl4nted-variable"}],
                    }
                ]
            }
        }
    },
}


@dataclass(frozen=True)
class Story:
    """An incident that two operators kept, from its alert to its end, and what came of it."""

    alice: Program
    bob: Program
    receivers: Receivers
    alert: Mapping[str, Any]
    """As Prometheus had it while it fired."""
    pods: frozenset[str]
    """Those that ran when it fired, by kubectl."""
    hers: list[dict[str, Any]]
    """The facts that Alice's program has."""
    his: list[dict[str, Any]]

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        return [each for each in self.hers if each["kind"] == kind]


@pytest.fixture(scope="module")
def story(
    kubeconfig: Path, context: str, kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    home = tmp_path_factory.mktemp("incident")
    [port] = free_ports(1)
    receivers, operators = Receivers(port, ROUTING_KEY), Operators()
    (home / "page.key").write_text(ROUTING_KEY)
    (home / "hook.url").write_text(f"{receivers.url}/hooks/pl4nted-address")
    incident = {
        "calm": f"{CALM:.0f}s",
        "snapshot_every": "5s",
        "shared": str(home / "shared"),
        "notify": {
            "page": {"kind": "pagerduty", "key_file": str(home / "page.key"), "server": f"{receivers.url}/v2/enqueue"},
            "hook": {"kind": "webhook", "url_file": str(home / "hook.url")},
        },
    }
    alice, bob = (Program(home / name, kubeconfig, context) for name in ("alice", "bob"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AURORA_LIVE_CONFIG", str(write_settings(home / "config.yaml", incident)))
        try:
            kubectl("create", "secret", "generic", "planted", "--from-literal=k=pl4nted-secret", f"-n={NAMESPACE}")
            yield told(alice, bob, receivers, operators, kubectl, context)
        finally:
            operators.close()
            receivers.close()
            kubectl("delete", "secret", "planted", "--ignore-not-found", f"-n={NAMESPACE}")
            kubectl("set", "env", "deployment/aurora-backend", "DB_PASSWORD-", f"-n={NAMESPACE}")
            FAULTS["bad-release"].end(kubectl)
            settle()


def told(
    alice: Program, bob: Program, receivers: Receivers, operators: Operators, kubectl: Kubectl, context: str
) -> Story:
    """What the two do, by keys alone; each step is seen on the screen before the next."""
    hers = operators.begin(alice, "alice", f"--namespace={NAMESPACE}")
    operators.sees(hers, "none firing", "aurora-backend", within=PATIENCE)
    kubectl("patch", "deployment/aurora-backend", f"--patch={json.dumps(RELEASE)}", f"-n={NAMESPACE}")
    operators.sees(hers, "1 firing: HighErrorRate", within=PATIENCE)
    alert = next(each for each in prometheus() if each["labels"]["job"] == "aurora-backend")
    there = [each["metadata"] for each in json.loads(kubectl("get", "pods", f"-n={NAMESPACE}", "-o", "json"))["items"]]
    began = seconds(alert["activeAt"])
    pods = frozenset(each["name"] for each in there if seconds(each["creationTimestamp"]) < began)
    hers.send(":alerts\rI")
    operators.sees(hers, "Open an incident", "HighErrorRate of backend", "concerns deployment/aurora-backend")
    hers.send("\r")
    operators.sees(hers, "HighErrorRate fires (backend)", "captured the panes when the alert came")
    operators.sees(hers, "rollout deployment/aurora-backend", "2.4.0 → 2.4.1", "token=(hidden)")

    his = operators.begin(bob, "bob", f"--namespace={NAMESPACE}", columns=80, lines=24)
    operators.sees(his, " SEV1 ")
    his.send("I")
    operators.sees(his, "Write the post-mortem within 24 to 48 hours", "when exported", "lead: alice")
    hers.send("\x0e")
    operators.sees(hers, "Note for the timeline")
    hers.send("users see 502, token=pl4nted-note\r")
    his.send("n")
    operators.sees(his, "Note for the timeline")
    his.send("the database is well\r")
    operators.sees(hers, "users see 502, token=(hidden)", "the database is well", "joined")
    his.send("\t")
    operators.sees(his, "users see 502")

    hers.send("!")
    operators.sees(hers, "Tell others of HighErrorRate of backend", "1 [ ] page", "2 [ ] hook")
    hers.send("12")
    operators.sees(hers, "1 [x] page", "2 [x] hook")
    hers.send(SEND)
    operators.sees(hers, "opened to page was not sent yet", "opened to hook was not sent yet")
    receivers.open()
    operators.sees(hers, "opened to page was sent", "opened to hook was sent")
    hers.send("!")
    operators.sees(hers, "Tell others of HighErrorRate of backend")
    hers.send("o")
    operators.sees(hers, "acknowledged: ")
    hers.send(SEND)
    operators.sees(hers, "acknowledged to page was sent")

    hers.send("x")
    operators.sees(hers, "not well yet: HighErrorRate is firing")
    hers.send("\x1b")
    operators.sees(hers, "m mend it, ⏎ why  deployment/aurora-backend")
    hers.send(f"u{context}\rOPS-1")
    operators.sees(hers, "- spec.template.spec.containers[backend].image: aurora/backend:2.4.1")
    hers.send("\r")
    operators.sees(hers, "SLI recovered", within=PATIENCE)
    hers.send("\x1b")
    operators.sees(hers, gone="u takes it back")
    hers.send("I")
    operators.sees(hers, "undo deployment/aurora-backend: done (OPS-1)", "SLI recovered")
    for console in (hers, his):
        operators.sees(console, "  resolved  ", within=PATIENCE)
    hers.send("!")
    operators.sees(hers, "resolved: [sev1] HighErrorRate of backend")
    hers.send(SEND)
    operators.sees(hers, "resolved to page was sent", "resolved to hook was sent")
    operators.sees(his, "resolved to hook was sent")
    for console in (hers, his):
        console.send("\x03")
        assert console.wait_end(PATIENCE) == 0
    return Story(alice, bob, receivers, alert, pods, facts(alice), facts(bob))


def facts(program: Program) -> list[dict[str, Any]]:
    exported = program("incident", "export", "last", "--format", "json").json
    return list(exported["facts"])


def prometheus() -> list[dict[str, Any]]:
    answer = fetch(f"{stack_variable('AURORA_LIVE_PROMETHEUS')}/api/v1/alerts")
    return list(answer["data"]["alerts"])


def seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def test_the_onset_is_when_the_condition_began_to_hold_and_the_alert_stands_when_it_fired(story: Story) -> None:
    incident = story.alice("incident", "show", "last", "-o", "json").json
    active, opened = seconds(story.alert["activeAt"]), incident["opened_at"]
    # A minute's objectives are read some seconds later than it is over.
    known = {onset(active, opened), onset(active, opened - 70)}
    assert any(incident["onset"] == pytest.approx(each, abs=0.1) for each in known), (incident["onset"], known)
    fires = [each for each in incident["timeline"] if each["words"] == "HighErrorRate fires (backend)"]
    over = [each for each in incident["timeline"] if each["words"] == "HighErrorRate is over (backend)"]
    assert (len(fires), len(over)) == (1, 1)
    assert incident["onset"] < fires[0]["at"] < over[0]["at"] < incident["resolved_at"]
    assert any(line.startswith("its condition holds since ") for line in fires[0]["details"])


def test_what_was_deployed_and_what_was_done_stand_there_with_preview_and_verdict(story: Story) -> None:
    entries = story.alice("incident", "show", "last", "-o", "json").json["timeline"]
    deploy = [each for each in entries if each["kind"] == "change" and "2.4.0 → 2.4.1" in each["words"]][-1]
    assert "+ template.spec.containers[backend].image: aurora/backend:2.4.1" in deploy["details"]
    [action] = [each for each in entries if each["kind"] == "action"]
    assert action["words"] == "undo deployment/aurora-backend: done (OPS-1)"
    assert action["object"] == "deployment/aurora-backend"
    assert f"+ images.backend: {GOOD}" in action["details"]
    [verdict] = [each for each in entries if each["kind"] == "verdict"]
    assert "SLI recovered" in verdict["words"]
    assert deploy["at"] < action["at"] < verdict["at"]


def test_the_panes_are_kept_as_they_were_when_the_alert_came(story: Story) -> None:
    captured = [each for each in story.of_kind("snapshot") if each["body"]["words"].endswith("when the alert came")]
    assert len(captured) == 1
    read = recorded(read_bundle(bundle(story)))
    [onset] = [each.opened() for each in read.snapshots if each.at == captured[0]["body"]["happened"]]
    assert {key.partition("/")[2] for key in onset.tables["pods"]} >= story.pods
    assert [each.name for each in onset.tables["alerts"].values() if each.state == "firing"] == ["HighErrorRate"]


def test_nothing_ended_before_it_was_calm_for_the_chosen_time(story: Story) -> None:
    resolved = min(story.of_kind("resolved"), key=lambda each: float(each["at"]))  # both may have seen it
    ended = [each["body"]["happened"] for each in story.of_kind("alert") if not each["body"]["bad"]]
    assert resolved["at"] - max(ended) >= CALM
    assert re.fullmatch(rf"resolved: well for \d+s of {CALM:.0f}s", resolved["body"]["words"])
    assert resolved["body"]["who_did"].startswith("alice")


def test_pagerduty_saw_one_incident_come_and_go_and_the_webhook_each_word(story: Story) -> None:
    name = story.alice("incident", "list", "-o", "json").json[0]["id"]
    assert story.receivers.pagerduty.states == {f"aurora-tui/{name}": ["triggered", "acknowledged", "resolved"]}
    [trigger] = story.receivers.pagerduty.triggers
    assert (trigger["severity"], trigger["component"], trigger["class"]) == ("critical", "backend", "HighErrorRate")
    assert seconds(trigger["timestamp"]) == int(story.alice("incident", "show", "last", "-o", "json").json["onset"])
    words = [each["message"] for each in story.receivers.posted]
    assert [re.sub(r"\d+m?s?\d*s", "", each.partition(" in prod: ")[2])[:12] for each in words] == [
        "being looked", "alice is at ", "over after ",
    ]  # fmt: skip


def test_both_operators_have_the_same_and_their_books_are_whole(story: Story) -> None:
    hers, his = ({(each["writer"], each["number"]): each for each in facts} for facts in (story.hers, story.his))
    assert hers == his
    assert {writer.partition("-")[0] for writer, _ in hers} == {"alice", "bob"}
    notes = [each["body"]["words"] for each in story.of_kind("note")]
    assert sorted(notes) == ["the database is well", "users see 502, token=(hidden)"]
    for program in (story.alice, story.bob):
        verified = program("incident", "verify")
        assert (verified.code, verified.stdout.startswith("intact: ")) == (0, True), verified


def test_the_draft_tells_its_numbers(story: Story) -> None:
    draft = story.alice("incident", "export", "last").stdout
    cost = re.search(r"`backend availability`: ([\d,]+) of ([\d,]+) events failed \((\d+\.\d+)%\)", draft)
    assert cost is not None, draft
    failed, total = (int(each.replace(",", "")) for each in cost.groups()[:2])
    assert 0 < failed < total
    assert "of the error budget consumed" in draft
    assert re.search(r"\| 2 Mitigation \(from the onset\) \| \w+ \| 15m \| in time \|", draft), draft
    assert re.search(r"\| Detection \(onset to the first alert\) \| \w+ \|", draft), draft
    assert re.search(r"- Resolved: .* by `alice", draft), draft


def test_the_page_holds_pictures_of_the_panes(story: Story) -> None:
    page = story.alice.home / "post-mortem.html"
    made = story.alice("incident", "export", "last", "--format", "html", "--out", str(page))
    assert made.code == 0, made
    text = page.read_text()
    pictures = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(pictures) == 3
    for each in pictures:
        assert "aurora-backend" in "".join(ElementTree.fromstring(each).itertext())
    assert not [word for word in PLANTED if word in text]


def bundle(story: Story) -> Path:
    path = story.bob.home / "handed-on.zip"
    if not path.exists():
        made = story.bob("incident", "export", "last", "--bundle", str(path))
        assert made.code == 0, made
    return path


def test_nothing_of_a_secret_is_kept_or_handed_on(story: Story) -> None:
    read = recorded(read_bundle(bundle(story)))
    told = f"{[fact.to_json() for fact in read.facts]} {[each.opened() for each in read.snapshots]} {read.lines}"
    assert "users see 502" in told
    assert not [word for word in PLANTED if word in told]
    home = story.alice.home.parent
    kept = [each for each in home.rglob("*") if each.is_file() and each.parent != home]
    assert not [(each, word) for each in kept for word in PLANTED if word.encode() in each.read_bytes()]


def test_the_bundle_is_opened_elsewhere_and_scrubbed_through(story: Story) -> None:
    command = [*story.alice.command[:1], "replay", str(bundle(story))]
    env = {"XDG_STATE_HOME": str(story.alice.home / "elsewhere"), "KUBECONFIG": os.devnull}
    with Terminal(command, env=env) as terminal:
        terminal.wait_for(lambda text: "REPLAY" in text and "READ-ONLY" in text, PATIENCE)
        terminal.ask_until("]", "1 firing", PATIENCE)
        terminal.wait_for(lambda text: all(pod in text for pod in story.pods), PATIENCE)
        terminal.ask_until("]", "none firing", PATIENCE)
        terminal.send("I")
        terminal.wait_for("undo deployment/aurora-backend: done (OPS-1)")
        terminal.send("\x1b")
        terminal.wait_for("Pods ")
        terminal.ask_until("[", "1 firing: HighErrorRate", PATIENCE)
