"""Which context is meant, what its files say together, and what proves who we are."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import stat
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from kubernetes.aio.config import incluster_config

from aurora_tui.cluster import credentials, kubeconfig
from aurora_tui.cluster.configuration import Configured, configure, server_url
from aurora_tui.cluster.errors import ConfigError
from aurora_tui.cluster.kubeconfig import Context, choose, contexts
from tests.unit.apiserver import config, context_for, refused, running, write

SERVER = "https://127.0.0.1:6443"


def kubeconfigs(*paths: Path) -> dict[str, str]:
    return {"KUBECONFIG": os.pathsep.join(map(str, paths))}


async def token_of(context: Context) -> str | None:
    answer: str | None = (await configure(context)).configuration.api_key.get("BearerToken")
    return answer


# Files and contexts


def test_the_first_file_to_name_an_entry_or_the_current_context_wins(tmp_path: Path) -> None:
    first = write(tmp_path / "1", config("https://first:1", name="a", user={}))
    second = write(tmp_path / "2", {**config("https://second:1", name="a"), "current-context": "b"})
    third = write(tmp_path / "3", {**config("https://third:1", name="b"), "current-context": "b"})
    environ = kubeconfigs(first, second, third)

    known = contexts(environ=environ)

    assert {name: context.server for name, context in known.items()} == {"a": "https://first:1", "b": "https://third:1"}
    assert choose(None, environ=environ).name == "a"


async def test_the_connection_goes_where_the_chosen_context_says(tmp_path: Path) -> None:
    first = write(tmp_path / "1", {"current-context": "b"})
    second = write(tmp_path / "2", config("https://second:1", name="a", user={"token": "of-a"}))
    third = write(tmp_path / "3", config("https://third:1", name="b", user={"token": "of-b"}))

    context = choose(None, environ=kubeconfigs(first, second, third))

    configuration, _ = await configure(context)
    assert (context.name, configuration.host) == ("b", "https://third:1")
    assert configuration.api_key["BearerToken"] == "Bearer of-b"


async def test_empty_and_missing_files_are_passed_over(tmp_path: Path) -> None:
    (empty := tmp_path / "empty").write_text("# nothing\n")
    real = write(tmp_path / "real", config(SERVER))

    context = choose(None, environ=kubeconfigs(tmp_path / "missing", empty, real))

    assert (await configure(context)).configuration.host == SERVER


def test_a_file_given_by_hand_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere: no such kubeconfig file"):
        choose(None, str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("contexts:\n- name: a\n\tcluster: b\n", "line 3"),
        ("contexts: [\n", "line 2"),
        ("- a list\n", "a mapping was expected"),
        ("a: \0\n", "not a kubeconfig"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    (path := tmp_path / "broken").write_text(text)

    with pytest.raises(ConfigError) as caught:
        choose(None, str(path))

    assert str(path) in str(caught.value)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content", [{"contexts": 5}, {"contexts": {"a": {}}}, {"contexts": [None, "x", {"name": "a"}]}]
)
def test_entries_of_a_wrong_shape_are_a_config_error_and_nothing_worse(tmp_path: Path, content: Any) -> None:
    with pytest.raises(ConfigError):
        choose("a", str(write(tmp_path / "config", content)))


def test_an_unknown_context_is_answered_with_the_nearest_names(tmp_path: Path) -> None:
    path = write(tmp_path / "1", config(SERVER, name="production"))

    with pytest.raises(ConfigError, match=r"no context 'prodction'.*did you mean production"):
        choose("prodction", str(path))


def test_a_context_without_its_cluster_says_which_is_missing(tmp_path: Path) -> None:
    path = write(tmp_path / "1", {**config(SERVER, name="a"), "clusters": []})

    with pytest.raises(ConfigError, match="names the cluster 'a', which the kubeconfig does not define"):
        choose("a", str(path))


def test_without_any_kubeconfig_the_demo_is_offered(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no kubeconfig found.*--demo"):
        choose(None, environ=kubeconfigs(tmp_path / "missing"))


async def test_certificates_are_looked_for_beside_the_file_that_names_them(tmp_path: Path) -> None:
    # The user stands in another folder than the cluster.
    for folder, file in (("c", "ca.pem"), ("u", "me.pem"), ("u", "me.key")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / file).write_text("-")
    whole = config(
        SERVER, user={"client-certificate": "me.pem", "client-key": "me.key"}, certificate_authority="ca.pem"
    )
    users = write(tmp_path / "u" / "config", {"users": whole.pop("users")})
    clusters = write(tmp_path / "c" / "config", whole)

    configuration, _ = await configure(choose(None, environ=kubeconfigs(users, clusters)))

    assert configuration.ssl_ca_cert == str(tmp_path / "c" / "ca.pem")
    assert (configuration.cert_file, configuration.key_file) == (str(tmp_path / "u/me.pem"), str(tmp_path / "u/me.key"))


async def test_empty_inline_data_gives_way_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-")
    context = context_for(tmp_path, SERVER, certificate_authority="ca.pem", certificate_authority_data="")

    assert (await configure(context)).configuration.ssl_ca_cert == str(tmp_path / "ca.pem")


async def test_a_missing_certificate_file_is_named(tmp_path: Path) -> None:
    context = context_for(tmp_path, SERVER, certificate_authority="gone.pem")

    with pytest.raises(ConfigError, match=r"context 'it': .*gone\.pem"):
        await configure(context)


@pytest.mark.parametrize(
    ("server", "cluster", "url"),
    [
        ("10.0.0.1:6443", {"certificate-authority-data": "x"}, "https://10.0.0.1:6443"),
        ("10.0.0.1:6443", {"insecure-skip-tls-verify": True}, "https://10.0.0.1:6443"),
        ("10.0.0.1:8080", {}, "http://10.0.0.1:8080"),
        ("HTTPS://h/k8s/clusters/c-1/", {}, "https://h/k8s/clusters/c-1"),
    ],
)
def test_an_address_without_scheme_gets_the_one_that_kubectl_takes(
    server: str, cluster: dict[str, Any], url: str
) -> None:
    assert server_url(server, cluster, {}) == url


@pytest.mark.parametrize("server", ["ftp://h", "https://", "https://h:port", "https://h:99999", "http://[::1"])
async def test_an_address_that_is_none_is_said_to_be_none(tmp_path: Path, server: str) -> None:
    with pytest.raises(ConfigError, match="is not an http"):
        await configure(context_for(tmp_path, server))


# Proxies


@pytest.mark.parametrize(
    ("server", "environ", "proxy"),
    [
        ("https://api.example.org", {"HTTPS_PROXY": "http://p:3128"}, "http://p:3128"),
        ("https://api.example.org", {"https_proxy": "p:3128"}, "http://p:3128"),
        ("https://api.example.org", {"HTTPS_PROXY": "http://p:3128", "NO_PROXY": "x,.example.org"}, None),
        ("https://10.1.2.3:6443", {"HTTPS_PROXY": "http://p:3128", "NO_PROXY": "10.0.0.0/8"}, None),
        ("https://127.0.0.1:6443", {"HTTPS_PROXY": "http://p:3128"}, None),
        ("https://localhost:6443", {"HTTPS_PROXY": "http://p:3128"}, None),
    ],
)
async def test_the_proxy_is_the_one_that_kubectl_would_take(
    tmp_path: Path, server: str, environ: dict[str, str], proxy: str | None
) -> None:
    assert (await configure(context_for(tmp_path, server), environ=environ)).configuration.proxy == proxy


async def test_a_proxy_that_cannot_be_spoken_to_is_refused_without_its_password(tmp_path: Path) -> None:
    context = context_for(tmp_path, SERVER, proxy_url="socks5://me:secret@p:1080")

    with pytest.raises(ConfigError, match="socks5://p:1080 is not an http") as caught:
        await configure(context)

    assert "secret" not in str(caught.value)


# Credentials


async def test_a_context_without_user_is_anonymous(tmp_path: Path) -> None:
    assert await token_of(context_for(tmp_path, SERVER)) is None


async def test_a_user_that_nobody_defines_is_anonymous_as_for_kubectl(tmp_path: Path) -> None:
    content = config(SERVER, user={})
    content["users"] = []

    assert await token_of(choose(None, str(write(tmp_path / "config", content)))) is None


async def test_a_token_file_is_found_beside_the_kubeconfig_and_read_without_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    context = context_for(tmp_path, SERVER, user={"tokenFile": "token", "token": "old"})

    assert await token_of(context) == "Bearer from-file"


async def test_an_unreadable_token_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"token file cannot be read.*gone"):
        await configure(context_for(tmp_path, SERVER, user={"tokenFile": "gone"}))


async def test_a_key_with_a_passphrase_is_refused_instead_of_asking_on_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "me.key").write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    (tmp_path / "me.pem").write_text("-")
    context = context_for(tmp_path, SERVER, user={"client-certificate": "me.pem", "client-key": "me.key"})

    with pytest.raises(ConfigError, match="locked with a passphrase"):
        await configure(context)


def test_impersonation_names_user_and_every_group(tmp_path: Path) -> None:
    user = {"token": "t", "as": "boss", "as-groups": ["ops", "dev"], "as-user-extra": {"why": ["pager"]}}

    context = context_for(tmp_path, SERVER, user=user)

    assert context.impersonate == (
        ("Impersonate-User", "boss"),
        ("Impersonate-Group", "ops"),
        ("Impersonate-Group", "dev"),
        ("Impersonate-Extra-why", "pager"),
    )


V1 = "client.authentication.k8s.io/v1"


def plugin(folder: Path, script: str, *, name: str = "login", **more: Any) -> Context:
    """A context whose user asks a plugin in the folder ``bin`` beside the kubeconfig."""
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!{sys.executable}\nimport json, os, sys\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    entry = {"apiVersion": V1, "command": f"bin/{name}", "args": ["--role", "on call"], **more}
    return context_for(folder, SERVER, user={"exec": entry})


def credential(**status: str) -> str:
    answer = {"apiVersion": V1, "kind": "ExecCredential", "status": status}
    return f"print(json.dumps({answer!r}))"


async def test_a_plugin_is_found_relative_to_the_kubeconfig_and_told_that_it_cannot_ask(tmp_path: Path) -> None:
    script = (
        "info = json.loads(os.environ['KUBERNETES_EXEC_INFO'])\n"
        "assert info['spec']['interactive'] is False and sys.stdin.read() == '' and os.environ['ROLE'] == '7'\n"
        + credential(token="fresh", expirationTimestamp="2030-01-01T00:00:00Z")
    )
    context = plugin(tmp_path, script, env=[{"name": "ROLE", "value": 7}])

    configured: Configured = await configure(context)

    assert configured.configuration.api_key["BearerToken"] == "Bearer fresh"
    assert configured.expires == 1893456000.0


async def test_a_plugin_may_be_told_the_cluster(tmp_path: Path) -> None:
    script = "info = json.loads(os.environ['KUBERNETES_EXEC_INFO'])\n" + (
        f"print(json.dumps({{'apiVersion': {V1!r}, 'kind': 'ExecCredential', "
        "'status': {'token': info['spec']['cluster']['server']}}))"
    )

    assert await token_of(plugin(tmp_path, script, provideClusterInfo=True)) == f"Bearer {SERVER}"


async def test_a_plugin_may_give_a_certificate(tmp_path: Path) -> None:
    context = plugin(tmp_path, credential(clientCertificateData="CERT", clientKeyData="KEY"))

    configuration, _ = await configure(context)

    assert Path(configuration.cert_file).read_text() == "CERT"
    assert Path(configuration.key_file).read_text() == "KEY"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (
            "sys.exit('your session has expired')",
            r"failed \(exit status 1\): your session has expired; run: .*login --role 'on call'",
        ),
        ("sys.exit(3)", "exit status 3.*it said nothing"),
        ("print('hello')", "something that is not an ExecCredential"),
        ("print('[]')", "something that is not an ExecCredential"),
        (credential(), "neither a token nor a certificate"),
        (credential(clientCertificateData="x"), "neither a token nor a certificate"),
        (credential(token="t").replace("/v1'", "/v1beta1'"), "answered in client.authentication.k8s.io/v1beta1"),
    ],
)
async def test_what_is_wrong_with_a_plugin_is_said_with_the_command_to_log_in(
    tmp_path: Path, script: str, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        await configure(plugin(tmp_path, script))


async def test_a_plugin_that_complains_at_length_does_not_hang(tmp_path: Path) -> None:
    script = "sys.stderr.write('x' * 3_000_000 + ' the end'); sys.stdout.write(' ' * 1_000_000)\n" + credential(
        token="t"
    )

    async with asyncio.timeout(20):
        assert await token_of(plugin(tmp_path, script)) == "Bearer t"


async def test_a_plugin_that_waits_for_ever_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "EXEC_SECONDS", 0.2)
    script = "open('pid', 'w').write(str(os.getpid())); import time; time.sleep(600)"
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigError, match=r"gave no answer within.*run: "):
        await configure(plugin(tmp_path, script))

    if (tmp_path / "pid").exists():
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "pid").read_text()), 0)


async def test_a_plugin_that_is_not_installed_says_how_to_install_it(tmp_path: Path) -> None:
    user = {"exec": {"apiVersion": V1, "command": "no-such-plugin", "installHint": "get it from the shelf"}}

    with pytest.raises(ConfigError, match=r"'no-such-plugin' cannot be run: No such file.*get it from the shelf"):
        await configure(context_for(tmp_path, SERVER, user=user))


def test_the_login_command_is_shown_without_the_secrets_in_it(tmp_path: Path) -> None:
    command = {"command": "kubelogin", "args": ["get-token", "--oidc-client-secret=hush", "--client-id=x"]}

    context = context_for(tmp_path, SERVER, user={"exec": command})

    assert context.exec_command == "kubelogin get-token '--oidc-client-secret=…' --client-id=x"
    assert "hush" not in (context.exec_command or "")


async def test_an_auth_provider_that_kubectl_gave_up_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"auth provider 'gcp'.*use a credential plugin"):
        await configure(context_for(tmp_path, SERVER, user={"auth-provider": {"name": "gcp"}}))


# OpenID Connect


def jwt(expires: float) -> str:
    # The claim's bytes make "-" and "_" appear in the URL-safe alphabet.
    claims = json.dumps({"exp": expires, "name": "ÿÿÿ>>>???"}, ensure_ascii=False).encode("utf-8")
    return f"h.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.s"


def oidc(issuer: str, token: str, **more: str) -> dict[str, Any]:
    settings = {"idp-issuer-url": issuer, "client-id": "me", "client-secret": "hush", "id-token": token, **more}
    return {"auth-provider": {"name": "oidc", "config": settings}}


async def test_a_valid_id_token_is_used_as_it_is(tmp_path: Path) -> None:
    token = jwt(time.time() + 600)

    assert await token_of(context_for(tmp_path, SERVER, user=oidc("https://nowhere", token))) == f"Bearer {token}"


async def test_an_expired_id_token_is_renewed_and_the_new_refresh_token_kept_for_kubectl(tmp_path: Path) -> None:
    old, fresh = jwt(time.time() - 5), jwt(time.time() + 600)
    async with running() as issuer:
        issuer.on("GET /.well-known/openid-configuration", {"token_endpoint": f"{issuer.url}/token"})
        issuer.on("POST /token", {"id_token": fresh, "refresh_token": "second"})
        context = context_for(tmp_path, SERVER, user=oidc(issuer.url, old, **{"refresh-token": "first"}))
        path = context.files[0]
        path.write_text("# my notes\n" + path.read_text())

        assert await token_of(context) == f"Bearer {fresh}"

        assert "refresh_token=first" in issuer.requests("POST /token")[0].body
    text = path.read_text()
    assert text.startswith("# my notes\n")
    assert "refresh-token: second" in text
    assert fresh in text


async def test_an_issuer_that_refuses_is_named(tmp_path: Path) -> None:
    async with running() as issuer:
        issuer.on("GET /.well-known/openid-configuration", {"token_endpoint": f"{issuer.url}/token"})
        issuer.on("POST /token", refused(400, "invalid_grant"))
        user = oidc(issuer.url, jwt(0), **{"refresh-token": "used"})

        with pytest.raises(ConfigError, match="did not renew the token"):
            await configure(context_for(tmp_path, SERVER, user=user))


async def test_an_expired_id_token_without_refresh_token_asks_to_log_in(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"expired.*log in again"):
        await configure(context_for(tmp_path, SERVER, user=oidc("https://nowhere", jwt(0))))


# In a pod


async def test_in_a_pod_the_service_account_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("token", "pod-token"), ("ca.crt", "-"), ("namespace", "aurora\n")):
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(kubeconfig, "SERVICE_ACCOUNT", tmp_path)
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(tmp_path / "ca.crt"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")

    context = choose(None, environ={**kubeconfigs(tmp_path / "missing"), "KUBERNETES_SERVICE_HOST": "10.0.0.1"})
    configuration, _ = await configure(context)

    assert (context.name, context.namespace) == ("in-cluster", "aurora")
    assert configuration.host == "https://10.0.0.1:443"
    assert configuration.api_key["BearerToken"] == "bearer pod-token"


async def test_in_a_pod_without_its_token_the_reason_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "gone"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")

    with pytest.raises(ConfigError, match="token file does not exist"):
        await configure(
            choose("in-cluster", environ={**kubeconfigs(tmp_path / "missing"), "KUBERNETES_SERVICE_HOST": "x"})
        )


def test_an_empty_address_of_the_cluster_is_no_pod(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no kubeconfig found"):
        choose(None, environ={**kubeconfigs(tmp_path / "missing"), "KUBERNETES_SERVICE_HOST": ""})
