"""What the server lets somebody do, by kubectl's own word."""

from __future__ import annotations

from aurora_tui.rights import Need
from tests.live.conftest import Kubectl


def can_i(kubectl: Kubectl, need: Need) -> bool:
    """Whether the user `viewer` may do it."""
    what = f"{need.resource.qualified}/{need.name}" if need.name else need.resource.qualified
    part = (f"--subresource={need.subresource}",) if need.subresource else ()
    place = (f"--namespace={need.namespace}",) if need.namespace else ()
    try:
        answer = kubectl("auth", "can-i", need.verb, what, *part, *place, context="viewer")
    except RuntimeError as error:  # it ends with 1 for a no
        assert "error" not in str(error)
        return False
    assert answer.strip() == "yes"
    return True
