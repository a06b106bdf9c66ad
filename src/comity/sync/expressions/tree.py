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


def to_text(tree: Argument) -> str:
    """Write a tree so that it is read as the same tree."""
    texts: dict[int, str] = {}
    for node in bottom_up(tree):
        texts[id(node)] = _written(node, [texts[id(each)] for each in children(node)])
    return texts[id(tree)]


def _written(node: Argument, parts: list[str]) -> str:
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
        case Comparison(operator=operator):
            return f" {operator} ".join(parts)
        case Call(name):
            return f"{name}({', '.join(parts)})"


def children(node: Argument) -> tuple[Argument, ...]:
    """What stands directly within a node."""
    match node:
        case Call(_, arguments):
            return arguments
        case Comparison(left, _, right):
            return (left, right)
        case _:
            return ()


def walk(tree: Argument) -> Iterator[tuple[Argument, int]]:
    """Every node in the order of the text, with its depth, the outermost at 1.

    A chain of conditions is not deep: IIF in a branch of IIF, which stands for AND and OR, counts as one level.
    Nothing here recurses, so depth is no danger.
    """
    waiting: list[tuple[Argument, int]] = [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        inner = [(each, depth + (not _continues(node, at, each))) for at, each in enumerate(children(node))]
        waiting.extend(reversed(inner))


def bottom_up(tree: Argument) -> Iterator[Argument]:
    """Every node after all that stands within it; the last in the text comes first."""
    return reversed([node for node, _ in walk(tree)])


def _continues(node: Argument, at: int, child: Argument) -> bool:
    return at > 0 and isinstance(node, Call) and isinstance(child, Call) and node.name == child.name == "IIF"
