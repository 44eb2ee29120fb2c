"""The figures by which triage decides, as the settings give them."""

from __future__ import annotations

from aurora_tui.model.frozen import Frozen


class Thresholds(Frozen):
    """Spans in seconds, shares 0..1; what each means is said in ``config/triage.yaml``."""

    diagnose_within: float = 300.0
    mitigate_within: float = 900.0
    patience: float = 10.0
    look_back: float = 3600.0
    release_before: float = 900.0
    edit_before: float = 1800.0
    late_by: float = 60.0
    recent: float = 900.0
    pending_for: float = 60.0
    unready_for: float = 120.0
    restarts: int = 3
    busy: float = 0.9
    throttled: float = 0.25
    worse_by: float = 0.05
    neighbour: float = 0.4
    expires_soon: float = 604800.0
    log_lines: int = 400
