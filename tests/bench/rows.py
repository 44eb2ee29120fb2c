"""More rows than the stack was started with: pods that no scheduler takes, made for one measurement and removed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from tests.bench.server import Object, RefusedError, Server, Target

NAMESPACE = "bench-rows"
_CONNECTIONS = 16
_PATIENCE = 60.0


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
            server.send("DELETE", f"{_pods(NAMESPACE)}?gracePeriodSeconds=0")
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
            server.send("POST", _pods(NAMESPACE), _pod(number))

    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        for done in [pool.submit(create, server) for server in servers]:
            done.result()


def _pod(number: int) -> Object:
    spec = {"schedulerName": "nobody", "containers": [{"name": "main", "image": "aurora/load:1.0"}]}
    meta = {"name": f"service-{number % 40:02}-{number:06}", "labels": {"app": f"service-{number % 40:02}"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


def _pods(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/pods"


def _until_taken(call: Callable[[], object]) -> None:
    """Ask again while the server refuses: what it waits for is on its way."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            call()
            return
        except RefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.3)
