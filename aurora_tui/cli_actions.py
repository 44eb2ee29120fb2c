"""The commands that change a cluster; each says its verb, the action path does the rest."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from aurora_tui.cli_options import acting, named, shared, take
from aurora_tui.cli_shell import shell
from aurora_tui.cli_silence import silence, unsilence
from aurora_tui.launch import once

if TYPE_CHECKING:
    from aurora_tui.actions import ActionPath
    from aurora_tui.series import Maker
    from aurora_tui.session import Session

F = TypeVar("F", bound=Callable[..., Any])
COMMANDS: list[click.Command] = [shell, silence, unsilence]


def _command(
    name: str | None = None, *, several: str = "", words: str = "KIND/NAME..."
) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a command of the group, which `cli` adds to its own.

    `several` are the examples of one that takes several targets, and `words` what stands on its line.
    """

    def make(run: Callable[..., Any]) -> click.Command:
        options = acting(click.pass_context(run))
        options = _on_several(options, words) if several else click.argument("target", metavar="KIND/NAME")(options)
        made = click.command(name, epilog=several)(shared(options))
        COMMANDS.append(made)
        return made

    return make


def _on_several(run: F, words: str) -> F:
    """What says on which objects a command acts, where it may be more than one."""
    for option in reversed(
        (
            click.argument("targets", nargs=-1, metavar=words),
            click.option(
                "-l", "--selector", "labels", metavar="SELECTOR", help="All of the given kinds with these labels."
            ),
            click.option(
                "--keep-going", is_flag=True, help="Of several, all at once: a failure does not stop the rest."
            ),
        )
    ):
        run = option(run)
    return run


def _examples(*lines: str) -> str:
    return "\n".join(("\b", "Examples:", *(f"  aurora-tui {line}" for line in lines)))


def _act(ctx: click.Context, verb: str, params: dict[str, Any], target: str, given: dict[str, Any]) -> None:
    from aurora_tui.commands.act import act
    from aurora_tui.model.actions import Verb

    wanted = take(ctx, given)
    once(wanted, lambda session: act(session, Verb(verb), target, params, **given))


def _act_on(
    ctx: click.Context,
    verb: str,
    params: dict[str, Any],
    targets: tuple[str, ...],
    given: dict[str, Any],
    kind: str = "",
) -> None:
    """Act on one object as such, on several as a series; `kind` is what a name alone is, and a selector's default."""
    labels, keep_going = given.pop("labels"), given.pop("keep_going")
    words = targets or ((kind,) if kind and labels is not None else ())
    if not words:
        raise click.UsageError("say on what: KIND/NAME..., or a kind and -l SELECTOR")
    if labels is None:
        words = tuple(named(word, kind) if kind else word for word in words)
        if len(words) == 1:
            _act(ctx, verb, params, words[0], given)
            return
    from aurora_tui.commands.chosen import Chosen, read_chosen
    from aurora_tui.commands.series import act_in_series
    from aurora_tui.model.actions import Verb

    chosen = read_chosen(words, labels)
    wanted = take(ctx, given)

    def act(session: Session) -> Awaitable[int]:
        return act_in_series(
            session,
            lambda path, _: Chosen(path, Verb(verb), params, chosen, session.namespace, session.home),
            **given,
            go_on=keep_going,
            whole=True,
        )

    once(wanted, act)


@_command(several=_examples("rollback deploy/shop --dry-run", "rollback deploy/shop deploy/cart sts/search"))
@click.option("--to-revision", type=int, default=0, help="Revision to go back to; the one before by default.")
def rollback(ctx: click.Context, /, targets: tuple[str, ...], to_revision: int, **given: Any) -> None:
    """Roll a workload back to an earlier revision (kubectl rollout undo), guarded, journalled, verified."""
    _act_on(ctx, "undo", {"revision": to_revision} if to_revision else {}, targets, given)


@_command(several=_examples("restart deploy/shop sts/search", "restart deploy,sts -l app=shop --keep-going"))
def restart(ctx: click.Context, /, targets: tuple[str, ...], **given: Any) -> None:
    """Restart a workload pod by pod (kubectl rollout restart), guarded, journalled, verified."""
    _act_on(ctx, "restart", {}, targets, given)


@_command(several=_examples("scale deploy/shop --replicas 5", "scale deployments -l tier=batch --replicas 0"))
@click.option("--replicas", type=click.IntRange(min=0), required=True, help="Wanted number of replicas.")
def scale(ctx: click.Context, /, targets: tuple[str, ...], replicas: int, **given: Any) -> None:
    """Change a workload's number of replicas (kubectl scale), guarded, journalled, verified."""
    _act_on(ctx, "scale", {"replicas": replicas}, targets, given)


@_command(
    "set-image",
    several=_examples("set-image deploy/shop main=shop:2", "set-image deploy -l app=shop *=shop:2"),
    words="KIND/NAME... CONTAINER=IMAGE...",
)
def set_image(ctx: click.Context, /, targets: tuple[str, ...], **given: Any) -> None:
    """Give containers other images (kubectl set image): CONTAINER=IMAGE...; * means every container."""
    pairs = [image.partition("=") for image in targets if "=" in image]
    if not pairs or not all(name and image for name, _, image in pairs):
        raise click.UsageError("give CONTAINER=IMAGE, e.g. backend=aurora/backend:2.4.0")
    objects = tuple(target for target in targets if "=" not in target)
    _act_on(ctx, "set image", {name: image for name, _, image in pairs}, objects, given)


@_command(several=_examples("pause deploy/shop", "pause cronjobs -l team=data"))
def pause(ctx: click.Context, /, targets: tuple[str, ...], **given: Any) -> None:
    """Pause a Deployment's rollout, a Rollout of Argo Rollouts, or a CronJob."""
    _act_on(ctx, "pause", {}, targets, given)


@_command(several=_examples("resume deploy/shop", "resume cronjobs -l team=data"))
def resume(ctx: click.Context, /, targets: tuple[str, ...], **given: Any) -> None:
    """Resume a Deployment's rollout, a Rollout of Argo Rollouts, or a CronJob."""
    _act_on(ctx, "resume", {}, targets, given)


@_command(several=_examples("cordon node-3 node-4", "cordon -l zone=a"))
def cordon(ctx: click.Context, /, targets: tuple[str, ...], **given: Any) -> None:
    """Let no new pods onto a node."""
    _act_on(ctx, "cordon", {}, targets, given, "node")


@_command(several=_examples("uncordon node-3 node-4", "uncordon -l zone=a"))
def uncordon(ctx: click.Context, /, targets: tuple[str, ...], **given: Any) -> None:
    """Let new pods onto a node again."""
    _act_on(ctx, "uncordon", {}, targets, given, "node")


@_command(several=_examples("delete shop-1 shop-2", "delete -l app=shop --now"))
@click.option("--now", is_flag=True, help="Without a grace period (kill).")
def delete(ctx: click.Context, /, targets: tuple[str, ...], now: bool, **given: Any) -> None:
    """Delete a pod, held to its uid; its controller makes another."""
    _act_on(ctx, "kill" if now else "delete", {}, targets, given, "pod")


@_command(several=_examples("evict shop-1 shop-2", "evict -l app=shop"))
def evict(ctx: click.Context, /, targets: tuple[str, ...], **given: Any) -> None:
    """Evict a pod, as far as its disruption budgets allow."""
    _act_on(ctx, "evict", {}, targets, given, "pod")


@_command(several=_examples("trigger backup", "trigger backup report"))
def trigger(ctx: click.Context, /, targets: tuple[str, ...], **given: Any) -> None:
    """Run a CronJob now, once (kubectl create job --from)."""
    _act_on(ctx, "trigger", {}, targets, given, "cronjob")


@_command()
@click.option("--min", "least", type=click.IntRange(min=1), help="Fewest replicas; as it is by default.")
@click.option("--max", "most", type=click.IntRange(min=1), help="Most replicas; as it is by default.")
def bounds(ctx: click.Context, /, target: str, least: int | None, most: int | None, **given: Any) -> None:
    """Change the bounds between which an autoscaler chooses the replicas."""
    wanted = {name: value for name, value in (("min", least), ("max", most)) if value is not None}
    if not wanted:
        raise click.UsageError("give --min, --max or both")
    _act(ctx, "set bounds", wanted, named(target, "hpa"), given)


@_command()
@click.option("--delete-emptydir-data", is_flag=True, help="Agree to lose the data of emptyDir volumes.")
@click.option("--force", is_flag=True, help="Agree to evict pods that nothing makes anew.")
def drain(ctx: click.Context, /, target: str, delete_emptydir_data: bool, force: bool, **given: Any) -> None:
    """Cordon a node and evict its pods, waiting for their disruption budgets (kubectl drain).

    Pods of DaemonSets and static pods stay. Interrupt it to stop; the same command goes on where it was.
    """
    from aurora_tui.draining import Drain
    from aurora_tui.model.selection import ObjectRef

    name = _name(named(target, "node"), "Node")
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
    _act(ctx, "switch", {key: value for key, _, value in wanted}, named(target, "service"), given)


@_command("set-flag")
@click.argument("pairs", nargs=-1, required=True, metavar="KEY[=VALUE]...")
def set_flag(ctx: click.Context, /, target: str, pairs: tuple[str, ...], **given: Any) -> None:
    """Set keys of a ConfigMap; one without a value is toggled (true/false, on/off, yes/no, 1/0 …)."""
    from aurora_tui.model.configmaps import TOGGLE

    wanted = [pair.partition("=") for pair in pairs]
    if not all(key for key, _, _ in wanted):
        raise click.UsageError("give KEY=VALUE, e.g. new-checkout=false, or KEY alone to toggle it")
    _act(ctx, "set flag", {key: value if sign else TOGGLE for key, sign, value in wanted}, named(target, "cm"), given)


@_command(several=_examples("promote shop", "promote shop cart --full"))
@click.option("--full", is_flag=True, help="At once, without the steps, pauses and analysis to come.")
def promote(ctx: click.Context, /, targets: tuple[str, ...], full: bool, **given: Any) -> None:
    """End the pause of a Rollout, or skip its step (kubectl argo rollouts promote)."""
    _act_on(ctx, "promote full" if full else "promote", {}, targets, given, "rollout")


@_command(several=_examples("abort shop", "abort -l team=shop"))
def abort(ctx: click.Context, /, targets: tuple[str, ...], **given: Any) -> None:
    """Abort a Rollout's update: the stable version serves again (kubectl argo rollouts abort)."""
    _act_on(ctx, "abort", {}, targets, given, "rollout")


@_command(several=_examples("retry shop", "retry -l team=shop"))
def retry(ctx: click.Context, /, targets: tuple[str, ...], **given: Any) -> None:
    """Retry a Rollout's aborted update (kubectl argo rollouts retry)."""
    _act_on(ctx, "retry", {}, targets, given, "rollout")


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
