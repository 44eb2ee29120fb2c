"""The commands that silence an alert and let it speak again."""

from __future__ import annotations

from typing import Any

import click

from aurora_tui.cli_options import acting, shared, take
from aurora_tui.launch import once

_SERVICE = click.option("--service", metavar="NAME", help="Of the alerts of that name the one of this service.")


@click.command(
    epilog="""\b
Examples:
  aurora-tui silence HighErrorRate                                  this alert, for 15 minutes
  aurora-tui silence HighErrorRate --for 2h --comment "OPS-7"
  aurora-tui silence HighErrorRate --matcher severity=~"warning|info" --matcher job=aurora-backend
"""
)
@shared
@click.argument("alert", metavar="ALERT")
@_SERVICE
@click.option("--for", "duration", default="15m", show_default=True, metavar="TIME", help="How long, e.g. 2h30m.")
@click.option(
    "--matcher",
    "matchers",
    multiple=True,
    metavar="MATCHER",
    help="NAME=VALUE, also != =~ !~; all labels of the alert by default.",
)
@click.option("--comment", metavar="WORDS", help="What the silence says of itself; the reason by default.")
@acting
@click.pass_context
def silence(
    ctx: click.Context,
    /,
    alert: str,
    service: str | None,
    duration: str,
    matchers: tuple[str, ...],
    comment: str | None,
    **given: Any,
) -> None:
    """Silence an alert in Alertmanager, guarded, journalled, verified; what else it hides is told first.

    ALERT is the name of its rule, or as `get alerts -o json` has it the fingerprint.
    """
    from aurora_tui.commands.silence import act_on_alert, read_conditions
    from aurora_tui.model.actions import Verb

    params = {"for": duration}
    if matchers:
        params["matchers"] = read_conditions(matchers)
    if comment:
        params["comment"] = comment
    wanted = take(ctx, given)
    once(wanted, lambda session: act_on_alert(session, Verb.SILENCE, alert, service, params, **given))


@click.command()
@shared
@click.argument("alert", metavar="ALERT")
@_SERVICE
@click.option("--id", "silence", metavar="ID", help="Which silence, where several hide the alert.")
@acting
@click.pass_context
def unsilence(ctx: click.Context, /, alert: str, service: str | None, silence: str | None, **given: Any) -> None:
    """Expire the silence that hides an alert, guarded, journalled, verified."""
    from aurora_tui.commands.silence import act_on_alert
    from aurora_tui.model.actions import Verb

    params = {"silence": silence} if silence else {}
    wanted = take(ctx, given)
    once(wanted, lambda session: act_on_alert(session, Verb.UNSILENCE, alert, service, params, **given))
