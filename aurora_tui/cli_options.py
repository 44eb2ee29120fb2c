"""The options that commands share, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from aurora_tui.launch import Wanted

F = TypeVar("F", bound=Callable[..., Any])

FORM = click.option("-o", "--output", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)

_SHARED = (
    click.option(
        "--context",
        "contexts",
        metavar="CONTEXT",
        multiple=True,
        help="Context of the kubeconfig; the current one by default. Several times: all of them on one screen.",
    ),
    click.option("-n", "--namespace", metavar="NS", help="Namespace; the context's own by default."),
    click.option("-A", "--all-namespaces", is_flag=True, default=None, help="All namespaces."),
    click.option("--kubeconfig", metavar="FILE", help="Kubeconfig file; $KUBECONFIG by default."),
    click.option("--config", metavar="FILE", help="Settings file or folder, instead of ~/.config/aurora-tui."),
    click.option("--read-only", is_flag=True, default=None, help="Refuse everything that changes the cluster."),
)
_SHARED_NAMES = ("contexts", "namespace", "all_namespaces", "kubeconfig", "config", "read_only")


def shared(command: F) -> F:
    """Give a command the shared options."""
    for option in reversed(_SHARED):
        command = option(command)
    return command


def guarded(run: F, *, dry_run: str = "Show the preview and stop.") -> F:
    """The options of everything that is asked about first."""
    for option in reversed(
        (
            click.option("--yes", is_flag=True, help="Do not ask."),
            click.option("--confirm", metavar="CONTEXT", help="The context's name, where it must be typed."),
            click.option("--reason", metavar="WORDS", help="Why; kept in the journal."),
            click.option("--dry-run", is_flag=True, help=dry_run),
        )
    ):
        run = option(run)
    return run


def acting(run: F) -> F:
    """The options of everything that changes a cluster, and is followed."""
    return guarded(
        click.option("--wait/--no-wait", default=True, help="Follow the rollout and the SLI to a verdict.")(run)
    )


def named(target: str, kind: str) -> str:
    """A target of which the kind may be left out."""
    return target if "/" in target else f"{kind}/{target}"


def take(ctx: click.Context, given: dict[str, Any]) -> Wanted:
    """Move the shared options out of a command's own."""
    return ctx.find_object(Wanted).merged({name: given.pop(name) for name in _SHARED_NAMES})  # type: ignore[union-attr]
