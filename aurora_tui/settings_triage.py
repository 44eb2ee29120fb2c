"""The settings of triage: when something is taken for a cause, and within which times the handbook wants an answer."""

from __future__ import annotations

from aurora_tui.model.thresholds import Thresholds
from aurora_tui.settings_kinds import DURATION, SHARE, Section, whole


def thresholds(part: Section) -> Thresholds:
    """The section ``triage``."""

    def span(name: str) -> float:
        return part.required(name, DURATION).total_seconds()

    found = Thresholds(
        diagnose_within=span("diagnose_within"),
        mitigate_within=span("mitigate_within"),
        patience=span("patience"),
        look_back=span("look_back"),
        release_before=span("release_before"),
        edit_before=span("edit_before"),
        late_by=span("late_by"),
        recent=span("recent"),
        pending_for=span("pending_for"),
        unready_for=span("unready_for"),
        restarts=part.required("restarts", whole(1, 1000)),
        busy=part.required("busy", SHARE),
        throttled=part.required("throttled", SHARE),
        worse_by=part.required("worse_by", SHARE),
        neighbour=part.required("neighbour", SHARE),
        expires_soon=span("expires_soon"),
        log_lines=part.required("log_lines", whole(10, 10_000)),
    )
    part.finish()
    return found
