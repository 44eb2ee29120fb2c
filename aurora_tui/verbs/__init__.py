"""The verbs of the action path, one module each; a new verb is its module and its line here."""

from __future__ import annotations

from collections.abc import Mapping

from aurora_tui.model.actions import Verb
from aurora_tui.verbs.base import VerbRules
from aurora_tui.verbs.bounds import Bounds
from aurora_tui.verbs.flag import Flag
from aurora_tui.verbs.image import Image
from aurora_tui.verbs.promotion import ABORT, PROMOTE, PROMOTE_FULL, RETRY
from aurora_tui.verbs.removal import DELETE, EVICT, KILL
from aurora_tui.verbs.restart import Restart
from aurora_tui.verbs.scale import Scale
from aurora_tui.verbs.shell import Shell
from aurora_tui.verbs.silence import Silence, Unsilence
from aurora_tui.verbs.switch import CORDON, PAUSE, RESUME, UNCORDON
from aurora_tui.verbs.traffic import Traffic
from aurora_tui.verbs.trigger import Trigger
from aurora_tui.verbs.undo import Undo

_RULES: tuple[VerbRules, ...] = (
    Restart(), Scale(), Undo(), Image(), PAUSE, RESUME, CORDON, UNCORDON, Bounds(), DELETE, KILL, EVICT, Trigger(),
    Traffic(), Flag(), PROMOTE, PROMOTE_FULL, ABORT, RETRY, Shell(), Silence(),
    Unsilence(),
)  # fmt: skip

VERBS: Mapping[Verb, VerbRules] = {rules.verb: rules for rules in _RULES}
