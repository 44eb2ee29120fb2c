"""A silence without a screen: which alert is meant, then the same plan, guards, journal and verdict as ever."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from aurora_tui.actions import Refusal
from aurora_tui.cluster.resources import ALERTS
from aurora_tui.commands.act import act, refused
from aurora_tui.model.actions import Params, Verb
from aurora_tui.model.linking import service_of
from aurora_tui.model.matchers import read_matcher, written
from aurora_tui.session import Session
from aurora_tui.silencing import called, not_one


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
    services, alerts = session.settings.services, await session.with_alerts.list(ALERTS, None)
    if service is not None:
        alerts = [each for each in alerts if service_of(each["labels"], services) == service]
    found = called(what, alerts)
    if len(found) == 1:
        return str(found[0]["metadata"]["name"])
    raise Refusal(not_one(found, what, f" of service {service}" if service else ""))


def read_conditions(words: Sequence[str]) -> str:
    """Matchers as a shell hands them over: quotes around a value are gone by then. Raises `click.UsageError`."""
    try:
        return written(map(read_matcher, words))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
