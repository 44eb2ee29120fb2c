"""Several Alertmanagers as one: which of them share their silences, and what they say together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

import msgspec
from msgspec import field

from aurora_tui.model.frozen import Frozen
from aurora_tui.signals.alertmanager import ActiveAlert, AlertmanagerClient, Cluster, Group, Silence, Status
from aurora_tui.signals.errors import SignalError

GroupLabels = tuple[tuple[str, str], ...]
"""The labels that a group is made by, sorted."""


class Answer(Frozen):
    """What one Alertmanager, at the address `member`, says."""

    member: str
    alerts: Mapping[str, ActiveAlert]
    """By fingerprint."""
    silences: Mapping[str, Silence] = field(default_factory=dict)
    """By id; read only where an alert is silenced: there may be many that are long over."""
    groups: Mapping[str, GroupLabels] = field(default_factory=dict)
    """By the fingerprint of an alert the group that it is sent in, the first where there are several."""
    cluster: Cluster = field(default_factory=Cluster)


class Together(Frozen):
    """What all that answered say; `told_by` names by fingerprint who still tells an alert that others hold back."""

    alerts: Mapping[str, ActiveAlert]
    silences: Mapping[str, Silence]
    groups: Mapping[str, GroupLabels]
    told_by: Mapping[str, tuple[str, ...]]


NOBODY = Together({}, {}, {}, {})


async def ask(client: AlertmanagerClient, *, alone: bool) -> Answer:
    """Everything that one of them knows of its alerts; one that is `alone` is not asked for its peers.

    Raises `SignalError`. That the silences cannot be read is no reason not to know the alerts.
    """
    groups = await client.groups()
    alerts, placed = _by_fingerprint(groups)
    silences: Mapping[str, Silence] = {}
    with suppress(SignalError):
        silences = await silences_of(client, alerts.values())
    cluster = Cluster() if alone else await client.cluster()
    return Answer(client.access.shown, alerts, silences, placed, cluster)


async def silences_of(client: AlertmanagerClient, alerts: Iterable[ActiveAlert]) -> dict[str, Silence]:
    """The silences by id, asked for where any of the alerts is silenced. Raises `SignalError`."""
    if not any(alert.status.silenced_by for alert in alerts):
        return {}
    return {silence.id: silence for silence in await client.silences()}


def clusters(answers: Sequence[Answer]) -> list[list[Answer]]:
    """Those that gossip with each other stand together: a silence of one is a silence of all in its list.

    https://github.com/prometheus/alertmanager#high-availability
    """
    found: list[list[Answer]] = []
    for answer in answers:
        mine = [cluster for cluster in found if any(peers(answer.cluster, each.cluster) for each in cluster)]
        found = [cluster for cluster in found if cluster not in mine]
        found.append([*(each for cluster in mine for each in cluster), answer])
    return found


def peers(one: Cluster, other: Cluster) -> bool:
    """Whether either knows the other as its peer."""
    return any(other.name == peer.name for peer in one.peers if peer.name) or any(
        one.name == peer.name for peer in other.peers if peer.name
    )


def together(answers: Sequence[Answer]) -> Together:
    """What they say, each alert once.

    Within a cluster what one of them holds back is held back, as gossip needs a moment. Of those that do not
    know each other each sends by itself: an alert is held back only where all that have it do so.
    """
    if len(answers) == 1:
        (only,) = answers
        return Together(only.alerts, only.silences, only.groups, {})
    alerts: dict[str, ActiveAlert] = {}
    told_by: dict[str, tuple[str, ...]] = {}
    found = clusters(answers)
    for fingerprint in dict.fromkeys(key for answer in answers for key in answer.alerts):
        here = [[each for each in cluster if fingerprint in each.alerts] for cluster in found]
        views = [(each, _united([answer.alerts[fingerprint] for answer in each])) for each in here if each]
        telling = [each for each, alert in views if not _held_back(alert.status)]
        whole = _united([alert for _, alert in views])
        if telling and len(telling) < len(views):
            told_by[fingerprint] = tuple(sorted(answer.member for each in telling for answer in each))
            whole = msgspec.structs.replace(whole, status=Status())
        alerts[fingerprint] = whole
    silences = {name: each for answer in answers for name, each in answer.silences.items()}
    groups = {name: each for answer in reversed(answers) for name, each in answer.groups.items()}
    return Together(alerts, silences, groups, told_by)


def _held_back(status: Status) -> bool:
    return bool(status.silenced_by or status.inhibited_by or status.muted_by)


def _united(alerts: Sequence[ActiveAlert]) -> ActiveAlert:
    """One alert as several know it."""
    first = alerts[0]
    if len(alerts) == 1:
        return first
    status = Status(
        next((each.status.state for each in alerts if each.status.state == "suppressed"), first.status.state),
        *(
            tuple(dict.fromkeys(name for each in alerts for name in getattr(each.status, by)))
            for by in ("silenced_by", "inhibited_by", "muted_by")
        ),
    )
    receivers = tuple(dict.fromkeys(receiver for each in alerts for receiver in each.receivers))
    since = min((each.starts_at for each in alerts), default=first.starts_at)
    return msgspec.structs.replace(first, status=status, receivers=receivers, starts_at=since)


def _by_fingerprint(groups: Iterable[Group]) -> tuple[dict[str, ActiveAlert], dict[str, GroupLabels]]:
    alerts: dict[str, ActiveAlert] = {}
    placed: dict[str, GroupLabels] = {}
    for group in sorted(groups, key=lambda each: each.receiver.name):
        labels = tuple(sorted(group.labels.items()))
        for alert in group.alerts:
            alerts.setdefault(alert.fingerprint, alert)
            placed.setdefault(alert.fingerprint, labels)
    return alerts, placed
