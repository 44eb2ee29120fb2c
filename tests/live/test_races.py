"""An object that moves between preview and execution: the real server's conflicts, and what comes of them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from aurora_tui.actions import ActionPath
from aurora_tui.cluster.kubeconfig import choose
from aurora_tui.cluster.kubernetes import KubernetesCluster
from aurora_tui.cluster.resources import DEPLOYMENTS, STATEFULSETS, Resource
from aurora_tui.journal import Journal
from aurora_tui.model.actions import Outcome, Params, Verb
from tests.live.audit import AuditLog
from tests.live.twins import Twins

pytest_plugins = ("tests.live.fixtures",)

GOOD, BAD, OTHER = "aurora/backend:2.4.0", "aurora/backend:2.4.1", "aurora/backend:2.5.0"
LAST_READ = 2
"""The reads of an action: for the plan, and again just before the request that this one guards."""


class Disturbed(KubernetesCluster):
    """The real client on an object that another operator moves just after the read of that number."""

    def __init__(self, kubeconfig: Path, context: str, read: int, disturb: Callable[[], object]) -> None:
        super().__init__(choose(context, str(kubeconfig)))
        self._left = read
        self._disturb = disturb

    async def get(self, resource: Resource, namespace: str | None, name: str, subresource: str = "") -> dict[str, Any]:
        read = await super().get(resource, namespace, name, subresource)
        self._left -= 1
        if self._left == 0:
            self._disturb()
        return read


@pytest.fixture
def path_beside(kubeconfig: Path, context: str, tmp_path: Path) -> Any:
    """Opens an action path whose object is moved after a read: `async with path_beside(2, disturb) as path`."""

    @asynccontextmanager
    async def opened(read: int, disturb: Callable[[], object]) -> AsyncIterator[ActionPath]:
        cluster = Disturbed(kubeconfig, context, read, disturb)
        journal = Journal(tmp_path)
        try:
            yield ActionPath(cluster, journal, protected=False, read_only=False, clock=time.time)
        finally:
            journal.close()
            await cluster.close()

    return opened


async def at_rest(twins: Twins, kind: str) -> None:
    """Two revisions, and a controller that has nothing more to write."""
    await twins.apply(twins.release(kind, GOOD), twins.release(kind, BAD))
    twins.both("rollout", "status", twins.reference(kind))
    await twins.become_the_same(kind)


@pytest.mark.parametrize(
    ("verb", "resource", "params"),
    [
        (Verb.UNDO, DEPLOYMENTS, {}),
        (Verb.UNDO, STATEFULSETS, {}),
        (Verb.RESTART, DEPLOYMENTS, {}),
        (Verb.SCALE, DEPLOYMENTS, {"replicas": 3}),
        (Verb.SCALE, STATEFULSETS, {"replicas": 3}),
    ],
)
async def test_what_does_not_touch_the_change_does_not_stop_it(
    path_beside: Any, twins: Twins, audit: AuditLog, verb: Verb, resource: Resource, params: Params
) -> None:
    """The server refuses each kind of request on an outdated object with 409; it is sent again, and done once."""
    await at_rest(twins, resource.kind)

    def label() -> None:
        twins.kubectl("label", twins.reference(resource.kind), "example.com/by=other", f"--namespace={twins.ours}")

    async with path_beside(LAST_READ, label) as path:
        plan = await path.plan(verb, resource, twins.ours, twins.name, params)
        record = await path.execute(plan)

    assert record.outcome is Outcome.DONE, record.message
    codes = [sent.code for sent in await audit.sent() if not sent.dry_run]
    assert (codes[0], codes[-1], codes.count(200)) == (409, 200, 1)


@pytest.mark.parametrize("read", [1, LAST_READ])
async def test_a_change_that_the_preview_did_not_show_stops_it(
    path_beside: Any, twins: Twins, audit: AuditLog, read: int
) -> None:
    await at_rest(twins, "Deployment")

    def release() -> None:
        twins.kubectl("set", "image", twins.reference("Deployment"), f"main={OTHER}", f"--namespace={twins.ours}")

    async with path_beside(read, release) as path:
        plan = await path.plan(Verb.UNDO, DEPLOYMENTS, twins.ours, twins.name, {"revision": 1})
        record = await path.execute(plan)

    assert record.outcome is Outcome.REFUSED
    assert "changed since the preview: look at it again" in record.message
    assert 200 not in [sent.code for sent in await audit.changes()]
    found = twins.kubectl("get", twins.reference("Deployment"), f"--namespace={twins.ours}", "-o", "json")
    assert OTHER in found


async def test_a_namesake_is_not_taken_for_the_object_that_was_previewed(
    path_beside: Any, twins: Twins, audit: AuditLog
) -> None:
    await at_rest(twins, "Deployment")
    async with path_beside(0, lambda: None) as path:
        plan = await path.plan(Verb.SCALE, DEPLOYMENTS, twins.ours, twins.name, {"replicas": 3})
        twins.both("delete", twins.reference("Deployment"))
        await twins.apply(twins.release("Deployment", GOOD))
        record = await path.execute(plan)

    assert record.outcome is Outcome.REFUSED
    assert "was replaced by another object of that name since the preview" in record.message
    assert await audit.changes() == []
