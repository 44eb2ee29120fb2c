"""What the program asks of a cluster; the Kubernetes client is one answer, others may follow."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from aurora_tui.cluster.resources import Resource
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.terminals import Ended, Output

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"


class LogRequest(Frozen):
    """Which container's log to read, from where (`since` is an RFC 3339 time), and how many bytes of it at most."""

    namespace: str
    pod: str
    container: str
    follow: bool = False
    previous: bool = False
    tail: int | None = None
    since: str | None = None
    limit: int | None = None


class Permission(Frozen):
    """The API server's answer to a SelfSubjectAccessReview, with its reason where it gave one."""

    allowed: bool
    reason: str = ""


class RemoteTerminal(Protocol):
    """A process that was started in a container."""

    @property
    def ended(self) -> Ended:
        """How it ended, once `output` has; until then that it is not known."""

    def output(self) -> AsyncIterator[Output]:
        """What it writes, until it has ended or the connection is lost; never raises what the network raises."""

    async def send(self, data: bytes) -> None:
        """Type; waits while the other side takes no more. Raises `ClusterError` where the connection is lost."""

    async def resize(self, columns: int, lines: int) -> None:
        """Tell it the size of its window; raises as `send`."""


class Cluster(Protocol):
    """The shared cluster client. Every method raises `ClusterError` and nothing else of the network's."""

    @property
    def context(self) -> str: ...

    @property
    def read_only(self) -> bool: ...

    async def version(self) -> str:
        """The server's git version, e.g. ``v1.35.4``."""

    async def user(self) -> str:
        """The name the server knows us by (SelfSubjectReview), or the kubeconfig's user name."""

    async def get(self, resource: Resource, namespace: str | None, name: str, subresource: str = "") -> dict[str, Any]:
        """One object as the server sent it."""

    async def list(
        self, resource: Resource, namespace: str | None, *, labels: str = "", fields: str = ""
    ) -> Sequence[dict[str, Any]]:
        """All objects of a kind, raw; for the few that an action or a description needs."""

    async def metadata(self, resource: Resource, namespace: str | None) -> Sequence[dict[str, Any]]:
        """The metadata alone of all objects of a kind: what a Secret holds never leaves the server."""

    async def patch(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        body: Any,
        *,
        content_type: str,
        subresource: str = "",
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Change one object and return what the server made of it; `dry_run` asks ``dryRun=All``.

        A read-only client raises `ReadOnlyError` before anything is sent, unless it is a dry run.
        """

    async def create(
        self,
        resource: Resource,
        namespace: str | None,
        body: Any,
        *,
        name: str = "",
        subresource: str = "",
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Make an object, or post `body` to a subresource of the object `name`; read-only as for `patch`."""

    async def delete(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        *,
        uid: str,
        grace_seconds: int | None = None,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Delete the object of that name and uid, another one of the name never; read-only as for `patch`."""

    async def may(
        self, verb: str, resource: Resource, namespace: str | None, name: str = "", subresource: str = ""
    ) -> Permission:
        """Ask RBAC (SelfSubjectAccessReview); without a `name`, about all objects of the kind."""

    async def names_matter(self, namespace: str | None) -> bool:
        """Whether what may be changed in a namespace may depend on an object's name (SelfSubjectRulesReview).

        A Role can grant a verb on `resourceNames` only; True also where the server cannot tell.
        """

    def logs(self, request: LogRequest) -> AsyncGenerator[bytes, None]:
        """Lines of a container's log, each with its timestamp in front, without the line end."""

    def exec(
        self, namespace: str, pod: str, *, container: str, command: Sequence[str], tty: bool
    ) -> AbstractAsyncContextManager[RemoteTerminal]:
        """Start a command in a container; without `tty` nothing can be typed. Leaving it cuts the connection.

        Raises `ClusterError` where it is not started, `AnswerLostError` where that is not known, and from a
        read-only client `ReadOnlyError` before anything is sent.
        """

    async def http_access(self, address: str) -> HttpAccess | None:
        """How to reach ``http(s)://…`` or ``svc/NAMESPACE/NAME:PORT``; None for ``off``."""
