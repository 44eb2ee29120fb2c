"""What operators of an incident have beside the cluster: servers that take their notices, settings, and consoles."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from tests.live.program import Program, stack_variable
from tests.terminal import Terminal

_REQUIRED = ("summary", "source", "severity")
_SEVERITIES = ("critical", "error", "warning", "info")


class PagerDuty:
    """Incidents as the Events API v2 keeps them: one for each dedup key, and what is wrong with an event.

    Source: https://developer.pagerduty.com/docs/send-alert-event
    """

    def __init__(self, routing_key: str) -> None:
        self._routing_key = routing_key
        self.states: dict[str, list[str]] = {}
        """The states that each incident went through, by its dedup key."""
        self.triggers: list[Mapping[str, Any]] = []

    def take(self, event: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """The status and the body of the answer."""
        wrong = list(self._faults(event))
        if wrong:
            return 400, {"status": "invalid event", "message": "Event object is invalid", "errors": wrong}
        action, key = event["event_action"], event["dedup_key"]
        seen = self.states.get(key, [])
        if action == "trigger":
            self.triggers.append(event["payload"])
            if not seen or seen[-1] == "resolved":
                self.states.setdefault(key, []).append("triggered")
        elif seen and seen[-1] != "resolved":  # what is not open is left as it is
            seen.append({"acknowledge": "acknowledged", "resolve": "resolved"}[action])
        return 202, {"status": "success", "message": "Event processed", "dedup_key": key}

    def _faults(self, event: Mapping[str, Any]) -> list[str]:
        payload = event.get("payload", {})
        wrong = []
        if event.get("routing_key") != self._routing_key:
            wrong.append("'routing_key' is invalid")
        if event.get("event_action") not in ("trigger", "acknowledge", "resolve"):
            wrong.append("'event_action' is invalid")
        if not 0 < len(event.get("dedup_key", "")) <= 255:
            wrong.append("'dedup_key' is invalid")
        if event.get("event_action") == "trigger":
            wrong += [f"'payload.{name}' is missing or blank" for name in _REQUIRED if not payload.get(name)]
            wrong += [] if payload.get("severity") in _SEVERITIES else ["'payload.severity' is invalid"]
        return wrong


class Receivers:
    """PagerDuty and a plain webhook on one port of loopback, which is closed until it is `open`ed."""

    def __init__(self, port: int, routing_key: str) -> None:
        self.pagerduty = PagerDuty(routing_key)
        self.posted: list[Mapping[str, Any]] = []
        """What came to the webhook."""
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._server: ThreadingHTTPServer | None = None

    def open(self) -> None:
        """From now on the network is there."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, answer = 200, dict[str, Any]()
                if self.path == "/v2/enqueue":
                    status, answer = outer.pagerduty.take(body)
                else:
                    outer.posted.append(body)
                said = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *args: Any) -> None:
                """Nothing: the test says what matters."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


def write_settings(path: Path, incident: Mapping[str, Any]) -> Path:
    """The stack's settings and these of incidents."""
    settings = yaml.safe_load(Path(stack_variable("AURORA_LIVE_CONFIG")).read_text())
    path.write_text(yaml.safe_dump({**settings, "incident": dict(incident)}, sort_keys=False))
    return path


class Operators:
    """Several people at consoles of their own: while one's screen is waited for, the others' go on."""

    def __init__(self) -> None:
        self._consoles: list[Terminal] = []

    def begin(self, program: Program, name: str, *options: str, columns: int = 160, lines: int = 48) -> Terminal:
        """A console of somebody of that name."""
        env = {**program.environ, "LOGNAME": name}
        console = Terminal([*program.command, *options], columns=columns, lines=lines, env=env)
        self._consoles.append(console)
        return console

    def sees(self, console: Terminal, *words: str, gone: str = "", within: float = 60.0) -> str:
        """The screen once it shows all the words, and no longer those that are to be `gone`."""

        def shown(text: str) -> bool:
            for other in self._consoles:
                if other is not console and other.status is None:
                    other.read(0)
            return all(word in text for word in words) and not (gone and gone in text)

        try:
            return console.wait_for(shown, within)
        except AssertionError:
            raise AssertionError(f"not seen within {within:.0f} s: {words}\n{console.text()}") from None

    def close(self) -> None:
        for console in self._consoles:
            console.close()
