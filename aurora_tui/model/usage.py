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


def columns(lookup: Lookup, is_old: Callable[[str], bool]) -> list[Column[Pod]]:
    """CPU and MEMORY as ``kubectl top pods`` prints them; ``-`` for a pod without a sample.

    `is_old`: whether the samples of a context are not of now, and dim.
    """
    return [_column(CPU, "cpu", format_cpu, lookup, is_old), _column(MEMORY, "memory", format_memory, lookup, is_old)]


def _column(
    heading: str, resource: str, words: Callable[[int], str], lookup: Lookup, is_old: Callable[[str], bool]
) -> Column[Pod]:
    def total(pod: Pod) -> int | None:
        sample = lookup(placed_key(context_of(pod), key(pod.metadata)))
        return None if sample is None else pod_usage(sample, resource)

    def cell(pod: Pod, now: float) -> Cell:
        used = total(pod)
        if used is None:
            return Cell("-", Tone.DIM)
        return Cell(words(used), Tone.DIM if is_old(context_of(pod)) else Tone.PLAIN)

    return Column(heading, cell, total, right=True, rank=4, aside=True)
