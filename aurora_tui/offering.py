"""What the keys offer here and now: which of them lead to a change, which of those are off, and why."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from textual.actions import parse

from aurora_tui.cluster.errors import ClusterError
from aurora_tui.frame import Frame
from aurora_tui.heavy import import_late
from aurora_tui.model import views
from aurora_tui.model.actions import READ_ONLY, Verb
from aurora_tui.model.policies import judge
from aurora_tui.model.selection import ObjectRef, ServiceRef
from widgets.field import Field
from widgets.history import HistoryScreen

if TYPE_CHECKING:
    from aurora_tui.fleet import Opened
    from aurora_tui.rights import Need, Rights
    from aurora_tui.session import Session

T = TypeVar("T")
_SUSPEND = "suspend"
"""The key that suspends a CronJob or resumes it."""
OF_THE_ROW = frozenset(
    {
        Verb.CORDON, Verb.UNCORDON, Verb.DELETE, Verb.KILL, Verb.EVICT, Verb.TRIGGER, _SUSPEND,
        "drain", "canary", "switch", "set_flag", "shell",
    }
)  # fmt: skip
"""What is done to the very object under the cursor; all else is done to the workload that runs it."""
OF_THE_ALERT = frozenset({"acknowledge", "silence", "unsilence"})
"""What is done to the alert under the cursor."""
_NOT_MARKED = frozenset({"canary", "switch", "set_flag", "shell"})
"""What marks mean nothing to."""
LEADS_TO: Mapping[str, Verb] = {
    "set_image": Verb.IMAGE,
    "drain": Verb.CORDON,
    "canary": Verb.SCALE,
    "switch": Verb.SWITCH,
    "set_flag": Verb.FLAG,
    "shell": Verb.SHELL,
    "acknowledge": Verb.SILENCE,
    "silence": Verb.SILENCE,
    "unsilence": Verb.UNSILENCE,
    "restore": Verb.UNDO,
    "pause": Verb.PAUSE,
}
"""The verb that the action of a key leads to first; ``act`` names its own."""
_OF_HISTORY = ("restore", "pause")
"""Those that the rollout history has."""
WRITING = frozenset({"act", *LEADS_TO})
"""The actions of keys that lead to a change."""
LOOK_AGAIN = 3
"""Seconds between two looks at what keys lead to while neither they nor the rows under them are others."""

Chosen = tuple[str, tuple[object, ...]]
"""The action that a key is bound to, and its parameters."""


class Offering(Frame):
    """The frame with keys that are dim where they lead to nothing, and say the reason when they are pressed.

    Read-only and the policies are known at once. What RBAC allows is asked beside the keys, for what they
    mean here and now and not before the rows are there; until it is known nothing is dim for it.
    """

    def __init__(self, session: Opened) -> None:
        super().__init__(session)
        self._under_way: set[asyncio.Task[Any]] = set()
        self._keys: set[Chosen] = set()
        """What keys that lead to a change were asked about, on whatever pane."""
        self._off: Mapping[Chosen, str] = {}
        """Which of them are off on the active pane as it is painted, and why."""
        self._rights: dict[str, Rights] = {}
        """What is known of each context."""
        self._asking: set[str] = set()
        """The contexts that are being asked: one that does not answer keeps none of the others from being asked."""
        self._looked: tuple[object, ...] | None = None
        """What the keys meant when they were looked at last; None where they have to be looked at again."""
        self._found: tuple[tuple[ServiceRef, str | None, int], ObjectRef | None] | None = None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        pane = self.active
        allowed = pane.allows(action, parameters) if pane is not None else True
        if action not in WRITING or not allowed:
            return allowed
        self._keys.add((action, parameters))
        return None if self.why_off(action, parameters) else allowed

    def is_off(self, key: str) -> bool:
        active = self.screen.active_bindings.get(key)
        if active is None or active.enabled:
            return False
        self._is_on_offer(active.binding.description, *_parsed(active.binding.action))
        return True

    def _is_on_offer(self, what: str, action: str, parameters: tuple[object, ...] = ()) -> bool:
        """Whether an action may lead to its change; where not, the reason is said."""
        why = self.why_off(action, parameters)
        if why:
            self._warn(f"{what} is off: {why}")
        return not why

    def why_off(self, action: str, parameters: tuple[object, ...]) -> str:
        """Why a key leads to no change here and now, in words; empty where it does, or where that is not known.

        Of marked rows those that may not be changed are left out later: the key is off where none is left.
        """
        if action not in WRITING:
            return ""
        if self.session.read_only:
            return READ_ONLY
        if action in OF_THE_ALERT and self.active is self.alerts_pane and (why := self.alerts_pane.why_not(action)):
            return why
        whys: dict[str, None] = {}
        if len(self.session.sessions) > 1 and (apart := mixed(ref for _, ref in self._steps(action, parameters))):
            return apart
        for verb, ref in self._steps(action, parameters):
            why = self._why_not(verb, ref)
            if not why:
                return ""
            whys[why] = None
        return "; ".join(whys)

    def why_off_here(self, action: str) -> str:
        """The same for a binding's whole action, empty for those of panes that the keys are not on."""
        name, parameters = _parsed(action)
        here = self.active is None or self.active.allows(name, parameters) is not False
        return self.why_off(name, parameters) if here or self.session.read_only else ""

    def flush(self) -> None:
        super().flush()
        # Marks among thousands of rows are not gone through at each tick for keys that mean what they meant;
        # now and then what the rows say, a change freeze and an answer that became old may make a difference.
        here = self._where_the_keys_are()
        if here != self._looked or self._frames % (LOOK_AGAIN * self._per_second) == 0:
            self._looked = here
            self._renew_offer()

    def _where_the_keys_are(self) -> tuple[object, ...]:
        pane = self.active
        marks = [each.grid.marked for each in (self.objects_pane, self.alerts_pane)]
        meant = (pane.subject(), pane.workload(), *marks) if pane is not None else ()
        return (self.screen, self.screen.is_mounted, pane, *meant, len(self._keys), self._rows_are_there)

    def forget_rights(self) -> None:
        """Ask again what is allowed; until then nothing is off for it."""
        self._looked = None
        for rights in self._rights.values():
            rights.forget()

    @property
    def _rows_are_there(self) -> bool:
        return self.session.store.table(views.PODS.table).freshness.last_good is not None

    def _renew_offer(self) -> None:
        """Paint the keys anew where one is no longer as it is shown, and ask for what is not known of them."""
        history = self.on_top(HistoryScreen)
        keys: Collection[Chosen] = ()
        if history is not None:
            keys = [(name, ()) for name in _OF_HISTORY]
            history.show_off({name: why for name, _ in keys if (why := self.why_off(name, ()))})
        elif self.screen is self.main:
            pane = self.active
            keys = [key for key in self._keys if pane is None or pane.allows(*key)]
            off = {key: why for key in keys if (why := self.why_off(*key))}
            if off != self._off:
                self._off = off
                self.refresh_bindings()
        if keys and self._rows_are_there and not self.session.read_only:
            wanted = self._needs(keys)
            for session in self.session.sessions:
                needs, rights = wanted.get(session.label, set()), self._rights.get(session.label)
                if session.label not in self._asking and (rights is None or any(map(rights.wants, needs))):
                    self._asking.add(session.label)
                    self._work(self._ask(session, needs))

    def _needs(self, keys: Collection[Chosen]) -> Mapping[str, set[Need]]:
        """What RBAC must allow for the keys in which context, as far as it is known which questions that are."""
        found: dict[str, set[Need]] = {}
        if not self._rights:
            return found
        from aurora_tui.rights import need_of

        for key in keys:
            for verb, ref in self._steps(*key):
                if (need := need_of(verb, ref)) is not None:
                    found.setdefault(ref.context, set()).add(need)
        return found

    async def _ask(self, session: Session, needs: set[Need]) -> None:
        try:
            if session.label not in self._rights:  # the verbs are imported beside the keys: the first row needs none
                with suppress(ClusterError):
                    await session.cluster.connect()
                for name in ("aurora_tui.rights", "aurora_tui.silencing"):
                    await asyncio.to_thread(import_late, name)
                from aurora_tui.rights import Rights

                self._rights[session.label] = Rights(session.with_alerts, session.clock)
            await self._rights[session.label].ask(needs)
        finally:
            self._asking.discard(session.label)
            self._looked = None

    def _why_not(self, verb: Verb, ref: ObjectRef) -> str:
        session = self.session.of(ref.context)
        ruling = judge(
            session.settings.policies,
            context=session.context,
            namespace=ref.namespace or "",
            kind=ref.kind,
            name=ref.name,
            verb=verb.value,
            now=session.clock(),
        )
        rights = self._rights.get(ref.context)
        if ruling.deny or rights is None:
            return "; ".join(ruling.deny)
        from aurora_tui.rights import inapplicable, need_of

        need = need_of(verb, ref)
        return rights.denial(need) if need is not None else inapplicable(verb, ref.kind)

    def _steps(self, action: str, parameters: tuple[object, ...]) -> Iterator[tuple[Verb, ObjectRef]]:
        """What a key would do to which objects."""
        if action == "act":
            key = str(parameters[0])
            verb = Verb(self._meant(key))
        else:
            key, verb = action, LEADS_TO[action]
        if isinstance(self.screen, HistoryScreen):
            yield verb, self.screen.ref
        elif key == "drain" and self.objects_pane.cordoned():
            return  # what is left are its pods, each in a namespace of its own
        else:
            for ref in self._refs(key):
                yield verb, ref

    def _refs(self, key: str) -> Sequence[ObjectRef]:
        """The objects that a key means: the marked ones, or the one under the cursor."""
        if key in OF_THE_ALERT:
            return self.alerts_pane.refs()
        pane, of_row = self.objects_pane, key in OF_THE_ROW
        if self.active is pane and pane.grid.marked and key not in _NOT_MARKED:
            return pane.marked(workloads=not of_row).refs
        ref = pane.subject() if of_row else self._runs()
        return () if ref is None else (ref,)

    def _meant(self, verb: str) -> str:
        """The verb of a key that does one thing or its opposite."""
        if verb != _SUSPEND:
            return verb
        return Verb.RESUME if self.objects_pane.suspended() else Verb.PAUSE

    def _runs(self) -> ObjectRef | None:
        """The workload that the keys mean, None where there is none."""
        ref = self.active.workload() if self.active else None
        if not isinstance(ref, ServiceRef):
            return ref
        # It is looked for among all pods, and each of the keys asks for it.
        look = (ref, self.session.namespace, len(self.session.store.table(views.PODS.table).rows))
        if self._found is None or self._found[0] != look:
            self._found = look, self.session.of(ref.context).workload_of(ref.name)
        return self._found[1]

    def _context_here(self) -> str:
        """The context of what the keys mean; where that is nothing, the first that is open."""
        here = self.active.context if self.active is not None else ""
        return here or self.session.sessions[0].label

    def _remark(self, words: str) -> None:
        """Tell of what goes wrong beside the keys: they go on."""
        self.notify(words, severity="warning", markup=False)

    def _warn(self, words: str) -> None:
        """Tell why the key in hand leads to nothing; what was typed behind it does not, either."""
        self._remark(words)
        if not isinstance(self.focused, Field):
            self.refuse()

    def _work(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run something that takes time beside the keys; the app keeps it from being forgotten."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.log.error(error)
            self.notify(f"{type(error).__name__}: {error}", severity="error", markup=False)


def mixed(refs: Iterable[ObjectRef]) -> str:
    """Why what is meant cannot be changed at once: it lies in several contexts; empty where it does not."""
    contexts = sorted({ref.context for ref in refs})
    if len(contexts) < 2:
        return ""
    return f"the marked rows lie in {' and '.join(contexts)}: one confirmation changes one context, unmark the others"


def _parsed(action: str) -> tuple[str, tuple[object, ...]]:
    """The name and the parameters of a binding's action."""
    _, name, parameters = parse(action)
    return name, parameters
