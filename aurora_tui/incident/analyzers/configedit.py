"""An edit of a ConfigMap or Secret that the pods read, shortly before the onset; what it changed where that is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from aurora_tui.incident.situation import Object, Situation
from aurora_tui.model.ages import stamp
from aurora_tui.model.changes import Change, ChangeKind, distance_words
from aurora_tui.model.configmaps import is_secret
from aurora_tui.model.configreaders import CONFIG_MAP, SECRET, Reading, readings
from aurora_tui.model.diffs import DiffLine
from aurora_tui.model.diffs import changes as differences
from aurora_tui.model.findings import Cause, Evidence, Finding
from aurora_tui.model.masking import HIDDEN
from aurora_tui.model.raw import section
from aurora_tui.model.selection import ObjectRef

_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""What ``kubectl apply`` gave last: an edit by other means leaves it as it was, and so the values before."""
_BY_HAND = frozenset({"aurora-tui", "kubectl-edit", "kubectl-patch"})
"""Field managers that leave as it was what was applied last."""
_KINDS = {"ConfigMap": CONFIG_MAP, "Secret": SECRET}


def analyze(situation: Situation) -> Iterator[Finding]:
    if not situation.in_trouble:
        return
    told: set[ObjectRef] = set()
    for change in situation.changes:
        edited = change.kind is ChangeKind.EDIT and change.ref.kind in _KINDS and change.words.startswith("changed")
        if not edited or change.ref in told or _put_back(situation, change):
            continue
        onset = situation.onset_after(change.at, situation.limits.edit_before)
        reader = situation.owner(change.ref)
        if onset is not None and reader is not None:
            told.add(change.ref)
            yield _finding(situation, change, reader, onset)


def _finding(situation: Situation, edit: Change, reader: ObjectRef, onset: float) -> Finding:
    near = max(0.0, 1 - abs(onset - edit.at) / situation.limits.edit_before)
    weight = 0.5 + 0.2 * near
    before, diff = known_before(situation, edit), edit_diff(situation, edit)
    place = distance_words(edit, onset)
    by = f" by {edit.by}" if edit.by else ""
    when = place if place == "at the onset" else f"{place} the onset"
    evidence = [Evidence(f"{edit.ref}: {edit.words}{by}, {when}", edit.ref, edit.at, diff=diff)]
    for act in _acts(situation, edit.ref):
        if abs(act.at - edit.at) <= situation.limits.late_by:
            words = f"it was done through this program, maybe to mend something: {act.words}, {act.by}"
            evidence.append(Evidence(words, edit.ref, act.at, against=True))
    if before:
        weight += 0.15
    if edit.at > onset:
        weight -= 0.15  # clocks differ, but what comes after the onset is rather done because of it
    ways = _ways(situation, edit.ref, reader)
    started = [stamp(pod.metadata.creation_timestamp) or 0.0 for pod in situation.pods_of(reader)]
    if Reading.VOLUME in ways:
        evidence.append(Evidence(f"{reader} mounts it: its pods see an edit within about a minute", reader))
    elif any(at >= edit.at - 1 for at in started):
        evidence.append(Evidence(f"{reader} reads it when it starts, and pods have started since", reader))
    else:
        evidence.append(
            Evidence(f"no pod of {reader} has started since: it still has the value before", reader, against=True)
        )
        weight -= 0.4
    words = f"{edit.ref}: {edit.words}{by}, read by {reader}"
    return Finding(Cause.CONFIG_EDIT, edit.ref, words, tuple(evidence), weight, edit.at, before)


def edit_diff(situation: Situation, edit: Change) -> tuple[DiffLine, ...]:
    """What an edit of a ConfigMap changed, against the values before; empty where they are not known."""
    before = known_before(situation, edit) if edit.kind is ChangeKind.EDIT and edit.ref.kind == "ConfigMap" else {}
    now = section(situation.raw(edit.ref) or {}, "data")
    return differences(_shown(before, before), _shown(before, now)) if before else ()


def known_before(situation: Situation, edit: Change) -> dict[str, str | int]:
    """The values before an edit, from what was applied last, else from the journal where this program did it."""
    item = situation.raw(edit.ref) or {}
    if _APPLIED in section(item, "metadata", "annotations"):
        return edited_back(item)  # where it is as it was applied, an edit has only set it back to that
    return _journalled(situation, edit, section(item, "data"))


def _journalled(situation: Situation, edit: Change, now: Mapping[str, Any]) -> dict[str, str | int]:
    """Only values that are told to the letter: not what is hidden, nor what had to be quoted to be shown.

    What an action has set back to what it was before another one is left as it is.
    """
    found: dict[str, str | int] = {}
    acts = [*_acts(situation, edit.ref)]
    for change in acts:
        if abs(change.at - edit.at) > situation.limits.late_by:
            continue
        for key, value in now.items():
            was, became = _told(change, "-", key), _told(change, "+", key)
            again = any(each.at < change.at and _told(each, "-", key) == value for each in acts)
            if was is not None and became == value and not again and HIDDEN not in was and not was.startswith('"'):
                found[key] = was
    return found


def _put_back(situation: Situation, edit: Change) -> bool:
    """Whether an edit by hand made everything again as it was applied: it took another one back."""
    item = situation.raw(edit.ref) or {}
    applied = _applied(item)
    return edit.by in _BY_HAND and applied is not None and section(applied, "data") == section(item, "data")


def _acts(situation: Situation, ref: ObjectRef) -> Iterator[Change]:
    """What was done to it through this program."""
    for each in situation.changes:
        if each.kind is ChangeKind.ACTION and (each.ref.kind, each.ref.name) == (ref.kind, ref.name):
            yield each


def _told(change: Change, sign: str, key: str) -> str | None:
    return next((line.text for line in change.diff if (line.sign, line.path) == (sign, f"data.{key}")), None)


def edited_back(item: Object) -> dict[str, str | int]:
    """The keys of a ConfigMap that differ from what was applied last, with the values that they had there."""
    before, now = section(_applied(item) or {}, "data"), section(item, "data")
    return {
        key: value
        for key, value in before.items()
        if isinstance(value, str) and key in now and now[key] != value and not is_secret(key, value)
    }


def _applied(item: Object) -> Mapping[str, Any] | None:
    """A ConfigMap as it was applied last; None where that is not known."""
    text = section(item, "metadata", "annotations").get(_APPLIED)
    if item.get("kind", "ConfigMap") != "ConfigMap" or not isinstance(text, str):
        return None
    try:
        applied = json.loads(text)
    except ValueError:
        return None
    return applied if isinstance(applied, Mapping) else None


def _shown(keys: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    return {"data": {key: values[key] for key in keys if key in values}}


def _ways(situation: Situation, ref: ObjectRef, reader: ObjectRef) -> list[Reading]:
    spec = section(situation.raw(reader) or {}, "spec", "template", "spec")
    return readings(spec, ref.name, None, _KINDS[ref.kind])
