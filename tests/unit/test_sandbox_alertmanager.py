"""The sandbox's Alertmanager: alerts, filters and silences as the real one (0.25) answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from aurora_tui.sandbox.alertmanager import Alertmanager, fingerprint
from aurora_tui.sandbox.wire import rfc3339

NOW = 1_800_000_000
BACKEND = {"alertname": "HighErrorRate", "job": "aurora-backend", "severity": "critical"}
KEYCLOAK = {"alertname": "ServiceDown", "job": "aurora-keycloak", "severity": "critical"}


def at(seconds: float) -> str:
    return rfc3339(round((NOW + seconds) * 1000))


class Desk:
    """An Alertmanager with two alerts, the clock in the test's hands."""

    def __init__(self) -> None:
        self.now = float(NOW)
        self.manager = Alertmanager(lambda: self.now)
        self.client: TestClient[Any, Any]

    async def get(self, path: str, *filters: str, **parameters: str) -> Any:
        query = [*parameters.items(), *(("filter", text) for text in filters)]
        answer = await self.client.get(f"/api/v2/{path}", params=query)
        assert answer.status == 200, await answer.text()
        return await answer.json()

    async def jobs(self, *filters: str, **parameters: str) -> set[str]:
        return {alert["labels"]["job"] for alert in await self.get("alerts", *filters, **parameters)}

    async def post(self, path: str, body: object) -> tuple[int, Any]:
        answer = await self.client.post(f"/api/v2/{path}", json=body)
        return answer.status, await answer.json(content_type=None)

    async def silence(self, **changes: object) -> str:
        status, body = await self.post("silences", silence(**changes))
        assert status == 200, body
        return str(body["silenceID"])


def silence(**changes: object) -> dict[str, object]:
    matcher = {"name": "job", "value": "aurora-backend", "isRegex": False}
    return {
        "matchers": [matcher],
        "startsAt": at(-60),
        "endsAt": at(900),
        "createdBy": "ops",
        "comment": "looking into it",
        **changes,
    }


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    desk.manager.receive(
        [
            {
                "labels": BACKEND,
                "annotations": {"summary": "30 % fail"},
                "startsAt": at(-180),
                "endsAt": at(240),
                "generatorURL": "http://p/graph",
            },
            {"labels": KEYCLOAK, "annotations": {}, "startsAt": at(-10), "endsAt": at(240)},
        ]
    )
    async with TestClient(TestServer(desk.manager.app())) as desk.client:
        yield desk


def test_a_fingerprint_is_the_one_alertmanager_computes() -> None:
    assert fingerprint(BACKEND) == "b92054fcbe97112e"
    assert fingerprint({"alertname": "Y"}) == "d2aaefc389c68e6f"


async def test_an_alert_has_the_shape_of_the_real_one(desk: Desk) -> None:
    (alert,) = await desk.get("alerts", 'job="aurora-backend"')

    assert alert == {
        "annotations": {"summary": "30 % fail"},
        "endsAt": at(240),
        "fingerprint": "b92054fcbe97112e",
        "receivers": [{"name": "aurora-oncall"}],
        "startsAt": at(-180),
        "status": {"inhibitedBy": [], "silencedBy": [], "state": "active"},
        "updatedAt": at(0),
        "generatorURL": "http://p/graph",
        "labels": BACKEND,
    }


async def test_filters_are_matchers_and_all_must_hold(desk: Desk) -> None:
    assert await desk.jobs("severity=critical") == {"aurora-backend", "aurora-keycloak"}
    assert await desk.jobs("severity=critical", 'job=~"aurora-k.*"') == {"aurora-keycloak"}
    assert await desk.jobs('job!~"aurora-k.*"') == {"aurora-backend"}
    assert await desk.jobs('team=""', "job!=aurora-keycloak") == {"aurora-backend"}
    assert await desk.jobs('job="keycloak"') == set()
    assert await desk.jobs(receiver="aurora-.*") == {"aurora-backend", "aurora-keycloak"}
    assert await desk.jobs(receiver="aurora") == set()


async def test_a_silence_suppresses_what_it_matches_until_it_ends(desk: Desk) -> None:
    silence_id = await desk.silence()

    (alert,) = await desk.get("alerts", "job=aurora-backend")
    assert alert["status"] == {"inhibitedBy": [], "silencedBy": [silence_id], "state": "suppressed"}
    assert await desk.jobs(silenced="false") == {"aurora-keycloak"}
    assert await desk.jobs(active="false") == {"aurora-backend"}

    desk.now += 200
    desk.manager.receive([{"labels": BACKEND, "startsAt": at(-180), "endsAt": at(2000)}])
    assert await desk.jobs(silenced="false", active="true") == {"aurora-keycloak"}
    desk.now = NOW + 900
    assert await desk.jobs(silenced="false") == {"aurora-backend"}


async def test_a_silence_reads_back_as_it_was_made_but_never_begins_in_the_past(desk: Desk) -> None:
    silence_id = await desk.silence()

    expected = {
        "id": silence_id,
        "status": {"state": "active"},
        "updatedAt": at(0),
        "comment": "looking into it",
        "createdBy": "ops",
        "endsAt": at(900),
        "matchers": [{"isEqual": True, "isRegex": False, "name": "job", "value": "aurora-backend"}],
        "startsAt": at(0),
    }
    assert await desk.get(f"silence/{silence_id}") == expected
    assert await desk.get("silences") == [expected]


async def test_an_expired_silence_stays_to_be_read_and_silences_nothing(desk: Desk) -> None:
    silence_id = await desk.silence()
    desk.now += 10

    for _ in range(2):  # the real one lets it expire twice
        assert (await desk.client.delete(f"/api/v2/silence/{silence_id}")).status == 200

    expired = await desk.get(f"silence/{silence_id}")
    assert (expired["status"], expired["endsAt"]) == ({"state": "expired"}, at(10))
    assert await desk.jobs(silenced="false") == {"aurora-backend", "aurora-keycloak"}


async def test_a_pending_silence_waits_for_its_start(desk: Desk) -> None:
    silence_id = await desk.silence(startsAt=at(100))

    assert (await desk.get(f"silence/{silence_id}"))["status"] == {"state": "pending"}
    assert await desk.jobs(silenced="false") == {"aurora-backend", "aurora-keycloak"}
    desk.now += 100
    assert await desk.jobs(silenced="false") == {"aurora-keycloak"}


async def test_a_silence_is_lengthened_in_place_and_otherwise_made_anew(desk: Desk) -> None:
    first = await desk.silence(startsAt=at(0))

    assert await desk.silence(id=first, startsAt=at(0), endsAt=at(1800)) == first
    assert (await desk.get(f"silence/{first}"))["endsAt"] == at(1800)

    other = {"name": "job", "value": "aurora-keycloak", "isRegex": False}
    second = await desk.silence(id=first, startsAt=at(0), matchers=[other])
    assert second != first
    assert [item["status"]["state"] for item in await desk.get("silences")] == ["active", "expired"]
    assert await desk.jobs(silenced="false") == {"aurora-backend"}


@pytest.mark.parametrize(
    ("changes", "status", "body"),
    [
        ({"endsAt": at(-60)}, 400, "Failed to create silence: start time must be before end time"),
        ({"startsAt": at(-90), "endsAt": at(-60)}, 400, "Failed to create silence: end time can't be in the past"),
        ({"id": "00000000-0000-0000-0000-000000000000"}, 404, "silence not found"),
        ({"matchers": []}, 422, {"code": 612, "message": "matchers in body should have at least 1 items"}),
        (
            {"matchers": [{"name": "job", "value": "", "isRegex": False}]},
            400,
            "silence invalid: at least one matcher must not match the empty string",
        ),
    ],
)
async def test_a_silence_that_makes_no_sense_is_refused(
    desk: Desk, changes: dict[str, object], status: int, body: object
) -> None:
    assert await desk.post("silences", silence(**changes)) == (status, body)
    assert await desk.get("silences") == []


async def test_a_silence_without_an_author_or_with_a_wrong_expression_is_refused(desk: Desk) -> None:
    unsigned = {name: value for name, value in silence().items() if name != "createdBy"}
    wrong = silence(matchers=[{"name": "job", "value": "(", "isRegex": True}])

    assert (await desk.post("silences", unsigned))[0] == 422
    status, body = await desk.post("silences", wrong)
    assert status == 400
    assert "invalid label matcher 0" in body


async def test_an_alert_that_ended_is_gone_and_one_sent_again_keeps_its_start(desk: Desk) -> None:
    again = {"labels": BACKEND, "startsAt": at(-5), "endsAt": at(300)}
    ended = {"labels": KEYCLOAK, "startsAt": at(-10), "endsAt": at(-1)}
    assert (await desk.client.post("/api/v2/alerts", json=[again, ended])).status == 200

    (alert,) = await desk.get("alerts")
    assert (alert["startsAt"], alert["endsAt"]) == (at(-180), at(300))


async def test_groups_status_and_receivers_are_served(desk: Desk) -> None:
    groups = await desk.get("alerts/groups")
    status = await desk.get("status")

    assert [group["labels"] for group in groups] == [
        {"alertname": "HighErrorRate", "job": "aurora-backend"},
        {"alertname": "ServiceDown", "job": "aurora-keycloak"},
    ]
    assert groups[0]["receiver"] == {"name": "aurora-oncall"}
    assert status["versionInfo"]["version"] == "0.25.0"
    assert await desk.get("receivers") == [{"name": "aurora-oncall"}]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "alerts", b"x", 400),
        ("POST", "alerts", b'{"x": 1}', 400),
        ("POST", "alerts", b'[{"labels": {}}]', 400),
        ("GET", "alerts?filter=%3D%3D", b"", 400),
        ("GET", "alerts?receiver=(", b"", 400),
        ("GET", "silence/nope", b"", 422),
        ("GET", "silence/00000000-0000-0000-0000-000000000000", b"", 404),
        ("DELETE", "silence/00000000-0000-0000-0000-000000000000", b"", 500),
        ("GET", "nope", b"", 404),
        ("PUT", "silences", b"{}", 405),
    ],
)
async def test_a_wrong_request_has_the_status_of_the_real_one(
    desk: Desk, method: str, path: str, body: bytes, status: int
) -> None:
    assert (await desk.client.request(method, f"/api/v2/{path}", data=body)).status == status
