"""The nouns of a mapping: which target attribute takes what, and when (provisioning §5.2, §5.3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from comity.directory.extensions import Extension
from comity.directory.model import Attribute

Field: TypeAlias = Attribute | Extension
"""What a mapping reads or writes."""


class Flow(Enum):
    """When a row is applied (Graph `flowType`)."""

    ALWAYS = "Always"
    ON_CREATION = "ObjectAddOnly"
    IF_EMPTY = "AttributeAddOnly"
    """Only where the target has no value."""


class Behavior(Enum):
    """Which looks count (Graph `flowBehavior`).

    A look brings everything in line that follows from the source, so the two differ for expressions only
    that give the same person another value each time: those flow at creation, or with `FLOW_ALWAYS` at each look.
    """

    WHEN_CHANGED = "FlowWhenChanged"
    ALWAYS = "FlowAlways"


@dataclass(frozen=True, slots=True)
class Direct:
    """The target attribute takes the source's value."""

    attribute: Field


@dataclass(frozen=True, slots=True)
class Constant:
    """The target attribute takes a fixed value."""

    value: str | bool


@dataclass(frozen=True, slots=True)
class Expression:
    """The target attribute takes what an expression makes of the person (provisioning §6)."""

    text: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """The target attribute is left alone; if it is empty, it takes the default."""


@dataclass(frozen=True, slots=True)
class MappingRow:
    """One row of the attribute mapping."""

    target: Field
    source: Direct | Constant | Expression | Nothing
    flow: Flow = Flow.ALWAYS
    behavior: Behavior = Behavior.WHEN_CHANGED
    default: str | bool | None = None
    """What a new account takes where the source has nothing; never written later."""
    clears: bool = False
    """The row's half of the opt-in to null flow: nothing at the source empties the target (D-15)."""


@dataclass(frozen=True, slots=True)
class AttributeMapping:
    """Everything that one job maps: at most one row per target attribute."""

    rows: tuple[MappingRow, ...]
    clearing: frozenset[str] = frozenset()
    """The source's half of the opt-in to null flow: names of source attributes whose absence may flow."""


A: Final = Attribute
DEFAULT_MAPPING: Final = (
    *(
        MappingRow(each, Direct(each))
        for each in (
            A.ACCOUNT_ENABLED, A.STREET_ADDRESS, A.CITY, A.STATE, A.POSTAL_CODE, A.COUNTRY, A.DEPARTMENT, A.EMPLOYEE_ID,
            A.DISPLAY_NAME, A.GIVEN_NAME, A.JOB_TITLE, A.MAIL_NICKNAME, A.MANAGER_ID, A.OFFICE_LOCATION,
            A.PREFERRED_LANGUAGE, A.SURNAME, A.BUSINESS_PHONE, A.USER_PRINCIPAL_NAME,
        )
    ),
    MappingRow(A.SHOW_IN_ADDRESS_LIST, Constant(value=True)),
    MappingRow(A.MAIL, Direct(A.MAIL), Flow.ON_CREATION),
    MappingRow(A.USER_TYPE, Constant("Member"), Flow.ON_CREATION),
)  # fmt: skip
"""Rows 3 to 23 of provisioning §5.2; matching (row 1) and soft deletion (row 2) are the engine's own."""

DEFAULT: Final = AttributeMapping(DEFAULT_MAPPING)
