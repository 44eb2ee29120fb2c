"""The commands that change a cluster; each says its verb, the action path does the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from aurora_tui.cli_options import shared, take
from aurora_tui.launch import once

if TYPE_CHECKING:
    from aurora_tui.actions import ActionPath
    from aurora_tui.series import Maker

F = TypeVar("F", bound=Callable[..., Any])
COMMANDS: list[click.Command] = []


def _command(name: str | None = None) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a command of the group, which `cli` adds to its own."""

    def make(run: Callable[..., Any]) -> click.Command:
        made = click.command(name)(shared(_acting(click.pass_context(run))))
        COMMANDS.append(made)
        return made

    return make


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


def _act(ctx: click.Context, verb: str, params: dict[str, Any], target: str, given: dict[str, Any]) -> None:
    from aurora_tui.commands.act import act
    from aurora_tui.model.actions import Verb

    wanted = take(ctx, given)
    once(wanted, lambda session: act(session, Verb(verb), target, params, **given))


@_command()
@click.option("--to-revision", type=int, default=0, help="Revision to go back to; the one before by default.")
def rollback(ctx: click.Context, /, target: str, to_revision: int, **given: Any) -> None:
    """Roll a workload back to an earlier revision (kubectl rollout undo), guarded, journalled, verified."""
    _act(ctx, "undo", {"revision": to_revision} if to_revision else {}, target, given)


@_command()
def restart(ctx: click.Context, /, target: str, **given: Any) -> None:
    """Restart a workload pod by pod (kubectl rollout restart), guarded, journalled, verified."""
    _act(ctx, "restart", {}, target, given)


@_command()
@click.option("--replicas", type=click.IntRange(min=0), required=True, help="Wanted number of replicas.")
def scale(ctx: click.Context, /, target: str, replicas: int, **given: Any) -> None:
    """Change a workload's number of replicas (kubectl scale), guarded, journalled, verified."""
    _act(ctx, "scale", {"replicas": replicas}, target, given)


@_command("set-image")
@click.argument("images", nargs=-1, required=True, metavar="CONTAINER=IMAGE...")
def set_image(ctx: click.Context, /, target: str, images: tuple[str, ...], **given: Any) -> None:
    """Give containers other images (kubectl set image); * means every container."""
    pairs = [image.partition("=") for image in images]
    if not all(name and image for name, _, image in pairs):
        raise click.UsageError("give CONTAINER=IMAGE, e.g. backend=aurora/backend:2.4.0")
    _act(ctx, "set image", {name: image for name, _, image in pairs}, target, given)


@_command()
def pause(ctx: click.Context, /, target: str, **given: Any) -> None:
    """Pause a Deployment's rollout, or a CronJob."""
    _act(ctx, "pause", {}, target, given)


@_command()
def resume(ctx: click.Context, /, target: str, **given: Any) -> None:
    """Resume a Deployment's rollout, or a CronJob."""
    _act(ctx, "resume", {}, target, given)


@_command()
def cordon(ctx: click.Context, /, target: str, **given: Any) -> None:
    """Let no new pods onto a node."""
    _act(ctx, "cordon", {}, _named(target, "node"), given)


@_command()
def uncordon(ctx: click.Context, /, target: str, **given: Any) -> None:
    """Let new pods onto a node again."""
    _act(ctx, "uncordon", {}, _named(target, "node"), given)


@_command()
@click.option("--now", is_flag=True, help="Without a grace period (kill).")
def delete(ctx: click.Context, /, target: str, now: bool, **given: Any) -> None:
    """Delete a pod, held to its uid; its controller makes another."""
    _act(ctx, "kill" if now else "delete", {}, _named(target, "pod"), given)


@_command()
def evict(ctx: click.Context, /, target: str, **given: Any) -> None:
    """Evict a pod, as far as its disruption budgets allow."""
    _act(ctx, "evict", {}, _named(target, "pod"), given)


@_command()
def trigger(ctx: click.Context, /, target: str, **given: Any) -> None:
    """Run a CronJob now, once (kubectl create job --from)."""
    _act(ctx, "trigger", {}, _named(target, "cronjob"), given)


@_command()
@click.option("--min", "least", type=click.IntRange(min=1), help="Fewest replicas; as it is by default.")
@click.option("--max", "most", type=click.IntRange(min=1), help="Most replicas; as it is by default.")
def bounds(ctx: click.Context, /, target: str, least: int | None, most: int | None, **given: Any) -> None:
    """Change the bounds between which an autoscaler chooses the replicas."""
    wanted = {name: value for name, value in (("min", least), ("max", most)) if value is not None}
    if not wanted:
        raise click.UsageError("give --min, --max or both")
    _act(ctx, "set bounds", wanted, _named(target, "hpa"), given)


@_command()
@click.option("--delete-emptydir-data", is_flag=True, help="Agree to lose the data of emptyDir volumes.")
@click.option("--force", is_flag=True, help="Agree to evict pods that nothing makes anew.")
def drain(ctx: click.Context, /, target: str, delete_emptydir_data: bool, force: bool, **given: Any) -> None:
    """Cordon a node and evict its pods, waiting for their disruption budgets (kubectl drain).

    Pods of DaemonSets and static pods stay. Interrupt it to stop; the same command goes on where it was.
    """
    from aurora_tui.draining import Drain
    from aurora_tui.model.selection import ObjectRef

    name = _name(_named(target, "node"), "Node")
    node = ObjectRef("Node", None, name)
    _series(ctx, lambda path, _: Drain(path, node, lose_emptied=delete_emptydir_data, lose_unmanaged=force), given)


@_command()
@click.option("--weight", type=click.FloatRange(0, 100), required=True, help="Wanted share of the pods, in percent.")
@click.option(
    "--stable", metavar="NAME", help="The Deployment beside it; the only other one of its Service by default."
)
@click.option("--total", type=click.IntRange(min=1), help="Pods of both together; as many as now by default.")
def canary(
    ctx: click.Context, /, target: str, weight: float, stable: str | None, total: int | None, **given: Any
) -> None:
    """Give a canary Deployment a share of its Service's pods, the other one the rest."""
    from aurora_tui.canary import Canary
    from aurora_tui.model.selection import ObjectRef

    name = _name(target, "Deployment")

    def make(path: ActionPath, namespace: str) -> Canary:
        return Canary(path, ObjectRef("Deployment", namespace, name), weight, stable, total)

    _series(ctx, make, given)


@_command()
@click.argument("pairs", nargs=-1, required=True, metavar="KEY=VALUE...")
def switch(ctx: click.Context, /, target: str, pairs: tuple[str, ...], **given: Any) -> None:
    """Point a Service at other pods by values of its selector, e.g. color=green (blue-green)."""
    wanted = [pair.partition("=") for pair in pairs]
    if not all(key and sign for key, sign, _ in wanted):
        raise click.UsageError("give KEY=VALUE, e.g. color=green")
    _act(ctx, "switch", {key: value for key, _, value in wanted}, _named(target, "service"), given)


@_command("set-flag")
@click.argument("pairs", nargs=-1, required=True, metavar="KEY[=VALUE]...")
def set_flag(ctx: click.Context, /, target: str, pairs: tuple[str, ...], **given: Any) -> None:
    """Set keys of a ConfigMap; one without a value is toggled (true/false, on/off, yes/no, 1/0 …)."""
    from aurora_tui.model.configmaps import TOGGLE

    wanted = [pair.partition("=") for pair in pairs]
    if not all(key for key, _, _ in wanted):
        raise click.UsageError("give KEY=VALUE, e.g. new-checkout=false, or KEY alone to toggle it")
    _act(ctx, "set flag", {key: value if sign else TOGGLE for key, sign, value in wanted}, _named(target, "cm"), given)


def _named(target: str, kind: str) -> str:
    return target if "/" in target else f"{kind}/{target}"


def _series(ctx: click.Context, make: Callable[[ActionPath, str], Maker], given: dict[str, Any]) -> None:
    from aurora_tui.commands.series import act_in_series

    wanted = take(ctx, given)
    once(wanted, lambda session: act_in_series(session, make, **given))


def _name(target: str, kind: str) -> str:
    """The name in a target that must be of one kind."""
    from aurora_tui.commands.target import read_target

    resource, name = read_target(target)
    if resource.kind != kind:
        raise click.UsageError(f"{target!r} is not a {kind.lower()}")
    return name
