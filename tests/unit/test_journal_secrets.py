"""No secret gets into the journal's file, whatever the cluster, the operator or an answer holds."""

from __future__ import annotations

import base64
import json
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_tui.actions import ActionPath
from aurora_tui.cluster.errors import ClusterError
from aurora_tui.cluster.resources import DEPLOYMENTS
from aurora_tui.journal import Journal, Preview
from aurora_tui.model.actions import Outcome, Recovery, Rollout, Verb, Verdict
from aurora_tui.model.frozen import replace
from aurora_tui.model.masking import mask_text, secret_name
from tests.unit.fakecluster import Clock
from tests.unit.rolloutobjects import NAME, NAMESPACE, live, stack, template
from tests.unit.test_journal import ACTION, ALICE

WORDS = ("PASSWORD", "passwd", "secret", "Token", "credentials", "API_KEY", "apiKey", "DB_PWD", "auth", "webhook_url")
NAMES = st.builds(
    "{}{}{}".format, st.sampled_from(["", "DB_", "aurora.", "x-"]), st.sampled_from(WORDS), st.sampled_from(["", "_2"])
).filter(secret_name)
SECRETS = st.text(string.ascii_letters + string.digits, min_size=12, max_size=24).map("zq{}".format)
"""Long enough that none stands in a file by chance."""


def stored(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


@settings(max_examples=25, deadline=None)
@given(name=NAMES, old=SECRETS, new=SECRETS, words=SECRETS, verb=st.sampled_from([Verb.UNDO, Verb.RESTART]))
async def test_no_value_of_a_variable_with_a_secrets_name_and_no_password_in_words_gets_in(
    name: str, old: str, new: str, words: str, verb: Verb, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("state")
    releases = (template(f"aurora/backend:{tag}", MODE=tag, **{name: value}) for tag, value in (("1", old), ("2", new)))
    cluster = stack(DEPLOYMENTS, *releases)
    spec = live(cluster)["spec"]["template"]["spec"]
    spec["containers"][0]["args"] = ["serve", f"--{name}={new}", f"--{name}", new]
    clock = Clock()
    path = ActionPath(cluster, Journal(folder), protected=False, read_only=False, clock=clock, sleep=clock.sleep)
    plan = await path.plan(verb, DEPLOYMENTS, NAMESPACE, NAME, {})
    cluster.fail("patch", ClusterError(f"webhook said {name}={words}, https://bob:{words}@hooks.example/x", status=422))

    record = await path.execute(plan, reason=f"INC-7 {name}: {words}, Authorization: Bearer {words}")

    assert record.entry is not None
    file = stored(folder)
    assert b"INC-7" in file
    assert b"webhook said" in file
    assert [secret for secret in (old, new, words) if secret.encode() in file] == []


@pytest.mark.parametrize("key", ["data", "stringData"])
def test_the_content_of_a_secret_object_does_not_get_in(tmp_path: Path, key: str) -> None:
    encoded = base64.b64encode(b"swordfish-1").decode()
    values: dict[str, Any] = {key: {"db": encoded}, "metadata": {"annotations": {LAST_APPLIED: encoded}}}
    action = replace(ACTION, target=replace(ACTION.target, kind="Secret"), before=values, after=values)

    Journal(tmp_path).record_intent(action, operator=ALICE, reason="", preview=Preview("", ()), generation=None, at=1.0)

    file = stored(tmp_path)
    assert b'"db"' in file
    assert encoded.encode() not in file


LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@settings(max_examples=25, deadline=None)
@given(secret=SECRETS)
def test_no_token_gets_in_through_any_words(secret: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("state")
    journal = Journal(folder)
    claims = base64.urlsafe_b64encode(json.dumps({"sub": secret}).encode()).decode().rstrip("=")
    words = f"seen: token={secret}; Bearer {secret}; eyJhbGciOiJSUzI1NiJ9.{claims}.{secret}"
    shown = Preview(words, (words,))
    action = replace(ACTION, before={"note": words}, after={"notes": [words]}, params={"note": words})

    number = journal.record_intent(action, operator=ALICE, reason=words, preview=shown, generation=1, at=1.0)
    journal.record_outcome(number, Outcome.UNCERTAIN, words, at=2.0)
    journal.record_verdict(number, Verdict(Rollout.FAILED, 1.0, Recovery.NO_DATA, None, words), at=3.0)
    other = journal.record_intent(ACTION, operator=ALICE, reason="", preview=shown, generation=1, at=4.0)
    journal.settle(other, Outcome.FAILED, words, at=5.0)

    file = stored(folder)
    assert file.count(b"seen: token=(hidden)") >= 7
    assert secret.encode() not in file
    assert claims.encode() not in file


@pytest.mark.parametrize("image", ["registry.example/team/auth:2.4.0", "aurora/api-key:1", "localhost:5000/secret:v3"])
def test_an_image_that_is_called_like_a_secret_keeps_its_tag(image: str) -> None:
    assert mask_text(f"from {image} to {image}") == f"from {image} to {image}"


@pytest.mark.parametrize("text", ["note: token=zq1", "see https://host/?token=zq1&x=2", "error: bad 'password: zq1'"])
def test_a_secret_within_another_value_is_hidden(text: str) -> None:
    assert mask_text(text) == text.replace("zq1", "(hidden)")
