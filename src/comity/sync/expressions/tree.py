"""What an expression says, as a tree; positions are kept for errors and do not count when trees are compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias


class Place(NamedTuple):
    """Where something stands in the text; both count from 1."""

    line: int = 1
    column: int = 1


START: Final = Place()


class Operator(StrEnum):
    """How two values are compared."""

    EQUAL = "="
    NOT_EQUAL = "<>"
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    LESS = "<"
    LESS_OR_EQUAL = "<="


class Bareword(StrEnum):
    """The words that stand for a value without quotes or brackets."""

    TEXT_COMPARE = "vbTextCompare"
    BINARY_COMPARE = "vbBinaryCompare"
    IGNORE_ATTRIBUTE_FLOW = "IgnoreAttributeFlow"
    IGNORE_OBJECT_FLOW = "IgnoreObjectFlow"
    TRUE = "True"
    FALSE = "False"


@dataclass(frozen=True, slots=True)
class AttributeOf:
    """`[name]`: a value of the source object."""

    name: str
    place: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class Constant:
    """A text or a number as it stands."""

    value: str | int | Decimal
    place: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class Word:
    """A bareword."""

    word: Bareword
    place: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class Omitted:
    """Nothing between two commas."""

    place: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two terms and how they are compared; stands only as an argument."""

    left: Term
    operator: Operator
    right: Term
    place: Place = field(default=START, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments; omitted ones at the end have been dropped."""

    name: str
    arguments: tuple[Argument, ...] = ()
    place: Place = field(default=START, compare=False)


Term: TypeAlias = Call | AttributeOf | Constant | Word
Argument: TypeAlias = Term | Comparison | Omitted


def to_text(node: Argument) -> str:
    """Write a tree so that it is read as the same tree."""
    match node:
        case AttributeOf(name):
            return f"[{name}]"
        case Constant(str(text)):
            escaped = text.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case Constant(Decimal() as number):
            return f"{number:f}"
        case Constant(value):
            return str(value)
        case Word(word):
            return word.value
        case Omitted():
            return ""
        case Comparison(left, operator, right):
            return f"{to_text(left)} {operator} {to_text(right)}"
        case Call(name, arguments):
            return f"{name}({', '.join(map(to_text, arguments))})"


def children(node: Argument) -> tuple[Argument, ...]:
    """What stands directly within a node."""
    match node:
        case Call(_, arguments):
            return arguments
        case Comparison(left, _, right):
            return (left, right)
        case _:
            return ()


def walk(node: Argument) -> Iterator[tuple[Argument, int]]:
    """Every node with its depth, the outermost at 1; does not recurse, so depth is no danger."""
    waiting = [(node, 1)]
    while waiting:
        each, depth = waiting.pop()
        yield each, depth
        waiting.extend((child, depth + 1) for child in reversed(children(each)))
