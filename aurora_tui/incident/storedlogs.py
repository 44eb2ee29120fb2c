"""What pods that are no more said before the onset, as Elasticsearch has it: a release replaces all who could tell."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aurora_tui.incident.situation import ContainerLog, Situation
from aurora_tui.model.frozen import replace
from aurora_tui.model.logfields import NoLogsError
from aurora_tui.model.loglines import LogLine
from aurora_tui.model.onset import LEAD_SECONDS, LOG_BEFORE_SECONDS
from aurora_tui.model.selection import LogOrigin, ObjectRef, logs_of
from aurora_tui.model.stamps import rfc3339
from aurora_tui.session import Session
from aurora_tui.signals.errors import SignalError
from aurora_tui.signals.logreading import newest_lines


async def read_replaced(session: Session, situation: Situation) -> tuple[tuple[ContainerLog, ...], str]:
    """The logs of the workload in hand from before the onset, where its pods have none; and what was in the way.

    Where no Elasticsearch is configured or found nothing is in the way: there is none to ask.
    """
    own, onset = situation.own, situation.onset
    if own is None or onset is None:
        return (), ""
    before = onset - LEAD_SECONDS
    if any(line.stamp is not None and line.stamp < before for line in situation.lines_of(own)):
        return (), ""
    limits = situation.limits
    try:
        async with asyncio.timeout(limits.patience):
            place = own, situation.subject.namespace
            lines = await stored_lines(session, *place, onset - LOG_BEFORE_SECONDS, before, limits.log_lines)
    except TimeoutError:
        return (), f"Elasticsearch: no answer within {limits.patience:.0f} s"
    except (SignalError, NoLogsError) as error:
        return (), f"Elasticsearch: {error}"
    by_container: dict[tuple[str, str], list[LogLine]] = {}
    for line in lines:
        by_container.setdefault((line.origin, line.container), []).append(line)
    return tuple(ContainerLog(*whose, tuple(each), gone=True) for whose, each in by_container.items()), ""


async def stored_lines(
    session: Session, ref: ObjectRef, namespace: str, begin: float, end: float, most: int
) -> Sequence[LogLine]:
    """The newest lines of a workload's pods, whether they are there or not, between two times, oldest first.

    Empty where no Elasticsearch is configured or found. Raises SignalError, and NoLogsError where it keeps none.
    """
    try:
        access = await session.elasticsearch()
    except SignalError:
        return ()
    asked = replace(logs_of(ref, namespace), source=LogOrigin.ELASTICSEARCH, since=rfc3339(begin), until=rfc3339(end))
    return await newest_lines(access, session.settings.logs, asked, most)
