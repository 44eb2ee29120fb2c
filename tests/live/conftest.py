"""Gives the live tests their cluster, named on the command line, with kubectl and namespaces of their own.

The cluster may be any; `python -m tests.live.stack` starts one. A test that takes one of these fixtures and
gets no cluster is an error that says how to name one: it is never skipped in silence.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

Kubectl = Callable[..., str]
Eventually = Callable[..., Awaitable[object]]

HOW = (
    "tests/live need a cluster: pytest tests/live --live-kubeconfig FILE --live-context NAME, "
    "or `make live`, which starts one"
)
POLL = 0.1
"""Seconds between two looks of `eventually`."""
LONGEST = (
    "test_readonly.py",
    "test_scenarios.py",
    "test_argo.py",
    "test_alert_details.py",
    "test_console.py",
    "test_incident.py",
    "test_slo_replay.py",
)
"""The files that take minutes, the longest first: begun last, one would keep the other workers waiting at the end."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("live", "tests against a real cluster")
    group.addoption("--live-kubeconfig", metavar="FILE", help="kubeconfig of the cluster under test")
    group.addoption("--live-context", metavar="NAME", help="its context; an administrator's")


def pytest_configure(config: pytest.Config) -> None:
    """A worker of pytest-xdist takes the stack that is its own: nothing that one test does may reach another's."""
    copies: list[dict[str, str]] = json.loads(os.environ.get("AURORA_LIVE_COPIES", "[]"))
    if config.getoption("live_kubeconfig") is None:
        return
    worker, workers = os.environ.get("PYTEST_XDIST_WORKER"), len(config.getoption("tx", None) or ())
    if copies and worker:
        own = copies[int(worker.removeprefix("gw"))]
        os.environ.update(own)
        config.option.live_kubeconfig = own["AURORA_LIVE_KUBECONFIG"]
    elif workers > max(1, len(copies)):
        raise pytest.UsageError(
            f"{workers} workers need as many clusters, which only "
            f"`python -m tests.live.stack run --copies {workers} -- pytest ...` starts"
        )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, as which they are handed out to the workers."""
    order = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))


def _option(request: pytest.FixtureRequest, name: str) -> str:
    value = request.config.getoption(name, default=None)
    if not value:
        pytest.fail(HOW, pytrace=False)
    return str(value)


@pytest.fixture(scope="session")
def kubeconfig(request: pytest.FixtureRequest) -> Path:
    """The kubeconfig file of the cluster under test."""
    path = Path(_option(request, "--live-kubeconfig")).expanduser().resolve()
    if not path.is_file():
        pytest.fail(f"--live-kubeconfig {path}: no such file")
    return path


@pytest.fixture(scope="session")
def context(request: pytest.FixtureRequest) -> str:
    """The context under test."""
    return _option(request, "--live-context")


@pytest.fixture(scope="session")
def kubectl(kubeconfig: Path, context: str) -> Kubectl:
    """Run kubectl, the oracle, and return what it prints; a non-zero status is an error with its complaint.

    `kubectl("get", "pods", stdin="", context="viewer")`: the context can be another one. It is the kubectl
    that the stack built, of the server's own version, or else the one on PATH.
    """
    program = os.environ.get("AURORA_LIVE_KUBECTL") or shutil.which("kubectl")
    if program is None:
        pytest.fail("tests/live compare with kubectl, and there is none on PATH")
    default = context

    def run(*arguments: str, stdin: str = "", context: str = default) -> str:
        command = [program, f"--kubeconfig={kubeconfig}", f"--context={context}", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    return run


@contextlib.contextmanager
def fresh_namespace(kubectl: Kubectl) -> Iterator[str]:
    """It is deleted at the end, which is not waited for."""
    name = f"live-{secrets.token_hex(4)}"
    kubectl("create", "namespace", name)
    yield name
    kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def namespace(kubectl: Kubectl) -> Iterator[str]:
    """A fresh namespace for one test."""
    with fresh_namespace(kubectl) as name:
        yield name


@pytest.fixture(scope="session")
def eventually() -> Eventually:
    """Await until a predicate gives something true, and return that: `await eventually(check, timeout=30)`.

    The predicate is a function or a coroutine function. An AssertionError in it counts as "not yet"; the last
    one is the message of the failure.
    """

    async def wait(predicate: Callable[[], object], timeout: float = 30.0) -> object:
        deadline = time.monotonic() + timeout
        while True:
            reason: AssertionError | None = None
            try:
                found = predicate()
                if inspect.isawaitable(found):
                    found = await found
                if found:
                    return found
            except AssertionError as error:
                reason = error
            if time.monotonic() > deadline:
                what = getattr(predicate, "__name__", "the predicate")
                raise AssertionError(f"{what} not true within {timeout:.0f} s: {reason or found!r}")
            await asyncio.sleep(POLL)

    return wait


@pytest.fixture(scope="session")
def elasticsearch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Elasticsearch node of this run's own."""
    from tests.live.elastic import running

    with running(tmp_path_factory.mktemp("elasticsearch")) as url:
        yield url
