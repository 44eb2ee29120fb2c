"""The dependency is down: a database that does not start again, seen through the clients, and started anew."""

from __future__ import annotations

from aurora_tui.cluster.resources import ENDPOINT_SLICES
from aurora_tui.model.actions import Verb
from tests.unit.scenarios.scene import BACKEND, FRONTEND, NAMESPACE, POSTGRES, Scene

NAME = "dependency-down"
POD = f"{POSTGRES}-0"
REFUSED = "Connection to aurora-postgres:5432 refused"


async def symptoms(stack: Scene) -> dict[str, bool]:
    firing = await stack.firing()
    state = (await stack.containers(POSTGRES))[0]
    slices = await stack.cluster.list(ENDPOINT_SLICES, NAMESPACE, labels=f"kubernetes.io/service-name={POSTGRES}")
    serving = [each for found in slices for each in found["endpoints"] if each["conditions"]["ready"]]
    failed = await stack.traces(failed=True)
    spans = [span for trace in failed for span in trace.spans if span.failed and span.service == POSTGRES]
    return {
        "database alert": ("ServiceDown", POSTGRES) in firing,
        "backend alert": ("HighErrorRate", BACKEND) in firing,
        "frontend alert": ("HighErrorRate", FRONTEND) in firing,
        "the database loops": state["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff",
        "nothing serves": not serving,
        "back-off events": bool(await stack.events(POD, "BackOff")),
        "refused in the logs": REFUSED in await stack.logs(BACKEND),
        "refused in documents": bool(await stack.documents(REFUSED)),
        "refused in traces": bool(spans),
        "operations fail": bool(
            await stack.query('rate(db_client_operation_duration_seconds_count{error_type="connection"}[1m]) > 100')
        ),
    }


async def test_what_an_operator_sees(stack: Scene) -> None:
    assert {words for words, there in (await symptoms(stack)).items() if not there} == set()


async def test_a_healthy_stack_shows_nothing_of_it(healthy: Scene) -> None:
    assert {words for words, there in (await symptoms(healthy)).items() if there} == set()


async def test_the_database_says_why_it_does_not_start(stack: Scene) -> None:
    told = await stack.log(POD, previous=True)

    assert 'FATAL:  lock file "postmaster.pid" already exists' in told
    assert "ready to accept connections" not in told


async def test_the_backend_itself_is_well(stack: Scene) -> None:
    statuses = await stack.containers(BACKEND)

    assert [(each["restartCount"], each["ready"]) for each in statuses] == [(0, True)] * 3


async def test_deleting_the_databases_pod_mends_it(stack: Scene) -> None:
    await stack.act(Verb.DELETE, "pod", POD)

    await stack.recovers()
    assert REFUSED not in await stack.logs(BACKEND)


async def test_restarting_the_database_mends_it(stack: Scene) -> None:
    await stack.act(Verb.RESTART, "statefulset", POSTGRES)

    await stack.recovers()


async def test_touching_the_backend_does_not(stack: Scene) -> None:
    await stack.act(Verb.UNDO, "deployment", BACKEND)
    await stack.act(Verb.RESTART, "deployment", BACKEND)
    stack.pass_time(120)

    assert await stack.errors() > 0.7
