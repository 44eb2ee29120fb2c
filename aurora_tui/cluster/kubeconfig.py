"""From `$KUBECONFIG` and a context's name to a connection's configuration, faults said in words."""

from __future__ import annotations

import difflib
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from aurora_tui.cluster.errors import ConfigError

if TYPE_CHECKING:
    from kubernetes.aio.client.configuration import Configuration

IN_CLUSTER = "in-cluster"
_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True)
class Context:
    """A kubeconfig context, or the pod's service account as the context ``in-cluster``."""

    name: str
    cluster: str
    user: str
    namespace: str | None
    server: str
    files: tuple[Path, ...]
    exec_command: str | None = None
    """The credential plugin's command line, to name it when its credentials are refused."""
    impersonate: Mapping[str, str] | None = None


def _paths(kubeconfig: str | None, environ: Mapping[str, str]) -> list[Path]:
    text = kubeconfig or environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    return [Path(part).expanduser() for part in text.split(os.pathsep) if part]


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open(encoding="utf-8") as stream:
            content = yaml.load(stream, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}{line}: not a kubeconfig: {getattr(error, 'problem', error)}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: not a kubeconfig: a mapping was expected")
    return content


def _named(content: Mapping[str, Any], section: str, field: str) -> dict[str, Mapping[str, Any]]:
    """The entries of one section by name; an entry without its part is an empty one, as kubectl reads it."""
    found: dict[str, Mapping[str, Any]] = {}
    for entry in content.get(section) or []:
        if isinstance(entry, dict) and "name" in entry:
            found.setdefault(str(entry["name"]), entry.get(field) or {})
    return found


def _exec_line(user: Mapping[str, Any]) -> str | None:
    plugin = user.get("exec")
    if not isinstance(plugin, dict):
        return None
    return " ".join([str(plugin.get("command", "")), *map(str, plugin.get("args") or [])])


def _impersonation(user: Mapping[str, Any]) -> Mapping[str, str] | None:
    """Impersonation headers (https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/)."""
    return {"Impersonate-User": str(user["as"])} if user.get("as") else None


def contexts(kubeconfig: str | None = None, *, environ: Mapping[str, str] = os.environ) -> dict[str, Context]:
    """All contexts of the given file, or of ``$KUBECONFIG`` (several files), by name.

    As kubectl merges them: the first file to name an entry wins; missing files are passed over unless
    one was given by hand.
    """
    paths = _paths(kubeconfig, environ)
    if kubeconfig and not any(path.exists() for path in paths):
        raise ConfigError(f"{kubeconfig}: no such kubeconfig file")
    files = tuple(path for path in paths if path.exists())
    merged: dict[str, dict[str, Mapping[str, Any]]] = {"contexts": {}, "users": {}, "clusters": {}}
    kept: list[Path] = []
    for path in files:
        content = _read(path)
        if content:
            kept.append(path)
        for section, entries in merged.items():
            for name, entry in _named(content, section, section[:-1]).items():
                entries.setdefault(name, entry)
    found: dict[str, Context] = {}
    for name, entry in merged["contexts"].items():
        user = merged["users"].get(str(entry.get("user")), {})
        cluster = merged["clusters"].get(str(entry.get("cluster")), {})
        found[name] = Context(
            name,
            str(entry.get("cluster", "")),
            str(entry.get("user", "")),
            entry.get("namespace") or None,
            str(cluster.get("server", "")),
            tuple(kept),
            _exec_line(user),
            _impersonation(user),
        )
    return found


def _current(files: tuple[Path, ...]) -> str | None:
    for path in files:
        current = _read(path).get("current-context")
        if current:
            return str(current)
    return None


def choose(name: str | None, kubeconfig: str | None = None, *, environ: Mapping[str, str] = os.environ) -> Context:
    """The context to use: the named one, else the current one, else the pod's service account.

    Raises `ConfigError` with the nearest names when there is no such context.
    """
    known = contexts(kubeconfig, environ=environ)
    if name is None and known:
        name = _current(next(iter(known.values())).files)
        if name is None:
            raise ConfigError(f"the kubeconfig sets no current context: give one with --context ({_some(list(known))})")
    if name is not None and name in known:
        context = known[name]
        if not context.server:
            raise ConfigError(
                f"context {name!r} names the cluster {context.cluster!r}, which the kubeconfig does not define"
            )
        return context
    if not known and name in (None, IN_CLUSTER) and "KUBERNETES_SERVICE_HOST" in environ:
        return _in_cluster()
    if not known:
        looked = ", ".join(str(path) for path in _paths(kubeconfig, environ))
        raise ConfigError(
            f"no kubeconfig found (looked for {looked}): set $KUBECONFIG, give --kubeconfig,"
            " or try the embedded demo with --demo"
        )
    near = difflib.get_close_matches(str(name), list(known), n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {_some(list(known))}"
    raise ConfigError(f"no context {name!r} in the kubeconfig; {hint}")


def _some(names: list[str]) -> str:
    shown = ", ".join(sorted(names)[:8])
    return shown + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _in_cluster() -> Context:
    namespace_file = _SERVICE_ACCOUNT / "namespace"
    namespace = namespace_file.read_text().strip() if namespace_file.exists() else None
    return Context(IN_CLUSTER, IN_CLUSTER, "service account", namespace, "", ())


class _Complaints(logging.Handler):
    """The official loader logs a failed credential plugin instead of raising: keep what it said."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


async def configure(context: Context) -> Configuration:
    """The official client's configuration for a context: address, trust, credentials, proxy.

    Called again to renew credentials. Raises `ConfigError` when a plugin or a file fails.
    """
    from kubernetes.aio.client.configuration import Configuration
    from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config

    configuration = Configuration()
    # kubectl accepts certificate authorities that lack the extensions RFC 5280 asks for; Python 3.13
    # refuses them by default.
    configuration.disable_strict_ssl_verification = True
    configuration.connection_pool_maxsize = 100
    complaints = _Complaints()
    logger = logging.getLogger("kubernetes.aio.config.kube_config")
    logger.addHandler(complaints)
    try:
        if context.name == IN_CLUSTER and not context.files:
            load_incluster_config(client_configuration=configuration)
        else:
            await load_kube_config(
                config_file=os.pathsep.join(str(path) for path in context.files),
                context=context.name,
                client_configuration=configuration,
                persist_config=False,
            )
    except (ConfigException, OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"context {context.name!r}: {error}") from error
    finally:
        logger.removeHandler(complaints)
    if complaints.said and context.exec_command and not configuration.api_key:
        raise ConfigError(f"the credential plugin failed: {complaints.said[-1]}; run: {context.exec_command}")
    return configuration
