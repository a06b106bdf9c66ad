"""What clients send about users."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from comity.core.caller import UserType
from comity.directory.model import Attribute
from comity.web.graph.bodies import Body, PropertyInvalid, given_of

UNSET: Final = msgspec.UNSET
Text = str | None | msgspec.UnsetType


class PasswordProfile(Body, kw_only=True):
    """A password to begin with; whether it has to be changed at once is the sign-in pages' affair."""

    password: Text = UNSET
    force_change_password_next_sign_in: bool | msgspec.UnsetType | None = UNSET
    force_change_password_next_sign_in_with_mfa: bool | msgspec.UnsetType | None = UNSET


class UserChange(Body, kw_only=True):
    """What can be changed of a user."""

    account_enabled: bool | msgspec.UnsetType = UNSET
    business_phones: list[str] | msgspec.UnsetType = UNSET
    city: Text = UNSET
    company_name: Text = UNSET
    country: Text = UNSET
    department: Text = UNSET
    display_name: str | msgspec.UnsetType = UNSET
    employee_id: Text = UNSET
    given_name: Text = UNSET
    job_title: Text = UNSET
    mail: Text = UNSET
    mail_nickname: Text = UNSET
    mobile_phone: Text = UNSET
    office_location: Text = UNSET
    password_profile: PasswordProfile | msgspec.UnsetType | None = UNSET
    postal_code: Text = UNSET
    preferred_language: Text = UNSET
    show_in_address_list: bool | msgspec.UnsetType | None = UNSET
    state: Text = UNSET
    street_address: Text = UNSET
    surname: Text = UNSET
    usage_location: Text = UNSET
    user_principal_name: str | msgspec.UnsetType = UNSET
    user_type: UserType | msgspec.UnsetType = UNSET

    def changes(self) -> dict[Attribute, Any]:
        """By attribute.

        Raises:
            PropertyInvalid: more than one business phone, or an empty name.
        """
        given = given_of(self)
        given.pop("password_profile", None)
        found: dict[Attribute, Any] = {}
        if "business_phones" in given:
            found[Attribute.BUSINESS_PHONE] = _one_phone(given.pop("business_phones"))
        if given.get("show_in_address_list", UNSET) is None:
            given["show_in_address_list"] = True
        if "display_name" in given and not given["display_name"].strip():
            raise PropertyInvalid(property="displayName", fault="a name is needed")
        return {**found, **{Attribute[name.upper()]: value for name, value in given.items()}}

    @property
    def password(self) -> str | None:
        """The new password, if one is given."""
        profile = self.password_profile
        if not isinstance(profile, PasswordProfile) or profile.password is UNSET:
            return None
        return profile.password or None


class UserDraft(UserChange, kw_only=True):
    """What a new user needs."""

    account_enabled: bool
    display_name: str
    mail_nickname: str
    user_principal_name: str
    password_profile: PasswordProfile


class PasswordChange(Body, kw_only=True):
    """The old password and the new one."""

    current_password: str
    new_password: str


class GroupIds(Body, kw_only=True):
    """Groups to look at."""

    group_ids: list[str]


class ObjectIds(Body, kw_only=True):
    """Objects to look at."""

    ids: list[str]
    types: list[str] | None = None


class SecurityOnly(Body, kw_only=True):
    """Only security groups?"""

    security_enabled_only: bool | None = False


class PasswordCheck(Body, kw_only=True):
    """A password to be judged."""

    password: str


def _one_phone(phones: list[str]) -> str | None:
    if len(phones) > 1:
        raise PropertyInvalid(property="businessPhones", fault="one at most")
    return phones[0] if phones else None
