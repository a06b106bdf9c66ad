"""The nouns of a multitenant organisation (provisioning §1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from comity.core.errors import Conflict, Forbidden, Invalid, NotFound
from comity.core.ids import OrganizationId, TenantId


class Role(StrEnum):
    """What a tenant may do in the organisation (Graph `multiTenantOrganizationMemberRole`)."""

    OWNER = "owner"
    """Adds pending tenants, removes tenants, changes roles, renames the organisation."""
    MEMBER = "member"
    """Takes part, and may leave."""


class MemberState(StrEnum):
    """How far a tenant has come (Graph `multiTenantOrganizationMemberState`).

    Graph's `removed` is a removal under way; here a removal is done at once and the record is gone.
    """

    PENDING = "pending"
    """Listed by an owner; has not joined."""
    ACTIVE = "active"
    """Has joined, or is the creator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """A multitenant organisation, as one of its tenants knows it."""

    id: OrganizationId
    """The one id inside the installation; never shown."""
    local_id: OrganizationId
    """The id that this tenant knows it by: another one in every tenant (Graph `id`)."""
    name: str
    description: str
    created_at: datetime
    version: int
    """Raised by every change of the organisation or of its members."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One tenant in the organisation's list (Graph `multiTenantOrganizationMember`)."""

    tenant_id: TenantId
    display_name: str
    """As the owner wrote it who added the tenant; it stays."""
    role: Role
    desired_role: Role | None = None
    """The role that a pending tenant takes when it joins; None: the one it has."""
    state: MemberState
    added_by: TenantId
    added_at: datetime
    joined_at: datetime | None = None
    """None for the creator and while pending."""
    version: int = 1

    @property
    def is_active(self) -> bool:
        """Has it joined?"""
        return self.state is MemberState.ACTIVE

    @property
    def is_active_owner(self) -> bool:
        """May it act for the organisation?"""
        return self.is_active and self.role is Role.OWNER


@dataclass(frozen=True, slots=True)
class Membership:
    """The organisation that a tenant is active in, and who else is."""

    organization: Organization
    me: Member
    tenants: tuple[Member, ...]
    """The active tenants, this one among them, in order of their names."""

    @property
    def others(self) -> tuple[Member, ...]:
        """The other active tenants."""
        return tuple(each for each in self.tenants if each.tenant_id != self.me.tenant_id)

    def name_of(self, tenant_id: TenantId) -> str | None:
        """What an active tenant of the organisation is called; None for any other tenant."""
        return next((each.display_name for each in self.tenants if each.tenant_id == tenant_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What a pending tenant sees: the organisation's name, its own record and its inviter."""

    organization_id: OrganizationId
    local_id: OrganizationId
    organization_name: str
    inviter: TenantId
    inviter_name: str | None
    """None when the inviter has left since."""
    role: Role
    """What the tenant will be when it joins."""
    added_at: datetime


class OrganizationMissing(NotFound):
    """The caller's tenant is active in no multitenant organisation (Graph: Directory_ObjectNotFound)."""

    code = "organization-missing"


class AlreadyInOrganization(Conflict):
    """A tenant can create or join exactly one multitenant organisation."""

    code = "organization-already-joined"


class OwnerNeeded(Forbidden):
    """Only an owner of the organisation may do that."""

    code = "organization-owner-needed"


class TenantAlreadyAdded(Invalid):
    """Pending or active already (Graph: Request_BadRequest)."""

    code = "organization-tenant-already-added"


class TenantNotEligible(Invalid):
    """The realm of personal accounts is no tenant that could belong to an organisation."""

    code = "organization-tenant-not-eligible"


class MemberUnknown(NotFound):
    """That tenant is not in the organisation's list (Graph: Directory_ObjectNotFound)."""

    code = "organization-member-unknown"


class InvitationUnknown(NotFound):
    """No owner of that tenant id has added the caller's tenant."""

    code = "organization-invitation-unknown"


class OrganizationFull(Invalid):
    """As many tenants as an organisation may have are active already."""

    code = "organization-full"


class LastOwner(Invalid):
    """The organisation needs an active owner as long as it has other active tenants (Graph: Request_BadRequest)."""

    code = "organization-last-owner"


class CloudDiffers(Invalid):
    """The tenants of an organisation belong to the same cloud."""

    code = "organization-cloud-differs"


class OrganizationTextInvalid(Invalid):
    """A name is empty, or a text is too long or cannot be stored."""

    code = "organization-text-invalid"
