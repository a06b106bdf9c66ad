"""The nouns of the directory: a user, as her home tenant or a resource tenant knows her."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final

from comity.core.caller import UserType
from comity.core.errors import Conflict, Invalid, NotFound
from comity.core.ids import GroupId, TenantId, UserId
from comity.directory.extensions import Extensions


class Attribute(IntEnum):
    """Attributes of a user that people and programs set; the number is the bit in feeds and receipts.

    Numbers never change: stored bit sets outlive releases.
    """

    DISPLAY_NAME = 0
    GIVEN_NAME = 1
    SURNAME = 2
    MAIL_NICKNAME = 3
    USER_PRINCIPAL_NAME = 4
    MAIL = 5
    USER_TYPE = 6
    ACCOUNT_ENABLED = 7
    SHOW_IN_ADDRESS_LIST = 8
    STREET_ADDRESS = 9
    CITY = 10
    STATE = 11
    POSTAL_CODE = 12
    COUNTRY = 13
    COMPANY_NAME = 14
    DEPARTMENT = 15
    EMPLOYEE_ID = 16
    JOB_TITLE = 17
    OFFICE_LOCATION = 18
    PREFERRED_LANGUAGE = 19
    USAGE_LOCATION = 20
    BUSINESS_PHONE = 21
    MOBILE_PHONE = 22
    MANAGER_ID = 23
    EXTERNAL_USER_STATE = 24
    IS_DELETED = 25
    HOME_IDENTITY = 26
    EXTENSIONS = 27
    """All directory extensions together."""

    @property
    def column(self) -> str:
        """The column (and field of `User`) that holds it."""
        return self.name.lower()

    @property
    def bit(self) -> int:
        """Its bit in a set of changed attributes."""
        return 1 << self.value


TEXT_ATTRIBUTES: Final = tuple(
    each for each in Attribute
    if each not in {
        Attribute.USER_TYPE, Attribute.ACCOUNT_ENABLED, Attribute.SHOW_IN_ADDRESS_LIST, Attribute.MANAGER_ID,
        Attribute.EXTERNAL_USER_STATE, Attribute.IS_DELETED, Attribute.HOME_IDENTITY, Attribute.EXTENSIONS,
    }
)  # fmt: skip


def bits(attributes: frozenset[Attribute] | set[Attribute]) -> int:
    """The attributes as a bit set."""
    return sum(each.bit for each in attributes)


def attributes_of(changed: int) -> tuple[Attribute, ...]:
    """The attributes of a bit set, in bit order."""
    return tuple(each for each in Attribute if changed & each.bit)


class ExternalUserState(StrEnum):
    """Has a B2B user redeemed the invitation? (Graph `externalUserState`)"""

    PENDING = "PendingAcceptance"
    ACCEPTED = "Accepted"


class DeletedBy(StrEnum):
    """Who moved a user to the recycle bin; decides what may bring her back (provisioning D-4)."""

    ADMIN = "admin"
    SYNC = "sync"
    SELF = "self"


@dataclass(frozen=True, slots=True)
class HomeIdentity:
    """A person, whatever she is called: home tenant and user id there; never changes (design §4.4).

    `user_id` is None for a guest whose home is not known yet.
    """

    tenant_id: TenantId
    user_id: UserId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One account in one tenant: a home identity, or a B2B identity that stands for one."""

    tenant_id: TenantId
    id: UserId
    version: int = 1
    display_name: str
    given_name: str | None = None
    surname: str | None = None
    mail_nickname: str | None = None
    user_principal_name: str
    mail: str | None = None
    user_type: UserType = UserType.MEMBER
    creation_type: str | None = None
    """None for an account of one's own, `Invitation` for a B2B user (Graph `creationType`)."""
    external_user_state: ExternalUserState | None = None
    external_state_at: datetime | None = None
    account_enabled: bool = True
    show_in_address_list: bool = True
    home_tenant_id: TenantId | None = None
    """None: this is the person's own account."""
    home_user_id: UserId | None = None
    street_address: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    company_name: str | None = None
    department: str | None = None
    employee_id: str | None = None
    job_title: str | None = None
    office_location: str | None = None
    preferred_language: str | None = None
    usage_location: str | None = None
    business_phone: str | None = None
    mobile_phone: str | None = None
    manager_id: UserId | None = None
    extensions: Extensions | None = None
    """Directory extensions by name; None if she has none."""
    created_at: datetime
    deleted_at: datetime | None = None
    deleted_by: DeletedBy | None = None
    purged_at: datetime | None = None

    @property
    def is_external(self) -> bool:
        """Does it stand for a person whose home is elsewhere?"""
        return self.creation_type is not None

    @property
    def home(self) -> HomeIdentity:
        """Whom it stands for: herself at home, or somebody from elsewhere."""
        if self.home_tenant_id is None:
            return HomeIdentity(self.tenant_id, self.id)
        return HomeIdentity(self.home_tenant_id, self.home_user_id)


USER_FIELDS: Final = tuple(each.name for each in fields(User))
"""Names of `User`'s fields in order; the columns that `directory/queries.sql` reads."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of one tenant; its members are loaded apart."""

    tenant_id: TenantId
    id: GroupId
    version: int
    display_name: str
    description: str | None
    mail_nickname: str | None
    security_enabled: bool
    mail_enabled: bool
    created_at: datetime
    deleted_at: datetime | None = None
    group_types: Sequence[str] | None = None
    """`Unified` for a Microsoft 365 group (Graph `groupTypes`); None for a plain security group."""
    visibility: str | None = None
    classification: str | None = None


class Kind(StrEnum):
    """What a principal of the directory is."""

    USER = "user"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class GroupDraft:
    """What a group is to be; every field is what Graph calls it."""

    display_name: str
    description: str | None = None
    mail_nickname: str | None = None
    mail_enabled: bool = False
    security_enabled: bool = True
    group_types: Sequence[str] | None = None
    visibility: str | None = None
    classification: str | None = None


class UserUnknown(NotFound):
    """No user of that UPN, mail or id in the tenant."""

    code = "user-unknown"


class UserAmbiguous(Invalid):
    """Several users answer to that; lists them."""

    code = "user-ambiguous"


class GroupUnknown(NotFound):
    """No group of that name or id in the tenant."""

    code = "group-unknown"


class GroupInvalid(Invalid):
    """A group cannot be like that; names the property and what it takes."""

    code = "group-invalid"


class MemberExists(Invalid):
    """One of those to be added is in already."""

    code = "member-exists"


class MemberMissing(NotFound):
    """The one to be taken out is not in."""

    code = "member-missing"


class OwnerMissing(NotFound):
    """The one to be taken out does not own it."""

    code = "owner-missing"


class LastOwner(Invalid):
    """The last owner of a group cannot be taken out."""

    code = "group-last-owner"


class NestingCircle(Invalid):
    """A group would be a member of itself."""

    code = "group-in-itself"


class ManagerInvalid(Invalid):
    """Nobody is her own manager, directly or over others."""

    code = "manager-invalid"


class NoManager(NotFound):
    """The person has no manager."""

    code = "no-manager"


class GroupAmbiguous(Invalid):
    """Several groups bear that name; lists them."""

    code = "group-ambiguous"


class UpnTaken(Conflict):
    """Another living user of the tenant has that UPN."""

    code = "upn-taken"


class UpnInvalid(Invalid):
    """The UPN is empty, no address, or of a domain that is not the tenant's."""

    code = "upn-invalid"
