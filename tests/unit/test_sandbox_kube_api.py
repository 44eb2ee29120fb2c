"""The sandbox's API server: discovery, lists, optimistic writes, dry runs and honest failures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from aiohttp import ClientSession

from tests.unit.kubesandbox import APPS, AURORA, BACKEND, Json, Kube, serving


@pytest.fixture
async def kube() -> AsyncIterator[Kube]:
    async with serving() as started:
        yield started


def names(body: Json) -> list[str]:
    return [item["metadata"]["name"] for item in body["items"]]


async def test_a_missing_or_wrong_token_is_unauthorized_and_health_is_public(kube: Kube) -> None:
    wrong = await kube.get("/api/v1/pods", Authorization="Bearer nobody")
    assert (wrong[0], wrong[1]["kind"], wrong[1]["reason"]) == (401, "Status", "Unauthorized")
    async with ClientSession() as stranger:
        async with stranger.get(f"{kube.sandbox.url}/api/v1/pods") as response:
            assert response.status == 401
        async with stranger.get(f"{kube.sandbox.url}/version") as response:
            assert (await response.json())["gitVersion"].startswith("v1.")


async def test_kubectl_is_let_in_by_the_address_alone_but_not_with_a_wrong_token(kube: Kube) -> None:
    config = msgspec.json.decode(kube.sandbox.kubeconfig(for_kubectl=True))
    address = config["clusters"][0]["cluster"]["server"]
    async with ClientSession() as session:
        async with session.get(f"{address}/api/v1/namespaces/aurora/pods") as response:
            assert response.status == 200
        async with session.get(f"{address}/api/v1/pods", headers={"Authorization": "Bearer nobody"}) as response:
            assert response.status == 401


@pytest.mark.parametrize(
    ("method", "path", "code", "reason"),
    [
        ("GET", "/nothing", 404, "NotFound"),
        ("GET", "/apis/example.com/v1/things", 404, "NotFound"),
        ("GET", "/api/v1/unicorns", 404, "NotFound"),
        ("GET", f"{AURORA}/pods/nobody", 404, "NotFound"),
        ("GET", f"{BACKEND}/unicorn", 404, "NotFound"),
        ("GET", "/openapi/v2", 404, "NotFound"),
        ("GET", "/apis/storage.k8s.io/v1/storageclasses", 501, "NotImplemented"),
        ("GET", "/api/v1/persistentvolumes", 501, "NotImplemented"),
        ("POST", f"{AURORA}/pods/aurora-postgres-0/exec", 400, "BadRequest"),
        ("GET", "/api/v1/namespaces/monitoring/services/prometheus:9090/proxy/", 501, "NotImplemented"),
        ("PUT", f"{APPS}/deployments", 405, "MethodNotAllowed"),
        ("DELETE", "/api/v1/namespaces/aurora", 405, "MethodNotAllowed"),
        ("POST", "/version", 405, "MethodNotAllowed"),
        ("GET", f"{AURORA}/pods?labelSelector=a%3D%3D%3Db", 400, "BadRequest"),
        ("GET", f"{AURORA}/pods?fieldSelector=spec.colour%3Dred", 400, "BadRequest"),
        ("GET", f"{AURORA}/pods?resourceVersion=new", 422, "Invalid"),
        ("GET", f"{AURORA}/pods?resourceVersion=999999999", 504, "Timeout"),
    ],
)
async def test_what_cannot_be_answered_is_a_status(kube: Kube, method: str, path: str, code: int, reason: str) -> None:
    answered, body = await kube.ask(method, path)
    assert (answered, body["kind"], body["status"], body["reason"], body["code"]) == (
        code, "Status", "Failure", reason, code,
    )  # fmt: skip


async def test_discovery_says_the_same_plain_and_aggregated(kube: Kube) -> None:
    plain = await kube.found("/apis/apps/v1")
    rows = {row["name"]: row for row in plain["resources"]}
    assert rows["deployments"]["shortNames"] == ["deploy"]
    assert (rows["deployments/scale"]["group"], rows["deployments/scale"]["kind"]) == ("autoscaling", "Scale")
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    _, whole = await kube.get("/apis", Accept=accept)
    apps = next(item for item in whole["items"] if item["metadata"]["name"] == "apps")
    listed = {each["resource"] for each in apps["versions"][0]["resources"]}
    assert whole["kind"] == "APIGroupDiscoveryList"
    assert listed == {name for name in rows if "/" not in name}


async def test_pages_hold_still_while_they_are_turned(kube: Kube) -> None:
    everything = names(await kube.found("/api/v1/pods"))
    first = await kube.found("/api/v1/pods?limit=10")
    assert first["metadata"]["remainingItemCount"] == len(everything) - 10
    await kube.ask("DELETE", f"{AURORA}/pods/aurora-postgres-2?gracePeriodSeconds=0")
    await kube.patch(f"{BACKEND}/scale", {"spec": {"replicas": 6}})
    kube.pass_time(5)
    turned, token = names(first), first["metadata"]["continue"]
    while token:
        page = await kube.found(f"/api/v1/pods?limit=10&continue={quote(token)}")
        assert page["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
        turned, token = turned + names(page), page["metadata"].get("continue")
    assert turned == everything


async def test_items_of_a_list_carry_no_kind_and_tables_are_what_kubectl_prints(kube: Kube) -> None:
    plain = await kube.found(f"{AURORA}/pods")
    assert "kind" not in plain["items"][0] and plain["kind"] == "PodList"
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
    _, table = await kube.get(f"{AURORA}/pods", Accept=accept)
    headings = [column["name"].upper() for column in table["columnDefinitions"] if not column["priority"]]
    assert headings == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert [row["cells"][0] for row in table["rows"]] == names(plain)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("labelSelector=app%3Daurora-keycloak", ["aurora-keycloak-0", "aurora-keycloak-1"]),
        ("labelSelector=app+in+(aurora-keycloak,x),!nothing", ["aurora-keycloak-0", "aurora-keycloak-1"]),
        ("labelSelector=apps.kubernetes.io/pod-index>1", ["aurora-postgres-2"]),
        ("fieldSelector=metadata.name%3Daurora-postgres-1", ["aurora-postgres-1"]),
        ("labelSelector=app%3Daurora-postgres&fieldSelector=status.phase!%3DRunning", []),
    ],
)
async def test_selectors_choose(kube: Kube, query: str, expected: list[str]) -> None:
    assert names(await kube.found(f"{AURORA}/pods?{query}")) == expected


async def test_a_stale_write_is_a_conflict_and_a_fresh_one_is_not(kube: Kube) -> None:
    deployment = await kube.found(BACKEND)
    await kube.patch(BACKEND, {"metadata": {"labels": {"touched": "yes"}}})
    code, status = await kube.ask("PUT", BACKEND, deployment)
    assert (code, status["reason"]) == (409, "Conflict")
    assert "the object has been modified" in status["message"]
    fresh = await kube.found(BACKEND)
    fresh["spec"]["revisionHistoryLimit"] = 4
    code, stored = await kube.ask("PUT", BACKEND, fresh)
    assert (code, stored["metadata"]["generation"]) == (200, fresh["metadata"]["generation"] + 1)


@pytest.mark.parametrize("fields", [{"uid": "someone-else"}, {"resourceVersion": "1"}])
async def test_deletion_honours_preconditions(kube: Kube, fields: Json) -> None:
    path = f"{AURORA}/configmaps/aurora-config"
    code, status = await kube.ask("DELETE", path, {"preconditions": fields})
    assert (code, status["reason"]) == (409, "Conflict")
    assert (await kube.get(path))[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "change"),
    [
        ("PATCH", BACKEND, {"spec": {"replicas": 7}}),
        ("PATCH", f"{BACKEND}/scale", {"spec": {"replicas": 7}}),
        ("DELETE", f"{AURORA}/pods/aurora-postgres-0", None),
        ("DELETE", BACKEND, None),
    ],
)
async def test_a_dry_run_answers_and_changes_nothing(kube: Kube, method: str, path: str, change: Any) -> None:
    before = await kube.found(path)
    code, told = (
        await kube.ask(method, f"{path}?dryRun=All", change, Content_Type="application/merge-patch+json")
        if (method == "PATCH")
        else await kube.ask(method, f"{path}?dryRun=All")
    )
    assert code == 200
    assert change is None or told["spec"]["replicas"] == 7
    kube.pass_time(1)
    after = await kube.found(path)
    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    assert "deletionTimestamp" not in after["metadata"]


async def test_an_unknown_kind_of_dry_run_is_refused_rather_than_done(kube: Kube) -> None:
    code, _ = await kube.patch(f"{BACKEND}?dryRun=Some", {"spec": {"replicas": 7}})
    assert code == 400
    assert (await kube.found(BACKEND))["spec"]["replicas"] == 3


@pytest.mark.parametrize(
    ("path", "patch", "field"),
    [
        (BACKEND, {"spec": {"replicas": -1}}, "spec.replicas"),
        (f"{BACKEND}/scale", {"spec": {"replicas": -1}}, "spec.replicas"),
        (BACKEND, {"spec": {"selector": {"matchLabels": {"app": "other"}}}}, "spec.selector"),
        (BACKEND, {"spec": {"template": {"spec": {"containers": []}}}}, "spec.template.spec.containers"),
        (f"{APPS}/statefulsets/aurora-postgres", {"spec": {"serviceName": "x"}}, "spec"),
        (f"{AURORA}/pods/aurora-postgres-0", {"spec": {"nodeName": "elsewhere"}}, "spec"),
    ],
)
async def test_invalid_edits_name_the_field(kube: Kube, path: str, patch: Json, field: str) -> None:
    code, status = await kube.patch(path, patch)
    assert (code, status["reason"]) == (422, "Invalid")
    assert field in [cause["field"] for cause in status["details"]["causes"]]
    assert "is invalid" in status["message"]


async def test_what_cannot_be_decoded_is_a_bad_request(kube: Kube) -> None:
    patches: tuple[Json, ...] = (
        {"spec": {"replicas": "three"}},
        {"metadata": {"labels": {"a": 1}}},
        {"spec": []},
    )
    for patch in patches:
        assert (await kube.patch(BACKEND, patch))[0] == 400


async def test_json_patch_tests_before_it_writes(kube: Kube) -> None:
    replace = {"op": "replace", "path": "/spec/replicas", "value": 5}
    refused, status = await kube.patch(
        BACKEND, [{"op": "test", "path": "/spec/replicas", "value": 4}, replace], "json-patch"
    )
    assert (refused, status["reason"]) == (422, "Invalid")
    code, stored = await kube.patch(
        BACKEND, [{"op": "test", "path": "/spec/replicas", "value": 3}, replace], "json-patch"
    )
    assert (code, stored["spec"]["replicas"]) == (200, 5)


async def test_server_side_apply_and_yaml_are_unsupported_media(kube: Kube) -> None:
    for kind in ("application/apply-patch+yaml", "application/yaml"):
        code, status = await kube.ask("PATCH", BACKEND, {}, Content_Type=kind)
        assert (code, status["reason"]) == (415, "UnsupportedMediaType")


async def test_scale_is_guarded_and_sets_replicas(kube: Kube) -> None:
    scale = await kube.found(f"{BACKEND}/scale")
    assert (scale["kind"], scale["spec"]["replicas"]) == ("Scale", 3)
    assert scale["status"] == {"replicas": 3, "selector": "app=aurora-backend"}
    await kube.patch(BACKEND, {"metadata": {"labels": {"touched": "yes"}}})
    assert (await kube.ask("PUT", f"{BACKEND}/scale", scale))[0] == 409
    code, told = await kube.patch(f"{BACKEND}/scale", {"spec": {"replicas": 4}})
    assert (code, told["spec"]["replicas"]) == (200, 4)


async def test_creation_needs_a_namespace_a_new_name_and_the_right_kind(kube: Kube) -> None:
    config: Json = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "fresh"}, "data": {"a": "b"}}
    assert (await kube.ask("POST", "/api/v1/namespaces/nowhere/configmaps", config))[0] == 404
    assert (await kube.ask("POST", f"{AURORA}/secrets", config))[0] == 400
    code, stored = await kube.ask("POST", f"{AURORA}/configmaps", config)
    assert code == 201 and stored["metadata"]["uid"]
    code, status = await kube.ask("POST", f"{AURORA}/configmaps", config)
    assert (code, status["reason"]) == (409, "AlreadyExists")


async def test_the_operator_may_do_everything_and_is_told_so(kube: Kube) -> None:
    review = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    body: Json = {"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1"}
    asked = {"resourceAttributes": {"verb": "patch", "resource": "deployments", "group": "apps"}}
    code, answer = await kube.ask("POST", review, {**body, "spec": asked})
    assert (code, answer["status"], answer["spec"]) == (201, {"allowed": True}, asked)
    assert (await kube.ask("POST", review, {**body, "spec": {}}))[0] == 400
    whoami: Json = {"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"}
    _, answer = await kube.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", whoami)
    assert answer["status"]["userInfo"]["username"] == "demo-operator"


@pytest.mark.parametrize(
    ("verb", "group", "resource", "namespace", "viewer", "developer"),
    [
        ("list", "", "pods", "aurora", True, True),
        ("watch", "apps", "deployments", "", True, True),
        ("get", "", "nodes", "", False, False),
        ("get", "", "secrets", "aurora", False, False),
        ("get", "", "secrets", "monitoring", False, True),
        ("patch", "apps", "daemonsets", "monitoring", False, True),
        ("patch", "apps", "daemonsets", "aurora", False, False),
        ("patch", "apps", "deployments", "", False, False),
        ("patch", "", "nodes", "", False, False),
        ("delete", "", "pods", "monitoring", False, True),
    ],
)
async def test_users_may_do_what_their_roles_allow_and_are_told_so(
    kube: Kube, verb: str, group: str, resource: str, namespace: str, viewer: bool, developer: bool
) -> None:
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    asked = {"verb": verb, "group": group, "resource": resource, "namespace": namespace}
    body = {"kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": asked}}
    for context, allowed in (("viewer", viewer), ("developer", developer)):
        _, answer = await kube.ask("POST", path, body, Authorization=f"Bearer {token(kube, context)}")
        assert answer["status"] == {"allowed": allowed}, context


async def test_what_a_user_may_not_do_is_forbidden_in_the_servers_words(kube: Kube) -> None:
    viewer = f"Bearer {token(kube, 'viewer')}"
    code, status = await kube.ask(
        "PATCH", f"{BACKEND}/scale?dryRun=All", {"spec": {"replicas": 0}},
        Authorization=viewer, Content_Type="application/merge-patch+json",
    )  # fmt: skip
    assert (code, status["reason"]) == (403, "Forbidden")
    assert status["message"] == (
        'deployments.apps "aurora-backend" is forbidden: User "demo-viewer" cannot patch resource '
        '"deployments/scale" in API group "apps" in the namespace "aurora"'
    )
    code, status = await kube.get("/api/v1/nodes", Authorization=viewer)
    assert status["message"] == (
        'nodes is forbidden: User "demo-viewer" cannot list resource "nodes" in API group "" at the cluster scope'
    )
    assert (await kube.get("/api/v1/pods", Authorization=viewer))[0] == 200


async def test_the_rules_of_a_namespace_are_told(kube: Kube) -> None:
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    body: Json = {"kind": "SelfSubjectRulesReview", "spec": {"namespace": "monitoring"}}
    developer = f"Bearer {token(kube, 'developer')}"
    code, answer = await kube.ask("POST", path, body, Authorization=developer)
    rules = {rule["resources"][0]: rule["verbs"] for rule in answer["status"]["resourceRules"]}
    assert (code, answer["status"]["incomplete"]) == (201, False)
    assert "patch" in rules["daemonsets"]
    assert "nodes" not in rules
    assert (await kube.ask("POST", path, {**body, "spec": {}}, Authorization=developer))[0] == 400


def token(kube: Kube, context: str) -> str:
    config = msgspec.json.decode(kube.sandbox.kubeconfig())
    (user,) = [each["context"]["user"] for each in config["contexts"] if each["name"] == context]
    (found,) = [each["user"]["token"] for each in config["users"] if each["name"] == user]
    return str(found)


async def test_usage_is_measured_for_running_pods_only(kube: Kube) -> None:
    metrics = await kube.found("/apis/metrics.k8s.io/v1beta1/namespaces/aurora/pods")
    running = names(await kube.found(f"{AURORA}/pods?fieldSelector=status.phase%3DRunning"))
    assert names(metrics) == running
    usage = metrics["items"][0]["containers"][0]["usage"]
    assert usage["cpu"].endswith("n") and usage["memory"].endswith("Ki")
    assert len((await kube.found("/apis/metrics.k8s.io/v1beta1/nodes"))["items"]) == 3


async def test_secrets_are_kept_encoded(kube: Kube) -> None:
    secret = await kube.found(f"{AURORA}/secrets/aurora-secrets")
    assert set(secret["data"]) == {"database-password", "keycloak-admin-password", "jwt-secret"}
    assert "stringData" not in secret
