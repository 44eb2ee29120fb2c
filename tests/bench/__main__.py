"""``make bench``: the program in a pseudo-terminal on a real cluster, measured against its budgets.

    python -m tests.bench --kubeconfig F --context C [TOPIC ...] [--runs 5] [--short] [--json F]

Without topics all are measured that need nothing more. Exit status 1: a budget was missed.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench.bench import Bench
from tests.bench.figures import Figure, Verdict, merge, table
from tests.bench.growth import TOPICS, compare
from tests.bench.machine import facts, noise
from tests.bench.rows import rows
from tests.bench.server import Server, Target
from tests.bench.soak import soak
from tests.bench.topics import Topic, topics

GROWTH_RUNS = 2


def measured(bench: Bench, topic: Topic, runs: int) -> list[Figure]:
    """A topic's figures over its runs, the machine's noise at that time in front."""
    print(f"\n{topic.title}: {min(runs, topic.runs)} runs", file=sys.stderr, flush=True)
    taken = []
    for number in range(min(runs, topic.runs)):
        taken.append([*noise(), *topic.measure(bench)])
        print(f"  run {number + 1} done", file=sys.stderr, flush=True)
    return merge(taken)


def report(figures: Sequence[Figure], bench: Bench, pods: int, file: Path | None) -> None:
    head = {"machine": facts(), "pods": pods, "rate": bench.rate}
    if file:
        file.write_text(json.dumps({**head, "figures": [figure.as_json() for figure in figures]}, indent=1))
    print(f"machine: {head['machine']}\ncluster: {pods:,} pods, all namespaces, 160x48; medians of the runs")
    print(table(figures))


def main() -> int:
    known = topics()
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help=", ".join(known))
    parser.add_argument("--kubeconfig", required=True)
    parser.add_argument("--config")
    parser.add_argument("--context", required=True)
    parser.add_argument("--kubectl", default=os.environ.get("AURORA_LIVE_KUBECTL", "kubectl"))
    parser.add_argument("--alertmanager", default=os.environ.get("AURORA_LIVE_ALERTMANAGER"), help="for an alert storm")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rate", type=float, default=200.0, help="pod changes a second")
    parser.add_argument("--short", action="store_true", help="a third of the lengths: rougher figures, sooner")
    parser.add_argument("--soak", type=float, metavar="MINUTES", help="changes and keys for so long: does it grow?")
    parser.add_argument("--growth", type=int, metavar="PODS", help="in the end the same with so many pods, as ratios")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    options = parser.parse_args()
    if unknown := set(options.topics) - known.keys():
        parser.error(f"no such topic: {', '.join(sorted(unknown))}")
    for package in ("aurora_tui", "widgets"):
        # As an installed program is: a checkout compiles itself at each start where it may not keep the result.
        compileall.compile_dir(Path(__file__).parents[2] / package, quiet=1)
    target = Target(options.kubeconfig, options.context, options.kubectl)
    bench = Bench(target, options.config, options.rate, options.alertmanager, options.short)
    pods = Server(target).count_pods()
    if options.soak:
        figures = list(soak(bench, options.soak))
    else:
        chosen = options.topics or [name for name, topic in known.items() if topic.asked]
        figures = [figure for name in chosen for figure in measured(bench, known[name], options.runs)]
    if options.growth:
        with rows(target, options.growth) as grown:
            larger = [
                figure for name in TOPICS for figure in measured(bench, known[name], min(options.runs, GROWTH_RUNS))
            ]
        figures += compare(figures, larger, (pods, grown))
    report(figures, bench, pods, options.json)
    return int(any(figure.verdict is Verdict.MISSED for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
