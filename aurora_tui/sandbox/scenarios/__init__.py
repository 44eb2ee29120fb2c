"""The situations that the sandbox can begin with, by name: each module here holds one as `SCENARIO`."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from aurora_tui.sandbox.scenarios.base import Behaviour, Fault, Scenario

DEFAULT = "bad-release"


def _found() -> dict[str, Scenario]:
    names = sorted(found.name for found in pkgutil.iter_modules(__path__) if found.name != "base")
    scenarios = (import_module(f"{__name__}.{name}").SCENARIO for name in names)
    return {scenario.name: scenario for scenario in scenarios}


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(_found())
BEHAVIOURS: Mapping[str, Behaviour] = MappingProxyType(
    {image: found for scenario in SCENARIOS.values() for image, found in scenario.behaviours.items()}
)
"""How the scenarios' images run; an image behaves alike in all of them."""
FAULTS: Mapping[str, Fault] = MappingProxyType(
    {image: found for scenario in SCENARIOS.values() for image, found in scenario.faults.items()}
)
"""How the scenarios' images answer."""
