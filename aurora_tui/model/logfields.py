"""Which fields of a log store's documents mean what: candidates from the settings, and what an index really has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from aurora_tui.model.frozen import Frozen

ROLES = (
    "time", "message", "level", "namespace", "pod", "container", "workload", "labels", "trace", "stack", "ingested",
)  # fmt: skip
KIND = "$kind"
_EXACT = frozenset(("keyword", "constant_keyword", "wildcard", "flattened", "ip", "long", "integer"))
_DATES = frozenset(("date", "date_nanos"))
_BACKING = re.compile(r"\.ds-(.+)-\d{4}\.\d\d\.\d\d-\d{6}")
_NAMED = 3
"""Indices that are named in a sentence; of more the number is told."""

Types = Mapping[str, tuple[str, ...]]
"""The types that a field has -> the indices where it has them; ``unmapped`` where it does not exist."""


class LogStore(Frozen):
    """Where logs are kept: index patterns, the candidate fields of each role, what lines leave out."""

    indices: tuple[str, ...]
    fields: Mapping[str, tuple[str, ...]]
    leave_out: tuple[str, ...] = ()
    overlap: float = 120.0
    """Seconds behind the newest line in which late ones are looked for."""

    def candidates(self, role: str, kind: str = "") -> tuple[str, ...]:
        """The names tried for a role, for a workload of a kind."""
        names = self.fields.get(role, ())
        return tuple(name.replace(KIND, kind.lower()) for name in names if kind or KIND not in name)


class Mapped(Frozen):
    """What the indices really have: the fields found for each role, and in words what does not fit."""

    time: str
    nanos: bool
    """Whether the time is a ``date`` in some indices and a ``date_nanos`` in others."""
    roles: Mapping[str, tuple[str, ...]]
    exact: Mapping[str, tuple[str, ...]]
    """For a found field the names that can be asked for a value as a whole; none for a mere text."""
    indices: tuple[str, ...]
    """What is searched: patterns, and with a minus what cannot be sorted by the time."""
    faults: tuple[str, ...]

    def of(self, role: str) -> tuple[str, ...]:
        return self.roles.get(role, ())


class NoLogsError(Exception):
    """Nothing of the store can be read; the text says why and what to set."""


def asked_for(store: LogStore, kind: str, labels: Sequence[str]) -> list[str]:
    """The names to ask the server about, with the exact twins that texts often have."""
    names = [name for role in ROLES if role != "labels" for name in store.candidates(role, kind)]
    names += [name for label in labels for name in label_names(store, label)]
    return list(dict.fromkeys(each for name in names for each in (name, f"{name}.keyword")))


def label_names(store: LogStore, label: str) -> Iterator[str]:
    """A pod label's field names: shippers write its dots as they are or, as Filebeat does, as ``_``."""
    for prefix in store.candidates("labels"):
        yield from dict.fromkeys((f"{prefix}.{label}", f"{prefix}.{label.replace('.', '_')}"))


def mapped(
    store: LogStore, indices: Sequence[str], types: Mapping[str, Types], kind: str = "", labels: Sequence[str] = ()
) -> Mapped:
    """Choose the fields by what the server says of them. Raises NoLogsError where no line could be found."""
    patterns = ", ".join(store.indices)
    if not indices:
        raise NoLogsError(f"no index matches {patterns}: name yours under logs.indices in the settings")
    time = next((name for name in store.candidates("time") if _DATES & set(types.get(name, ()))), None)
    if time is None:
        raise NoLogsError(
            f"{some(indices)} {_has(indices)} no {store.candidates('time')[0]}: "
            "name the field with the time under logs.fields.time in the settings"
        )
    found = {role: _existing(store.candidates(role, kind), types) for role in ROLES if role != "labels"}
    found |= {f"labels:{label}": _existing(tuple(label_names(store, label)), types) for label in labels}
    names = [name for fields in found.values() for name in fields]
    return Mapped(
        time=time,
        nanos=set(types[time]) >= _DATES,
        roles=found,
        exact={name: _exact(name, types) for name in names},
        indices=(*store.indices, *(f"-{index}" for index in _unsortable(types[time]))),
        faults=(*_time_faults(time, types[time]), *_conflicts(found, types)),
    )


def _existing(names: tuple[str, ...], types: Mapping[str, Types]) -> tuple[str, ...]:
    return tuple(name for name in names if set(types.get(name, ())) - {"unmapped", "object", "nested"})


def _exact(name: str, types: Mapping[str, Types]) -> tuple[str, ...]:
    return tuple(each for each in (name, f"{name}.keyword") if _EXACT & set(types.get(each, ())))


def _unsortable(types: Types) -> list[str]:
    return sorted({index for kind, where in types.items() if kind not in (*_DATES, "unmapped") for index in where})


def _time_faults(time: str, types: Types) -> Iterator[str]:
    for kind, where in types.items():
        if kind == "unmapped":
            yield f"{some(where)} {_has(where)} no {time}: documents there are not shown"
        elif kind not in _DATES:
            yield f"{time} is {kind} in {some(where)}: documents there are not shown"


def _conflicts(found: Mapping[str, tuple[str, ...]], types: Mapping[str, Types]) -> Iterator[str]:
    for role, names in found.items():
        for name in names if role != "time" else ():
            kinds = sorted(
                ((kind, where) for kind, where in types[name].items() if kind != "unmapped"),
                key=lambda each: (-len(each[1]), each[0]),
            )
            if len(kinds) > 1:
                told = [f"{kind} in {len(where)} {'index' if len(where) == 1 else 'indices'}" for kind, where in kinds]
                yield f"{name} is {' and '.join(told)}"


def some(indices: Sequence[str]) -> str:
    """Indices as a sentence names them: data streams by their own names, many by their number."""
    names = list(dict.fromkeys(stream_of(index) for index in indices))
    return ", ".join(names) if len(names) <= _NAMED else f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"


def stream_of(index: str) -> str:
    """The data stream of a backing index, ``.ds-STREAM-2026.11.26-000001``; others as they are."""
    found = _BACKING.fullmatch(index)
    return found[1] if found else index


def _has(indices: Sequence[str]) -> str:
    return "has" if len({stream_of(index) for index in indices}) == 1 else "have"
