"""Each scenario from its first alert to the verified mitigation: what is suggested first, and with how many keys."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from aurora_tui.app import AuroraApp
from aurora_tui.cluster.kubeconfig import choose
from aurora_tui.folders import state_dir
from aurora_tui.journal import Journal
from aurora_tui.model.actions import Recovery, Verb
from aurora_tui.model.findings import Cause, Mitigation, Procedure
from aurora_tui.model.frozen import replace
from aurora_tui.sandbox.stack import CONTEXT
from aurora_tui.session import Session
from aurora_tui.settings import load_settings
from tests.pilot.console import PATIENCE, Console
from tests.unit.scenarios.scene import BACKEND, POSTGRES, Scene, scene
from widgets.actiondialog import ActionDialog
from widgets.mitigations import MitigationsScreen

MOST_KEYS = 6
"""Besides the context's name and the reason, which are typed."""


class Operator:
    """Who knows no names: presses keys, which are counted, and types what is asked."""

    def __init__(self, console: Console, stack: Scene) -> None:
        self.console = console
        self.stack = stack
        self.keys = 0

    async def press(self, key: str) -> None:
        self.keys += 1
        await self.console.press(key)

    async def offers(self) -> list[Mitigation]:
        """`m` on what the program begins with, and what it offers once all is read."""
        app = self.console.app
        await self.console.until(lambda: app.alerts_pane.alert() is not None and app.active is app.alerts_pane)
        await self.press("m")
        await self.console.until(lambda: isinstance(app.screen, MitigationsScreen))
        screen = app.screen
        assert isinstance(screen, MitigationsScreen)
        case = app._shown_by[screen]
        await self.console.until(lambda: case.read_at is not None and screen.grid.visible_count > 0)
        return screen.grid.visible_rows()

    async def carry_out(self) -> None:
        """The first suggestion, from its preview to its verdict; time passes for the stack meanwhile."""
        await self.press("enter")
        await self.console.until(lambda: isinstance(self.console.app.screen, ActionDialog))
        await self.console.type(CONTEXT)
        await self.press("enter")
        await self.console.type("OPS-1")
        await self.console.until(f"context {CONTEXT} · ")
        await self.press("enter")
        await self.console.until("done: ")

        looks = itertools.count()

        def verified() -> bool:
            # The servers share this process: they must come to answer between the steps of their time.
            if next(looks) % 10 == 0:
                self.stack.pass_time(5)
            (entry, *_) = Journal(state_dir()).entries()
            return entry.verdict is not None

        await self.console.until(verified)


@asynccontextmanager
async def operating(name: str, folder: Path) -> AsyncIterator[Operator]:
    """The console on a scenario under the test's clock."""
    async with scene(name, folder) as stack:
        sandbox = stack._sandbox
        settings = load_settings(sandbox.config, environ={})
        # Servers and console share one process here, and the machine may be busy.
        settings = replace(settings, triage=replace(settings.triage, patience=PATIENCE))
        session = Session(settings, choose(CONTEXT, str(sandbox.kubeconfig)), clock=lambda: stack.now)
        app = AuroraApp(session)
        async with app.run_test(size=(160, 48), notifications=True) as pilot:
            console = Console(app, pilot)
            await console.until("● kube  ● slos  ● alerts")
            yield Operator(console, stack)


@dataclass(frozen=True)
class Expected:
    """What is to be suggested first."""

    verb: Verb
    about: str
    cause: Cause
    parameters: Mapping[str, Any] = field(default_factory=dict)
    recovers: bool = True
    """Whether it alone brings the users' service back."""
    followed: bool = True
    """Whether that is waited for: what moves no pods is settled at once."""


EXPECTED = {
    "bad-release": Expected(Verb.UNDO, f"deployment/{BACKEND}", Cause.BAD_RELEASE),
    "crash-loop": Expected(Verb.UNDO, f"deployment/{BACKEND}", Cause.BAD_RELEASE),
    "oom": Expected(Verb.UNDO, f"deployment/{BACKEND}", Cause.BAD_RELEASE),
    "saturation": Expected(Verb.SCALE, f"deployment/{BACKEND}", Cause.SATURATION, {"replicas": 6}),
    "dependency-down": Expected(Verb.DELETE, f"pod/{POSTGRES}-0", Cause.CRASH_LOOP),
    "config-edit": Expected(Verb.FLAG, "configmap/aurora-flags", Cause.CONFIG_EDIT, {"db-pool-size": "20"}),
    # What ran on it has to be started elsewhere as well: the next test does.
    "node-lost": Expected(Verb.CORDON, "node/prod-node-1", Cause.NODE, recovers=False, followed=False),
    "slow-release-canary": Expected(Verb.SCALE, f"deployment/{BACKEND}-canary", Cause.CANARY, {"replicas": 0}),
    "noisy-neighbour": Expected(Verb.PAUSE, "cronjob/aurora-reports", Cause.NEIGHBOUR, followed=False),
}


NEVER = {
    "saturation": (Verb.UNDO,),
    "dependency-down": (Verb.UNDO, Verb.RESTART, Verb.SCALE),
    "config-edit": (Verb.UNDO, Verb.SCALE),
    "node-lost": (Verb.UNDO, Verb.RESTART),
    "slow-release-canary": (Verb.UNDO, Verb.RESTART),
    "noisy-neighbour": (Verb.UNDO, Verb.RESTART),
}
"""What does not mend it, and only does more harm to the backend."""


@pytest.mark.parametrize("name", EXPECTED)
async def test_from_the_first_alert_to_the_verified_mitigation(name: str, tmp_path: Path) -> None:
    wanted = EXPECTED[name]
    async with operating(name, tmp_path) as operator:
        offers = await operator.offers()
        told = [(each.verb, str(each.ref), each.cause) for each in offers]
        assert told[0] == (wanted.verb, wanted.about, wanted.cause), told
        assert dict(offers[0].parameters) == wanted.parameters
        done = {(each.verb, str(ref)) for each in offers if each.verb for ref in (each.ref, *each.also)}
        wrong = [
            (verb, about) for verb, about in done if about == f"deployment/{BACKEND}" and verb in NEVER.get(name, ())
        ]
        assert not wrong, "not even as the last resort"
        await operator.carry_out()
        assert operator.keys <= MOST_KEYS

        (entry,) = Journal(state_dir()).entries()
        assert (entry.action.verb, str(entry.action.target), entry.outcome) == (wanted.verb, wanted.about, "done")
        assert entry.verdict is not None
        assert (entry.verdict.sli is Recovery.RECOVERED) is wanted.followed
        if wanted.recovers:
            await operator.stack.recovers()


async def test_a_lost_node_is_closed_and_then_what_it_held_is_started_elsewhere(tmp_path: Path) -> None:
    async with operating("node-lost", tmp_path) as operator:
        console = operator.console
        offers = await operator.offers()
        assert [(each.verb, str(each.ref)) for each in offers if each.ref and each.ref.kind == "Node"] == [
            (Verb.CORDON, "node/prod-node-1"),
            (Procedure.DRAIN, "node/prod-node-1"),
        ]
        await operator.carry_out()
        await console.until("✔ unschedulable is true", "! users still suffer: backend availability: ")
        await console.until(
            "! next: delete the 2 pods lost with node/prod-node-1: made anew elsewhere (escape leads there)"
        )
        await operator.press("escape")
        # Its own budget lets none of the backend's pods be drained: one of three is ready, and it wants two.
        await console.until("1  delete the 2 pods lost with node/prod-node-1", "2  drain node/prod-node-1")
        await operator.press("enter")
        await console.until("Delete 2 pods", "all at once")
        await console.type(CONTEXT)
        await operator.press("enter")
        await console.type("OPS-1")
        await operator.press("enter")
        await console.until(lambda: sum(each.outcome == "done" for each in Journal(state_dir()).entries()) == 3)
        assert operator.keys <= MOST_KEYS + 4, "three more for the second confirmation, one to come back"
        await operator.stack.recovers()
        done = [(each.action.verb, each.action.target.kind) for each in Journal(state_dir()).entries()]
        assert sorted(done) == [(Verb.CORDON, "Node"), (Verb.DELETE, "Pod"), (Verb.DELETE, "Pod")]


async def test_a_drain_is_previewed_from_the_suggestions_and_comes_back_to_them(tmp_path: Path) -> None:
    async with operating("node-lost", tmp_path) as operator:
        console = operator.console
        await operator.offers()
        await console.press("j", "j", "enter")
        await console.until("Drain node/prod-node-1", "cordons node/prod-node-1 and evicts 7 pods from it")
        await console.press("escape")
        await console.until(lambda: isinstance(console.app.screen, MitigationsScreen))
    assert Journal(state_dir()).entries() == []


async def test_an_expired_certificate_is_advice_and_nothing_is_touched(tmp_path: Path) -> None:
    async with operating("expired-cert", tmp_path) as operator:
        offers = await operator.offers()
        assert (offers[0].verb, offers[0].cause) == (None, Cause.CERTIFICATE)
        assert offers[0].words.startswith("renew the certificate")
        await operator.press("enter")
        await operator.console.until("nothing to confirm: advice")
    assert Journal(state_dir()).entries() == []


async def test_with_two_faults_at_once_both_are_shown(tmp_path: Path) -> None:
    async with operating("two-faults", tmp_path) as operator:
        offers = await operator.offers()
        told = {(each.verb, str(each.ref)) for each in offers}
        assert (Verb.UNDO, f"deployment/{BACKEND}") in told, told
        assert any(POSTGRES in about for _, about in told), told


async def test_a_healthy_stack_suggests_nothing(tmp_path: Path) -> None:
    async with operating("healthy", tmp_path) as operator:
        for service in ("backend", "frontend", "keycloak", "postgres"):
            await operator.console.command(f"triage {service}")
            await operator.console.until(f"Triage  {service} ", "nothing to mend")
            await operator.console.press("escape")
