"""A cluster together with its Alertmanagers: alerts are objects of it, and a silence is a change of one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from aurora_tui.cluster.errors import ClusterError, ConflictError, NotFoundError
from aurora_tui.cluster.protocol import Cluster, LogRequest, Permission, RemoteTerminal
from aurora_tui.cluster.resources import ALERTS, Resource
from aurora_tui.heldalerts import HeldAlerts, Object
from aurora_tui.model.access import HttpAccess
from aurora_tui.signalling import Found


class WithAlerts:
    """A `Cluster` that also gets, lists and changes `ALERTS`; everything else goes to the cluster itself.

    What an alert consists of tells `HeldAlerts`.
    """

    def __init__(self, cluster: Cluster, find: Callable[[], Awaitable[Sequence[Found]]]) -> None:
        self._cluster = cluster
        self._alerts = HeldAlerts(cluster, find)

    async def close(self) -> None:
        """Let go of the connections to the Alertmanagers; they may be asked again."""
        await self._alerts.close()

    @property
    def context(self) -> str:
        return self._cluster.context

    @property
    def read_only(self) -> bool:
        return self._cluster.read_only

    async def version(self) -> str:
        return await self._cluster.version()

    async def user(self) -> str:
        return await self._cluster.user()

    async def get(self, resource: Resource, namespace: str | None, name: str, subresource: str = "") -> Object:
        """An alert also by its fingerprint, and by the name of its rule where only one of that name is there."""
        if resource is not ALERTS:
            return await self._cluster.get(resource, namespace, name, subresource)
        found = called(name, await self.list(ALERTS, None))
        if len(found) == 1:
            return found[0]
        words = not_one(found, name)
        raise ClusterError(words) if found else NotFoundError(words, status=404, reason="NotFound")

    async def metadata(self, resource: Resource, namespace: str | None) -> Sequence[Object]:
        return await self._cluster.metadata(resource, namespace)

    async def list(
        self, resource: Resource, namespace: str | None, *, labels: str = "", fields: str = ""
    ) -> Sequence[Object]:
        if resource is not ALERTS:
            return await self._cluster.list(resource, namespace, labels=labels, fields=fields)
        if labels or fields:
            raise ClusterError("alerts are not chosen by a selector: name them")
        return await self._alerts.every()

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
    ) -> Object:
        """For an alert a merge patch of its ``silences``: a new one is made, one that is set to null is expired."""
        if resource is not ALERTS:
            return await self._cluster.patch(
                resource, namespace, name, body, content_type=content_type, subresource=subresource, dry_run=dry_run
            )
        alert = await self.get(resource, namespace, name)
        if not dry_run and body["metadata"]["resourceVersion"] != alert["metadata"]["resourceVersion"]:
            raise ConflictError(f"the silences of {name} have changed", status=409, reason="Conflict")
        return await self._alerts.change(alert, body["silences"], dry_run=dry_run)

    async def create(
        self,
        resource: Resource,
        namespace: str | None,
        body: Any,
        *,
        name: str = "",
        subresource: str = "",
        dry_run: bool = False,
    ) -> Object:
        return await self._cluster.create(
            resource, namespace, body, name=name, subresource=subresource, dry_run=dry_run
        )

    async def delete(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        *,
        uid: str,
        grace_seconds: int | None = None,
        dry_run: bool = False,
    ) -> Object:
        return await self._cluster.delete(
            resource, namespace, name, uid=uid, grace_seconds=grace_seconds, dry_run=dry_run
        )

    async def may(
        self, verb: str, resource: Resource, namespace: str | None, name: str = "", subresource: str = ""
    ) -> Permission:
        """Of a silence RBAC is asked only where Alertmanager is reached through the API server."""
        if resource is not ALERTS:
            return await self._cluster.may(verb, resource, namespace, name, subresource)
        return await self._alerts.may(subresource)

    async def names_matter(self, namespace: str | None) -> bool:
        return await self._cluster.names_matter(namespace)

    def logs(self, request: LogRequest) -> AsyncGenerator[bytes, None]:
        return self._cluster.logs(request)

    def exec(
        self, namespace: str, pod: str, *, container: str, command: Sequence[str], tty: bool
    ) -> AbstractAsyncContextManager[RemoteTerminal]:
        return self._cluster.exec(namespace, pod, container=container, command=command, tty=tty)

    async def http_access(self, address: str) -> HttpAccess | None:
        return await self._cluster.http_access(address)


def called(name: str, alerts: Sequence[Object]) -> Sequence[Object]:
    """The alerts that a name means: that of one, its fingerprint, or else that of a rule, which may have several."""
    one = [each for each in alerts if name in (each["metadata"]["name"], each["metadata"]["uid"])]
    return one or [each for each in alerts if each["labels"].get("alertname") == name]


def not_one(found: Sequence[Object], name: str, of: str = "") -> str:
    """Why a name does not do, in words; `of` says where was looked."""
    if not found:
        return f"Alertmanager has no alert {name}{of}"
    names = ", ".join(sorted(each["metadata"]["name"] for each in found))
    return f"{len(found)} alerts{of} are called {name}, say which: {names}"
