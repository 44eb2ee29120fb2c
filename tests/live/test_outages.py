"""Connections that break under the console: nothing is lost, the others go on, and it comes back by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.forwarder import Forwarder, forwarded
from tests.live.conftest import Kubectl
from tests.live.kubeconfigs import Kubeconfig, write_kubeconfig
from tests.live.manifests import NAMESPACE
from tests.live.program import Program, stack_variable
from tests.terminal import Terminal

pytest_plugins = ("tests.live.fixtures",)

PATIENCE = 60.0


@pytest.fixture
def apiserver(kubeconfig: Path, context: str) -> Iterator[Forwarder]:
    """A way to the API server that can be cut."""
    with forwarded(Kubeconfig(kubeconfig).cluster(context)["server"]) as forwarder:
        forwarder.open()
        yield forwarder


@pytest.fixture
def prometheus() -> Iterator[Forwarder]:
    """A way to Prometheus that can be cut."""
    with forwarded(stack_variable("AURORA_LIVE_PROMETHEUS")) as forwarder:
        forwarder.open()
        yield forwarder


@pytest.fixture
def console(
    aurora: Program, kubeconfig: Path, context: str, apiserver: Forwarder, prometheus: Forwarder, tmp_path: Path
) -> Iterator[Terminal]:
    """The console behind both."""
    pieces = Kubeconfig(kubeconfig)
    config = write_kubeconfig(
        tmp_path / "kubeconfig",
        contexts={context: {"cluster": "c", "user": "u", "namespace": NAMESPACE}},
        clusters={"c": pieces.cluster(context) | {"server": apiserver.url.replace("http:", "https:")}},
        users={"u": pieces.user(context)},
    )
    settings = tmp_path / "settings.yaml"
    given = yaml.safe_load(Path(stack_variable("AURORA_LIVE_CONFIG")).read_text())
    given["environments"]["prod"]["sources"]["prometheus"] = prometheus.url
    settings.write_text(yaml.safe_dump(given))
    behind = replace(aurora, kubeconfig=config)
    with Terminal([*behind.command, f"--config={settings}", "-A"], env=behind.environ) as terminal:
        yield terminal


def test_what_happens_while_the_api_server_is_away_is_there_when_it_comes_back(
    console: Terminal, kubectl: Kubectl, namespace: str, apiserver: Forwarder
) -> None:
    def run(name: str) -> None:
        kubectl("run", name, "--image=aurora/backend:2.4.0", f"--namespace={namespace}")

    kubectl("wait", "--for=create", "serviceaccount/default", f"--namespace={namespace}", "--timeout=30s")
    run("before")
    console.send(f":pods\r/{namespace}\r")
    console.wait_for(lambda screen: "before" in screen and "● kube" in screen, PATIENCE)

    apiserver.shut()
    console.wait_for(lambda screen: all(said in screen for said in ("kube stale", "● slos", "before")), PATIENCE)
    run("meanwhile")
    kubectl("delete", "pod", "before", f"--namespace={namespace}", "--force", "--grace-period=0")

    apiserver.open()
    console.wait_for(lambda screen: "meanwhile" in screen and "● kube" in screen and "before" not in screen, PATIENCE)


def test_a_line_that_dies_without_a_word_is_no_quiet_server(
    console: Terminal, kubectl: Kubectl, namespace: str, apiserver: Forwarder
) -> None:
    kubectl("wait", "--for=create", "serviceaccount/default", f"--namespace={namespace}", "--timeout=30s")
    console.wait_for("● slos", PATIENCE)
    console.send(f":configmaps\r/{namespace}\r")
    console.wait_for(lambda screen: "kube-root-ca.crt" in screen and "● kube" in screen, PATIENCE)

    apiserver.freeze()
    console.wait_for(lambda screen: all(said in screen for said in ("kube stale", "kube-root-ca.crt")), PATIENCE)
    kubectl("create", "configmap", "meanwhile", f"--namespace={namespace}")

    apiserver.thaw()
    console.wait_for(lambda screen: "meanwhile" in screen and "● kube" in screen, PATIENCE)


def test_without_prometheus_the_pods_go_on_and_the_objectives_say_so(
    console: Terminal, kubectl: Kubectl, namespace: str, prometheus: Forwarder
) -> None:
    kubectl("wait", "--for=create", "serviceaccount/default", f"--namespace={namespace}", "--timeout=30s")
    console.wait_for("● slos", PATIENCE)
    console.wait_for("availability", PATIENCE)

    prometheus.shut()
    console.wait_for("slos stale", PATIENCE)
    console.send(f":pods\r/{namespace}\r")
    kubectl("run", "goes-on", "--image=aurora/backend:2.4.0", f"--namespace={namespace}")
    console.wait_for("goes-on", PATIENCE)

    prometheus.open()
    console.wait_for("● slos", PATIENCE)
