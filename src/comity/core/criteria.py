"""Which of many things are wanted: conditions on their properties, as people and programs write them in filters.

One form for all doors. `fits` answers it for things at hand; `db.walking` turns it into SQL parameters.
Texts compare without case. What is null equals null only, and is neither less nor greater than anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeAlias
from uuid import UUID

from comity.core.errors import Invalid
from comity.core.folding import words

Scalar: TypeAlias = str | bool | int | datetime | UUID | None

ITEM: Final = ""
"""The name by which a condition on items means the item itself."""
PARTS_MAX: Final = 100
"""Comparisons in one criterion; more is a mistake, or somebody who wishes us ill."""


class Op(StrEnum):
    """How a property and a value are compared."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"
    STARTS = "startswith"
    ENDS = "endswith"
    CONTAINS = "contains"


@dataclass(frozen=True, slots=True)
class Compare:
    """One property against one value."""

    name: str
    op: Op
    value: Scalar


@dataclass(frozen=True, slots=True)
class HasWord:
    """A word of the property begins like that."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class AnyItem:
    """An item of a collection fits; None: there is any item at all."""

    name: str
    part: Criterion | None


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold."""

    parts: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Criterion


Criterion: TypeAlias = Compare | HasWord | AnyItem | Every | Either | Not


class CriterionUnsupported(Invalid):
    """The things cannot be chosen by that property, or not in that way."""

    code = "criterion-unsupported"


def every(*parts: Criterion | None) -> Criterion | None:
    """All that are given; None if none is."""
    given = tuple(each for each in parts if each is not None)
    return given[0] if len(given) == 1 else Every(given) if given else None


def comparisons(criterion: Criterion | None) -> Iterator[Compare | HasWord | AnyItem]:
    """Every comparison in it, those on items included."""
    match criterion:
        case None:
            return
        case Compare() | HasWord():
            yield criterion
        case AnyItem():
            yield criterion
            yield from comparisons(criterion.part)
        case Every() | Either():
            for part in criterion.parts:
                yield from comparisons(part)
        case Not():
            yield from comparisons(criterion.part)


def fits(criterion: Criterion | None, read: Callable[[str], Any]) -> bool:
    """Does a thing fit, of which `read` gives the property of a name?

    Raises:
        CriterionUnsupported: a value cannot be compared with the property.
    """
    match criterion:
        case None:
            return True
        case Compare():
            return _holds(criterion, read(criterion.name))
        case HasWord():
            return has_word(str(read(criterion.name) or ""), criterion.text)
        case AnyItem():
            items = read(criterion.name) or ()
            return any(fits(criterion.part, _reader(each)) for each in items)
        case Every():
            return all(fits(each, read) for each in criterion.parts)
        case Either():
            return any(fits(each, read) for each in criterion.parts)
        case Not():
            return not fits(criterion.part, read)


def has_word(text: str, beginning: str) -> bool:
    """Do the words of the text hold these, in order, the last one by its beginning?"""
    wanted = " ".join(words(beginning))
    return bool(wanted) and f" {wanted}" in f" {' '.join(words(text))}"


def _reader(item: Any) -> Callable[[str], Any]:
    def read(name: str) -> Any:
        if name == ITEM:
            return item
        return item.get(name) if isinstance(item, Mapping) else getattr(item, name)

    return read


def _holds(asked: Compare, value: Any) -> bool:
    if asked.op in (Op.EQ, Op.NE):
        return (_plain(value) == _plain(asked.value)) is (asked.op is Op.EQ)
    if value is None or asked.value is None:
        return False
    left, right = _plain(value), _plain(asked.value)
    if type(left) is not type(right):
        raise CriterionUnsupported(property=asked.name, operator=asked.op.value)
    match asked.op:
        case Op.STARTS:
            return str(left).startswith(str(right))
        case Op.ENDS:
            return str(left).endswith(str(right))
        case Op.CONTAINS:
            return str(right) in str(left)
        case Op.GT:
            return bool(left > right)
        case Op.GE:
            return bool(left >= right)
        case Op.LT:
            return bool(left < right)
    return bool(left <= right)


def _plain(value: Any) -> Any:
    """Texts without case, and ids as texts: a client may write either."""
    return str(value).casefold() if isinstance(value, str | UUID) else value
