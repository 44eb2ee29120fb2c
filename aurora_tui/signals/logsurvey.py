"""What a log store has: which of the candidate fields exist, how many documents there are, and how late they come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from aurora_tui.model.logfields import LogStore, Mapped, asked_for, mapped
from aurora_tui.model.selection import LogSelection
from aurora_tui.signals.elastic_answers import Capabilities
from aurora_tui.signals.elasticsearch import ElasticClient
from aurora_tui.signals.logdocuments import NANO, nanos_of
from aurora_tui.signals.logquery import all_of, between, by_time

_TOLD = ("time", "message", "level", "namespace", "pod", "container", "trace", "stack", "ingested")


async def fields_of(client: ElasticClient, store: LogStore, selection: LogSelection) -> Mapped:
    """Ask which of the candidate fields exist. Raises SignalError and NoLogsError."""
    kind = selection.workload[0] if selection.workload else ""
    labels = [name for name, _ in selection.labels]
    found = await client.capabilities(",".join(store.indices), asked_for(store, kind, labels))
    return mapped(store, found.indices, _types(found), kind, labels)


def _types(found: Capabilities) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    everywhere = tuple(found.indices)
    return {
        name: {kind: everywhere if each.indices is None else tuple(each.indices) for kind, each in kinds.items()}
        for name, kinds in found.fields.items()
    }


async def survey(client: ElasticClient, store: LogStore, now: float) -> str:
    """In one line: documents, the newest and how late it came, the fields. Raises SignalError and NoLogsError."""
    fields = await fields_of(client, store, LogSelection(""))
    target = ",".join(fields.indices)
    count = await client.count(target, {"match_all": {}})
    body = {
        "query": all_of([between(fields.time, lte="now")]),
        "sort": by_time(fields, "desc"),
        "size": 1,
        "track_total_hits": False,
        "_source": False,
        "fields": [*fields.of("ingested")],
    }
    answer = await client.search(target, body)
    told = [f"{count.count:,} documents in {', '.join(fields.indices)}"]
    for hit in answer.hits:
        stamp = nanos_of(str(hit.sort[0])) / NANO
        told.append(f"the newest {span(max(now - stamp, 0))} old")
        ingested = next((hit.fields[name][0] for name in fields.of("ingested") if hit.fields.get(name)), None)
        if ingested:
            told.append(f"ingest lag {span(datetime.fromisoformat(str(ingested)).timestamp() - stamp)}")
    found = [f"{role} {fields.time if role == 'time' else fields.of(role)[0]}" for role in _TOLD if fields.of(role)]
    told.append(f"fields {', '.join(found)}")
    return "; ".join([*told, *filter(None, [answer.partial]), *fields.faults])


def span(seconds: float) -> str:
    """Seconds as one reads them: ``12 s``, ``5 min``, ``3 h``."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
