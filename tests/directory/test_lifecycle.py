"""Deleting, restoring and purging people, and what is over on the business clock (design §4.11, provisioning §8)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from comity.core.caller import Caller
from comity.core.clock import BusinessClock
from comity.core.ids import UserId, new_id
from comity.directory import service
from comity.directory.handlers import sweep
from comity.directory.model import Group, UpnTaken, User, UserUnknown
from comity.directory.service import NotInRecycleBin
from comity.events.feed import load_position, read
from comity.events.model import ChangeKind, FeedExpired
from tests.support.world import Org


async def delete(org: Org, *users: User) -> None:
    async with org.db.tenant(org.id) as tx:
        await service.delete_users(tx, org.operator, [each.id for each in users])


async def in_group(org: Org, user: User) -> Group:
    async with org.db.tenant(org.id) as tx:
        group = await service.create_group(tx, org.operator, name="Crew")
        await service.add_members(tx, org.operator, group.id, [user.id])
        return group


async def members(org: Org, group: Group) -> list[UserId]:
    async with org.db.tenant(org.id) as tx:
        return await service.list_members(tx, org.operator, group.id)


def sweeper(org: Org) -> Caller:
    return Caller.system("sweeper", tenant_id=org.id)


async def test_a_deleted_person_is_out_of_sight_and_comes_back_the_same(contoso: Org):
    """With id, attributes and groups."""
    annie = await contoso.add_person("annie", job_title="Pilot")
    group = await in_group(contoso, annie)

    await delete(contoso, annie)
    with pytest.raises(UserUnknown):
        await contoso.user(annie.id)
    async with contoso.db.tenant(contoso.id) as tx:
        restored = await service.restore_user(tx, contoso.operator, annie.id)

    assert restored.id == annie.id
    stored = await contoso.user(annie.id)
    assert (stored.job_title, stored.deleted_at, stored.version) == ("Pilot", None, restored.version)
    assert await members(contoso, group) == [annie.id]


async def test_who_finds_her_name_taken_cannot_come_back(contoso: Org):
    """Graph answers a conflict; nothing is renamed behind anybody's back."""
    annie = await contoso.add_person("annie")
    await delete(contoso, annie)
    successor = await contoso.add_person("annie")

    async with contoso.db.tenant(contoso.id) as tx:
        with pytest.raises(UpnTaken):
            await service.restore_user(tx, contoso.operator, annie.id)

    await contoso.change(successor, user_principal_name=f"annie.two@{contoso.domain}")
    async with contoso.db.tenant(contoso.id) as tx:
        assert (await service.restore_user(tx, contoso.operator, annie.id)).id == annie.id


async def test_a_living_person_cannot_be_restored(contoso: Org):
    """Nor purged."""
    annie = await contoso.add_person("annie")

    async with contoso.db.tenant(contoso.id) as tx:
        with pytest.raises(NotInRecycleBin):
            await service.restore_user(tx, contoso.operator, annie.id)
        assert await service.purge_users(tx, contoso.operator, [annie.id]) == []


async def test_after_thirty_days_only_a_tombstone_is_left(contoso: Org, clock: BusinessClock):
    """The principal stays, so that messages keep their author; everything personal goes."""
    annie = await contoso.add_person("annie", job_title="Pilot")
    bob = await contoso.add_person("bob")
    group = await in_group(contoso, annie)
    await delete(contoso, annie)
    clock.offset += timedelta(days=29)
    await delete(contoso, bob)
    assert (await sweep(contoso.db, contoso.id, sweeper(contoso))).purged == 0

    clock.offset += timedelta(days=1, seconds=1)
    first = await sweep(contoso.db, contoso.id, sweeper(contoso))
    again = await sweep(contoso.db, contoso.id, sweeper(contoso))

    assert (first.purged, again.purged) == (1, 0)
    async with contoso.db.tenant(contoso.id) as tx:
        row = await tx.row(
            "select purged_at is not null, display_name, mail, job_title, name_key, surname_key from users "
            "where tenant_id = %(tenant_id)s and id = %(id)s", id=annie.id,
        )  # fmt: skip
        assert [each.id for each in await service.list_users(tx, contoso.operator, deleted=True)] == [bob.id]
        entries = await read(tx, after=first.feed_floor)
        with pytest.raises(UserUnknown):
            await service.restore_user(tx, contoso.operator, annie.id)
    assert row == (True, "", None, None, "", "")
    assert await members(contoso, group) == []
    assert (entries[-1].kind, entries[-1].object_id) == (ChangeKind.USER_PURGED, annie.id)


async def test_a_sweep_stays_in_its_tenant(contoso: Org, fabrikam: Org, clock: BusinessClock):
    """Each tenant has its own retention and its own recycle bin."""
    bob = await fabrikam.add_person("bob")
    await delete(fabrikam, bob)
    clock.offset += timedelta(days=31)

    await sweep(contoso.db, contoso.id, sweeper(contoso))

    async with fabrikam.db.tenant(fabrikam.id) as tx:
        assert len(await service.list_users(tx, fabrikam.operator, deleted=True)) == 1


async def test_the_feed_keeps_thirty_days(contoso: Org, clock: BusinessClock):
    """Readers below the floor start over; whoever is younger misses nothing (design §4.5)."""
    await contoso.add_person("annie")
    async with contoso.db.tenant(contoso.id) as tx:
        old = await load_position(tx)
    clock.offset += timedelta(days=30, seconds=1)
    await contoso.add_person("bob")

    swept = await sweep(contoso.db, contoso.id, sweeper(contoso))

    assert swept.feed_floor == old
    async with contoso.db.tenant(contoso.id) as tx:
        assert [entry.kind for entry in await read(tx, after=old)] == [ChangeKind.USER_CREATED]
        with pytest.raises(FeedExpired):
            await read(tx, after=0)


async def test_ids_of_nobody_are_ignored(contoso: Org):
    """Deleting twice, or somebody who never was, changes nothing."""
    annie = await contoso.add_person("annie")

    async with contoso.db.tenant(contoso.id) as tx:
        assert await service.delete_users(tx, contoso.operator, [annie.id, UserId(new_id())]) == [annie.id]
        assert await service.delete_users(tx, contoso.operator, [annie.id]) == []
