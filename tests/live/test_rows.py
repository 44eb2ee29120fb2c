"""Rows equal what kubectl prints: every kind, every pod state, narrow and wide, and in kubectl's order."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence

import pytest

from tests.live.conftest import Eventually, Kubectl
from tests.live.manyobjects import event, many_objects, to_list, workload
from tests.live.podstates import create_pods, pod_states
from tests.live.probes import put
from tests.live.program import Program, stack_variable
from tests.live.tables import Row, assert_same, parse_table, terminal_cells

pytest_plugins = ("tests.live.fixtures",)

KINDS = (
    "deployments", "replicasets", "statefulsets", "daemonsets", "jobs", "cronjobs", "nodes", "hpa", "events",
    "services", "configmaps",
)  # fmt: skip
NODE = "aurora-node-03"


@pytest.fixture(scope="module")
def crowd(kubectl: Kubectl) -> Iterator[str]:
    """A namespace with objects of every kind, and a second one whose name the first one's begins."""
    name = f"crowd-{secrets.token_hex(4)}"
    for namespace in (name, f"{name}-b"):
        kubectl("create", "namespace", namespace)
        kubectl("wait", "--for=create", "serviceaccount/default", f"--namespace={namespace}", "--timeout=30s")
    kubectl("create", "-f", "-", f"--namespace={name}", stdin=to_list(many_objects(name)))
    kubectl("create", "-f", "-", f"--namespace={name}-b", stdin=to_list([workload("Deployment", "other")]))
    kubectl("wait", "--for=condition=complete", "job/done", f"--namespace={name}", "--timeout=60s")
    yield name
    kubectl("delete", "namespace", name, f"{name}-b", "--wait=false")


def assert_rows_equal(aurora: Program, kubectl: Kubectl, *what: str) -> bool:
    """`get WHAT -o json` has kubectl's rows as values, the headings in lower case as keys."""
    before = parse_table(kubectl("get", *what))
    printed = aurora("get", *what, "-o", "json")
    after = parse_table(kubectl("get", *what))
    assert printed.code == 0, printed
    rows = [{key: value for key, value in row.items() if key != "raw"} for row in printed.json]
    assert_same(rows, before, after)
    return True


def assert_wide_rows_equal(aurora: Program, kubectl: Kubectl, *what: str) -> bool:
    """`get WHAT -o wide` prints the table that kubectl prints."""
    before = parse_table(kubectl("get", *what, "-o", "wide"))
    printed = aurora("get", *what, "-o", "wide")
    after = parse_table(kubectl("get", *what, "-o", "wide"))
    assert printed.code == 0, printed
    assert_same(parse_table(printed.stdout, terminal_cells), before, after)
    return True


async def test_a_pod_in_every_state_reads_as_kubectl_prints_it(
    aurora: Program, kubectl: Kubectl, namespace: str, eventually: Eventually
) -> None:
    states = pod_states()
    create_pods(kubectl, namespace, states)
    # The oracle itself must see the states that are meant, before what is deleted and on no node is collected.
    printed = {row["name"]: row["status"] for row in parse_table(kubectl("get", "pods", f"--namespace={namespace}"))}
    assert printed == {name: state.prints for name, state in states.items()}

    await eventually(lambda: assert_rows_equal(aurora, kubectl, "pods", "-A"), timeout=90)
    await eventually(lambda: assert_wide_rows_equal(aurora, kubectl, "pods", "-A"), timeout=90)

    kubectl("delete", "pods", "--all", f"--namespace={namespace}", "--force", "--grace-period=0")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_kind_reads_as_kubectl_prints_it(
    aurora: Program, kubectl: Kubectl, crowd: str, eventually: Eventually, kind: str
) -> None:
    everywhere = () if kind == "nodes" else ("-A",)
    await eventually(lambda: assert_rows_equal(aurora, kubectl, kind, *everywhere), timeout=90)
    await eventually(lambda: assert_wide_rows_equal(aurora, kubectl, kind, *everywhere), timeout=90)


async def test_rows_stand_in_the_order_of_kubectl(
    aurora: Program, kubectl: Kubectl, crowd: str, eventually: Eventually
) -> None:
    def names(rows: Sequence[Row]) -> list[tuple[str, str]]:
        return [(row["namespace"], row["name"]) for row in rows]

    def same_order() -> bool:
        printed = names(parse_table(kubectl("get", "deployments", "-A")))
        assert names(aurora("get", "deployments", "-A", "-o", "json").json) == printed
        return True

    await eventually(same_order, timeout=90)


async def test_escape_sequences_in_a_row_are_data_and_never_reach_the_terminal(
    aurora: Program, kubectl: Kubectl, namespace: str
) -> None:
    message = "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J \u202egnp.exe"
    hostile = event(namespace, "hostile", "Warning", "Odd\x1b[2J", message)
    kubectl("create", "-f", "-", stdin=to_list([hostile | {"metadata": {"name": "hostile", "namespace": namespace}}]))
    [row] = aurora("get", "events", f"--namespace={namespace}", "-o", "json").json
    table = aurora("get", "events", f"--namespace={namespace}").stdout

    assert (row["reason"], row["message"]) == ("Odd\x1b[2J", message)
    assert "red" in table
    assert not set("\x1b\x07\x9b\u202e") & set(table)


async def test_one_namespace_reads_as_kubectl_prints_it(
    aurora: Program, kubectl: Kubectl, crowd: str, eventually: Eventually
) -> None:
    await eventually(lambda: assert_rows_equal(aurora, kubectl, "pods", f"--namespace={crowd}"), timeout=90)
    labelled = ("pods", "-A", "-l", "app in (healthy, other),app!=none")
    await eventually(lambda: assert_rows_equal(aurora, kubectl, *labelled), timeout=90)


async def test_a_load_balancers_addresses_read_as_kubectl_prints_them(
    aurora: Program, kubectl: Kubectl, crowd: str, eventually: Eventually
) -> None:
    taken_in = [
        {"hostname": "a-name-that-is-longer-than-sixteen-letters.example.org"},
        {"ip": "198.51.100.7"},
        {"ip": "198.51.100.10"},
    ]
    status = json.dumps({"status": {"loadBalancer": {"ingress": taken_in}}})
    where = f"--namespace={crowd}"
    kubectl("patch", "service", "balanced", where, "--subresource=status", "--type=merge", f"--patch={status}")

    await eventually(lambda: assert_rows_equal(aurora, kubectl, "services", where), timeout=90)
    await eventually(lambda: assert_wide_rows_equal(aurora, kubectl, "services", where), timeout=90)
    assert "letters.example.org,192.0.2.9" in kubectl("get", "services", where)


async def test_a_cordoned_node_reads_as_kubectl_prints_it(
    aurora: Program, kubectl: Kubectl, eventually: Eventually
) -> None:
    name = kubectl("get", "nodes", "-o", "name").split()[-1]
    kubectl("cordon", name)
    try:
        assert "SchedulingDisabled" in kubectl("get", name)
        await eventually(lambda: assert_rows_equal(aurora, kubectl, "nodes"), timeout=90)
    finally:
        kubectl("uncordon", name)


async def test_a_lost_node_and_its_pods_read_as_kubectl_prints_them(
    aurora: Program, kubectl: Kubectl, namespace: str, eventually: Eventually
) -> None:
    control = stack_variable("AURORA_LIVE_CONTROL")
    leaving = {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute"}
    # A bare one: a controller would go on making others that are evicted at once.
    lost = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "lost"},
        "spec": {
            "nodeName": NODE,
            "tolerations": [leaving | {"tolerationSeconds": 1}],
            "containers": [{"name": "main", "image": "aurora/backend:2.4.0"}],
        },
    }
    kubectl("wait", "--for=create", "serviceaccount/default", f"--namespace={namespace}", "--timeout=30s")
    kubectl("create", "-f", "-", f"--namespace={namespace}", stdin=to_list([lost]))

    def printed(what: str) -> str:
        return kubectl("get", what, f"--namespace={namespace}")

    await eventually(lambda: "Running" in printed("pods"))
    put(f"{control}/nodes/{NODE}", {"lost": True})
    try:
        await eventually(lambda: "NotReady" in kubectl("get", "node", NODE))
        await eventually(lambda: "Terminating" in printed("pods"))
        for what in (("nodes",), ("pods", f"--namespace={namespace}"), ("pods", "--namespace=aurora")):
            await eventually(lambda what=what: assert_rows_equal(aurora, kubectl, *what), timeout=90)
    finally:
        put(f"{control}/nodes/{NODE}", {"lost": False})
    await eventually(lambda: "NotReady" not in kubectl("get", "nodes"))
    kubectl("wait", "--for=condition=Ready", "pods", "--all", "--namespace=aurora", "--timeout=60s")
