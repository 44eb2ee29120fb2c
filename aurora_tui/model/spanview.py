"""A span in words, line by line: times, status, tags, events, what it ran in and what it refers to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aurora_tui.model.masking import HIDDEN, mask_text, secret_name
from aurora_tui.model.tracequery import clock
from aurora_tui.model.traces import NANO, Tags, duration_words
from aurora_tui.model.tracetree import Node, Tree

POD_TAGS = ("k8s.pod.name", "kubernetes.pod.name", "kubernetes.pod_name", "host.name", "hostname")
"""What names the pod of a span: OpenTelemetry's attribute first; in a container the host's name is the pod's."""
NAMESPACE_TAGS = ("k8s.namespace.name", "kubernetes.namespace_name", "kubernetes.namespace")
CONTAINER_TAGS = ("k8s.container.name", "kubernetes.container_name")


def span_lines(tree: Tree, node: Node) -> Iterator[str]:
    """All that is known of a span."""
    span = node.span
    yield f"Operation:   {span.operation}"
    yield f"Service:     {span.service or '<not told>'}"
    yield f"Kind:        {span.kind or '<not told>'}"
    yield f"Status:      {span.status.value}{f': {span.message}' if span.message else ''}{_blame(node)}"
    yield (
        f"Begin:       {clock(span.begin / NANO)}.{span.begin // 1000 % 1_000_000:06d} UTC, "
        f"{duration_words(span.begin - tree.begin)} after the trace"
    )
    yield f"Duration:    {duration_words(span.duration)}, {duration_words(node.own)} of it its own"
    waited = sum(end - begin for begin, end in node.critical)
    if waited:
        share = f" ({waited / tree.duration:.0%} of the trace)" if tree.duration else ""
        yield f"Critical:    the request waited {duration_words(waited)} for it{share}"
    if node.moved:
        yield f"Moved:       by {duration_words(node.moved)}: it began before its caller, so their clocks differ"
    if node.orphan:
        yield f"Caller:      {span.parent} is not in the trace: it was not sampled, is not stored yet or was lost"
    elif node.parent is not None:
        caller = tree.nodes[node.parent].span
        yield f"Caller:      {caller.service} {caller.operation}{' (did not wait for it)' if span.follows else ''}"
    yield f"Span:        {span.id}"
    yield f"Trace:       {tree.trace}"
    for words in span.warnings:
        yield f"Warning:     {words}"
    yield from _tags("Tags", span.tags)
    if span.events:
        yield ""
        yield "Events (after the span's beginning):"
    for event in span.events:
        yield f"    {duration_words(event.at - span.begin):>8}  {event.name or '<no name>'}"
        for name, text in event.tags:
            yield from _field(name, text, " " * 14)
    yield from _tags("Resource", span.process)
    if span.links:
        yield ""
        yield "Links:"
    for link in span.links:
        here = "this trace" if link.trace == tree.trace else f"trace {link.trace}"
        yield f"    span {link.span} of {here}"


def shown(name: str, text: str) -> str:
    """A value as it may be shown: instrumentation records request headers, statements and connection strings."""
    return HIDDEN if secret_name(name) or "cookie" in name.lower() else mask_text(text)


def pod_of(node: Node) -> str:
    """The name of the pod that a span may have run in; empty where nothing tells it."""
    return _first(node, POD_TAGS)


def namespace_of(node: Node) -> str:
    return _first(node, NAMESPACE_TAGS)


def container_of(node: Node) -> str:
    return _first(node, CONTAINER_TAGS)


def _first(node: Node, names: tuple[str, ...]) -> str:
    told: Mapping[str, str] = {**dict(node.span.tags), **dict(node.span.process)}
    return next((told[name] for name in names if told.get(name)), "")


def _blame(node: Node) -> str:
    if node.cause:
        return "  (nothing below it failed: here it began)"
    return "  (something below it failed too)" if node.span.failed else ""


def _tags(heading: str, tags: Tags) -> Iterator[str]:
    if tags:
        yield ""
        yield f"{heading}:"
    for name, text in tags:
        yield from _field(name, text, "    ")


def _field(name: str, text: str, indent: str) -> Iterator[str]:
    """A name and its value; further lines of it (a stack trace) below."""
    first, *more = shown(name, text).split("\n")
    yield f"{indent}{name} = {first}"
    for line in more:
        yield f"{indent}    {line}"
