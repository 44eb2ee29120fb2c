"""The API server's HTTP face: authentication, discovery, verbs, and failures as Status objects."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

import msgspec
from aiohttp import web

from aurora_tui.sandbox.kube import access, discovery
from aurora_tui.sandbox.kube.access import OPERATOR, User
from aurora_tui.sandbox.kube.bodies import decoding, read_delete_options, read_dry_run, read_object, read_patch
from aurora_tui.sandbox.kube.kinds import NODE_METRICS, POD_METRICS, REVIEWS, Json
from aurora_tui.sandbox.kube.listing import flag, list_objects, read_options
from aurora_tui.sandbox.kube.objects import ObjectStore
from aurora_tui.sandbox.kube.podapi import PodApi
from aurora_tui.sandbox.kube.reviews import review
from aurora_tui.sandbox.kube.routes import Route, read_path
from aurora_tui.sandbox.kube.statuses import (
    ApiError,
    method_not_allowed,
    no_such_path,
    not_acceptable,
    not_found,
    not_implemented,
    unauthorized,
)
from aurora_tui.sandbox.kube.tables import metadata_list, table, wants_metadata, wants_table
from aurora_tui.sandbox.kube.usage import Usage
from aurora_tui.sandbox.kube.watching import Watcher
from aurora_tui.sandbox.kube.writes import Registry, Target

_log = logging.getLogger(__name__)

_PUBLIC = ("/healthz", "/livez", "/readyz", "/version")
"""What anybody may ask (ClusterRole system:public-info-viewer)."""
_LARGEST_BODY = 3 * 1024 * 1024


class KubeApi:
    """Answers every request; `listen` binds it to loopback."""

    def __init__(
        self,
        store: ObjectStore,
        registry: Registry,
        pods: PodApi,
        usage: Usage,
        tokens: Mapping[User, str],
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._registry = registry
        self._pods = pods
        self._usage = usage
        self._clock = clock
        self._tokens = tokens
        self._watchers: set[Watcher] = set()
        self._runner: web.AppRunner | None = None

    async def listen(self) -> str:
        """Serve on a free loopback port; gives the URL."""
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def close(self) -> None:
        for watcher in tuple(self._watchers):
            watcher.close()
        self._pods.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self._answer(request)
        except ApiError as error:
            return _json(error.code, error.status)
        except web.HTTPRequestEntityTooLarge as error:
            return _json(413, ApiError(413, "RequestEntityTooLarge", str(error)).status)
        except Exception:
            _log.exception("%s %s", request.method, request.path)
            return _json(500, ApiError(500, "InternalError", "Internal error occurred").status)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path, user = self._authenticated(request)
        document = _document(request, path)
        if document is not None:
            if request.method != "GET":
                raise method_not_allowed()
            return document
        route = read_path(path)
        access.check(user, route, request.method, watch=flag(request.query, "watch"))
        if route.resource in REVIEWS:
            if request.method != "POST" or route.name:
                raise method_not_allowed()
            body = read_object(request.content_type, await request.read())
            with decoding():
                return _json(201, review(route.resource, body, user))
        if route.subresource and route.resource.subresource(route.subresource) is None:
            raise no_such_path()
        if answer := self._pods.answer(route, request.method):
            return await answer(request, route)
        if route.subresource not in ("", "status", "scale"):
            raise not_implemented(f"{route.resource.plural}/{route.subresource}")
        verbs: dict[str, Callable[[web.Request, Route], Awaitable[web.StreamResponse]]] = (
            {"GET": self._get, "PUT": self._put, "PATCH": self._patch, "DELETE": self._delete}
            if route.name
            else {"GET": self._list, "POST": self._post, "DELETE": self._delete_all}
        )
        verb = verbs.get(request.method)
        if verb is None or not _allowed(route, request.method):
            raise method_not_allowed()
        return await verb(request, route)

    def _authenticated(self, request: web.Request) -> tuple[str, User]:
        """The path asked for, and who asks; raises ApiError 401.

        A bearer token must be right. kubectl sends none over plain HTTP, so the token may stand before
        the path instead, put there by a kubeconfig's server address.
        """
        scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
        path = request.path
        for user, token in self._tokens.items():
            prefix = f"/{token}"
            if path.startswith(f"{prefix}/"):
                path = path.removeprefix(prefix)
                if not scheme:
                    return path, user
        if path in _PUBLIC:
            return path, OPERATOR
        if scheme.lower() == "bearer":
            for user, token in self._tokens.items():
                if hmac.compare_digest(sent.strip().encode(), token.encode()):
                    return path, user
        raise unauthorized()

    async def _get(self, request: web.Request, route: Route) -> web.StreamResponse:
        _check_accept(request)
        if route.resource in (POD_METRICS, NODE_METRICS):
            found = self._usage.one(route.resource, route.key_namespace, route.name)
            if found is None:
                raise not_found(route.resource, route.name)
            return _json(200, found)
        found = self._registry.get(_target(route))
        return _json(200, self._printed(request, route, [found], {}) or found)

    def _printed(self, request: web.Request, route: Route, items: Sequence[Json], metadata: Json) -> Json | None:
        """The Table that kubectl asks for; None where the client wants objects."""
        if route.subresource or not wants_table(request.headers.get("Accept", ""), route.resource):
            return None
        return table(route.resource, items, metadata, self._clock(), request.query.get("includeObject", ""))

    async def _list(self, request: web.Request, route: Route) -> web.StreamResponse:
        _check_accept(request)
        options = read_options(request.query, route.resource)
        if route.resource in (POD_METRICS, NODE_METRICS):
            if options.watch:
                raise method_not_allowed()
            return _json(200, self._usage.listed(route.resource, route.namespace, options.selects))
        if not options.watch:
            found = list_objects(self._store, route.resource, route.namespace, options)
            if wants_metadata(request.headers.get("Accept", "")):
                return _json(200, metadata_list(found))
            return _json(200, self._printed(request, route, found["items"], found["metadata"]) or found)

        def shown(obj: Json) -> Json:
            metadata = {"resourceVersion": obj["metadata"]["resourceVersion"]}
            return self._printed(request, route, [obj], metadata) or obj

        watcher = Watcher(self._store, route.resource, route.namespace, options, shown)
        return await self._stream(request, watcher)

    async def _stream(self, request: web.Request, watcher: Watcher) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        self._watchers.add(watcher)
        # A client that leaves shows as a failed write here, or as the handler's cancellation.
        lines = watcher.lines()
        try:
            with suppress(ConnectionResetError):
                async for chunk in lines:
                    await response.write(chunk)
                await response.write_eof()
        finally:
            self._watchers.discard(watcher)
            await lines.aclose()
        return response

    async def _post(self, request: web.Request, route: Route) -> web.StreamResponse:
        body = read_object(request.content_type, await request.read())
        if route.resource.namespaced and route.namespace is None:
            raise method_not_allowed()
        dry_run = read_dry_run(request.query)
        with decoding():
            return _json(201, self._registry.create(_target(route), body, dry_run=dry_run))

    async def _put(self, request: web.Request, route: Route) -> web.StreamResponse:
        body = read_object(request.content_type, await request.read())
        dry_run, manager = read_dry_run(request.query), _manager(request)
        with decoding():
            edited = self._registry.edit(_target(route), lambda _: body, dry_run=dry_run, whole=True, manager=manager)
        return _json(200, edited)

    async def _patch(self, request: web.Request, route: Route) -> web.StreamResponse:
        edit = read_patch(request.content_type, await request.read())
        dry_run = read_dry_run(request.query)
        with decoding():
            return _json(200, self._registry.edit(_target(route), edit, dry_run=dry_run, manager=_manager(request)))

    async def _delete(self, request: web.Request, route: Route) -> web.StreamResponse:
        raw = await request.read()
        with decoding():
            options = read_delete_options(request.query, request.content_type, raw)
        code, left = self._registry.delete(_target(route), options)
        return _json(code, left)

    async def _delete_all(self, request: web.Request, route: Route) -> web.StreamResponse:
        raw = await request.read()
        with decoding():
            options = read_delete_options(request.query, request.content_type, raw)
        selected = list_objects(
            self._store, route.resource, route.namespace, read_options(request.query, route.resource)
        )
        for item in selected["items"]:
            metadata = item["metadata"]
            target = Target(route.resource, metadata.get("namespace", ""), metadata["name"])
            self._registry.delete(target, options)
        return _json(200, selected)


def _document(request: web.Request, path: str) -> web.Response | None:
    """The documents that are not objects: discovery, version, health; None for everything else."""
    address = request.host
    aggregated = "as=APIGroupDiscoveryList" in request.headers.get("Accept", "").split(",")[0]
    match path.strip("/").split("/"):
        case ["api"]:
            found = discovery.aggregated(core=True) if aggregated else discovery.core_versions(address)
        case ["apis"]:
            found = discovery.aggregated(core=False) if aggregated else discovery.group_list()
        case ["apis", group]:
            return _found(discovery.group_document(group))
        case ["api", version]:
            return _found(discovery.resource_list("", version))
        case ["apis", group, version]:
            return _found(discovery.resource_list(group, version))
        case ["version"]:
            found = discovery.VERSION
        case ["healthz"] | ["livez"] | ["readyz"]:
            return web.Response(text="ok")
        case _:
            return None
    kind = "application/json" + (";g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList" if aggregated else "")
    return _json(200, found, kind)


def _found(document: Json | None) -> web.Response:
    if document is None:
        raise no_such_path()
    return _json(200, document)


def _json(code: int, document: Json, kind: str = "application/json") -> web.Response:
    headers = {"Content-Type": kind, "Cache-Control": "no-cache, private"}
    return web.Response(status=code, body=msgspec.json.encode(document), headers=headers)


def _target(route: Route) -> Target:
    return Target(route.resource, route.key_namespace, route.name, route.subresource)


_VERB_NAMES = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "POST": "create"}


def _allowed(route: Route, method: str) -> bool:
    verb = _VERB_NAMES.get(method, "")
    if method == "DELETE" and not route.name:
        verb = "deletecollection"
    part = route.resource.subresource(route.subresource) if route.subresource else None
    return verb in (part.verbs if part else route.resource.verbs)


def _manager(request: web.Request) -> str:
    """Who changes something: as it says, or the name of its program."""
    named = request.query.get("fieldManager") or request.headers.get("User-Agent", "").partition("/")[0]
    return named or "unknown"


def _check_accept(request: web.Request) -> None:
    accepted = [each.strip() for each in request.headers.get("Accept", "*/*").split(",")]
    plain = ("application/json", "*/*", "application/*")
    if wants_metadata(request.headers.get("Accept", "")) and request.method == "GET":
        return
    if not any(each.split(";")[0] in plain and "as=" not in each for each in accepted):
        raise not_acceptable()
