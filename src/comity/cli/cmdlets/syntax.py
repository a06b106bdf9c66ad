"""What a script is made of; every part knows where it begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Position(NamedTuple):
    """Where something begins in the text; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Literal:
    """`'text'`, `5`, or a bare word."""

    at: Position
    value: str | int | float


@dataclass(frozen=True, slots=True)
class Place:
    """A variable, and members of what is in it: `$policy.Identity`. Variable names are lower case."""

    at: Position
    variable: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """`"text with $variables"`: pieces that are joined."""

    at: Position
    pieces: tuple[str | Place, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """`a, b`: several values."""

    at: Position
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """`(pipeline)`, and members of its result."""

    at: Position
    pipeline: Pipeline
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Array:
    """`@(statements)`: their results as a list, however many."""

    at: Position
    statements: tuple[Statement, ...]
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HashTable:
    """`@{Add = …; Remove = …}`."""

    at: Position
    entries: tuple[tuple[Literal | Text, Pipeline], ...]


@dataclass(frozen=True, slots=True)
class Property:
    """A property that a filter names without `$_`."""

    at: Position
    name: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left -operator right`, or a value taken for true or false; negated an even or odd number of times."""

    at: Position
    left: Operand
    operator: str | None = None
    """Without its dash, lower case."""
    right: tuple[Operand, ...] = ()
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """Comparisons joined from left to right: `-and` and `-or` bind equally, as in PowerShell."""

    at: Position
    first: Comparison
    rest: tuple[tuple[str, Comparison], ...] = ()


Operand = Literal | Text | Place | Property | Condition


@dataclass(frozen=True, slots=True)
class Block:
    """`{condition}`."""

    at: Position
    condition: Condition


Expression = Literal | Text | Place | Items | Group | Array | HashTable | Block


@dataclass(frozen=True, slots=True)
class Named:
    """`-Name`, or `-Name:` with a value behind it."""

    at: Position
    name: str
    colon: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A cmdlet and what it is given, in order."""

    at: Position
    name: str
    arguments: tuple[Named | Expression, ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A value or a cmdlet, and the cmdlets that its results go through."""

    at: Position
    first: Expression | Command
    others: tuple[Command, ...] = ()


@dataclass(frozen=True, slots=True)
class Assignment:
    """`$name = pipeline`, or `+=`."""

    at: Position
    place: Place
    pipeline: Pipeline
    append: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """`$list.Add(value)`."""

    at: Position
    place: Place
    method: str
    pipeline: Pipeline


Statement = Assignment | Call | Pipeline


@dataclass(frozen=True, slots=True)
class Script:
    """A whole text."""

    statements: tuple[Statement, ...]
