"""How Graph shows a user (graph-api §3.2; types.json, microsoft.graph.user).

Without `$select` Graph answers with eleven properties; everything else is asked for. Properties that
Graph has and nobody here can set are answered as what they are: null, or an empty collection.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from comity.directory.finding import USERS
from comity.directory.model import Attribute, User
from comity.web.graph.odata.options import Searchable
from comity.web.graph.shape import Edm, Property, Shape, empty, flag, instant, never, text, texts, things

TYPE: Final = "microsoft.graph.user"

DEFAULT: Final = (
    "businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone", "officeLocation",
    "preferredLanguage", "surname", "userPrincipalName", "id",
)  # fmt: skip

_TEXTS: Final = {
    "city": Attribute.CITY, "companyName": Attribute.COMPANY_NAME, "country": Attribute.COUNTRY,
    "department": Attribute.DEPARTMENT, "displayName": Attribute.DISPLAY_NAME, "employeeId": Attribute.EMPLOYEE_ID,
    "givenName": Attribute.GIVEN_NAME, "jobTitle": Attribute.JOB_TITLE, "mail": Attribute.MAIL,
    "mailNickname": Attribute.MAIL_NICKNAME, "mobilePhone": Attribute.MOBILE_PHONE,
    "officeLocation": Attribute.OFFICE_LOCATION, "postalCode": Attribute.POSTAL_CODE,
    "preferredLanguage": Attribute.PREFERRED_LANGUAGE, "state": Attribute.STATE,
    "streetAddress": Attribute.STREET_ADDRESS, "surname": Attribute.SURNAME, "usageLocation": Attribute.USAGE_LOCATION,
    "userPrincipalName": Attribute.USER_PRINCIPAL_NAME, "userType": Attribute.USER_TYPE,
    "externalUserState": Attribute.EXTERNAL_USER_STATE,
}  # fmt: skip


def _reader(column: str) -> Property[User]:
    return text(lambda user: getattr(user, column))


USER: Final = Shape[User](
    TYPE,
    {
        "id": text(lambda user: str(user.id)),
        **{name: _reader(attribute.column) for name, attribute in _TEXTS.items()},
        "accountEnabled": flag(lambda user: user.account_enabled),
        "businessPhones": texts(lambda user: [user.business_phone] if user.business_phone else []),
        "createdDateTime": instant(lambda user: user.created_at),
        "creationType": text(lambda user: user.creation_type),
        "deletedDateTime": instant(lambda user: user.deleted_at),
        "externalUserStateChangeDateTime": instant(lambda user: user.external_state_at),
        "identities": things(lambda user: [_identity(user)]),
        "proxyAddresses": texts(lambda user: [f"SMTP:{user.mail}"] if user.mail else []),
        "showInAddressList": flag(lambda user: user.show_in_address_list),
        **never(
            "ageGroup", "consentProvidedForMinor", "employeeType", "faxNumber", "legalAgeGroupClassification",
            "onPremisesDistinguishedName", "onPremisesDomainName", "onPremisesImmutableId",
            "onPremisesSamAccountName", "onPremisesSecurityIdentifier", "onPremisesUserPrincipalName",
            "passwordPolicies", "preferredDataLocation",
        ),
        **never("employeeHireDate", "employeeLeaveDateTime", "onPremisesLastSyncDateTime", edm=Edm.INSTANT),
        **never("employeeOrgData", "onPremisesExtensionAttributes", "passwordProfile", edm=Edm.OBJECT),
        **never("onPremisesSyncEnabled", edm=Edm.FLAG),
        **empty("assignedLicenses", "assignedPlans", "onPremisesProvisioningErrors", "provisionedPlans"),
        **empty("imAddresses", "otherMails", edm=Edm.TEXT),
    },
    DEFAULT,
)  # fmt: skip

ASKED: Final = Searchable(
    TYPE,
    tuple(USER.properties),
    filters=tuple(USERS.columns),
    starts=("displayName", "givenName", "surname", "mail", "mailNickname", "userPrincipalName", "jobTitle", "id"),
    orders=("displayName", "userPrincipalName", "mail", "id"),
    searches=("displayName",),
    expands=("manager",),
)

CHANGED: Final = {
    **{attribute: name for name, attribute in _TEXTS.items()},
    Attribute.ACCOUNT_ENABLED: "accountEnabled",
    Attribute.SHOW_IN_ADDRESS_LIST: "showInAddressList",
    Attribute.BUSINESS_PHONE: "businessPhones",
    Attribute.MANAGER_ID: "manager",
}
"""What a changed attribute is called in Graph."""


def user_json(user: User, properties: Sequence[str] | None = None, *, typed: bool = False) -> dict[str, Any]:
    """The user with these properties, in this order."""
    return USER.show(user, properties, typed=typed)


def _identity(user: User) -> dict[str, str | None]:
    """The identity that a user signs in with: her own, or one that another organisation vouches for."""
    if user.is_external:
        return {"signInType": "federated", "issuer": "ExternalAzureAD", "issuerAssignedId": None}
    return {
        "signInType": "userPrincipalName",
        "issuer": user.user_principal_name.rpartition("@")[2],
        "issuerAssignedId": user.user_principal_name,
    }
