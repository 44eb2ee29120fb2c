"""The commands that read traces."""

from __future__ import annotations

from typing import Any

import click

from aurora_tui.cli_options import FORM, shared, take
from aurora_tui.launch import once


@click.command(
    epilog="""\b
Examples:
  aurora-tui traces backend                              of the last hour, failed and slow ones first
  aurora-tui traces backend --around 03:07 --failed      around a time (UTC) only those that failed
  aurora-tui traces aurora-keycloak --at-least 2s -o json
"""
)
@shared
@click.argument("service", metavar="SERVICE")
@click.option("--around", metavar="TIME", help="03:07 (UTC), 2026-03-14T03:07:00Z or 10m (ago); until now by default.")
@click.option("--within", default="1h", show_default=True, metavar="TIME", help="How much time.")
@click.option("--at-least", metavar="TIME", help="Only traces in which the service took no less, e.g. 500ms.")
@click.option("--slow", "only", flag_value="slow", help="Only those beyond the latency that the objective allows.")
@click.option("--failed", "only", flag_value="failed", help="Only those with a failed span.")
@FORM
@click.pass_context
def traces(
    ctx: click.Context,
    /,
    service: str,
    around: str | None,
    within: str,
    at_least: str | None,
    only: str | None,
    form: str,
    **given: Any,
) -> None:
    """Slow and failed traces of a service, from Jaeger.

    SERVICE is its name in the settings or in Jaeger. Exit 2: Jaeger gives no answer.
    """
    from aurora_tui.commands.traces import listing

    once(
        take(ctx, given),
        lambda session: listing(
            session, service, around=around, within=within, at_least=at_least or "", only=only, form=form
        ),
    )


@click.command()
@shared
@click.argument("trace_id", metavar="TRACE-ID")
@FORM
@click.pass_context
def trace(ctx: click.Context, /, trace_id: str, form: str, **given: Any) -> None:
    """One trace as a waterfall, with its critical path.

    Exit 2: there is none such, or Jaeger gives no answer.
    """
    from aurora_tui.commands.traces import show

    once(take(ctx, given), lambda session: show(session, trace_id, form))


COMMANDS = (traces, trace)
