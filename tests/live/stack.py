"""Starts and stops the live stack, all on loopback: control plane, simulated nodes, Prometheus, Alertmanager.

    python -m tests.live.stack build
    python -m tests.live.stack up [--pods N --namespaces M] [--dir D]
    python -m tests.live.stack run [...] -- COMMAND ARGUMENTS     {kubeconfig} and {config} are replaced
    python -m tests.live.stack run --copies 3 [...] -- pytest tests/live -n 3 --dist loadfile ...

`up` runs until interrupted, terminated, or until its standard input, when a pipe or a terminal, is closed.
`run` returns the command's exit status; the command finds the stack by the variables AURORA_LIVE_*. Of several
copies, which share nothing, these are the first one's, and AURORA_LIVE_COPIES holds all: each worker of pytest-xdist
takes its own. Needs Go for the first build, openssl, and Debian's packages prometheus and prometheus-alertmanager.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tests.live import binaries
from tests.live.assembly import LiveStack
from tests.live.processes import ChildDiedError

__all__ = ["LiveStack", "main"]

COPIES = "AURORA_LIVE_COPIES"
"""The variables of each stack, a list in JSON."""


def _environment(stacks: Sequence[LiveStack]) -> dict[str, str]:
    """The variables of the first, and of all where there are several."""
    each = [stack.environment() for stack in stacks]
    return each[0] | ({COPIES: json.dumps(each)} if len(each) > 1 else {})


def _announce(stacks: Sequence[LiveStack]) -> None:
    print("ready")
    stack = stacks[0]
    for name, value in _environment(stacks).items():
        print(f"export {name}='{value}'")
    print(f"aurora-tui --kubeconfig {stack.kubeconfig} --config {stack.config} --context prod")
    print(f"pytest tests/live --live-kubeconfig {stack.kubeconfig} --live-context prod", flush=True)


def _stay_up(stacks: Sequence[LiveStack]) -> int:
    mode = os.fstat(sys.stdin.fileno()).st_mode
    # /dev/null, the standard input of a job in the background, is at its end from the start and says nothing.
    watched = [sys.stdin] if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or sys.stdin.isatty() else []
    while True:
        _check(stacks)
        ready, _, _ = select.select(watched, [], [], 0.5)
        if ready and not os.read(sys.stdin.fileno(), 4096):
            return 0


def _check(stacks: Sequence[LiveStack]) -> None:
    for stack in stacks:
        stack.check()


def _run_command(stacks: Sequence[LiveStack], command: Sequence[str]) -> int:
    stack = stacks[0]
    replaced = [
        part.replace("{kubeconfig}", str(stack.kubeconfig)).replace("{config}", str(stack.config)) for part in command
    ]
    process = subprocess.Popen(replaced, env={**os.environ, **_environment(stacks)})
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = process.wait(0.5)
                return status if status >= 0 else 128 - status
            _check(stacks)
    except KeyboardInterrupt:
        # The terminal has sent the interrupt to the command as well: let it end in its own way.
        return process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


@contextlib.contextmanager
def _running(stacks: Sequence[LiveStack]) -> Iterator[None]:
    """Start all at once and stop all; the threads stay meanwhile, for a child ends with the thread that started it."""
    with ThreadPoolExecutor(len(stacks)) as pool, contextlib.ExitStack() as started:
        starts = [pool.submit(started.enter_context, stack) for stack in stacks]
        try:
            for start in starts:
                start.result()
            yield
        finally:
            wait(starts)


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    def terminated(_number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.live.stack", description=__doc__.splitlines()[0])
    parser.add_argument("verb", choices=("build", "up", "run"))
    parser.add_argument("--pods", type=int, default=0, help="pods in bulk, beside the Aurora Stack")
    parser.add_argument("--namespaces", type=int, default=10, help="namespaces over which they are spread")
    parser.add_argument("--churn", type=float, default=0.0, help="container restarts a second on random pods")
    parser.add_argument("--copies", type=int, default=1, help="as many stacks of the kind, each by itself")
    parser.add_argument("--dir", type=Path, help="folder for everything; kept (otherwise a temporary one)")
    arguments = sys.argv[1:]
    split = arguments.index("--") if "--" in arguments else len(arguments)
    options, command = parser.parse_args(arguments[:split]), arguments[split + 1 :]
    if options.copies < 1:
        parser.error("--copies: one at least")
    if options.verb == "run" and not command:
        parser.error("run needs -- COMMAND")
    try:
        if options.verb == "build":
            print(binaries.control_plane())
            return 0
        with _terminable():
            several = options.copies > 1
            stacks = [
                LiveStack(
                    options.dir / str(number) if options.dir and several else options.dir,
                    pods=options.pods,
                    namespaces=options.namespaces,
                    churn=options.churn,
                )
                for number in range(options.copies)
            ]
            with _running(stacks):
                if options.verb == "run":
                    status = _run_command(stacks, command)
                    for stack in stacks:
                        stack.keep = stack.keep or status != 0
                    return status
                _announce(stacks)
                return _stay_up(stacks)
    except KeyboardInterrupt:
        return 0 if options.verb == "up" else 130
    except (binaries.MissingProgramError, ChildDiedError, RuntimeError) as error:
        print(f"live stack: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
