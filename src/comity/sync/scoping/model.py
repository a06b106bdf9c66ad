"""A scoping filter: groups of clauses; clauses must all hold, of the groups one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import ClassVar, Final

from comity.core.errors import Invalid
from comity.sync.expressions.errors import Fault
from comity.sync.expressions.values import as_value, is_empty, to_text


class FilterErrorKind(StrEnum):
    """The classes of errors that other programs know (provisioning §6.5)."""

    UNSUPPORTED_OPERATOR = "unsupported_operator"
    UNSUPPORTED_ATTRIBUTE = "unsupported_attribute"
    BAD_OPERAND = "bad_operand"
    REGEX = "regex"


class FilterError(Invalid):
    """A filter can not be saved as it is; `group` and `clause` count from 1, `title` is the group's."""

    code = "scoping-filter-invalid"
    kind: ClassVar[FilterErrorKind] = FilterErrorKind.BAD_OPERAND


class FilterMalformed(FilterError):
    """The document has not the form of a filter."""

    code = "scoping-filter-malformed"


class UnsupportedOperator(FilterError):
    """There is no such operator, or it is not supported for scopes."""

    code = "scoping-unsupported-operator"
    kind = FilterErrorKind.UNSUPPORTED_OPERATOR


class MisspelledOperator(UnsupportedOperator):
    """There is an operator of nearly that name."""

    code = "scoping-misspelled-operator"


class UnsupportedAttribute(FilterError):
    """Filters can not be built on this attribute."""

    code = "scoping-unsupported-attribute"
    kind = FilterErrorKind.UNSUPPORTED_ATTRIBUTE


class OperandMissing(FilterError):
    """The operator compares with a value, and there is none."""

    code = "scoping-operand-missing"


class OperandNotWanted(FilterError):
    """The operator looks at the attribute alone, and a value was given."""

    code = "scoping-operand-not-wanted"


class OperandsTooMany(FilterError):
    """The operator compares with one value, and several were given."""

    code = "scoping-operands-too-many"


class OperandNotWhole(FilterError):
    """The operator compares whole numbers, and the value is none."""

    code = "scoping-operand-not-whole"


class FilterPatternRefused(FilterError):
    """A regular expression that can not be used."""

    code = "scoping-pattern-refused"
    kind = FilterErrorKind.REGEX


class FilterOperator(StrEnum):
    """What a clause asks of an attribute; the value is the wire name."""

    EQUALS = "EQUALS"
    NOT_EQUALS = "NOT EQUALS"
    IS_NULL = "IS NULL"
    IS_NOT_NULL = "IS NOT NULL"
    IS_TRUE = "IS TRUE"
    IS_FALSE = "IS FALSE"
    REGEX_MATCH = "REGEX MATCH"
    NOT_REGEX_MATCH = "NOT REGEX MATCH"
    GREATER_THAN = "GREATER_THAN"
    GREATER_THAN_OR_EQUALS = "GREATER_THAN_OR_EQUALS"
    INCLUDES = "INCLUDES"
    ENDS_WITH = "ENDS_WITH"
    OCCURS_IN = "&"
    OCCURS_NOT_IN = "!&"

    @property
    def is_unary(self) -> bool:
        """Does it look at the attribute alone?"""
        return self in UNARY


UNARY: Final = frozenset(
    {FilterOperator.IS_NULL, FilterOperator.IS_NOT_NULL, FilterOperator.IS_TRUE, FilterOperator.IS_FALSE}
)
WHOLE: Final = frozenset({FilterOperator.GREATER_THAN, FilterOperator.GREATER_THAN_OR_EQUALS})
PATTERNS: Final = frozenset({FilterOperator.REGEX_MATCH, FilterOperator.NOT_REGEX_MATCH})


class Multivalued(Enum):
    """Of an attribute with several values, must all pass or one? (`multivaluedComparisonType`)"""

    ALL = "All"
    ANY = "Any"


@dataclass(frozen=True, slots=True)
class Clause:
    """One question about one attribute; the names are as they were written until `checking` has seen them."""

    attribute: str
    operator: str
    operands: tuple[str, ...] = ()
    multivalued: Multivalued = Multivalued.ALL


@dataclass(frozen=True, slots=True)
class ClauseGroup:
    """Clauses that must all hold; the title is free text and appears only in logs."""

    clauses: tuple[Clause, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class ScopingFilter:
    """Who is offered: one of `groups` must pass; none at all lets everybody pass.

    A person who fails `input_groups` is left as she is, neither provisioned nor deprovisioned.
    """

    groups: tuple[ClauseGroup, ...] = ()
    input_groups: tuple[ClauseGroup, ...] = ()


EVERYBODY: Final = ScopingFilter()


def read_filter(document: object) -> ScopingFilter:
    """Read the wire form (Graph `filter`); None is the filter that lets everybody pass.

    Raises:
        FilterMalformed: a part has not the form that it should have; `part` says which.
    """
    if document is None:
        return EVERYBODY
    given = _object(document, "filter")
    if _list(given.get("categoryFilterGroups"), "categoryFilterGroups"):
        raise FilterMalformed(part="categoryFilterGroups", wanted="empty")
    return ScopingFilter(
        tuple(_group(each) for each in _list(given.get("groups"), "groups")),
        tuple(_group(each) for each in _list(given.get("inputFilterGroups"), "inputFilterGroups")),
    )


def _group(document: object) -> ClauseGroup:
    given = _object(document, "group")
    title = given.get("name")
    if title is not None and not isinstance(title, str):
        raise FilterMalformed(part="name", wanted="a text")
    return ClauseGroup(tuple(_clause(each) for each in _list(given.get("clauses"), "clauses")), title or "")


def _clause(document: object) -> Clause:
    given = _object(document, "clause")
    operand = given.get("targetOperand")
    values = [] if operand is None else _list(_object(operand, "targetOperand").get("values"), "values")
    try:
        multivalued = Multivalued(given.get("multivaluedComparisonType") or "All")
    except ValueError:
        raise FilterMalformed(part="multivaluedComparisonType", wanted="All or Any") from None
    return Clause(
        _text(given.get("sourceOperandName"), "sourceOperandName"),
        _text(given.get("operatorName"), "operatorName"),
        tuple(_operand(each) for each in values),
        multivalued,
    )


def _operand(value: object) -> str:
    try:
        known = as_value(value)
        return "" if is_empty(known) else to_text(known)
    except Fault:
        raise FilterMalformed(part="values", wanted="texts") from None


def _text(value: object, part: str) -> str:
    if not isinstance(value, str) or not value:
        raise FilterMalformed(part=part, wanted="a text")
    return value


def _list(value: object, part: str) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise FilterMalformed(part=part, wanted="a list")
    return value


def _object(value: object, part: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise FilterMalformed(part=part, wanted="an object")
    return value
