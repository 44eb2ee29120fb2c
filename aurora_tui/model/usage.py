"""What pods use, from metrics.k8s.io, as columns beside kubectl's own."""

from __future__ import annotations

from collections.abc import Callable

from aurora_tui.model.columns import Cell, Column, Tone
from aurora_tui.model.placing import context_of, placed_key
from aurora_tui.model.quantities import format_cpu, format_memory, pod_usage
from aurora_tui.model.wire import key
from aurora_tui.model.wire_pods import Pod, PodMetrics

CPU = "CPU"
MEMORY = "MEMORY"

Lookup = Callable[[str], PodMetrics | None]


def columns(lookup: Lookup) -> list[Column[Pod]]:
    """CPU and MEMORY as ``kubectl top pods`` prints them; ``-`` for a pod without a sample."""
    return [_column(CPU, "cpu", format_cpu, lookup), _column(MEMORY, "memory", format_memory, lookup)]


def _column(heading: str, resource: str, words: Callable[[int], str], lookup: Lookup) -> Column[Pod]:
    def total(pod: Pod) -> int | None:
        sample = lookup(placed_key(context_of(pod), key(pod.metadata)))
        return None if sample is None else pod_usage(sample, resource)

    def cell(pod: Pod, now: float) -> Cell:
        used = total(pod)
        return Cell("-", Tone.DIM) if used is None else Cell(words(used))

    return Column(heading, cell, total, right=True, rank=4, aside=True)
