"""What changed in a namespace: reads the marks that changes leave, from the API server and from the journal."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from aurora_tui.cluster import resources
from aurora_tui.cluster.errors import ClusterError, ForbiddenError, NotFoundError
from aurora_tui.cluster.protocol import Cluster
from aurora_tui.cluster.resources import Resource
from aurora_tui.folders import state_dir
from aurora_tui.incident.mending import HIDING
from aurora_tui.journal import Entry, Journal, JournalError
from aurora_tui.model import argo, marks
from aurora_tui.model.actions import Outcome, Recovery, Verdict
from aurora_tui.model.belonging import Listed, belonging
from aurora_tui.model.changes import Change, ChangeKind, Changes, nearest, once
from aurora_tui.model.diffs import changes as differences
from aurora_tui.model.frozen import replace
from aurora_tui.model.revisions import (
    REVISION_ANNOTATION,
    from_controller_revisions,
    from_replicasets,
    plain_template,
    versions,
)
from aurora_tui.model.runs import runs
from aurora_tui.model.selection import ObjectRef
from aurora_tui.session import Session

Object = Mapping[str, Any]

LOOK_BACK_SECONDS = 24 * 3600.0
"""How long before the onset changes are looked for, unless told otherwise."""
JOURNAL_ENTRIES = 500
"""The newest entries of the journal, which are looked through."""
_ROLLING = (resources.DEPLOYMENTS, resources.STATEFULSETS, resources.DAEMONSETS, resources.ROLLOUTS)
_BY_REPLICASETS = {"Deployment": REVISION_ANNOTATION, "Rollout": argo.REVISION_ANNOTATION}
"""What keeps its revisions in ReplicaSets, and in which annotation their numbers are."""
_KEEPERS = (resources.REPLICASETS, resources.CONTROLLER_REVISIONS)
_READ = (
    *_ROLLING, *_KEEPERS, resources.PODS, resources.EVENTS, resources.JOBS, resources.CRONJOBS, resources.SERVICES,
    resources.HPAS,
)  # fmt: skip
_NAMED = (
    resources.CONFIGMAPS, resources.SECRETS, resources.BUDGETS, resources.QUOTAS,
    resources.NETWORK_POLICIES, resources.INGRESSES,
)  # fmt: skip
"""The kinds of which only the metadata are read: who changed which fields, never what they hold."""
_EDITED = (resources.SERVICES, resources.HPAS, resources.CRONJOBS, *_NAMED)
_TELLING = (
    (resources.PODS, marks.terminations),
    (resources.EVENTS, marks.told_by_event),
    (resources.JOBS, marks.job_runs),
    (resources.NODES, marks.node_changes),
    (resources.CERTIFICATES, marks.certificates),
)
_EXTRA = (resources.CERTIFICATES, resources.APPLICATIONS)
"""What only some clusters have."""
_EVERYWHERE = (resources.APPLICATIONS,)
"""The kinds whose objects live elsewhere than what they change."""
_PATHS_SHOWN = 3


async def list_objects(
    cluster: Cluster, namespace: str, more: Sequence[Resource] = ()
) -> tuple[dict[str, Sequence[Object]], tuple[str, ...]]:
    """The raw objects of a namespace, and all nodes, that marks of changes are read from, and `more`, by their kind.

    What may not be read, or fails, is said in the remarks, and the rest is there all the same.
    """
    remarks: list[str] = []

    async def ask(kind: Resource) -> Sequence[Object]:
        try:
            if kind in _NAMED and kind not in more:
                return await cluster.metadata(kind, namespace)
            return await cluster.list(kind, namespace if kind.namespaced and kind not in _EVERYWHERE else None)
        except NotFoundError:
            return ()  # this server does not serve the kind
        except ForbiddenError:
            # Whoever may not list a kind is not told whether there is one at all.
            if not kind.product:
                remarks.append(f"{kind.plural} may not be listed")
        except ClusterError as error:
            remarks.append(f"{kind.plural}: {error}")
        return ()

    kinds = tuple(dict.fromkeys((*_READ, *_NAMED, resources.NODES, *_EXTRA, *more)))
    found = await asyncio.gather(*map(ask, kinds))
    return {kind.kind: items for kind, items in zip(kinds, found, strict=True)}, tuple(dict.fromkeys(remarks))


async def read_changes(
    cluster: Cluster,
    namespace: str,
    *,
    onset: float,
    begin: float,
    end: float,
    ref: ObjectRef | None = None,
    entries: Sequence[Entry] = (),
) -> Changes:
    """The changes of a namespace, the nodes it runs on and the journal between two times, nearest to the onset first.

    `ref` is the workload in hand: what belongs to it is marked as its own. What may not be read, or fails,
    is said in the remarks, and the rest is found all the same.
    """
    listed, remarks = await list_objects(cluster, namespace)
    told = (*changes_of(listed, namespace), *acted(entries, cluster.context, namespace))
    return Changes(tuple(once(between(told, listed, onset=onset, begin=begin, end=end, ref=ref))), remarks)


def between(
    told: Iterable[Change], listed: Listed, *, onset: float, begin: float, end: float, ref: ObjectRef | None
) -> tuple[Change, ...]:
    """The changes between two times, nearest to the onset first, those of the workload in hand marked as its own."""
    own = belonging(ref, listed) if ref is not None else frozenset()
    rows = {
        change.key: replace(change, own=(change.ref.kind, change.ref.name) in own)
        for change in told
        if begin <= change.at <= end
    }
    return nearest(rows.values(), onset)


async def journalled(session: Session) -> tuple[Sequence[Entry], str]:
    """The newest entries of the journal, or why it cannot be read; none where it tells of another time."""
    if session.is_past:
        return (), ""
    journal = Journal(state_dir())
    try:
        return await asyncio.to_thread(journal.entries, JOURNAL_ENTRIES), ""
    except JournalError as error:
        return (), f"the journal cannot be read: {error}"
    finally:
        journal.close()


async def changes_around(
    session: Session, namespace: str, onset: float | None, ref: ObjectRef | None, look_back: float = LOOK_BACK_SECONDS
) -> Changes:
    """The same for a session, from so many seconds before the onset (None: before now) until now, the journal's too."""
    now = session.clock()
    entries, trouble = await journalled(session)
    middle = onset if onset is not None else now
    found = await read_changes(
        session.cluster, namespace, onset=middle, begin=middle - look_back, end=now, ref=ref, entries=entries
    )
    return replace(found, remarks=(*found.remarks, trouble)) if trouble else found


def changes_of(listed: Listed, namespace: str) -> Iterator[Change]:
    """What the objects of a namespace and all nodes tell; nodes that run none of its pods are left out."""
    for item in listed.get("Application", ()):
        yield from marks.synced(item, namespace)
    keepers: dict[str, list[Object]] = defaultdict(list)
    for kind in _KEEPERS:
        for item in listed.get(kind.kind, ()):
            for owner in item["metadata"].get("ownerReferences") or ():
                keepers[owner["uid"]].append(item)
    for kind in _ROLLING:
        for item in listed.get(kind.kind, ()):
            yield from rollouts(kind.kind, item, keepers[item["metadata"]["uid"]])
            yield from marks.scaled(kind.kind, item, listed.get("Event", ()))
    for kind in _EDITED:
        for item in listed.get(kind.kind, ()):
            yield from marks.releases(item) if marks.is_release(item) else marks.edits(kind.kind, item)
    used = {(pod.get("spec") or {}).get("nodeName") for pod in listed.get("Pod", ())}
    for kind, tell in _TELLING:
        for item in listed.get(kind.kind, ()):
            if kind is not resources.NODES or item["metadata"]["name"] in used:
                yield from tell(item)


def rollouts(kind: str, workload: Object, keepers: Sequence[Object]) -> Iterator[Change]:
    """Each change of a workload's pod template of which the time is known, with what it changed."""
    annotation = _BY_REPLICASETS.get(kind)
    history = (
        from_replicasets(workload, keepers, annotation) if annotation else from_controller_revisions(workload, keepers)
    )
    by_keeper = {each.keeper: each for each in history}
    before = None
    for run in runs(workload, history):
        revision = by_keeper[run.keeper]
        if run.begin is not None:
            old = plain_template(before.template) if before is not None else {}
            new = plain_template(revision.template)
            diff = differences({"template": old}, {"template": new}) if before is not None else ()
            words = f"revision {run.number}"
            if before is not None:
                was, becomes = versions(before.template, revision.template)
                words += f": {was} → {becomes}" if was or becomes else f": {_paths(line.path for line in diff)}"
            cause = f" ({revision.change_cause})" if revision.change_cause else ""
            ref = marks.ref_of(kind, workload)
            by = marks.writer(workload, "template", run.begin)
            yield Change(run.begin, ChangeKind.ROLLOUT, ref, words + cause, by, diff, run.exact)
        before = revision


def _paths(paths: Iterable[str]) -> str:
    names = list(dict.fromkeys(path.removeprefix("template.") for path in paths))
    more = f" and {len(names) - _PATHS_SHOWN} more" if len(names) > _PATHS_SHOWN else ""
    return ", ".join(names[:_PATHS_SHOWN]) + more if names else "the same template again"


def acted(entries: Iterable[Entry], context: str, namespace: str) -> Iterator[Change]:
    """What was done through this program in the namespace, or to nodes."""
    for entry in entries:
        target = entry.action.target
        here = target.context == context and target.namespace in (namespace, "", None)
        if here and entry.outcome in (Outcome.DONE, Outcome.UNCERTAIN):
            reason = f": {entry.reason}" if entry.reason else ""
            words = f"{entry.action.verb.value} ({entry.outcome.value}{_ended(entry.verdict)}){reason}"
            diff = differences(entry.action.before, entry.action.after)
            well = entry.verdict is not None and entry.verdict.sli is Recovery.RECOVERED
            yield Change(
                *(entry.started_at, ChangeKind.ACTION, target.ref, words, str(entry.operator), diff),
                mends=entry.action.verb not in HIDING,
                well_at=entry.verdict_at if well else None,
            )


def _ended(verdict: Verdict | None) -> str:
    """How it ended for the users, or where nobody asked for them, for the pods."""
    if verdict is None:
        return ""
    asked = verdict.sli is not Recovery.NOT_ASKED
    return f", SLI {verdict.sli.value}" if asked else f", pods {verdict.rollout.value}"
