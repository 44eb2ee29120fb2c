"""A cluster in memory that patches as the API server does and fails where a test tells it to."""

from __future__ import annotations

import copy
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aurora_tui.cluster.errors import ClusterError, ConflictError, NotFoundError, ReadOnlyError
from aurora_tui.cluster.protocol import JSON_PATCH, STRATEGIC_PATCH, LogRequest, Permission, RemoteTerminal
from aurora_tui.cluster.resources import PODS, Resource
from aurora_tui.model.access import HttpAccess
from aurora_tui.model.actions import ExecRequest, Plan
from aurora_tui.model.terminals import OUT, Ended, Output

Object = dict[str, Any]


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class FakeRemote:
    """A process that was started in a container; `typed` and `sizes` are what it was sent."""

    def __init__(self, ended: Ended) -> None:
        self.ended = ended
        self.typed = b""
        self.sizes: list[tuple[int, int]] = []

    async def output(self) -> AsyncIterator[Output]:
        yield Output(OUT, b"hello\r\n")

    async def send(self, data: bytes) -> None:
        self.typed += data

    async def resize(self, columns: int, lines: int) -> None:
        self.sizes.append((columns, lines))


async def at_the_terminal(remote: RemoteTerminal, plan: Plan, request: ExecRequest) -> Ended:
    """A terminal whose operator looks on until the process has ended."""
    async for _ in remote.output():
        pass
    return remote.ended


class FakeCluster:
    """The `Cluster` protocol over a dictionary.

    `written` lists every change that was carried out (never a dry run). `on(step, react)` calls `react`
    once, at the next call of a method (``get``, ``list``, ``patch``, ``may``, ``user``, ``logs``, ``dry run``) before
    it does anything; ``patch done`` is after the change and before the answer. To fail there, it raises.
    """

    def __init__(self, context: str = "prod", *, read_only: bool = False) -> None:
        self.context = context
        self.read_only = read_only
        self.objects: dict[tuple[str, str, str], Object] = {}
        self.written: list[tuple[str, str, Any]] = []
        self.listed: set[str] = set()
        """The kinds of which whole objects were listed, by their plurals."""
        self.denied: dict[tuple[str, str, str], str] = {}
        self._reactions: dict[str, list[Callable[[], None]]] = {}
        self._logs: dict[tuple[str, str, str, bool], list[bytes]] = {}
        self._version = 1000
        self.remote_end = Ended(0)

    def settle(self) -> None:
        """Nothing is held back for the first rows."""

    def put(self, resource: Resource, item: Object) -> Object:
        """Store an object under its own name, with a new resourceVersion."""
        meta = item["metadata"]
        self._version += 1
        meta["resourceVersion"] = str(self._version)
        self.objects[resource.plural, meta["namespace"], meta["name"]] = item
        return item

    def change(self, resource: Resource, namespace: str, name: str, change: Callable[[Object], None]) -> None:
        """Somebody else changes an object; the generation moves with the spec."""
        item = self.objects[resource.plural, namespace, name]
        before = copy.deepcopy(item.get("spec"))
        change(item)
        if item.get("spec") != before and "generation" in item["metadata"]:
            item["metadata"]["generation"] += 1
        self.put(resource, item)

    def _of(self, resource: Resource, namespace: str | None) -> list[Object]:
        return [
            item
            for (plural, place, _), item in self.objects.items()
            if plural == resource.plural and namespace in (None, place)
        ]

    def on(self, step: str, *reactions: Callable[[], None]) -> None:
        self._reactions.setdefault(step, []).extend(reactions)

    def fail(self, step: str, *errors: BaseException) -> None:
        """Raise each error at one call of `step`, in turn."""
        self.on(step, *(_raiser(error) for error in errors))

    def _react(self, step: str) -> None:
        if waiting := self._reactions.get(step):
            waiting.pop(0)()

    async def version(self) -> str:
        return "v1.35.4"

    async def user(self) -> str:
        self._react("user")
        return "alice@example.org"

    async def get(self, resource: Resource, namespace: str | None, name: str, subresource: str = "") -> Object:
        self._react("get")
        item = self._find(resource, namespace, name)
        return copy.deepcopy(_scale(item) if subresource == "scale" else item)

    async def metadata(self, resource: Resource, namespace: str | None) -> Sequence[Object]:
        self._react("metadata")
        return [{"metadata": copy.deepcopy(item["metadata"])} for item in self._of(resource, namespace)]

    async def list(
        self, resource: Resource, namespace: str | None, *, labels: str = "", fields: str = ""
    ) -> Sequence[Object]:
        self._react("list")
        self.listed.add(resource.plural)
        wanted = dict(term.split("=") for term in labels.split(",") if term)
        fields_wanted = dict(term.split("=") for term in fields.split(",") if term)
        return [
            copy.deepcopy(item)
            for item in self._of(resource, namespace)
            if wanted.items() <= (item["metadata"].get("labels") or {}).items()
            and all(_at(item, path) == value for path, value in fields_wanted.items())
        ]

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
        if self.read_only and not dry_run:
            raise ReadOnlyError("the client is read-only")
        self._react("dry run" if dry_run else "patch")
        item = self._find(resource, namespace, name)
        shown = _scale(item) if subresource == "scale" else item
        patched = _patched(shown, body, content_type)
        if patched["metadata"]["resourceVersion"] != item["metadata"]["resourceVersion"]:
            raise ConflictError("the object has been modified", status=409, reason="Conflict")
        after = copy.deepcopy(item)
        if subresource == "scale":
            after["spec"]["replicas"] = patched["spec"].get("replicas", 0)
        elif subresource == "status":
            after["status"] = patched["status"]
        else:
            after = patched
        if after.get("spec") != item.get("spec") and "generation" in item["metadata"]:
            after["metadata"]["generation"] = item["metadata"]["generation"] + 1
        if not dry_run:
            if after != item:
                self.put(resource, after)
            self.written.append((f"{resource.plural}/{name}", subresource, body))
            self._react("patch done")
        return copy.deepcopy(_scale(after) if subresource == "scale" else after)

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
        if self.read_only and not dry_run:
            raise ReadOnlyError("the client is read-only")
        self._react("dry run" if dry_run else "patch")
        made: Object = copy.deepcopy(body)
        if subresource == "eviction":
            item = self._find(resource, namespace, name)
            assert body["deleteOptions"]["preconditions"]["uid"] == item["metadata"]["uid"]
        elif (resource.plural, namespace or "", body["metadata"]["name"]) in self.objects:
            raise ConflictError("already exists", status=409, reason="AlreadyExists")
        if not dry_run:
            if subresource == "eviction":
                del self.objects[resource.plural, namespace or "", name]
            else:
                self.put(resource, made)
            self.written.append((f"{resource.plural}/{name or body['metadata']['name']}", subresource, body))
            self._react("patch done")
        return made

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
        if self.read_only and not dry_run:
            raise ReadOnlyError("the client is read-only")
        self._react("dry run" if dry_run else "patch")
        item = self._find(resource, namespace, name)
        if item["metadata"]["uid"] != uid:
            raise ConflictError("the UID in the precondition does not match", status=409, reason="Conflict")
        if not dry_run:
            del self.objects[resource.plural, namespace or "", name]
            self.written.append((f"{resource.plural}/{name}", "", {"gracePeriodSeconds": grace_seconds}))
            self._react("patch done")
        return copy.deepcopy(item)

    @asynccontextmanager
    async def exec(
        self, namespace: str, pod: str, *, container: str, command: Sequence[str], tty: bool
    ) -> AsyncIterator[FakeRemote]:
        """A process that says ``hello`` and ends as `remote_end` says."""
        if self.read_only:
            raise ReadOnlyError("the client is read-only")
        self._react("patch")
        self._find(PODS, namespace, pod)
        self.written.append((f"pods/{pod}", "exec", {"container": container, "command": tuple(command), "tty": tty}))
        self._react("patch done")
        yield FakeRemote(self.remote_end)

    async def may(
        self, verb: str, resource: Resource, namespace: str | None, name: str = "", subresource: str = ""
    ) -> Permission:
        self._react("may")
        reason = self.denied.get((verb, resource.plural, subresource))
        return Permission(reason is None, reason or "")

    async def names_matter(self, namespace: str | None) -> bool:
        self._react("names")
        return False

    async def logs(self, request: LogRequest) -> AsyncGenerator[bytes, None]:
        """What `put_log` gave for this pod, container and run."""
        self._react("logs")
        lines = self._logs.get((request.namespace, request.pod, request.container, request.previous))
        if lines is None:
            raise NotFoundError("no logs here", status=404)
        for line in lines[-(request.tail or 0) :]:
            yield line

    def put_log(self, namespace: str, pod: str, container: str, *lines: str, previous: bool = False) -> None:
        """Store the log of one run of a container."""
        stamped = [f"2023-11-14T22:00:{number:02}.5Z {line}".encode() for number, line in enumerate(lines)]
        self._logs[namespace, pod, container, previous] = stamped

    async def http_access(self, address: str) -> HttpAccess | None:
        return None

    def _find(self, resource: Resource, namespace: str | None, name: str) -> Object:
        try:
            return self.objects[resource.plural, namespace or "", name]
        except KeyError as error:
            text = f'{resource.qualified} "{name}" not found'
            raise NotFoundError(text, status=404, reason="NotFound") from error


def _at(item: Any, path: str) -> Any:
    for key in path.split("."):
        item = item.get(key, {})
    return item


def _raiser(error: BaseException) -> Callable[[], None]:
    def react() -> None:
        raise error

    return react


def _scale(item: Object) -> Object:
    meta = {key: item["metadata"][key] for key in ("name", "namespace", "uid", "resourceVersion")}
    return {
        "kind": "Scale",
        "metadata": meta,
        # omitempty: a Scale to 0 has no figure at all.
        "spec": {"replicas": item["spec"]["replicas"]} if item["spec"]["replicas"] else {},
        "status": {"replicas": (item.get("status") or {}).get("replicas", 0), "selector": "app=x"},
    }


def _patched(item: Object, body: Any, content_type: str) -> Object:
    item = copy.deepcopy(item)
    if content_type == JSON_PATCH:
        for operation in body:
            _apply(item, operation)
        return item
    merged: Object = _merge(item, copy.deepcopy(body), strategic=content_type == STRATEGIC_PATCH)
    return merged


def _apply(item: Object, operation: Object) -> None:
    """RFC 6902's add and replace on object members, which is all that is sent."""
    *parents, last = (part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:])
    place: Any = item
    for part in parents:
        place = place[int(part) if isinstance(place, list) else part]
    if operation["op"] == "replace" and last not in place:
        raise ClusterError(f"replace operation does not apply: {operation['path']}", status=422)
    if operation["op"] not in ("add", "replace"):
        raise ClusterError(f"unexpected operation {operation['op']}", status=422)
    place[last] = copy.deepcopy(operation["value"])


def _merge(old: Any, new: Any, *, strategic: bool) -> Any:
    if not isinstance(new, dict):
        return new
    if not isinstance(old, dict) or (strategic and new.get("$patch") == "replace"):
        old = {}
    merged = dict(old)
    for key, value in new.items():
        if key == "$patch":
            continue
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge(old.get(key), value, strategic=strategic)
    return merged
