"""The shared cluster client for Kubernetes: every request of the program to an API server starts here."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from aurora_tui.cluster.discovery import parse_service_address
from aurora_tui.cluster.errors import ClusterError
from aurora_tui.cluster.headstart import HeadStart
from aurora_tui.cluster.kubeconfig import Context
from aurora_tui.cluster.logs import split_lines
from aurora_tui.cluster.protocol import LogRequest, Permission
from aurora_tui.cluster.reflector import Reflector
from aurora_tui.cluster.remoteterminal import RemoteTerminal, open_terminal
from aurora_tui.cluster.resources import PODS, Resource
from aurora_tui.cluster.transport import SilenceError, Transport
from aurora_tui.model.access import HttpAccess
from aurora_tui.store import Table

_RIGHTS = "authorization.k8s.io/v1"
_READING = frozenset({"get", "list", "watch"})
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""What a list is asked for as where only names and times are wanted; a server that cannot do it refuses.

https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches
"""
_LOG_SILENCE = 120.0
"""A quiet container is no fault, a dead connection looks the same: the stream is then asked for again."""


class KubernetesCluster:
    """A Kubernetes API server reached with the operator's own credentials (see `protocol.Cluster`)."""

    def __init__(self, context: Context, *, read_only: bool = False, ahead: HeadStart | None = None) -> None:
        self.settings = context
        self.transport = Transport(context, read_only=read_only, ahead=ahead)
        self._ahead = self._begun = ahead

    @property
    def context(self) -> str:
        return self.settings.name

    @property
    def read_only(self) -> bool:
        return self.transport.read_only

    async def connect(self) -> None:
        """Load the credentials, so that a broken kubeconfig is told before anything is asked."""
        await self.transport.connect()

    def settle(self) -> None:
        """The first rows are on the screen: the client may be loaded now."""
        if self._begun is not None:
            self._begun.settle()

    async def close(self) -> None:
        if self._begun is not None:
            self._begun.abandon()
        await self.transport.close()

    def reflector(
        self,
        resource: Resource,
        namespace: str | None,
        table: Table[Any],
        clock: Callable[[], float],
        *,
        fallback: str | None = None,
    ) -> Reflector:
        """The source that keeps `table` equal to the server's objects; `fallback` as in `Reflector`."""
        ahead = None
        if self._ahead is not None and resource is PODS:
            ahead, self._ahead = self._ahead, None
            if ahead.namespace != namespace:
                ahead.abandon()
                ahead = None
        return Reflector(self.transport, resource, namespace, table, clock, fallback=fallback, ahead=ahead)

    async def version(self) -> str:
        answer = await self.transport.json("GET", "/version")
        return str(answer.get("gitVersion", "unknown"))

    async def user(self) -> str:
        try:
            status = await self._review("authentication.k8s.io/v1", "SelfSubjectReview")
            return str(status["userInfo"]["username"])
        except (ClusterError, KeyError, TypeError):
            # Servers before 1.28 do not serve the review.
            return self.settings.user

    async def get(self, resource: Resource, namespace: str | None, name: str, subresource: str = "") -> dict[str, Any]:
        answer: dict[str, Any] = await self.transport.json("GET", resource.path(namespace, name, subresource))
        return answer

    async def list(
        self, resource: Resource, namespace: str | None, *, labels: str = "", fields: str = ""
    ) -> Sequence[dict[str, Any]]:
        query = {"labelSelector": labels, "fieldSelector": fields}
        return await self._pages(resource.path(namespace), {name: text for name, text in query.items() if text})

    async def metadata(self, resource: Resource, namespace: str | None) -> Sequence[dict[str, Any]]:
        return await self._pages(resource.path(namespace), {}, accept=_METADATA)

    async def _pages(self, path: str, query: Mapping[str, str], **options: Any) -> Sequence[dict[str, Any]]:
        """All items of a list, which the server gives page by page."""
        query = {"limit": "500", **query}
        found: list[dict[str, Any]] = []
        while True:
            page = await self.transport.json("GET", path, query=query, **options)
            found += page.get("items") or []
            token = (page.get("metadata") or {}).get("continue")
            if not token:
                return found
            query = {**query, "continue": token}

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
        query = {"fieldManager": "aurora-tui"}
        if dry_run:
            query["dryRun"] = "All"
        answer: dict[str, Any] = await self.transport.json(
            "PATCH",
            resource.path(namespace, name, subresource),
            query=query,
            body=body,
            content_type=content_type,
        )
        return answer

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
        query = {"fieldManager": "aurora-tui", **({"dryRun": "All"} if dry_run else {})}
        path = resource.path(namespace, name or None, subresource)
        answer: dict[str, Any] = await self.transport.json("POST", path, query=query, body=body)
        return answer

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
        options: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": uid},
            # As kubectl: what the object owns is deleted after it.
            "propagationPolicy": "Background",
        }
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        if dry_run:
            # A request with a body is read from there alone; the query tells our own transport.
            options["dryRun"] = ["All"]
        query = {"dryRun": "All"} if dry_run else {}
        answer: dict[str, Any] = await self.transport.json(
            "DELETE", resource.path(namespace, name), query=query, body=options
        )
        return answer

    async def may(
        self, verb: str, resource: Resource, namespace: str | None, name: str = "", subresource: str = ""
    ) -> Permission:
        attributes = {
            "verb": verb,
            "group": resource.group,
            "resource": resource.plural,
            "subresource": subresource,
            "namespace": namespace or "",
            "name": name,
        }
        status = await self._review(_RIGHTS, "SelfSubjectAccessReview", resourceAttributes=attributes)
        return Permission(bool(status.get("allowed")), str(status.get("reason") or ""))

    async def names_matter(self, namespace: str | None) -> bool:
        # The server wants one; what holds in the whole cluster is told for every namespace.
        status = await self._review(_RIGHTS, "SelfSubjectRulesReview", namespace=namespace or "default")
        return bool(status.get("incomplete")) or any(
            rule.get("resourceNames") and not _READING.issuperset(rule.get("verbs") or ())
            for rule in status.get("resourceRules") or ()
        )

    async def _review(self, api_version: str, kind: str, **spec: Any) -> dict[str, Any]:
        """What the server says of us: the status of a review, which it keeps nowhere."""
        body = {"apiVersion": api_version, "kind": kind, **({"spec": spec} if spec else {})}
        answer = await self.transport.json("POST", f"/apis/{api_version}/{kind.lower()}s", body=body)
        status: dict[str, Any] = answer.get("status") or {}
        return status

    async def logs(self, request: LogRequest) -> AsyncGenerator[bytes, None]:
        query = {"container": request.container, "timestamps": "true"}
        if request.follow:
            query["follow"] = "true"
        if request.previous:
            query["previous"] = "true"
        if request.tail is not None:
            query["tailLines"] = str(request.tail)
        if request.since is not None:
            query["sinceTime"] = request.since
        if request.limit is not None:
            query["limitBytes"] = str(request.limit)
        path = PODS.path(request.namespace, request.pod, "log")
        try:
            async with self.transport.open("GET", path, query=query, silence=_LOG_SILENCE) as response:
                async for line in split_lines(response.content.iter_any()):
                    yield line
        except SilenceError:
            # Even the headers of a log come with its first line only.
            if not request.follow:
                raise

    def exec(
        self, namespace: str, pod: str, *, container: str, command: Sequence[str], tty: bool
    ) -> AbstractAsyncContextManager[RemoteTerminal]:
        path = PODS.path(namespace, pod, "exec")
        return open_terminal(self.transport, path, container=container, command=command, tty=tty)

    async def http_access(self, address: str) -> HttpAccess | None:
        if address == "off":
            return None
        kind = {"svc": "services", "pod": "pods"}.get(address.partition("/")[0])
        if kind is None:
            return HttpAccess(url=address.rstrip("/"))
        namespace, name, port = parse_service_address(address)
        configuration = await self.transport.connect()
        proxy = f"/api/v1/namespaces/{namespace}/{kind}/{name}:{port}/proxy"
        return HttpAccess(
            url=configuration.host + proxy,
            headers=await self.transport.headers(),
            ca_file=configuration.ssl_ca_cert,
            cert_file=configuration.cert_file,
            key_file=configuration.key_file,
            verify=configuration.verify_ssl,
        )
