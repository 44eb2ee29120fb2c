"""The log lines that triage looks at: around the onset and the newest of a few pods, and the last of crashed runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing

from aurora_tui.cluster.errors import ClusterError
from aurora_tui.cluster.logs import follow
from aurora_tui.cluster.protocol import Cluster, LogRequest
from aurora_tui.incident.analyzers._common import containers, last_run
from aurora_tui.incident.situation import ContainerLog, Situation
from aurora_tui.model import kube
from aurora_tui.model.ages import stamp
from aurora_tui.model.loglines import LogLine
from aurora_tui.model.onset import LOG_BEFORE_SECONDS
from aurora_tui.model.pod_trouble import is_ready, telling
from aurora_tui.model.stamps import rfc3339

_PODS = 4
_CRASHED = 4
_BYTES = 1 << 20
"""Characters that are read of one container; a line alone may be as long."""
_AT_ONCE = 3


async def read_logs(cluster: Cluster, situation: Situation) -> tuple[tuple[ContainerLog, ...], str]:
    """The logs of the pods in hand and of whatever crashes, and what could not be read of them."""
    slots, troubles = asyncio.Semaphore(_AT_ONCE), dict[str, None]()

    async def read(request: LogRequest) -> list[LogLine]:
        lines: list[LogLine] = []
        size = 0
        try:
            reading = follow(cluster, request)
            async with slots, asyncio.timeout(situation.limits.patience), aclosing(reading) as stream:
                async for line in stream:
                    lines.append(line)
                    size += len(line.text)
                    if size > _BYTES or (request.tail is None and len(lines) >= situation.limits.log_lines):
                        break
        except TimeoutError:
            troubles[f"{request.pod}: no more was heard within {situation.limits.patience:.0f} s"] = None
        except ClusterError as error:
            troubles[f"{request.pod}: {error.message}"] = None
        return lines

    async def both(requests: list[LogRequest]) -> ContainerLog:
        found = await asyncio.gather(*map(read, requests))
        lines = dict.fromkeys(line for several in found for line in several)
        first = requests[0]
        ordered = sorted(lines, key=lambda line: line.stamp or 0.0)
        return ContainerLog(first.pod, first.container, tuple(ordered), first.previous)

    wanted = [*_around(situation), *_crashed(situation)]
    logs = await asyncio.gather(*map(both, wanted))
    return tuple(log for log in logs if log.lines), "; ".join(troubles)


def _around(situation: Situation) -> Iterator[list[LogRequest]]:
    """Of the pods in hand, those that are not ready first, then the youngest: what led to it, and what is now."""
    own = situation.own
    pods = situation.pods_of(own) if own is not None else ()
    for pod in sorted(pods, key=lambda pod: (is_ready(pod), -(stamp(pod.metadata.creation_timestamp) or 0.0)))[:_PODS]:
        container = telling(pod)
        if container is None:
            continue
        place = (pod.metadata.namespace or "", pod.metadata.name, container.name)
        requests = [LogRequest(*place, tail=situation.limits.log_lines)]
        if situation.onset is not None:
            requests.append(LogRequest(*place, since=rfc3339(situation.onset - LOG_BEFORE_SECONDS)))
        yield requests


def _crashed(situation: Situation) -> Iterator[list[LogRequest]]:
    """The runs before of containers that ended of late, of whatever the namespace runs."""
    found: list[tuple[float, kube.Pod, str]] = []
    for pod in situation.pods:
        for each in containers(pod):
            run = each.last_state.terminated if each.last_state is not None else None
            ended = stamp(run.finished_at) if run is not None else None
            if last_run(each) is not None and ended is not None and situation.now - ended <= situation.limits.recent:
                found.append((ended, pod, each.name))
    for _, pod, name in sorted(found, key=lambda each: -each[0])[:_CRASHED]:
        yield [LogRequest(pod.metadata.namespace or "", pod.metadata.name, name, previous=True, tail=50)]
