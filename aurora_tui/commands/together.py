"""Rows of several contexts in one list, each with its context; what one does not tell, the others do not hide."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aurora_tui.cluster.errors import ClusterError
from aurora_tui.commands.output import Listing
from aurora_tui.model.columns import Cell, Column
from aurora_tui.model.placing import CONTEXT, context_of, placed
from aurora_tui.session import Session

_WHERE: Column[Any] = Column(CONTEXT, lambda row, _: Cell(context_of(row)), context_of)


async def together(sessions: Sequence[Session], read: Callable[[Session], Awaitable[Listing]]) -> Listing:
    """What is read of all sessions at once, in their order. Raises `ClusterError` where none can be read."""
    if len(sessions) == 1:
        return await read(sessions[0])
    answers = await asyncio.gather(*map(read, sessions), return_exceptions=True)
    read_at_all: list[Listing] = []
    rows: list[Any] = []
    troubles: list[str] = []
    for session, answer in zip(sessions, answers, strict=True):
        if isinstance(answer, Listing):
            read_at_all.append(answer)
            rows += [placed(row, session.context) for row in answer.rows]
            troubles += [f"{session.context}: {answer.trouble}"] if answer.trouble else []
        elif isinstance(answer, ClusterError):
            troubles.append(f"{session.context}: {answer}")
        else:
            raise answer
    if not read_at_all:
        raise ClusterError("; ".join(troubles))
    first = read_at_all[0]
    return Listing([_WHERE, *first.columns], rows, first.raw, "; ".join(troubles))
