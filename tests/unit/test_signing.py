"""Signing in to a signal: by key, password or token, from a file or the environment, and never shown."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from aurora_tui.cluster.kubernetes import KubernetesCluster
from aurora_tui.commands import check
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.definitions import Credentials
from aurora_tui.session import Session
from aurora_tui.settings import Fault, Settings, SettingsError, load_settings
from aurora_tui.signalling import locate
from aurora_tui.signals.errors import SignalError
from aurora_tui.signing import SigningError, signed, warnings
from tests.unit.apiserver import ApiServer, context_for, write
from tests.unit.elasticserver import NOW, FakeElastic, stamp
from tests.unit.signal_servers import served

URL = "https://es.example:9200"
SECRET = "c2VjcmV0LWtleQ=="


def header(credentials: Credentials, **environ: str) -> str:
    return signed(HttpAccess(URL), URL, credentials, environ).headers["Authorization"]


def test_each_way_to_sign_in_has_its_header(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")

    assert header(Credentials(api_key_file=str(file))) == f"ApiKey {SECRET}"
    assert header(Credentials(api_key_env="KEY"), KEY="id:api-key") == "ApiKey aWQ6YXBpLWtleQ=="
    assert header(Credentials(username="me", password_env="PASS"), PASS="word") == "Basic bWU6d29yZA=="
    assert header(Credentials(token_file=str(file))) == f"Bearer {SECRET}"


def test_an_authority_and_unchecked_certificates_need_no_secret() -> None:
    access = signed(HttpAccess(URL), URL, Credentials(ca_file="/pki/ca.pem", insecure=True))

    assert (access.headers, access.ca_file, access.verify) == ({}, "/pki/ca.pem", False)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read: No such file or directory"),
        ("", "holds no credentials"),
        ("one\ntwo", "holds more than one line of plain text"),
        ("umläut", "holds more than one line of plain text"),
    ],
)
def test_a_file_without_a_secret_is_named(tmp_path: Path, content: str | None, words: str) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_text(content)

    with pytest.raises(SigningError) as caught:
        signed(HttpAccess(URL), URL, Credentials(token_file=str(file)))

    assert words in str(caught.value)
    assert str(file) in str(caught.value)
    assert not content or content not in str(caught.value)


def test_an_unset_variable_is_named() -> None:
    with pytest.raises(SigningError, match="the environment variable KEY holds no credentials"):
        signed(HttpAccess(URL), URL, Credentials(api_key_env="KEY"), {})


def test_a_secret_that_others_may_read_is_told(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    file.chmod(0o640)
    credentials = Credentials(api_key_file=str(file), insecure=True)

    assert warnings(credentials) == [
        f"others may read {file}: chmod 600 it",
        "its certificate is not checked (insecure)",
    ]
    file.chmod(0o600)
    assert warnings(Credentials(api_key_file=str(file))) == []


# In the settings


def environments(folder: Path, *, at: str = URL, **credentials: object) -> Settings:
    here = {"contexts": ["it"], "protected": False, "credentials": credentials}
    here["sources"] = {"elasticsearch": at, "prometheus": "svc/monitoring/prometheus:web"}
    return load_settings(write(folder / "config.yaml", {"environments": {"here": here}}))


async def test_what_the_settings_name_for_a_signal_is_sent_to_it_alone(
    cluster: KubernetesCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ES_KEY", SECRET)
    environment = environments(tmp_path, elasticsearch={"api_key_env": "ES_KEY"}).environment("it")

    found = await locate("elasticsearch", environment, cluster)
    other = await locate("prometheus", environment, cluster)

    assert found.access is not None and found.access.headers == {"Authorization": f"ApiKey {SECRET}"}
    assert other.access is not None and other.access.headers == {"Authorization": "Bearer t"}
    assert SECRET not in repr(found) + str(found) + repr(environment)


async def test_the_api_server_would_keep_the_credentials_so_they_are_not_sent_to_it(
    cluster: KubernetesCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROM_TOKEN", SECRET)
    environment = environments(tmp_path, prometheus={"token_env": "PROM_TOKEN"}).environment("it")

    found = await locate("prometheus", environment, cluster)

    assert found.access is None
    assert "cannot be sent through the API server" in found.reason


async def test_credentials_that_cannot_be_used_are_what_check_tells(
    server: ApiServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    server.on("GET /version", {"gitVersion": "v1.35.4"})
    settings = environments(tmp_path, elasticsearch={"api_key_env": "NO_SUCH_KEY"})
    session = Session(settings, context_for(tmp_path, server.url, user={"token": "t"}))

    await check.run(session, "json")
    with pytest.raises(SignalError, match=r"^the environment variable NO_SUCH_KEY holds no credentials$"):
        await session.elasticsearch()
    await session.close()

    (told,) = [each for each in json.loads(capsys.readouterr().out) if each["check"] == "elasticsearch"]
    assert told["result"] == "failed"
    assert told["detail"] == f"{URL}: the environment variable NO_SUCH_KEY holds no credentials"


async def test_check_warns_of_a_key_that_others_may_read(
    server: ApiServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    server.on("GET /version", {"gitVersion": "v1.35.4"})
    key = tmp_path / "key"
    key.write_text(SECRET)
    key.chmod(0o644)
    fake = FakeElastic()
    fake.write(-3, "line", event={"ingested": stamp(1)})
    async with served(fake.application()) as url:
        settings = environments(tmp_path, at=url, elasticsearch={"api_key_file": str(key)})
        session = Session(settings, context_for(tmp_path, server.url, user={"token": "t"}), clock=lambda: NOW)
        await check.run(session, "json")
        await session.close()

    out = capsys.readouterr().out
    (told,) = [each for each in json.loads(out) if each["check"] == "elasticsearch"]
    assert told["result"] == "ok"
    assert "1 documents in logs-*" in told["detail"]
    assert "the newest 3 s old; ingest lag 4 s; fields time @timestamp, message message, namespace" in told["detail"]
    assert told["detail"].endswith(f"; others may read {key}: chmod 600 it")
    assert SECRET not in out


def faults_of(folder: Path, **credentials: object) -> tuple[Fault, ...]:
    with pytest.raises(SettingsError) as caught:
        environments(folder, at=URL, **credentials)
    return caught.value.faults


@pytest.mark.parametrize(
    ("credentials", "key", "expected"),
    [
        ({"elastic": {}}, "environments.here.credentials.elastic", "one of alertmanager, elasticsearch"),
        ({"jaeger": {"password": "x"}}, "environments.here.credentials.jaeger.password", "one of api_key_env"),
        ({"jaeger": {"username": "me"}}, "environments.here.credentials.jaeger.username", "username together with"),
        (
            {"jaeger": {"token_env": "A", "token_file": "b"}},
            "environments.here.credentials.jaeger.token_env",
            "either token_file or token_env",
        ),
        (
            {"jaeger": {"token_env": "A", "api_key_env": "B"}},
            "environments.here.credentials.jaeger",
            "one way to sign in",
        ),
    ],
)
def test_a_fault_in_the_credentials_names_its_key(
    tmp_path: Path, credentials: dict[str, object], key: str, expected: str
) -> None:
    faults = {fault.key: fault for fault in faults_of(tmp_path, **credentials)}

    assert faults[key].expected.startswith(expected)
    assert faults[key].line > 0


async def test_a_secret_is_in_no_log_and_no_error_text(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    caplog.set_level(logging.DEBUG)
    server = FakeElastic()
    server.write(-1, "line")
    async with served(server.application()) as url:
        access = signed(HttpAccess(url), url, Credentials(api_key_env="KEY"), {"KEY": SECRET})
        from aurora_tui.signals.elasticsearch import ElasticClient

        client = ElasticClient(access)
        assert await client.version() == "8.17.0"
        await client.close()
    dead = ElasticClient(access)
    with pytest.raises(SignalError) as caught:
        await dead.version()
    await dead.close()

    assert server.headers[0]["Authorization"] == f"ApiKey {SECRET}"
    assert SECRET not in caplog.text + str(caught.value) + repr(caught.value) + repr(access)
