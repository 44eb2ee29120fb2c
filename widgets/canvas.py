"""What the terminal shows, cell by cell, and the fewest bytes that make it show something else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from rich.color import ColorSystem
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

from aurora_tui.model.text import cell_width

_Cell = tuple[str, str]
"""A character with what joins it, and its style: SGR parameters, behind a blank the address that it links to.

The cells behind the first of a wide character hold no character.
"""
_UNKNOWN: _Cell = ("", "?")
_OFF = {1: 22, 2: 22, 3: 23, 4: 24, 5: 25, 7: 27, 8: 28, 9: 29}
"""What ends an attribute; one that is not named here is ended by a reset (0)."""
_FAR = 24
"""More equal cells than this between two that differ are never sent again."""


class _Cells(dict[str, _Cell]):
    """The cells of one style by their characters: equal ones are one object, made once and compared at a glance."""

    def __init__(self, codes: str) -> None:
        super().__init__()
        self._codes = codes

    def __missing__(self, text: str) -> _Cell:
        cell = self[text] = (text, self._codes)
        return cell


class Canvas:
    """A picture of the terminal, as it is and as it is wanted.

    Updates that come faster than the terminal takes them are laid over each other: what is drawn leads
    from what was really sent to the newest one.
    """

    def __init__(self, spell: Callable[[str], str] = str) -> None:
        self._spell = spell
        """Turns text into what the terminal can show, cell by cell."""
        self.system = ColorSystem.TRUECOLOR
        self._size = (0, 0)
        self._wanted: list[list[_Cell]] = []
        self._shown: list[list[_Cell]] = []
        self._spans: dict[int, tuple[int, int]] = {}
        """Where the two may differ: from which cell to which, by line."""
        self._awaited: tuple[int, int] | None = None
        """The size that the terminal has by now, while the picture is still of another one."""

    @property
    def is_behind(self) -> bool:
        """Whether there may be something to draw."""
        return bool(self._spans) and self._awaited is None

    def forget(self, size: tuple[int, int] | None = None) -> None:
        """Nothing is known any more of what the terminal shows.

        Where it has another `size` now, a picture of the old one is not worth drawing any more.
        """
        self._awaited = None if size == self._size else size
        width, height = self._size
        self._shown = [[_UNKNOWN] * width for _ in range(height)]
        self._spans = dict.fromkeys(range(height), (0, width))

    def take(self, update: CompositorUpdate, size: tuple[int, int]) -> None:
        """Lay an update over what is wanted."""
        if size != self._size:
            self._size = width, height = size
            self._wanted = [[_UNKNOWN] * width for _ in range(height)]
            self.forget()
        for x, y, strip in _parts(update):
            if not 0 <= y < self._size[1]:
                continue
            cells = self._cells(strip)[: self._size[0] - x]
            line, start, stop = self._wanted[y], x, x + len(cells)
            if not cells:
                continue
            while start and _is_rest(line[start]):  # half of a wide character is none
                start -= 1
                line[start] = (" ", line[start][1])
            while stop < len(line) and _is_rest(line[stop]):
                line[stop] = (" ", line[stop][1])
                stop += 1
            line[x : x + len(cells)] = cells
            left, right = self._spans.get(y, (start, stop))
            self._spans[y] = min(left, start), max(right, stop)

    def draw(self) -> str:
        """Lead the terminal to what is wanted; empty where it shows that already."""
        pen = _Pen()
        for y in sorted(self._spans):
            wanted, shown = self._wanted[y], self._shown[y]
            left, right = self._spans[y]
            if wanted[left:right] == shown[left:right]:
                continue
            x = left
            while x < right:
                if wanted[x] == shown[x] or wanted[x] is _UNKNOWN:
                    x += 1
                    continue
                while x and not wanted[x][0]:
                    x -= 1
                pen.go(x, y, wanted)
                while True:
                    pen.put(wanted[x])
                    shown[x] = wanted[x]
                    x += 1
                    if x >= len(wanted) or (wanted[x] == shown[x] and wanted[x][0]):
                        break
        self._spans.clear()
        return pen.done()

    def _cells(self, strip: Strip) -> list[_Cell]:
        cells: list[_Cell] = []
        for text, style, control in strip:
            if control:
                continue
            styled = _cells_of(_codes(style, self.system) if style is not None else "")
            spelt = self._spell(text)
            if spelt.isascii():
                cells += [styled[character] for character in spelt]
                continue
            for character in spelt:
                width = cell_width(character)
                if width:
                    cells += [styled[character], *[styled[""]] * (width - 1)]
                elif cells:  # it joins with what stands before it
                    before = next(place for place in range(len(cells) - 1, -1, -1) if cells[place][0])
                    cells[before] = (cells[before][0] + character, cells[before][1])
        return cells


def _is_rest(cell: _Cell) -> bool:
    """Whether a cell is covered by the wide character before it."""
    return not cell[0] and cell is not _UNKNOWN


class _Pen:
    """Writes cells, knowing where the terminal's cursor stands and which style it writes in."""

    def __init__(self) -> None:
        self._written: list[str] = []
        self._codes = ""
        self._at: tuple[int, int] | None = None
        """Where the cursor is; None where terminals may disagree."""

    def go(self, x: int, y: int, line: list[_Cell]) -> None:
        """Put the cursor on a cell; over a short gap by writing again what stands there."""
        at = self._at
        if at == (x, y):
            return
        move = _move(at, x, y)
        if at is not None and at[1] == y and 0 < x - at[0] <= _FAR:
            gap = line[at[0] : x]
            if all(text.isascii() and text for text, _ in gap):
                again = self._said(gap, line[x][1])
                if again <= len(move) + len(_change(self._codes, line[x][1])):
                    for cell in gap:
                        self.put(cell)
                    return
        self._written.append(move)
        self._at = (x, y)

    def _said(self, gap: Iterable[_Cell], then: str) -> int:
        """Bytes of writing a gap and going on in another style."""
        cost, codes = 0, self._codes
        for _, own in gap:
            cost += 1 + len(_change(codes, own))
            codes = own
        return cost + len(_change(codes, then))

    def put(self, cell: _Cell) -> None:
        text, codes = cell
        if not text:
            return
        if codes != self._codes:
            self._written.append(_change(self._codes, codes))
            self._codes = codes
        self._written.append(text)
        # Terminals disagree on the width of some characters, and on where the cursor is after a line's last cell.
        self._at = (self._at[0] + 1, self._at[1]) if self._at is not None and text.isascii() else None

    def done(self) -> str:
        """All that was written; the terminal is left in its own style."""
        if self._codes:
            self._written.append(_change(self._codes, ""))
        return "".join(self._written)


def _move(at: tuple[int, int] | None, x: int, y: int) -> str:
    """The shortest way to a cell that all terminals know."""
    ways = [f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H" if y else "\x1b[H"]
    if at is not None and at[1] == y:
        step = x - at[0]
        ways.append(f"\x1b[{abs(step) if abs(step) > 1 else ''}{'C' if step > 0 else 'D'}")
        if not x:
            ways.append("\r")
    elif at is not None and at[0] == x:
        step = y - at[1]
        ways.append(f"\x1b[{abs(step) if abs(step) > 1 else ''}{'B' if step > 0 else 'A'}")
    return min(ways, key=len)


@lru_cache(maxsize=1024)
def _cells_of(codes: str) -> _Cells:
    return _Cells(codes)


@lru_cache(maxsize=4096)
def _codes(style: Style, system: ColorSystem) -> str:
    codes = Strip.render_ansi(style, system)
    return f"{codes} {style.link}" if style.link else codes


@lru_cache(maxsize=4096)
def _change(before: str, after: str) -> str:
    """From one style to another: only what differs, unless all anew is shorter."""
    if before == after:
        return ""
    (before, _, link_before), (after, _, link) = before.partition(" "), after.partition(" ")
    links = f"\x1b]8;;{link}\x1b\\" if link != link_before else ""
    if before == after:
        return links
    anew = f"\x1b[0;{after}m" if after and before else f"\x1b[{after}m"
    attributes, colour, ground = _read(before)
    wanted, wanted_colour, wanted_ground = _read(after)
    gone = attributes - wanted
    if not gone <= _OFF.keys():
        return links + anew
    off = sorted({_OFF[each] for each in gone})
    on = sorted(wanted if 22 in off else wanted - attributes)  # what ends bold ends dim, too
    parts = [*map(str, off), *map(str, on)]
    if wanted_colour != colour:
        parts.append(wanted_colour or "39")
    if wanted_ground != ground:
        parts.append(wanted_ground or "49")
    less = f"\x1b[{';'.join(parts)}m"
    return links + min(less, anew, key=len)


def _read(codes: str) -> tuple[frozenset[int], str, str]:
    """The attributes of SGR parameters, their colour and their background."""
    attributes, colour, ground = set(), "", ""
    numbers = iter(codes.split(";") if codes else ())
    for number in numbers:
        value = int(number)
        if value in (38, 48):
            kind = next(numbers)
            said = ";".join([number, kind, *(next(numbers) for _ in range(1 if kind == "5" else 3))])
            colour, ground = (said, ground) if value == 38 else (colour, said)
        elif 30 <= value <= 39 or 90 <= value <= 97:
            colour = number if value != 39 else ""
        elif 40 <= value <= 49 or 100 <= value <= 107:
            ground = number if value != 49 else ""
        else:
            attributes.add(value)
    return frozenset(attributes), colour, ground


def _parts(update: CompositorUpdate) -> Iterator[tuple[int, int, Strip]]:
    """Where on the screen what is to be written, without what is not.

    Textual's own rendering of a part begins at the left edge of each widget that the part belongs to.
    """
    if isinstance(update, LayoutUpdate):
        for row, line in enumerate(update.strips, update.region.y):
            place = update.region.x
            for piece in line:
                yield place, row, piece
                place += piece.cell_length
        return
    assert isinstance(update, ChopsUpdate), type(update)
    for y, left, right in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and x < right and end > left:
                start, stop = max(left, x), min(right, end)
                yield start, y, strip if (start, stop) == (x, end) else strip.crop(start - x, stop - x)
