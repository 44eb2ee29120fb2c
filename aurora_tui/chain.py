"""The chain of hashes over the journal's facts: each fact holds the hash of the one before it and its own.

What it proves: whoever alters, removes, exchanges or slips in a fact breaks the chain at that place, and
`check` says where, unless they also compute every later hash anew.

What it cannot prove: there is no key in it, so whoever may write the file can rechain the whole of it, and
then nothing in the file tells. Nor does the file tell that its newest facts are gone, if the counter of
numbers was set back with them. Against both helps a head (the hash of the newest fact, as `journal verify`
prints it) that was noted elsewhere, in a ticket or a chat: `check` says whether the chain still contains it,
and with it everything that stood before it.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator, Sequence
from enum import StrEnum

from aurora_tui.model.frozen import Frozen

GENESIS = "0" * 64
"""What stands in the first fact in place of the hash of the one before."""

_SEARCHED = 100
"""How many places are tried to say whence a fact was moved; beyond them it is called altered."""


class Link(Frozen):
    """One fact with all its columns as the file has them; `entry` is None for an intent, which begins one."""

    number: int
    entry: int | None
    kind: str
    at: float
    body: str
    previous: str
    hash: str


class Break(StrEnum):
    ALTERED = "altered"
    MISSING = "missing"
    REORDERED = "reordered"


class Fault(Frozen):
    """One place where the chain is broken.

    `fact` is the first number concerned, `entry` the action it belongs to (None if that is not known), `at`
    its time: of a missing fact the time of the one after it, None if none follows.
    """

    fact: int
    entry: int | None
    at: float | None
    kind: Break
    text: str


class Check(Frozen):
    """What became of a chain's check; `head` is the newest fact's hash, `GENESIS` of an empty journal."""

    facts: int
    head: str
    faults: tuple[Fault, ...]
    lost_head: str = ""
    """The noted head, where it is no longer in the chain."""

    @property
    def intact(self) -> bool:
        return not self.faults and not self.lost_head


def digest(number: int, entry: int | None, kind: str, at: float, body: str, previous: str) -> str:
    """SHA-256 over all columns as one JSON list without blanks, everything beyond ASCII escaped."""
    columns = [number, entry, kind, at, body, previous]
    # `repr` for what only a strange hand can have put there: bytes.
    text = json.dumps(columns, ensure_ascii=True, separators=(",", ":"), default=repr)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def check(links: Sequence[Link], numbered: int, head: str | None = None) -> Check:
    """Go through all facts, in the order of their numbers.

    `numbered` is the highest number that the file ever gave; `head` a hash noted earlier, to be found again.
    """
    faults = sorted(_faults(links, numbered), key=lambda fault: fault.fact)
    newest = links[-1].hash if links else GENESIS
    found = head is None or head in {GENESIS, *(link.hash for link in links)}
    return Check(len(links), newest, tuple(faults), "" if found or head is None else head)


def _faults(links: Sequence[Link], numbered: int) -> Iterator[Fault]:
    strange = [link.number for link in links if not _fits(link, link.number)]
    gaps = list(_gaps(links, numbered))
    # Where a fact that was moved may have stood: in another's place, or in one that is empty now.
    empty = itertools.chain.from_iterable(range(first, last + 1) for first, last, _ in gaps)
    places = [*strange[:_SEARCHED], *itertools.islice(empty, _SEARCHED)]
    known = set(strange)
    for link in links:
        if link.number in known:
            yield _moved_or_altered(link, places)
    for before, link in itertools.pairwise(links):
        told = {before.number, link.number} & known or link.number > before.number + 1
        if link.previous != before.hash and not told:
            words = f"altered and hashed anew: fact {link.number} was written after another"
            yield _fault(before, Break.ALTERED, words)
    if links and links[0].number == 1 and links[0].previous != GENESIS and 1 not in known:
        yield _fault(links[0], Break.MISSING, "it was not the first: what stood before it was removed")
    for first, last, at in gaps:
        words = f"facts {first} to {last} are missing" if last > first else f"fact {first} is missing"
        yield Fault(first, None, at, Break.MISSING, words)


def _gaps(links: Sequence[Link], numbered: int) -> Iterator[tuple[int, int, float | None]]:
    """The first and last number of each run that is not there, and the time of what follows it."""
    last = 0
    for link in links:
        if link.number > last + 1:
            yield last + 1, link.number - 1, link.at
        last = link.number
    if numbered > last:
        yield last + 1, numbered, None


def _fits(link: Link, number: int) -> bool:
    return digest(number, link.entry, link.kind, link.at, link.body, link.previous) == link.hash


def _moved_or_altered(link: Link, places: Sequence[int]) -> Fault:
    came_from = next((place for place in places if _fits(link, place)), None)
    if came_from is None:
        return _fault(link, Break.ALTERED, "its hash does not fit what it holds")
    return _fault(link, Break.REORDERED, f"it was written as fact {came_from}")


def _fault(link: Link, kind: Break, text: str) -> Fault:
    return Fault(link.number, link.number if link.entry is None else link.entry, link.at, kind, text)
