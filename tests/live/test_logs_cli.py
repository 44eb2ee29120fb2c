"""`aurora-tui logs`: of pods that are there what `kubectl logs` prints, of those that are gone what was shipped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from aurora_tui.cluster.kubeconfig import choose
from aurora_tui.settings import load_settings
from tests.live.conftest import Eventually, Kubectl
from tests.live.elastic_writer import data_streams, document, write
from tests.live.followed import RATE, Logs
from tests.live.program import Program, Run

pytest_plugins = ("tests.live.fixtures",)


@pytest.fixture
def logs(
    kubectl: Kubectl, eventually: Eventually, kubeconfig: Path, context: str, namespace: str, tmp_path: Path
) -> Logs:
    settings = load_settings(environ={"XDG_CONFIG_HOME": str(tmp_path)})
    return Logs(kubectl, eventually, settings, choose(context, str(kubeconfig)), namespace)


@pytest.fixture
def config(elasticsearch: str, tmp_path: Path) -> Path:
    """Settings by which every context finds the real Elasticsearch."""
    here = {"contexts": ["*"], "protected": False, "sources": {"elasticsearch": elasticsearch}}
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump({"environments": {"here": here}, "logs": {"indices": ["logs-shipped*"]}}))
    return file


def texts(run: Run) -> list[str]:
    assert run.code == 0, run
    return [json.loads(line)["text"] for line in run.stdout.splitlines()]


async def test_a_pods_lines_are_kubectls_and_those_of_a_pod_that_is_gone_the_shipped_ones(
    logs: Logs, config: Path, elasticsearch: str, aurora: Program, eventually: Eventually
) -> None:
    logs.run("Pod", "one")
    await eventually(lambda: "Running" in logs.kubectl("get", "pods", f"--namespace={logs.namespace}"))
    await eventually(lambda: len(logs.printed("one")) >= RATE)
    options = ("-n", logs.namespace, "-o", "json", f"--config={config}")

    seen = texts(aurora("logs", "pod/one", "--since", "1h", *options))
    printed = logs.printed("one")
    assert seen
    assert seen == printed[: len(seen)]

    stamped = logs.kubectl("logs", "one", f"--namespace={logs.namespace}", "--timestamps").splitlines()
    shipped = [line.partition(" ")[::2] for line in stamped]
    data_streams(elasticsearch, "logs-shipped*")
    documents = [document(stamp, text, pod="one", namespace=logs.namespace) for stamp, text in shipped]
    write(elasticsearch, "logs-shipped-1", documents, refresh=True)
    logs.kubectl("delete", "pod", "one", f"--namespace={logs.namespace}", "--now")

    answer = aurora("logs", "pod/one", "--since", "1h", *options)
    assert sorted(texts(answer)) == sorted(text for _, text in shipped)
    assert answer.stderr == "aurora-tui: the cluster has no pod of pod/one: reading Elasticsearch\n"
    (told,) = [
        each for each in aurora("check", "-o", "json", f"--config={config}").json if each["check"] == "elasticsearch"
    ]
    assert told["result"] == "ok"
    assert f"{len(shipped):,} documents in logs-shipped*" in told["detail"]
