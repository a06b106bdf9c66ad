"""Looks at a filter before it is saved: whatever is wrong with it is said now, so that it never fails for a person."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from comity.sync.expressions.dotnet_reader import PatternError
from comity.sync.expressions.parsing import nearest
from comity.sync.expressions.patterns import Pattern, compile_pattern
from comity.sync.scoping.model import (
    PATTERNS,
    WHOLE,
    Clause,
    ClauseGroup,
    FilterOperator,
    FilterPatternRefused,
    MisspelledOperator,
    OperandMissing,
    OperandNotWanted,
    OperandNotWhole,
    OperandsTooMany,
    ScopingFilter,
    UnsupportedAttribute,
    UnsupportedOperator,
)


class AttributeKind(Enum):
    """What matters about an attribute here; `SINGLE` is any with one value that is no date and no reference."""

    SINGLE = "single-valued"
    MULTIVALUED = "multi-valued"
    DATE = "date"
    REFERENCE = "reference"


NOT_ALLOWED: Final[Mapping[str, AttributeKind]] = {
    **dict.fromkeys(("manager", "members", "memberOf", "owners", "directReports"), AttributeKind.REFERENCE),
    **dict.fromkeys(
        (
            "appRoleAssignments", "assignedLicenses", "assignedPlans", "businessPhones", "identities", "imAddresses",
            "interests", "otherMails", "pastProjects", "provisionedPlans", "proxyAddresses", "responsibilities",
            "schools", "skills",
        ),
        AttributeKind.MULTIVALUED,
    ),
    **dict.fromkeys(
        (
            "accountExpires", "badPasswordTime", "birthday", "employeeHireDate", "hireDate", "lastLogoff", "lastLogon",
            "lastLogonTimestamp", "lockoutTime", "pwdLastSet", "whenChanged", "whenCreated",
        ),
        AttributeKind.DATE,
    ),
}  # fmt: skip
"""Attributes of the directory that filters can not be built on, besides `userType` and those that are dates by name."""

_EXTENSION: Final = "extension_"
_WHOLE_NUMBER: Final = re.compile(r"-?[0-9]{1,40}")
_BY_NAME: Final = {each.value.replace("_", " ").casefold(): each for each in FilterOperator}


@dataclass(frozen=True, slots=True)
class CheckedClause:
    """A clause that can be asked; `operand` is None for unary operators, `pattern` there for regular expressions."""

    clause: Clause
    operator: FilterOperator
    operand: str | None
    pattern: Pattern | None = None


@dataclass(frozen=True, slots=True)
class CheckedGroup:
    """A group whose clauses can all be asked."""

    title: str
    clauses: tuple[CheckedClause, ...]


@dataclass(frozen=True, slots=True)
class CheckedFilter:
    """A filter that can be saved."""

    groups: tuple[CheckedGroup, ...]
    input_groups: tuple[CheckedGroup, ...]


def check_filter(given: ScopingFilter, kinds: Mapping[str, AttributeKind] | None = None) -> CheckedFilter:
    """Look at every clause.

    `kinds` says more about attributes than is known anyway, above all about directory extensions.

    Raises:
        FilterError: a clause can not be asked; names group and clause, and what to mend.
    """
    known = {**NOT_ALLOWED, **(kinds or {})}
    return CheckedFilter(
        tuple(_checked_group(group, at, known) for at, group in enumerate(given.groups, 1)),
        tuple(_checked_group(group, at, known) for at, group in enumerate(given.input_groups, 1)),
    )


def whole_number(text: str) -> int | None:
    """The whole number that a text is; None for any other."""
    return int(text) if _WHOLE_NUMBER.fullmatch(text) else None


def _checked_group(group: ClauseGroup, at: int, kinds: Mapping[str, AttributeKind]) -> CheckedGroup:
    return CheckedGroup(
        group.title,
        tuple(
            _checked(clause, {"group": at, "clause": number, "title": group.title}, kinds)
            for number, clause in enumerate(group.clauses, 1)
        ),
    )


def _checked(clause: Clause, place: Mapping[str, object], kinds: Mapping[str, AttributeKind]) -> CheckedClause:
    operator = _operator(clause, place)
    _check_attribute(clause, place, kinds)
    given = [each for each in clause.operands if each]
    if operator.is_unary:
        if given:
            raise OperandNotWanted(operator=operator.value, **place)
        return CheckedClause(clause, operator, None)
    if not given:
        raise OperandMissing(operator=operator.value, **place)
    if len(given) > 1:
        raise OperandsTooMany(operator=operator.value, given=len(given), **place)
    operand = given[0]
    if operator in WHOLE and whole_number(operand) is None:
        raise OperandNotWhole(operator=operator.value, operand=operand, **place)
    pattern = _pattern(operand, place) if operator in PATTERNS else None
    return CheckedClause(clause, operator, operand, pattern)


def _operator(clause: Clause, place: Mapping[str, object]) -> FilterOperator:
    """By its name in any case; a blank and `_` are alike (D-7)."""
    name = " ".join(clause.operator.replace("_", " ").split()).casefold()
    if name in _BY_NAME:
        return _BY_NAME[name]
    meant = nearest(name, _BY_NAME)
    if meant and name != "ismemberof":
        raise MisspelledOperator(operator=clause.operator, suggestion=_BY_NAME[meant].value, **place)
    raise UnsupportedOperator(operator=clause.operator, known=[each.value for each in FilterOperator], **place)


def _check_attribute(clause: Clause, place: Mapping[str, object], kinds: Mapping[str, AttributeKind]) -> None:
    name = clause.attribute
    kind = kinds.get(name, AttributeKind.SINGLE)
    if (
        kind is AttributeKind.SINGLE
        and name not in kinds
        and not name.startswith(_EXTENSION)
        and name.endswith("DateTime")
    ):
        kind = AttributeKind.DATE
    if kind is not AttributeKind.SINGLE:
        raise UnsupportedAttribute(attribute=name, reason=kind.value, **place)
    if name == "userType":
        raise UnsupportedAttribute(attribute=name, reason="set by the mapping", **place)


def _kind_by_name(name: str) -> AttributeKind:
    """The directory names its dates so; what a tenant calls an extension says nothing."""
    is_date = name.endswith(("Date", "DateTime")) and not name.startswith(_EXTENSION)
    return AttributeKind.DATE if is_date else AttributeKind.SINGLE


def _pattern(operand: str, place: Mapping[str, object]) -> Pattern:
    try:
        return compile_pattern(operand)
    except PatternError as wrong:
        raise FilterPatternRefused(reason=wrong.refusal.value, at=wrong.at, **place) from None
