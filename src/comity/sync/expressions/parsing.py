"""From the text of an expression to its tree, or to an error that says where and, if it can, what was meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import Final

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken, v_args

from comity.sync.expressions.errors import (
    AttributeNotClosed,
    BareAttribute,
    ExpressionError,
    ExpressionTooLong,
    MisspelledWord,
    NestedTooDeep,
    NoLogicalOperators,
    NotClosed,
    NumberTooLong,
    ParseError,
    SingleQuotes,
    TextNotClosed,
)
from comity.sync.expressions.tree import (
    Argument,
    AttributeOf,
    Bareword,
    Call,
    Comparison,
    Constant,
    Omitted,
    Operator,
    Place,
    Term,
    Word,
    walk,
)

CHARACTERS_MAX: Final = 10_000
NESTING_MAX: Final = 250
"""Chains of IIF count once. Evaluation takes at most two of Python's frames per level, far from its limit of 1,000."""
DIGITS_MAX: Final = 40

_ESCAPE: Final = re.compile(r'\\([\\"])')
_LAST_WORD: Final = re.compile(r"([A-Za-z]+)\s*\Z")
_LOGICAL: Final = frozenset({"AND", "OR", "NOT"})
_END: Final = "$END"


def parse(text: str) -> Term:
    """Read an expression.

    Raises:
        ExpressionTooLong: more than `CHARACTERS_MAX` characters.
        ParseError: it does not follow the grammar; carries line, column and often a suggestion.
    """
    if len(text) > CHARACTERS_MAX:
        raise ExpressionTooLong(line=1, column=1, length=len(text), limit=CHARACTERS_MAX)
    try:
        tree: Term = _grammar().parse(text)  # type: ignore[assignment] # the transformer's own type
    except UnexpectedInput as wrong:
        raise _explained(text, wrong) from None
    for node, depth in walk(tree):
        if depth > NESTING_MAX:
            raise NestedTooDeep(line=node.place.line, column=node.place.column, limit=NESTING_MAX)
    return tree


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """What was probably meant: the same in another case, else the closest spelling."""
    known = {each.casefold(): each for each in candidates}
    close = get_close_matches(name.casefold(), known, n=1, cutoff=0.75)
    return known[close[0]] if close else None


@v_args(inline=True)
class _Builder(Transformer[Token, Term]):
    """Builds our nouns while the parser reduces; nothing here recurses."""

    def function(self, name: Token, *arguments: Argument) -> Call:
        given = list(arguments)
        while given and isinstance(given[-1], Omitted):
            given.pop()
        return Call(str(name), tuple(given), _place(name))

    def omitted(self) -> Omitted:
        return Omitted()

    def comparison(self, left: Term, operator: Token, right: Term) -> Comparison:
        return Comparison(left, Operator(operator.value), right, left.place)

    def attribute(self, token: Token) -> AttributeOf:
        name = token[1:-1].strip()
        if not name:
            raise AttributeNotClosed(line=token.line, column=token.column)
        return AttributeOf(name, _place(token))

    def text(self, token: Token) -> Constant:
        return Constant(_ESCAPE.sub(r"\1", token[1:-1]), _place(token))

    def number(self, token: Token) -> Constant:
        digits = str(_short(token))
        return Constant(Decimal(digits) if "." in digits else int(digits), _place(token))

    def hexadecimal(self, token: Token) -> Constant:
        return Constant(int(_short(token).replace("&H", "0x"), 0), _place(token))

    def word(self, token: Token) -> Word:
        try:
            return Word(Bareword(token.value), _place(token))
        except ValueError:
            raise _unknown_word(token) from None


@cache
def _grammar() -> Lark:
    source = resources.files(__package__).joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(source, parser="lalr", lexer="basic", transformer=_Builder())


def _place(token: Token) -> Place:
    return Place(token.line or 1, token.column or 1)


def _short(token: Token) -> Token:
    if len(token) > DIGITS_MAX:
        raise NumberTooLong(line=token.line, column=token.column, limit=DIGITS_MAX)
    return token


def _unknown_word(token: Token) -> ExpressionError:
    if token.value.upper() in _LOGICAL:
        return NoLogicalOperators(line=token.line, column=token.column, found=token.value)
    meant = nearest(token.value, Bareword)
    if meant:
        return MisspelledWord(line=token.line, column=token.column, found=token.value, suggestion=meant)
    return BareAttribute(line=token.line, column=token.column, found=token.value, suggestion=f"[{token.value}]")


def _explained(text: str, wrong: UnexpectedInput) -> ExpressionError:
    if isinstance(wrong, UnexpectedCharacters):
        return _explained_character(text, wrong)
    if isinstance(wrong, UnexpectedToken) and wrong.token.type != _END:
        return _explained_token(text, wrong)
    end = _end_of(text)
    expected = _expected(wrong) if isinstance(wrong, UnexpectedToken) else ")"
    return NotClosed(line=end.line, column=end.column, expected=expected)


def _explained_token(text: str, wrong: UnexpectedToken) -> ExpressionError:
    """`[a]="1" AND …` stumbles at the operator, `NOT [a]` at what follows it."""
    token = wrong.token
    before = _LAST_WORD.search(text, 0, token.start_pos or 0)
    if token.type == "NAME" and token.value.upper() in _LOGICAL:
        return NoLogicalOperators(line=token.line, column=token.column, found=token.value)
    if before and before[1].upper() in _LOGICAL:
        place = _end_of(text[: before.start() + 1])
        return NoLogicalOperators(line=place.line, column=place.column - 1, found=before[1])
    return ParseError(line=token.line, column=token.column, found=str(token)[:40], expected=_expected(wrong))


def _explained_character(text: str, wrong: UnexpectedCharacters) -> ExpressionError:
    found = text[wrong.pos_in_stream or 0]
    match found:
        case '"':
            return TextNotClosed(line=wrong.line, column=wrong.column)
        case "[":
            return AttributeNotClosed(line=wrong.line, column=wrong.column)
        case "'" | "‘" | "’" | "“" | "”":
            return SingleQuotes(line=wrong.line, column=wrong.column, found=found)
        case _:
            return ParseError(line=wrong.line, column=wrong.column, found=found, expected=_TERM)


_TERM: Final = "a function, [attribute] or value"
_SHOWN: Final = {"LPAR": "(", "RPAR": ")", "COMMA": ",", "COMPARISON": "= <> > >= < <="}


def _expected(wrong: UnexpectedToken) -> str:
    """What could have stood there, in the words of the language."""
    shown = [word for token, word in _SHOWN.items() if token in (wrong.accepts or wrong.expected)]
    if {"NAME", "TEXT"} <= set(wrong.accepts or wrong.expected):
        shown.append(_TERM)
    return " ".join(shown) or "the end"


def _end_of(text: str) -> Place:
    return Place(text.count("\n") + 1, len(text) - text.rfind("\n"))
