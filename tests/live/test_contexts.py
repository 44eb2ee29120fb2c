"""Two real control planes on one screen: rows of both, changes of one only, and one that dies beside the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.live import secondplane
from tests.live.conftest import Eventually, Kubectl
from tests.live.manifests import BACKEND_IMAGES, NAMESPACE
from tests.live.program import Program
from tests.live.secondplane import SecondPlane
from tests.terminal import Terminal

pytest_plugins = ("tests.live.fixtures",)

PATIENCE = 60.0
SECOND = "prod-second"
BACKEND = "deployment/aurora-backend"
IMAGE = "jsonpath={.spec.template.spec.containers[0].image}"
OLD, NEW = "aurora/backend:9.0.0", "aurora/backend:9.0.1"


@dataclass(frozen=True)
class Both:
    """The program on both contexts, and the oracle for each."""

    aurora: Program
    context: str
    second: SecondPlane

    def console(self, *options: str) -> Terminal:
        command = [*self.aurora.command, f"--context={SECOND}", f"--namespace={NAMESPACE}", *options]
        return Terminal(command, columns=190, lines=60, env=self.aurora.environ)


@pytest.fixture
def both(aurora: Program, kubeconfig: Path, context: str, tmp_path: Path) -> Iterator[Both]:
    """A second plane of this test's own, which it may kill."""
    folder = tmp_path / "second"
    folder.mkdir()
    with secondplane.running(folder, kubeconfig, context, SECOND) as plane:
        plane.kubectl("create", "namespace", NAMESPACE)
        for image in (OLD, NEW):
            secondplane.release(plane, image, folder)
        yield Both(replace(aurora, kubeconfig=plane.kubeconfig), context, plane)


def backends(screen: str) -> list[tuple[str, str]]:
    """Context and image of the backend's rows, in their order."""
    rows = [line.split("▕")[0].strip("● ").split() for line in screen.splitlines()]
    return [(row[0], row[-1]) for row in rows if "aurora-backend" in row[1:3]]


async def test_a_rollback_by_keys_changes_the_plane_of_its_row_and_no_other(
    both: Both, kubectl: Kubectl, eventually: Eventually
) -> None:
    first = kubectl("get", BACKEND, f"--namespace={NAMESPACE}", "-o", "json")
    with both.console() as terminal:
        terminal.send(":deploy\r")
        here = BACKEND_IMAGES[-1]
        terminal.wait_for(
            lambda text: sorted(backends(text)) == sorted([(both.context, here), (SECOND, NEW)]), PATIENCE
        )
        terminal.send(f"/{SECOND}.*backend\ru{SECOND}\rOPS-1")
        terminal.wait_for(f"+ spec.template.spec.containers[backend].image: {OLD}", PATIENCE)
        terminal.send("\r")
        terminal.wait_for("done: rolls deployment/aurora-backend back", PATIENCE)
        terminal.send("\x03\x03")

    assert both.second.kubectl("get", BACKEND, "-o", IMAGE) == OLD
    spec, before = (json.loads(kubectl("get", BACKEND, f"--namespace={NAMESPACE}", "-o", "json")), json.loads(first))
    assert spec["spec"] == before["spec"]
    assert spec["metadata"]["uid"] == before["metadata"]["uid"]
    (entry,) = both.aurora("journal", "list", "-o", "json").json
    assert SECOND in json.dumps(entry)


async def test_one_that_dies_leaves_its_rows_marked_while_the_other_goes_on(
    both: Both, kubectl: Kubectl, namespace: str
) -> None:
    kubectl("wait", "--for=create", "serviceaccount/default", f"--namespace={namespace}", "--timeout=30s")
    with both.console("-A") as terminal:
        terminal.send(":deploy\r/aurora-backend\r")
        terminal.wait_for(lambda text: [context for context, _ in backends(text)] == [both.context, SECOND], PATIENCE)

        both.second.stop_server()

        terminal.wait_for(lambda text: f"kube {SECOND} stale" in text and f"{SECOND} ○" in text, PATIENCE)
        terminal.send("\x1b:pods\r/goes-on\r")
        kubectl("run", "goes-on", "--image=aurora/backend:2.4.0", f"--namespace={namespace}")
        terminal.wait_for(lambda text: any("goes-on" in line and both.context in line for line in text.splitlines()))


async def test_the_rows_of_one_come_and_can_be_changed_while_the_other_was_never_reached(
    both: Both, kubectl: Kubectl
) -> None:
    both.second.stop_server()
    with both.console() as terminal:
        terminal.send(":deploy\r")
        seen = terminal.wait_for(lambda text: [context for context, _ in backends(text)] == [both.context], PATIENCE)
        assert f"kube {SECOND} " in seen
        terminal.wait_for(f"kube {SECOND} down", PATIENCE)
        terminal.send(f"/backend\rr{both.context}\rOPS-2")
        terminal.wait_for("kubectl.kubernetes.io/restartedAt", PATIENCE)
        terminal.send("\x1b")


def test_the_command_line_prints_the_rows_of_both_and_says_which_it_cannot_tell(both: Both, kubectl: Kubectl) -> None:
    contexts = (f"--context={both.context}", f"--context={SECOND}")
    listing = both.aurora("get", "deployments", *contexts, f"--namespace={NAMESPACE}", "-o", "json")
    assert listing.code == 0, listing
    told = {(row["context"], row["name"]) for row in listing.json}
    names = {
        (context, name)
        for context, run in ((both.context, kubectl), (SECOND, both.second.kubectl))
        for name in run(
            "get", "deployments", f"--namespace={NAMESPACE}", "-o", "jsonpath={.items[*].metadata.name}"
        ).split()
    }
    assert told == names

    both.second.stop_server()

    half = both.aurora("get", "deployments", *contexts, f"--namespace={NAMESPACE}", "-o", "json")
    assert half.code == 2, half
    assert {row["context"] for row in half.json} == {both.context}
    assert SECOND in half.stderr
