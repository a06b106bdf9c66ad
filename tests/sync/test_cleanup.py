"""What a severed relation leaves is cleaned up as a plan: names, blast radius, apply, undo (provisioning §1.5)."""

from __future__ import annotations

import pytest

from comity.audit.service import list_for_object
from comity.core.errors import Forbidden
from comity.core.ids import PlanId, TenantId
from comity.core.permissions import Permission
from comity.directory import service as directory
from comity.directory.model import User
from comity.directory.store import find_by_home
from comity.insight.blast import blast_radius
from comity.partners import service as partners
from comity.sync import plans
from comity.sync.cleanup import service as cleanup
from comity.sync.cleanup.model import CleanupUnknown, RelationStands
from comity.sync.drain import drain
from comity.sync.planned import Outcome, PlanState, StoredPlan, Tally, Verdict
from comity.sync.viewing import view
from tests.support.drains import accept, is_alive, share
from tests.support.organizations import leave, unite
from tests.support.world import Org


@pytest.fixture
async def severed(contoso: Org, fabrikam: Org) -> list[User]:
    """Contoso shared Annie and Bob with Fabrikam, which had invited Carl by hand and lets nobody in any more."""
    people = [await contoso.add_person(name) for name in ("annie", "bob")]
    await accept(fabrikam, people_of=contoso)
    await share(contoso, *people, to=fabrikam)
    await drain(contoso.db, contoso.id)
    await fabrikam.invite_guest(await contoso.add_person("carl"))
    await withdraw(fabrikam, contoso)
    return people


async def withdraw(org: Org, partner: Org) -> None:
    async with org.db.tenant(org.id) as tx:
        await partners.withdraw_acceptance(tx, org.operator, partner.id)


async def plan(org: Org, partner: TenantId, *, undoes: PlanId | None = None) -> StoredPlan:
    async with org.db.tenant(org.id) as tx:
        plan_id = await cleanup.ask(tx, org.operator, partner, undoes=undoes)
    return await plans.make(org.db, org.operator, plan_id)


async def apply(org: Org, plan_id: PlanId, page_size: int = 1) -> StoredPlan:
    return (await plans.apply(org.db, org.operator, plan_id, page_size=page_size)).plan


async def account(org: Org, home: User) -> User:
    async with org.db.tenant(org.id) as tx:
        found = await find_by_home(tx, home.tenant_id, home.id)
    assert found is not None
    return found


async def test_the_plan_names_whom_sync_left_and_changes_nothing(contoso: Org, fabrikam: Org, severed: list[User]):
    """Guests who were invited by hand are named, too, and left."""
    made = await plan(fabrikam, contoso.id)
    shown = (await view(fabrikam.db, fabrikam.operator, made.id)).shown
    assert {(each.display_name, each.verdict, each.reason) for each in shown} == {
        ("Annie", Verdict.DELETE, None),
        ("Bob", Verdict.DELETE, None),
        ("Carl", Verdict.SKIP, "InvitedByHand"),
    }
    assert (made.state, made.tally) == (PlanState.PLANNED, Tally(delete=2, skip=1))
    assert all([await is_alive(fabrikam, each) for each in severed])


async def test_the_plan_says_what_hangs_on_them(contoso: Org, fabrikam: Org, severed: list[User]):
    """The blast radius: groups of the tenant that lose members."""
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        group = await directory.create_group(tx, fabrikam.operator, name="Project")
        members = [(await account(fabrikam, each)).id for each in severed]
        await directory.add_members(tx, fabrikam.operator, group.id, members)
    made = await plan(fabrikam, contoso.id)
    blast = await blast_radius(fabrikam.db, fabrikam.operator, made.id)
    assert (blast.losing, blast.chats) == ({"Project": 2}, 0)


async def test_it_is_applied_once_and_audited(contoso: Org, fabrikam: Org, severed: list[User]):
    """A plan applied twice equals once."""
    made = await plan(fabrikam, contoso.id)
    for _ in range(2):
        done = await apply(fabrikam, made.id)
        assert (done.state, done.tally) == (PlanState.APPLIED, Tally(delete=2, skip=1, applied=2))
    assert not any([await is_alive(fabrikam, each) for each in severed])
    assert await is_alive(fabrikam, contoso.people["carl"])
    assert (await plan(fabrikam, contoso.id)).tally == Tally(skip=1)
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        actions = [each.action for each in await list_for_object(tx, fabrikam.operator, contoso.id)]
    assert actions.count("Clean up after partner") == 1


async def test_it_is_taken_back_as_a_plan(contoso: Org, fabrikam: Org, severed: list[User]):
    """The same accounts come back; whoever was changed since is named and left."""
    annie, bob = [await account(fabrikam, each) for each in severed]
    made = await plan(fabrikam, contoso.id)
    await apply(fabrikam, made.id)
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        await directory.restore_user(tx, fabrikam.operator, bob.id)

    back = await plan(fabrikam, contoso.id, undoes=made.id)
    assert back.tally == Tally(restore=1, refuse=1)
    assert (await apply(fabrikam, back.id)).tally.applied == 1
    after = await account(fabrikam, severed[0])
    assert (after.id, after.deleted_at, after.display_name) == (annie.id, None, annie.display_name)


async def test_whoever_is_gone_or_changed_since_the_plan_is_decided_again(
    contoso: Org, fabrikam: Org, severed: list[User]
):
    """Design D7: the same verdict is applied, nothing left is dropped."""
    made = await plan(fabrikam, contoso.id)
    annie, bob = [await account(fabrikam, each) for each in severed]
    await fabrikam.change(annie, city="Ulm")
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        await directory.delete_users(tx, fabrikam.operator, [bob.id])
    done = await apply(fabrikam, made.id)
    assert (done.tally.applied, done.tally.dropped) == (1, 1)
    shown = (await view(fabrikam.db, fabrikam.operator, made.id)).shown
    assert {each.outcome for each in shown if each.verdict is Verdict.DELETE} == {Outcome.APPLIED, Outcome.DROPPED}


async def test_a_relation_that_stands_is_not_cleaned_up(contoso: Org, fabrikam: Org, severed: list[User]):
    """The next drain would bring them back; also when it stands again between plan and approval."""
    made = await plan(fabrikam, contoso.id)
    await accept(fabrikam, people_of=contoso)
    with pytest.raises(RelationStands):
        await apply(fabrikam, made.id)
    with pytest.raises(RelationStands):
        await plan(fabrikam, contoso.id)
    assert all([await is_alive(fabrikam, each) for each in severed])


async def test_if_the_relation_begins_anew_the_same_accounts_come_back(
    contoso: Org, fabrikam: Org, severed: list[User]
):
    """Deleted as sync would have, so sync restores them (D-4)."""
    before = await account(fabrikam, severed[0])
    await apply(fabrikam, (await plan(fabrikam, contoso.id)).id)
    await accept(fabrikam, people_of=contoso)
    await contoso.change(severed[0], city="Bonn")
    await drain(contoso.db, contoso.id)
    after = await account(fabrikam, severed[0])
    assert (after.id, after.deleted_at, after.city) == (before.id, None, "Bonn")


async def test_after_leaving_the_organisation_and_removing_the_partner(contoso: Org, fabrikam: Org):
    """Leaving and removing touch nobody (provisioning §1.5); cleaning up does."""
    await unite(contoso, fabrikam)
    annie = await contoso.add_person("annie")
    await accept(fabrikam, people_of=contoso)
    await share(contoso, annie, to=fabrikam)
    await drain(contoso.db, contoso.id)
    await leave(fabrikam)
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        await partners.delete_sync_policy(tx, fabrikam.operator, contoso.id)
        await partners.delete_partner(tx, fabrikam.operator, contoso.id)
    assert await is_alive(fabrikam, annie)

    made = await plan(fabrikam, contoso.id)
    assert (await apply(fabrikam, made.id)).tally.applied == 1
    assert not await is_alive(fabrikam, annie)


async def test_it_is_the_resource_tenants_own_affair(contoso: Org, fabrikam: Org, severed: list[User]):
    """Who may not read its people is shown none; who may not delete them deletes none; others have nothing here."""
    made = await plan(fabrikam, contoso.id)
    boss = await fabrikam.add_person("boss")
    reader = fabrikam.as_user(boss, permissions=frozenset({Permission.SYNC_READ, Permission.SYNC_WRITE}))
    seen = await view(fabrikam.db, reader, made.id)
    assert (seen.shown, seen.hidden) == ([], {"delete": 2, "skip": 1})
    with pytest.raises(Forbidden):
        await plans.apply(fabrikam.db, reader, made.id)
    assert (await plan(contoso, fabrikam.id)).tally == Tally()
    with pytest.raises(CleanupUnknown):
        await plan(fabrikam, contoso.id, undoes=made.id)
    assert all([await is_alive(fabrikam, each) for each in severed])
