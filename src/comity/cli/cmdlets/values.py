"""What a script works with: PowerShell's plain values, objects of a known shape, and values not known yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from comity.cli.cmdlets.errors import PropertyAbsent, TooLong, ValueMistyped

LENGTH_MAX: Final = 100_000
"""Elements of a list that a script makes."""
CHARACTERS_MAX: Final = 1_000_000
"""Characters of a text that a script makes."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """What kind of object: its name, and its properties with their kinds, in the order in which they are shown."""

    name: str
    properties: Mapping[str, str | Shape] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    """Properties that answer when asked for, but are not shown."""
    stands_for: str | None = None
    """The property that is meant where text is asked for."""
    covers: tuple[Shape, ...] = ()
    """Shapes of which it is one, where only running tells which."""

    def find(self, name: str) -> str | None:
        """The property of that name, as it is written."""
        return next((each for each in self.properties if each.lower() == name.lower()), None)


@dataclass(slots=True)
class Record:
    """One object. Scripts may change its properties; `fresh` if it is nowhere but in the script."""

    shape: Shape
    properties: dict[str, Value]
    fresh: bool = False
    in_table: bool = False
    """Format-Table laid it out."""


@dataclass(frozen=True, slots=True)
class Table:
    """`@{Name = value}`; names as they were written."""

    entries: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Unknown:
    """What only running can tell; of which kind, if that is known: a shape, or bool, text, number, list, any."""

    kind: str | Shape = "any"


class Test(Protocol):
    """A condition in braces, as a value."""

    def test(self, value: Value, *, bare: bool) -> bool | Unknown:
        """Does it hold for the value? `bare`: properties are named without `$_`."""
        ...


Value = None | bool | int | float | str | tuple["Value", ...] | list["Value"] | Record | Table | Unknown | Test

CONSTANTS: Final[Mapping[str, Value]] = {"true": True, "false": False, "null": None}
"""Variables that always hold the same."""


def several(value: Value) -> list[Value]:
    """A value as the pipe sees it: elements one by one, nothing for null."""
    match value:
        case None:
            return []
        case tuple() | list():
            return [*value]
    return [value]


def one_value(values: list[Value]) -> Value:
    """Results as a variable holds them: nothing is null, one is itself, more are a list."""
    match values:
        case []:
            return None
        case [single]:
            return single
    return tuple(values)


def joined(values: Iterable[Value]) -> tuple[Value, ...]:
    """One list of values and lists.

    Raises:
        TooLong.
    """
    found: list[Value] = []
    for each in values:
        found += each if isinstance(each, tuple | list) else [each]
        if len(found) > LENGTH_MAX:
            raise TooLong(limit=LENGTH_MAX)
    return tuple(found)


def member(value: Value, name: str) -> Value:
    """A property of an object; of a list that of each element, or its Count.

    Raises:
        PropertyAbsent, TooLong.
    """
    match value:
        case Unknown():
            return _unknown_member(value, name)
        case Record():
            found = value.shape.find(name)
            if found is not None:
                return value.properties[found]
        case tuple() | list():
            if name.lower() in {"count", "length"}:
                return len(value)
            return joined(member(each, name) for each in value)
        case Table():
            for key, entry in value.entries.items():
                if key.lower() == name.lower():
                    return entry
    raise PropertyAbsent(of=describe(value), member=name)


def _unknown_member(value: Unknown, name: str) -> Value:
    if isinstance(value.kind, Shape):
        found = value.kind.find(name)
        if found is not None:
            return Unknown(value.kind.properties[found])
        if name.lower() not in {"count", "length"}:
            raise PropertyAbsent(of=value.kind.name, member=name)
    return Unknown("any" if value.kind in {"any", "list"} and name.lower() not in {"count", "length"} else "number")


def set_member(value: Value, name: str, wanted: Value) -> None:
    """Change a property of an object of the script; what is stored stays.

    Raises:
        PropertyAbsent, ValueMistyped.
    """
    shape = value.shape if isinstance(value, Record) else value.kind if isinstance(value, Unknown) else None
    if shape == "any":
        return
    found = shape.find(name) if isinstance(shape, Shape) else None
    if found is None or not isinstance(shape, Shape):
        raise PropertyAbsent(of=describe(value), member=name)
    fitting = _fitting(found, shape.properties[found], wanted)
    if isinstance(value, Record):
        value.properties[found] = fitting


def _fitting(name: str, kind: str | Shape, wanted: Value) -> Value:
    """The value as a property of that kind holds it: plain, or of its shape, so that nothing contains itself."""
    match wanted:
        case None if kind != "bool":
            return None
        case Unknown() if wanted.kind in {"any", kind} or isinstance(kind, Shape):
            return wanted
        case bool() if kind == "bool":
            return wanted
        case Record(shape=shape) if isinstance(kind, Shape) and (shape is kind or shape in kind.covers):
            return wanted
        case tuple() | list() if isinstance(kind, Shape):
            return tuple(_fitting(name, kind, each) for each in wanted)
        case _ if kind == "list":
            return tuple(as_text(each, name) for each in several(wanted))
        case str() | int() | float() if kind in {"text", "number", "any"} and not isinstance(wanted, bool):
            return wanted
    what = WORDS[kind] if isinstance(kind, str) else f"an object of {kind.name}"
    raise ValueMistyped(parameter=name, wanted=what, given=describe(wanted))


WORDS: Final = {"bool": "$true or $false", "text": "a text", "number": "a number", "list": "a list", "any": "a value"}


def describe(value: Value) -> str:
    """What kind of value, for a sentence."""
    match value:
        case None:
            return "$null"
        case bool():
            return "$true" if value else "$false"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text “{value if len(value) <= 60 else value[:60] + '…'}”"
        case tuple() | list():
            return "a list"
        case Table():
            return "a hashtable"
        case Record():
            return value.shape.name
        case Unknown():
            return value.kind.name if isinstance(value.kind, Shape) else WORDS[value.kind]
    return "a condition in braces"


def as_text(value: Value, name: str) -> str | Unknown:
    """The value where text is asked for.

    Raises:
        ValueMistyped: it is none.
    """
    match value:
        case bool():
            return str(value)
        case str():
            return value
        case int() | float():
            return str(value)
        case Record() if value.shape.stands_for is not None:
            return as_text(value.properties[value.shape.stands_for], name)
        case Unknown(kind="text" | "number" | "bool" | "any"):
            return Unknown("text")
        case Unknown(kind=Shape() as shape) if shape.stands_for is not None:
            return Unknown("text")
    raise ValueMistyped(parameter=name, wanted=WORDS["text"], given=describe(value))


def filled_in(pieces: Iterable[Value], name: str) -> str | Unknown:
    """Pieces joined to one text: null is empty, lists are written with blanks.

    Raises:
        ValueMistyped, TooLong.
    """
    found: list[str] = []
    known = True
    length = 0
    for piece in pieces:
        texts = [as_text(each, name) for each in several(piece)]
        if any(isinstance(each, Unknown) for each in texts):
            known = False
            continue
        found.append(" ".join(str(each) for each in texts))
        length += len(found[-1])
        if length > CHARACTERS_MAX:
            raise TooLong(limit=CHARACTERS_MAX)
    return "".join(found) if known else Unknown("text")
