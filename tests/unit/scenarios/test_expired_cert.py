"""An expired certificate: seen through the clients; nothing of ours mends it, and its renewal does."""

from __future__ import annotations

import pytest

from aurora_tui.cluster.protocol import MERGE_PATCH
from aurora_tui.cluster.resources import SECRETS
from aurora_tui.model.actions import Verb
from tests.unit.scenarios.scene import BACKEND, KEYCLOAK, NAMESPACE, Scene

NAME = "expired-cert"
EXPIRED = "x509: certificate has expired or is not yet valid"


async def symptoms(stack: Scene) -> dict[str, bool]:
    expiries = await stack.query("probe_ssl_earliest_cert_expiry")
    spans = [span for trace in await stack.traces(failed=True) for span in trace.spans]
    return {
        "alert": ("HighErrorRate", BACKEND) in await stack.firing(),
        "told in the logs": EXPIRED in await stack.logs(BACKEND),
        "told in documents": bool(await stack.documents("certificate has expired")),
        "expired by the probe": [500 < stack.now - value < 520 for _, value in expiries] == [True],
        "keycloak's span fails": any(span.failed and span.service == KEYCLOAK for span in spans),
    }


async def test_what_an_operator_sees(stack: Scene) -> None:
    assert {words for words, there in (await symptoms(stack)).items() if not there} == set()


async def test_a_healthy_stack_shows_nothing_of_it(healthy: Scene) -> None:
    assert {words for words, there in (await symptoms(healthy)).items() if there} == set()


async def test_keycloak_itself_is_well(stack: Scene) -> None:
    assert all(each["ready"] for each in await stack.containers(KEYCLOAK))
    assert await stack.errors(KEYCLOAK) < 0.01


@pytest.mark.parametrize(
    ("verb", "kind", "name", "params"),
    [
        (Verb.UNDO, "deployment", BACKEND, {}),
        (Verb.RESTART, "deployment", BACKEND, {}),
        (Verb.RESTART, "statefulset", KEYCLOAK, {}),
        (Verb.SCALE, "deployment", BACKEND, {"replicas": 6}),
    ],
)
async def test_nothing_of_ours_mends_it(stack: Scene, verb: Verb, kind: str, name: str, params: dict[str, int]) -> None:
    await stack.act(verb, kind, name, params)
    stack.pass_time(90)

    assert await stack.errors() > 0.5


async def test_a_renewed_certificate_mends_it(stack: Scene) -> None:
    """As whoever issues it would: not by an action of this program, which never writes Secrets."""
    renewed = {"stringData": {"tls.crt": "another-invented-certificate"}}
    await stack.cluster.patch(SECRETS, NAMESPACE, "aurora-keycloak-tls", renewed, content_type=MERGE_PATCH)

    await stack.recovers()
    assert await stack.value("probe_ssl_earliest_cert_expiry") > stack.now + 80 * 86_400
