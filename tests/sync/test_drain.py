"""A drain from the source's feed to the target's directory, on a real database."""

from __future__ import annotations

from uuid import UUID

import pytest

from comity.core.caller import UserType
from comity.db.crossings.cycle import claim
from comity.db.database import Database
from comity.directory import service as directory
from comity.directory.model import DeletedBy, ExternalUserState, User
from comity.directory.store import find_by_home, list_users
from comity.partners import service as partners
from comity.sync import service as sync
from comity.sync.drain import Drained, drain
from comity.sync.model import Action, Counts
from comity.sync.service import Principals
from tests.support.drains import counting
from tests.support.world import Org


async def accept(org: Org, *, people_of: Org) -> None:
    async with org.db.tenant(org.id) as tx:
        await partners.accept_users(tx, org.operator, people_of.id)


async def share(org: Org, *people: User, to: Org) -> None:
    async with org.db.tenant(org.id) as tx:
        await sync.share_with(tx, org.operator, Principals(users=[each.id for each in people]), to.id)


async def unshare(org: Org, *people: User, to: Org) -> None:
    async with org.db.tenant(org.id) as tx:
        await sync.unshare(tx, org.operator, Principals(users=[each.id for each in people]), target=to.id)


async def stands_for(org: Org, home: User) -> User | None:
    """The account in `org` that stands for a home identity, living or soft-deleted."""
    async with org.db.tenant(org.id) as tx:
        return await find_by_home(tx, home.tenant_id, home.id)


async def existing(org: Org, home: User) -> User:
    found = await stands_for(org, home)
    assert found is not None
    return found


async def test_a_shared_person_appears_as_a_member(fabrikam: Org, contoso: Org, db: Database):
    """M26, M33, M42: mutual provisioning of B2B members, Member by default."""
    annie = await fabrikam.add_person("annie miller", city="Köln", job_title="Engineer")
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, annie, to=contoso)

    done = await drain(db, fabrikam.id)

    there = await existing(contoso, annie)
    assert done.total == Counts(created=1)
    assert (there.user_type, there.creation_type) == (UserType.MEMBER, "Invitation")
    assert there.external_user_state is ExternalUserState.ACCEPTED
    assert there.user_principal_name == f"annie.miller_{fabrikam.domain}#EXT#@{contoso.domain}"
    assert (there.city, there.job_title, there.mail) == ("Köln", "Engineer", annie.mail)
    assert there.home.user_id == annie.id


async def test_nobody_appears_where_the_target_has_not_accepted(fabrikam: Org, contoso: Org, db: Database):
    """M38; the run fails with the gate's reason, and acceptance lets the next one through."""
    annie = await fabrikam.add_person("annie")
    await share(fabrikam, annie, to=contoso)

    refused = await drain(db, fabrikam.id)
    assert await stands_for(contoso, annie) is None
    assert [each.code for each in refused.refused] == ["sync-target-not-accepted"]

    await accept(contoso, people_of=fabrikam)
    assert (await drain(db, fabrikam.id)).total == Counts(created=1)


async def test_an_existing_guest_stays_a_guest(fabrikam: Org, contoso: Org, db: Database):
    """M43: Member is a default for new B2B users only."""
    annie = await fabrikam.add_person("annie", city="Köln")
    guest = await contoso.invite_guest(annie)
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, annie, to=contoso)

    await drain(db, fabrikam.id)

    there = await existing(contoso, annie)
    assert (there.id, there.user_type, there.city) == (guest.id, UserType.GUEST, "Köln")


async def test_a_guest_whose_home_was_not_known_is_taken_over(fabrikam: Org, contoso: Org, db: Database):
    """D-12: the pending object becomes hers; there is never a second one."""
    annie = await fabrikam.add_person("annie")
    guest = await contoso.invite_guest(annie, home_known=False)
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, annie, to=contoso)

    await drain(db, fabrikam.id)

    there = await existing(contoso, annie)
    assert (there.id, there.external_user_state) == (guest.id, ExternalUserState.ACCEPTED)


async def test_changes_flow_and_nothing_else_is_written(fabrikam: Org, contoso: Org, db: Database):
    """Incremental: one changed attribute is one update; a second drain changes nothing."""
    annie = await fabrikam.add_person("annie", city="Köln")
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, annie, to=contoso)
    await drain(db, fabrikam.id)

    await fabrikam.change(annie, city="Bonn")
    assert (await drain(db, fabrikam.id)).total == Counts(updated=1)
    before = await existing(contoso, annie)
    assert before.city == "Bonn"
    assert (await drain(db, fabrikam.id)).total == Counts()
    assert await existing(contoso, annie) == before


async def test_unsharing_soft_deletes_and_sharing_again_restores_the_same_account(
    fabrikam: Org, contoso: Org, db: Database
):
    """M46; within 30 days the account comes back with its id."""
    annie = await fabrikam.add_person("annie")
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, annie, to=contoso)
    await drain(db, fabrikam.id)
    first = await existing(contoso, annie)

    await unshare(fabrikam, annie, to=contoso)
    assert (await drain(db, fabrikam.id)).total == Counts(deleted=1)
    gone = await existing(contoso, annie)
    assert gone.deleted_at is not None
    assert gone.deleted_by is DeletedBy.SYNC

    await share(fabrikam, annie, to=contoso)
    assert (await drain(db, fabrikam.id)).total == Counts(restored=1)
    assert (await existing(contoso, annie)).id == first.id


async def test_group_membership_is_scope(fabrikam: Org, contoso: Org, db: Database):
    """Direct members of an assigned group are offered; who leaves it is soft-deleted (provisioning §4.1)."""
    annie, bob = await fabrikam.add_person("annie"), await fabrikam.add_person("bob")
    await accept(contoso, people_of=fabrikam)
    async with db.tenant(fabrikam.id) as tx:
        group = await directory.create_group(tx, fabrikam.operator, name="Everybody")
        await directory.add_members(tx, fabrikam.operator, group.id, [annie.id])
        await sync.share_with(tx, fabrikam.operator, Principals(groups=[group.id]), contoso.id)
    # The group itself is skipped, once: groups are not synced as groups unless the job says so (§5.6).
    assert (await drain(db, fabrikam.id)).total == Counts(created=1, skipped=1)

    async with db.tenant(fabrikam.id) as tx:
        await directory.add_members(tx, fabrikam.operator, group.id, [bob.id])
    assert (await drain(db, fabrikam.id)).total == Counts(created=1)

    async with db.tenant(fabrikam.id) as tx:
        await directory.remove_members(tx, fabrikam.operator, group.id, [annie.id])
    assert (await drain(db, fabrikam.id)).total == Counts(deleted=1)

    async with db.tenant(fabrikam.id) as tx:
        await directory.delete_group(tx, fabrikam.operator, group.id)
    assert (await drain(db, fabrikam.id)).total == Counts(deleted=1)


async def test_a_manager_is_set_whichever_is_shared_first(fabrikam: Org, contoso: Org, db: Database):
    """References resolve when both ends are there (provisioning §5.4), here in one drain."""
    boss = await fabrikam.add_person("boss")
    annie = await fabrikam.add_person("annie", manager_id=boss.id)
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, annie, boss, to=contoso)

    await drain(db, fabrikam.id)

    assert (await existing(contoso, annie)).manager_id == (await existing(contoso, boss)).id


async def test_withdrawing_acceptance_stops_and_leaves_who_is_there(fabrikam: Org, contoso: Org, db: Database):
    """Already synced users are not touched (provisioning §2)."""
    annie = await fabrikam.add_person("annie", city="Köln")
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, annie, to=contoso)
    await drain(db, fabrikam.id)

    async with db.tenant(contoso.id) as tx:
        await partners.withdraw_acceptance(tx, contoso.operator, fabrikam.id)
    await fabrikam.change(annie, city="Bonn")
    await drain(db, fabrikam.id)

    there = await existing(contoso, annie)
    assert (there.city, there.deleted_at) == ("Köln", None)


async def test_b2b_identities_are_never_forwarded(fabrikam: Org, contoso: Org, tailspin: Org, db: Database):
    """Only users internal to the source are eligible, so there are no loops (provisioning §3.1)."""
    annie = await fabrikam.add_person("annie")
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, annie, to=contoso)
    await drain(db, fabrikam.id)
    there = await existing(contoso, annie)
    await accept(tailspin, people_of=contoso)
    await accept(fabrikam, people_of=contoso)
    await share(contoso, there, to=tailspin)
    await share(contoso, there, to=fabrikam)

    assert (await drain(db, contoso.id)).total == Counts(skipped=2)
    async with db.tenant(tailspin.id) as tx:
        assert await list_users(tx, after=UUID(int=0), at_most=10) == []


async def test_one_bad_person_fails_alone_and_by_name(fabrikam: Org, contoso: Org, db: Database):
    """A name that somebody else bears in the target is her failure, not the page's."""
    people = [await fabrikam.add_person(name) for name in ("annie", "bob", "charlie")]
    taken = f"bob_{fabrikam.domain}#EXT#@{contoso.domain}"
    await contoso.add_person("squatter", user_principal_name=taken)
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, *people, to=contoso)

    assert (await drain(db, fabrikam.id)).total == Counts(created=2, failed=1)
    async with db.tenant(fabrikam.id) as tx:
        log = await sync.read_log(tx, fabrikam.operator, source_id=people[1].id)
    assert [(each.action, each.code) for each in log] == [(Action.NONE, "EntryConflict")]


async def test_the_log_says_what_was_done_once(fabrikam: Org, contoso: Org, db: Database):
    """The source's log is a projection of the target's receipts; causes make runs (design §4.6)."""
    annie = await fabrikam.add_person("annie", city="Köln")
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, annie, to=contoso)
    await drain(db, fabrikam.id)
    await fabrikam.change(annie, city="Bonn")
    await drain(db, fabrikam.id)

    async with db.tenant(fabrikam.id) as tx:
        log = await sync.read_log(tx, fabrikam.operator, source_id=annie.id)
        standing = await sync.list_standing(tx, fabrikam.operator)
    assert [each.action for each in log] == [Action.UPDATE, Action.CREATE]
    assert (log[0].before, log[0].after) == (["Köln"], ["Bonn"])
    assert standing[0].last_run is not None
    assert standing[0].last_run.counts == Counts(updated=1)


async def test_two_drains_of_one_tenant_do_not_run_at_once(fabrikam: Org, db: Database):
    """One process drains a tenant at a time; the other is told so."""
    seen: list[Drained] = []

    async def meanwhile() -> None:
        seen.append(await drain(db, fabrikam.id))

    async with claim(db, fabrikam.id) as ours:
        assert ours
        await meanwhile()
    await meanwhile()
    assert [each.claimed for each in seen] == [False, True]


@pytest.mark.parametrize("count", [1000])
async def test_statements_do_not_grow_with_people(fabrikam: Org, contoso: Org, db: Database, count: int):
    """At most 20 statements per 1,000 people, in source and target together; never one per person."""
    people = await fabrikam.add_many(count)
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, *people, to=contoso)
    statements = counting(db)

    done = await drain(db, fabrikam.id)

    assert done.total.created == count
    fixed = 64  # opening, gate, plan and watermark of one drain, whatever its size
    assert statements() <= fixed + 20 * count / 1000
