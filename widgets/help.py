"""The help: every key of the screen as it is bound now, with what it does and its id for the keymap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from textual.app import App
from textual.binding import Binding
from textual.screen import Screen

_GROUPS = {
    "app": "Everywhere",
    "grid": "Moving and sorting in tables",
    "table": "Tables",
    "objects": "Pods, workloads, nodes",
    "slos": "SLOs",
    "alerts": "Alerts",
    "logs": "Logs pane",
    "tail": "Moving in logs and texts",
}


def help_lines(app: App[Any], screen: Screen[Any]) -> Iterator[str]:
    """The help as text, grouped; asks the widgets for their bindings, so that it cannot be out of date."""
    groups: dict[str, list[tuple[str, Binding]]] = {}
    seen: set[str] = set()
    for node in (app, screen, *screen.query("*")):
        for key, binding in node._bindings:
            if binding.id is None or binding.id in seen:
                continue
            seen.add(binding.id)
            groups.setdefault(binding.id.partition(".")[0], []).append((_keys(app, key, node, binding), binding))
    for group, heading in _GROUPS.items():
        if group not in groups:
            continue
        yield heading
        for keys, binding in groups[group]:
            yield f"    {keys:<18} {binding.tooltip or binding.description:<58} {binding.id}"
        yield ""
    yield "Commands"
    for command, words in COMMANDS:
        yield f"    {command:<18} {words}"
    yield ""
    yield "Any key can be changed in the settings:  keys: {objects.undo: ctrl+u}"


COMMANDS = (
    (":pods", "pods; also :deploy :sts :ds :rs :jobs :cj :hpa :nodes :events"),
    (":ns NAME", "another namespace; :ns all for all of them"),
    (":slo :alerts :logs", "go to a pane"),
    (":ctx NAME", "another context of the kubeconfig"),
    (":help", "this page"),
    (":q", "quit"),
)


def _keys(app: App[Any], key: str, node: object, binding: Binding) -> str:
    """All keys of a binding, as one reads them on the keyboard."""
    bound = [each for each, other in getattr(node, "_bindings") if other.id == binding.id]  # noqa: B009
    return " ".join(app.get_key_display(binding.with_key(each)) for each in bound)
