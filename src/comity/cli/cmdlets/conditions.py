"""Comparisons, as Where-Object and -Filter make them; text is compared without case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from comity.cli.cmdlets.errors import Unreadable, ValueMistyped, VariableUnset, located
from comity.cli.cmdlets.syntax import Comparison, Condition, Literal, Operand, Place, Property, Text
from comity.cli.cmdlets.values import CONSTANTS, Record, Table, Unknown, Value, describe, filled_in, member

Resolve = Callable[[Literal | Text | Place | Property], Value]
"""From an operand to its value for the object at hand."""
Look = Callable[[Place], Value]
"""What a variable of the script holds."""


def _no_variables(place: Place) -> Value:
    raise VariableUnset(variable=place.variable)


@dataclass(frozen=True, slots=True)
class Predicate:
    """A condition, with the variables that it may name."""

    condition: Condition
    look: Look = _no_variables
    placed: bool = False
    """Its parts know where in the script they stand."""

    def test(self, value: Value, *, bare: bool) -> bool | Unknown:
        """Does it hold for the value? `bare`: properties are named without `$_`, as in -Filter.

        Raises:
            PropertyAbsent, VariableUnset, Unreadable, ValueMistyped; around them Located, if it is placed.
        """

        def resolve(operand: Literal | Text | Place | Property) -> Value:
            if not self.placed:
                return self._resolve(operand, value, bare=bare)
            with located(operand.at):
                return self._resolve(operand, value, bare=bare)

        return holds(self.condition, resolve)

    def _resolve(self, operand: Literal | Text | Place | Property, value: Value, *, bare: bool) -> Value:
        match operand:
            case Literal():
                return operand.value
            case Text():
                return filled_in(
                    (
                        each if isinstance(each, str) else self._resolve(each, value, bare=bare)
                        for each in operand.pieces
                    ),
                    "The text",
                )
            case Property() if bare:
                return member(value, operand.name)
            case Property():
                raise Unreadable(found=operand.name)
            case Place(variable="_" | "psitem") if not bare:
                for name in operand.members:
                    value = member(value, name)
                return value
            case Place(variable=name) if name in CONSTANTS and not operand.members:
                return CONSTANTS[name]
        return self.look(operand)


def holds(condition: Condition, resolve: Resolve) -> bool | Unknown:
    """Does it hold? Every operand is looked at, so that each fault in it is found.

    Raises:
        Located, ValueMistyped.
    """
    result = _compared(condition.first, resolve)
    for word, comparison in condition.rest:
        other = _compared(comparison, resolve)
        if isinstance(result, Unknown) or isinstance(other, Unknown):
            result = Unknown("bool")
        else:
            result = (result and other) if word == "and" else (result or other)
    return result


def _compared(comparison: Comparison, resolve: Resolve) -> bool | Unknown:
    left = _value(comparison.left, resolve)
    right = [_value(each, resolve) for each in comparison.right]
    if isinstance(left, Unknown) or any(isinstance(each, Unknown) for each in right):
        return Unknown("bool")
    if comparison.operator is None:
        outcome = truth(left)
    else:
        outcome = compare(left, comparison.operator, right[0] if len(right) == 1 else tuple(right))
    return outcome is not comparison.negated


def _value(operand: Operand, resolve: Resolve) -> Value:
    return holds(operand, resolve) if isinstance(operand, Condition) else resolve(operand)


def truth(value: Value) -> bool:
    """What PowerShell takes for true: not null, not empty, not 0; a list of one is its element."""
    match value:
        case tuple() | list() if len(value) == 1:
            return truth(value[0])
        case None | bool() | int() | float() | str() | tuple() | list():
            return bool(value)
    return True


def compare(left: Value, operator: str, right: Value) -> bool:
    """`left -operator right`; a list on the left is true if one of its elements is.

    Raises:
        ValueMistyped: the two cannot be put in order.
    """
    match operator:
        case "contains":
            return any(_equal(each, right) for each in _elements(left))
        case "notcontains":
            return not any(_equal(each, right) for each in _elements(left))
        case "in":
            return any(_equal(left, each) for each in _elements(right))
        case "notin":
            return not any(_equal(left, each) for each in _elements(right))
    if isinstance(left, tuple | list):
        return any(_COMPARE[operator](each, right) for each in left)
    return _COMPARE[operator](left, right)


def _elements(value: Value) -> list[Value]:
    return [*value] if isinstance(value, tuple | list) else [value]


def _equal(left: Value, right: Value) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right if isinstance(left, bool) and isinstance(right, bool) else _texts_equal(left, right)
    if left is None or right is None:
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left == right
    return _texts_equal(left, right)


def _texts_equal(left: Value, right: Value) -> bool:
    """Text, and what is written like it: PowerShell's `True` is equal to 'true'."""
    if left is None or right is None:
        return False
    return _text(left).casefold() == _text(right).casefold()


def _text(value: Value) -> str:
    match value:
        case str() | bool() | int() | float():
            return str(value)
        case Record() if value.shape.stands_for is not None:
            return _text(value.properties[value.shape.stands_for])
        case Record() if value.shape.hidden >= value.shape.properties.keys():
            return value.shape.name
        case None:
            return ""
    raise ValueMistyped(parameter="A comparison", wanted="plain values", given=describe(value))


def _like(left: Value, right: Value) -> bool:
    return fnmatchcase(_text(left).casefold(), _text(right).casefold())


def _less(left: Value, right: Value) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left.casefold() < right.casefold()
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left < right
    fault = right if isinstance(right, Table | Record) or right is None else left
    raise ValueMistyped(parameter="A comparison", wanted="two texts or two numbers", given=describe(fault))


_COMPARE: Final[dict[str, Callable[[Value, Value], bool]]] = {
    "eq": _equal,
    "ne": lambda left, right: not _equal(left, right),
    "like": _like,
    "notlike": lambda left, right: not _like(left, right),
    "lt": _less,
    "gt": lambda left, right: _less(right, left),
    "le": lambda left, right: not _less(right, left),
    "ge": lambda left, right: not _less(left, right),
}
OPERATORS: Final = (*_COMPARE, "contains", "notcontains", "in", "notin")
