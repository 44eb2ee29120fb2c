"""Reads the API server's audit log: what the program under test really sent that could change something."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.live.conftest import Eventually

_REVIEWS = frozenset({"selfsubjectreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews"})
"""Questions that are asked with POST."""
_OTHERS = ("kubectl/", "kubectl-argo-rollouts/", "rollouts-controller/")
"""kubectl and its plugin, which set the scene and are the oracle, and a controller under the same account."""


@dataclass(frozen=True)
class Sent:
    """One request that could change the cluster, as the server took it down."""

    verb: str
    what: str
    """``namespace/resource/name``, and the subresource behind a colon."""
    dry_run: bool
    code: int


class AuditLog:
    """The log from now on, without what `_OTHERS` send."""

    def __init__(self, path: Path, kubectl: Callable[..., str], eventually: Eventually) -> None:
        self._path = path
        self._kubectl = kubectl
        self._eventually = eventually
        self._start = path.stat().st_size

    async def sent(self) -> Sequence[Sent]:
        """Everything so far. A request of kubectl's marks the end: what came before it is in the log by then."""
        mark = f"mark-{secrets.token_hex(4)}"
        self._kubectl("delete", "namespace", mark, "--ignore-not-found")
        await self._eventually(lambda: mark in self._read())
        events = [json.loads(line) for line in self._read().splitlines()]
        return [
            _sent(event)
            for event in events
            if not event["userAgent"].startswith(_OTHERS) and event["objectRef"]["resource"] not in _REVIEWS
        ]

    async def changes(self) -> Sequence[Sent]:
        """Those that were not dry runs; one that the server refused for its version (409) is sent again."""
        return [each for each in await self.sent() if not each.dry_run and each.code != 409]

    def _read(self) -> str:
        with self._path.open("rb") as log:
            log.seek(self._start)
            text = log.read()
        # The last line may still be written.
        return text[: text.rfind(b"\n") + 1].decode()


def _sent(event: dict[str, object]) -> Sent:
    ref, status = event["objectRef"], event["responseStatus"]
    assert isinstance(ref, dict)
    assert isinstance(status, dict)
    what = f"{ref.get('namespace', '')}/{ref['resource']}/{ref.get('name', '')}"
    subresource = f":{ref['subresource']}" if "subresource" in ref else ""
    return Sent(str(event["verb"]), what + subresource, "dryRun=All" in str(event["requestURI"]), status["code"])
