"""What `$KUBECONFIG` says: its files merged as kubectl merges them, and the context to use."""

from __future__ import annotations

import difflib
import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from msgspec import field

from aurora_tui.cluster.errors import ConfigError
from aurora_tui.model.frozen import Frozen, Veiled
from aurora_tui.model.text import listed

IN_CLUSTER = "in-cluster"
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_SECTIONS = {"contexts": "context", "users": "user", "clusters": "cluster"}
_FILE_KEYS = {"users": ("client-certificate", "client-key", "tokenFile"), "clusters": ("certificate-authority",)}
_SECRET_ARGUMENT = re.compile(r"(--?[\w-]*(?:secret|password|token)[\w-]*=).+", re.IGNORECASE)


class Context(Frozen):
    """A kubeconfig context, or the pod's service account as the context ``in-cluster``."""

    name: str
    cluster: str
    user: str
    namespace: str | None
    server: str
    files: tuple[Path, ...]
    exec_command: str | None = None
    """The credential plugin's command line, to name it when its credentials are refused."""
    impersonate: tuple[tuple[str, str], ...] = ()
    """Headers; a name may come more than once."""


class Merged(Veiled):
    """The entries of all files by name; paths in them are absolute. Holds secrets: never printed."""

    VEILED = frozenset({"contexts", "users", "clusters"})

    contexts: dict[str, dict[str, Any]] = field(default_factory=dict)
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    clusters: dict[str, dict[str, Any]] = field(default_factory=dict)
    origins: dict[str, Path] = field(default_factory=dict)
    """The file that each user comes from."""
    files: tuple[Path, ...] = ()
    current: str | None = None


def _paths(kubeconfig: str | None, environ: Mapping[str, str]) -> list[Path]:
    if kubeconfig:
        return [Path(kubeconfig).expanduser()]
    text = environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    return [Path(part).expanduser() for part in text.split(os.pathsep) if part]


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open(encoding="utf-8") as stream:
            content = yaml.load(stream, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        words = " ".join(str(getattr(error, "problem", None) or error).split())
        raise ConfigError(f"{path}{line}: not a kubeconfig: {words}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: not a kubeconfig: a mapping was expected")
    return content


def merge(files: tuple[Path, ...]) -> Merged:
    """Read the files: the first one to name an entry, or to set the current context, wins.

    As kubectl does (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/),
    paths are relative to the folder of the file that they stand in, and so is a credential plugin that
    is given with a slash. Raises `ConfigError` with file and line.
    """
    merged = Merged(files=files)
    current: str | None = None
    for path in files:
        content = _read(path)
        current = current or str(content.get("current-context") or "") or None
        for section, part in _SECTIONS.items():
            entries: dict[str, dict[str, Any]] = getattr(merged, section)
            for name, entry in _named(content.get(section), part).items():
                if name in entries:
                    continue
                entries[name] = _resolved(entry, path.absolute().parent, _FILE_KEYS.get(section, ()))
                if section == "users":
                    merged.origins[name] = path
    return Merged(merged.contexts, merged.users, merged.clusters, merged.origins, files, current)


def _named(entries: Any, part: str) -> dict[str, dict[str, Any]]:
    """The entries of one section by name; an entry without its part is an empty one, as kubectl reads it."""
    found: dict[str, dict[str, Any]] = {}
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and "name" in entry:
            inner = entry.get(part)
            found.setdefault(str(entry["name"]), inner if isinstance(inner, dict) else {})
    return found


def _resolved(entry: dict[str, Any], folder: Path, keys: tuple[str, ...]) -> dict[str, Any]:
    resolved = {key: str(folder / str(value)) if key in keys and value else value for key, value in entry.items()}
    plugin = resolved.get("exec")
    if isinstance(plugin, dict) and os.sep in str(plugin.get("command", "")):
        resolved["exec"] = {**plugin, "command": str(folder / str(plugin["command"]))}
    return resolved


def _exec_line(user: Mapping[str, Any]) -> str | None:
    """The plugin's command as it can be pasted into a shell; a secret among its arguments is hidden."""
    plugin = user.get("exec")
    if not isinstance(plugin, dict):
        return None
    words = [str(plugin.get("command", "")), *map(str, plugin.get("args") or [])]
    return shlex.join(words[:1] + [_SECRET_ARGUMENT.sub(r"\1…", word) for word in words[1:]])


def _impersonation(user: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Impersonation headers (https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/)."""
    pairs = [("Impersonate-User", user.get("as")), ("Impersonate-Uid", user.get("as-uid"))]
    pairs += [("Impersonate-Group", group) for group in user.get("as-groups") or ()]
    for key, values in (user.get("as-user-extra") or {}).items():
        pairs += [(f"Impersonate-Extra-{key}", value) for value in values]
    return tuple((name, str(value)) for name, value in pairs if value)


def contexts(kubeconfig: str | None = None, *, environ: Mapping[str, str] = os.environ) -> dict[str, Context]:
    """All contexts of the given file, or of ``$KUBECONFIG`` (several files), by name.

    Files of ``$KUBECONFIG`` that do not exist are passed over, as kubectl does; one that was given by
    hand must exist.
    """
    return _contexts(_merged(kubeconfig, environ))


def _merged(kubeconfig: str | None, environ: Mapping[str, str]) -> Merged:
    paths = _paths(kubeconfig, environ)
    if kubeconfig and not paths[0].exists():
        raise ConfigError(f"{kubeconfig}: no such kubeconfig file")
    return merge(tuple(path for path in paths if path.exists()))


def _contexts(merged: Merged) -> dict[str, Context]:
    found: dict[str, Context] = {}
    for name, entry in merged.contexts.items():
        user = merged.users.get(str(entry.get("user")), {})
        cluster = merged.clusters.get(str(entry.get("cluster")), {})
        found[name] = Context(
            name,
            str(entry.get("cluster") or ""),
            str(entry.get("user") or ""),
            str(entry.get("namespace") or "") or None,
            str(cluster.get("server") or ""),
            merged.files,
            _exec_line(user),
            _impersonation(user),
        )
    return found


def choose(name: str | None, kubeconfig: str | None = None, *, environ: Mapping[str, str] = os.environ) -> Context:
    """The context to use: the named one, else the current one, else the pod's service account.

    Raises `ConfigError` with the nearest names when there is no such context.
    """
    merged = _merged(kubeconfig, environ)
    known = _contexts(merged)
    if name is None and known:
        name = merged.current
        if name is None:
            raise ConfigError(f"the kubeconfig sets no current context: give one with --context ({_some(list(known))})")
    if name is not None and name in known:
        return _usable(known[name], merged)
    if not known and name in (None, IN_CLUSTER) and environ.get("KUBERNETES_SERVICE_HOST"):
        return _in_cluster()
    if not known:
        looked = ", ".join(str(path) for path in _paths(kubeconfig, environ))
        missing = "no contexts in the kubeconfig" if merged.files else "no kubeconfig found"
        raise ConfigError(
            f"{missing} (looked for {looked}): set $KUBECONFIG, give --kubeconfig, or try the embedded demo with --demo"
        )
    near = difflib.get_close_matches(str(name), list(known), n=3, cutoff=0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {_some(list(known))}"
    raise ConfigError(f"no context {name!r} in the kubeconfig; {hint}")


def _usable(context: Context, merged: Merged) -> Context:
    if context.cluster not in merged.clusters:
        raise ConfigError(
            f"context {context.name!r} names the cluster {context.cluster!r}, which the kubeconfig does not define"
        )
    if not context.server:
        raise ConfigError(f"context {context.name!r}: its cluster {context.cluster!r} has no server address")
    return context


def _some(names: list[str]) -> str:
    return listed(sorted(names), 8)


def _in_cluster() -> Context:
    namespace_file = SERVICE_ACCOUNT / "namespace"
    namespace = namespace_file.read_text().strip() if namespace_file.exists() else None
    return Context(IN_CLUSTER, IN_CLUSTER, "service account", namespace, "", ())
