"""Groups that are synced as groups (provisioning §5.6, D-16, D-18)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from comity.core.ids import GroupId, JobId, UserId, new_id
from comity.db.database import Database
from comity.directory import service as directory
from comity.directory.model import Group, User
from comity.directory.store import find_by_home
from comity.directory.store import get_group as find_group
from comity.partners import service as partners
from comity.sync import configuring
from comity.sync import service as sync
from comity.sync.configuring import GroupsNeedAssignment
from comity.sync.drain import Phase, drain
from comity.sync.groups.decide import decide_group
from comity.sync.groups.model import GroupStep, PresentGroup, SourceGroup
from comity.sync.model import Action, Actions, Reason, ScopeMode, Skip
from tests.support.drains import accept, die, share, unshare
from tests.support.world import Org


@dataclass
class Shared:
    """A group of the source that is shared and synced as a group."""

    source: Org
    target: Org
    group: Group
    job: JobId

    async def add(self, *people: User) -> None:
        async with self.source.db.tenant(self.source.id) as tx:
            await directory.add_members(tx, self.source.operator, self.group.id, [each.id for each in people])

    async def remove(self, *people: User) -> None:
        async with self.source.db.tenant(self.source.id) as tx:
            await directory.remove_members(tx, self.source.operator, self.group.id, [each.id for each in people])

    async def drain(self) -> None:
        await drain(self.source.db, self.source.id)

    async def there(self) -> Group | None:
        """The group in the target, living or soft-deleted, found by the link."""
        async with self.source.db.tenant(self.source.id) as tx:
            log = await sync.read_log(tx, self.source.operator, source_id=UserId(self.group.id))
        made = [each.target_id for each in log if each.action is Action.CREATE]
        if not made:
            return None
        async with self.target.db.tenant(self.target.id) as tx:
            return await find_group(tx, GroupId(made[0]))  # type: ignore[arg-type]

    async def members(self) -> set[UserId]:
        found = await self.there()
        assert found is not None
        async with self.target.db.tenant(self.target.id) as tx:
            return set(await directory.list_members(tx, self.target.operator, found.id))

    async def standing(self, *people: User) -> set[UserId]:
        """The ids in the target of these people."""
        async with self.target.db.tenant(self.target.id) as tx:
            found = [await find_by_home(tx, each.tenant_id, each.id) for each in people]
        return {each.id for each in found if each is not None}


async def allow_groups(org: Org, *, of: Org) -> None:
    async with org.db.tenant(org.id) as tx:
        await partners.update_sync_policy(tx, org.operator, of.id, lambda policy: replace(policy, group_sync=True))


@pytest.fixture
async def shared(fabrikam: Org, contoso: Org, db: Database) -> Shared:
    """Contoso lets Fabrikam's people and groups in; Fabrikam shares the group Everybody, with nobody in it."""
    await accept(contoso, people_of=fabrikam)
    await allow_groups(contoso, of=fabrikam)
    async with db.tenant(fabrikam.id) as tx:
        group = await directory.create_group(tx, fabrikam.operator, name="Everybody", description="All of us")
    job = await share(fabrikam, groups=(group.id,), to=contoso)
    async with db.tenant(fabrikam.id) as tx:
        await configuring.set_groups(tx, fabrikam.operator, job, on=True)
    return Shared(fabrikam, contoso, group, job)


async def test_a_shared_group_becomes_a_static_security_group_with_its_members(shared: Shared):
    """D-18: names, members, and nothing that has a mailbox."""
    annie, bob = await shared.source.add_person("annie"), await shared.source.add_person("bob")
    await shared.add(annie, bob)

    await shared.drain()

    there = await shared.there()
    assert there is not None
    assert (there.display_name, there.description) == ("Everybody", "All of us")
    assert (there.security_enabled, there.mail_enabled) == (True, False)
    assert await shared.members() == await shared.standing(annie, bob) != set()


async def test_members_come_and_go_and_a_second_drain_changes_nothing(shared: Shared):
    """Whoever leaves the group leaves the scope as well, so she goes altogether."""
    annie, bob = await shared.source.add_person("annie"), await shared.source.add_person("bob")
    await shared.add(annie)
    await shared.drain()
    await shared.add(bob)
    await shared.remove(annie)
    await shared.drain()
    assert await shared.members() == await shared.standing(bob)

    before = await shared.there()
    await shared.drain()
    assert await shared.there() == before


async def test_a_member_who_enters_the_scope_later_is_put_in_without_the_group_changing(
    fabrikam: Org, shared: Shared, db: Database
):
    """D-16: the reference product waits for a restart. She is kept out by a filter first."""
    annie = await fabrikam.add_person("annie", department="Sales")
    await shared.add(annie)
    async with db.tenant(fabrikam.id) as tx:
        await configuring.set_filter(tx, fabrikam.operator, shared.job, department("Engineering"))
    await shared.drain()
    assert await shared.members() == set()

    await fabrikam.change(annie, department="Engineering")
    await shared.drain()

    assert await shared.members() == await shared.standing(annie) != set()


async def test_who_is_shared_on_her_own_and_member_of_the_group_is_in_both(shared: Shared):
    """Members are people in scope of the same job, by whichever assignment."""
    annie = await shared.source.add_person("annie")
    await shared.add(annie)
    await share(shared.source, annie, to=shared.target)
    await shared.drain()
    await shared.remove(annie)
    await shared.drain()

    assert await shared.members() == set()
    assert await shared.standing(annie) != set()


async def test_a_drain_that_dies_before_its_groups_leaves_them_to_the_next(shared: Shared):
    """People are in the target already, so nothing of theirs would lead to the group again."""
    annie = await shared.source.add_person("annie")
    await shared.add(annie)
    await shared.drain()
    bob = await shared.source.add_person("bob")
    await shared.add(bob)
    await die(shared.source, Phase.ADVANCED)

    await shared.drain()

    assert await shared.members() == await shared.standing(annie, bob)


async def test_what_the_target_changes_stays_until_the_source_group_changes(shared: Shared):
    """Provisioning §5.6: then it is overridden."""
    annie = await shared.source.add_person("annie")
    await shared.add(annie)
    await shared.drain()
    own = await shared.target.add_person("own")
    there = await shared.there()
    assert there is not None
    async with shared.target.db.tenant(shared.target.id) as tx:
        await directory.add_members(tx, shared.target.operator, there.id, [own.id])
        await directory.update_group(tx, shared.target.operator, there.id, name="Ours now")
    await shared.source.change(annie, city="Köln")
    await shared.drain()
    kept = await shared.there()
    assert kept is not None
    assert (kept.display_name, own.id in await shared.members()) == ("Ours now", True)

    async with shared.source.db.tenant(shared.source.id) as tx:
        await directory.update_group(tx, shared.source.operator, shared.group.id, description="Still all of us")
    await shared.drain()

    after = await shared.there()
    assert after is not None
    assert (after.display_name, after.description) == ("Everybody", "Still all of us")
    assert await shared.members() == await shared.standing(annie)


async def test_an_unshared_group_is_soft_deleted_and_comes_back_with_its_id(shared: Shared):
    """As people do; the group's own people leave with it."""
    annie = await shared.source.add_person("annie")
    await shared.add(annie)
    await shared.drain()
    before = await shared.there()
    await unshare(shared.source, groups=(shared.group.id,), to=shared.target)
    await shared.drain()
    gone = await shared.there()
    assert before is not None
    assert gone is not None
    assert gone.deleted_at is not None

    await share(shared.source, groups=(shared.group.id,), to=shared.target)
    await shared.drain()

    back = await shared.there()
    assert back is not None
    assert (back.id, back.deleted_at) == (before.id, None)
    assert await shared.members() == await shared.standing(annie)


async def test_a_group_of_the_same_name_is_never_taken_over(shared: Shared):
    """Groups made elsewhere are not adopted (provisioning §5.6)."""
    async with shared.target.db.tenant(shared.target.id) as tx:
        own = await directory.create_group(tx, shared.target.operator, name="Everybody")

    await shared.drain()

    there = await shared.there()
    assert there is not None
    assert there.id != own.id


async def test_groups_are_skipped_until_both_sides_let_them(fabrikam: Org, contoso: Org, db: Database):
    """Off by default; the log says `EntityTypeNotSupported`, and the members come all the same."""
    annie = await fabrikam.add_person("annie")
    await accept(contoso, people_of=fabrikam)
    async with db.tenant(fabrikam.id) as tx:
        group = await directory.create_group(tx, fabrikam.operator, name="Everybody")
        await directory.add_members(tx, fabrikam.operator, group.id, [annie.id])
    job = await share(fabrikam, groups=(group.id,), to=contoso)
    shared = Shared(fabrikam, contoso, group, job)
    await shared.drain()
    async with db.tenant(fabrikam.id) as tx:
        await configuring.set_groups(tx, fabrikam.operator, job, on=True)
    await shared.drain()
    assert await shared.there() is None
    assert await shared.standing(annie) != set()
    async with db.tenant(fabrikam.id) as tx:
        log = await sync.read_log(tx, fabrikam.operator, source_id=UserId(group.id))
    assert [(each.kind, each.code) for each in log] == [("group", "EntityTypeNotSupported")] * 2

    await allow_groups(contoso, of=fabrikam)
    async with db.tenant(fabrikam.id) as tx:
        await directory.update_group(tx, fabrikam.operator, group.id, description="Now")
    await shared.drain()

    assert await shared.members() == await shared.standing(annie)


async def test_everybody_and_groups_do_not_go_together(shared: Shared, db: Database):
    """Sync all users is not allowed together with group sync (provisioning §4.1)."""
    async with db.tenant(shared.source.id) as tx:
        with pytest.raises(GroupsNeedAssignment):
            await configuring.set_scope_mode(tx, shared.source.operator, shared.job, ScopeMode.ALL)


def department(name: str) -> dict[str, Any]:
    clause = {"sourceOperandName": "department", "operatorName": "EQUALS", "targetOperand": {"values": [name]}}
    return {"groups": [{"name": "By department", "clauses": [clause]}]}


def source(**values: Any) -> SourceGroup:
    known: dict[str, Any] = {
        "id": GroupId(new_id()), "display_name": "Everybody", "description": None, "mail_nickname": None,
        "security_enabled": True, "mail_enabled": False, "is_deleted": False, "is_assigned": True,
    }  # fmt: skip
    return SourceGroup(**(known | values))


def present(**values: Any) -> PresentGroup:
    known: dict[str, Any] = {
        "id": GroupId(new_id()), "version": 3, "display_name": "Everybody", "description": "theirs",
        "mail_nickname": None, "deleted_by": None,
    }  # fmt: skip
    return PresentGroup(**(known | values))


@pytest.mark.parametrize(
    ("of", "there", "actions", "outcome"),
    [
        (source(), None, Actions(), Action.CREATE),
        (source(), None, Actions(add=False), Reason.ACTION_OFF),
        (source(), present(), Actions(), None),
        (source(display_name="New"), present(), Actions(), Action.UPDATE),
        (source(display_name="New"), present(), Actions(update=False), Reason.ACTION_OFF),
        (source(), present(deleted_by="sync"), Actions(), Action.RESTORE),
        (source(), present(deleted_by="admin"), Actions(), Reason.DELETED_BY_ADMIN),
        (source(is_assigned=False), present(), Actions(), Action.DELETE),
        (source(is_deleted=True), present(), Actions(), Action.DELETE),
        (source(is_assigned=False), present(), Actions(delete=False), Reason.ACTION_OFF),
        (source(mail_enabled=True), None, Actions(), Reason.NOT_ELIGIBLE),
        (source(mail_enabled=True), present(), Actions(), Action.DELETE),
        (source(is_assigned=False), None, Actions(), None),
    ],
)
def test_what_becomes_of_a_group(
    of: SourceGroup, there: PresentGroup | None, actions: Actions, outcome: Action | Reason | None
):
    """The table of `decide_group`, without members."""
    nobody: Sequence[UserId] = ()
    made = decide_group(of, there, actions, wanted=frozenset(nobody), there=frozenset(nobody), new_id=GroupId(new_id()))
    found = made.action if isinstance(made, GroupStep) else made.reason if isinstance(made, Skip) else None
    assert found == outcome
