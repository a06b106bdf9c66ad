"""Form a multitenant organisation, add tenants to it, join, leave and remove; look at it.

Whoever changes an organisation holds its row until the commit, so changes come one after the
other. Every tenant that sees the change gets an audit entry and a feed entry of its own, with the
id that it knows the organisation by. Joining is done at once: Entra's hours of waiting are not
part of what is to be compatible.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from comity.core.caller import Caller, UserType
from comity.core.ids import PERSONAL_REALM, OrganizationId, TenantId, new_id
from comity.core.permissions import Permission
from comity.db.crossings.organization import give_seat, take_seat_away
from comity.db.transaction import Transaction
from comity.tenancy.organizations import store, telling
from comity.tenancy.organizations.decide import (
    DESCRIPTION_LENGTH_MAX,
    Departure,
    check_cloud,
    check_owner,
    check_text,
    choose_invitation,
    decide_addition,
    decide_departure,
    decide_join,
    decide_role,
)
from comity.tenancy.organizations.model import (
    AlreadyInOrganization,
    Invitation,
    InvitationUnknown,
    Member,
    Membership,
    MemberState,
    Organization,
    OrganizationMissing,
    Role,
    TenantNotEligible,
)
from comity.tenancy.organizations.telling import member_facts, organization_facts, tell_viewers
from comity.tenancy.service import get_tenant
from comity.tenancy.store import get_tenant as find_tenant


async def load_membership(tx: Transaction) -> Membership | None:
    """The organisation that the transaction's tenant is active in, for rooms that need to know; one query."""
    return await store.load_membership(tx)


async def get_organization(tx: Transaction, caller: Caller) -> Membership:
    """The tenant's organisation and its active tenants; any signed-in member user may ask.

    Raises:
        OrganizationMissing, PermissionMissing (guests without the permission).
    """
    if caller.user_id is None or caller.user_type is not UserType.MEMBER:
        caller.check(Permission.MTO_READ_BASIC)
    membership = await store.load_membership(tx)
    if membership is None:
        raise OrganizationMissing
    return membership


async def list_members(tx: Transaction, caller: Caller) -> list[Member]:
    """The organisation's whole list, pending tenants included, in id order; for administrators.

    Raises:
        OrganizationMissing, PermissionMissing.
    """
    caller.check(Permission.MTO_READ)
    membership = await store.load_membership(tx)
    if membership is None:
        raise OrganizationMissing
    return list((await store.load_members(tx, membership.organization.id)).values())


async def list_invitations(tx: Transaction, caller: Caller) -> list[Invitation]:
    """Which organisations have added the tenant that it has not joined, the newest first."""
    caller.check(Permission.MTO_READ)
    return await store.load_invitations(tx)


async def create_organization(tx: Transaction, caller: Caller, *, name: str, description: str = "") -> Membership:
    """Form an organisation; the caller's tenant is its owner, and active at once.

    Raises:
        AlreadyInOrganization, OrganizationTextInvalid, TenantNotEligible, PermissionMissing.
    """
    caller.check(Permission.MTO_WRITE)
    _check_eligible(tx.tenant_id)
    await _check_free(tx)
    organization = Organization(
        id=OrganizationId(new_id()), local_id=OrganizationId(new_id()), name=check_text("name", name),
        description=check_text("description", description, length_max=DESCRIPTION_LENGTH_MAX, needed=False),
        created_at=tx.now, version=1,
    )  # fmt: skip
    me = Member(
        tenant_id=tx.tenant_id, display_name=(await get_tenant(tx, tx.tenant_id)).name, role=Role.OWNER,
        state=MemberState.ACTIVE, added_by=tx.tenant_id, added_at=tx.now,
    )  # fmt: skip
    await store.add_organization(tx, organization)
    await store.save_member(tx, organization.id, me)
    await tell_viewers(
        tx,
        caller,
        organization,
        {},
        subject=me.tenant_id,
        action=telling.CREATED,
        after=organization_facts(organization),
    )
    return Membership(organization, me, (me,))


async def update_organization(
    tx: Transaction, caller: Caller, *, name: str | None = None, description: str | None = None
) -> Organization:
    """Rename or describe the organisation; what is None stays; for owners.

    Raises:
        OrganizationMissing, OwnerNeeded, OrganizationTextInvalid, PermissionMissing.
    """
    caller.check(Permission.MTO_WRITE)
    before, members = await _enter(tx)
    check_owner(members, tx.tenant_id)
    after = before
    if name is not None:
        after = replace(after, name=check_text("name", name))
    if description is not None:
        text = check_text("description", description, length_max=DESCRIPTION_LENGTH_MAX, needed=False)
        after = replace(after, description=text)
    if after == before:
        return before
    await store.save_organization(tx, after)
    await tell_viewers(
        tx,
        caller,
        after,
        members,
        subject=None,
        action=telling.UPDATED,
        before=organization_facts(before),
        after=organization_facts(after),
    )
    return replace(after, version=after.version + 1)


async def add_tenant(
    tx: Transaction,
    caller: Caller,
    tenant_id: TenantId,
    *,
    display_name: str | None = None,
    role: Role = Role.MEMBER,
) -> Member:
    """Add a tenant to the list, where it stays pending until it joins; for owners.

    It may be a tenant outside this installation, which then needs a `display_name`; inside, its
    own name is the default.

    Raises:
        OrganizationMissing, OwnerNeeded, TenantAlreadyAdded, TenantNotEligible, CloudDiffers,
        OrganizationTextInvalid, PermissionMissing.
    """
    caller.check(Permission.MTO_WRITE)
    _check_eligible(tenant_id)
    organization, members = await _enter(tx)
    tenant = await find_tenant(tx, tenant_id)
    check_cloud((await get_tenant(tx, tx.tenant_id)).cloud, tenant.cloud if tenant else None)
    name = check_text("display_name", display_name or (tenant.name if tenant else ""))
    member = decide_addition(members, owner=tx.tenant_id, added=tenant_id, display_name=name, role=role, at=tx.now)
    await give_seat(tx, organization.id, tenant_id, local_id=OrganizationId(new_id()))
    await store.save_member(tx, organization.id, member)
    await store.save_organization(tx, organization)
    await tell_viewers(
        tx, caller, organization, {**members, tenant_id: member}, subject=tenant_id, action=telling.TENANT_ADDED,
        after=member_facts(member),
    )  # fmt: skip
    return member


async def change_role(tx: Transaction, caller: Caller, tenant_id: TenantId, *, role: Role) -> Member:
    """Make a tenant owner or member; a pending one takes the role when it joins; for owners.

    Raises:
        OrganizationMissing, OwnerNeeded, MemberUnknown, LastOwner, PermissionMissing.
    """
    caller.check(Permission.MTO_WRITE)
    organization, members = await _enter(tx)
    member = decide_role(members, owner=tx.tenant_id, of=tenant_id, role=role)
    if member is None:
        return members[tenant_id]
    await store.save_member(tx, organization.id, member)
    await store.save_organization(tx, organization)
    await tell_viewers(
        tx, caller, organization, members, subject=tenant_id, action=telling.TENANT_UPDATED,
        before=member_facts(members[tenant_id]), after=member_facts(member),
    )  # fmt: skip
    return replace(member, version=member.version + 1)


async def join_organization(tx: Transaction, caller: Caller, *, inviter: TenantId) -> Membership:
    """Join the organisation whose owner `inviter` has added the caller's tenant.

    Raises:
        InvitationUnknown, AlreadyInOrganization, OrganizationFull, CloudDiffers, TenantNotEligible,
        PermissionMissing.
    """
    caller.check(Permission.MTO_WRITE)
    _check_eligible(tx.tenant_id)
    await _check_free(tx)
    invitation = choose_invitation(await store.load_invitations(tx), inviter)
    organization = await store.lock_invited(tx, invitation.organization_id)
    if organization is None:
        raise InvitationUnknown(inviter=str(inviter))
    check_cloud((await get_tenant(tx, inviter)).cloud, (await get_tenant(tx, tx.tenant_id)).cloud)
    # Only who sits sees the list; a refusal leaves the tenant as pending as it was.
    async with tx.savepoint():
        await store.take_seat(tx, organization.id)
        members = await store.load_members(tx, organization.id)
        member = decide_join(members, joining=tx.tenant_id, inviter=inviter, at=tx.now)
        await store.save_member(tx, organization.id, member)
    await store.save_organization(tx, organization)
    await tell_viewers(
        tx, caller, organization, {**members, tx.tenant_id: member}, subject=tx.tenant_id, action=telling.TENANT_JOINED,
        before=member_facts(members[tx.tenant_id]), after=member_facts(member),
    )  # fmt: skip
    return await get_organization(tx, caller)


async def leave_organization(tx: Transaction, caller: Caller) -> None:
    """Take the caller's own tenant out; the last active tenant takes the organisation with it.

    Partner settings, sync jobs and provisioned people stay as they are (provisioning §1.5).

    Raises:
        OrganizationMissing, LastOwner, PermissionMissing.
    """
    caller.check(Permission.MTO_WRITE)
    organization, members = await _enter(tx)
    me = members[tx.tenant_id]
    match decide_departure(members, by=tx.tenant_id, of=tx.tenant_id):
        case Departure.LEAVES:
            await tell_viewers(
                tx,
                caller,
                organization,
                members,
                subject=tx.tenant_id,
                action=telling.TENANT_REMOVED,
                before=member_facts(me),
            )
            await store.save_organization(tx, organization)
            await store.drop_member(tx, organization.id, tx.tenant_id)
        case Departure.DISSOLVES:
            await tell_viewers(
                tx,
                caller,
                organization,
                members,
                subject=None,
                action=telling.DISSOLVED,
                before=organization_facts(organization),
            )
            for pending in sorted(set(members) - {tx.tenant_id}):
                await take_seat_away(tx, organization.id, pending)
            await store.drop_organization(tx, organization.id)
    await store.leave_seat(tx, organization.id)


async def remove_tenant(tx: Transaction, caller: Caller, tenant_id: TenantId) -> None:
    """Take a tenant out, pending or active: one's own, or as an owner any other.

    Raises:
        OrganizationMissing, OwnerNeeded, MemberUnknown, LastOwner, PermissionMissing.
    """
    if tenant_id == tx.tenant_id:
        await leave_organization(tx, caller)
        return
    caller.check(Permission.MTO_WRITE)
    organization, members = await _enter(tx)
    decide_departure(members, by=tx.tenant_id, of=tenant_id)
    await tell_viewers(
        tx,
        caller,
        organization,
        members,
        subject=tenant_id,
        action=telling.TENANT_REMOVED,
        before=member_facts(members[tenant_id]),
    )
    await store.save_organization(tx, organization)
    await store.drop_member(tx, organization.id, tenant_id)
    await take_seat_away(tx, organization.id, tenant_id)


async def _enter(tx: Transaction) -> tuple[Organization, Mapping[TenantId, Member]]:
    """Lock the tenant's organisation and read its list."""
    organization = await store.lock_organization(tx)
    if organization is None:
        raise OrganizationMissing
    members = await store.load_members(tx, organization.id)
    me = members.get(tx.tenant_id)
    if me is None or not me.is_active:  # removed by another owner while we waited for the lock
        raise OrganizationMissing
    return organization, members


async def _check_free(tx: Transaction) -> None:
    await store.lock_tenant(tx)
    if current := await store.load_membership(tx):
        raise AlreadyInOrganization(organization=current.organization.name)


def _check_eligible(tenant_id: TenantId) -> None:
    if tenant_id == PERSONAL_REALM:
        raise TenantNotEligible(tenant=str(tenant_id))
