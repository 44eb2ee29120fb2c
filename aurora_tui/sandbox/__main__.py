"""``python -m aurora_tui.sandbox``: runs the sandbox and says where it is."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence

import msgspec

from aurora_tui.sandbox.addresses import Addresses
from aurora_tui.sandbox.scenarios import DEFAULT, SCENARIOS


def main(arguments: Sequence[str] | None = None) -> None:
    scenarios = "\n".join(
        f"  {each.name:20} {each.shows}" + (f"\n  {'mended by':>20} {each.mends}" if each.mends else "")
        for each in SCENARIOS.values()
    )
    parser = argparse.ArgumentParser(
        prog="python -m aurora_tui.sandbox",
        description="The embedded demo stack on loopback.",
        epilog=f"scenarios:\n{scenarios}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--scenario", choices=SCENARIOS, default=DEFAULT, help="what to begin with (%(default)s)")
    parser.add_argument(
        "--ready-fd",
        type=int,
        metavar="N",
        help="write the addresses there as a line of JSON, and end when standard input closes",
    )
    given = parser.parse_args(arguments)
    asyncio.run(_run(given.scenario, given.ready_fd))


async def _run(scenario: str, ready_fd: int | None) -> None:
    # Imported late so that --help and a wrong option answer at once.
    from aurora_tui.sandbox.stack import Sandbox

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ended.set)
    sandbox = Sandbox(scenario)
    addresses = await sandbox.start()
    try:
        if ready_fd is None:
            sys.stdout.write(_told(addresses))
            sys.stdout.flush()
        else:
            loop.add_reader(sys.stdin.fileno(), _read_to_the_end, sys.stdin.fileno(), ended)
            with os.fdopen(ready_fd, "wb") as report:
                report.write(msgspec.json.encode(addresses) + b"\n")
        await ended.wait()
    finally:
        await sandbox.stop()


def _read_to_the_end(descriptor: int, ended: asyncio.Event) -> None:
    if not os.read(descriptor, 4096):
        ended.set()


def _told(addresses: Addresses) -> str:
    lines = [f"{name:14} {value}" for name, value in msgspec.to_builtins(addresses).items()]
    command = (
        f"aurora-tui --kubeconfig {addresses.kubeconfig} --config {addresses.config} --context {addresses.context}"
    )
    return "\n".join([*lines, "", command, "Ctrl+C ends it.", ""])


if __name__ == "__main__":
    main()
