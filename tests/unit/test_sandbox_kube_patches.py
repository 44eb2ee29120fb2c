"""Patches and selectors of the sandbox, apart from any server."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_tui.sandbox.kube.patches import PatchFailedError, PatchMalformedError, json_patch, merge_patch
from aurora_tui.sandbox.kube.schedules import next_run
from aurora_tui.sandbox.kube.selectors import SelectorError, matches, parse_labels
from aurora_tui.sandbox.kube.strategic import strategic_merge_patch

Json = dict[str, Any]
POD: Json = {
    "containers": [
        {"name": "web", "image": "web:1", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
        {"name": "log", "image": "log:1", "args": ["-v"]},
    ],
    "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
    "finalizers": ["a", "b"],
}


def containers(patched: Json) -> dict[str, Json]:
    return {each["name"]: each for each in patched["containers"]}


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([{"op": "add", "path": "/a/1", "value": 9}], {"a": [1, 9, 2], "b": {"c/d": 3}}),
        ([{"op": "add", "path": "/a/-", "value": 9}], {"a": [1, 2, 9], "b": {"c/d": 3}}),
        ([{"op": "replace", "path": "/b/c~1d", "value": 9}], {"a": [1, 2], "b": {"c/d": 9}}),
        ([{"op": "remove", "path": "/a/0"}], {"a": [2], "b": {"c/d": 3}}),
        ([{"op": "move", "from": "/a", "path": "/b/e"}], {"b": {"c/d": 3, "e": [1, 2]}}),
        ([{"op": "copy", "from": "/a/0", "path": "/x"}], {"a": [1, 2], "b": {"c/d": 3}, "x": 1}),
        ([{"op": "test", "path": "/a", "value": [1, 2]}], {"a": [1, 2], "b": {"c/d": 3}}),
    ],
)
def test_json_patch_operations(operations: list[Json], expected: Json) -> None:
    document = {"a": [1, 2], "b": {"c/d": 3}}
    assert json_patch(document, operations) == expected
    assert document == {"a": [1, 2], "b": {"c/d": 3}}, "the stored object is not touched"


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "/none", "value": 1},
        {"op": "remove", "path": "/a/7"},
        {"op": "add", "path": "/none/x", "value": 1},
        {"op": "test", "path": "/a/0", "value": True},
    ],
)
def test_json_patch_fails_where_there_is_nothing_to_do_it_to(operation: Json) -> None:
    with pytest.raises(PatchFailedError):
        json_patch({"a": [1]}, [operation])


def test_a_json_patch_is_a_list_of_known_operations() -> None:
    for patch in ({"op": "add"}, [{"op": "burn", "path": "/a"}], [{"op": "add", "path": "/a"}], [1]):
        with pytest.raises(PatchMalformedError):
            json_patch({}, patch)


def test_merge_patch_replaces_lists_and_deletes_with_null() -> None:
    target = {"keep": 1, "drop": 2, "list": [1, 2], "deep": {"a": 1, "b": 2}}
    patch = {"drop": None, "list": [3], "deep": {"b": None, "c": 3}, "new": {"x": None, "y": 1}}
    assert merge_patch(target, patch) == {"keep": 1, "list": [3], "deep": {"a": 1, "c": 3}, "new": {"y": 1}}


json_values = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(max_size=3), json_values, max_size=4), st.dictionaries(st.text(max_size=3), json_values))
def test_a_merge_patch_once_is_a_merge_patch_twice(target: Json, patch: Json) -> None:
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once


def test_strategic_merge_finds_containers_and_variables_by_name() -> None:
    patch = {"containers": [{"name": "web", "image": "web:2", "env": [{"name": "B", "value": "3"}, {"name": "C"}]}]}
    patched = containers(strategic_merge_patch(POD, patch))
    assert patched["web"]["image"] == "web:2" and patched["log"] == POD["containers"][1]
    assert patched["web"]["env"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "3"}, {"name": "C"}]


def test_strategic_merge_directives() -> None:
    gone = strategic_merge_patch(POD, {"containers": [{"name": "log", "$patch": "delete"}]})
    assert list(containers(gone)) == ["web"]
    whole = strategic_merge_patch({"template": POD}, {"template": {"containers": [], "$patch": "replace"}})
    assert whole == {"template": {"containers": []}}
    order = {"$setElementOrder/containers": [{"name": "log"}, {"name": "web"}], "containers": []}
    assert list(containers(strategic_merge_patch(POD, order))) == ["log", "web"]
    recreate = {"strategy": {"type": "Recreate", "$retainKeys": ["type"]}}
    assert strategic_merge_patch(POD, recreate)["strategy"] == {"type": "Recreate"}
    fewer = strategic_merge_patch(POD, {"$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["c"]})
    assert fewer["finalizers"] == ["b", "c"]


def test_strategic_merge_tells_the_ports_of_containers_from_those_of_services() -> None:
    target = {"ports": [{"port": 80, "name": "web"}]}
    patch = {"ports": [{"port": 80, "targetPort": 8080}, {"port": 443}]}
    assert strategic_merge_patch(target, patch)["ports"] == [
        {"port": 80, "name": "web", "targetPort": 8080},
        {"port": 443},
    ]
    with pytest.raises(PatchFailedError):
        strategic_merge_patch(POD, {"containers": [{"image": "nameless"}]})


@pytest.mark.parametrize(
    ("selector", "labels", "chosen"),
    [
        ("", {}, True),
        ("a=1,b==2", {"a": "1", "b": "2"}, True),
        ("a!=1", {}, True),
        ("a!=1", {"a": "1"}, False),
        ("a in (1, 2)", {"a": "2"}, True),
        ("a notin (1,2)", {"a": "1"}, False),
        ("a notin (1,2)", {}, True),
        ("a,!b", {"a": ""}, True),
        ("a,!b", {"a": "", "b": ""}, False),
        ("a=", {"a": ""}, True),
        ("a>3", {"a": "10"}, True),
        ("a<3", {"a": "x"}, False),
        ("example.com/a=1", {"example.com/a": "1"}, True),
    ],
)
def test_label_selectors(selector: str, labels: dict[str, str], chosen: bool) -> None:
    assert matches(parse_labels(selector), labels) is chosen


@pytest.mark.parametrize("selector", ["a===b", "a in 1", "a in (1", "=a", "a,,b", "a>x", "-a=1"])
def test_what_is_no_selector_is_refused(selector: str) -> None:
    with pytest.raises(SelectorError):
        parse_labels(selector)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("0 2 * * *", "02:00"),
        ("*/15 * * * *", "00:30"),
        ("5,20 1-3 * * *", "01:05"),
    ],
)
def test_the_next_run_of_a_schedule(schedule: str, expected: str) -> None:
    midnight = 20_000 * 86_400
    found = next_run(schedule, midnight + 20 * 60)
    assert found is not None
    assert f"{int(found - midnight) // 3600:02}:{int(found - midnight) % 3600 // 60:02}" == expected
