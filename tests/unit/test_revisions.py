"""The history of a workload: which revisions belong to it, what they mean, and where an undo goes."""

from __future__ import annotations

import pytest

from aurora_tui.model import revisions
from aurora_tui.model.selectors import selector_matches, selector_text
from tests.unit.fakecluster import Object

OWNER: Object = {"metadata": {"name": "web", "uid": "u1"}}


def replicaset(name: str, revision: str | None, *, owner: str = "u1", image: str = "web:1") -> Object:
    annotations = {} if revision is None else {revisions.REVISION_ANNOTATION: revision}
    reference = {"uid": owner, "controller": True}
    meta = {"name": name, "annotations": annotations, "ownerReferences": [reference]}
    pods = {
        "metadata": {"labels": {"app": "web", "pod-template-hash": name}},
        "spec": {"containers": [{"name": "c", "image": image}]},
    }
    return {"metadata": meta, "spec": {"template": pods}}


def test_revisions_are_sorted_by_number_and_strangers_left_out() -> None:
    owned = [
        replicaset("c", "10"), replicaset("a", "2"), replicaset("b", "9"), replicaset("x", "11", owner="u2"),
        replicaset("unnumbered", None), replicaset("garbled", "ten"),
    ]  # fmt: skip

    history = revisions.from_replicasets(OWNER, owned)

    assert [(each.number, each.keeper) for each in history] == [
        (0, "unnumbered"),
        (2, "a"),
        (9, "b"),
        (10, "c"),
    ]
    before_last = revisions.before_last(history)
    assert before_last is not None
    assert before_last.keeper == "b"


def test_a_template_is_the_same_whatever_its_hash_and_its_empty_fields() -> None:
    kept = {
        "$patch": "replace",
        "metadata": {
            "creationTimestamp": None,
            "labels": {"app": "web", "pod-template-hash": "abc"},
            "annotations": {},
        },
        "spec": {"containers": [{"name": "c", "image": "web:1", "env": []}], "volumes": None},
    }
    live = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "web:1"}]}}

    assert revisions.same_template(kept, live)


@pytest.mark.parametrize(
    "other",
    [
        {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "web:2"}]}},
        {"metadata": {"labels": {"app": "api"}}, "spec": {"containers": [{"name": "c", "image": "web:1"}]}},
        {"spec": {"containers": [{"name": "c", "image": "web:1"}]}},
        # A pointer to an empty struct is not the absence of one.
        {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "c", "image": "web:1", "securityContext": {}}]},
        },
    ],
)
def test_a_template_with_another_value_is_another(other: Object) -> None:
    live = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "web:1"}]}}
    assert not revisions.same_template(live, other)


def test_the_live_revision_is_the_newest_with_the_template() -> None:
    owned = [
        replicaset("a", "1", image="web:1"),
        replicaset("b", "2", image="web:2"),
        replicaset("c", "3", image="web:1"),
    ]
    history = revisions.from_replicasets(OWNER, owned)
    live = revisions.live(history, {"spec": {"template": revisions.unhashed(owned[0]["spec"]["template"])}})
    assert live is not None
    assert live.number == 3


def test_an_undo_keeps_the_deployments_bookkeeping_and_takes_the_rest_from_the_revision() -> None:
    current = {"deployment.kubernetes.io/revision": "3", "kubernetes.io/change-cause": "new", "team": "shop"}
    kept = {
        "deployment.kubernetes.io/revision": "2",
        "deployment.kubernetes.io/desired-replicas": "3",
        "kubernetes.io/change-cause": "old",
    }

    assert revisions.rollback_annotations(current, kept) == {
        "deployment.kubernetes.io/revision": "3",
        "kubernetes.io/change-cause": "old",
    }


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"c": "web:2.4.1"}, {"c": "web:2.4.0"}, ("2.4.1", "2.4.0")),
        ({"c": "host:5000/web"}, {"c": "host:5000/web:1"}, ("latest", "1")),
        ({"c": "web:1"}, {"c": "api:1"}, ("web:1", "api:1")),
        ({"c": "web@sha256:0123456789abcdef"}, {"c": "web:1"}, ("sha256:0123456789ab", "1")),
        ({"c": "web:1", "p": "envoy:1"}, {"c": "web:2", "p": "envoy:2"}, ("c 1, p 1", "c 2, p 2")),
        ({"c": "web:1"}, {"c": "web:1", "p": "envoy:2"}, ("", "p 2")),
        ({"c": "web:1"}, {"c": "web:1"}, ("", "")),
    ],
)
def test_versions_say_what_tells_two_releases_apart(
    before: dict[str, str], after: dict[str, str], expected: tuple[str, str]
) -> None:
    def pods(images: dict[str, str]) -> Object:
        return {"spec": {"containers": [{"name": name, "image": image} for name, image in images.items()]}}

    assert revisions.versions(pods(before), pods(after)) == expected


def test_annotations_return_as_they_were_told_and_hidden_ones_as_the_revision_has_them() -> None:
    long = "x" * 300
    before = {"cause": "three", "api-token": "hunter2", "long": long, "empty": "", revisions.REVISION_ANNOTATION: "3"}

    told = revisions.told_annotations(before)

    assert told == {"cause": "three", "api-token": "(hidden)", "long": "(hidden)", "empty": ""}
    rolled_back = {"cause": "two", "added": "since", "long": long, revisions.REVISION_ANNOTATION: "4"}
    assert revisions.returned_annotations(rolled_back, told) == {
        "cause": "three", "long": long, "empty": "", revisions.REVISION_ANNOTATION: "4",
    }  # fmt: skip


SELECTOR = {
    "matchLabels": {"app": "web"},
    "matchExpressions": [
        {"key": "tier", "operator": "In", "values": ["a", "b"]},
        {"key": "track", "operator": "NotIn", "values": ["canary"]},
        {"key": "team", "operator": "Exists"},
        {"key": "old", "operator": "DoesNotExist"},
    ],
}


def test_a_selector_is_written_as_the_api_reads_it() -> None:
    assert selector_text(SELECTOR) == "app=web,tier in (a,b),track notin (canary),team,!old"


@pytest.mark.parametrize(
    ("labels", "matches"),
    [
        ({"app": "web", "tier": "a", "team": "x"}, True),
        ({"app": "web", "tier": "a", "team": "x", "track": "canary"}, False),
        ({"app": "web", "tier": "c", "team": "x"}, False),
        ({"app": "web", "tier": "a"}, False),
        ({"app": "web", "tier": "a", "team": "x", "old": ""}, False),
        ({"tier": "a", "team": "x"}, False),
    ],
)
def test_a_selector_matches_labels_by_all_its_terms(labels: dict[str, str], matches: bool) -> None:
    assert selector_matches(SELECTOR, labels) is matches
