"""Walks through a script: variables, values, the pipe. What cmdlets do is the host's matter.

The same code walks twice, once with a host that only rehearses and once with the one that does it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol, assert_never

from comity.cli.cmdlets.bind import Evaluated, bind, check_given, from_pipe
from comity.cli.cmdlets.cmdlet import Cmdlet, Given
from comity.cli.cmdlets.conditions import Predicate
from comity.cli.cmdlets.errors import (
    CmdletUnknown,
    Located,
    PipeEnded,
    PropertyAbsent,
    VariableFixed,
    VariableUnset,
    located,
)
from comity.cli.cmdlets.kinds import ACTION
from comity.cli.cmdlets.syntax import (
    Array,
    Assignment,
    Block,
    Call,
    Command,
    Expression,
    Group,
    HashTable,
    Items,
    Literal,
    Named,
    Pipeline,
    Place,
    Script,
    Statement,
    Text,
)
from comity.cli.cmdlets.values import (
    CONSTANTS,
    Table,
    Unknown,
    Value,
    describe,
    filled_in,
    joined,
    member,
    one_value,
    set_member,
    several,
)

PREFERENCE: Final = "erroractionpreference"
"""The variable that stands for -ErrorAction where none is given."""


class Host(Protocol):
    """Does what cmdlets do, or rehearses it."""

    async def call(self, cmdlet: Cmdlet, calls: Sequence[Given]) -> list[Value]:
        """Run a cmdlet, once for each of what the pipe brought; what it returns.

        Raises:
            Located.
        """
        ...


class Walk:
    """One walk through a script. `results` are what its statements returned and no variable took."""

    def __init__(self, host: Host, cmdlets: Mapping[str, Cmdlet]) -> None:
        self.results: list[Value] = []
        self._host = host
        self._cmdlets = cmdlets
        self._variables: dict[str, Value] = dict(CONSTANTS)

    async def through(self, script: Script) -> None:
        """Statement by statement, to the first that fails.

        Raises:
            Located.
        """
        for statement in script.statements:
            self.results += await self._statement(statement)

    async def _statement(self, statement: Statement) -> list[Value]:
        match statement:
            case Assignment():
                await self._assign(statement)
                return []
            case Call():
                await self._add(statement)
                return []
            case Pipeline():
                return several(await self._value(statement))
        assert_never(statement)

    async def _assign(self, statement: Assignment) -> None:
        place = statement.place
        value = await self._value(statement.pipeline)
        with located(place.at):
            if place.variable in {"true", "false", "_", "psitem"} or (place.variable == "null" and place.members):
                raise VariableFixed(variable=place.variable)
            if place.variable == PREFERENCE and not place.members:
                action = ACTION.convert("ErrorActionPreference", value)
                value = action if isinstance(action, str) else Unknown("text")
            if statement.append:
                value = _added(self._look(place), value)
            if place.members:
                *way, last = place.members
                set_member(self._look(Place(place.at, place.variable, tuple(way))), last, value)
            elif place.variable != "null":
                self._variables[place.variable] = value

    async def _add(self, statement: Call) -> None:
        value = await self._value(statement.pipeline)
        with located(statement.at):
            target = self._look(statement.place)
            if statement.method.lower() != "add" or not isinstance(target, list | Unknown):
                raise PropertyAbsent(of=describe(target), member=f"{statement.method}()")
            if isinstance(target, list):
                target[:] = joined([*target, value])

    async def _value(self, pipeline: Pipeline) -> Value:
        """What a variable gets: a value as it is, results as PowerShell hands them over."""
        if not pipeline.others and not isinstance(pipeline.first, Command):
            return await self._expression(pipeline.first)
        if isinstance(pipeline.first, Command):
            stream = await self._command(pipeline.first, None, last=not pipeline.others)
        else:
            stream = several(await self._expression(pipeline.first))
        for number, command in enumerate(pipeline.others, 1):
            stream = await self._command(command, stream, last=number == len(pipeline.others))
        return one_value(stream)

    async def _command(self, command: Command, brought: list[Value] | None, *, last: bool) -> list[Value]:
        cmdlet = self._cmdlets.get(command.name.lower())
        if cmdlet is None:
            raise Located(command.at, CmdletUnknown(cmdlet=command.name))
        if cmdlet.layout and not last:
            raise Located(command.at, PipeEnded(cmdlet=cmdlet.name))
        arguments = [
            each if isinstance(each, Named) else Evaluated(each.at, await self._expression(each))
            for each in command.arguments
        ]
        given = bind(cmdlet, command.at, arguments)
        if PREFERENCE in self._variables and "ErrorAction" not in given:
            given = given.with_values({"ErrorAction": self._variables[PREFERENCE]})
        if cmdlet.arrange is not None:
            check_given(cmdlet, given)
            with located(command.at):
                return cmdlet.arrange(given, brought or [])
        calls = [given] if brought is None else [from_pipe(cmdlet, given, each) for each in brought]
        for each in calls:
            check_given(cmdlet, each)
        return await self._host.call(cmdlet, calls)

    async def _expression(self, expression: Expression) -> Value:
        match expression:
            case Literal():
                return expression.value
            case Text():
                with located(expression.at):
                    pieces = [each if isinstance(each, str) else self._look(each) for each in expression.pieces]
                    return filled_in(pieces, "The text")
            case Place():
                with located(expression.at):
                    return self._look(expression)
            case Items():
                values = [await self._expression(each) for each in expression.items]
                with located(expression.at):
                    return joined(values)
            case Group():
                return _members(await self._value(expression.pipeline), expression)
            case Array():
                return _members(await self._array(expression), expression)
            case HashTable():
                return await self._table(expression)
            case Block():
                return Predicate(expression.condition, self._look, placed=True)
        assert_never(expression)

    async def _array(self, expression: Array) -> tuple[Value, ...]:
        values: list[Value] = []
        for statement in expression.statements:
            values += await self._statement(statement)
        with located(expression.at):
            return joined(values)

    async def _table(self, expression: HashTable) -> Table:
        entries: dict[str, Value] = {}
        for key, pipeline in expression.entries:
            name = await self._expression(key)
            entries[str(name)] = await self._value(pipeline)
        return Table(entries)

    def _look(self, place: Place) -> Value:
        """What is in a variable, or in a member of it.

        Raises:
            VariableUnset, PropertyAbsent.
        """
        if place.variable not in self._variables:
            raise VariableUnset(variable=place.variable)
        value = self._variables[place.variable]
        for name in place.members:
            value = member(value, name)
        return value


def _members(value: Value, expression: Group | Array) -> Value:
    with located(expression.at):
        for name in expression.members:
            value = member(value, name)
    return value


def _added(old: Value, new: Value) -> Value:
    """`+=`: texts are joined, numbers added, lists lengthened.

    Raises:
        ValueMistyped, TooLong.
    """
    match old, new:
        case None, _:
            return new
        case (Unknown(), _) | (str() | int() | float(), Unknown()):
            return Unknown()
        case str(), _:
            return filled_in([old, new], "The text")
        case ((int() | float()), (int() | float())):
            return old + new
    return joined([old, new])
