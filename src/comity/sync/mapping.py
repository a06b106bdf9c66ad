"""From the values of a home account to those of the account that stands for it elsewhere.

A mapping is compiled once per job and target and applied to thousands of rows; the inner step is one
tuple concatenation and one `itemgetter`, no object per field.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Final

from comity.directory.decide import mangled_upn
from comity.directory.model import Attribute
from comity.sync.model import CARRIED, FIRST_CARRIED, Constant, Direct, Flow, MangledUpn, MappingRow, Person, Values

A: Final = Attribute
DEFAULT_MAPPING: Final = (
    *(
        MappingRow(each, Direct(each))
        for each in (
            A.ACCOUNT_ENABLED, A.STREET_ADDRESS, A.CITY, A.STATE, A.POSTAL_CODE, A.COUNTRY, A.DEPARTMENT, A.EMPLOYEE_ID,
            A.DISPLAY_NAME, A.GIVEN_NAME, A.JOB_TITLE, A.MAIL_NICKNAME, A.MANAGER_ID, A.OFFICE_LOCATION,
            A.PREFERRED_LANGUAGE, A.SURNAME, A.BUSINESS_PHONE,
        )
    ),
    MappingRow(A.USER_PRINCIPAL_NAME, MangledUpn()),
    MappingRow(A.SHOW_IN_ADDRESS_LIST, Constant(value=True)),
    MappingRow(A.MAIL, Direct(A.MAIL), Flow.ON_CREATION),
    MappingRow(A.USER_TYPE, Constant("Member"), Flow.ON_CREATION),
)  # fmt: skip
"""Rows 3 to 23 of provisioning §5.2; matching (row 1) and soft deletion (row 2) are the engine's own."""

_UNMAPPED: Final[dict[Attribute, str | bool]] = {
    A.USER_TYPE: "Member",
    A.ACCOUNT_ENABLED: True,
    A.SHOW_IN_ADDRESS_LIST: False,
}
"""What a new account has where no row says otherwise."""


class CompiledMapping:
    """A mapping ready for many people.

    `always` is the bit set of attributes that flow on every change, `read` that of source
    attributes whose change matters.
    """

    def __init__(self, rows: Sequence[MappingRow], *, target_domain: str) -> None:
        self._domain = target_domain
        by_target = {row.target: row for row in rows}
        constants: list[object] = []
        upn_at = len(Person._fields)
        places: list[int] = []
        for attribute in CARRIED:
            row = by_target.get(attribute)
            match row.source if row else Constant(_UNMAPPED[attribute]) if attribute in _UNMAPPED else None:
                case Direct(source):
                    places.append(FIRST_CARRIED + source.value)
                case MangledUpn():
                    places.append(upn_at)
                case Constant(value):
                    constants.append(value)
                    places.append(upn_at + len(constants))
                case None:
                    constants.append(None)
                    places.append(upn_at + len(constants))
        self._constants = tuple(constants)
        self._pick: Callable[[tuple[object, ...]], Values] = itemgetter(*places)
        self.always_at = tuple(
            at for at, each in enumerate(CARRIED) if each in by_target and by_target[each].flow is Flow.ALWAYS
        )
        self.pick_always: Callable[[Values], Values] = itemgetter(*self.always_at)
        self.read = sum(row.source.attribute.bit for row in by_target.values() if isinstance(row.source, Direct))
        if any(isinstance(row.source, MangledUpn) for row in by_target.values()):
            self.read |= A.USER_PRINCIPAL_NAME.bit
        self.read |= A.USER_TYPE.bit  # whatever flows: who is no member at home is not offered

    def wanted(self, person: Person) -> Values:
        """The values that the account in the target should have; None where nothing flows."""
        return self._pick((*person, mangled_upn(person.user_principal_name, self._domain), *self._constants))
