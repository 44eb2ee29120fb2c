"""What each service of the stack writes to its log, in that service's own format."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec

from aurora_tui.model.frozen import Frozen
from aurora_tui.sandbox.kube.behaviours import behaviour_of
from aurora_tui.sandbox.scenarios import FAULTS
from aurora_tui.sandbox.scenarios.base import Behaviour, Fault

_ROUTES = (
    ("GET", "/api/v1/orders", 200), ("GET", "/api/v1/orders/{id}", 200), ("POST", "/api/v1/orders", 201),
    ("GET", "/api/v1/products", 200), ("GET", "/api/v1/customers/{id}", 200), ("PUT", "/api/v1/carts/{id}", 200),
    ("GET", "/api/v1/products/{id}", 404),
)  # fmt: skip
_PAGES = ("/", "/orders", "/orders/{id}", "/products", "/cart", "/account", "/assets/app.4f1c9.js")
_CLIENTS = ("aurora-frontend", "aurora-mobile")


_SOUND = Behaviour()


class Moment(Frozen):
    """When a line is written, for the formats that say so in their text."""

    second: int
    millis: int

    def __format__(self, pattern: str) -> str:
        return datetime.fromtimestamp(self.second, UTC).strftime(pattern).replace("@", f"{self.millis:03d}")


class Voice(Frozen):
    """One image's way of writing; `opening` holds the texts of the first seconds of a run."""

    opening: tuple[tuple[str, ...], ...]
    plain: Callable[[Moment, str, str, random.Random], str]
    """A message at a level in the service's format."""
    speak: Callable[[int, random.Random, Fault | None], list[str]]
    farewell: str = "shutdown complete"
    behaviour: Behaviour = _SOUND

    def opening_at(self, second: int, age: int) -> list[str]:
        rng = random.Random(second)
        texts = self.opening[age]
        return [self.plain(Moment(second, 40 * at), "INFO", text, rng) for at, text in enumerate(texts)]

    def chatter(self, second: int, rng: random.Random, fault: Fault | None) -> list[str]:
        return self.speak(second, rng, fault)

    def last_words(self, second: int, exit_code: int, rng: random.Random, fault: Fault | None) -> list[str]:
        """What it says at its end: nothing when it is killed."""
        moment = Moment(second, 0)
        if exit_code == 0:
            return [self.plain(moment, "INFO", self.farewell, rng)]
        if exit_code > _SIGNALLED:
            return []
        if given := (fault.last_words if fault else ()) or self.behaviour.last_words:
            return [self.plain(moment, "FATAL", text, rng) for text in given]
        complaint = self.behaviour.complaint or "fatal"
        return [self.plain(moment, "FATAL", f"migration check failed: {complaint}", rng), *_trace(complaint)]


def voice_of(image: str, pod: str) -> Voice:
    """The voice of an image; `pod` tells a primary from its replicas."""
    repository, _, tag = image.rpartition(":")
    known = _VOICES.get(repository)
    return known(tag, pod, behaviour_of(image)) if known else _other(repository, tag)


_SIGNALLED = 128
"""Exit codes above it say which signal ended the program."""


def _trace(complaint: str) -> list[str]:
    return [
        f"org.postgresql.util.PSQLException: ERROR: {complaint}",
        "\tat org.postgresql.core.v3.QueryExecutorImpl.receiveErrorResponse(QueryExecutorImpl.java:2725)",
        "\tat org.postgresql.core.v3.QueryExecutorImpl.processResults(QueryExecutorImpl.java:2412)",
        "\tat com.aurora.orders.OrderRepository.findRecent(OrderRepository.java:87)",
        "\tat com.aurora.orders.OrderService.list(OrderService.java:41)",
        "\t... 38 more",
    ]


def _millis(rng: random.Random, count: int) -> list[int]:
    return sorted(rng.sample(range(1000), count))


def _filled(path: str, rng: random.Random) -> str:
    return path.replace("{id}", str(rng.randrange(1000, 99999)))


def _ecs(service: str, version: str) -> Callable[..., str]:
    def line(moment: Moment, level: str, message: str, rng: random.Random, **more: object) -> str:
        fields: dict[str, object] = {
            "@timestamp": f"{moment:%Y-%m-%dT%H:%M:%S.@Z}",
            "log.level": level,
            "message": message,
            "ecs.version": "1.6.0",
            "service.name": service,
            "service.version": version,
            "trace.id": f"{moment.second:08x}{rng.getrandbits(128) % 2**96:024x}",
            **more,
        }
        return msgspec.json.encode(fields).decode()

    return line


def _backend(tag: str, _pod: str, behaviour: Behaviour) -> Voice:
    complaint = behaviour.complaint
    ecs = _ecs("aurora-backend", tag)
    # An image that fails says so in its complaints; one that is only slow says so in its figures.
    answers = FAULTS.get(f"aurora/backend:{tag}")
    slowdown = answers.slowdown if answers and not complaint else 1.0

    def request(moment: Moment, rng: random.Random, fault: Fault | None) -> list[str]:
        method, path, code = rng.choice(_ROUTES)
        path = _filled(path, rng)
        millis = round(rng.lognormvariate(3.3, 0.6) * slowdown * (fault.slowdown if fault else 1.0))
        about: dict[str, object] = {"http.request.method": method, "url.path": path}
        if fault and fault.error_ratio and rng.random() < fault.error_ratio:
            about |= {"http.response.status_code": int(fault.status), "error.type": fault.error_type}
            about["event.duration"] = millis * 1_000_000
            return [ecs(moment, "ERROR", f"{method} {path} failed: {fault.complaint}", rng, **about)]
        if complaint and rng.random() < 0.3:
            code, millis = 500, millis * 6
            failure = ecs(
                moment, "ERROR", f"{method} {path} failed: {complaint}", rng,
                **{**about, "http.response.status_code": code, "error.type": "PSQLException"},
            )  # fmt: skip
            return [failure, *(_trace(complaint) if rng.random() < 0.12 else ())]
        level = "WARN" if millis > 90 else "INFO"
        about |= {"http.response.status_code": code, "event.duration": millis * 1_000_000}
        return [ecs(moment, level, f"{method} {path} {code} in {millis} ms", rng, **about)]

    def speak(second: int, rng: random.Random, fault: Fault | None) -> list[str]:
        moments = _millis(rng, rng.choice((1, 2, 2, 3)))
        return [text for millis in moments for text in request(Moment(second, millis), rng, fault)]

    opening = (
        (f"Starting Aurora backend {tag}", "Profile prod, 2 CPUs, heap 768 MiB"),
        ("Connected to jdbc:postgresql://aurora-postgres:5432/aurora", "Flyway: schema at version 41"),
        ("Listening on 0.0.0.0:8080",),
    )
    return Voice(opening, ecs, speak, "SIGTERM received, shutdown complete", behaviour)


def _frontend(tag: str, _pod: str, _behaviour: Behaviour) -> Voice:
    ecs = _ecs("aurora-frontend", tag)

    def speak(second: int, rng: random.Random, _fault: Fault | None) -> list[str]:
        texts = []
        for millis in _millis(rng, rng.choice((0, 1, 1, 2))):
            page, took = _filled(rng.choice(_PAGES), rng), rng.randrange(2, 180)
            about = {"http.request.method": "GET", "url.path": page, "http.response.status_code": 200}
            texts.append(ecs(Moment(second, millis), "INFO", f"GET {page} 200 in {took} ms", rng, **about))
        return texts

    return Voice(((f"Aurora frontend {tag} ready on port 3000",),), ecs, speak)


def _keycloak(tag: str, _pod: str, _behaviour: Behaviour) -> Voice:
    def plain(moment: Moment, level: str, message: str, rng: random.Random) -> str:
        return f"{moment:%Y-%m-%d %H:%M:%S,@} {level:<5} [org.keycloak.quarkus] (main) {message}"

    def speak(second: int, rng: random.Random, _fault: Fault | None) -> list[str]:
        texts = []
        for millis in _millis(rng, rng.choice((0, 0, 1, 1))):
            failed = rng.random() < 0.08
            kind, level = ("LOGIN_ERROR", "WARN ") if failed else ("REFRESH_TOKEN", "DEBUG")
            reason = ', error="invalid_user_credentials"' if failed else ""
            moment = Moment(second, millis)
            texts.append(
                f"{moment:%Y-%m-%d %H:%M:%S,@} {level} [org.keycloak.events] "
                f'(executor-thread-{rng.randrange(1, 40)}) type="{kind}", realmName="aurora", '
                f'clientId="{rng.choice(_CLIENTS)}", '
                f'ipAddress="10.244.{rng.randrange(4)}.{rng.randrange(2, 250)}"{reason}'
            )
        return texts

    opening = (
        (f"Keycloak {tag} on JVM (powered by Quarkus) starting",),
        ("Infinispan: cluster ISPN joined, 2 members",),
        ("Listening on: http://0.0.0.0:8080",),
    )
    return Voice(opening, plain, speak)


def _postgres(tag: str, pod: str, _behaviour: Behaviour) -> Voice:
    primary = pod.endswith("-0")

    def plain(moment: Moment, level: str, message: str, rng: random.Random) -> str:
        told = message if level == "FATAL" else f"LOG:  {message}"
        return f"{moment:%Y-%m-%d %H:%M:%S.@} UTC [1] {told}"

    def speak(second: int, rng: random.Random, _fault: Fault | None) -> list[str]:
        if rng.random() > 0.12:
            return []
        moment = Moment(second, rng.randrange(1000))
        wrote = rng.randrange(40, 900)
        told = (
            f"checkpoint complete: wrote {wrote} buffers ({wrote / 163.84:.1f}%); 0 WAL file(s) added, 0 removed, "
            f"1 recycled; write={rng.uniform(4, 60):.3f} s, sync={rng.uniform(0, 0.05):.3f} s"
            if primary
            else f"restartpoint complete: wrote {wrote} buffers ({wrote / 163.84:.1f}%)"
        )
        if primary and rng.random() < 0.4:
            told = f"duration: {rng.uniform(250, 900):.3f} ms  execute S_3: SELECT * FROM orders WHERE customer_id = $1"
        return [f"{moment:%Y-%m-%d %H:%M:%S.@} UTC [{rng.randrange(30, 400)}] LOG:  {told}"]

    joined = "database system is ready to accept connections"
    if not primary:
        joined = "started streaming WAL from primary at 3/7F000000 on timeline 1"
    opening = (
        (f"starting PostgreSQL {tag} on x86_64-pc-linux-gnu", 'listening on IPv4 address "0.0.0.0", port 5432'),
        (joined,),
    )
    return Voice(opening, plain, speak)


def _logfmt(moment: Moment, level: str, message: str, rng: random.Random) -> str:
    return f'ts={moment:%Y-%m-%dT%H:%M:%S.@Z} level={level.lower()} msg="{message}"'


def _backup(tag: str, _pod: str, _behaviour: Behaviour) -> Voice:
    def speak(second: int, rng: random.Random, _fault: Fault | None) -> list[str]:
        moment = Moment(second, rng.randrange(1000))
        return [_logfmt(moment, "INFO", f"dumped {rng.randrange(80, 140)} MiB", rng)]

    return Voice(((f"backup {tag}: pg_dump of database aurora",),), _logfmt, speak, "backup verified and uploaded")


def _other(repository: str, tag: str) -> Voice:
    def speak(second: int, rng: random.Random, _fault: Fault | None) -> list[str]:
        if second % 15:
            return []
        return [_logfmt(Moment(second, rng.randrange(1000)), "INFO", "still alive", rng)]

    name = repository.rsplit("/", 1)[-1]
    return Voice(((f"starting {name} {tag}",),), _logfmt, speak)


_VOICES: Mapping[str, Callable[[str, str, Behaviour], Voice]] = {
    "aurora/backend": _backend,
    "aurora/frontend": _frontend,
    "aurora/keycloak": _keycloak,
    "aurora/postgres": _postgres,
    "aurora/backup": _backup,
}
