"""From text to a script; what cannot be read is told with its line and column."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any, Final

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from comity.cli.cmdlets.errors import (
    BacktickLoose,
    BlankMissing,
    EndsEarly,
    Located,
    NestedTooDeeply,
    StringOpen,
    TooLong,
    Unreadable,
    WordReserved,
)
from comity.cli.cmdlets.expansion import expanded
from comity.cli.cmdlets.syntax import (
    Array,
    Assignment,
    Block,
    Call,
    Command,
    Comparison,
    Condition,
    Expression,
    Group,
    HashTable,
    Items,
    Literal,
    Named,
    Pipeline,
    Place,
    Position,
    Property,
    Script,
    Text,
)
from comity.core.errors import ComityError

SCRIPT_CHARACTERS_MAX: Final = 1_000_000
"""Room for 4,000 domains and 5,000 people many times over; more is no script."""
NESTING_MAX: Final = 40
RESERVED: Final = frozenset(
    {
        "begin", "break", "catch", "class", "continue", "data", "do", "dynamicparam", "else", "elseif", "end", "exit",
        "filter", "finally", "for", "foreach", "from", "function", "if", "param", "process", "return", "switch",
        "throw", "trap", "try", "until", "using", "while",
    }
)  # fmt: skip

_QUOTES: Final = "'‘’‚‛\"“”„"
_OPENING: Final = frozenset({"LPAR", "ARRAY", "TABLE", "LBRACE"})
_CLOSING: Final = frozenset({"RPAR", "RBRACE"})
_GOES_ON: Final = frozenset({"_PIPE", "_COMMA", "SET", "APPEND", "LPAR", "LBRACE", "NL"})
"""After these a line end says nothing."""
_VALUE_BEGINS: Final = frozenset(
    {"WORD", "STRING", "QUOTED", "VARIABLE", "LPAR", "ARRAY", "TABLE", "LBRACE", "PARAMETER", "GIVEN", "NUMBER", "NAME"}
)
_VALUE_ENDS: Final = frozenset(
    {"WORD", "STRING", "QUOTED", "VARIABLE", "MEMBER", "RPAR", "RBRACE", "PARAMETER", "NUMBER", "NAME"}
)
_INTEGER: Final = re.compile(r"-?(?:0|[1-9]\d{0,17})")


def parse_script(text: str) -> Script:
    """The script that the text is.

    Raises:
        Located: around a ScriptWrong.
    """
    text = text.removeprefix("\ufeff")
    statements = _parse(text, "start")
    return Script(tuple(statements))


def parse_condition(text: str) -> Condition:
    """The condition in a filter's text.

    Raises:
        ScriptWrong: without a place, which would be one within the filter.
    """
    try:
        found = _parse(text, "condition")
    except Located as fault:
        raise fault.error from fault
    assert isinstance(found, Condition)
    return found


def _parse(text: str, start: str) -> Any:
    if len(text) > SCRIPT_CHARACTERS_MAX:
        raise Located(Position(1, 1), TooLong(limit=SCRIPT_CHARACTERS_MAX))
    try:
        return _grammar().parse(text, start=start)
    except UnexpectedCharacters as fault:
        raise Located(Position(fault.line, fault.column), _misread(text, fault.pos_in_stream)) from fault
    except UnexpectedToken as fault:
        token = fault.token
        if token.type == "$END":
            raise Located(_end_of(text), EndsEarly()) from fault
        raise Located(_at(token), Unreadable(found=_excerpt(token))) from fault


def _misread(text: str, where: int | None) -> ComityError:
    """Why no token begins there."""
    found = text[where] if where is not None and where < len(text) else ""
    if found and found in _QUOTES:
        return StringOpen()
    if found == "`":
        return BacktickLoose()
    return Unreadable(found=_excerpt(found))


def _excerpt(text: str) -> str:
    """The beginning of it, printable and on one line."""
    line = text.splitlines()[0] if text.strip() else "line end"
    shown = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in line)
    return shown if len(shown) <= 40 else shown[:40] + "…"


def _end_of(text: str) -> Position:
    return Position(text.count("\n") + 1, len(text) - text.rfind("\n"))


def _at(token: Token) -> Position:
    return Position(token.line or 1, token.column or 1)


class Tokens:
    """Stands between lexer and parser: line ends that say nothing go; nesting and blanks are watched."""

    always_accept = ("NL",)

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """Pass on what the parser is to see."""
        open_brackets: list[bool] = []  # for each: is it one within a condition, where lines mean nothing?
        before: Token | None = None
        for token in stream:
            if token.type == "NL":
                within = bool(open_brackets) and open_brackets[-1]
                if within or before is None or before.type in _GOES_ON or (before.type == "SEMICOLON"):
                    continue
            elif before is not None:
                _check_blank(before, token)
            if token.type in _OPENING:
                open_brackets.append(token.type == "LBRACE" or bool(open_brackets and open_brackets[-1]))
                if len(open_brackets) > NESTING_MAX:
                    raise Located(_at(token), NestedTooDeeply(limit=NESTING_MAX))
            elif token.type in _CLOSING and open_brackets:
                open_brackets.pop()
            elif token.type == "NAME" and str(token).lower() in RESERVED and not (open_brackets and open_brackets[-1]):
                raise Located(_at(token), WordReserved(word=str(token)))
            before = token
            yield token


def _check_blank(before: Token, token: Token) -> None:
    """PowerShell joins what touches into one value; here that has to be said with quotes."""
    if before.end_pos == token.start_pos and before.type in _VALUE_ENDS and token.type in _VALUE_BEGINS:
        raise Located(_at(token), BlankMissing(found=_excerpt(token)))


@cache
def _grammar() -> Lark:
    text = resources.files(__package__).joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(
        text,
        parser="lalr",
        start=["start", "condition"],
        postlex=Tokens(),
        transformer=_Builder(),
        maybe_placeholders=False,
    )


class _Builder(Transformer[Token, Any]):
    """Makes each part as soon as its rule is complete."""

    def start(self, children: list[Any]) -> list[Any]:
        return _statements(children)

    def condition(self, children: list[Any]) -> Condition:
        return _condition(children)

    def assignment(self, children: list[Any]) -> Assignment:
        place, sign, pipeline = children
        return Assignment(place.at, place, pipeline, append=sign.type == "APPEND")

    def call(self, children: list[Any]) -> Call:
        place, method, _, pipeline, _ = children
        return Call(_at(method), place, str(method)[1:], pipeline)

    def pipeline(self, children: list[Any]) -> Pipeline:
        return Pipeline(children[0].at, children[0], tuple(children[1:]))

    def expression(self, children: list[Any]) -> Expression:
        return _items(children)

    values = expression

    def group(self, children: list[Any]) -> Group:
        return Group(_at(children[0]), children[1], _members(children))

    def array(self, children: list[Any]) -> Array:
        return Array(_at(children[0]), tuple(_statements(children)), _members(children))

    def table(self, children: list[Any]) -> HashTable:
        return HashTable(_at(children[0]), tuple(each for each in children if isinstance(each, tuple)))

    def entry(self, children: list[Any]) -> tuple[Literal | Text, Pipeline]:
        key = _value(children[0])
        return (Literal(key.at, key.name) if isinstance(key, Property) else key), children[2]

    def place(self, children: list[Any]) -> Place:
        name = str(children[0])[1:].strip("{}").lower()
        return Place(_at(children[0]), name, _members(children))

    def command(self, children: list[Any]) -> Command:
        name, *arguments = children
        return Command(_at(name), str(name), tuple(_argument(each) for each in arguments))

    def block(self, children: list[Any]) -> Block:
        return Block(_at(children[0]), _condition(children[1:-1]))

    def nested(self, children: list[Any]) -> Condition:
        return _condition(children[1:-1])

    def operands(self, children: list[Any]) -> tuple[Any, ...]:
        return tuple(_value(each) for each in children)

    def comparison(self, children: list[Any]) -> Comparison:
        operand_at = next(index for index, each in enumerate(children) if not _is(each, "NOT"))
        left = _value(children[operand_at])
        negated = operand_at % 2 == 1
        at = _at(children[0]) if operand_at else left.at
        if len(children) == operand_at + 1:
            return Comparison(at, left, negated=negated)
        operator, right = children[operand_at + 1 :]
        return Comparison(at, left, str(operator)[1:].lower(), right, negated)


def _statements(children: list[Any]) -> list[Any]:
    return [each for each in children if not isinstance(each, Token)]


def _members(children: list[Any]) -> tuple[str, ...]:
    return tuple(str(each)[1:] for each in children if _is(each, "MEMBER"))


def _is(child: object, kind: str) -> bool:
    return isinstance(child, Token) and child.type == kind


def _items(children: list[Any]) -> Expression:
    values = tuple(_value(each) for each in children)
    return values[0] if len(values) == 1 else Items(values[0].at, values)


def _condition(children: list[Any]) -> Condition:
    """Comparisons with `-and` and `-or` between them."""
    first, *rest = children
    joined = tuple((str(rest[n])[1:].lower(), rest[n + 1]) for n in range(0, len(rest), 2))
    return Condition(first.at, first, joined)


def _argument(child: Any) -> Named | Expression:
    match child:
        case Token(type="PARAMETER" | "OPERATOR"):
            return Named(_at(child), str(child)[1:])
        case Token(type="GIVEN"):
            return Named(_at(child), str(child)[1:-1], colon=True)
        case _:
            return child  # type: ignore[no-any-return] # values are parts already


def _value(child: Any) -> Any:
    """A token as the value that it writes; what is a part already stays."""
    if not isinstance(child, Token):
        return child
    at, text = _at(child), str(child)
    match child.type:
        case "STRING":
            return Literal(at, re.sub(r"['‘’‚‛]{2}", "'", text[1:-1]))
        case "QUOTED":
            return expanded(at, text[1:-1], start=1)
        case "NUMBER":
            return Literal(at, float(text) if "." in text or not _INTEGER.fullmatch(text) else int(text))
        case "WORD":
            return Literal(at, int(text)) if _INTEGER.fullmatch(text) else expanded(at, text, start=0)
        case "NAME":
            return Property(at, text)
    raise AssertionError(child.type)
