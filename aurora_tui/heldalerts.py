"""Alerts as objects, from any number of Alertmanagers: read from all that answer, silenced in each that tells them."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn

import msgspec

from aurora_tui.cluster.discovery import parse_service_address
from aurora_tui.cluster.errors import (
    AnswerLostError,
    ClusterError,
    ForbiddenError,
    ReadOnlyError,
    UnreachableError,
)
from aurora_tui.cluster.protocol import Cluster, Permission
from aurora_tui.cluster.resources import PODS, SERVICES
from aurora_tui.model.alerts import object_name
from aurora_tui.model.frozen import Frozen
from aurora_tui.signalling import Found
from aurora_tui.signals.alertmanager import AlertmanagerClient, Silence
from aurora_tui.signals.alertmanager import Cluster as Gossip
from aurora_tui.signals.errors import SignalError, Trouble
from aurora_tui.signals.members import Answer, clusters, peers, silences_of

PROXIED = {"silence": "create", "expiry": "delete"}
"""What RBAC is asked for on the proxy where Alertmanager is reached through the API server: POST and DELETE
(https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb)."""
GRACE = 2.0
"""Seconds for which the others are waited for once one has answered."""
_ELSEWHERE = (Trouble.UNREACHABLE, Trouble.SLOW)
"""Nothing was sent to it: another one of its cluster may do as well."""
_KINDS = {
    Trouble.READ_ONLY: ReadOnlyError,
    Trouble.LOST: AnswerLostError,
    Trouble.DENIED: ForbiddenError,
    Trouble.QUERY: ClusterError,
}
Object = dict[str, Any]


class _Member(Frozen):
    address: str
    client: AlertmanagerClient


class HeldAlerts:
    """An alert has its ``labels`` and the ``silences`` that hold it back now; its version is a hash of those.

    Where Alertmanagers share nothing, ``at`` names each that has the alert, and a silence has by these names its
    ``ids``: one that was made in all of them is one. ``away`` says in words who could not be asked.
    Alertmanager tries nothing beforehand, so that the answer to a dry run is worked out here.
    """

    def __init__(self, cluster: Cluster, find: Callable[[], Awaitable[Sequence[Found]]]) -> None:
        self._cluster = cluster
        self._find = find
        self._members: list[_Member] = []
        self._gossip: dict[str, Gossip] = {}
        """What each said last of its cluster."""
        self._writers: dict[str, list[_Member]] = {}
        """By the name of a cluster those that answered, at the last look."""

    async def close(self) -> None:
        """Let go of the connections; they may be asked again."""
        members, self._members = self._members, []
        await asyncio.gather(*(member.client.close() for member in members))

    async def every(self) -> list[Object]:
        """All alerts that any of them has. Raises `ClusterError` where none answers."""
        answers, failed = await self._look()
        found = {self._name(cluster): cluster for cluster in clusters([answer for _, answer in answers])}
        by_member = {answer.member: member for member, answer in answers}
        self._writers = {name: [by_member[each.member] for each in cluster] for name, cluster in found.items()}
        away = self._away(answers, failed)
        keys = dict.fromkeys(key for _, answer in answers for key in answer.alerts)
        return [_object(key, found, away) for key in keys]

    async def change(self, alert: Object, wanted: Mapping[str, Any], *, dry_run: bool) -> Object:
        """A new silence is made wherever the alert is, a known one changed, one that is set to null expired."""
        [(key, silence)] = wanted.items()
        silences = dict(alert["silences"])
        known = silences.pop(key, None)
        ids = known["ids"] if known is not None else dict.fromkeys(alert["at"], "")
        made = dict.fromkeys(ids, key) if dry_run else await self._send(ids, silence)
        if silence is not None:
            silences[_key(made)] = {**silence, "ids": made}
        return _with(alert, silences)

    async def may(self, subresource: str) -> Permission:
        """RBAC is asked only where an Alertmanager is reached through the API server, and then for each of those."""
        proxied = [each for each in await self._asked() if each.address.startswith(("svc/", "pod/"))]
        answers = await asyncio.gather(*(self._may(each.address, PROXIED[subresource]) for each in proxied))
        return next((answer for answer in answers if not answer.allowed), Permission(True))

    async def _may(self, address: str, needed: str) -> Permission:
        resource = SERVICES if address.startswith("svc/") else PODS
        place, name, port = parse_service_address(address)
        answer = await self._cluster.may(needed, resource, place, f"{name}:{port}", "proxy")
        words = f"it takes {needed} {resource.plural}/proxy in namespace {place}"
        return Permission(answer.allowed, f"{words}: {answer.reason}" if answer.reason else words)

    async def _send(self, ids: Mapping[str, str], silence: Mapping[str, Any] | None) -> dict[str, str]:
        """Send it once to each cluster; what only some of them took is said."""
        made: dict[str, str] = {}
        for name, known in ids.items():
            try:
                made[name] = await self._send_to(name, known, silence)
            except SignalError as error:
                if made:
                    words = f"done in {', '.join(made)}, but not in {name}: {error}"
                    error = SignalError(Trouble.LOST, words)
                await self._fail(error)
        return made

    async def _send_to(self, name: str, known: str, silence: Mapping[str, Any] | None) -> str:
        members = self._writers.get(name, [])
        for member in members:
            try:
                if silence is None:
                    await member.client.expire(known)
                    return known
                body = {field: silence[field] for field in ("matchers", "startsAt", "endsAt", "createdBy", "comment")}
                return await member.client.silence({**body, **({"id": known} if known else {})})
            except SignalError as error:
                if error.trouble not in _ELSEWHERE or member is members[-1]:
                    raise
        raise SignalError(Trouble.UNREACHABLE, f"{name} can no longer be asked")

    async def _asked(self) -> Sequence[_Member]:
        if not self._members:
            found = await self._find()
            self._members = [
                _Member(each.address, AlertmanagerClient(access, read_only=self._cluster.read_only))
                for each in found
                if (access := each.access) is not None
            ]
            if not self._members:
                reasons = "; ".join(dict.fromkeys(each.reason for each in found))
                raise UnreachableError(f"no Alertmanager can be asked: {reasons}")
        return self._members

    async def _look(self) -> tuple[list[tuple[_Member, Answer]], list[tuple[_Member, SignalError]]]:
        """What those say that answer soon. Raises `ClusterError` where none does."""
        members = await self._asked()
        tasks = {asyncio.create_task(self._ask(member)): member for member in members}
        answers: list[tuple[_Member, Answer]] = []
        failed: list[tuple[_Member, SignalError]] = []
        pending = set(tasks)
        try:
            while pending:
                done, pending = await asyncio.wait(
                    pending, timeout=GRACE if answers else None, return_when=asyncio.FIRST_COMPLETED
                )
                if not done:
                    break
                for task in done:
                    answer = task.result()
                    if isinstance(answer, SignalError):
                        failed.append((tasks[task], answer))
                    else:
                        answers.append((tasks[task], answer))
        finally:
            for task in pending:
                task.cancel()
        late = [(tasks[task], SignalError(Trouble.SLOW, "it does not answer")) for task in pending]
        if not answers:
            await self._fail(failed[0][1])
        order = {id(member): place for place, member in enumerate(members)}
        answers.sort(key=lambda each: order[id(each[0])])
        return answers, [*failed, *late]

    async def _ask(self, member: _Member) -> Answer | SignalError:
        client = member.client
        try:
            alerts = {alert.fingerprint: alert for alert in await client.alerts()}
            silences = await silences_of(client, alerts.values())
            if len(self._members) > 1:
                self._gossip[member.address] = await client.cluster()
        except SignalError as error:
            return error
        return Answer(client.access.shown, alerts, silences, cluster=self._gossip.get(member.address, Gossip()))

    def _away(
        self, answers: Iterable[tuple[_Member, Answer]], failed: Iterable[tuple[_Member, SignalError]]
    ) -> tuple[str, ...]:
        """Who is away that may tell alerts by itself; a peer of one that answers will hear of it."""
        here = [answer.cluster for _, answer in answers]
        return tuple(
            f"Alertmanager {member.client.access.shown} cannot be asked, and may go on telling: {error}"
            for member, error in failed
            if not any(peers(self._gossip.get(member.address, Gossip()), each) for each in here)
        )

    def _name(self, cluster: Sequence[Answer]) -> str:
        return min(answer.member for answer in cluster)

    async def _fail(self, error: SignalError) -> NoReturn:
        """Say it as a cluster does; the next question looks for them anew, their addresses and our credentials."""
        await self.close()
        raise _KINDS.get(error.trouble, UnreachableError)(str(error)) from error


def _object(key: str, found: Mapping[str, Sequence[Answer]], away: tuple[str, ...]) -> Object:
    at = {name: cluster for name, cluster in found.items() if any(key in answer.alerts for answer in cluster)}
    alert = next(answer.alerts[key] for cluster in at.values() for answer in cluster if key in answer.alerts)
    alike: dict[tuple[Any, ...], dict[str, Silence]] = {}
    for name, cluster in at.items():
        known = {each: silence for answer in cluster for each, silence in answer.silences.items()}
        held = dict.fromkeys(
            each for answer in cluster if key in answer.alerts for each in answer.alerts[key].status.silenced_by
        )
        for each in held:
            silence = known.get(each)
            if silence is not None and silence.status.state == "active":
                same = (silence.matchers, silence.ends_at, silence.created_by, silence.comment)
                place = alike.setdefault(same if name not in alike.get(same, {}) else (*same, each), {})
                place[name] = silence
    silences = {}
    for by_cluster in alike.values():
        ids = {name: silence.id for name, silence in by_cluster.items()}
        silences[_key(ids)] = {**msgspec.to_builtins(next(iter(by_cluster.values()))), "ids": ids}
    meta = {"name": object_name(alert.labels.get("alertname", ""), key), "uid": key}
    return _with({"metadata": meta, "labels": alert.labels, "at": list(at), "away": away}, silences)


def _key(ids: Mapping[str, str]) -> str:
    return "+".join(dict.fromkeys(ids.values()))


def _with(alert: Object, silences: Object) -> Object:
    told = sorted((name, silence["endsAt"]) for name, silence in silences.items())
    version = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
    return {**alert, "metadata": {**alert["metadata"], "resourceVersion": version}, "silences": silences}
