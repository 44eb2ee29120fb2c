"""``rules``: the settings' objectives and alerts as files for Prometheus and Alertmanager."""

from __future__ import annotations

from typing import Any

import yaml

from aurora_tui.model.rule_files import Promises, alertmanager_config, prometheus_rules
from aurora_tui.settings import Settings

_HEADS = {
    "prometheus": (
        "Made by `aurora-tui rules` from the SLOs and alerts of its settings: change those, not this file.",
        "Check with `promtool check rules FILE`; Prometheus reads it where its `rule_files` name it.",
    ),
    "alertmanager": (
        "Made by `aurora-tui rules -o alertmanager`: the routes that fit the alerts of `aurora-tui rules`.",
        "Give the two receivers where they send to, then check with `amtool check-config FILE`.",
    ),
}


def written(settings: Settings, form: str) -> str:
    """The file as YAML; `form` is ``prometheus`` or ``alertmanager``."""
    if form == "alertmanager":
        document = alertmanager_config()
    else:
        document = prometheus_rules(
            Promises(settings.services, settings.alerts, settings.sli_window, settings.budget_window)
        )
    return "".join(f"# {line}\n" for line in _HEADS[form]) + _yaml(document)


def _yaml(document: dict[str, Any]) -> str:
    # One expression a line, whatever its length, so that a diff of two files shows what changed.
    return yaml.dump(document, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100_000)


class _Plain(yaml.SafeDumper):
    """Without anchors: labels that several rules share are written out in each."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
