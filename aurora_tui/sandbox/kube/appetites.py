"""How much CPU and memory the programs of the stack would take if nothing held them back."""

from __future__ import annotations

from collections.abc import Mapping

from aurora_tui.model.frozen import Frozen
from aurora_tui.sandbox.kube.kinds import Json
from aurora_tui.sandbox.kube.quantities import bytes_of, millicores_of
from aurora_tui.sandbox.kube.selectors import labels_of


class Appetite(Frozen):
    """Millicores that a whole app burns, shared by its ready pods, and MiB that each pod holds."""

    millicores: float
    mebibytes: float


APPETITES: Mapping[str, Appetite] = {
    "aurora-backend": Appetite(660.0, 440.0),
    "aurora-frontend": Appetite(140.0, 150.0),
    "aurora-keycloak": Appetite(320.0, 780.0),
    "aurora-postgres": Appetite(750.0, 1350.0),
}
MODEST = Appetite(15.0, 60.0)


def memory_needed(pod: Json) -> float:
    """MiB that a container of the pod comes to hold."""
    return APPETITES.get(labels_of(pod).get("app", ""), MODEST).mebibytes


def cpu_limit(pod: Json) -> float | None:
    """Millicores that the pod may burn; None without a limit for each of its containers."""
    texts = [((each.get("resources") or {}).get("limits") or {}).get("cpu") for each in pod["spec"]["containers"]]
    given = [millicores_of(text) for text in texts if text]
    return sum(given) if len(given) == len(texts) else None


def memory_limit(container: Json) -> float | None:
    """MiB that a container may hold; None without a limit."""
    text = ((container.get("resources") or {}).get("limits") or {}).get("memory")
    return bytes_of(text) / 2**20 if text else None
