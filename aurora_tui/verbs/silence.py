"""Silence and unsilence: a silence of Alertmanager made for an alert, and one that hides it expired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import ceil
from typing import Any

from aurora_tui.cluster.protocol import MERGE_PATCH
from aurora_tui.cluster.resources import ALERTS
from aurora_tui.model.actions import Action, Params, PatchRequest, Verb
from aurora_tui.model.ages import human_duration
from aurora_tui.model.frozen import replace
from aurora_tui.model.masking import mask_text
from aurora_tui.model.matchers import Matcher, exactly, matching, read_matchers, seconds_of, written
from aurora_tui.model.rollouts import RolloutState, RolloutStatus
from aurora_tui.model.stamps import rfc3339
from aurora_tui.verbs.base import Changing, Draft, Inverse, Refusal, Right, View

ACKNOWLEDGED = "15m"
"""How long an alert is silenced where nobody says otherwise."""
NEW = "new"
"""What a silence is called until Alertmanager has given it an id."""
COMMENT = "silenced with aurora-tui"
"""What a silence says of itself where nobody has said why: Alertmanager's own page refuses none at all."""
_NAMED = 5

Item = Mapping[str, Any]


class _OfAnAlert(Changing):
    """The parts common to both; an alert as `aurora_tui.silencing` shows it, ``silences`` those that hide it now."""

    kinds = (ALERTS.kind,)

    def shown(self, item: Item) -> Item:
        ends: dict[str, list[str]] = {}
        for silence in _by_end(item):
            ends.setdefault(_until(silence), []).append(_matchers(silence))
        told = {f"until {until}": " or ".join(matchers) for until, matchers in ends.items()}
        return {"silenced": told} if told else {}

    def basis(self, item: Item) -> Any:
        return [[_until(silence), _matchers(silence), _missing(item, silence)] for silence in _by_end(item)]

    def state(self, item: Item) -> dict[str, Any]:
        return {"until": _silenced_until(item)}

    def gone(self, action: Action, words: str) -> RolloutStatus:
        return _settled(f"{action.target} has ended meanwhile: nothing is left to hide or to tell")


class Silence(_OfAnAlert):
    """`params`: ``for`` or ``until`` (RFC 3339), ``matchers`` (all labels of the alert without them), ``comment``.

    With ``prolongs``, when a silence with these matchers ends, that one is made to last longer. ``kept`` says that
    it will be prolonged as long as somebody is there.
    """

    verb = Verb.SILENCE
    right = Right("patch", subresource="silence")

    async def draft(self, view: View, params: Params) -> Draft:
        try:
            matchers = read_matchers(str(params["matchers"])) if "matchers" in params else exactly(_labels(view.live))
            until = str(params.get("until", "")) or _end(view.now, str(params.get("for", ACKNOWLEDGED)))
            end = _seconds(until)
        except ValueError as error:
            raise Refusal(str(error)) from error
        if not matchers or not matching(matchers, _labels(view.live)):
            raise Refusal(f"{written(matchers) or 'nothing'} does not match {view.label}")
        if end <= view.now:
            raise Refusal(f"{until} is over: a silence must end in the future")
        told = {"ending": params.get("prolongs", ""), "matchers": written(matchers)}
        prolonged = _choose(view, told) if "prolongs" in params else ""
        already = _silenced_until(view.live)
        if not prolonged and already and _seconds(already) >= end:
            raise Refusal(f"{view.label} is silenced already: {_told(_by_end(view.live)[-1])}")
        comment = mask_text(str(params.get("comment", "")).strip())
        silence = {
            "matchers": [matcher.to_json() for matcher in matchers],
            "startsAt": rfc3339(view.now),
            "endsAt": until,
            "createdBy": "",
            "comment": comment,
        }
        if prolonged:
            silence = {**view.live["silences"][prolonged], "endsAt": until}
        chosen = {name: params[name] for name in ("prolongs", "kept") if name in params}
        lasts = f"for {human_duration(ceil(end - view.now))}, until {until}"
        kept = "; prolonged before it ends as long as you are here" if "kept" in params and not prolonged else ""
        return Draft(
            params={"until": until, "matchers": written(matchers)} | ({"comment": comment} if comment else {}) | chosen,
            request=PatchRequest(MERGE_PATCH, {"silences": {prolonged or NEW: silence}}, self.right.subresource),
            effect=f"{'keeps silencing' if prolonged else 'silences'} {view.label} {lasts}{kept}",
            warnings=(*await _also_hidden(view, matchers), *view.live.get("away", ())),
        )

    def signed(self, request: PatchRequest, by: str, reason: str) -> PatchRequest:
        [(name, silence)] = request.body["silences"].items()
        told = {"createdBy": by, "comment": silence["comment"] or reason or COMMENT}
        return replace(request, body={**request.body, "silences": {name: silence | told}})

    def progress(self, action: Action, item: Item) -> RolloutStatus:
        wanted = [action.params["until"], action.params["matchers"]]
        for name, silence in item["silences"].items():
            if [_until(silence), _matchers(silence)] == wanted:
                if missing := _missing(item, silence):
                    words = f"{', '.join(missing)} does not hold {action.target} back yet"
                    return RolloutStatus(RolloutState.WAITING, 0, 1, words)
                away = "".join(f"; {words}" for words in item.get("away", ()))
                return _settled(f"{action.target} is suppressed until {_until(silence)} by silence {name}{away}")
        return RolloutStatus(RolloutState.WAITING, 0, 1, f"Alertmanager does not hold {action.target} back yet")

    def inverse(self, action: Action) -> Inverse | None:
        return (Verb.UNSILENCE, {"ending": action.params["until"], "matchers": action.params["matchers"]})


class Unsilence(_OfAnAlert):
    """`params`: ``silence`` (its id), or ``ending`` and ``matchers`` of it; the only one without them."""

    verb = Verb.UNSILENCE
    right = Right("patch", subresource="expiry")

    async def draft(self, view: View, params: Params) -> Draft:
        name = _choose(view, params)
        silence = view.live["silences"][name]
        rest = {other: each for other, each in view.live["silences"].items() if other != name}
        until = _silenced_until({**view.live, "silences": rest})
        remains = (f"it stays silenced until {until} by another silence",) if until else ()
        others = [
            str(each["metadata"]["name"])
            for each in await view.cluster.list(ALERTS, None)
            if name in each["silences"] and each["metadata"]["uid"] != view.live["metadata"]["uid"]
        ]
        also = (f"the silence hides {len(others)} more: {_few(others)}",) if others else ()
        return Draft(
            params={"silence": name, "until": until},
            request=PatchRequest(MERGE_PATCH, {"silences": {name: None}}, self.right.subresource),
            effect=f"expires the silence of {view.label}: {_told(silence)}",
            warnings=remains + also + tuple(view.live.get("away", ())),
        )

    def progress(self, action: Action, item: Item) -> RolloutStatus:
        if action.params["silence"] in item["silences"]:
            return RolloutStatus(RolloutState.WAITING, 0, 1, f"{action.target} is still held back by it")
        until = _silenced_until(item)
        return _settled(f"{action.target} is {f'silenced until {until} by another silence' if until else 'told again'}")

    def inverse(self, action: Action) -> Inverse | None:
        return None


def _choose(view: View, params: Params) -> str:
    """The id of the silence that is meant."""
    held: Mapping[str, Item] = view.live["silences"]
    if "ending" in params:
        wanted = [params["ending"], params["matchers"]]
        found = [name for name, each in held.items() if [_until(each), _matchers(each)] == wanted]
    else:
        # One that several Alertmanagers keep is known by each of its ids.
        found = [name for name in held if params.get("silence", name) in (name, *name.split("+"))]
    if len(found) == 1:
        return found[0]
    if found:
        several = "; ".join(f"{name} ({_told(held[name])})" for name in found)
        raise Refusal(f"{view.label} is held back by several silences, say which: {several}")
    what = "by that silence" if held else "by any silence"
    raise Refusal(f"{view.label} is not held back {what}")


async def _also_hidden(view: View, matchers: Sequence[Matcher]) -> tuple[str, ...]:
    """What else fires now and would be held back, in words."""
    own = view.live["metadata"]["uid"]
    others = [
        str(each["metadata"]["name"])
        for each in await view.cluster.list(ALERTS, None)
        if each["metadata"]["uid"] != own and matching(matchers, _labels(each))
    ]
    return (f"it also hides {len(others)} more: {_few(others)}",) if others else ()


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def _settled(words: str) -> RolloutStatus:
    return RolloutStatus(RolloutState.SETTLED, 1, 1, words)


def _labels(item: Item) -> Mapping[str, str]:
    # Not in the metadata: labels of alerts are not held to what Kubernetes takes for one.
    labels: Mapping[str, str] = item["labels"]
    return labels


def _by_end(item: Item) -> list[Item]:
    return sorted(item["silences"].values(), key=lambda silence: (_until(silence), _matchers(silence)))


def _missing(item: Item, silence: Item) -> list[str]:
    """The Alertmanagers that have the alert and, though they share nothing with the others, not this silence."""
    every = item.get("at", ())
    return sorted(set(every) - set(silence.get("ids", every)))


def _silenced_until(item: Item) -> str:
    """Until when all Alertmanagers that tell it by themselves hide it, "" where one of them does not."""
    every, silences = item.get("at") or ("",), item["silences"].values()
    return min(
        max((_until(silence) for silence in silences if at in silence.get("ids", every)), default="") for at in every
    )


def _until(silence: Item) -> str:
    return rfc3339(_seconds(str(silence["endsAt"])))


def _matchers(silence: Item) -> str:
    return written(map(Matcher.from_json, silence["matchers"]))


def _told(silence: Item) -> str:
    by = f" by {silence['createdBy']}" if silence["createdBy"] else ""
    return f"until {_until(silence)}{by} where {_matchers(silence)}"


def _end(now: float, duration: str) -> str:
    return rfc3339(ceil(now) + seconds_of(duration))


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
