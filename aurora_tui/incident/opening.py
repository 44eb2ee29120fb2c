"""What an incident is opened for, its name, and the first of its facts."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from typing import Any

from aurora_tui.model.facts import ref_json
from aurora_tui.model.frozen import Frozen
from aurora_tui.model.selection import ObjectRef
from aurora_tui.model.stamps import rfc3339

_ODD = re.compile(r"[^a-z0-9]+")


class Opening(Frozen):
    """What an incident is opened for."""

    title: str
    severity: str
    namespace: str
    alert: str = ""
    service: str = ""
    ref: ObjectRef | None = None
    onset: float | None = None

    def name(self, now: float) -> str:
        """A name that nobody else gives, and that sorts by the time of the opening."""
        stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d-%H%M")
        title = _ODD.sub("-", self.title.lower()).strip("-")[:40]
        return f"{f'{stamp}-{title}'.rstrip('-')}-{secrets.token_hex(2)}"

    def body(self, context: str) -> dict[str, Any]:
        """The fact that opens it."""
        onset = f", onset {rfc3339(self.onset)}" if self.onset is not None else ""
        return {
            "words": f"opened as {self.severity}: {self.title}{onset}",
            "title": self.title,
            "severity": self.severity,
            "context": context,
            "namespace": self.namespace,
            "alert": self.alert,
            "service": self.service,
            "ref": ref_json(self.ref),
            "onset": self.onset,
        }
