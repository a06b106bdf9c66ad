"""Ends of a pipe: choose among results, and lay them out."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final

from comity.cli.cmdlets.cmdlet import Cmdlet, Given, Parameter
from comity.cli.cmdlets.conditions import OPERATORS, compare, truth
from comity.cli.cmdlets.errors import ParameterNeeded, PropertyAbsent, ValueMistyped
from comity.cli.cmdlets.kinds import CONDITION, NUMBER, SWITCH, TEXT, TEXTS, VALUE
from comity.cli.cmdlets.values import Record, Shape, Unknown, Value, describe, joined, member


def _where(given: Given, brought: list[Value]) -> list[Value]:
    return [each for each in brought if _passes(given, each)]


def _passes(given: Given, value: Value) -> bool:
    """Not known yet counts as yes: what follows in the pipe is to be checked as well."""
    condition = given.get("FilterScript")
    if condition is not None:
        outcome = condition.test(value, bare=False)
        return True if isinstance(outcome, Unknown) else outcome
    found = member(value, given.get("Property"))
    operator = next((each for each in OPERATORS if each in given), None)
    wanted = given.get("Value")
    if isinstance(found, Unknown) or isinstance(wanted, Unknown):
        return True
    return truth(found) if operator is None else compare(found, operator, wanted)


def _check_where(given: Given) -> None:
    if "FilterScript" not in given and "Property" not in given:
        raise ParameterNeeded(cmdlet="Where-Object", parameter="-FilterScript")
    compares = any(each in given for each in OPERATORS)
    if compares != ("Value" in given):
        raise ParameterNeeded(cmdlet="Where-Object", parameter="-Value" if compares else "-eq")


def _select(given: Given, brought: list[Value]) -> list[Value]:
    first = given.known("First")
    chosen = brought if first is None else brought[:first]
    if (name := given.get("ExpandProperty")) is not None:
        return [*joined(member(each, name) for each in chosen)]
    return chosen if "Property" not in given else [_selection(each, given.get("Property")) for each in chosen]


def _check_select(given: Given) -> None:
    if given.known("First", 0) < 0:
        raise ValueMistyped(parameter="First", wanted="a number from 0", given=str(given.get("First")))


def _list(given: Given, brought: list[Value]) -> list[Value]:
    return [_laid_out(given, each, in_table=False) for each in brought]


def _table(given: Given, brought: list[Value]) -> list[Value]:
    return [_laid_out(given, each, in_table=True) for each in brought]


def _laid_out(given: Given, value: Value, *, in_table: bool) -> Value:
    names = given.get("Property", ["*"])
    found = _selection(value, names) if isinstance(value, Record | Unknown) else value
    if isinstance(found, Record):
        found.in_table = in_table
    return found


def _selection(value: Value, names: Sequence[str] | Unknown) -> Value:
    """An object with those properties only, in their order; names may have wildcards.

    Raises:
        PropertyAbsent.
    """
    shape = value.shape if isinstance(value, Record) else value.kind if isinstance(value, Unknown) else None
    if shape in {"any", "list"} or isinstance(names, Unknown):
        return Unknown()
    if not isinstance(shape, Shape):
        raise PropertyAbsent(of=describe(value), member=", ".join(names))
    chosen = list(dict.fromkeys(each for name in names for each in _matching(shape, name)))
    smaller = Shape(shape.name, {each: shape.properties[each] for each in chosen})
    if isinstance(value, Record):
        return Record(smaller, {each: value.properties[each] for each in chosen})
    return Unknown(smaller)


def _matching(shape: Shape, name: str) -> list[str]:
    if "*" in name or "?" in name:
        return [
            each
            for each in shape.properties
            if each not in shape.hidden and fnmatchcase(each.casefold(), name.casefold())
        ]
    found = shape.find(name)
    if found is None:
        raise PropertyAbsent(of=shape.name, member=name)
    return [found]


_PROPERTIES: Final = Parameter("Property", TEXTS, "Those properties only; names may have wildcards.", position=0)

CMDLETS: Final = (
    Cmdlet(
        "Where-Object",
        "Keeps the results for which a condition holds.",
        (
            Parameter("FilterScript", CONDITION, "Such as `{$_.EnableFederationAccess -eq $true}`."),
            Parameter("Property", TEXT, "Or a property, compared with a value.", position=0),
            Parameter("Value", VALUE, "What it is compared with.", position=1),
            *(Parameter(each, SWITCH, f"Compares with `-{each}`.") for each in OPERATORS),
        ),
        aliases=("where", "?"),
        exclusive=(("FilterScript", "Property"), OPERATORS),
        check=_check_where,
        arrange=_where,
    ),
    Cmdlet(
        "Select-Object",
        "Keeps some properties, the values of one, or the first results.",
        (
            _PROPERTIES,
            Parameter("ExpandProperty", TEXT, "The values of this property instead of the objects."),
            Parameter("First", NUMBER, "At most so many."),
        ),
        aliases=("select",),
        exclusive=(("Property", "ExpandProperty"),),
        check=_check_select,
        arrange=_select,
    ),
    Cmdlet(
        "Format-List",
        "Lays the results out as lists of properties.",
        (_PROPERTIES,),
        aliases=("fl",),
        layout=True,
        arrange=_list,
    ),
    Cmdlet(
        "Format-Table",
        "Lays the results out as a table.",
        (
            _PROPERTIES,
            Parameter("AutoSize", SWITCH, "Without effect: columns are as wide as they need."),
            Parameter("Wrap", SWITCH, "Without effect: nothing is cut off."),
        ),
        aliases=("ft",),
        layout=True,
        arrange=_table,
    ),
)
