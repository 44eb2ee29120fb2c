"""The sandbox's Alertmanager: its alerts and the routes of its HTTP API v2.

Shapes, error texts and fingerprints as Alertmanager 0.25 gives them (its ``api/v2/openapi.yaml``).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from aiohttp import web
from msgspec import field

from aurora_tui.model.frozen import Frozen, replace
from aurora_tui.sandbox.series import Matcher, MatchKind
from aurora_tui.sandbox.silences import PostedSilence, RefusedError, Silences
from aurora_tui.sandbox.wire import from_rfc3339, json_response, rfc3339

RECEIVER = "aurora-oncall"
_GROUP_BY = ("alertname", "job")
_RESOLVE_TIMEOUT_MS = 300_000
_FILTER = re.compile(
    r"\s*([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\"]*?))\s*", re.DOTALL | re.ASCII
)
_TRUE = frozenset({"true", "1", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled"})
_CONFIG = f"""\
global:
  resolve_timeout: 5m
route:
  receiver: {RECEIVER}
  group_by:
  - alertname
  - job
receivers:
- name: {RECEIVER}
"""


class PostedAlert(msgspec.Struct, frozen=True, rename="camel"):
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: str | None = None
    ends_at: str | None = None
    generator_u_r_l: str = msgspec.field(default="", name="generatorURL")


class HeldAlert(Frozen):
    """Times in milliseconds."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: int
    ends_at: int
    updated_at: int
    generator_url: str
    fingerprint: str = field(default="")


def fingerprint(labels: Mapping[str, str]) -> str:
    """The 64-bit FNV-1a of sorted names and values, each followed by 0xff, as 16 hex digits.

    (``labelSetToFingerprint`` in prometheus/common/model/signature.go)
    """
    total = 0xCBF29CE484222325
    for pair in sorted(labels.items()):
        for text in pair:
            for byte in (*text.encode(), 0xFF):
                total = (total ^ byte) * 0x100000001B3 % 2**64
    return f"{total:016x}"


class Alertmanager:
    """Alerts and silences, and what serves them in `app`.  `clock` gives epoch seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._started_at = self._now()
        self._alerts: dict[str, HeldAlert] = {}
        self._silences = Silences()

    def receive(self, posted: object) -> None:
        """Take alerts as ``POST /api/v2/alerts`` brings them.  Raises RefusedError, and takes none."""
        now = self._now()
        try:
            alerts = msgspec.convert(posted, list[PostedAlert])
        except msgspec.ValidationError as error:
            message = f'parsing alerts body from "" failed, because {error}'
            raise RefusedError(400, {"code": 400, "message": message}) from error
        for held in [self._held(alert, now) for alert in alerts]:
            before = self._alerts.get(held.fingerprint)
            if before is not None and before.ends_at > held.starts_at:
                held = replace(held, starts_at=min(before.starts_at, held.starts_at))
            self._alerts[held.fingerprint] = held

    def app(self) -> web.Application:
        routes = web.Application(middlewares=[_swagger_errors])
        add = routes.router
        add.add_get("/api/v2/alerts", self._get_alerts)
        add.add_post("/api/v2/alerts", self._post_alerts)
        add.add_get("/api/v2/alerts/groups", self._get_groups)
        add.add_get("/api/v2/silences", self._get_silences)
        add.add_post("/api/v2/silences", self._post_silence)
        add.add_get("/api/v2/silence/{id}", self._get_silence)
        add.add_delete("/api/v2/silence/{id}", self._delete_silence)
        add.add_get("/api/v2/status", self._get_status)
        add.add_get("/api/v2/receivers", self._get_receivers)
        for path in ("/-/ready", "/-/healthy", "/"):
            add.add_get(path, _ok)
        return routes

    def _now(self) -> int:
        return round(self._clock() * 1000)

    def _held(self, alert: PostedAlert, now: int) -> HeldAlert:
        labels = {name: value for name, value in alert.labels.items() if value}
        if not labels:
            raise RefusedError(400, "at least one label pair required")
        try:
            starts_at = from_rfc3339(alert.starts_at) if alert.starts_at else now
            ends_at = from_rfc3339(alert.ends_at) if alert.ends_at else now + _RESOLVE_TIMEOUT_MS
        except ValueError as error:
            message = f'parsing alerts body from "" failed, because {error}'
            raise RefusedError(400, {"code": 400, "message": message}) from error
        if ends_at < starts_at:
            raise RefusedError(400, "start time must be before end time")
        return HeldAlert(labels, alert.annotations, starts_at, ends_at, now, alert.generator_u_r_l, fingerprint(labels))

    def _shown(self, request: web.Request) -> list[dict[str, object]]:
        """The alerts that have not ended and pass the request's filters, by fingerprint."""
        now = self._now()
        matchers = [_matcher(text) for text in request.query.getall("filter", [])]
        shows = {
            name: request.query.get(name, "true").lower() in _TRUE
            for name in ("active", "silenced", "inhibited", "unprocessed")
        }
        receiver = request.query.get("receiver", "")
        try:
            received = not receiver or re.fullmatch(receiver, RECEIVER) is not None
        except re.error as error:
            message = f"failed to parse receiver param: error parsing regexp: {error}"
            raise RefusedError(400, message) from error
        shown: list[dict[str, object]] = []
        for alert in sorted(self._alerts.values(), key=lambda alert: alert.fingerprint):
            silenced_by = self._silences.silencing(alert.labels, now)
            if alert.ends_at <= now or not received or not shows["silenced" if silenced_by else "active"]:
                continue
            if all(matcher.accepts(alert.labels.get(matcher.name, "")) for matcher in matchers):
                shown.append(_alert_json(alert, silenced_by))
        return shown

    async def _get_alerts(self, request: web.Request) -> web.Response:
        return json_response(self._shown(request))

    async def _post_alerts(self, request: web.Request) -> web.Response:
        self.receive(await _body(request, "alerts"))
        return web.Response()

    async def _get_groups(self, request: web.Request) -> web.Response:
        groups: dict[tuple[tuple[str, str], ...], list[dict[str, object]]] = {}
        for alert in self._shown(request):
            labels = alert["labels"]
            assert isinstance(labels, Mapping)
            key = tuple((name, labels[name]) for name in _GROUP_BY if name in labels)
            groups.setdefault(key, []).append(alert)
        return json_response(
            [
                {"alerts": alerts, "labels": dict(key), "receiver": {"name": RECEIVER}}
                for key, alerts in sorted(groups.items())
            ]
        )

    async def _get_silences(self, request: web.Request) -> web.Response:
        now = self._now()
        wanted = [_matcher(text) for text in request.query.getall("filter", [])]
        return json_response(
            [
                silence.json(now)
                for silence in self._silences.listed(now)
                # A silence is found by the values of its matchers, as its labels were an alert's.
                if all(m.accepts({own.name: own.value for own in silence.matchers}.get(m.name, "")) for m in wanted)
            ]
        )

    async def _post_silence(self, request: web.Request) -> web.Response:
        try:
            posted = msgspec.convert(await _body(request, "silence"), PostedSilence)
        except msgspec.ValidationError as error:
            raise RefusedError(422, {"code": 602, "message": f"silence in body: {error}"}) from error
        return json_response({"silenceID": self._silences.put(posted, self._now())})

    async def _get_silence(self, request: web.Request) -> web.Response:
        silence = self._silences.get(_silence_id(request))
        return json_response(silence.json(self._now())) if silence else web.Response(status=404)

    async def _delete_silence(self, request: web.Request) -> web.Response:
        self._silences.expire(_silence_id(request), self._now())
        return web.Response()

    async def _get_status(self, request: web.Request) -> web.Response:
        version = dict.fromkeys(("branch", "buildDate", "buildUser", "goVersion", "revision"), "sandbox")
        return json_response(
            {
                "cluster": {"peers": [], "status": "disabled"},
                "config": {"original": _CONFIG},
                "uptime": rfc3339(self._started_at),
                "versionInfo": {**version, "version": "0.25.0"},
            }
        )

    async def _get_receivers(self, request: web.Request) -> web.Response:
        return json_response([{"name": RECEIVER}])


def _alert_json(alert: HeldAlert, silenced_by: list[str]) -> dict[str, object]:
    return {
        "annotations": alert.annotations,
        "endsAt": rfc3339(alert.ends_at),
        "fingerprint": alert.fingerprint,
        "receivers": [{"name": RECEIVER}],
        "startsAt": rfc3339(alert.starts_at),
        "status": {
            "inhibitedBy": [],
            "silencedBy": silenced_by,
            "state": "suppressed" if silenced_by else "active",
        },
        "updatedAt": rfc3339(alert.updated_at),
        **({"generatorURL": alert.generator_url} if alert.generator_url else {}),
        "labels": alert.labels,
    }


def _matcher(text: str) -> Matcher:
    found = _FILTER.fullmatch(text)
    if found is None:
        raise RefusedError(400, f"bad matcher format: {text}")
    name, kind, quoted, bare = found.groups()
    try:
        return Matcher(name, MatchKind(kind), bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
    except re.error as error:
        raise RefusedError(400, f"error parsing regexp: {error}") from error


def _silence_id(request: web.Request) -> str:
    text = request.match_info["id"]
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        message = f'silenceID in path must be of type uuid: "{text}"'
        raise RefusedError(422, {"code": 601, "message": message}) from error


async def _body(request: web.Request, name: str) -> object:
    try:
        return msgspec.json.decode(await request.read())
    except msgspec.DecodeError as error:
        message = f'parsing {name} body from "" failed, because {error}'
        raise RefusedError(400, {"code": 400, "message": message}) from error


async def _ok(request: web.Request) -> web.Response:
    return web.Response(text="OK")


@web.middleware
async def _swagger_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refusals, and paths and methods that are not the API's, as its generated server words them."""
    try:
        return await handler(request)
    except RefusedError as refusal:
        return json_response(refusal.body, refusal.status)
    except web.HTTPNotFound:
        return json_response({"code": 404, "message": f"path {request.path} was not found"}, 404)
    except web.HTTPMethodNotAllowed as error:
        allowed = ",".join(sorted(error.allowed_methods - {"HEAD"}))
        message = f"method {request.method} is not allowed, but [{allowed}] are"
        return json_response({"code": 405, "message": message}, 405, headers={"Allow": allowed})
