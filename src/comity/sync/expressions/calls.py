"""Calls of functions whose arguments are all evaluated first: one short closure each, because this is the hot path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

from comity.sync.expressions.errors import Fault
from comity.sync.expressions.functions import Context
from comity.sync.expressions.tree import Call
from comity.sync.expressions.values import Value

Row = TypeVar("Row")
Run: TypeAlias = Callable[[Row, Context], Value]


def eager(call: Call, function: Callable[..., Value], arguments: Sequence[Run[Row]], *, required: int = 0) -> Run[Row]:
    """What evaluates the arguments and calls the function; faults are given the place of the call.

    Null in one of the first `required` arguments gives null, and the function is not asked.
    """
    if len(arguments) == 1:
        return _of_one(call, function, arguments[0], null_out=required > 0)
    if len(arguments) == 2:
        return _of_two(call, function, arguments[0], arguments[1], required)
    place, name = call.place, call.name

    def run(row: Row, context: Context) -> Value:
        values = [argument(row, context) for argument in arguments]
        if required and None in values[:required]:
            return None
        try:
            return function(*values)
        except Fault as fault:
            raise fault.at(place, name) from None

    return run


def _of_one(call: Call, function: Callable[..., Value], argument: Run[Row], *, null_out: bool) -> Run[Row]:
    place, name = call.place, call.name

    def run(row: Row, context: Context) -> Value:
        value = argument(row, context)
        if null_out and value is None:
            return None
        try:
            return function(value)
        except Fault as fault:
            raise fault.at(place, name) from None

    return run


def _of_two(call: Call, function: Callable[..., Value], first: Run[Row], second: Run[Row], required: int) -> Run[Row]:
    place, name = call.place, call.name

    def run(row: Row, context: Context) -> Value:
        one, other = first(row, context), second(row, context)
        if (one is None and required) or (other is None and required > 1):
            return None
        try:
            return function(one, other)
        except Fault as fault:
            raise fault.at(place, name) from None

    return run


def situated(
    call: Call, function: Callable[..., Value], arguments: Sequence[Run[Row]], *, required: int = 0
) -> Run[Row]:
    """The same for a function that looks at the context, which it gets first."""
    place, name = call.place, call.name

    def run(row: Row, context: Context) -> Value:
        values = [argument(row, context) for argument in arguments]
        if required and None in values[:required]:
            return None
        try:
            return function(context, *values)
        except Fault as fault:
            raise fault.at(place, name) from None

    return run
