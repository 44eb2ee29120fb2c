"""Two faults at once: each shows as it does alone, and only both mitigations together mend it."""

from __future__ import annotations

from aurora_tui.model.actions import Verb
from tests.unit.scenarios import test_crash_loop, test_dependency_down
from tests.unit.scenarios.scene import BACKEND, Scene

NAME = "two-faults"


async def test_each_shows_as_it_does_alone(stack: Scene) -> None:
    seen = {**await test_crash_loop.symptoms(stack), **await test_dependency_down.symptoms(stack)}

    assert {words for words, there in seen.items() if not there} == set()


async def test_one_mitigation_alone_is_not_enough(stack: Scene) -> None:
    await stack.act(Verb.UNDO, "deployment", BACKEND)
    stack.pass_time(90)

    assert await stack.errors() > 0.7
    await stack.act(Verb.DELETE, "pod", test_dependency_down.POD)
    await stack.recovers()
