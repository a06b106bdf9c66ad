"""From a checked filter to a predicate: compiled once per job, asked for each of many people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Generic, TypeAlias, TypeVar

from comity.sync.expressions.compiling import Read, by_name
from comity.sync.expressions.errors import Fault
from comity.sync.expressions.tree import START
from comity.sync.expressions.values import Ignore, Value, is_empty, to_text
from comity.sync.scoping.checking import (
    AttributeKind,
    CheckedClause,
    CheckedGroup,
    check_filter,
    whole_number,
)
from comity.sync.scoping.model import FilterOperator, Multivalued, ScopingFilter

Row = TypeVar("Row")
Holds: TypeAlias = Callable[[Row], bool]


class Verdict(Enum):
    """What a filter says of a person."""

    IN_SCOPE = "in scope"
    OUT_OF_SCOPE = "out of scope"
    """Deprovision whom the filter let pass before."""
    IGNORED = "ignored"
    """Leave her as she is: she failed the input filter."""


@dataclass(frozen=True, slots=True)
class CompiledFilter(Generic[Row]):
    """A filter ready for many people.

    Asking raises EvaluationError if a pattern takes too long for a person's value: whether she is in scope is not known
    then, and to take it for "out of scope" would delete her.
    """

    attributes: frozenset[str]
    """Source attributes that it reads."""
    passes: Holds[Row]
    """Does she pass one of the groups, or are there none?"""
    verdict: Callable[[Row], Verdict]
    details: Callable[[Row], dict[str, bool]]
    """For the log: each clause as `<title>.<attribute> <OPERATOR> '<value>'`, and whether it held."""


def compile_filter(
    given: ScopingFilter, read: Read[Row], *, kinds: Mapping[str, AttributeKind] | None = None
) -> CompiledFilter[Row]:
    """Check a filter and make it a predicate; `read` gives, for an attribute's name, what reads it from a row.

    Raises:
        FilterError: as `check_filter` says.
    """
    checked = check_filter(given, kinds)
    passes, admitted = _any_group(checked.groups, read), _any_group(checked.input_groups, read)
    clauses = [
        (_shown(group.title, clause), _clause(clause, read))
        for group in (*checked.groups, *checked.input_groups)
        for clause in group.clauses
    ]

    def verdict(row: Row) -> Verdict:
        if not admitted(row):
            return Verdict.IGNORED
        return Verdict.IN_SCOPE if passes(row) else Verdict.OUT_OF_SCOPE

    return CompiledFilter(
        frozenset(
            each.clause.attribute for group in (*checked.groups, *checked.input_groups) for each in group.clauses
        ),
        passes,
        verdict,
        lambda row: {name: holds(row) for name, holds in clauses},
    )


def compile_filter_for_mappings(
    given: ScopingFilter, *, kinds: Mapping[str, AttributeKind] | None = None
) -> CompiledFilter[Mapping[str, Value]]:
    """Compile for rows that are mappings from attribute names to values; see `compile_filter`."""
    return compile_filter(given, by_name, kinds=kinds)


def _any_group(groups: tuple[CheckedGroup, ...], read: Read[Row]) -> Holds[Row]:
    compiled = tuple(tuple(_clause(clause, read) for clause in group.clauses) for group in groups)
    if not compiled:
        return lambda _row: True
    return lambda row: any(all(holds(row) for holds in clauses) for clauses in compiled)


def _shown(title: str, clause: CheckedClause) -> str:
    operand = "" if clause.operand is None else f" '{clause.operand}'"
    return f"{title}.{clause.clause.attribute} {clause.operator}{operand}"


def _clause(checked: CheckedClause, read: Read[Row]) -> Holds[Row]:
    """Null, absent and empty fail every question but IS NULL, negations included."""
    get = read(checked.clause.attribute)
    if checked.operator is FilterOperator.IS_NULL:
        return lambda row: is_empty(get(row))
    test = _test(checked)
    together = any if checked.clause.multivalued is Multivalued.ANY else all
    place = f"{checked.clause.attribute} {checked.operator}"

    def holds(row: Row) -> bool:
        value = get(row)
        if is_empty(value):
            return False
        try:
            if isinstance(value, tuple):
                return together(test(each) for each in value)
            return test(value)
        except Fault as fault:
            raise fault.at(START, place) from None

    return holds


Test: TypeAlias = Callable[[Value], bool]


def _test(checked: CheckedClause) -> Test:
    """What is asked of one value that is there."""
    if checked.pattern is not None:
        pattern, wanted = checked.pattern, checked.operator is FilterOperator.REGEX_MATCH
        return lambda value: pattern.found_in(to_text(value)) is wanted
    return _TESTS[checked.operator](checked.operand or "")


def _is_boolean(wanted: bool) -> Test:
    """Booleans may come as text (D-8)."""
    return lambda value: value is wanted or (isinstance(value, str) and value.casefold() == str(wanted).casefold())


def _greater(limit: int, *, or_equal: bool) -> Callable[[Value], bool]:
    """Both sides must be whole numbers; a value that is none is not greater."""

    def test(value: Value) -> bool:
        if isinstance(value, bool | Ignore):
            return False
        number = whole_number(to_text(value))
        return number is not None and (number > limit or (or_equal and number == limit))

    return test


_TESTS: Final[Mapping[FilterOperator, Callable[[str], Test]]] = {
    FilterOperator.IS_NOT_NULL: lambda _: lambda _value: True,
    FilterOperator.IS_TRUE: lambda _: _is_boolean(True),
    FilterOperator.IS_FALSE: lambda _: _is_boolean(False),
    FilterOperator.EQUALS: lambda operand: lambda value: to_text(value) == operand,
    FilterOperator.NOT_EQUALS: lambda operand: lambda value: to_text(value) != operand,
    FilterOperator.INCLUDES: lambda operand: lambda value: operand in to_text(value),
    FilterOperator.ENDS_WITH: lambda operand: lambda value: to_text(value).endswith(operand),
    FilterOperator.OCCURS_IN: lambda operand: lambda value: to_text(value) in operand,
    FilterOperator.OCCURS_NOT_IN: lambda operand: lambda value: to_text(value) not in operand,
    FilterOperator.GREATER_THAN: lambda operand: _greater(int(operand), or_equal=False),
    FilterOperator.GREATER_THAN_OR_EQUALS: lambda operand: _greater(int(operand), or_equal=True),
}
"""By operator and operand; IS NULL and the patterns are asked elsewhere."""
