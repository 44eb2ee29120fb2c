"""The client accepts every kubeconfig and credential that kubectl accepts, and says in words what is refused."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.live.audit import AuditLog
from tests.live.conftest import Eventually, Kubectl
from tests.live.kubeconfigs import Kubeconfig, credential, write_kubeconfig, write_plugin
from tests.live.manyobjects import to_list, workload
from tests.live.program import Program, Run
from tests.live.tables import parse_table

pytest_plugins = ("tests.live.fixtures",)

UNUSABLE = 2


@pytest.fixture
def pieces(kubeconfig: Path) -> Kubeconfig:
    return Kubeconfig(kubeconfig)


def names(run: Run) -> list[str]:
    assert run.code == 0, run
    return sorted(row["name"] for row in run.json)


def pods(aurora: Program, *options: str) -> Run:
    return aurora("get", "pods", *options, "-o", "json")


def assert_refused_in_one_line(run: Run, *words: str) -> None:
    """Exit status 2, nothing printed but one line of complaint, with all the words in it."""
    assert run.code == UNUSABLE, run
    assert run.stdout == ""
    assert len(run.stderr.splitlines()) == 1, run
    missing = [word for word in words if word not in run.stderr]
    assert not missing, run


@pytest.mark.parametrize("name", ["prod", "prod-token", "exec", "viewer"])
async def test_a_credential_of_each_kind_sees_what_kubectl_sees(
    aurora: Program, kubectl: Kubectl, pieces: Kubeconfig, eventually: Eventually, name: str
) -> None:
    pieces.context(name)

    def same() -> bool:
        wanted = kubectl("get", "pods", "-A", "-o", "jsonpath={.items[*].metadata.name}", context=name).split()
        assert names(pods(aurora.on(name), "-A")) == sorted(wanted)
        return bool(wanted)

    await eventually(same, timeout=60)


async def test_a_user_of_one_namespace_gets_that_namespace_and_is_told_so(
    aurora: Program, kubectl: Kubectl, pieces: Kubeconfig, eventually: Eventually
) -> None:
    home = pieces.context("one-namespace")["namespace"]

    def same() -> bool:
        run = pods(aurora.on("one-namespace"), "-A")
        wanted = kubectl("get", "pods", "-n", home, "-o", "jsonpath={.items[*].metadata.name}").split()
        assert names(run) == sorted(wanted)
        assert {row["namespace"] for row in run.json} == {home}
        assert f"only namespace {home} is shown" in run.stderr
        return True

    await eventually(same, timeout=60)


def test_a_user_without_rights_reads_who_may_not_do_what(aurora: Program, pieces: Kubeconfig) -> None:
    pieces.context("nobody")
    for options in ((), ("-A",)):
        assert_refused_in_one_line(pods(aurora.on("nobody"), *options), "forbidden", '"nobody"', "list", "pods")


def test_expired_credentials_are_named_with_the_status(aurora: Program, pieces: Kubeconfig) -> None:
    pieces.context("expired")
    assert_refused_in_one_line(pods(aurora.on("expired")), "'expired'", "401", "log in again")


def test_refused_credentials_of_a_plugin_name_the_login_command(
    aurora: Program, pieces: Kubeconfig, context: str, tmp_path: Path
) -> None:
    user = write_plugin(tmp_path / "login-tool", f"echo '{credential('no-such-token')}'")
    config = write_kubeconfig(
        tmp_path / "config",
        contexts={"plugged": {"cluster": "c", "user": "u"}},
        clusters={"c": pieces.cluster(context)},
        users={"u": user},
    )
    run = pods(replace(aurora, kubeconfig=config, context="plugged"))
    assert_refused_in_one_line(run, "401", f"run: {tmp_path / 'login-tool'} login")


def test_a_plugin_that_fails_is_told_with_its_command(
    aurora: Program, pieces: Kubeconfig, context: str, tmp_path: Path
) -> None:
    user = write_plugin(tmp_path / "login-tool", "echo 'no session: log in first' >&2; exit 3")
    config = write_kubeconfig(
        tmp_path / "config",
        contexts={"plugged": {"cluster": "c", "user": "u"}},
        clusters={"c": pieces.cluster(context)},
        users={"u": user},
    )
    run = pods(replace(aurora, kubeconfig=config, context="plugged"))
    assert_refused_in_one_line(run, str(tmp_path / "login-tool"))


def test_a_plugin_is_asked_again_when_its_token_has_run_out(
    aurora: Program, pieces: Kubeconfig, tmp_path: Path
) -> None:
    good = pieces.user("prod-token")["token"]
    asked = tmp_path / "asked"
    script = f"if [ -e {asked} ]; then echo '{credential(good)}'; else touch {asked}; echo '{credential('old')}'; fi"
    config = write_kubeconfig(
        tmp_path / "config",
        contexts={"plugged": {"cluster": "c", "user": "u", "namespace": "aurora"}},
        clusters={"c": pieces.cluster("prod-token")},
        users={"u": write_plugin(tmp_path / "login-tool", script)},
    )
    assert names(pods(replace(aurora, kubeconfig=config, context="plugged")))


def test_a_server_that_is_down_is_told_in_one_line(aurora: Program, pieces: Kubeconfig) -> None:
    server = pieces.cluster("down")["server"]
    assert_refused_in_one_line(pods(aurora.on("down")), server, "connection refused")


def test_status_and_check_can_not_tell_without_a_server(aurora: Program, pieces: Kubeconfig, tmp_path: Path) -> None:
    pieces.context("down")
    settings = tmp_path / "settings.yaml"
    switched_off = {"contexts": ["down"], "protected": False, "sources": {"prometheus": "off", "alertmanager": "off"}}
    settings.write_text(json.dumps({"environments": {"away": switched_off}}))
    away = aurora.on("down")
    status, check = (away(word, "-o", "json", "--config", str(settings)) for word in ("status", "check"))

    assert status.json["status"] == "unknown"
    assert "connection refused" in status.json["unknown"]["workloads"]
    assert (status.code, check.code) == (UNUSABLE, UNUSABLE)
    assert check.json[0]["result"] == "failed"


def test_a_wrong_authority_is_told_with_what_to_check(
    aurora: Program, pieces: Kubeconfig, context: str, tmp_path: Path
) -> None:
    cluster = {key: value for key, value in pieces.cluster(context).items() if key != "certificate-authority-data"}
    config = write_kubeconfig(
        tmp_path / "config",
        contexts={"untrusted": {"cluster": "c", "user": "u"}},
        clusters={"c": cluster},
        users={"u": pieces.user(context)},
    )
    run = pods(replace(aurora, kubeconfig=config, context="untrusted"))
    assert_refused_in_one_line(run, "certificate is not trusted", "certificate-authority")


async def test_several_kubeconfig_files_are_merged_as_kubectl_merges_them(
    aurora: Program, kubectl: Kubectl, pieces: Kubeconfig, context: str, eventually: Eventually, tmp_path: Path
) -> None:
    """The first file to name an entry wins, a missing one is passed over, paths are relative to their file."""
    cluster, user = pieces.cluster(context), pieces.user(context)
    authority = tmp_path / "two" / "pki" / "ca.crt"
    authority.parent.mkdir(parents=True)
    authority.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    files = [
        write_kubeconfig(
            tmp_path / "one" / "config",
            contexts={"merged": {"cluster": "c", "user": "u", "namespace": "kube-system"}},
            current="merged",
        ),
        tmp_path / "missing" / "config",
        write_kubeconfig(
            tmp_path / "two" / "config",
            contexts={"merged": {"cluster": "wrong", "user": "wrong"}},
            clusters={"c": {"server": cluster["server"], "certificate-authority": "pki/ca.crt"}},
            users={"u": user},
            current="other",
        ),
    ]
    alone = replace(aurora, kubeconfig=None, context=None)

    def same() -> bool:
        run = alone("get", "pods", "-A", "-o", "json", environ={"KUBECONFIG": ":".join(map(str, files))})
        assert names(run) == sorted(kubectl("get", "pods", "-A", "-o", "jsonpath={.items[*].metadata.name}").split())
        return True

    await eventually(same, timeout=60)


def test_an_unknown_context_is_answered_with_the_nearest_names(aurora: Program, context: str) -> None:
    misspelt = f"{context[:-1]}x{context[-1]}"
    assert_refused_in_one_line(pods(aurora.on(misspelt)), f"'{misspelt}'", "did you mean", context)


def test_without_a_kubeconfig_the_operator_reads_what_to_do(aurora: Program, tmp_path: Path) -> None:
    alone = replace(aurora, kubeconfig=None, context=None)
    run = alone("get", "pods", environ={"KUBECONFIG": str(tmp_path / "none"), "KUBERNETES_SERVICE_HOST": ""})
    assert_refused_in_one_line(run, str(tmp_path / "none"), "--kubeconfig", "--demo")


@pytest.mark.parametrize("verb", [("restart",), ("scale", "--replicas=3"), ("rollback",)])
async def test_a_read_only_session_changes_nothing(
    aurora: Program, kubectl: Kubectl, audit: AuditLog, namespace: str, context: str, verb: tuple[str, ...]
) -> None:
    made = workload("Deployment", "kept", replicas=1)
    kubectl("create", "-f", "-", f"--namespace={namespace}", stdin=to_list([made]))
    kubectl("set", "image", "deployment/kept", "main=aurora/backend:2.4.1", f"--namespace={namespace}")
    kubectl("rollout", "status", "deployment/kept", f"--namespace={namespace}")
    named = (f"--namespace={namespace}", "deployment/kept", "--yes", f"--confirm={context}", "--reason=test")

    run = aurora("--read-only", *verb, *named)

    assert run.code == 1, run
    assert "read-only" in run.stderr
    assert await audit.changes() == []
    assert parse_table(kubectl("get", "deployment", f"--namespace={namespace}"))[0]["ready"] == "1/1"
