"""The command that prints logs, from the cluster or from Elasticsearch."""

from __future__ import annotations

from typing import Any

import click

from aurora_tui.cli_options import shared, take
from aurora_tui.launch import once


@click.command(
    epilog="""\b
Examples:
  aurora-tui logs deployment/aurora-backend -f                          follow all its pods
  aurora-tui logs pod/aurora-backend-7d9f-x2x4z --since 15m             a pod; from Elasticsearch where it is gone
  aurora-tui logs aurora-backend --since 2026-11-26T03:00:00Z --until 2026-11-26T03:20:00Z --source elasticsearch
  aurora-tui logs aurora-backend --trace 4bf92f3577b34da6a3ce929d0e0e4736 -o json
"""
)
@shared
@click.argument("target", metavar="KIND/NAME")
@click.option("-c", "--container", metavar="NAME", help="Only this container.")
@click.option("-p", "--previous", is_flag=True, help="The containers' previous runs.")
@click.option("--since", metavar="TIME", help="From this time on: 15m, 2h or RFC 3339.")
@click.option("--until", metavar="TIME", help="Up to this time: 5m (ago) or RFC 3339.")
@click.option("--tail", type=click.IntRange(min=1), metavar="N", help="The newest N lines; without --since 200.")
@click.option("--trace", metavar="ID", help="Only the lines of a trace.")
@click.option(
    "--source",
    type=click.Choice(["cluster", "elasticsearch"]),
    help="By default the cluster, and Elasticsearch where it has no such pod any more.",
)
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes.")
@click.option("-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def logs(ctx: click.Context, /, target: str, **given: Any) -> None:
    """Log lines of a pod, or of all pods of a workload or Service, by their times."""
    from aurora_tui.commands import logs as printing

    wanted = take(ctx, given)
    once(wanted, lambda session: printing.run(session, target, printing.Asked(**given)))
