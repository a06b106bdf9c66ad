"""Functions that decide themselves what to evaluate, or what their arguments mean: IIF, Switch, Replace and others.

Branches that are not taken are not evaluated (D-29): a date that can not be read does no harm in the other branch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from comity.sync.expressions import date_formats
from comity.sync.expressions.calls import Run, eager, situated
from comity.sync.expressions.errors import (
    AllTaken,
    ArgumentMissing,
    ArityError,
    Fault,
    MisplacedFunction,
    NoReplaceMode,
    PairsNeeded,
)
from comity.sync.expressions.functions import Context
from comity.sync.expressions.replacing import (
    PARAMETERS,
    Mode,
    group_of,
    group_of_attribute,
    pattern_for,
    replace_group,
    replace_in_template,
    replace_old,
    replace_pattern,
)
from comity.sync.expressions.tree import Argument, Bareword, Call, Constant, Omitted, Word, children
from comity.sync.expressions.values import Value, is_empty, to_boolean, to_text

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Scene(Generic[Row]):
    """A call that is being compiled, and its arguments, which are compiled already."""

    call: Call
    arguments: Sequence[Run[Row]]

    def optional(self, at: int) -> Run[Row]:
        """An argument, or null beyond the last one."""
        return self.arguments[at] if at < len(self.arguments) else lambda _row, _context: None


def check_count(call: Call, least: int, most: int | None) -> None:
    """Raises ArityError unless the call has as many arguments as it needs and may have."""
    given = len(call.arguments)
    if given < least or (most is not None and given > most):
        raise ArityError(
            line=call.place.line, column=call.place.column, function=call.name, given=given, takes=_counted(least, most)
        )
    for at in range(least):
        check_given(call, at)


def check_given(call: Call, at: int) -> None:
    """Raises ArgumentMissing if a required argument is an empty place between commas."""
    if isinstance(call.arguments[at], Omitted):
        raise ArgumentMissing(line=call.place.line, column=call.place.column, function=call.name, position=at + 1)


def _counted(least: int, most: int | None) -> str:
    if most is None:
        return f"{least} or more"
    return str(least) if least == most else f"{least} to {most}"


class _Decision(Generic[Row]):
    """IIF; in a branch it may be followed by the next one, and so for as long as the chain is, without recursing."""

    __slots__ = ("_call", "_condition", "_if_false", "_if_true")

    def __init__(self, scene: Scene[Row]) -> None:
        self._call = scene.call
        self._condition, self._if_true, self._if_false = scene.arguments

    def __call__(self, row: Row, context: Context) -> Value:
        here = self
        while True:
            value = here._condition(row, context)
            branch = here._if_true if value is True or here._holds(value) else here._if_false
            if not isinstance(branch, _Decision):
                return branch(row, context)
            here = branch

    def _holds(self, value: Value) -> bool:
        """Null and empty fail the check (documented); anything but a boolean is a fault."""
        try:
            return not is_empty(value) and to_boolean(value)
        except Fault as fault:
            raise fault.at(self._call.place, self._call.name) from None


def _iif(scene: Scene[Row]) -> Run[Row]:
    check_count(scene.call, 3, 3)
    _check_condition(scene.call, scene.call.arguments[0])
    return _Decision(scene)


_MARKERS: Final = frozenset({Bareword.IGNORE_ATTRIBUTE_FLOW, Bareword.IGNORE_OBJECT_FLOW})


def _check_condition(call: Call, condition: Argument) -> None:
    """The ignore marker is a result and never part of a condition: the whole IIF is wrapped instead."""
    for part in (condition, *children(condition)) if not isinstance(condition, Call) else (condition,):
        if (isinstance(part, Call) and part.name == "IgnoreFlowIfNullOrEmpty") or (
            isinstance(part, Word) and part.word in _MARKERS
        ):
            name = part.name if isinstance(part, Call) else part.word.value
            raise MisplacedFunction(
                line=part.place.line,
                column=part.place.column,
                function=name,
                rule=f"not as the condition of {call.name}",
            )


def _switch(scene: Scene[Row]) -> Run[Row]:
    call = scene.call
    check_count(call, 1, None)
    if len(call.arguments) % 2:
        raise PairsNeeded(line=call.place.line, column=call.place.column, function=call.name, given=len(call.arguments))
    if len(call.arguments) < 4:
        check_count(call, 4, None)
    for at in range(2, len(call.arguments)):
        check_given(call, at)
    source_node = call.arguments[0]
    if isinstance(source_node, Call) and source_node.name in {"IsNull", "IsNullOrEmpty", "IsPresent"}:
        raise MisplacedFunction(
            line=source_node.place.line,
            column=source_node.place.column,
            function=source_node.name,
            rule=f"not as the source of {call.name}",
        )
    key_nodes = call.arguments[2::2]
    keys, values = scene.arguments[2::2], scene.arguments[3::2]
    key_of, default = eager(call, _key, scene.arguments[:1]), scene.arguments[1]
    if all(isinstance(key, Constant) for key in key_nodes):
        known = [_key(key.value) for key in key_nodes if isinstance(key, Constant)]
        return _switch_on_constants(known, values, key_of, default)
    return _switch_on_any([eager(call, _key, [key]) for key in keys], values, key_of, default)


def _switch_on_constants(
    keys: Sequence[str], values: Sequence[Run[Row]], key_of: Run[Row], default: Run[Row]
) -> Run[Row]:
    by_key: dict[Value, Run[Row]] = {}
    for key, value in zip(keys, values, strict=True):
        by_key.setdefault(key, value)
    return lambda row, context: by_key.get(key_of(row, context), default)(row, context)


def _switch_on_any(
    keys: Sequence[Run[Row]], values: Sequence[Run[Row]], key_of: Run[Row], default: Run[Row]
) -> Run[Row]:
    pairs = tuple(zip(keys, values, strict=True))

    def run(row: Row, context: Context) -> Value:
        wanted = key_of(row, context)
        for key, value in pairs:
            if key(row, context) == wanted:
                return value(row, context)
        return default(row, context)

    return run


def _key(value: Value) -> str:
    return "" if is_empty(value) else to_text(value)


def _coalesce(scene: Scene[Row]) -> Run[Row]:
    check_count(scene.call, 1, None)
    *sources, last = scene.arguments

    def run(row: Row, context: Context) -> Value:
        for source in sources:
            value = source(row, context)
            if not is_empty(value):
                return value
        return last(row, context)

    return run


def _select_unique_value(scene: Scene[Row]) -> Run[Row]:
    check_count(scene.call, 2, None)
    for at in range(len(scene.call.arguments)):
        check_given(scene.call, at)
    rules, place, name = scene.arguments, scene.call.place, scene.call.name

    def run(row: Row, context: Context) -> Value:
        tried = 0
        for rule in rules:
            value = rule(row, context)
            if is_empty(value):
                continue
            try:
                if not context.is_taken(to_text(value)):
                    return value
            except Fault as fault:
                raise fault.at(place, name) from None
            tried += 1
        if tried:
            raise Fault(AllTaken, tried=tried).at(place, name)
        return None

    return run


def _format_date_time(scene: Scene[Row]) -> Run[Row]:
    """With four arguments the styles come second, with three there are none."""
    given = len(scene.call.arguments)
    check_count(scene.call, 3 if given < 4 else 1, 4)
    if given < 4:
        source, read_as, write_as = scene.arguments
        styles = scene.optional(given)
    else:
        check_given(scene.call, 2)
        source, styles, read_as, write_as = scene.arguments
    return situated(scene.call, _reformatted, [source, read_as, write_as, styles], required=3)


def _reformatted(context: Context, source: Value, read_as: Value, write_as: Value, styles: Value) -> str:
    return date_formats.convert(source, styles, read_as, write_as, today=context.now)


def _replace(scene: Scene[Row]) -> Run[Row]:
    call = scene.call
    check_count(call, 1, 1 + len(PARAMETERS))
    given = dict(zip(PARAMETERS, call.arguments[1:], strict=False))
    present = frozenset(name for name, node in given.items() if _is_present(name, node))
    try:
        mode = Mode(present)
    except ValueError:
        raise NoReplaceMode(
            line=call.place.line, column=call.place.column, function=call.name, given=sorted(present)
        ) from None
    _check_pattern(call, given)
    chosen = [run for name, run in zip(PARAMETERS, scene.arguments[1:], strict=False) if name in present]
    return eager(call, _REPLACERS[mode], [scene.arguments[0], *chosen])


_REPLACERS: Final[dict[Mode, Callable[..., Value]]] = {
    Mode.OLD_BY_VALUE: replace_old,
    Mode.OLD_IN_TEMPLATE: replace_in_template,
    Mode.PATTERN_BY_VALUE: replace_pattern,
    Mode.GROUP_BY_VALUE: replace_group,
    Mode.GROUP_OF_ATTRIBUTE: group_of_attribute,
}


def _is_present(name: str, node: Argument) -> bool:
    """An empty text is an argument only as the value; elsewhere it stands for one that is omitted (D-30)."""
    return not isinstance(node, Omitted) and (name == "value" or node != Constant(""))


def _check_pattern(call: Call, given: dict[str, Argument]) -> None:
    """Look at a pattern, and the group's name, that are written in the expression."""
    pattern, group = given.get("regex"), given.get("group")
    if not isinstance(pattern, Constant) or not _is_present("regex", pattern):
        return
    try:
        compiled = pattern_for(to_text(pattern.value))
        if isinstance(group, Constant) and _is_present("group", group):
            group_of(compiled, to_text(group.value))
    except Fault as fault:
        raise fault.at(pattern.place, call.name) from None


@dataclass(frozen=True, slots=True)
class Form:
    """A function that compiles its own call."""

    build: Callable[[Scene[Row]], Run[Row]]


FORMS: Final[dict[str, Form]] = {
    "Coalesce": Form(_coalesce),
    "FormatDateTime": Form(_format_date_time),
    "IIF": Form(_iif),
    "Replace": Form(_replace),
    "SelectUniqueValue": Form(_select_unique_value),
    "Switch": Form(_switch),
}
