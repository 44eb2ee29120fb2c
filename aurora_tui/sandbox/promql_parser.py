"""PromQL's grammar: a Pratt parser from tokens to a type-checked syntax tree."""

from __future__ import annotations

import re

from aurora_tui.model.frozen import replace
from aurora_tui.sandbox.promql_ast import (
    AGGREGATIONS,
    COMPARISONS,
    PARAMETER_TYPES,
    SET_OPERATORS,
    SIGNATURES,
    UNSPOKEN,
    Aggregate,
    Binary,
    Call,
    Matching,
    Negative,
    Node,
    Number,
    Selector,
    Subquery,
    Text,
    ValueType,
    type_of,
)
from aurora_tui.sandbox.promql_lexer import Cursor, PromqlError, Token, TokenKind
from aurora_tui.sandbox.series import Matcher, MatchKind

_PRECEDENCE = {
    "or": 1,
    **dict.fromkeys(("and", "unless"), 2),
    **dict.fromkeys(COMPARISONS, 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/", "%", "atan2"), 5),
    "^": 6,
}
_UNARY = 6  # a sign binds as multiplication does: -a^b is -(a^b)
_MAX_DEPTH = 60
_MATCH_OPERATORS = frozenset(kind.value for kind in MatchKind)


def parse(text: str) -> Node:
    """The tree of a query.  Raises PromqlError: ``bad_data`` with the position, or ``not_implemented``."""
    parser = _Parser(text)
    node = parser.expression()
    if parser.peek.kind is not TokenKind.END:
        raise parser.unexpected("expression")
    return node


class _Parser(Cursor):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def expression(self, strength: int = 0) -> Node:
        """An expression of operators that bind more strongly than `strength`."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self.error(f"expression nested more than {_MAX_DEPTH} deep")
        left = self._operand()
        while (own := _PRECEDENCE.get(self.peek.word, 0)) > strength:
            operator = self.take()
            if operator.word == "atan2":
                raise PromqlError("not_implemented", "operator atan2 is not implemented by this server")
            as_bool = self.accept("bool")
            if as_bool and operator.word not in COMPARISONS:
                raise self.error("bool modifier can only be used on comparison operators", operator)
            matching = self._matching()
            right = self.expression(own - 1 if operator.word == "^" else own)
            left = self._checked(Binary(operator.word, left, right, matching or Matching(), as_bool), operator)
            if matching and {type_of(left.left), type_of(left.right)} != {ValueType.VECTOR}:
                raise self.error("vector matching only allowed between instant vectors", operator)
        self._depth -= 1
        return left

    def _checked(self, node: Binary, operator: Token) -> Binary:
        sides = [type_of(node.left), type_of(node.right)]
        for side in sides:
            if side not in (ValueType.SCALAR, ValueType.VECTOR):
                raise self.error("binary expression must contain only scalar and instant vector types", operator)
        if node.op in SET_OPERATORS:
            if ValueType.SCALAR in sides:
                raise self.error(f'set operator "{node.op}" not allowed in binary scalar expression', operator)
            if node.matching.many:
                raise self.error(f'no grouping allowed for "{node.op}" operation', operator)
        if node.op in COMPARISONS and not node.as_bool and ValueType.VECTOR not in sides:
            raise self.error("comparisons between scalars must use BOOL modifier", operator)
        return node

    def _matching(self) -> Matching | None:
        word = self.peek.word
        if word not in ("on", "ignoring"):
            return None
        self.take()
        matching = Matching(on=word == "on", labels=self.labels())
        side = self.peek.word
        if side in ("group_left", "group_right"):
            self.take()
            include = self.labels() if self.peek.word == "(" else ()
            shared = sorted(set(include) & set(matching.labels)) if matching.on else []
            if shared:
                raise self.error(f'label "{shared[0]}" must not occur in ON and GROUP clause at once')
            matching = replace(matching, many=side.removeprefix("group_"), include=include)
        return matching

    def _operand(self) -> Node:
        if self.peek.word in ("+", "-"):
            sign = self.take()
            inner = self.expression(_UNARY - 1)
            if type_of(inner) not in (ValueType.SCALAR, ValueType.VECTOR):
                message = "unary expression only allowed on expressions of type scalar or instant vector"
                raise self.error(f'{message}, got "{type_of(inner)}"', sign)
            return Negative(inner) if sign.text == "-" else inner
        return self._suffixed(self._primary())

    def _suffixed(self, node: Node) -> Node:
        """Ranges and modifiers after an operand."""
        while self.peek.word in ("[", "offset", "@"):
            token = self.take()
            if token.text == "@":
                raise PromqlError("not_implemented", "the @ modifier is not implemented by this server")
            node = self._ranged(node, token) if token.text == "[" else self._offset(node, token)
        return node

    def _ranged(self, node: Node, bracket: Token) -> Node:
        range_ms = self.duration("range specification")
        if self.accept(":"):
            step = None if self.peek.text == "]" else self.duration("subquery")
            self.expect("]", "subquery selector")
            if type_of(node) is not ValueType.VECTOR:
                found = type_of(node)
                raise self.error(f"subquery is only allowed on instant vector, got {found} instead", bracket)
            return Subquery(node, range_ms, step)
        self.expect("]", "matrix selector")
        if not isinstance(node, Selector) or node.range_ms is not None:
            raise self.error("ranges only allowed for vector selectors", bracket)
        if node.offset_ms:
            raise self.error("no offset modifiers allowed before range", bracket)
        return replace(node, range_ms=range_ms)

    def _offset(self, node: Node, word: Token) -> Node:
        sign = -1 if self.accept("-") else 1
        offset = sign * self.duration("offset")
        if not isinstance(node, Selector | Subquery):
            wanted = "an instant vector selector or range vector selector or a subquery"
            raise self.error(f"offset modifier must be preceded by {wanted}", word)
        if node.offset_ms:
            raise self.error("offset may not be set multiple times", word)
        return replace(node, offset_ms=offset)

    def _primary(self) -> Node:
        token = self.peek
        if token.word not in ("(", "{") and token.kind in (
            TokenKind.OPERATOR,
            TokenKind.DURATION,
            TokenKind.END,
        ):
            raise self.unexpected("expression")
        self.take()
        if token.word == "(":
            node = self.expression()
            self.expect(")", "parenthesized expression")
            return node
        if token.word == "{":
            return self._selector(token, ())
        if token.kind is TokenKind.NUMBER:
            return Number(float(int(token.text, 16)) if token.text[:2] in ("0x", "0X") else float(token.text))
        if token.kind is TokenKind.STRING:
            return Text(token.text)
        return self._named(token)

    def _named(self, token: Token) -> Node:
        following = self.peek.word
        if token.word in AGGREGATIONS and following in ("(", "by", "without"):
            return self._aggregate(token)
        if following == "(":
            return self._call(token)
        if token.word in ("inf", "nan"):
            return Number(float(token.word))
        if following == "{":
            self.take()
            return self._selector(token, (Matcher("__name__", MatchKind.EQUAL, token.text),))
        return Selector((Matcher("__name__", MatchKind.EQUAL, token.text),))

    def _selector(self, first: Token, named: tuple[Matcher, ...]) -> Selector:
        matchers = list(named)
        while not self.accept("}"):
            name = self.label("label matching", 'identifier or "}"')
            if self.peek.word not in _MATCH_OPERATORS:
                raise self.unexpected("label matching", "label matching operator")
            operator = self.take()
            if self.peek.kind is not TokenKind.STRING:
                raise self.unexpected("label matching", "string")
            try:
                matchers.append(Matcher(name.text, MatchKind(operator.text), self.take().text))
            except re.error as error:
                raise self.error(f"error parsing regexp: {error}", name) from error
            if not self.accept(","):
                self.expect("}", "label matching")
                break
        if all(matcher.accepts("") for matcher in matchers):
            raise self.error("vector selector must contain at least one non-empty matcher", first)
        return Selector(tuple(matchers))

    def _aggregate(self, token: Token) -> Aggregate:
        grouping = self._grouping()
        arguments = self._arguments()
        if grouping is None:
            grouping = self._grouping() or (False, ())
        wanted = PARAMETER_TYPES.get(token.word)
        if len(arguments) != (2 if wanted else 1):
            raise self.error(f"wrong number of arguments for aggregate expression {token.word!r}", token)
        self._expect_type(arguments[-1], ValueType.VECTOR, "aggregation expression", token)
        if wanted:
            self._expect_type(arguments[0], wanted, "aggregation parameter", token)
        return Aggregate(token.word, arguments[-1], arguments[0] if wanted else None, grouping[1], grouping[0])

    def _grouping(self) -> tuple[bool, tuple[str, ...]] | None:
        word = self.peek.word
        if word not in ("by", "without"):
            return None
        self.take()
        return word == "without", self.labels()

    def _arguments(self) -> tuple[Node, ...]:
        self.expect("(", "call")
        arguments: list[Node] = []
        while not self.accept(")"):
            arguments.append(self.expression())
            if not self.accept(","):
                self.expect(")", "call")
                break
        return tuple(arguments)

    def _call(self, token: Token) -> Call:
        if token.text in UNSPOKEN:
            raise PromqlError("not_implemented", f"function {token.text} is not implemented by this server")
        signature = SIGNATURES.get(token.text)
        if signature is None:
            raise self.error(f'unknown function with name "{token.text}"', token)
        arguments = self._arguments()
        most = len(signature.arguments)
        if not most - signature.optional <= len(arguments) <= most:
            counts = f"{most - signature.optional} to {most}" if signature.optional else f"{most}"
            message = f'expected {counts} argument(s) in call to "{token.text}", got {len(arguments)}'
            raise self.error(message, token)
        for argument, wanted in zip(arguments, signature.arguments, strict=False):
            self._expect_type(argument, wanted, f'call to function "{token.text}"', token)
        return Call(token.text, arguments)

    def _expect_type(self, node: Node, wanted: ValueType, place: str, token: Token) -> None:
        if type_of(node) is not wanted:
            raise self.error(f"expected type {wanted} in {place}, got {type_of(node)}", token)
