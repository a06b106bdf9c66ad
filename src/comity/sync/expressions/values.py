"""What an expression computes with, and how one kind of value becomes another (provisioning §6.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from math import isfinite
from operator import ge, gt, le, lt
from typing import Any, Final, TypeAlias

from comity.sync.expressions.errors import (
    BooleanNeeded,
    Fault,
    NumberNeeded,
    NumberOutOfRange,
    TextNeeded,
    TextTooLong,
    ValueUnsupported,
    WholeNumberNeeded,
)
from comity.sync.expressions.tree import Operator


class Ignore(Enum):
    """The marker that says: leave the target as it is."""

    ATTRIBUTE = "attribute"
    OBJECT = "object"


Value: TypeAlias = str | int | Decimal | bool | datetime | tuple[str, ...] | Ignore | None

TEXT_CHARACTERS_MAX: Final = 1_000_000
"""What a text may grow to; nested Replace would fill the memory otherwise."""
_NUMBER_MAX: Final = 10**40
_NUMBER: Final = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?")


def as_value(source: object) -> Value:
    """A value of a source object, from JSON or a row, as the language knows it; lists hold texts.

    Raises:
        Fault: it is of no kind that the language knows.
    """
    match source:
        case None | str() | bool() | Ignore():
            return source
        case float() if isfinite(source) and abs(source) < _NUMBER_MAX:
            return Decimal(repr(source))
        case int() if abs(source) < _NUMBER_MAX:
            return source
        case Decimal() if source.is_finite() and abs(source) < _NUMBER_MAX:
            return source
        case datetime():
            return source.astimezone(UTC) if source.tzinfo else source.replace(tzinfo=UTC)
        case list() | tuple():
            return tuple(to_text(as_value(each)) for each in source)
        case _:
            raise Fault(ValueUnsupported, given=type(source).__name__)


def to_text(value: Value) -> str:
    """The text form; lists, null and the ignore marker have none."""
    if type(value) is str:
        return value
    match value:
        case str():
            return value
        case bool():
            return "True" if value else "False"
        case int():
            return str(value)
        case Decimal():
            return f"{value:f}"
        case datetime():
            return date_text(value)
        case _:
            raise Fault(TextNeeded, given=kind(value))


def date_text(moment: datetime) -> str:
    """`M/d/yyyy h:mm:ss tt`, as .NET writes it for no culture in particular."""
    half = "AM" if moment.hour < 12 else "PM"
    hour = moment.hour % 12 or 12
    return f"{moment.month}/{moment.day}/{moment.year:04} {hour}:{moment.minute:02}:{moment.second:02} {half}"


def to_texts(value: Value) -> tuple[str, ...]:
    """A list as it is, one value as a list of one, null as an empty list."""
    if isinstance(value, tuple):
        return value
    return () if value is None else (to_text(value),)


def to_number(value: Value) -> int | Decimal:
    """A number, or a text that is one."""
    number = number_of(value)
    if number is None:
        raise Fault(NumberNeeded, given=kind(value))
    return number


def to_whole(value: Value, *, least: int | None = None, most: int | None = None) -> int:
    """A whole number, or a text that is one, within bounds."""
    number = to_number(value)
    if number != int(number):
        raise Fault(WholeNumberNeeded, given=kind(value))
    if (least is not None and number < least) or (most is not None and number > most):
        raise Fault(NumberOutOfRange, least=least, most=most)
    return int(number)


def to_boolean(value: Value) -> bool:
    """True or False, also as text in any case."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and (folded := value.casefold()) in {"true", "false"}:
        return folded == "true"
    raise Fault(BooleanNeeded, given=kind(value))


def number_of(value: Value) -> int | Decimal | None:
    """The number that a value is or reads as; None for everything else."""
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            return None
        return Decimal(value) if "." in value else int(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return value
    return None


def is_empty(value: Value) -> bool:
    """Null, an empty text or a list of nothing."""
    return value is None or value in ("", ())


def bounded(text: str) -> str:
    """The text, unless it has grown too long."""
    if len(text) > TEXT_CHARACTERS_MAX:
        raise Fault(TextTooLong, limit=TEXT_CHARACTERS_MAX)
    return text


def kind(value: Value) -> str:
    """What sort of value it is, for people; never the value itself."""
    match value:
        case None:
            return "null"
        case str():
            return "text"
        case bool():
            return "boolean"
        case int() | Decimal():
            return "number"
        case datetime():
            return "date"
        case tuple():
            return "list"
        case Ignore():
            return "ignore marker"


_ORDERS: Final[dict[Operator, Callable[[Any, Any], bool]]] = {
    Operator.GREATER: gt,
    Operator.GREATER_OR_EQUAL: ge,
    Operator.LESS: lt,
    Operator.LESS_OR_EQUAL: le,
}


def comparer(operator: Operator) -> Callable[[Value, Value], bool]:
    """The comparison for an operator; false whenever a side is null or empty (D-21)."""
    if operator in {Operator.EQUAL, Operator.NOT_EQUAL}:
        wanted = operator is Operator.EQUAL
        return lambda left, right: not is_empty(left) and not is_empty(right) and _equal(left, right) is wanted
    order = _ORDERS[operator]
    return lambda left, right: not is_empty(left) and not is_empty(right) and order(*_sortable(left, right))


def _equal(left: Value, right: Value) -> bool:
    if type(left) is str and left == right:
        return True
    one, other = _sortable(left, right)
    return one == other


def _sortable(left: Value, right: Value) -> tuple[object, object]:
    """Both sides in the form in which they are compared: times, numbers, else texts by ordinal."""
    if isinstance(left, datetime) and isinstance(right, datetime):
        return left, right
    if (one := number_of(left)) is not None and (other := number_of(right)) is not None:
        return one, other
    return _ordinal(to_text(left)), _ordinal(to_text(right))


def _ordinal(text: str) -> bytes:
    """.NET's ordinal order is that of UTF-16 units, which for rare characters is not that of code points."""
    return text.encode("utf-16-be", "surrogatepass")
