"""What is asked of RBAC, how often, and what is known without waiting."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from aurora_tui import sending
from aurora_tui.actions import ActionPath
from aurora_tui.cluster.errors import UnreachableError
from aurora_tui.cluster.protocol import Permission
from aurora_tui.cluster.resources import CRONJOBS, DEPLOYMENTS, JOBS, PODS, Resource
from aurora_tui.journal import Journal
from aurora_tui.model.actions import Verb
from aurora_tui.model.selection import ObjectRef
from aurora_tui.rights import ASK_AGAIN, AT_ONCE, FORGET, Need, Rights, need_of
from aurora_tui.verbs import VERBS
from tests.unit.fakecluster import FakeCluster
from tests.unit.rolloutobjects import NAME, NAMESPACE
from tests.unit.verbcases import CASES, Case

PATCH = Need("patch", DEPLOYMENTS, "aurora", "web")
OTHER = Need("patch", DEPLOYMENTS, "aurora", "api")
SCALE = Need("patch", DEPLOYMENTS, "aurora", "web", "scale")


class Asked(FakeCluster):
    """Notes every question; `grants` are objects that a Role grants by name."""

    def __init__(self) -> None:
        super().__init__()
        self.questions: list[str] = []
        self.grants: frozenset[str] | None = None
        self.at_once = 0
        self._under_way = 0

    async def may(
        self, verb: str, resource: Resource, namespace: str | None, name: str = "", subresource: str = ""
    ) -> Permission:
        self.questions.append(" ".join(filter(None, (verb, resource.plural, subresource, namespace, name))))
        self._under_way += 1
        self.at_once = max(self.at_once, self._under_way)
        await asyncio.sleep(0)
        self._under_way -= 1
        if name and self.grants and name in self.grants:
            return Permission(True)
        return await super().may(verb, resource, namespace, name, subresource)

    async def names_matter(self, namespace: str | None) -> bool:
        await super().names_matter(namespace)
        self.questions.append(f"rules {namespace}")
        return self.grants is not None


class Now:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def cluster() -> Asked:
    return Asked()


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def rights(cluster: Asked, now: Now) -> Rights:
    return Rights(cluster, now)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_verb_says_beforehand_what_its_request_then_needs(case: Case, tmp_path: Path) -> None:
    path = ActionPath(case.make(), Journal(tmp_path), protected=False, read_only=False, clock=lambda: 1e9)

    plan = await case.plan(path)

    verb, resource, subresource = sending.right(case.resource, plan.request)
    name = NAME if resource is case.resource else ""
    namespace = NAMESPACE if resource.namespaced else ""
    ref = ObjectRef(case.resource.kind, namespace or None, NAME)
    assert need_of(case.verb, ref) == Need(verb, resource, namespace, name, subresource)


def test_every_verb_is_among_the_cases() -> None:
    assert {case.verb for case in CASES} == VERBS.keys()


def test_what_a_verb_makes_is_asked_for_in_place_of_its_target() -> None:
    assert need_of(Verb.TRIGGER, ObjectRef("CronJob", "aurora", "backup")) == Need("create", JOBS, "aurora")


def test_a_verb_that_does_not_apply_to_a_kind_needs_nothing_there() -> None:
    assert need_of(Verb.SCALE, ObjectRef("DaemonSet", "aurora", "agent")) is None


async def test_nothing_is_denied_before_it_was_asked(rights: Rights) -> None:
    assert rights.denial(PATCH) == ""
    assert rights.wants(PATCH)


async def test_what_is_allowed_is_asked_once_for_all_objects_of_a_kind(rights: Rights, cluster: Asked) -> None:
    await rights.ask([PATCH, OTHER])
    await rights.ask([PATCH])

    assert cluster.questions == ["patch deployments aurora"]
    assert (rights.denial(PATCH), rights.denial(OTHER), rights.wants(OTHER)) == ("", "", False)


async def test_a_denial_is_told_in_words_with_the_servers_reason(rights: Rights, cluster: Asked) -> None:
    cluster.denied["patch", "deployments", "scale"] = "viewers only look"

    await rights.ask([PATCH, SCALE])

    words = "you may not patch deployments.apps/scale in namespace aurora: viewers only look"
    assert (rights.denial(PATCH), rights.denial(SCALE)) == ("", words)


async def test_a_denial_holds_for_all_objects_where_no_role_names_any(rights: Rights, cluster: Asked) -> None:
    cluster.denied["patch", "deployments", ""] = ""

    await rights.ask([PATCH, OTHER])

    assert sorted(cluster.questions) == ["patch deployments aurora", "rules aurora"]
    assert rights.denial(OTHER) == "you may not patch deployments.apps in namespace aurora"
    assert not rights.wants(Need("patch", DEPLOYMENTS, "aurora", "yet another"))


async def test_where_a_role_names_objects_each_is_asked_for_and_unknown_until_then(
    rights: Rights, cluster: Asked
) -> None:
    cluster.denied["patch", "deployments", ""] = ""
    cluster.grants = frozenset({"web"})

    await rights.ask([PATCH])

    assert (rights.denial(PATCH), rights.denial(OTHER), rights.wants(OTHER)) == ("", "", True)
    await rights.ask([OTHER])
    assert rights.denial(OTHER) == "you may not patch deployments.apps in namespace aurora"
    assert cluster.questions == [
        "patch deployments aurora", "rules aurora", "patch deployments aurora web", "patch deployments aurora api",
    ]  # fmt: skip


async def test_what_cannot_be_asked_is_not_denied_and_not_asked_again_at_once(rights: Rights, cluster: Asked) -> None:
    cluster.fail("may", UnreachableError("connection refused"))

    await rights.ask([PATCH])

    assert (rights.denial(PATCH), rights.wants(PATCH)) == ("", False)


async def test_where_the_rules_cannot_be_asked_for_the_object_is(rights: Rights, cluster: Asked) -> None:
    cluster.denied["patch", "deployments", ""] = ""
    cluster.fail("names", UnreachableError("connection refused"))

    await rights.ask([PATCH])

    assert "patch deployments aurora web" in cluster.questions
    assert rights.denial(PATCH)


async def test_an_answer_is_asked_for_again_after_a_while_and_holds_until_then(
    rights: Rights, cluster: Asked, now: Now
) -> None:
    cluster.denied["patch", "deployments", ""] = ""
    await rights.ask([PATCH])

    now.seconds += ASK_AGAIN
    assert (bool(rights.denial(PATCH)), rights.wants(PATCH)) == (True, True)
    del cluster.denied["patch", "deployments", ""]
    await rights.ask([PATCH])

    assert (rights.denial(PATCH), rights.wants(PATCH)) == ("", False)


async def test_an_old_answer_counts_no_longer(rights: Rights, cluster: Asked, now: Now) -> None:
    cluster.denied["patch", "deployments", ""] = ""
    await rights.ask([PATCH])

    now.seconds += FORGET

    assert rights.denial(PATCH) == ""


async def test_what_is_forgotten_is_asked_again(rights: Rights, cluster: Asked) -> None:
    cluster.denied["patch", "deployments", ""] = ""
    await rights.ask([PATCH])

    rights.forget()

    assert (rights.denial(PATCH), rights.wants(PATCH)) == ("", True)


async def test_the_server_is_asked_a_few_questions_at_a_time(rights: Rights, cluster: Asked) -> None:
    kinds = (PODS, DEPLOYMENTS, CRONJOBS, JOBS)

    await rights.ask([Need(verb, kind, "aurora") for kind in kinds for verb in ("patch", "delete", "create")])

    assert (len(cluster.questions), cluster.at_once) == (12, AT_ONCE)
