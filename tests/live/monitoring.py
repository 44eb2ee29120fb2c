"""Configures Prometheus and Alertmanager for the live cluster, and the program under test for both."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import yaml

from aurora_tui.model.definitions import AlertRule
from aurora_tui.model.frozen import replace
from aurora_tui.model.rule_files import alert_rule
from aurora_tui.model.spans import promql_range
from aurora_tui.settings import load_settings

SLI = timedelta(seconds=30)
HURRY = 60
"""The shipped alerts hold for minutes; here a minute lasts a second."""
OTHER_CONTEXTS = ("viewer", "one-namespace", "nobody", "expired", "exec", "down")
"""Contexts of the kubeconfig that no shipped environment matches."""


def write_user_config(path: Path, prometheus: str, alertmanager: str) -> Path:
    """Write the settings by which every context finds this Prometheus and Alertmanager."""
    sources = {"prometheus": prometheus, "alertmanager": alertmanager}
    environments: dict[str, object] = {
        "live": {
            "title": "LIVE TEST",
            "contexts": list(OTHER_CONTEXTS),
            "protected": False,
            "tone": "good",
            "sources": dict(sources),
        }
    }
    environments |= {name: {"sources": dict(sources)} for name in ("prod", "staging", "dev")}
    signals = {"interval": "2s", "sli_window": promql_range(SLI), "verify_window": "10s"}
    path.write_text(yaml.safe_dump({"environments": environments, "signals": signals}, sort_keys=False))
    return path


def prometheus(
    tools: Mapping[str, str],
    folder: Path,
    config: Path,
    port: int,
    alertmanager: int,
    exporters: Mapping[str, int],
) -> Sequence[str]:
    """Write Prometheus' files, its rules from the settings, and return its command line."""
    document = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]},
        "scrape_configs": [
            {
                "job_name": job,
                "static_configs": [{"targets": [f"127.0.0.1:{target}"], "labels": {"instance": f"{job}:8080"}}],
            }
            for job, target in exporters.items()
        ],
    }
    (folder / "rules.yml").write_text(json.dumps(rules(load_settings(config).alerts)))
    main = folder / "prometheus.yml"
    main.write_text(yaml.safe_dump(document, sort_keys=False))
    _check([tools["promtool"], "check", "config", str(main)])
    return [
        tools["prometheus"],
        f"--config.file={main}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]


def rules(alerts: Sequence[AlertRule]) -> dict[str, object]:
    """Return the rule file for the settings' alerts, hurried so that they fire within seconds."""
    hurried = [replace(rule, hold=max(rule.hold / HURRY, timedelta(seconds=5))) for rule in alerts]
    return {"groups": [{"name": "aurora", "interval": "1s", "rules": [alert_rule(rule, SLI) for rule in hurried]}]}


def alertmanager(tools: Mapping[str, str], folder: Path, port: int) -> Sequence[str]:
    """Write Alertmanager's file, which notifies nobody, and return its command line."""
    document = {
        "route": {
            "receiver": "nobody",
            "group_by": ["alertname", "job"],
            "group_wait": "0s",
            "group_interval": "1s",
        },
        "receivers": [{"name": "nobody"}],
    }
    main = folder / "alertmanager.yml"
    main.write_text(yaml.safe_dump(document, sort_keys=False))
    _check([tools["amtool"], "check-config", str(main)])
    return [
        tools["prometheus-alertmanager"],
        f"--config.file={main}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]


def _check(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"`{' '.join(command)}` failed: {done.stdout}{done.stderr}")
