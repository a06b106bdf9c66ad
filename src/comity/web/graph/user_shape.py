"""How Graph shows a user (graph-api §3.2; types.json, microsoft.graph.user).

Without `$select` Graph answers with eleven properties; everything else is asked for. Properties that
Graph has and nobody here can set are answered as what they are: null, or an empty collection.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from comity.directory.model import User

TYPE: Final = "microsoft.graph.user"

DEFAULT: Final = (
    "businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone", "officeLocation",
    "preferredLanguage", "surname", "userPrincipalName", "id",
)  # fmt: skip

_STORED: Final[dict[str, Callable[[User], Any]]] = {
    "id": lambda user: str(user.id),
    "accountEnabled": lambda user: user.account_enabled,
    "businessPhones": lambda user: [user.business_phone] if user.business_phone else [],
    "city": lambda user: user.city,
    "companyName": lambda user: user.company_name,
    "country": lambda user: user.country,
    "createdDateTime": lambda user: user.created_at,
    "creationType": lambda user: user.creation_type,
    "deletedDateTime": lambda user: user.deleted_at,
    "department": lambda user: user.department,
    "displayName": lambda user: user.display_name,
    "employeeId": lambda user: user.employee_id,
    "externalUserState": lambda user: user.external_user_state,
    "externalUserStateChangeDateTime": lambda user: user.external_state_at,
    "givenName": lambda user: user.given_name,
    "jobTitle": lambda user: user.job_title,
    "mail": lambda user: user.mail,
    "mailNickname": lambda user: user.mail_nickname,
    "mobilePhone": lambda user: user.mobile_phone,
    "officeLocation": lambda user: user.office_location,
    "postalCode": lambda user: user.postal_code,
    "preferredLanguage": lambda user: user.preferred_language,
    "proxyAddresses": lambda user: [f"SMTP:{user.mail}"] if user.mail else [],
    "showInAddressList": lambda user: user.show_in_address_list,
    "state": lambda user: user.state,
    "streetAddress": lambda user: user.street_address,
    "surname": lambda user: user.surname,
    "usageLocation": lambda user: user.usage_location,
    "userPrincipalName": lambda user: user.user_principal_name,
    "userType": lambda user: user.user_type,
}

_NEVER_SET: Final = (
    "ageGroup", "consentProvidedForMinor", "employeeHireDate", "employeeLeaveDateTime", "employeeOrgData",
    "employeeType", "faxNumber", "legalAgeGroupClassification", "onPremisesDistinguishedName",
    "onPremisesDomainName", "onPremisesExtensionAttributes", "onPremisesImmutableId", "onPremisesLastSyncDateTime",
    "onPremisesSamAccountName", "onPremisesSecurityIdentifier", "onPremisesSyncEnabled",
    "onPremisesUserPrincipalName", "passwordPolicies", "passwordProfile", "preferredDataLocation",
)  # fmt: skip
_ALWAYS_EMPTY: Final = (
    "assignedLicenses", "assignedPlans", "imAddresses", "onPremisesProvisioningErrors", "otherMails",
    "provisionedPlans",
)  # fmt: skip

PROPERTIES: Final = frozenset({*_STORED, *_NEVER_SET, *_ALWAYS_EMPTY, "identities"})
"""Everything that can be asked for."""


def user_json(user: User, properties: Sequence[str], *, initial_domain: str) -> dict[str, Any]:
    """The user with these properties, in this order. `initial_domain` is needed for `identities` only."""
    return {name: _value(user, name, initial_domain) for name in properties}


def _value(user: User, name: str, initial_domain: str) -> Any:
    if name == "identities":
        return [_identity(user, initial_domain)]
    if name in _ALWAYS_EMPTY:
        return []
    stored = _STORED.get(name)
    return stored(user) if stored else None


def _identity(user: User, initial_domain: str) -> dict[str, str | None]:
    if user.is_external:
        return {"signInType": "federated", "issuer": "ExternalAzureAD", "issuerAssignedId": None}
    return {
        "signInType": "userPrincipalName",
        "issuer": initial_domain,
        "issuerAssignedId": user.user_principal_name,
    }
