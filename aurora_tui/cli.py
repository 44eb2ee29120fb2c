"""The command line: reads what is wanted, opens a session, and runs the screen or one command on it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from aurora_tui import __version__
from aurora_tui.launch import (
    USAGE_ERROR,
    Wanted,
    console,
    context_of,
    fail,
    log_path,
    logging_to_file,
    once,
    session_of,
    settings_of,
    terminal_defaults,
    told,
)

if TYPE_CHECKING:
    from aurora_tui.model.actions import Verb

F = TypeVar("F", bound=Callable[..., Any])
INTERRUPTED = 130
"""As the shell reports a program that was stopped by Ctrl+C."""
log = logging.getLogger(__name__)
DEFAULT_SCENARIO = "bad-release"


_SHARED = (
    click.option("--context", metavar="CONTEXT", help="Context of the kubeconfig; the current one by default."),
    click.option("-n", "--namespace", metavar="NS", help="Namespace; the context's own by default."),
    click.option("-A", "--all-namespaces", is_flag=True, default=None, help="All namespaces."),
    click.option("--kubeconfig", metavar="FILE", help="Kubeconfig file; $KUBECONFIG by default."),
    click.option("--config", metavar="FILE", help="Settings file or folder, instead of ~/.config/aurora-tui."),
    click.option("--read-only", is_flag=True, default=None, help="Refuse everything that changes the cluster."),
)
_SHARED_NAMES = ("context", "namespace", "all_namespaces", "kubeconfig", "config", "read_only")


def shared(command: F) -> F:
    """Give a command the shared options."""
    for option in reversed(_SHARED):
        command = option(command)
    return command


def _take(ctx: click.Context, given: dict[str, Any]) -> Wanted:
    """Move the shared options out of a command's own."""
    return ctx.find_object(Wanted).merged({name: given.pop(name) for name in _SHARED_NAMES})  # type: ignore[union-attr]


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="""\b
Examples:
  aurora-tui --context prod          open the console on a cluster
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

    try:
        with start_in_subprocess(scenario) as stack:
            yield replace(
                wanted,
                kubeconfig=stack.kubeconfig,
                config=wanted.config or stack.config,
                context=wanted.context or stack.context,
            )
    except SandboxError as error:
        raise fail(str(error)) from error


_FORM = click.option("-o", "--output", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)


@command.command()
@shared
@_FORM
@click.pass_context
def status(ctx: click.Context, /, form: str, **given: Any) -> None:
    """Firing alerts, missed objectives, broken workloads; exit 0 healthy, 1 burning, 2 can't tell."""
    from aurora_tui.commands import rows

    once(_take(ctx, given), lambda session: rows.status(session, form))


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

    once(_take(ctx, given), lambda session: rows.get(session, what, form, labels))


@command.command()
@shared
@_FORM
@click.pass_context
def check(ctx: click.Context, /, form: str, **given: Any) -> None:
    """Reach every source; say what works, what is denied and how to mend it."""
    from aurora_tui.commands import check as checks

    once(_take(ctx, given), lambda session: checks.run(session, form))


@command.command()
@shared
@click.argument("target", metavar="KIND/NAME")
@_FORM
@click.pass_context
def history(ctx: click.Context, /, target: str, form: str, **given: Any) -> None:
    """Revisions of a workload (kubectl rollout history), and what going back to each would change."""
    from aurora_tui.commands import history as histories

    once(_take(ctx, given), lambda session: histories.show(session, target, form))


def _acting(run: F) -> F:
    """The options of everything that changes a cluster."""
    for option in reversed(
        (
            click.argument("target", metavar="KIND/NAME"),
            click.option("--yes", is_flag=True, help="Do not ask."),
            click.option("--confirm", metavar="CONTEXT", help="The context's name, where it must be typed."),
            click.option("--reason", metavar="WORDS", help="Why; kept in the journal."),
            click.option("--dry-run", is_flag=True, help="Show the preview and stop."),
            click.option("--wait/--no-wait", default=True, help="Follow the rollout and the SLI to a verdict."),
        )
    ):
        run = option(run)
    return run


def _act(ctx: click.Context, verb: Verb, params: dict[str, Any], target: str, given: dict[str, Any]) -> None:
    from aurora_tui.commands.act import act

    wanted = _take(ctx, given)
    once(wanted, lambda session: act(session, verb, target, params, **given))


@command.command()
@shared
@_acting
@click.option("--to-revision", type=int, default=0, help="Revision to go back to; the one before by default.")
@click.pass_context
def rollback(ctx: click.Context, /, target: str, to_revision: int, **given: Any) -> None:
    """Roll a workload back to an earlier revision (kubectl rollout undo), guarded, journalled, verified."""
    from aurora_tui.model.actions import Verb

    _act(ctx, Verb.UNDO, {"revision": to_revision} if to_revision else {}, target, given)


@command.command()
@shared
@_acting
@click.pass_context
def restart(ctx: click.Context, /, target: str, **given: Any) -> None:
    """Restart a workload pod by pod (kubectl rollout restart), guarded, journalled, verified."""
    from aurora_tui.model.actions import Verb

    _act(ctx, Verb.RESTART, {}, target, given)


@command.command()
@shared
@_acting
@click.option("--replicas", type=click.IntRange(min=0), required=True, help="Wanted number of replicas.")
@click.pass_context
def scale(ctx: click.Context, /, target: str, replicas: int, **given: Any) -> None:
    """Change a workload's number of replicas (kubectl scale), guarded, journalled, verified."""
    from aurora_tui.model.actions import Verb

    _act(ctx, Verb.SCALE, {"replicas": replicas}, target, given)


@command.command("set-image")
@shared
@_acting
@click.argument("images", nargs=-1, required=True, metavar="CONTAINER=IMAGE...")
@click.pass_context
def set_image(ctx: click.Context, /, target: str, images: tuple[str, ...], **given: Any) -> None:
    """Give containers other images (kubectl set image); * means every container."""
    from aurora_tui.model.actions import Verb

    pairs = [image.partition("=") for image in images]
    if not all(name and image for name, _, image in pairs):
        raise click.UsageError("give CONTAINER=IMAGE, e.g. backend=aurora/backend:2.4.0")
    _act(ctx, Verb.IMAGE, {name: image for name, _, image in pairs}, target, given)


@command.command()
@shared
@_acting
@click.pass_context
def pause(ctx: click.Context, /, target: str, **given: Any) -> None:
    """Pause a Deployment's rollout, or a CronJob."""
    from aurora_tui.model.actions import Verb

    _act(ctx, Verb.PAUSE, {}, target, given)


@command.command()
@shared
@_acting
@click.pass_context
def resume(ctx: click.Context, /, target: str, **given: Any) -> None:
    """Resume a Deployment's rollout, or a CronJob."""
    from aurora_tui.model.actions import Verb

    _act(ctx, Verb.RESUME, {}, target, given)


@command.command()
@shared
@_acting
@click.pass_context
def cordon(ctx: click.Context, /, target: str, **given: Any) -> None:
    """Let no new pods onto a node."""
    from aurora_tui.model.actions import Verb

    _act(ctx, Verb.CORDON, {}, _named(target, "node"), given)


@command.command()
@shared
@_acting
@click.pass_context
def uncordon(ctx: click.Context, /, target: str, **given: Any) -> None:
    """Let new pods onto a node again."""
    from aurora_tui.model.actions import Verb

    _act(ctx, Verb.UNCORDON, {}, _named(target, "node"), given)


@command.command()
@shared
@_acting
@click.option("--now", is_flag=True, help="Without a grace period (kill).")
@click.pass_context
def delete(ctx: click.Context, /, target: str, now: bool, **given: Any) -> None:
    """Delete a pod, held to its uid; its controller makes another."""
    from aurora_tui.model.actions import Verb

    _act(ctx, Verb.KILL if now else Verb.DELETE, {}, _named(target, "pod"), given)


@command.command()
@shared
@_acting
@click.pass_context
def evict(ctx: click.Context, /, target: str, **given: Any) -> None:
    """Evict a pod, as far as its disruption budgets allow."""
    from aurora_tui.model.actions import Verb

    _act(ctx, Verb.EVICT, {}, _named(target, "pod"), given)


@command.command()
@shared
@_acting
@click.pass_context
def trigger(ctx: click.Context, /, target: str, **given: Any) -> None:
    """Run a CronJob now, once (kubectl create job --from)."""
    from aurora_tui.model.actions import Verb

    _act(ctx, Verb.TRIGGER, {}, _named(target, "cronjob"), given)


@command.command()
@shared
@_acting
@click.option("--min", "least", type=click.IntRange(min=1), help="Fewest replicas; as it is by default.")
@click.option("--max", "most", type=click.IntRange(min=1), help="Most replicas; as it is by default.")
@click.pass_context
def bounds(ctx: click.Context, /, target: str, least: int | None, most: int | None, **given: Any) -> None:
    """Change the bounds between which an autoscaler chooses the replicas."""
    from aurora_tui.model.actions import Verb

    wanted = {name: value for name, value in (("min", least), ("max", most)) if value is not None}
    if not wanted:
        raise click.UsageError("give --min, --max or both")
    _act(ctx, Verb.BOUNDS, wanted, _named(target, "hpa"), given)


def _named(target: str, kind: str) -> str:
    return target if "/" in target else f"{kind}/{target}"


@command.group()
def journal() -> None:
    """What was done to the clusters from here."""


@journal.command("list")
@_FORM
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
def journal_list(form: str, limit: int) -> None:
    """The newest entries."""
    from aurora_tui.commands.journalcmd import show_list

    sys.exit(show_list(form, limit))


@journal.command("show")
@click.argument("number", type=int)
@_FORM
def journal_show(number: int, form: str) -> None:
    """One entry, whole."""
    from aurora_tui.commands.journalcmd import show_entry

    sys.exit(show_entry(form, number))


_HASH = re.compile("[0-9a-f]{64}")


@journal.command("verify")
@click.option("--head", metavar="HASH", help="A head that was noted earlier: is it still in the chain?")
@_FORM
def journal_verify(head: str | None, form: str) -> None:
    """Find an altered, missing or reordered entry; exit 0 intact, 1 not, 2 can't read."""
    from aurora_tui.commands.journalcmd import verify

    noted = None if head is None else head.strip().lower()
    if noted is not None and not _HASH.fullmatch(noted):
        raise click.UsageError(f"--head {head!r}: give the 64 digits that `aurora-tui journal verify` printed")
    sys.exit(verify(form, noted))


@journal.command("export")
@click.option("-o", "--output", "form", type=click.Choice(["jsonl", "markdown"]), default="jsonl", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="File to make; standard output by default.")
def journal_export(form: str, out: Path | None) -> None:
    """All entries, oldest first: one JSON object a line, or an incident log."""
    from aurora_tui.commands.journalcmd import export

    sys.exit(export(form, out))


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
    wanted = _take(ctx, given)
    terminal_defaults(wanted)
    from aurora_tui.app import AuroraApp
    from aurora_tui.commands.shot import shoot

    app = AuroraApp(session_of(wanted, settings_of(wanted), context_of(wanted)))
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
