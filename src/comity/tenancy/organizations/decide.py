"""Rules of multitenant organisations, as pure functions (provisioning §1.3, §1.4).

`members` always holds every record of one organisation by tenant id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import Enum, auto
from typing import Final

from comity.core.ids import TenantId
from comity.tenancy.model import Cloud
from comity.tenancy.organizations.model import (
    CloudDiffers,
    Invitation,
    InvitationUnknown,
    LastOwner,
    Member,
    MemberState,
    MemberUnknown,
    OrganizationFull,
    OrganizationTextInvalid,
    OwnerNeeded,
    Role,
    TenantAlreadyAdded,
)

Members = Mapping[TenantId, Member]

ACTIVE_TENANTS_MAX: Final = 100
"""Owners included; counted when a tenant joins, so more may be pending."""
NAME_LENGTH_MAX: Final = 256
DESCRIPTION_LENGTH_MAX: Final = 1024


class Departure(Enum):
    """What a tenant's going does to the organisation."""

    LEAVES = auto()
    """It goes on without that tenant."""
    DISSOLVES = auto()
    """The last active tenant went: nothing remains."""


def check_text(field: str, text: str, *, length_max: int = NAME_LENGTH_MAX, needed: bool = True) -> str:
    """The text without outer blanks.

    Raises:
        OrganizationTextInvalid: names the field and the fault (`empty`, `too-long`, `unstorable`).
    """
    text = text.strip()
    fault = None
    if needed and not text:
        fault = "empty"
    elif len(text) > length_max:
        fault = "too-long"
    elif any(each == "\x00" or "\ud800" <= each <= "\udfff" for each in text):
        fault = "unstorable"
    if fault:
        raise OrganizationTextInvalid(field=field, fault=fault)
    return text


def check_owner(members: Members, tenant_id: TenantId) -> None:
    """Only owners act for the organisation.

    Raises:
        OwnerNeeded.
    """
    if not members[tenant_id].is_active_owner:
        raise OwnerNeeded


def check_cloud(owner: Cloud, other: Cloud | None) -> None:
    """Both tenants are in the same cloud; of a tenant outside the installation (None) nothing is known.

    Raises:
        CloudDiffers.
    """
    if other is not None and other is not owner:
        raise CloudDiffers(cloud=other.value, expected=owner.value)


def decide_addition(
    members: Members, *, owner: TenantId, added: TenantId, display_name: str, role: Role, at: datetime
) -> Member:
    """The pending record of a tenant that an owner adds; a role other than member waits for the join.

    Raises:
        OwnerNeeded, TenantAlreadyAdded.
    """
    check_owner(members, owner)
    if added in members:
        raise TenantAlreadyAdded(tenant=str(added), state=members[added].state.value)
    return Member(
        tenant_id=added, display_name=display_name, role=Role.MEMBER,
        desired_role=role if role is not Role.MEMBER else None,
        state=MemberState.PENDING, added_by=owner, added_at=at,
    )  # fmt: skip


def decide_role(members: Members, *, owner: TenantId, of: TenantId, role: Role) -> Member | None:
    """The record of `of` with its new role, or None if it has it; while pending, the role waits for the join.

    Raises:
        OwnerNeeded, MemberUnknown, LastOwner.
    """
    check_owner(members, owner)
    member = _find(members, of)
    if not member.is_active:
        desired = role if role is not member.role else None
        return replace(member, desired_role=desired) if desired is not member.desired_role else None
    if role is member.role:
        return None
    if role is Role.MEMBER:
        _check_owner_besides(members, of)
    return replace(member, role=role)


def choose_invitation(invitations: Sequence[Invitation], inviter: TenantId) -> Invitation:
    """The invitation that a joining tenant means by naming the owner who added it.

    An owner may have invited it to an earlier organisation too: the one it is still in counts,
    and otherwise the newest.

    Raises:
        InvitationUnknown.
    """
    from_inviter = [each for each in invitations if each.inviter == inviter]
    if not from_inviter:
        raise InvitationUnknown(inviter=str(inviter))
    return max(from_inviter, key=lambda each: (each.inviter_name is not None, each.added_at))


def decide_join(members: Members, *, joining: TenantId, inviter: TenantId, at: datetime) -> Member:
    """The record of a pending tenant that joins, with the role that waited for it.

    Raises:
        InvitationUnknown: it is not pending (any more).
        OrganizationFull: 100 tenants are active.
    """
    member = members.get(joining)
    if member is None or member.is_active:
        raise InvitationUnknown(inviter=str(inviter))
    if sum(each.is_active for each in members.values()) >= ACTIVE_TENANTS_MAX:
        raise OrganizationFull(at_most=ACTIVE_TENANTS_MAX)
    return replace(
        member, state=MemberState.ACTIVE, role=member.desired_role or member.role, desired_role=None, joined_at=at
    )


def decide_departure(members: Members, *, by: TenantId, of: TenantId) -> Departure:
    """May `by` take `of` out? Every active tenant itself, an owner any other.

    Raises:
        OwnerNeeded, MemberUnknown.
        LastOwner: other tenants are active, and none of them is an owner.
    """
    if by != of:
        check_owner(members, by)
        _find(members, of)
        return Departure.LEAVES
    if not any(each.is_active for each in members.values() if each.tenant_id != of):
        return Departure.DISSOLVES
    if members[of].role is Role.OWNER:
        _check_owner_besides(members, of)
    return Departure.LEAVES


def viewers(members: Members, subject: TenantId | None) -> list[TenantId]:
    """Who sees a change of `subject`'s record, in id order; None: a change of the organisation itself.

    Active tenants see everything; a pending one sees its own record, its inviter's and the
    organisation's name.
    """
    return sorted(
        each.tenant_id
        for each in members.values()
        if each.is_active or subject is None or subject in {each.tenant_id, each.added_by}
    )


def _find(members: Members, tenant_id: TenantId) -> Member:
    member = members.get(tenant_id)
    if member is None:
        raise MemberUnknown(tenant=str(tenant_id))
    return member


def _check_owner_besides(members: Members, tenant_id: TenantId) -> None:
    if not any(each.is_active_owner for each in members.values() if each.tenant_id != tenant_id):
        raise LastOwner
