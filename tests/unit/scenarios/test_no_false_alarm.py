"""All rules over a healthy stack that is never at rest (rollouts, scaling, flags, jobs, a cordon), and no finding.

It lasts two minutes of the stack's time; ``AURORA_CHURN_SECONDS=600`` makes it ten.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from contextlib import aclosing, suppress
from pathlib import Path

import pytest

from aurora_tui.cluster.kubeconfig import choose
from aurora_tui.commands.signalrows import list_alerts, list_slos
from aurora_tui.incident.analyzers import diagnose
from aurora_tui.incident.mitigations import mitigations
from aurora_tui.incident.reading import SituationReader
from aurora_tui.incident.situation import Part
from aurora_tui.incident.subject import of_service
from aurora_tui.model.actions import Params, Verb
from aurora_tui.model.frozen import replace
from aurora_tui.sandbox.stack import CONTEXT
from aurora_tui.session import Session
from aurora_tui.settings import load_settings
from aurora_tui.verbs.base import Refusal
from tests.unit.scenarios.scene import BACKEND, FRONTEND, KEYCLOAK, NOTHING, Scene, scene

CHURN_SECONDS = float(os.environ.get("AURORA_CHURN_SECONDS", "120"))
SERVICES = ("backend", "frontend", "keycloak", "postgres")
CHURN: tuple[tuple[Verb, str, str, Params], ...] = (
    (Verb.RESTART, "deployment", BACKEND, NOTHING),
    (Verb.SCALE, "deployment", FRONTEND, {"replicas": 4}),
    (Verb.TRIGGER, "cronjob", "aurora-backup", NOTHING),
    (Verb.FLAG, "configmap", "aurora-flags", {"banner": "Autumn sale"}),
    (Verb.RESTART, "statefulset", KEYCLOAK, NOTHING),
    (Verb.UNDO, "deployment", BACKEND, NOTHING),
    (Verb.CORDON, "node", "prod-node-3", NOTHING),
    (Verb.SCALE, "deployment", FRONTEND, {"replicas": 2}),
    (Verb.UNCORDON, "node", "prod-node-3", NOTHING),
    (Verb.FLAG, "configmap", "aurora-flags", {"banner": "Spring sale"}),
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


async def look(session: Session, service: str) -> str:
    """What the rules find for a service just now, in words; empty where that is nothing."""
    await asyncio.gather(list_slos(session), list_alerts(session))
    reader = SituationReader(session, of_service(session, service, None))
    async with aclosing(reader.read()) as parts:
        async for _ in parts:
            pass
    await reader.close()
    assert not reader.situation.parts[Part.OBJECTS]
    assert reader.situation.pods
    found = diagnose(reader.situation)
    return "\n".join([*(each.words for each in found), *(each.words for each in mitigations(reader.situation, found))])


async def churn(stack: Scene, session: Session, seconds: float) -> None:
    looks = 0
    end = stack.now + seconds
    for verb, kind, name, params in itertools.cycle(CHURN):
        with suppress(Refusal):  # the autoscaler may have been there before
            await stack.act(verb, kind, name, params, follow=False)
        for service in SERVICES:
            stack.pass_time(5)
            said = await look(session, service)
            assert not said, f"{verb} {name}, {looks} looks before: {said}"
            looks += 1
        if stack.now >= end:
            break
    print(f"{looks} looks in {seconds:.0f} s of the stack's time, no finding")


async def test_a_healthy_stack_that_is_never_at_rest_shows_no_fault(tmp_path: Path) -> None:
    async with scene("healthy", tmp_path) as stack:
        sandbox = stack._sandbox
        settings = load_settings(sandbox.config, environ={})
        settings = replace(settings, triage=replace(settings.triage, patience=120.0))  # the machine may be busy
        session = Session(settings, choose(CONTEXT, str(sandbox.kubeconfig)), clock=lambda: stack.now)
        try:
            await churn(stack, session, CHURN_SECONDS)
        finally:
            await session.close()
