"""``incident`` and ``replay``: the commands that read incidents, and open one that was handed on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from aurora_tui.cli_options import FORM, shared, take


@click.group()
def incident() -> None:
    """Incidents that were opened here, or met in the shared folder."""


@incident.command("list")
@FORM
def incident_list(form: str) -> None:
    """All incidents, the newest first."""
    from aurora_tui.commands.incident import show_list

    sys.exit(show_list(form))


@incident.command("show")
@click.argument("name", metavar="[INCIDENT]", default="last")
@FORM
def incident_show(name: str, form: str) -> None:
    """One incident with its timeline, the last one by default; the beginning or the end of its name will do."""
    from aurora_tui.commands.incident import show

    sys.exit(show(name, form))


@incident.command(
    "export",
    epilog="""\b
Examples:
  aurora-tui incident export last                         the post-mortem's draft as Markdown
  aurora-tui incident export last --format html --out post-mortem.html
  aurora-tui incident export last --bundle incident.zip   to be opened elsewhere with `aurora-tui replay`
""",
)
@shared
@click.argument("name", metavar="[INCIDENT]", default="last")
@click.option("--format", "form", type=click.Choice(["md", "html", "json"]), default="md", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="File to make; standard output by default.")
@click.option("--bundle", type=click.Path(path_type=Path), help="One redacted archive of all that was captured.")
@click.pass_context
def incident_export(
    ctx: click.Context, /, name: str, form: str, out: Path | None, bundle: Path | None, **given: Any
) -> None:
    """The draft of the post-mortem, with pictures of the panes (html), all facts (json), or an archive."""
    from aurora_tui.commands.incident import export

    sys.exit(export(take(ctx, given), name, form, out, bundle))


@incident.command("verify")
@FORM
def incident_verify(form: str) -> None:
    """Find an altered, missing or reordered fact; exit 0 intact, 1 not, 2 can't read."""
    from aurora_tui.commands.incident import verify

    sys.exit(verify(form))


@click.command()
@shared
@click.argument("bundle", type=click.Path(path_type=Path), metavar="FILE")
@click.pass_context
def replay(ctx: click.Context, /, bundle: Path, **given: Any) -> None:
    """Open an incident's archive on the same screens, read-only and offline; [ and ] go through time."""
    from aurora_tui.commands.replay import replay as open_it

    open_it(take(ctx, given), bundle)


COMMANDS = (incident, replay)
