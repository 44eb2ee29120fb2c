"""A silence without a screen: which alert is meant, then the same plan, guards, journal and verdict as ever."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from aurora_tui.actions import Refusal
from aurora_tui.cluster.resources import ALERTS
from aurora_tui.commands.act import act, refused
from aurora_tui.model.actions import Params, Verb
from aurora_tui.model.alerts import service_of
from aurora_tui.model.matchers import read_matcher, written
from aurora_tui.session import Session


async def act_on_alert(
    session: Session, verb: Verb, what: str, service: str | None, params: Params, **given: Any
) -> int:
    """As `act`, on the one alert that `what` (a rule, a fingerprint, or an alert as actions name it) means."""
    try:
        name = await _find(session, what, service)
    except Refusal as error:
        return refused(error)
    return await act(session, verb, f"{ALERTS.kind}/{name}", params, **given)


async def _find(session: Session, what: str, service: str | None) -> str:
    services = session.settings.services
    found = [
        str(each["metadata"]["name"])
        for each in await session.with_alerts.list(ALERTS, None)
        if what in (each["labels"].get("alertname"), each["metadata"]["name"], each["metadata"]["uid"])
        and (service is None or service_of(each["labels"], services) == service)
    ]
    if len(found) == 1:
        return found[0]
    of = f" of service {service}" if service else ""
    if found:
        raise Refusal(f"{len(found)} alerts{of} are called {what}, say which: {', '.join(sorted(found))}")
    raise Refusal(f"Alertmanager has no alert {what}{of}")


def read_conditions(words: Sequence[str]) -> str:
    """Matchers as a shell hands them over: quotes around a value are gone by then. Raises `click.UsageError`."""
    try:
        return written(map(read_matcher, words))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
