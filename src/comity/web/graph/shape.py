"""How Graph shows things: the properties of a type, where each one comes from, and what is shown unasked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")
Getter = Callable[[T], Any]


class Edm(Enum):
    """The form of a property's values, as OpenAPI describes it."""

    TEXT = auto()
    FLAG = auto()
    NUMBER = auto()
    INSTANT = auto()
    GUID = auto()
    OBJECT = auto()

    @property
    def schema(self) -> Mapping[str, Any]:
        """Its JSON schema."""
        return _SCHEMAS[self]


_SCHEMAS: Final[Mapping[Edm, Mapping[str, Any]]] = {
    Edm.TEXT: {"type": "string"},
    Edm.FLAG: {"type": "boolean"},
    Edm.NUMBER: {"type": "integer"},
    Edm.INSTANT: {"type": "string", "format": "date-time"},
    Edm.GUID: {"type": "string", "format": "uuid"},
    Edm.OBJECT: {"type": "object"},
}


@dataclass(frozen=True, slots=True)
class Property(Generic[T]):
    """One property: its form, and how it is read; without `get` it is what nobody can set here."""

    edm: Edm
    get: Getter[T] | None = None
    many: bool = False

    def read(self, thing: T) -> Any:
        """The value that a thing has."""
        if self.get is None:
            return [] if self.many else None
        return self.get(thing)


def text(get: Getter[T]) -> Property[T]:
    """A text."""
    return Property(Edm.TEXT, get)


def flag(get: Getter[T]) -> Property[T]:
    """True or false."""
    return Property(Edm.FLAG, get)


def number(get: Getter[T]) -> Property[T]:
    """A whole number."""
    return Property(Edm.NUMBER, get)


def instant(get: Getter[T]) -> Property[T]:
    """A date and time."""
    return Property(Edm.INSTANT, get)


def guid(get: Getter[T]) -> Property[T]:
    """An id that is a GUID."""
    return Property(Edm.GUID, get)


def thing(get: Getter[T]) -> Property[T]:
    """A complex value."""
    return Property(Edm.OBJECT, get)


def texts(get: Getter[T]) -> Property[T]:
    """Several texts."""
    return Property(Edm.TEXT, get, many=True)


def things(get: Getter[T]) -> Property[T]:
    """Several complex values."""
    return Property(Edm.OBJECT, get, many=True)


def never(*names: str, edm: Edm = Edm.TEXT) -> dict[str, Property[Any]]:
    """Properties that Graph has and nobody can set here: null."""
    return {name: Property(edm) for name in names}


def empty(*names: str, edm: Edm = Edm.OBJECT) -> dict[str, Property[Any]]:
    """Collections that Graph has and nobody can fill here."""
    return {name: Property(edm, many=True) for name in names}


@dataclass(frozen=True)
class Shape(Generic[T]):
    """A Graph type as Comity shows it."""

    type: str
    """Qualified: `microsoft.graph.user`."""
    properties: Mapping[str, Property[T]]
    default: tuple[str, ...] = ()
    """What is shown without `$select`; empty: everything."""

    @property
    def shown(self) -> tuple[str, ...]:
        """What is shown unasked."""
        return self.default or tuple(self.properties)

    def show(self, item: T, select: Sequence[str] | None = None, *, typed: bool = False) -> dict[str, Any]:
        """The thing with these properties in this order; `typed` says what it is."""
        kind = {"@odata.type": f"#{self.type}"} if typed else {}
        return {**kind, **{name: self.properties[name].read(item) for name in select or self.shown}}

    def read(self, item: T, name: str) -> Any:
        """A property by name, or a member of a complex one by its path."""
        first, _, rest = name.partition("/")
        value = self.properties[first].read(item) if first in self.properties else None
        for part in rest.split("/") if rest else ():
            value = value.get(part) if isinstance(value, Mapping) else None
        return value
