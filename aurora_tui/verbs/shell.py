"""Shell: a terminal in a container of a pod, as ``kubectl exec -it`` opens it, or one command in it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from aurora_tui.model.actions import Action, ExecRequest, Params, Verb
from aurora_tui.model.rollouts import RolloutState, RolloutStatus
from aurora_tui.model.terminals import Ended
from aurora_tui.verbs.base import Changing, Draft, Inverse, Refusal, Right, View

SHELL = ("sh", "-c", "command -v bash >/dev/null && exec bash || exec sh")
"""The best shell that the image has."""
_DEFAULT = "kubectl.kubernetes.io/default-container"
_MISSING = ("executable file not found", "no such file or directory")
"""What container runtimes say of one."""


class Shell(Changing):
    """`params`: ``container`` (chosen as kubectl does without it), ``command`` (a shell without it), ``tty`` 0 or 1."""

    verb = Verb.SHELL
    kinds = ("Pod",)
    right = Right("create", subresource="exec")

    async def draft(self, view: View, params: Params) -> Draft:
        container = str(params.get("container") or default_container(view.live))
        if (stands_in_the_way := why_not(view.label, view.live, container)) is not None:
            raise Refusal(stands_in_the_way)
        tty = bool(params.get("tty", 1))
        try:
            command = tuple(shlex.split(str(params.get("command", ""))))
        except ValueError as error:
            raise Refusal(f"the command cannot be read: {error}") from error
        if not command and not tty:
            raise Refusal("a shell needs a terminal; without one give a command behind --")
        what = f"runs {shlex.join(command)}" if command else "opens a shell"
        given: dict[str, str | int] = {"command": shlex.join(command)} if command else {}
        return Draft(
            params={"container": container, "tty": int(tty), **given},
            request=ExecRequest(container, command or SHELL, tty),
            effect=f"{what} in container {container} of {view.label}",
        )

    def shown(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        return {}

    def basis(self, item: Mapping[str, Any]) -> Any:
        # The uid says it all: a pod's status moves all the time, and a container that has ended refuses by itself.
        return True

    def state(self, item: Mapping[str, Any]) -> dict[str, Any]:
        containers = (item.get("spec") or {}).get("containers") or ()
        return {
            "node": (item.get("spec") or {}).get("nodeName", ""),
            "images": {each["name"]: each.get("image", "") for each in containers},
        }

    def progress(self, action: Action, item: Mapping[str, Any]) -> RolloutStatus:
        return RolloutStatus(RolloutState.SETTLED, 1, 1, "nothing is followed after a shell")

    def inverse(self, action: Action) -> Inverse | None:
        return None


def containers(pod: Mapping[str, Any]) -> Sequence[str]:
    """The names of all containers that a shell may be opened in, those that serve first."""
    spec = pod.get("spec") or {}
    lists = ("containers", "initContainers", "ephemeralContainers")
    return [str(each["name"]) for kind in lists for each in spec.get(kind) or ()]


def default_container(pod: Mapping[str, Any]) -> str:
    """The container that kubectl takes: the annotated one where the pod has it, else the first."""
    names = containers(pod)
    wanted = (pod["metadata"].get("annotations") or {}).get(_DEFAULT)
    return str(wanted) if wanted in names else next(iter(names), "")


def why_not(label: str, pod: Mapping[str, Any], container: str) -> str | None:
    """Why no shell can be opened in a container, as its pod's status was last told; None where one can."""
    names = containers(pod)
    if container not in names:
        return f"{label} has no container {container}: it has {', '.join(names) or 'none'}"
    status = pod.get("status") or {}
    if status.get("phase") in ("Succeeded", "Failed"):
        return f"{label} has ended ({status['phase']}): nothing runs in it; look at its logs"
    lists = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
    every = {each["name"]: each.get("state") or {} for kind in lists for each in status.get(kind) or ()}
    state = every.get(container)
    if state is None:
        return f"container {container} of {label} has not been started"
    if "running" in state:
        return None
    ended = state.get("terminated") or {}
    reason = (state.get("waiting") or ended).get("reason") or "waiting"
    return f"container {container} of {label} does not run now: {reason}; look at its logs or those of its run before"


def verdict(request: ExecRequest, ended: Ended, *, namespace: str, pod: str) -> str:
    """How a process ended, in words that say what to do where its image has no shell."""
    words = ended.words if ended.code is None else f"exit code {ended.code}"
    if request.command != SHELL or not any(each in ended.words for each in _MISSING):
        return words
    image = "--image=busybox"
    debug = shlex.join(["kubectl", "debug", "-it", pod, "-n", namespace, image, f"--target={request.container}"])
    return f"{words}: its image has no shell; a container beside it has one: {debug}"
