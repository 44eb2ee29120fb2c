"""One incident in one file, redacted, to be handed on and opened elsewhere; what is no such file is refused.

A zip archive with two members of fixed names: ``manifest.json`` and ``facts.jsonl``. Nothing is ever unpacked to
the disk, whatever names and sizes an archive claims.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from aurora_tui import __version__
from aurora_tui.incident import capture
from aurora_tui.incident.book import cleaned
from aurora_tui.model.facts import Fact, FactKind, merged
from aurora_tui.model.incidents import fold

FORMAT = 1
_MANIFEST, _FACTS = "manifest.json", "facts.jsonl"
_PACKED = (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED)
MOST_BYTES = 256 * 2**20
"""Of the archive, and of each of its members unpacked."""
_ROOM = MOST_BYTES - 16 * 2**20
"""Less than that, as what is redacted may take more room."""
MOST_FACTS = 200_000


class BundleError(Exception):
    """The file is no bundle, or not one that may be opened, in words."""


def fitting(facts: Sequence[Fact]) -> list[Fact]:
    """The facts that a bundle has room for: of the captures in between as many as it takes are left out, evenly."""
    weights = {id(fact): len(json.dumps(fact.to_json(), ensure_ascii=False).encode()) + 1 for fact in facts}
    kept = list(facts)
    while sum(weights[id(fact)] for fact in kept) > _ROOM:
        between = [fact for fact in kept if fact.kind is FactKind.SNAPSHOT and fact.body.get("quiet") is True]
        if not between:
            break
        left_out = {id(fact) for fact in between[::2]}
        kept = [fact for fact in kept if id(fact) not in left_out]
    return kept


def bundled(facts: Iterable[Fact]) -> bytes:
    """The archive of an incident's facts. What came from others is redacted here once more."""
    told = merged(facts)
    lines = b"".join(json.dumps(_redacted(fact).to_json(), ensure_ascii=False).encode() + b"\n" for fact in told)
    manifest = {
        "format": FORMAT,
        "program": __version__,
        "incident": told[0].incident if told else "",
        "facts": len(told),
    }
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(_MANIFEST, json.dumps(manifest, indent=2))
        file.writestr(_FACTS, lines)
    return archive.getvalue()


def read_bundle(path: Path) -> tuple[Fact, ...]:
    """The facts of a bundle; raises `BundleError`."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BundleError(f"{path} is larger than {MOST_BYTES // 2**20} MiB: it is not opened")
        with zipfile.ZipFile(path) as file:
            names = sorted(each.filename for each in file.infolist())
            if names != sorted((_MANIFEST, _FACTS)):
                raise BundleError(
                    f"{path} is no bundle of an incident: it holds other files than {_MANIFEST} and {_FACTS}"
                )
            if any(each.compress_type not in _PACKED for each in file.infolist()):
                raise BundleError(f"{path} is no bundle of an incident: it is packed in another way")
            manifest = json.loads(_member(file, _MANIFEST, path))
            if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
                raise BundleError(f"{path} was made by another version of aurora-tui: use that one")
            facts = _facts(_member(file, _FACTS, path), path)
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError,
            OverflowError, RecursionError) as error:  # fmt: skip
        raise BundleError(f"{path} is no bundle of an incident ({type(error).__name__})") from error
    if fold(facts) is None:
        raise BundleError(f"{path} holds no incident")
    return facts


def _member(file: zipfile.ZipFile, name: str, path: Path) -> bytes:
    """A member's content, read no further than it may be, whatever size it claims."""
    with file.open(name) as member:
        content = member.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise BundleError(f"{path}: {name} unpacks to more than {MOST_BYTES // 2**20} MiB: it is not opened")
    return content


def _facts(content: bytes, path: Path) -> tuple[Fact, ...]:
    lines = content.splitlines()
    if len(lines) > MOST_FACTS:
        raise BundleError(f"{path} holds more than {MOST_FACTS:,} facts: it is not opened")
    facts = [Fact.from_json(json.loads(line)) for line in lines if line.strip()]
    if len({fact.incident for fact in facts}) > 1:
        raise BundleError(f"{path} holds more than one incident")
    return merged(facts)


def _redacted(fact: Fact) -> Fact:
    body = {key: cleaned(value, fact.kind) for key, value in fact.body.items() if key != "data"}
    data = fact.body.get("data")
    if data is not None:
        try:
            if fact.kind is FactKind.LOGS:
                body["data"] = capture.packed_lines(capture.unpacked_lines(data))
            else:
                body["data"] = capture.packed_again(capture.unpacked(data))
        except ValueError:
            body["words"] = f"{body.get('words', '')} (it could not be read again)"
    return Fact(fact.incident, fact.writer, fact.number, fact.at, fact.by, fact.kind, body)
