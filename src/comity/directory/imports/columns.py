"""Which column or property is which attribute, in every header style that the product writes.

The users export has Graph's camelCase names; the bulk templates have `Name [displayName] Required`;
the Microsoft 365 admin center has `Display name`. All are compared without case, blanks and dashes.

Source: learn.microsoft.com, "Bulk create users" and "Download a list of users"; Graph `user`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from comity.directory.extensions import Extension, is_extension
from comity.directory.model import Attribute


class Special(Enum):
    """Columns that are no attribute of their own."""

    ID = auto()
    MANAGER = auto()
    BLOCKED = auto()
    """The bulk template asks "Block sign in (Yes/No)": the opposite of accountEnabled."""


Meaning = Attribute | Special | Extension

_BRACKETS: Final = re.compile(r"\[\s*([^\]]*?)\s*\]")
_NOISE: Final = re.compile(r"[\s_\-.]+")

EXPORTED: Final[Mapping[str, Meaning]] = {
    "id": Special.ID,
    "userPrincipalName": Attribute.USER_PRINCIPAL_NAME,
    "displayName": Attribute.DISPLAY_NAME,
    "givenName": Attribute.GIVEN_NAME,
    "surname": Attribute.SURNAME,
    "mail": Attribute.MAIL,
    "mailNickname": Attribute.MAIL_NICKNAME,
    "userType": Attribute.USER_TYPE,
    "accountEnabled": Attribute.ACCOUNT_ENABLED,
    "externalUserState": Attribute.EXTERNAL_USER_STATE,
    "showInAddressList": Attribute.SHOW_IN_ADDRESS_LIST,
    "jobTitle": Attribute.JOB_TITLE,
    "department": Attribute.DEPARTMENT,
    "companyName": Attribute.COMPANY_NAME,
    "employeeId": Attribute.EMPLOYEE_ID,
    "officeLocation": Attribute.OFFICE_LOCATION,
    "streetAddress": Attribute.STREET_ADDRESS,
    "postalCode": Attribute.POSTAL_CODE,
    "city": Attribute.CITY,
    "state": Attribute.STATE,
    "country": Attribute.COUNTRY,
    "usageLocation": Attribute.USAGE_LOCATION,
    "preferredLanguage": Attribute.PREFERRED_LANGUAGE,
    "telephoneNumber": Attribute.BUSINESS_PHONE,
    "mobilePhone": Attribute.MOBILE_PHONE,
    "managerId": Special.MANAGER,
}
"""The columns of an export of ours, in order; an import knows them and their other names."""

_OTHER_NAMES: Final[Mapping[str, Meaning]] = {
    "objectid": Special.ID,
    "upn": Attribute.USER_PRINCIPAL_NAME,
    "username": Attribute.USER_PRINCIPAL_NAME,
    "name": Attribute.DISPLAY_NAME,
    "firstname": Attribute.GIVEN_NAME,
    "lastname": Attribute.SURNAME,
    "email": Attribute.MAIL,
    "alias": Attribute.MAIL_NICKNAME,
    "invitationstate": Attribute.EXTERNAL_USER_STATE,
    "userstate": Attribute.EXTERNAL_USER_STATE,
    "title": Attribute.JOB_TITLE,
    "office": Attribute.OFFICE_LOCATION,
    "physicaldeliveryofficename": Attribute.OFFICE_LOCATION,
    "stateorprovince": Attribute.STATE,
    "countryorregion": Attribute.COUNTRY,
    "businessphones": Attribute.BUSINESS_PHONE,
    "officephone": Attribute.BUSINESS_PHONE,
    "phonenumber": Attribute.BUSINESS_PHONE,
    "mobile": Attribute.MOBILE_PHONE,
    "manager": Special.MANAGER,
    "blocksignin": Special.BLOCKED,
    "blockcredential": Special.BLOCKED,
}

_MEANINGS: Final[Mapping[str, Meaning]] = {
    **{name.lower(): meaning for name, meaning in EXPORTED.items()},
    **_OTHER_NAMES,
}

WATCHED: Final[Mapping[str, frozenset[str]]] = {
    "agegroup": frozenset({"minor", "notadult", "adult"}),
    "consentprovidedforminor": frozenset({"granted", "denied", "notrequired"}),
    "legalagegroupclassification": frozenset(
        {
            "undefined", "minorwithoutparentalconsent", "minorwithparentalconsent", "minornoparentalconsentrequired",
            "notadult", "adult",
        }
    ),
    "creationtype": frozenset({"invitation", "localaccount", "emailverified", "selfservicesignup"}),
}  # fmt: skip
"""Enumerations that Comity does not keep; an unknown value still says that the row is not what it claims."""

OWN: Final = ("line", "reason", "message")
"""The columns that a rejected file begins with; read again, they are no part of the row."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column or property: its name as written, and what it means to us."""

    name: str
    key: str
    meaning: Meaning | None


def column(name: str) -> Column:
    """What a column's name means; None if we do not keep it."""
    bracket = _BRACKETS.search(name)
    key = _NOISE.sub("", bracket[1] if bracket else name).lower()
    if bracket is not None and name.strip().lower().startswith("block"):
        return Column(name, key, Special.BLOCKED)
    if key.startswith("blocksignin"):
        return Column(name, key, Special.BLOCKED)
    if is_extension(name.strip()):
        return Column(name, key, Extension(name.strip()))
    return Column(name, key, _MEANINGS.get(key))
