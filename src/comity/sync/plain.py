"""Mappings that take values as they are: what of them a database can do by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from comity.directory.model import Attribute
from comity.sync.attributes import TRUTHS
from comity.sync.mapping_rows import AttributeMapping, Constant, Direct
from comity.sync.model import CARRIED

A: Final = Attribute

_KEYED: Final = frozenset({A.DISPLAY_NAME, A.GIVEN_NAME, A.SURNAME, A.MAIL, A.USER_PRINCIPAL_NAME})
"""Attributes that stored keys are made of: taken as they are, their keys are the source's."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A mapping whose every target attribute takes the source's, a constant, or nothing."""

    takes: frozenset[Attribute]
    constants: tuple[tuple[Attribute, str | bool], ...]


def plain_of(mapping: AttributeMapping) -> Plain | None:
    """The mapping as a plain one; None if it is more than that, if only by a default value."""
    takes, constants = set(), []
    for row in mapping.rows:
        if row.default is not None or row.target not in CARRIED:
            return None
        match row.source:
            case Direct(attribute) if attribute is row.target and attribute is not A.USER_TYPE:
                takes.add(attribute)
            case Constant(value) if isinstance(value, bool) == (row.target in TRUTHS):
                constants.append((row.target, value))
            case _:
                return None
    fixed = dict(constants)
    has_all = takes >= _KEYED and A.USER_TYPE in fixed and all(each in takes or each in fixed for each in TRUTHS)
    return Plain(frozenset(takes), tuple(constants)) if has_all and A.MANAGER_ID not in fixed else None
