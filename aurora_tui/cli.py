"""The command line: reads what is wanted, opens a session, and runs the screen or one command on it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aurora_tui import __version__, cli_actions, cli_incident, cli_journal, cli_traces
from aurora_tui.cli_logs import logs
from aurora_tui.cli_options import FORM, shared, take
from aurora_tui.launch import (
    USAGE_ERROR,
    Wanted,
    console,
    contexts_of,
    fail,
    log_path,
    logging_to_file,
    once,
    once_for_all,
    opened_of,
    settings_of,
    terminal_defaults,
    told,
)
from aurora_tui.model.frozen import replace

if TYPE_CHECKING:
    pass

INTERRUPTED = 130
"""As the shell reports a program that was stopped by Ctrl+C."""
log = logging.getLogger(__name__)
DEFAULT_SCENARIO = "bad-release"


class _Described(click.Group):
    """The help of the program ends with the scenarios of the demo."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from aurora_tui.sandbox.scenarios import SCENARIOS

        with formatter.section("Scenarios of the demo"):
            formatter.write_dl([(scenario.name, scenario.title) for scenario in SCENARIOS.values()])
        super().format_epilog(ctx, formatter)


@click.group(
    cls=_Described,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="""\b
Examples:
  aurora-tui --context prod          open the console on a cluster
  aurora-tui --context eu --context us   both on one screen
  aurora-tui --demo                  open it on the embedded demo stack
  aurora-tui status                  what burns, for scripts: exit 0 healthy, 1 burning, 2 can't tell
  aurora-tui get pods -A -o json     the rows of the panes
  aurora-tui rollback deployment/aurora-backend --dry-run
""",
)
@shared
@click.option("--theme", metavar="THEME", help="aurora, aurora-light, textual-ansi (16 colours) …")
@click.option("--demo", metavar="[SCENARIO]", help="Use the embedded demo stack instead of a cluster.")
@click.version_option(__version__, prog_name="aurora-tui")
@click.pass_context
def command(ctx: click.Context, /, demo: str | None, **given: Any) -> None:
    """From the page to a verified mitigation: pods, SLOs, alerts and logs of a Kubernetes stack on one screen."""
    wanted = Wanted().merged(given)
    if demo is not None:
        wanted = ctx.with_resource(_demo(wanted, demo))
    ctx.obj = wanted
    if ctx.invoked_subcommand is None:
        console(wanted)


@contextlib.contextmanager
def _demo(wanted: Wanted, scenario: str) -> Iterator[Wanted]:
    """Start the demo stack beside us; what follows gets its kubeconfig and settings like any other."""
    from aurora_tui.sandbox.child import SandboxError, start_in_subprocess
    from aurora_tui.sandbox.scenarios import SCENARIOS

    if scenario not in SCENARIOS:
        click.echo(f"aurora-tui: the demo has no scenario {scenario!r}; there are", err=True)
        for each in SCENARIOS.values():
            click.echo(f"  {each.name:20} {each.title}", err=True)
        sys.exit(USAGE_ERROR)
    try:
        with start_in_subprocess(scenario) as stack:
            yield replace(
                wanted,
                kubeconfig=stack.kubeconfig,
                config=wanted.config or stack.config,
                contexts=wanted.contexts or (stack.context,),
            )
    except SandboxError as error:
        raise fail(str(error)) from error


@command.command()
@shared
@FORM
@click.pass_context
def status(ctx: click.Context, /, form: str, **given: Any) -> None:
    """Firing alerts, missed objectives, broken workloads; exit 0 healthy, 1 burning, 2 can't tell."""
    from aurora_tui.commands import rows

    once_for_all(take(ctx, given), lambda opened: rows.status(opened, form))


@command.command()
@shared
@click.argument("what")
@click.option("-o", "--output", "form", type=click.Choice(["table", "wide", "json"]), default="table")
@click.option(
    "-l", "--selector", "labels", metavar="SELECTOR", default="", help="Label selector, e.g. app=api,tier!=db"
)
@click.pass_context
def get(ctx: click.Context, /, what: str, form: str, labels: str, **given: Any) -> None:
    """Rows of a pane: pods, workloads, slos, alerts, nodes, events, deployments …"""
    from aurora_tui.commands import rows

    once_for_all(take(ctx, given), lambda opened: rows.get(opened, what, form, labels))


@command.command()
@shared
@FORM
@click.pass_context
def check(ctx: click.Context, /, form: str, **given: Any) -> None:
    """Reach every source; say what works, what is denied and how to mend it."""
    from aurora_tui.commands import check as checks

    once_for_all(take(ctx, given), lambda opened: checks.run(opened, form))


@command.command()
@shared
@click.option("-o", "--output", "form", type=click.Choice(["prometheus", "alertmanager"]), default="prometheus")
@click.pass_context
def rules(ctx: click.Context, /, form: str, **given: Any) -> None:
    """Recording and alert rules made from the SLOs, or how Alertmanager should route their alerts."""
    from aurora_tui.commands.rules import written

    click.echo(written(settings_of(take(ctx, given)), form), nl=False)


@command.command()
@shared
@click.argument("target", metavar="KIND/NAME")
@FORM
@click.pass_context
def history(ctx: click.Context, /, target: str, form: str, **given: Any) -> None:
    """Revisions of a workload (kubectl rollout history), and what going back to each would change."""
    from aurora_tui.commands import history as histories

    once(take(ctx, given), lambda session: histories.show(session, target, form))


@command.command()
@shared
@click.argument("target", metavar="[KIND/NAME]", required=False)
@click.option("--onset", metavar="TIME", help="When the fault began (RFC 3339): the nearest change comes first.")
@click.option("--since", metavar="FOR", default="24h", show_default=True, help="How long before it to look back.")
@FORM
@click.pass_context
def changes(ctx: click.Context, /, target: str | None, onset: str | None, since: str, form: str, **given: Any) -> None:
    """What changed in the namespace: rollouts, scaling, edits, nodes, kills, jobs, and what was done from here."""
    from aurora_tui.commands import changes as found

    once(take(ctx, given), lambda session: found.show(session, target, onset, since, form))


@command.command()
@shared
@click.argument("subject", metavar="[SERVICE|ALERT]", required=False)
@FORM
@click.pass_context
def triage(ctx: click.Context, /, subject: str | None, form: str, **given: Any) -> None:
    """Why a service does badly and what would mend it; without a name of the worst alert."""
    from aurora_tui.commands import triage as triages

    once(take(ctx, given), lambda session: triages.run(session, subject, form))


@command.command()
@shared
@click.option("--out", type=click.Path(path_type=Path), required=True, help="SVG file to write.")
@click.option("--size", default="160x48", show_default=True, metavar="COLSxLINES")
@click.option("--keys", default="", metavar="KEYS", help="Keys to press first, comma-separated.")
@click.pass_context
def shot(ctx: click.Context, /, out: Path, size: str, keys: str, **given: Any) -> None:
    """A picture of the dashboard, made without a terminal."""
    columns, _, lines = size.partition("x")
    if not (columns.isdecimal() and lines.isdecimal()):
        raise click.UsageError(f"--size {size!r}: give COLUMNSxLINES, e.g. 160x48")
    wanted = take(ctx, given)
    terminal_defaults(wanted)
    from aurora_tui.app import AuroraApp
    from aurora_tui.commands.shot import shoot

    app = AuroraApp(opened_of(wanted, settings_of(wanted), contexts_of(wanted)))
    with told():
        picture = asyncio.run(shoot(app, (int(columns), int(lines)), [key for key in keys.split(",") if key]))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise fail(f"{out} cannot be written: {error.strerror or error}") from error


@command.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """The shell's completion script: source it, e.g. from ~/.bashrc."""
    from click.shell_completion import get_completion_class

    maker = get_completion_class(shell)
    assert maker is not None
    click.echo(maker(command, {}, "aurora-tui", "_AURORA_TUI_COMPLETE").source())


for _each in (*cli_actions.COMMANDS, cli_journal.journal, *cli_incident.COMMANDS, logs, *cli_traces.COMMANDS):
    command.add_command(_each)


def _with_scenario(arguments: list[str]) -> list[str]:
    """``--demo`` may stand anywhere; alone, before another option or before a command it means the default scenario."""
    for here, word in enumerate(arguments):
        name, _, scenario = word.partition("=")
        if name != "--demo":
            continue
        rest = [*arguments[:here], *arguments[here + 1 :]]
        following = arguments[here + 1] if here + 1 < len(arguments) else "-"
        if not (scenario or following.startswith("-") or following in command.commands):
            scenario = rest.pop(here)
        return [f"--demo={scenario or DEFAULT_SCENARIO}", *rest]
    return arguments


def main() -> None:
    """The entry point of ``aurora-tui`` and ``kubectl-aurora``."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal's character set lacks is no reason to fail.
            stream.reconfigure(errors="backslashreplace")
    with logging_to_file():
        try:
            sys.exit(command.main(args=_with_scenario(sys.argv[1:]), prog_name="aurora-tui", standalone_mode=False))
        except click.ClickException as error:
            _complain(error)
            sys.exit(error.exit_code)
        except click.Abort:
            _say("stopped")
            sys.exit(INTERRUPTED)
        except Exception as error:
            log.exception("it broke down")
            _say(f"it broke down ({type(error).__name__}); the details are in {log_path()}")
            sys.exit(USAGE_ERROR)


def _complain(error: click.ClickException) -> None:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return
    hint = ""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        hint = f" (see {error.ctx.command_path} --help)"
    _say(f"{error.format_message()}{hint}")


def _say(words: str) -> None:
    from aurora_tui.model.text import printable

    click.echo(f"aurora-tui: {printable(' '.join(words.split()))}", err=True)
