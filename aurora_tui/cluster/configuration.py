"""From a context to the official client's configuration of a connection, faults said in words."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from aurora_tui.cluster.credentials import obtain
from aurora_tui.cluster.errors import ConfigError
from aurora_tui.cluster.kubeconfig import IN_CLUSTER, Context, Merged, merge

if TYPE_CHECKING:
    from kubernetes.aio.client.configuration import Configuration


class Configured(NamedTuple):
    """A configuration, and when its credentials run out (seconds since the epoch; None where not known)."""

    configuration: Configuration
    expires: float | None


async def configure(context: Context, *, environ: Mapping[str, str] = os.environ) -> Configured:
    """Address, trust, credentials and proxy of a context, read anew at each call.

    Called again to renew credentials. The official loader is given one plain context: it would take
    the last file's current context, resolve a user's paths against the cluster's file, wait for ever
    on a plugin that complains at length, and hide what the plugin said. Raises `ConfigError`.
    """
    from kubernetes.aio.client.configuration import Configuration
    from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config_from_dict

    configuration = Configuration()
    # kubectl accepts certificate authorities that lack the extensions RFC 5280 asks for; Python 3.13
    # refuses them by default.
    configuration.disable_strict_ssl_verification = True
    # A workload may have any number of pods, and each stream of their logs keeps a connection.
    configuration.connection_pool_maxsize = 0
    # It would look up proxies and ~/.netrc at each request, and refuse a token where netrc has a password.
    configuration.client_session_kwargs = {"trust_env": False}
    expires: float | None = None
    try:
        if context.name == IN_CLUSTER and not context.files:
            load_incluster_config(client_configuration=configuration)
        else:
            entries, expires = await plain(context, merge(context.files))
            await load_kube_config_from_dict(entries, context=context.name, client_configuration=configuration)
    except ConfigError as error:
        raise ConfigError(f"context {context.name!r}: {error}") from error
    except (ConfigException, OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"context {context.name!r}: {error}") from error
    configuration.proxy = proxy_of(configuration.proxy, configuration.host, environ)
    return Configured(configuration, expires)


async def plain(context: Context, merged: Merged) -> tuple[dict[str, Any], float | None]:
    """A kubeconfig with this context only, its credentials obtained; and when they run out."""
    if context.name not in merged.contexts or context.cluster not in merged.clusters:
        raise ConfigError("it is no longer in the kubeconfig")
    cluster = {key: value for key, value in merged.clusters[context.cluster].items() if value}
    if "certificate-authority-data" in cluster:
        cluster.pop("certificate-authority", None)
    user = merged.users.get(context.user, {})
    origin = merged.origins.get(context.user)
    credentials = await obtain(user, cluster, login=context.exec_command, origin=origin)
    cluster["server"] = server_url(str(cluster.get("server") or ""), cluster, credentials.entry)
    entries = {
        "current-context": context.name,
        "contexts": [{"name": context.name, "context": {"cluster": "it", "user": "it"}}],
        "clusters": [{"name": "it", "cluster": cluster}],
        "users": [{"name": "it", "user": dict(credentials.entry)}],
    }
    return entries, credentials.expires


def server_url(server: str, cluster: Mapping[str, Any], user: Mapping[str, str]) -> str:
    """The address with its scheme: where it has none, https as soon as anything about TLS is set (client-go)."""
    if "://" not in server:
        tls = any(key in cluster for key in ("certificate-authority", "certificate-authority-data")) or any(
            key.startswith("client-certificate") for key in user
        )
        server = f"{'https' if tls or cluster.get('insecure-skip-tls-verify') else 'http'}://{server}"
    try:
        parts = urlsplit(server)
        if parts.scheme.lower() not in ("http", "https") or not parts.hostname or (parts.port or 1) < 0:
            raise ValueError("not an address")
    except ValueError as error:
        raise ConfigError(f"the cluster's server {server!r} is not an http(s):// address") from error
    return parts._replace(scheme=parts.scheme.lower()).geturl().rstrip("/")


def proxy_of(proxy: str | None, host: str, environ: Mapping[str, str]) -> str | None:
    """The kubeconfig's ``proxy-url``, else what the environment names for this address; never for loopback."""
    if not proxy:
        parts = urlsplit(host)
        if not _bypassed(parts.hostname or "", environ):
            proxy = environ.get(f"{parts.scheme}_proxy") or environ.get(f"{parts.scheme.upper()}_PROXY")
    if not proxy:
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if urlsplit(proxy).scheme not in ("http", "https"):
        shown = urlsplit(proxy)._replace(netloc=urlsplit(proxy).netloc.rpartition("@")[2]).geturl()
        raise ConfigError(f"the proxy {shown} is not an http:// or https:// one, which are all that is spoken here")
    return proxy


def _bypassed(host: str, environ: Mapping[str, str]) -> bool:
    """As Go's clients do: this machine is never behind a proxy; ``NO_PROXY`` holds names, their parents, networks."""
    barred = [entry.strip().lower() for entry in (environ.get("no_proxy") or environ.get("NO_PROXY") or "").split(",")]
    if "*" in barred or host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        parents = [entry.removeprefix("*").lstrip(".") for entry in barred if entry]
        return any(host == parent or host.endswith(f".{parent}") for parent in parents)
    return address.is_loopback or any(address in network for network in _networks(barred))


def _networks(entries: Iterable[str]) -> Iterator[IPv4Network | IPv6Network]:
    for entry in entries:
        with suppress(ValueError):
            yield ip_network(entry, strict=False)
