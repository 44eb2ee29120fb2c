"""PromQL's tokens: a text cut into names, numbers, strings, durations and operators, and read one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum

from aurora_tui.model.frozen import Frozen


class PromqlError(Exception):
    """A query that has no answer; `kind` is Prometheus' ``errorType``.

    ``bad_data``: not PromQL. ``execution``: PromQL, but these series have no such result.
    ``not_implemented``: PromQL that the sandbox does not speak.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class TokenKind(StrEnum):
    NAME = "identifier"
    NUMBER = "number"
    DURATION = "duration"
    STRING = "string"
    OPERATOR = "operator"
    END = "end of input"


class Token(Frozen):
    kind: TokenKind
    text: str
    """As written; a string's content with its escapes resolved."""
    position: int

    @property
    def word(self) -> str:
        """The text of a keyword or operator in lower case, ``""`` for literals."""
        return self.text.lower() if self.kind in (TokenKind.NAME, TokenKind.OPERATOR) else ""


_DURATION = r"(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?"
_TOKEN = re.compile(
    rf"""
      (?P<blank>[\s]+|\#[^\n]*)
    | (?P<duration>(?=\d+(?:ms|[ywdhms])){_DURATION}(?![\w.]))
    | (?P<number>0[xX][0-9a-fA-F]+(?!\w)|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<name>[a-zA-Z_][\w:]*)
    | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)
    | (?P<operator>=~|!~|!=|==|>=|<=|[-+*/%^<>=(){{}}\[\],:@])
    """,
    re.VERBOSE | re.ASCII,
)
_LABEL_NAME = re.compile(r"[a-zA-Z_]\w*", re.ASCII)
_UNIT_MS = {
    "ms": 1,
    "s": 1000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
    "y": 31_536_000_000,
}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))", re.DOTALL)
_PLAIN_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_SELF_ESCAPES = "\\'\""


def parse_error(text: str, position: int, message: str) -> PromqlError:
    """The error as Prometheus words it: ``line:column: parse error: message``, both from 1."""
    before = text[:position]
    line, column = before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1
    return PromqlError("bad_data", f"{line}:{column}: parse error: {message}")


def duration_ms(text: str) -> int:
    """Milliseconds of ``1h30m``; Prometheus' units, a day is 24 h, a year 365 d."""
    return sum(int(n) * _UNIT_MS[unit] for n, unit in re.findall(r"(\d+)(ms|[ywdhms])", text))


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a query, `TokenKind.END` last.  Raises PromqlError ``bad_data``."""
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise parse_error(text, position, _fault(text, position))
        kind = found.lastgroup or ""
        if kind == "string":
            yield Token(TokenKind.STRING, _unquoted(text, found[0], position), position)
        elif kind != "blank":
            yield Token(TokenKind[kind.upper()], found[0], position)
        position = found.end()
    yield Token(TokenKind.END, "", len(text))


class Cursor:
    """A place in the tokens of a text, and the errors that name it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(tokens(text))
        self._next = 0

    @property
    def peek(self) -> Token:
        return self._tokens[self._next]

    def take(self) -> Token:
        token = self.peek
        if token.kind is not TokenKind.END:
            self._next += 1
        return token

    def accept(self, word: str) -> bool:
        """Step over the keyword or operator if it is next."""
        found = self.peek.word == word
        self._next += found
        return found

    def expect(self, word: str, place: str) -> None:
        if not self.accept(word):
            raise self.unexpected(place, f'"{word}"')

    def error(self, message: str, token: Token | None = None) -> PromqlError:
        return parse_error(self._text, (token or self.peek).position, message)

    def unexpected(self, place: str, wanted: str = "") -> PromqlError:
        token = self.peek
        got = "end of input" if token.kind is TokenKind.END else f"{token.kind} {token.text!r}"
        return self.error(f"unexpected {got} in {place}" + (f", expected {wanted}" if wanted else ""))

    def duration(self, place: str) -> int:
        """A duration above zero, in milliseconds."""
        if self.peek.kind is not TokenKind.DURATION:
            raise self.unexpected(place, "duration")
        if not (milliseconds := duration_ms(self.peek.text)):
            raise self.error("duration must be greater than 0")
        self.take()
        return milliseconds

    def label(self, place: str, wanted: str = "label") -> Token:
        if self.peek.kind is not TokenKind.NAME or not _LABEL_NAME.fullmatch(self.peek.text):
            raise self.unexpected(place, wanted)
        return self.take()

    def labels(self) -> tuple[str, ...]:
        """Label names in parentheses."""
        self.expect("(", "grouping opts")
        names: list[str] = []
        while not self.accept(")"):
            names.append(self.label("grouping opts").text)
            if not self.accept(","):
                self.expect(")", "grouping opts")
                break
        return tuple(names)


def _fault(text: str, position: int) -> str:
    if text[position] in "\"'`":
        return "unterminated quoted string" if text[position] != "`" else "unterminated raw string"
    if text[position].isdigit():
        return f"bad number or duration syntax: {text[position:].split(maxsplit=1)[0]!r}"
    return f"unexpected character: {text[position]!r}"


def _unquoted(text: str, quoted: str, position: int) -> str:
    if quoted.startswith("`"):
        return quoted[1:-1]

    def resolved(escape: re.Match[str]) -> str:
        *codes, octal, plain = escape.groups()
        for code in codes:
            if code:
                return chr(int(code, 16))
        if octal:
            return chr(int(octal, 8))
        if plain in _PLAIN_ESCAPES:
            return _PLAIN_ESCAPES[plain]
        if plain not in _SELF_ESCAPES:
            raise parse_error(text, position, f"unknown escape sequence {escape[0]!r}")
        return str(plain)

    return _ESCAPE.sub(resolved, quoted[1:-1])
