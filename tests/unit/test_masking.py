"""Secrets in texts and objects: hidden by name and by form, and what stands around them can still be read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_tui.model.describe import describe
from aurora_tui.model.diffs import changes
from aurora_tui.model.masking import mask, mask_text
from aurora_tui.model.redaction import LAST_APPLIED
from aurora_tui.model.yamlview import to_yaml

SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlaz"
DISCORD = "https://discord.com/api/webhooks/123/abcDEF"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ('{"password":"hunter2","user":"bob"}', '{"password":"(hidden)","user":"bob"}'),
        ('{"token": "abc", "n": 1}', '{"token": "(hidden)", "n": 1}'),
        ('{"pin_token":1234}', '{"pin_token":"(hidden)"}'),
        ('{"tokens":["abc","def"],"n":1}', '{"tokens":"(hidden)","n":1}'),
        ('{"password":"pa\\"ss","user":"bob"}', '{"password":"(hidden)","user":"bob"}'),
        ('{"m":"{\\"password\\":\\"hunter2\\"}"}', '{"m":"{\\"password\\":\\"(hidden)\\"}"}'),
        ('{"m":"password=hunter2","n":1}', '{"m":"password=(hidden)","n":1}'),
        ('{"m":"{\\"m\\":\\"password=hunter2\\"}"}', '{"m":"{\\"m\\":\\"password=(hidden)\\"}"}'),
        ('cut off: {"password":"hunt', 'cut off: {"password":"(hidden)"'),
        ("{'password': 'hunter2'}", "{'password': '(hidden)'}"),
        ('{"credentials":{"user":"bob","pass":"swordfish"}}', '{"credentials":{"user":"bob","pass":"(hidden)"}}'),
        ('{"key":"shop/web","auth":"off","token":null}', '{"key":"shop/web","auth":"off","token":null}'),
        ('{"secretKeyRef":{"name":"db","key":"token"}}', '{"secretKeyRef":{"name":"db","key":"token"}}'),
        ('{"to":"http://web:80","user":"bob@shop"}', '{"to":"http://web:80","user":"bob@shop"}'),
        ("Map{password=hunter2} (token=abc)", "Map{password=(hidden)} (token=(hidden))"),
        ("password={noop}hunter2 x", "password=(hidden) x"),
        ("password=a,b,user=c password=d, e", "password=(hidden),user=c password=(hidden), e"),
        ("secret:\n  password: hunter2\n  user: bob", "secret:\n  password: (hidden)\n  user: bob"),
        ("wrong password: hunter2: denied", "wrong password: (hidden) denied"),
        ("Cookie: SESSION=abc; lang=es", "Cookie: SESSION=(hidden); lang=(hidden)"),
        ('{"Set-Cookie":["ID=abc; Secure"],"n":1}', '{"Set-Cookie":["ID=(hidden); Secure"],"n":1}'),
        (f"post to {SLACK}: 404", "post to https://hooks.slack.com/(hidden) 404"),
        (f'{{"to":"{DISCORD}"}}', '{"to":"https://discord.com/api/webhooks/(hidden)"}'),
        ('calling webhook "x": Post "https://x.svc:443/mutate?timeout=9s": EOF',) * 2,
    ],
)  # fmt: skip
def test_secrets_of_logs_are_hidden_and_what_stands_around_them_is_not(text: str, masked: str) -> None:
    assert mask_text(text) == masked
    assert mask_text(masked) == masked, "what was masked before stays as it is"


@given(
    name=st.sampled_from(["password", "dbPassword", "access_token", "client-secret", "apiKey"]),
    secret=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).map("zq{}qz".format),
    deep=st.integers(0, 2),
)
def test_no_json_is_deep_enough_to_show_a_secret_and_it_stays_json(name: str, secret: str, deep: int) -> None:
    text = json.dumps({"level": "error", name: secret, "user": "bob"})
    for _ in range(deep):
        text = json.dumps({"message": text, "user": "bob"})
    masked = mask_text(text)
    for _ in range(deep):
        masked = json.loads(masked)["message"]
    assert json.loads(masked) == {"level": "error", name: "(hidden)", "user": "bob"}


@pytest.mark.parametrize("text", ["a:" * 50_000, "x" * 200_000, "token=" * 20_000, 'token:"' * 5_000])
def test_a_text_of_any_length_can_be_masked(text: str) -> None:
    assert mask_text(f"password=hunter2 {text}").startswith("password=(hidden) ")


def deployment(password: str, **annotations: str) -> dict[str, Any]:
    env = [{"name": "DB_PASSWORD", "value": password}, {"name": "MODE", "value": "fast"}]
    spec = {"template": {"metadata": {"annotations": annotations}, "spec": {"containers": [{"name": "a", "env": env}]}}}
    return {"kind": "Deployment", "metadata": {"name": "web", "annotations": annotations}, "spec": spec}


def applied(password: str, **annotations: str) -> dict[str, Any]:
    copy = json.dumps(deployment(password), separators=(",", ":")) + "\n"
    return deployment(password, **{LAST_APPLIED: copy}, **annotations)


def test_an_annotation_with_a_secrets_name_is_hidden_wherever_it_is_shown() -> None:
    before, after = (deployment("x", **{"vault.io/token": secret}) for secret in ("s3cr3t-1", "s3cr3t-2"))
    shown = "\n".join([to_yaml(before), *describe("Deployment", before, [], 0.0), *map(str, changes(before, after))])
    assert "s3cr3t" not in shown
    assert shown.count("vault.io/token: (hidden)") == 4
    assert "+ metadata.annotations[vault.io/token]: (hidden)" in shown, "that it changes is shown"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("checksum/secret", "4f1c9e7ab0124f1c9e7ab012"),
        ("nginx.ingress.kubernetes.io/auth-url", "https://sso.shop/auth"),
        ("nginx.ingress.kubernetes.io/auth-type", "basic"),
        ("kubernetes.io/enforce-mountable-secrets", "true"),
        (LAST_APPLIED, '{"spec": {"topologyKey": "kubernetes.io/hostname", "secretName": "db"}}\n'),
    ],
)
def test_an_annotation_that_tells_no_secret_stays_as_it_is(name: str, value: str) -> None:
    assert mask({"annotations": {name: value}}) == {"annotations": {name: value}}


def test_the_copy_of_an_applied_object_stays_json_without_its_secrets() -> None:
    shown = mask(applied("hunter2"))["metadata"]["annotations"][LAST_APPLIED]
    assert json.loads(shown) == mask(deployment("hunter2"))
    assert "fast" in shown
    assert shown.endswith("}\n")
    assert "hunter2" not in to_yaml(applied("hunter2"))


def test_a_field_of_a_custom_resource_is_hidden_by_its_name_and_the_name_of_a_secret_is_not() -> None:
    spec = {"adminPassword": "hunter2", "existingSecret": "db", "tls": {"key": "tls.key", "token": "abc"}}
    text = to_yaml({"kind": "Database", "metadata": {"name": "a"}, "spec": spec})
    assert "adminPassword: (hidden)" in text
    assert "token: (hidden)" in text
    assert "existingSecret: db\n" in text
    assert "key: tls.key\n" in text


def test_a_container_that_is_called_like_a_secret_keeps_its_image_in_the_journal() -> None:
    images = {"images": {"refresh-token": "shop/refresh:1"}}
    assert mask(images) == images
