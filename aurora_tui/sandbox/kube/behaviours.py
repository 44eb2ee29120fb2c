"""How images behave when they run."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from aurora_tui.sandbox.scenarios import BEHAVIOURS as IN_SCENARIOS
from aurora_tui.sandbox.scenarios.base import Behaviour

_SOUND = Behaviour()
_MISSING = Behaviour(missing=True)

BEHAVIOURS: Mapping[str, Behaviour] = MappingProxyType(
    {
        "aurora/keycloak:26.0.5": Behaviour(ready_after=6.0),
        "aurora/postgres:16.4": Behaviour(ready_after=4.0),
        "aurora/wait-for:1.2.0": Behaviour(runs_for=1.0),
        "aurora/backup:1.3.0": Behaviour(runs_for=48.0),
        **IN_SCENARIOS,
    }
)


def behaviour_of(image: str) -> Behaviour:
    """Any tag that ends in ``-missing`` cannot be pulled; an unlisted image is without fault."""
    if image.rsplit(":", 1)[-1].endswith("-missing"):
        return _MISSING
    return BEHAVIOURS.get(image, _SOUND)
