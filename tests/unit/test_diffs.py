"""What a preview shows of a change: the fields, not the noise, and never a secret."""

from __future__ import annotations

import pytest

from aurora_tui.model.diffs import changes
from aurora_tui.model.masking import mask, mask_text, mask_words, secret_name
from tests.unit.fakecluster import Object


def lines(before: Object, after: Object) -> list[str]:
    return [str(line) for line in changes(before, after)]


def container(**fields: object) -> Object:
    return {"spec": {"containers": [{"name": "app", **fields}]}}


def test_what_controllers_and_the_server_keep_for_themselves_is_no_change() -> None:
    annotations = {"deployment.kubernetes.io/revision": "2"}
    meta = {"resourceVersion": "1", "generation": 1, "managedFields": [{}], "annotations": annotations}
    before = {"metadata": meta, "spec": {"replicas": 1}, "status": {"replicas": 1}}
    after = {"metadata": {"resourceVersion": "2", "generation": 2}, "spec": {"replicas": 1}, "status": {}}

    assert lines(before, after) == []


def test_labels_and_annotations_of_the_operator_are_shown() -> None:
    before = {"metadata": {"annotations": {"kubernetes.io/change-cause": "new"}, "labels": {"team": "a"}}}
    after = {"metadata": {"annotations": {}, "labels": {"team": "b"}}}

    assert lines(before, after) == [
        "- metadata.labels.team: a",
        "+ metadata.labels.team: b",
        "- metadata.annotations[kubernetes.io/change-cause]: new",
    ]


def test_list_items_are_told_apart_by_name_not_by_position() -> None:
    before = container(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}])
    after = container(env=[{"name": "NEW", "value": "0"}, {"name": "A", "value": "1"}, {"name": "B", "value": "3"}])

    assert lines(before, after) == [
        "- spec.containers[app].env[B].value: 2",
        "+ spec.containers[app].env[B].value: 3",
        "+ spec.containers[app].env[NEW].name: NEW",
        "+ spec.containers[app].env[NEW].value: 0",
    ]


def test_items_without_a_unique_name_keep_their_position() -> None:
    before, after = container(envFrom=[{"prefix": "A"}]), container(envFrom=[{"prefix": "B"}])
    assert lines(before, after) == [
        "- spec.containers[app].envFrom[0].prefix: A",
        "+ spec.containers[app].envFrom[0].prefix: B",
    ]


def test_values_of_other_types_and_control_characters_are_written_as_json() -> None:
    before = container(args=["--fast"], readinessProbe={"periodSeconds": 5})
    after = container(args=["--fast", "two\nlines"], emptied={})

    assert lines(before, after) == [
        '- spec.containers[app].args: ["--fast"]',
        '+ spec.containers[app].args: ["--fast", "two\\nlines"]',
        "- spec.containers[app].readinessProbe.periodSeconds: 5",
        "+ spec.containers[app].emptied: {}",
    ]


def test_a_changed_secret_shows_that_it_changed_and_nothing_more() -> None:
    before = container(env=[{"name": "API_TOKEN", "value": "abc"}], args=["--password=x1", "--password", "x2"])
    after = container(env=[{"name": "API_TOKEN", "value": "def"}], args=["--password=y1", "--password", "y2"])

    assert lines(before, after) == [
        "- spec.containers[app].env[API_TOKEN].value: (hidden)",
        "+ spec.containers[app].env[API_TOKEN].value: (hidden)",
        '- spec.containers[app].args: ["--password=(hidden)", "--password", "(hidden)"]',
        '+ spec.containers[app].args: ["--password=(hidden)", "--password", "(hidden)"]',
    ]


SECRETS = """
DB_PASSWORD dbPassword PGPASSWORD GITHUB_TOKEN apiKey SECRET
AWS_SECRET_ACCESS_KEY SLACK_WEBHOOK x-auth --api-key
"""
NO_SECRETS = "KEYCLOAK_URL MONKEY TLS_KEY_FILE SECRET_NAME PASSWORD_PATH LOG_LEVEL AUTHOR"


@pytest.mark.parametrize("name", SECRETS.split())
def test_names_of_secrets(name: str) -> None:
    assert secret_name(name)


@pytest.mark.parametrize("name", [*NO_SECRETS.split(), ""])
def test_names_of_other_things(name: str) -> None:
    assert not secret_name(name)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("postgres://aurora:hunter2@db:5432/shop", "postgres://aurora:(hidden)@db:5432/shop"),
        ("jdbc:postgresql://db/shop?user=a&password=hunter2&ssl=on", "jdbc:postgresql://db/shop?user=a&password=(hidden)&ssl=on"),
        ("-Dadmin.password=hunter2 -Xmx1g", "-Dadmin.password=(hidden) -Xmx1g"),
        ("token: 'hunter2 with words'", "token: (hidden)"),
        ("Authorization: Bearer hunter2", "Authorization: (hidden) (hidden)"),
        ("curl -H 'X: Bearer hunter2'", "curl -H 'X: Bearer (hidden)'"),
        ("aurora/backend:2.4.0", "aurora/backend:2.4.0"),
        ("http://keycloak:8080/auth?realm=shop", "http://keycloak:8080/auth?realm=shop"),
    ],
)  # fmt: skip
def test_secrets_inside_a_text_are_hidden_and_the_rest_stays(text: str, masked: str) -> None:
    assert mask_text(text) == masked


def test_a_masked_template_keeps_everything_but_the_secret() -> None:
    pods = container(
        image="web:1",
        command=["run", "--token", "hunter2"],
        env=[
            {"name": "DB_PASSWORD", "value": "hunter2"},
            {"name": "API_TOKEN", "valueFrom": {"secretKeyRef": {"name": "api", "key": "token"}}},
        ],
    )

    assert mask(pods) == container(
        image="web:1",
        command=["run", "--token", "(hidden)"],
        env=[
            {"name": "DB_PASSWORD", "value": "(hidden)"},
            {"name": "API_TOKEN", "valueFrom": {"secretKeyRef": {"name": "api", "key": "token"}}},
        ],
    )
    assert mask_words([1, "--key", "a"]) == [1, "--key", "(hidden)"]
