"""Set flag: give a key of a ConfigMap another value, as ``kubectl patch configmap`` does.

The values before and after stand in the journal as they are where they may: a value that is hidden as a secret, or
is long, stands there in a form that tells two apart but cannot be written back, and such a change has no inverse.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from aurora_tui.cluster.errors import ClusterError
from aurora_tui.cluster.protocol import MERGE_PATCH, Cluster
from aurora_tui.model.actions import Action, Params, PatchRequest, Verb
from aurora_tui.model.configmaps import TOGGLE, is_secret, masked, opposite
from aurora_tui.model.configreaders import WHEN
from aurora_tui.model.masking import HIDDEN
from aurora_tui.model.rollouts import RolloutState, RolloutStatus
from aurora_tui.model.text import listed
from aurora_tui.readers import config_readers
from aurora_tui.verbs.base import Changing, Draft, Inverse, Refusal, View

LONGEST = 256
"""Characters of a value that the journal keeps as they are."""
_NAMED = 12
"""How many keys a refusal names."""

Object = Mapping[str, Any]


class Flag(Changing):
    verb = Verb.FLAG
    kinds = ("ConfigMap",)

    async def draft(self, view: View, params: Params) -> Draft:
        """`params`: key -> its new value, or `TOGGLE`."""
        if view.live.get("immutable"):
            raise Refusal(f"{view.label} is immutable: another one must take its place")
        changed = _changed(view.live, params, view.label)
        data = view.live["data"]
        steps = [f"{key} from {_told(key, data[key])} to {_told(key, value)}" for key, value in changed.items()]
        return Draft(
            params={key: _kept(key, value) for key, value in changed.items()},
            request=PatchRequest(MERGE_PATCH, {"data": changed}),
            effect=f"sets {', '.join(steps)} in {view.label}",
            warnings=await _seen_when(view, changed),
        )

    def shown(self, item: Object) -> Object:
        data = item.get("data") or {}
        # Under its name a secret's value is hidden by whatever shows the difference, and that it changed is not.
        return {
            "data": {key: {"name": key, "value": data[key]} if is_secret(key, data[key]) else data[key] for key in data}
        }

    def basis(self, item: Object) -> Any:
        return [item.get("data"), bool(item.get("immutable"))]

    def state(self, item: Object) -> dict[str, Any]:
        return {"data": {key: _recorded(key, value) for key, value in (item.get("data") or {}).items()}}

    def progress(self, action: Action, item: Object) -> RolloutStatus:
        """Whether the values still are those that the action set; `follow` sees who learns of them."""
        wanted, now = action.after.get("data") or {}, self.state(item)["data"]
        if changed := [key for key in action.params if key in wanted and now.get(key) != wanted[key]]:
            words = f"something else has since changed {', '.join(changed)}"
            return RolloutStatus(RolloutState.FAILED, 0, 1, words, "now")
        told = ", ".join(f"{key} is {_told(key, str(value))}" for key, value in action.params.items())
        return RolloutStatus(RolloutState.SETTLED, 1, 1, told)

    async def follow(self, cluster: Cluster, action: Action, item: Object) -> RolloutStatus:
        """Complete, and so a matter of the SLI, where running pods get to see it by themselves."""
        status = self.progress(action, item)
        if status.state is RolloutState.FAILED:
            return status
        target = action.target
        readers = await config_readers(cluster, target.namespace, target.name, action.params.keys())
        waiting = ", ".join(each.workload for each in readers if not each.follows)
        text = f"{status.text}; restart {waiting}: its pods still have the value before" if waiting else status.text
        if any(each.follows for each in readers) or not readers:
            return RolloutStatus(RolloutState.COMPLETE, 1, 1, text)
        return RolloutStatus(RolloutState.SETTLED, 1, 1, text)

    def inverse(self, action: Action) -> Inverse | None:
        before = action.before.get("data") or {}
        earlier = {key: before.get(key) for key in action.params}
        # A placeholder must never be written back.
        if not all(isinstance(value, str) and HIDDEN not in value for value in earlier.values()):
            return None
        return (Verb.FLAG, {key: str(value) for key, value in earlier.items()})


def _changed(live: Object, params: Params, label: str) -> dict[str, str]:
    data = live.get("data") or {}
    if not params:
        raise Refusal(f"say which key gets which value, e.g. new-checkout=false ({_there(data)})")
    wanted: dict[str, str] = {}
    for key, value in params.items():
        if key in (live.get("binaryData") or {}):
            raise Refusal(f"{key} of {label} holds binary data: it is no flag")
        if key not in data:
            raise Refusal(f"{label} has no key {key} ({_there(data)})")
        new = opposite(data[key]) if value == TOGGLE else value
        if not isinstance(new, str):
            raise Refusal(f"{key} of {label} is no switch such as true/false or on/off: say its new value")
        if HIDDEN in new:
            raise Refusal(f"{new} only stands in the place of a value that is not shown: say the value itself")
        wanted[key] = new
    changed = {key: value for key, value in wanted.items() if data[key] != value}
    if not changed:
        raise Refusal(f"{label} already has {', '.join(f'{key}={_told(key, wanted[key])}' for key in wanted)}")
    return changed


def _there(data: Mapping[str, str]) -> str:
    names = sorted(data)
    return f"there is: {listed(names, _NAMED)}" if names else "it has none"


def _recorded(key: str, value: str) -> Any:
    """A value as the journal may hold it."""
    shown = masked({key: value})[key]
    if len(shown) > LONGEST:
        return {"characters": len(value), "sha256": hashlib.sha256(shown.encode()).hexdigest()}
    return shown


def _kept(key: str, value: str) -> str:
    """A value for the parameters of an action: itself, or what is refused as a value."""
    kept = _recorded(key, value)
    return kept if isinstance(kept, str) else f"{HIDDEN}: {kept['characters']} characters"


def _told(key: str, value: str) -> str:
    """A value in words for the operator and the journal, on one line."""
    kept = _recorded(key, value)
    if not isinstance(kept, str):
        return f"({kept['characters']} characters)"
    return repr(kept) if not kept or kept != kept.strip() or "\n" in kept else kept


async def _seen_when(view: View, changed: Mapping[str, str]) -> tuple[str, ...]:
    """Who reads the keys, and when they will see the change."""
    try:
        readers = await config_readers(view.cluster, view.namespace, view.name, changed.keys())
    except ClusterError as error:
        return (f"could not see which workloads read it: {error.message}",)
    if not readers:
        return ("no workload here reads it by its environment or a volume: only what asks the API itself sees this",)
    return tuple(f"{each.workload} {WHEN[way]}" for each in readers for way in each.readings)
