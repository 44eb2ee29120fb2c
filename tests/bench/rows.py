"""More rows than the stack was started with: pods that no kubelet knows, made for one measurement and removed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from tests.bench.samplepods import pod
from tests.bench.server import RefusedError, Server, Target

NAMESPACE = "more-rows"
"""Behind the pods of the stack in the order of their names, so that those stay in sight."""
_CONNECTIONS = 16
_AT_ONCE = 1000
_PATIENCE = 300.0


@contextmanager
def rows(target: Target, wanted: int) -> Iterator[int]:
    """At least so many pods in all namespaces while within; gives how many there are."""
    server = Server(target)
    missing = max(wanted - server.count_pods(), 0)
    if missing:
        print(f"  making {missing:,} more rows", file=sys.stderr, flush=True)
        with namespace(server, NAMESPACE):
            _create(target, missing)
            yield server.count_pods()
            _until_taken(lambda: _remove(server))
    else:
        yield server.count_pods()


@contextmanager
def namespace(server: Server, name: str) -> Iterator[None]:
    """A namespace that is there while within, its account too, without which no pod is taken."""
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    _until_taken(lambda: server.call("POST", "/api/v1/namespaces", made))
    try:
        _until_taken(lambda: server.call("GET", f"/api/v1/namespaces/{name}/serviceaccounts/default"))
        yield
    finally:
        server.send("DELETE", f"/api/v1/namespaces/{name}")


def _create(target: Target, missing: int) -> None:
    numbers = iter(range(missing))
    servers = [Server(target) for _ in range(_CONNECTIONS)]

    def create(server: Server) -> None:
        for number in numbers:
            made = pod(number)
            name = made["metadata"]["name"]
            spec = {**made["spec"], "schedulerName": "nobody"}
            spec.pop("nodeName")
            meta = {"name": name, "labels": made["metadata"]["labels"]}
            whole = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
            server.send("POST", _pods(NAMESPACE), whole)
            status = [{"op": "add", "path": "/status", "value": made["status"]}]
            server.patch(f"{_pods(NAMESPACE)}/{name}/status", status)

    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        for done in [pool.submit(create, server) for server in servers]:
            done.result()


def _remove(server: Server) -> None:
    """Some at a time: the server gives a request a minute."""
    while server.call("GET", f"{_pods(NAMESPACE)}?limit=1")["items"]:
        server.send("DELETE", f"{_pods(NAMESPACE)}?gracePeriodSeconds=0&limit={_AT_ONCE}")


def _pods(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/pods"


def _until_taken(call: Callable[[], object]) -> None:
    """Ask again while the server refuses: what it waits for is on its way."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            call()
            return
        except (RefusedError, OSError):
            if time.monotonic() > until:
                raise
            time.sleep(0.3)
