"""``get``, ``status``, ``check``: what is printed, in which shape, with which exit status."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import click
import pytest

from aurora_tui.commands import check, output, rows
from aurora_tui.model.columns import Cell, Column
from aurora_tui.session import Session
from aurora_tui.settings import load_settings
from tests.unit.apiserver import ApiServer, context_for, item, listing, refused, running, write
from tests.unit.signal_servers import EMPTY, FakeAlertmanager, FakePrometheus, all_well, served, vector

NOW = 1_700_000_600.0
BEFORE = "2023-11-14T22:13:20Z"  # ten minutes
ESCAPES = "\x1b]0;owned\x07\x9b31m\x7f[red]"
WORKLOADS = ("deployments", "statefulsets", "daemonsets")
FIRING = {
    "fingerprint": "f1",
    "labels": {"alertname": "HighErrorRate", "severity": "critical", "job": "aurora-backend"},
    "startsAt": BEFORE,
    "annotations": {"summary": f"too many errors {ESCAPES}"},
}


class World:
    """The servers behind a session, all well until a test says otherwise."""

    def __init__(self, api: ApiServer) -> None:
        self.api = api
        self.prometheus = FakePrometheus()
        self.prometheus.instant = all_well
        self.alertmanager = FakeAlertmanager()
        self.sources: dict[str, str] = {}
        for kind in WORKLOADS:
            api.on(f"GET /apis/apps/v1/namespaces/aurora/{kind}", listing())
            api.on(f"GET /apis/apps/v1/{kind}", listing())

    def deployments(self, *items: Any) -> None:
        self.api.on("GET /apis/apps/v1/namespaces/aurora/deployments", listing(*items))

    def session(self, folder: Path, **options: Any) -> Session:
        sources = {"elasticsearch": "off", "jaeger": "off", **self.sources}
        environments = {"here": {"title": "HERE", "contexts": ["it"], "protected": False, "sources": sources}}
        settings = load_settings(write(folder / "config.yaml", {"environments": environments}))
        context = context_for(folder, self.api.url, namespace="aurora", user={"token": "t"})
        return Session(settings, context, clock=lambda: NOW, **options)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running() as api:
        world = World(api)
        async with served(world.prometheus.application()) as first, served(world.alertmanager.application()) as second:
            world.sources = {"prometheus": first, "alertmanager": second}
            yield world


@pytest.fixture
async def session(world: World, tmp_path: Path) -> AsyncIterator[Session]:
    session = world.session(tmp_path)
    yield session
    await session.close()


def deployment(name: str, ready: int, wanted: int = 3) -> dict[str, Any]:
    made = item(name, spec={"replicas": wanted})
    made["metadata"]["creationTimestamp"] = BEFORE
    figures = {"replicas": wanted, "readyReplicas": ready, "availableReplicas": ready, "updatedReplicas": wanted}
    return {**made, "status": figures}


def pod(name: str, **labels: str) -> dict[str, Any]:
    made = item(name, spec={"containers": [{"name": "main"}], "nodeName": "n1"})
    made["metadata"] |= {"creationTimestamp": BEFORE, "labels": labels}
    status = {"name": "main", "ready": True, "restartCount": 2, "state": {"running": {"startedAt": BEFORE}}}
    return {**made, "status": {"phase": "Running", "podIP": "10.0.0.1", "containerStatuses": [status]}}


PODS = "GET /api/v1/namespaces/aurora/pods"
Capture = pytest.CaptureFixture[str]


# get


async def test_rows_are_printed_as_kubectl_prints_them(world: World, session: Session, capsys: Capture) -> None:
    world.api.on(PODS, listing(pod("web-b"), pod("web-a")))

    assert await rows.get(session, "pods", "table", "") == 0

    assert capsys.readouterr().out.splitlines() == [
        "NAME    READY   STATUS    RESTARTS   AGE",
        "web-a   1/1     Running   2          10m",
        "web-b   1/1     Running   2          10m",
    ]


async def test_the_wide_form_has_more_columns(world: World, session: Session, capsys: Capture) -> None:
    world.api.on(PODS, listing(pod("web-a")))

    await rows.get(session, "po", "wide", "")

    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split() == [
        "NAME",
        "READY",
        "STATUS",
        "RESTARTS",
        "AGE",
        "IP",
        "NODE",
        "NOMINATED",
        "NODE",
        "READINESS",
        "GATES",
    ]
    assert "10.0.0.1" in row


async def test_json_has_the_columns_in_lower_case_as_printed_and_raw_figures(
    world: World, tmp_path: Path, capsys: Capture
) -> None:
    world.api.on("GET /api/v1/pods", listing(pod("web-a", app="web")))
    session = world.session(tmp_path, all_namespaces=True)

    assert await rows.get(session, "pods", "json", "") == 0
    await session.close()

    assert json.loads(capsys.readouterr().out) == [
        {
            "namespace": "aurora",
            "name": "web-a",
            "ready": "1/1",
            "status": "Running",
            "restarts": "2",
            "age": "10m",
            "raw": {
                "uid": "uid-web-a",
                "created": "2023-11-14T22:13:20+00:00",
                "labels": {"app": "web"},
                "ready": 1,
                "containers": 1,
                "restarts": 2,
            },
        }
    ]


async def test_labels_choose_rows(world: World, session: Session, capsys: Capture) -> None:
    world.api.on(PODS, listing(pod("a", app="web", tier="x"), pod("b", app="web"), pod("c")))

    await rows.get(session, "pods", "json", "app=web,tier!=x")

    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == ["b"]


@pytest.mark.parametrize(
    ("what", "labels", "words"),
    [
        ("pods", "a in", "not a label selector"),
        ("slos", "a=b", "no Kubernetes labels"),
        ("poods", "", "no rows called 'poods'; there are workloads"),
    ],
)
async def test_a_wrong_question_is_told_before_anything_is_asked(
    world: World, session: Session, what: str, labels: str, words: str
) -> None:
    with pytest.raises(click.UsageError, match=words):
        await rows.get(session, what, "table", labels)

    assert world.api.asked == []


async def test_no_rows_are_said_on_the_side_and_an_empty_list_in_json(
    world: World, session: Session, capsys: Capture
) -> None:
    world.api.on(PODS, listing())

    assert await rows.get(session, "pods", "table", "") == 0
    assert await rows.get(session, "pods", "json", "") == 0

    shown = capsys.readouterr()
    assert shown.out == "[]\n"
    assert shown.err == "No pods found in namespace aurora.\n"


async def test_where_all_namespaces_are_forbidden_the_own_one_is_shown_and_said(
    world: World, tmp_path: Path, capsys: Capture
) -> None:
    world.api.on("GET /api/v1/pods", refused(403, "pods is forbidden", "Forbidden"))
    world.api.on(PODS, listing(pod("web-a")))
    session = world.session(tmp_path, all_namespaces=True)

    assert await rows.get(session, "pods", "json", "") == 0
    await session.close()

    shown = capsys.readouterr()
    assert [row["name"] for row in json.loads(shown.out)] == ["web-a"]
    assert "pods is forbidden; only namespace aurora is shown" in shown.err


@pytest.mark.parametrize("form", ["table", "wide", "json"])
async def test_escape_sequences_in_names_never_reach_the_terminal(
    world: World, session: Session, capsys: Capture, form: str
) -> None:
    world.api.on(PODS, listing(pod(f"web{ESCAPES}", **{"app": ESCAPES})))

    await rows.get(session, "pods", form, "")

    shown = capsys.readouterr().out
    assert not set(shown) & set("\x1b\x07\x9b\x7f")
    assert "owned" in shown
    if form == "json":
        assert json.loads(shown)[0]["name"] == f"web{ESCAPES}"


async def test_workloads_of_all_kinds_are_one_list(world: World, session: Session, capsys: Capture) -> None:
    world.deployments(deployment("web", 2))
    world.api.on("GET /apis/apps/v1/namespaces/aurora/statefulsets", listing(deployment("db", 3)))

    await rows.get(session, "workloads", "table", "")

    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["KIND", "NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"],
        ["Deployment", "web", "2/3", "3", "2", "10m"],
        ["StatefulSet", "db", "3/3", "3", "3", "10m"],
    ]


async def test_objectives_come_worst_first_with_their_figures(world: World, session: Session, capsys: Capture) -> None:
    def slow(query: str) -> Any:
        return vector("NaN") if "keycloak" in query else vector("9") if query.startswith("max(") else all_well(query)

    world.prometheus.instant = slow

    assert await rows.get(session, "slos", "json", "") == 0

    found = json.loads(capsys.readouterr().out)
    states = [row["raw"]["state"] for row in found]
    assert states == sorted(states, key=["burning", "breached", "no data", "no traffic", "ok"].index)
    assert {"burning", "no traffic"} <= set(states)
    assert all(row["raw"]["value"] is None for row in found if row["raw"]["state"] == "no traffic")


async def test_a_source_that_cannot_be_asked_makes_the_answer_unknown(
    world: World, tmp_path: Path, capsys: Capture
) -> None:
    world.sources |= {"prometheus": "off", "alertmanager": "off"}
    session = world.session(tmp_path)

    assert await rows.get(session, "slos", "table", "") == 2
    assert await rows.get(session, "alerts", "json", "") == 2
    await session.close()

    shown = capsys.readouterr()
    assert shown.out == "[]\n"
    assert shown.err.count("switched off in the settings") == 2


# status


async def test_all_well_is_healthy(world: World, session: Session, capsys: Capture) -> None:
    world.deployments(deployment("web", 3))

    assert await rows.status(session, "table") == 0

    assert capsys.readouterr().out.splitlines() == [
        "HERE it · namespace aurora · healthy",
        "no firing alerts",
        "no objectives missed or burning",
        "no broken workloads",
    ]


async def test_a_firing_alert_burns_and_its_text_is_no_terminal_code(
    world: World, session: Session, capsys: Capture
) -> None:
    world.alertmanager.alerts = [FIRING]

    assert await rows.status(session, "table") == 1

    shown = capsys.readouterr().out
    assert shown.startswith("HERE it · namespace aurora · burning\n\nfiring alerts:\nSEVERITY")
    assert "HighErrorRate" in shown
    assert not set(shown) & set("\x1b\x07\x9b\x7f")


async def test_a_silenced_alert_does_not_burn(world: World, session: Session) -> None:
    world.alertmanager.alerts = [{**FIRING, "status": {"state": "suppressed", "silencedBy": ["s"]}}]

    assert await rows.status(session, "table") == 0


async def test_a_missed_objective_burns(world: World, session: Session, capsys: Capture) -> None:
    world.prometheus.instant = lambda query: vector("9") if query.startswith("max(") else all_well(query)

    assert await rows.status(session, "json") == 1

    answer = json.loads(capsys.readouterr().out)
    assert (answer["status"], answer["context"], answer["unknown"]) == ("burning", "it", {})
    assert {row["raw"]["state"] for row in answer["slos"]} == {"burning"}
    assert (answer["alerts"], answer["workloads"]) == ([], [])


async def test_what_was_worth_a_ticket_no_longer_burns_once_the_target_is_met(
    world: World, session: Session, capsys: Capture
) -> None:
    def leaked(query: str) -> Any:
        bad = query.startswith("1 - ") and 'job="aurora-backend",code!~"5.."' in query
        return vector("0.02") if bad and "[5m]" not in query else all_well(query)

    world.prometheus.instant = leaked

    assert await rows.status(session, "json") == 0
    capsys.readouterr()

    assert await rows.get(session, "slos", "json", "") == 0
    found = next(
        row["raw"]
        for row in json.loads(capsys.readouterr().out)
        if (row["service"], row["slo"]) == ("backend", "availability")
    )
    assert (found["state"], found["verdict"]) == ("ok", "ticket"), "the rows say it all the same"
    assert found["burn_rates"]["1d"] == pytest.approx(4)


async def test_a_strangers_objective_without_traffic_is_no_riddle_of_ours(world: World, session: Session) -> None:
    labels = {"__name__": "slo:objective:ratio", "sloth_id": "x", "sloth_service": "shop", "sloth_slo": "req"}

    def strangers(query: str) -> Any:
        if "slo:objective:ratio" in query:
            return vector("0.99", labels)
        return vector("NaN") if "sloth_id" in query else all_well(query)

    world.prometheus.instant = strangers

    assert await rows.status(session, "json") == 0
    labels["sloth_service"] = "backend"
    assert await rows.status(session, "json") == 2


async def test_a_broken_workload_burns(world: World, session: Session, capsys: Capture) -> None:
    world.deployments(deployment("web", 1), deployment("fine", 3))

    assert await rows.status(session, "json") == 1

    assert [row["name"] for row in json.loads(capsys.readouterr().out)["workloads"]] == ["web"]


@pytest.mark.parametrize("form", ["table", "json"])
async def test_what_burns_outweighs_what_cannot_be_told(
    world: World, session: Session, capsys: Capture, form: str
) -> None:
    world.deployments(deployment("web", 1))
    world.prometheus.instant = lambda query: EMPTY

    assert await rows.status(session, form) == 1

    assert "no data for" in capsys.readouterr().out


async def test_no_data_is_not_health(world: World, session: Session, capsys: Capture) -> None:
    world.prometheus.instant = lambda query: EMPTY

    assert await rows.status(session, "table") == 2

    assert "slos: can't tell: no data for" in capsys.readouterr().out


async def test_an_api_server_that_refuses_is_not_health(world: World, session: Session, capsys: Capture) -> None:
    world.api.on("GET /apis/apps/v1/namespaces/aurora/deployments", refused(403, "not for you", "Forbidden"))

    assert await rows.status(session, "json") == 2

    answer = json.loads(capsys.readouterr().out)
    assert (answer["status"], answer["workloads"]) == ("unknown", None)
    assert answer["unknown"] == {"workloads": "not for you"}


async def test_an_api_server_that_is_away_leaves_the_rest(world: World, tmp_path: Path, capsys: Capture) -> None:
    async with running() as gone:
        address = gone.url
    world.alertmanager.alerts = [FIRING]
    world.api.url = address
    session = world.session(tmp_path)

    assert await rows.status(session, "table") == 1
    await session.close()

    assert "workloads: can't tell: " in capsys.readouterr().out


# check


async def test_every_source_is_tried_and_named(
    world: World, session: Session, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    world.api.on("GET /version", {"gitVersion": "v1.35.4"})
    review = "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    world.api.on(review, {"status": {"allowed": True}}, {"status": {"allowed": False, "reason": "no role\x1b[m"}})

    assert await check.run(session, "table") == 1

    shown = capsys.readouterr().out
    lines = {line.split("   ")[0]: line for line in shown.splitlines()}
    assert "v1.35.4 at" in lines["kubernetes"]
    assert "denied" in lines["right to follow pods"]
    assert "ask for a Role" in lines["right to follow pods"]
    assert "150 targets" in lines["prometheus"]
    assert "0.25.0 at" in lines["alertmanager"]
    assert "switched off" in lines["jaeger"]
    assert lines["policies"].endswith("bulk: at most 10 in bulk")
    assert "\x1b" not in shown


async def test_without_an_api_server_nothing_else_is_tried(world: World, session: Session, capsys: Capture) -> None:
    world.api.on("GET /version", refused(401, "Unauthorized"))

    assert await check.run(session, "json") == 2

    findings = json.loads(capsys.readouterr().out)
    assert [each["check"] for each in findings] == ["kubernetes", "policies", "journal"]
    assert findings[0]["result"] == "denied"


# Printing


def test_columns_line_up_by_cells_not_by_characters() -> None:
    assert output.align([["NAME", "X"], ["日本", "1"], ["abc", "2"]]).splitlines() == [
        "NAME   X",
        "日本   1",
        "abc    2",
    ]


def test_a_figure_that_is_none_is_null_in_json(capsys: Capture) -> None:
    columns: list[Column[Any]] = [Column("BURN RATE", lambda row, _: Cell("-"), lambda row: 0)]

    output.emit(output.objects(columns, [None], NOW, lambda row: {"burn": math.inf, "each": [math.nan, 1.5]}))

    assert json.loads(capsys.readouterr().out) == [{"burn rate": "-", "raw": {"burn": None, "each": [None, 1.5]}}]
