"""A client of a real server whose next change meets with what a test sets."""

from __future__ import annotations

from typing import Any

from aurora_tui.cluster.errors import AnswerLostError, ClusterError, ConflictError, ForbiddenError
from aurora_tui.cluster.kubernetes import KubernetesCluster
from tests.unit.undomoves import Mishap

LOST = AnswerLostError("the answer was lost")
BEFORE = {
    Mishap.CONFLICT: ConflictError("the object has been modified", status=409, reason="Conflict"),
    Mishap.FORBIDDEN: ForbiddenError("forbidden", status=403),
    Mishap.FAULT: ClusterError("internal error", status=500),
    Mishap.NEVER_ARRIVED: LOST,
}
"""What a request meets that does nothing."""


class Unsteady(KubernetesCluster):
    """The client, of which the next change meets the mishap that a test sets."""

    mishap = Mishap.NONE

    async def patch(self, *target: Any, dry_run: bool = False, **body: Any) -> dict[str, Any]:
        met = Mishap.NONE if dry_run else self.mishap
        if not dry_run:
            self.mishap = Mishap.NONE
        if met in BEFORE:
            raise BEFORE[met]
        answer = await super().patch(*target, dry_run=dry_run, **body)
        if met is Mishap.ANSWER_LOST:
            raise LOST
        return answer
