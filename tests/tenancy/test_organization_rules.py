"""The rules of multitenant organisations (provisioning §1.3, §1.4)."""

from datetime import UTC, datetime, timedelta

import pytest

from comity.core.ids import OrganizationId, TenantId, new_id
from comity.tenancy.model import Cloud
from comity.tenancy.organizations.decide import (
    ACTIVE_TENANTS_MAX,
    Departure,
    check_cloud,
    check_text,
    choose_invitation,
    decide_addition,
    decide_departure,
    decide_join,
    decide_role,
    viewers,
)
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

AT = datetime(2026, 3, 1, tzinfo=UTC)
A, B, C, D = (TenantId(new_id()) for _ in range(4))


def member(
    tenant_id: TenantId,
    role: Role = Role.MEMBER,
    state: MemberState = MemberState.ACTIVE,
    desired: Role | None = None,
    by: TenantId = A,
) -> Member:
    return Member(
        tenant_id=tenant_id, display_name="X", role=role, state=state, desired_role=desired, added_by=by, added_at=AT
    )


def table(*rows: Member) -> dict[TenantId, Member]:
    return {each.tenant_id: each for each in rows}


def pending(tenant_id: TenantId, desired: Role | None = None, by: TenantId = A) -> Member:
    return member(tenant_id, state=MemberState.PENDING, desired=desired, by=by)


OWNER = member(A, Role.OWNER)


def test_an_added_tenant_is_a_pending_member():
    added = decide_addition(table(OWNER), owner=A, added=B, display_name="Birch", role=Role.MEMBER, at=AT)

    assert (added.state, added.role, added.desired_role) == (MemberState.PENDING, Role.MEMBER, None)
    assert (added.added_by, added.added_at, added.joined_at) == (A, AT, None)


def test_a_tenant_added_as_owner_is_a_member_until_it_joins():
    """Roles take effect on the join (§1.3, step 3)."""
    added = decide_addition(table(OWNER), owner=A, added=B, display_name="Birch", role=Role.OWNER, at=AT)

    assert (added.role, added.desired_role) == (Role.MEMBER, Role.OWNER)


@pytest.mark.parametrize("there", [member(B), pending(B), OWNER], ids=["active", "pending", "oneself"])
def test_nobody_is_added_twice(there):
    with pytest.raises(TenantAlreadyAdded):
        decide_addition(table(OWNER, there), owner=A, added=there.tenant_id, display_name="X", role=Role.MEMBER, at=AT)


@pytest.mark.parametrize("who", [member(B), pending(B, Role.OWNER)], ids=["member", "owner-to-be"])
def test_only_an_active_owner_adds_removes_and_changes_roles(who):
    members = table(OWNER, who, member(C))

    with pytest.raises(OwnerNeeded):
        decide_addition(members, owner=B, added=D, display_name="X", role=Role.MEMBER, at=AT)
    with pytest.raises(OwnerNeeded):
        decide_role(members, owner=B, of=C, role=Role.OWNER)
    with pytest.raises(OwnerNeeded):
        decide_departure(members, by=B, of=C)


def test_a_role_changes_at_once_for_an_active_tenant():
    changed = decide_role(table(OWNER, member(B)), owner=A, of=B, role=Role.OWNER)

    assert changed is not None
    assert (changed.role, changed.desired_role) == (Role.OWNER, None)


def test_a_role_waits_for_the_join_of_a_pending_tenant():
    changed = decide_role(table(OWNER, pending(B)), owner=A, of=B, role=Role.OWNER)

    assert changed is not None
    assert (changed.role, changed.desired_role) == (Role.MEMBER, Role.OWNER)


def test_a_waiting_role_can_be_taken_back():
    changed = decide_role(table(OWNER, pending(B, Role.OWNER)), owner=A, of=B, role=Role.MEMBER)

    assert changed is not None
    assert changed.desired_role is None


@pytest.mark.parametrize("there", [member(B), pending(B)], ids=["active", "pending"])
def test_giving_the_role_that_one_has_changes_nothing(there):
    assert decide_role(table(OWNER, there), owner=A, of=B, role=Role.MEMBER) is None


def test_a_role_of_nobody_cannot_change():
    with pytest.raises(MemberUnknown):
        decide_role(table(OWNER), owner=A, of=B, role=Role.OWNER)


def test_the_only_owner_cannot_step_down():
    """A pending owner does not count: it may never join."""
    with pytest.raises(LastOwner):
        decide_role(table(OWNER, member(B), pending(C, Role.OWNER)), owner=A, of=A, role=Role.MEMBER)


def test_an_owner_may_step_down_beside_another():
    changed = decide_role(table(OWNER, member(B, Role.OWNER)), owner=A, of=A, role=Role.MEMBER)

    assert changed is not None
    assert changed.role is Role.MEMBER


def test_joining_makes_active_and_gives_the_role_that_waited():
    joined = decide_join(table(OWNER, pending(B, Role.OWNER)), joining=B, inviter=A, at=AT)

    assert (joined.state, joined.role, joined.desired_role, joined.joined_at) == (
        MemberState.ACTIVE,
        Role.OWNER,
        None,
        AT,
    )


@pytest.mark.parametrize("members", [table(OWNER), table(OWNER, member(B))], ids=["not-listed", "joined"])
def test_only_a_pending_tenant_joins(members):
    with pytest.raises(InvitationUnknown):
        decide_join(members, joining=B, inviter=A, at=AT)


def test_at_most_a_hundred_tenants_are_active_and_the_owner_counts():
    """Checked on the join: more may be pending (§1.4)."""
    others = [member(TenantId(new_id())) for _ in range(ACTIVE_TENANTS_MAX - 2)]
    waiting = [pending(TenantId(new_id())) for _ in range(50)]
    room_for_one = table(OWNER, pending(B), *others, *waiting)

    assert decide_join(room_for_one, joining=B, inviter=A, at=AT).is_active
    with pytest.raises(OrganizationFull):
        decide_join({**room_for_one, C: member(C)}, joining=B, inviter=A, at=AT)


@pytest.mark.parametrize("role", list(Role))
def test_anybody_may_leave_beside_an_owner(role):
    members = table(OWNER, member(B, role))

    assert decide_departure(members, by=B, of=B) is Departure.LEAVES


def test_the_only_owner_stays_while_others_are_active():
    with pytest.raises(LastOwner):
        decide_departure(table(OWNER, member(B), pending(C, Role.OWNER)), by=A, of=A)


def test_the_last_active_tenant_takes_the_organisation_with_it():
    """Even with tenants pending: they have joined nothing."""
    assert decide_departure(table(OWNER, pending(B)), by=A, of=A) is Departure.DISSOLVES


@pytest.mark.parametrize("other", [member(B), member(B, Role.OWNER), pending(B)], ids=["member", "owner", "pending"])
def test_an_owner_removes_any_other_tenant(other):
    """The newer reference page stands: owners too, without demotion (§1.4)."""
    assert decide_departure(table(OWNER, other), by=A, of=B) is Departure.LEAVES


def test_nobody_removes_who_is_not_there():
    with pytest.raises(MemberUnknown):
        decide_departure(table(OWNER), by=A, of=B)


def test_a_pending_tenant_sees_its_own_change_and_its_inviters_only():
    members = table(OWNER, member(B, Role.OWNER), pending(C, by=A), pending(D, by=B))

    assert set(viewers(members, C)) == {A, B, C}
    assert set(viewers(members, A)) == {A, B, C}
    assert set(viewers(members, None)) == {A, B, C, D}


@pytest.mark.parametrize(("other", "fits"), [(Cloud.COMMERCIAL, True), (None, True), (Cloud.GCC, False)])
def test_tenants_of_an_organisation_share_a_cloud(other, fits):
    """Of a tenant outside the installation nothing is known; it cannot join from there anyway."""
    if fits:
        check_cloud(Cloud.COMMERCIAL, other)
    else:
        with pytest.raises(CloudDiffers):
            check_cloud(Cloud.COMMERCIAL, other)


def invitation(inviter: TenantId, *, present: bool, days: int) -> Invitation:
    return Invitation(
        organization_id=OrganizationId(new_id()), local_id=OrganizationId(new_id()), organization_name="X",
        inviter=inviter, inviter_name="X" if present else None, role=Role.MEMBER, added_at=AT + timedelta(days=days),
    )  # fmt: skip


def test_an_invitation_is_chosen_by_its_inviter():
    mine, other = invitation(A, present=True, days=0), invitation(B, present=True, days=1)

    assert choose_invitation([other, mine], A) is mine
    with pytest.raises(InvitationUnknown):
        choose_invitation([other], A)


def test_the_organisation_that_the_inviter_is_still_in_counts():
    """It may have invited the same tenant to an organisation that it has left since."""
    left, here = invitation(A, present=False, days=5), invitation(A, present=True, days=0)

    assert choose_invitation([left, here], A) is here


def test_an_invitation_outlives_its_inviter():
    """The organisation invited; any owner may take the tenant off the list."""
    older, newer = invitation(A, present=False, days=0), invitation(A, present=False, days=1)

    assert choose_invitation([older, newer], A) is newer


@pytest.mark.parametrize(("text", "fault"), [(" ", "empty"), ("x" * 257, "too-long"), ("a\x00b", "unstorable")])
def test_a_name_has_letters_that_can_be_stored(text, fault):
    with pytest.raises(OrganizationTextInvalid) as refusal:
        check_text("name", text)
    assert refusal.value.parameters == {"field": "name", "fault": fault}
