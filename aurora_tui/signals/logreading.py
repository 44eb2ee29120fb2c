"""A page of a selection's log as Elasticsearch has it, read once."""

from __future__ import annotations

from collections.abc import Sequence

from aurora_tui.model.access import HttpAccess
from aurora_tui.model.logfields import LogStore
from aurora_tui.model.loglines import LogLine
from aurora_tui.model.selection import LogSelection
from aurora_tui.signals.elasticsearch import ElasticClient
from aurora_tui.signals.logdocuments import Reading
from aurora_tui.signals.logpages import Walk
from aurora_tui.signals.logquery import between, filters
from aurora_tui.signals.logsurvey import fields_of
from aurora_tui.signals.threads import in_thread


async def newest_lines(access: HttpAccess, store: LogStore, selection: LogSelection, most: int) -> Sequence[LogLine]:
    """The `most` newest lines of a selection (within its `since` and `until`), oldest first.

    Raises SignalError, and NoLogsError where the store has no index or field for them.
    """
    client = ElasticClient(access)
    try:
        fields = await fields_of(client, store, selection)
        reading = Reading(store, fields, selection)
        bounds = {"gte": selection.since, "lte": selection.until}
        within = between(fields.time, **{name: stamp for name, stamp in bounds.items() if stamp is not None})
        chosen = [*filters(selection, fields), within]
        walk = Walk(client, fields, chosen, "desc", reading.source, page=most, thrifty=True)
        try:
            hits = await walk.whole_page()
        finally:
            await walk.close()
        documents = await in_thread(lambda: [reading.read(hit) for hit in reversed(hits)])
        return [document.line for document in documents if document.wanted]
    finally:
        await client.close()
