"""A page over the panes whose rows may still have to be read when the first keys for them are typed."""

from __future__ import annotations

from collections.abc import Set
from typing import ClassVar

from textual.binding import BindingType
from textual.screen import ModalScreen

from widgets.pane import pane_binding


class ReadFirst(ModalScreen[None]):
    """Tells the app whether a key can already mean what the operator who typed it meant."""

    BINDINGS: ClassVar[list[BindingType]] = [
        pane_binding("question_mark", "app.help", "Help", "All keys and commands", id="app.help"),
    ]
    OF_ROWS: ClassVar[Set[str]] = frozenset()
    """The page's own actions that mean the row under the cursor; all keys of the widget with the focus do."""
    is_read = True
    """Whether all that it will show first is there; a page that waits for it says False until then."""

    @property
    def has_rows(self) -> bool:
        """Whether there is a row for the keys to mean."""
        return True

    def means_rows(self, key: str) -> bool:
        """Whether a key is about the rows, rather than about the page, as the one that leaves it."""
        active = self.active_bindings.get(key)
        return active is not None and (active.node is self.focused or active.binding.action in self.OF_ROWS)
