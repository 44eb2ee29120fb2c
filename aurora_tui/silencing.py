"""A cluster together with its Alertmanager: alerts are objects of it, and a silence is a change of one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NoReturn

import msgspec

from aurora_tui.cluster.discovery import parse_service_address
from aurora_tui.cluster.errors import (
    AnswerLostError,
    ClusterError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    ReadOnlyError,
    UnreachableError,
)
from aurora_tui.cluster.protocol import Cluster, LogRequest, Permission, RemoteTerminal
from aurora_tui.cluster.resources import ALERTS, SERVICES, Resource
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.alerts import object_name
from aurora_tui.signalling import Found
from aurora_tui.signals.alertmanager import ActiveAlert, AlertmanagerClient, Silence
from aurora_tui.signals.errors import SignalError, Trouble

PROXIED = {"silence": "create", "expiry": "delete"}
"""What RBAC is asked for on ``services/proxy`` where Alertmanager is reached through the API server: POST and DELETE
(https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb)."""
Object = dict[str, Any]


class WithAlerts:
    """A `Cluster` that also gets, lists and changes `ALERTS`; everything else goes to the cluster itself.

    An alert has its ``labels`` and, by id, the ``silences`` that hold it back now; its version is a hash of those.
    Alertmanager tries nothing beforehand, so that the answer to a dry run is worked out here.
    """

    def __init__(self, cluster: Cluster, find: Callable[[], Awaitable[Found]]) -> None:
        self._cluster = cluster
        self._find = find
        self._found: Found | None = None
        self._client: AlertmanagerClient | None = None

    async def close(self) -> None:
        """Let go of the connections to Alertmanager; it may be asked again."""
        client, self._client, self._found = self._client, None, None
        if client is not None:
            await client.close()

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
        client = await self._alertmanager()
        try:
            alerts = await client.alerts()
            silences = await client.silences() if any(each.status.silenced_by for each in alerts) else []
        except SignalError as error:
            await self._fail(error)
        known = {silence.id: silence for silence in silences if silence.status.state == "active"}
        return [_object(alert, known) for alert in alerts]

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
        silences = dict(alert["silences"])
        if not dry_run and body["metadata"]["resourceVersion"] != alert["metadata"]["resourceVersion"]:
            raise ConflictError(f"the silences of {name} have changed", status=409, reason="Conflict")
        client = await self._alertmanager()
        [(key, silence)] = body["silences"].items()
        try:
            if silence is None:
                del silences[key]
                if not dry_run:
                    await client.expire(key)
            else:
                silences[key if dry_run else await client.silence(silence)] = silence
        except SignalError as error:
            await self._fail(error)
        return _with(alert, silences)

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
        await self._alertmanager()
        assert self._found is not None
        if not self._found.address.startswith("svc/"):
            return Permission(True)
        place, service, port = parse_service_address(self._found.address)
        needed = PROXIED[subresource]
        answer = await self._cluster.may(needed, SERVICES, place, f"{service}:{port}", "proxy")
        words = f"it takes {needed} services/proxy in namespace {place}"
        return Permission(answer.allowed, f"{words}: {answer.reason}" if answer.reason else words)

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

    async def _alertmanager(self) -> AlertmanagerClient:
        if self._client is None:
            found = await self._find()
            if found.access is None:
                raise UnreachableError(f"no Alertmanager can be asked: {found.reason}")
            self._found = found
            self._client = AlertmanagerClient(found.access, read_only=self.read_only)
        return self._client

    async def _fail(self, error: SignalError) -> NoReturn:
        """Say it as a cluster does; the next question looks for Alertmanager anew, its address and our credentials."""
        await self.close()
        kinds = {
            Trouble.READ_ONLY: ReadOnlyError,
            Trouble.LOST: AnswerLostError,
            Trouble.DENIED: ForbiddenError,
            Trouble.QUERY: ClusterError,
        }
        raise kinds.get(error.trouble, UnreachableError)(str(error)) from error


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


def _object(alert: ActiveAlert, silences: Mapping[str, Silence]) -> Object:
    held = {name: msgspec.to_builtins(silences[name]) for name in alert.status.silenced_by if name in silences}
    name = object_name(alert.labels.get("alertname", ""), alert.fingerprint)
    return _with({"metadata": {"name": name, "uid": alert.fingerprint}, "labels": alert.labels}, held)


def _with(alert: Object, silences: Object) -> Object:
    told = sorted((name, silence["endsAt"]) for name, silence in silences.items())
    version = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
    return {**alert, "metadata": {**alert["metadata"], "resourceVersion": version}, "silences": silences}
