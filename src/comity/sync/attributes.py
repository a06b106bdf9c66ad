"""What attributes are called in mappings, expressions and filters, and how each is read from a person.

The names are those of the reference product's schema (provisioning §5.2): in sync an office is
`physicalDeliveryOfficeName`; Graph's `officeLocation` is understood as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from comity.directory.decide import plain_upn
from comity.directory.extensions import Extension, is_extension
from comity.directory.model import Attribute, attributes_of
from comity.sync.expressions.values import Value
from comity.sync.mapping_rows import Field
from comity.sync.model import CARRIED, FIRST_CARRIED, Person

A: Final = Attribute

NAMES: Final[Mapping[Attribute, str]] = {
    A.DISPLAY_NAME: "displayName",
    A.GIVEN_NAME: "givenName",
    A.SURNAME: "surname",
    A.MAIL_NICKNAME: "mailNickname",
    A.USER_PRINCIPAL_NAME: "userPrincipalName",
    A.MAIL: "mail",
    A.USER_TYPE: "userType",
    A.ACCOUNT_ENABLED: "accountEnabled",
    A.SHOW_IN_ADDRESS_LIST: "showInAddressList",
    A.STREET_ADDRESS: "streetAddress",
    A.CITY: "city",
    A.STATE: "state",
    A.POSTAL_CODE: "postalCode",
    A.COUNTRY: "country",
    A.COMPANY_NAME: "companyName",
    A.DEPARTMENT: "department",
    A.EMPLOYEE_ID: "employeeId",
    A.JOB_TITLE: "jobTitle",
    A.OFFICE_LOCATION: "physicalDeliveryOfficeName",
    A.PREFERRED_LANGUAGE: "preferredLanguage",
    A.USAGE_LOCATION: "usageLocation",
    A.BUSINESS_PHONE: "telephoneNumber",
    A.MOBILE_PHONE: "mobile",
    A.MANAGER_ID: "manager",
}
"""The name of each attribute that a B2B user carries; directory extensions have their own."""


def names_of(changed: int) -> list[str]:
    """The names of a bit set's attributes, in bit order; directory extensions are one."""
    return [NAMES.get(each, each.column) for each in attributes_of(changed)]


_ALSO: Final = {
    "officeLocation": A.OFFICE_LOCATION,
    "businessPhones": A.BUSINESS_PHONE,
    "mobilePhone": A.MOBILE_PHONE,
}
_BY_NAME: Final[Mapping[str, Attribute]] = {name: each for each, name in NAMES.items()} | _ALSO

UNMAPPABLE: Final = frozenset(
    {"proxyAddresses", "targetAddress", "HiddenFromAddressListsEnabled", "otherMails", "alternativeSecurityIds"}
)
"""Target attributes that no mapping may write (provisioning §5.2)."""

TRUTHS: Final = frozenset({A.ACCOUNT_ENABLED, A.SHOW_IN_ADDRESS_LIST})
"""Attributes that are true or false."""
NEVER_EMPTY: Final = TRUTHS | {A.DISPLAY_NAME, A.USER_PRINCIPAL_NAME, A.USER_TYPE}
"""Attributes that every account has; nothing clears them."""


def name_of(field: Field) -> str:
    """What it is called."""
    return field.name if isinstance(field, Extension) else NAMES[field]


def field_of(name: str) -> Field | None:
    """The attribute of that name; None if there is none."""
    if is_extension(name):
        return Extension(name)
    return _BY_NAME.get(name)


def place_of(attribute: Attribute) -> int:
    """Where a carried attribute stands in a `Person`."""
    return FIRST_CARRIED + CARRIED.index(attribute)


def bit_of(field: Field) -> int:
    """Its bit in a set of changed attributes."""
    return A.EXTENSIONS.bit if isinstance(field, Extension) else field.bit


Read: TypeAlias = Callable[[Person], Value]


def _read_at(place: int) -> Callable[[Person], Any]:
    return lambda person: person[place]


def _read_id(place: int) -> Callable[[Person], Any]:
    return lambda person: None if person[place] is None else str(person[place])


_SPECIAL: Final[Mapping[str, tuple[Read, int]]] = {
    "userPrincipalName": (lambda person: plain_upn(person.user_principal_name), A.USER_PRINCIPAL_NAME.bit),
    "originalUserPrincipalName": (_read_at(place_of(A.USER_PRINCIPAL_NAME)), A.USER_PRINCIPAL_NAME.bit),
    "manager": (_read_id(place_of(A.MANAGER_ID)), A.MANAGER_ID.bit),
    "objectId": (_read_id(0), 0),
    "IsSoftDeleted": (lambda person: person.is_deleted, 0),
}
"""Source attributes that are more than a column, and the bits of the attributes they rest on."""

SOURCE_NAMES: Final = frozenset({*_BY_NAME, *_SPECIAL} - {"userType"})
"""Attributes of a person that mappings and filters may read, directory extensions apart; `userType` is not usable."""


class SourceNames:
    """The names that an expression may use, as a collection: those of the directory, and every extension."""

    def __contains__(self, name: object) -> bool:
        return name in SOURCE_NAMES or (isinstance(name, str) and is_extension(name))

    def __iter__(self) -> Any:
        return iter(SOURCE_NAMES)

    def __len__(self) -> int:
        return len(SOURCE_NAMES)


def reader(name: str) -> Read:
    """What reads the attribute of that name from a person."""
    if name in _SPECIAL:
        return _SPECIAL[name][0]
    if is_extension(name):
        return lambda person: (person.extensions or {}).get(name)
    return _read_at(place_of(_BY_NAME[name]))


def bits_read(name: str) -> int:
    """The bits of the attributes whose change may change its value."""
    if name in _SPECIAL:
        return _SPECIAL[name][1]
    field = field_of(name)
    return bit_of(field) if field is not None else 0
