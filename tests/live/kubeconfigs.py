"""Takes the kubeconfig under test apart and writes others from its pieces, for what a client must accept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

Document = dict[str, Any]
EXEC_VERSION = "client.authentication.k8s.io/v1"


class Kubeconfig:
    """A kubeconfig file that was read."""

    def __init__(self, path: Path) -> None:
        self._document: Document = yaml.safe_load(path.read_text())

    def context(self, name: str) -> Document:
        """The context of that name; the test fails in words where there is none."""
        found = _named(self._document, "contexts", name)
        if found is None:
            pytest.fail(f"the kubeconfig has no context {name}: this test needs the stack that `make live` starts")
        inside: Document = found["context"]
        return inside

    def cluster(self, context: str) -> Document:
        return self._part("clusters", self.context(context)["cluster"], "cluster")

    def user(self, context: str) -> Document:
        return self._part("users", self.context(context)["user"], "user")

    def _part(self, section: str, name: str, field: str) -> Document:
        found = _named(self._document, section, name)
        assert found is not None
        part: Document = found[field]
        return part


def _named(document: Document, section: str, name: str) -> Document | None:
    return next((entry for entry in document[section] if entry["name"] == name), None)


def write_kubeconfig(
    path: Path,
    *,
    contexts: Document | None = None,
    clusters: Document | None = None,
    users: Document | None = None,
    current: str = "",
) -> Path:
    """Write a kubeconfig of the given parts, each a mapping of names."""
    document: Document = {"apiVersion": "v1", "kind": "Config", "current-context": current}
    for section, entries in (("context", contexts), ("cluster", clusters), ("user", users)):
        document[f"{section}s"] = [{"name": name, section: entry} for name, entry in (entries or {}).items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document))
    return path


def write_plugin(path: Path, script: str) -> Document:
    """Write a credential plugin, a shell script, and return the user that calls it."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    plugin = {"apiVersion": EXEC_VERSION, "command": str(path), "args": ["login"], "interactiveMode": "Never"}
    return {"exec": plugin}


def credential(token: str) -> str:
    """What a plugin prints to give `token`."""
    status = f'"status": {{"token": "{token}"}}'
    return f'{{"apiVersion": "{EXEC_VERSION}", "kind": "ExecCredential", {status}}}'
