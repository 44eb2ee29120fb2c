"""Runs pods that write logs, and follows them as the screen does, beside what kubectl prints of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from aurora_tui.cluster.kubeconfig import Context
from aurora_tui.cluster.logtail import LogTail
from aurora_tui.logbuffer import LogBuffer
from aurora_tui.model.loglines import LogLine
from aurora_tui.model.selection import LogSelection
from aurora_tui.session import Session
from aurora_tui.settings import Settings
from tests.live.conftest import Eventually, Kubectl
from tests.live.manyobjects import to_list, workload

RATE = 40
"""Lines a second of a container that is told no other figure."""


@dataclass(frozen=True)
class Followed:
    """A selection that is being followed: what a log pane would hold of it."""

    tail: LogTail
    buffer: LogBuffer
    eventually: Eventually

    @property
    def lines(self) -> Sequence[LogLine]:
        return self.buffer.span(0, self.buffer.end)

    @property
    def pods(self) -> set[str]:
        """Those that have said something."""
        return {line.origin for line in self.lines}

    def texts(self, pod: str) -> list[str]:
        return [line.text for line in self.lines if line.origin == pod]

    async def hear(self, lines: float) -> None:
        """Wait for so many lines, or more."""
        await self.eventually(lambda: len(self.lines) >= lines)

    async def hear_pods(self, count: int) -> set[str]:
        """Wait until so many pods have said something, and return their names."""
        await self.eventually(lambda: len(self.pods) == count)
        return self.pods


@dataclass(frozen=True)
class Logs:
    """The logs of one namespace's pods, to be followed or to be printed by kubectl."""

    kubectl: Kubectl
    eventually: Eventually
    settings: Settings
    context: Context
    namespace: str

    def run(self, kind: str, name: str, replicas: int | None = None, **annotations: object) -> None:
        """Create a workload, or one Pod, whose containers write logs as `annotations` say (see `pod_status`)."""
        wanted = {"logs": RATE} | {key.replace("_", "-"): value for key, value in annotations.items()}
        texts = {f"aurora.test/{key}": str(value) for key, value in wanted.items()}
        made = workload(kind, name, replicas=replicas, annotations=texts)
        if kind == "Pod":
            made = _pod(name, made["spec"]["template"])
        self._kubectl("wait", "--for=create", "serviceaccount/default", "--timeout=30s")
        self._kubectl("create", "-f", "-", stdin=to_list([made]))

    def printed(self, pod: str, *options: str) -> list[str]:
        """The lines that kubectl prints by now."""
        return self._kubectl("logs", pod, *options).splitlines()

    def scale(self, name: str, replicas: int) -> None:
        self._kubectl("scale", f"deployment/{name}", f"--replicas={replicas}")

    def delete(self, pod: str) -> None:
        self._kubectl("delete", "pod", pod)

    @asynccontextmanager
    async def follow(self, **selection: Any) -> AsyncIterator[Followed]:
        """Follow a `LogSelection` on a session of its own, every line from the first on unless told otherwise."""
        chosen = LogSelection(self.namespace, **{"tail": None, **selection})
        session = Session(self.settings, self.context, namespace=self.namespace)
        buffer = LogBuffer()
        tail = session.tail(chosen, buffer)
        assert isinstance(tail, LogTail)
        task = asyncio.create_task(tail.run())
        try:
            yield Followed(tail, buffer, self.eventually)
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await session.close()

    def _kubectl(self, *arguments: str, stdin: str = "") -> str:
        return self.kubectl(*arguments, f"--namespace={self.namespace}", stdin=stdin)


def _pod(name: str, template: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, **template["metadata"]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
