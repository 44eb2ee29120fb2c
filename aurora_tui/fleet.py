"""Several contexts open at once: a session for each, and what the screen shows of all of them together."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

from aurora_tui.merging import MergedStore
from aurora_tui.model.definitions import Environment
from aurora_tui.model.frozen import replace
from aurora_tui.model.placing import short_names
from aurora_tui.session import Session

THREADS = 8
"""For each context; they are made when they are needed."""
_TONES = ("good", "warn", "bad")


class Fleet:
    """What the screen is given in place of a `Session` where there are several.

    It has no cluster: whatever is asked of one, or sent to one, goes by the session of the object in hand (`of`),
    which is marked with its context. The sessions share nothing but the settings: none waits for another.
    """

    def __init__(self, sessions: Sequence[Session]) -> None:
        self.sessions = tuple(sessions)
        for session in self.sessions:
            session.label = session.context
        self._by_context = {session.context: session for session in self.sessions}
        self.store = MergedStore({session.context: session.store for session in self.sessions})
        first = self.sessions[0]
        self.settings, self.clock, self.read_only = first.settings, first.clock, first.read_only

    @property
    def context(self) -> str:
        """All of them, for the eye only."""
        return " + ".join(short_names(self._by_context).values())

    @property
    def environment(self) -> Environment:
        """The most dangerous of the environments, with the titles of all."""
        environments = list({session.environment.name: session.environment for session in self.sessions}.values())
        worst = max(environments, key=lambda each: (each.protected, _TONES.index(each.tone)))
        return replace(worst, title=" + ".join(each.title for each in environments))

    @property
    def namespace(self) -> str | None:
        """The namespaces that are shown, each once; None for all."""
        shown = dict.fromkeys(session.namespace for session in self.sessions)
        return None if None in shown else ", ".join(name for name in shown if name is not None)

    @property
    def many_namespaces(self) -> bool:
        return len({session.namespace for session in self.sessions}) > 1 or self.namespace is None

    def of(self, context: str) -> Session:
        """The session of the context that an object is marked with. LookupError for one that is not open."""
        return self._by_context[context]

    def mark(self, context: str) -> str:
        """What the objects of a context are marked with."""
        return context

    def start(self) -> None:
        # What waits in a thread for a server that does not answer must leave threads for the others.
        workers = THREADS * len(self.sessions)
        executor = ThreadPoolExecutor(workers, thread_name_prefix="asyncio")
        asyncio.get_running_loop().set_default_executor(executor)
        for session in self.sessions:
            session.start()

    def want(self, table: str) -> None:
        self.store.table(table)
        for session in self.sessions:
            session.want(table)

    def keep(self, tables: Collection[str]) -> None:
        for session in self.sessions:
            session.keep(tables)

    def switch_namespace(self, namespace: str | None) -> None:
        for session in self.sessions:
            session.switch_namespace(namespace)

    def refresh(self) -> None:
        for session in self.sessions:
            session.refresh()

    def gather(self) -> None:
        self.store.gather()

    async def close(self) -> None:
        """Close all at once; that one cannot be closed keeps none of the others open."""
        await asyncio.gather(*(session.close() for session in self.sessions), return_exceptions=True)


Opened = Session | Fleet
"""What a screen is opened on. Only what both have may be used without saying which context is meant."""
