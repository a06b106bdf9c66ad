"""Tenants form an organisation, and each sees of it what is its business (provisioning §1)."""

import asyncio

import pytest

from comity.audit import service as audit
from comity.audit.model import AuditEntry
from comity.core.caller import Caller, UserType
from comity.core.errors import PermissionMissing
from comity.core.ids import PERSONAL_REALM, TenantId, new_id
from comity.core.permissions import Permission
from comity.events.model import ChangeKind
from comity.tenancy.model import Cloud
from comity.tenancy.organizations import service, telling
from comity.tenancy.organizations.model import (
    AlreadyInOrganization,
    CloudDiffers,
    InvitationUnknown,
    LastOwner,
    Membership,
    MemberState,
    MemberUnknown,
    OrganizationFull,
    OrganizationMissing,
    OrganizationTextInvalid,
    OwnerNeeded,
    Role,
    TenantAlreadyAdded,
    TenantNotEligible,
)
from comity.tenancy.service import create_tenant
from tests.support.organizations import (
    add,
    change_role,
    count_rows,
    entries,
    fill,
    form,
    is_in_none,
    join,
    leave,
    members,
    membership,
    remove,
    unite,
)
from tests.support.world import Org, make_org

CHANGED = ChangeKind.ORGANIZATION_CHANGED


async def visible(org: Org) -> tuple[int, ...]:
    """Rows of (organisation, members, seats) that the tenant sees."""
    async with org.db.tenant(org.id) as tx:
        return tuple(
            [await count_rows(tx, each) for each in ("organization", "organization_member", "organization_seat")]
        )


async def written(org: Org, action: str) -> AuditEntry:
    """The one audit entry of that action in the tenant."""
    async with org.db.tenant(org.id) as tx:
        (entry,) = [each for each in await audit.list_latest(tx, org.operator) if each.action == action]
    return entry


async def test_the_creator_is_owner_and_active_at_once(contoso):
    formed = await form(contoso, "Group", description="All of us")

    assert formed.organization.name == "Group"
    assert formed.organization.description == "All of us"
    assert (formed.me.role, formed.me.state, formed.me.joined_at) == (Role.OWNER, MemberState.ACTIVE, None)
    assert formed.me.display_name == contoso.tenant.name
    assert await membership(contoso) == formed


async def test_forming_is_audited_and_fed_under_the_id_that_the_tenant_knows(contoso):
    formed = await form(contoso)

    (entry,) = await entries(contoso, CHANGED)
    assert entry.object_id == formed.organization.local_id
    async with contoso.db.tenant(contoso.id) as tx:
        (creation,) = await audit.list_for_object(tx, contoso.operator, formed.organization.local_id)
    assert (creation.action, creation.actor_name) == (telling.CREATED, "tester")
    assert entry.cause == creation.id


async def test_a_tenant_forms_one_organisation_only(contoso):
    await form(contoso)

    with pytest.raises(AlreadyInOrganization):
        await form(contoso)


async def test_of_two_formed_at_the_same_time_one_stands(contoso):
    outcomes = await asyncio.gather(form(contoso, "One"), form(contoso, "Two"), return_exceptions=True)

    assert sorted(type(each).__name__ for each in outcomes) == ["AlreadyInOrganization", "Membership"]
    assert await visible(contoso) == (1, 1, 1)


async def test_an_added_tenant_is_pending_until_it_says_yes(contoso, fabrikam):
    await form(contoso)

    added = await add(contoso, fabrikam)

    assert (added.state, added.added_by, added.display_name) == (MemberState.PENDING, contoso.id, fabrikam.tenant.name)
    assert await is_in_none(fabrikam)
    assert (await members(contoso))[fabrikam.id] == added
    assert [each.tenant_id for each in (await membership(contoso)).tenants] == [contoso.id]


async def test_a_pending_tenant_sees_its_invitation_only(contoso, fabrikam, tailspin):
    """Organisation, own record, inviter's record (design D4); not who else is there."""
    await unite(contoso, tailspin)
    await change_role(contoso, tailspin, Role.OWNER)
    await add(tailspin, fabrikam, Role.OWNER)

    assert await visible(fabrikam) == (1, 2, 1)
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        (invitation,) = await service.list_invitations(tx, fabrikam.operator)
        with pytest.raises(OrganizationMissing):
            await service.list_members(tx, fabrikam.operator)
    assert (invitation.inviter, invitation.inviter_name) == (tailspin.id, tailspin.tenant.name)
    assert (invitation.organization_name, invitation.role) == ("Alder, Birch and Cedar", Role.OWNER)


async def test_a_stranger_sees_nothing(contoso, fabrikam, tailspin):
    await unite(contoso, fabrikam)

    assert await visible(tailspin) == (0, 0, 0)


async def test_whoever_joined_sees_all_and_is_seen(contoso, fabrikam, tailspin):
    await unite(contoso, fabrikam)
    await add(contoso, tailspin)

    assert {each.tenant_id for each in (await membership(fabrikam)).tenants} == {contoso.id, fabrikam.id}
    assert {each.tenant_id for each in (await membership(contoso)).others} == {fabrikam.id}
    assert set(await members(fabrikam)) == {contoso.id, fabrikam.id, tailspin.id}
    assert (await members(contoso))[fabrikam.id].joined_at is not None


async def test_the_organisation_has_another_id_in_every_tenant(contoso, fabrikam):
    """The id is tenant-local (§1.2): two tenants cannot compare notes by it."""
    await unite(contoso, fabrikam)

    ours, theirs = (await membership(contoso)).organization, (await membership(fabrikam)).organization
    assert ours.id == theirs.id
    assert len({ours.id, ours.local_id, theirs.local_id}) == 3


async def test_every_tenant_whose_view_changed_is_told(contoso, fabrikam, tailspin):
    """A pending tenant is not told of what it cannot see."""
    await unite(contoso, fabrikam)
    await add(contoso, tailspin)
    before = [len(await entries(each, CHANGED)) for each in (contoso, fabrikam, tailspin)]

    await change_role(contoso, fabrikam, Role.OWNER)

    after = [len(await entries(each, CHANGED)) for each in (contoso, fabrikam, tailspin)]
    assert [now - then for then, now in zip(before, after, strict=True)] == [1, 1, 0]
    assert (await entries(fabrikam, CHANGED))[-1].object_id == (await membership(fabrikam)).organization.local_id


async def test_the_other_tenants_audit_says_who_did_it_where_but_not_why(contoso, fabrikam):
    """The reason is for the acting tenant's own people."""
    await form(contoso)
    reasoned = Caller.operator("Barbara", tenant_id=contoso.id, reason="secret merger")
    async with contoso.db.tenant(contoso.id) as tx:
        await service.add_tenant(tx, reasoned, fabrikam.id)

    theirs, ours = [await written(each, telling.TENANT_ADDED) for each in (fabrikam, contoso)]
    assert (theirs.actor_name, theirs.reason) == ("Barbara", None)
    assert theirs.after is not None
    assert theirs.after["byTenant"] == str(contoso.id)
    assert (ours.reason, ours.cause) == ("secret merger", theirs.cause)


async def test_a_role_given_while_pending_takes_effect_on_the_join(contoso, fabrikam):
    await form(contoso)
    await add(contoso, fabrikam)
    await change_role(contoso, fabrikam, Role.OWNER)
    assert (await members(contoso))[fabrikam.id].role is Role.MEMBER

    joined = await join(fabrikam, contoso)

    assert joined.me.role is Role.OWNER
    assert joined.me.desired_role is None


async def test_joining_names_the_owner_who_added_one(contoso, fabrikam, tailspin):
    await unite(contoso, tailspin)
    await add(contoso, fabrikam)

    with pytest.raises(InvitationUnknown):
        await join(fabrikam, tailspin)
    with pytest.raises(InvitationUnknown):
        await join(tailspin_stranger := await make_org(contoso.db, "Stranger"), contoso)
    assert await visible(tailspin_stranger) == (0, 0, 0)


async def test_a_tenant_is_pending_in_many_but_active_in_one(contoso, fabrikam, tailspin):
    await form(contoso)
    await form(fabrikam)
    await add(contoso, tailspin)
    await add(fabrikam, tailspin)

    await join(tailspin, contoso)

    with pytest.raises(AlreadyInOrganization):
        await join(tailspin, fabrikam)
    with pytest.raises(AlreadyInOrganization):
        await form(tailspin)
    assert (await members(fabrikam))[tailspin.id].state is MemberState.PENDING


async def test_of_two_joins_of_one_tenant_at_the_same_time_one_stands(contoso, fabrikam, tailspin):
    await form(contoso)
    await form(fabrikam)
    await add(contoso, tailspin)
    await add(fabrikam, tailspin)

    outcomes = await asyncio.gather(join(tailspin, contoso), join(tailspin, fabrikam), return_exceptions=True)

    assert sorted(type(each).__name__ for each in outcomes) == ["AlreadyInOrganization", "Membership"]


async def test_two_tenants_join_at_the_same_time(contoso, fabrikam, tailspin):
    await form(contoso)
    await add(contoso, fabrikam)
    await add(contoso, tailspin)

    await asyncio.gather(join(fabrikam, contoso), join(tailspin, contoso))

    views = [{each.tenant_id for each in (await membership(org)).tenants} for org in (contoso, fabrikam, tailspin)]
    assert views == [{contoso.id, fabrikam.id, tailspin.id}] * 3


async def test_the_hundredth_place_is_given_once(contoso, fabrikam, tailspin):
    """Both see one place free; the organisation's row lets them in one after the other."""
    await form(contoso)
    await fill(contoso, 98)
    await add(contoso, fabrikam)
    await add(contoso, tailspin)

    outcomes = await asyncio.gather(join(fabrikam, contoso), join(tailspin, contoso), return_exceptions=True)

    assert sorted(type(each).__name__ for each in outcomes) == ["Membership", "OrganizationFull"]
    assert len((await membership(contoso)).tenants) == 100


async def test_a_refused_join_leaves_the_tenant_pending_even_if_the_transaction_goes_on(contoso, fabrikam):
    await form(contoso)
    await fill(contoso, 99)
    await add(contoso, fabrikam)

    async with fabrikam.db.tenant(fabrikam.id) as tx:
        with pytest.raises(OrganizationFull):
            await service.join_organization(tx, fabrikam.operator, inviter=contoso.id)

    assert await visible(fabrikam) == (1, 2, 1)
    assert (await members(contoso))[fabrikam.id].state is MemberState.PENDING


async def test_joining_while_being_removed_ends_in_one_of_the_two(contoso, fabrikam):
    await form(contoso)
    await add(contoso, fabrikam)

    outcomes = await asyncio.gather(join(fabrikam, contoso), remove(contoso, fabrikam), return_exceptions=True)

    assert outcomes[1] is None
    assert isinstance(outcomes[0], InvitationUnknown | Membership)
    assert await visible(fabrikam) == (0, 0, 0)
    assert set(await members(contoso)) == {contoso.id}


async def test_a_tenant_outside_the_installation_stays_pending(contoso):
    outside = TenantId(new_id())
    await form(contoso)
    async with contoso.db.tenant(contoso.id) as tx:
        with pytest.raises(OrganizationTextInvalid):
            await service.add_tenant(tx, contoso.operator, outside)
    async with contoso.db.tenant(contoso.id) as tx:
        await service.add_tenant(tx, contoso.operator, outside, display_name="Elsewhere")

    assert (await members(contoso))[outside].state is MemberState.PENDING
    async with contoso.db.tenant(outside) as tx:
        assert await audit.list_latest(tx, contoso.operator) == []
    async with contoso.db.tenant(contoso.id) as tx:
        await service.remove_tenant(tx, contoso.operator, outside)
    assert set(await members(contoso)) == {contoso.id}


async def test_the_realm_of_personal_accounts_belongs_to_no_organisation(contoso):
    await form(contoso)

    async with contoso.db.tenant(contoso.id) as tx:
        with pytest.raises(TenantNotEligible):
            await service.add_tenant(tx, contoso.operator, PERSONAL_REALM)
    async with contoso.db.tenant(PERSONAL_REALM) as tx:
        with pytest.raises(TenantNotEligible):
            await service.create_organization(tx, Caller.operator("x", tenant_id=PERSONAL_REALM), name="X")


async def test_tenants_of_another_cloud_are_not_added(contoso):
    other = TenantId(new_id())
    operator = Caller.operator("tester", tenant_id=other)
    await create_tenant(
        contoso.db, operator, name="Gov", domain=f"gov-{other.hex}.example", cloud=Cloud.GCCHIGH, tenant_id=other
    )
    await form(contoso)

    async with contoso.db.tenant(contoso.id) as tx:
        with pytest.raises(CloudDiffers):
            await service.add_tenant(tx, contoso.operator, other)


async def test_a_tenant_of_another_cloud_that_came_later_does_not_join(contoso):
    """Added while outside, nothing was known of it; the join checks again."""
    other = TenantId(new_id())
    operator = Caller.operator("tester", tenant_id=other)
    await form(contoso)
    async with contoso.db.tenant(contoso.id) as tx:
        await service.add_tenant(tx, contoso.operator, other, display_name="Later")
    tenant = await create_tenant(
        contoso.db, operator, name="Later", domain=f"later-{other.hex}.example", cloud=Cloud.DOD, tenant_id=other
    )

    with pytest.raises(CloudDiffers):
        await join(Org(contoso.db, tenant), contoso)


async def test_members_do_not_act_for_the_organisation(contoso, fabrikam, tailspin):
    await unite(contoso, fabrikam)

    with pytest.raises(OwnerNeeded):
        await add(fabrikam, tailspin)
    with pytest.raises(OwnerNeeded):
        await remove(fabrikam, contoso)
    with pytest.raises(OwnerNeeded):
        await change_role(fabrikam, contoso, Role.MEMBER)
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        with pytest.raises(OwnerNeeded):
            await service.update_organization(tx, fabrikam.operator, name="Ours now")


async def test_nobody_is_added_twice(contoso, fabrikam):
    await form(contoso)
    await add(contoso, fabrikam)

    with pytest.raises(TenantAlreadyAdded):
        await add(contoso, fabrikam)


async def test_after_leaving_a_tenant_sees_nothing_and_is_free(contoso, fabrikam):
    await unite(contoso, fabrikam)

    await leave(fabrikam)

    assert await is_in_none(fabrikam)
    assert await visible(fabrikam) == (0, 0, 0)
    assert set(await members(contoso)) == {contoso.id}
    assert (await form(fabrikam)).me.role is Role.OWNER


async def test_leaving_is_told_on_both_sides(contoso, fabrikam):
    await unite(contoso, fabrikam)
    known = (await membership(fabrikam)).organization.local_id

    await leave(fabrikam)

    assert (await entries(fabrikam, CHANGED))[-1].object_id == known
    removal = await written(contoso, telling.TENANT_REMOVED)
    assert removal.after is None
    assert removal.before is not None
    assert removal.before["tenantId"] == str(fabrikam.id)


async def test_the_only_owner_promotes_another_before_leaving(contoso, fabrikam):
    await unite(contoso, fabrikam)
    with pytest.raises(LastOwner):
        await leave(contoso)

    await change_role(contoso, fabrikam, Role.OWNER)
    await leave(contoso)

    assert [each.tenant_id for each in (await membership(fabrikam)).tenants] == [fabrikam.id]


async def test_two_owners_leaving_at_the_same_time_leave_an_owner_behind(contoso, fabrikam, tailspin):
    await unite(contoso, fabrikam, tailspin)
    await change_role(contoso, fabrikam, Role.OWNER)

    outcomes = await asyncio.gather(leave(contoso), leave(fabrikam), return_exceptions=True)

    assert sorted(type(each).__name__ for each in outcomes) == ["LastOwner", "NoneType"]


async def test_an_owner_removes_any_other_tenant_even_an_owner(contoso, fabrikam):
    await unite(contoso, fabrikam)
    await change_role(contoso, fabrikam, Role.OWNER)

    await remove(fabrikam, contoso)

    assert await visible(contoso) == (0, 0, 0)
    assert await is_in_none(contoso)
    with pytest.raises(MemberUnknown):
        await remove(fabrikam, contoso)
    assert (await entries(contoso, CHANGED))[-1].cause == (await entries(fabrikam, CHANGED))[-1].cause


async def test_the_last_active_tenant_dissolves_the_organisation(contoso, fabrikam, tailspin):
    """Pending tenants lose their invitation with it."""
    await unite(contoso, fabrikam)
    await leave(fabrikam)
    await add(contoso, tailspin)

    await leave(contoso)

    assert [await visible(each) for each in (contoso, fabrikam, tailspin)] == [(0, 0, 0)] * 3
    with pytest.raises(InvitationUnknown):
        await join(tailspin, contoso)


async def test_rejoining_needs_a_new_invitation(contoso, fabrikam):
    await unite(contoso, fabrikam)
    await leave(fabrikam)
    with pytest.raises(InvitationUnknown):
        await join(fabrikam, contoso)

    await add(contoso, fabrikam)

    assert (await join(fabrikam, contoso)).me.is_active


async def test_renaming_reaches_every_tenant_on_the_list(contoso, fabrikam, tailspin):
    await unite(contoso, fabrikam)
    await add(contoso, tailspin)
    async with contoso.db.tenant(contoso.id) as tx:
        renamed = await service.update_organization(tx, contoso.operator, name="Renamed")
    async with tailspin.db.tenant(tailspin.id) as tx:
        (invitation,) = await service.list_invitations(tx, tailspin.operator)

    assert (await membership(fabrikam)).organization.name == "Renamed" == invitation.organization_name
    assert (await membership(contoso)).organization.version == renamed.version
    assert len(await entries(tailspin, CHANGED)) == 2


async def test_renaming_to_the_same_name_leaves_no_trace(contoso):
    formed = await form(contoso, "Same")
    async with contoso.db.tenant(contoso.id) as tx:
        await service.update_organization(tx, contoso.operator, name=" Same ")

    assert (await membership(contoso)).organization == formed.organization
    assert len(await entries(contoso, CHANGED)) == 1


async def test_every_change_raises_the_organisations_version(contoso, fabrikam):
    """Plans guard on it (design D7)."""
    versions = [(await form(contoso)).organization.version]
    for act in (add(contoso, fabrikam), join(fabrikam, contoso), change_role(contoso, fabrikam, Role.OWNER)):
        await act
        versions.append((await membership(contoso)).organization.version)

    assert versions == [1, 2, 3, 4]


async def test_any_member_user_reads_the_organisation_and_a_guest_does_not(contoso):
    """No role needed (§1.4); guests see the company's name only (§11)."""
    annie = await contoso.add_person("annie")
    await form(contoso)
    async with contoso.db.tenant(contoso.id) as tx:
        seen = await service.get_organization(tx, contoso.as_user(annie))
        guest = Caller(
            tenant_id=contoso.id, kind=contoso.as_user(annie).kind, principal_id=contoso.as_user(annie).principal_id,
            user_type=UserType.GUEST,
        )  # fmt: skip
        with pytest.raises(PermissionMissing):
            await service.get_organization(tx, guest)
        with pytest.raises(PermissionMissing):
            await service.list_members(tx, contoso.as_user(annie))
    assert seen.me.tenant_id == contoso.id


@pytest.mark.parametrize("rights", [frozenset(), frozenset({Permission.MTO_READ})], ids=["none", "read"])
async def test_changing_takes_the_write_permission(contoso, fabrikam, rights):
    caller = contoso.as_user(await contoso.add_person("annie"), permissions=rights)
    async with contoso.db.tenant(contoso.id) as tx:
        for act in (
            service.create_organization(tx, caller, name="X"),
            service.update_organization(tx, caller, name="X"),
            service.add_tenant(tx, caller, fabrikam.id),
            service.change_role(tx, caller, fabrikam.id, role=Role.OWNER),
            service.join_organization(tx, caller, inviter=fabrikam.id),
            service.leave_organization(tx, caller),
            service.remove_tenant(tx, caller, fabrikam.id),
        ):
            with pytest.raises(PermissionMissing):
                await act


async def test_the_membership_of_nobody_is_none_in_the_personal_realm(db):
    async with db.tenant(PERSONAL_REALM) as tx:
        assert await service.load_membership(tx) is None
