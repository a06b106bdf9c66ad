"""Fits what a script writes behind a cmdlet to the cmdlet's parameters, as PowerShell does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from comity.access.errors import ConflictingParameters, ParameterRetired
from comity.cli.cmdlets.cmdlet import Cmdlet, Given, Inlet, Parameter
from comity.cli.cmdlets.conditions import Predicate
from comity.cli.cmdlets.errors import (
    Located,
    ParameterAmbiguous,
    ParameterNeeded,
    ParameterRepeated,
    ParameterUnknown,
    PipeRefused,
    ScriptWrong,
    ValueMissing,
    ValueUnplaced,
    located,
)
from comity.cli.cmdlets.kinds import CONDITION
from comity.cli.cmdlets.syntax import Named, Position
from comity.cli.cmdlets.values import Record, Shape, Unknown, Value, describe
from comity.core.errors import ComityError


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A value that stands behind a cmdlet."""

    at: Position
    value: Value


Argument = Named | Evaluated


def bind(cmdlet: Cmdlet, at: Position, arguments: Sequence[Argument]) -> Given:
    """Parameters and their values, converted; what the pipe brings comes later.

    Raises:
        Located: around what is wrong, where it is.
    """
    values: dict[str, Any] = {}
    places: dict[str, Position] = {}
    for parameter, place, value in _paired(cmdlet, arguments):
        with located(place):
            if parameter.name in values:
                raise ParameterRepeated(parameter=f"-{parameter.name}")
            values[parameter.name] = parameter.kind.convert(parameter.name, value)
            places[parameter.name] = place
    return Given(at, values, places)


def _paired(cmdlet: Cmdlet, arguments: Sequence[Argument]) -> Iterator[tuple[Parameter, Position, Value]]:
    """Each value with its parameter: named ones first, then the others by position."""
    loose: list[Evaluated] = []
    named: set[str] = set()
    index = 0
    while index < len(arguments):
        argument = arguments[index]
        index += 1
        if isinstance(argument, Evaluated):
            loose.append(argument)
            continue
        with located(argument.at):
            parameter = find_parameter(cmdlet, argument.name)
            named.add(parameter.name)
            following = arguments[index] if index < len(arguments) else None
            takes = argument.colon or parameter.kind.needs_value
            if takes and isinstance(following, Evaluated):
                index += 1
                yield parameter, following.at, following.value
            elif parameter.kind.bare and not argument.colon:
                yield parameter, argument.at, True
            else:
                raise ValueMissing(parameter=f"-{parameter.name}")
    free = sorted(
        (each for each in cmdlet.parameters if each.position is not None and each.name not in named),
        key=lambda each: each.position or 0,
    )
    for extra in loose:
        fitting = [each for each in cmdlet.parameters if each.kind is CONDITION and isinstance(extra.value, Predicate)]
        if not fitting and not free:
            raise Located(extra.at, ValueUnplaced(cmdlet=cmdlet.name))
        yield (fitting[0] if fitting else free.pop(0)), extra.at, extra.value


def find_parameter(cmdlet: Cmdlet, name: str) -> Parameter:
    """The parameter of that name or alias, or the only one that begins like that.

    Raises:
        ParameterUnknown, ParameterAmbiguous, ParameterRetired.
    """
    wanted = name.lower()
    every = cmdlet.every_parameter
    found = [each for each in every if wanted in {one.lower() for one in (each.name, *each.aliases)}]
    if not found:
        found = [each for each in every if each.name.lower().startswith(wanted)]
    if not found:
        own = [f"-{each.name}" for each in cmdlet.parameters if not each.retired]
        raise ParameterUnknown(cmdlet=cmdlet.name, parameter=f"-{name}", parameters=own or ["none"])
    if len(found) > 1:
        raise ParameterAmbiguous(parameter=name, candidates=[f"-{each.name}" for each in found])
    if found[0].retired:
        raise ParameterRetired(property=found[0].name)
    return found[0]


def from_pipe(cmdlet: Cmdlet, given: Given, value: Value) -> Given:
    """What the cmdlet is given when the pipe brings that.

    Raises:
        Located: it takes nothing of the kind, or was given the same by name.
    """
    inlet = _inlet(cmdlet, value)
    if inlet is None:
        raise Located(given.at, PipeRefused(cmdlet=cmdlet.name, given=describe(value)))
    brought: dict[str, Any] = {}
    whole = inlet.fresh if isinstance(value, Record) and value.fresh else None
    for name, source in [(whole, "")] if whole is not None else inlet.parameters.items():
        if name in given:
            raise Located(given.place_of(name), ParameterRepeated(parameter=f"-{name}"))
        parameter = next(each for each in cmdlet.parameters if each.name == name)
        with located(given.at):
            brought[name] = parameter.kind.convert(name, _property(value, source))
    return given.with_values(brought)


def _inlet(cmdlet: Cmdlet, value: Value) -> Inlet | None:
    match value:
        case str() | Unknown(kind="text"):
            return next((each for each in cmdlet.inlets if each.shape is None), None)
        case Record(shape=shape) | Unknown(kind=Shape() as shape):
            return next((each for each in cmdlet.inlets if _fits(each, shape)), None)
        case Unknown(kind="any" | "list"):
            return cmdlet.inlets[0] if cmdlet.inlets else None
    return None


def _fits(inlet: Inlet, shape: Shape) -> bool:
    """The right kind of object, of which Select-Object may have left some properties out."""
    if inlet.shape is None or inlet.shape.name != shape.name:
        return False
    return all(each in shape.properties for each in inlet.parameters.values())


def _property(value: Value, source: str) -> Value:
    if isinstance(value, Record) and source:
        return value.properties[source]
    return Unknown() if isinstance(value, Unknown) and source else value


def check_given(cmdlet: Cmdlet, given: Given) -> None:
    """Everything that can be known to be wrong before the cmdlet runs.

    Raises:
        Located: around what is wrong, where it is.
    """
    for together in cmdlet.exclusive:
        first, *others = [each for each in together if each in given] or [""]
        if others:
            fault = ConflictingParameters(first=f"-{first}", second=f"-{others[0]}")
            raise Located(given.place_of(others[0]), fault)
    for parameter in cmdlet.parameters:
        if parameter.mandatory and parameter.name not in given:
            raise Located(given.at, ParameterNeeded(cmdlet=cmdlet.name, parameter=f"-{parameter.name}"))
    with at_parameter(given):
        cmdlet.check(given)


class at_parameter:  # noqa: N801 - read as a word in a with statement
    """Errors from within are about the parameter whose property they name, or about the cmdlet."""

    def __init__(self, given: Given) -> None:
        self._given = given

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if not isinstance(error, ComityError):
            return
        if isinstance(error, ScriptWrong):
            raise Located(self._given.at, error) from error
        raise Located(_place(self._given, error), error) from error


def _place(given: Given, error: ComityError) -> Position:
    """Where the value stands that the error is about: its property, or the value itself."""
    for fact in ("property", "second"):
        if fact in error.parameters:
            return given.place_of(error.parameters[fact])
    facts = [each for each in error.parameters.values() if isinstance(each, str)]
    return next(
        (given.places[name] for name, value in given.values.items() if value in facts and name in given.places),
        given.at,
    )
