"""The situations that the sandbox can begin with, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Release:
    """A new image of a workload that was rolled out `age` seconds before the sandbox starts.

    How an image behaves is said where it takes effect: `traffic.BAD_IMAGES` for its answers,
    `kube.behaviours` for its pods and logs.
    """

    workload: str
    image: str
    previous: str
    age: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """`shows` is what an operator sees; `releases` are the rollouts that led there."""

    name: str
    title: str
    shows: str
    releases: tuple[Release, ...] = ()


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        scenario.name: scenario
        for scenario in (
            Scenario(
                name="bad-release",
                title="A bad release of aurora-backend",
                shows=(
                    "HighErrorRate fires: since the release of aurora/backend:2.4.1 nine minutes ago a third of the "
                    "requests fail, and the frontend passes some of it on. Rolling the deployment back mends it."
                ),
                releases=(Release("aurora-backend", "aurora/backend:2.4.1", "aurora/backend:2.4.0", 540.0),),
            ),
            Scenario(
                name="healthy",
                title="Everything in order",
                shows="No alert fires and every objective is met: a place to try what the keys do.",
            ),
        )
    }
)
DEFAULT = "bad-release"
