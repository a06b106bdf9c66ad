"""Policies of groups and of the whole tenant: ranks are positions, and one whole policy wins (external-access §5)."""

from __future__ import annotations

import asyncio
import random

import pytest

from comity.access import handlers, locks, policies, service
from comity.access.assignments import service as assignments
from comity.access.assignments.model import AssignmentType, GroupAssignment, Source
from comity.access.errors import (
    AssigneeUnknown,
    GroupAssignmentExists,
    GroupAssignmentNotFound,
    NotAuthorized,
    PolicyInUse,
    PolicyNotFound,
    RankRequired,
    TooManyGroupAssignments,
)
from comity.access.model import Person, Purpose
from comity.audit.service import list_latest
from comity.core.ids import GroupId, UserId, new_id
from comity.core.permissions import Permission
from comity.directory import service as directory
from comity.directory.model import GroupUnknown
from comity.events.feed import Feed, wire
from tests.support.world import Org


async def group(org: Org, name: str, *members: UserId) -> GroupId:
    async with org.db.tenant(org.id) as tx:
        made = await directory.create_group(tx, org.operator, name=name)
        await directory.add_members(tx, org.operator, made.id, list(members))
        return made.id


async def new_policies(org: Org, *names: str) -> None:
    async with org.db.tenant(org.id) as tx:
        for name in names:
            await policies.new_policy(tx, org.operator, name, {})


async def assign(org: Org, group_id: GroupId, identity: str, rank: int | None = None) -> GroupAssignment:
    async with org.db.tenant(org.id) as tx:
        return await assignments.assign_group(tx, org.operator, group_id, identity, rank=rank)


async def ranks(org: Org) -> list[tuple[GroupId, str, int]]:
    async with org.db.tenant(org.id) as tx:
        found = await assignments.list_group_assignments(tx, org.operator)
    return [(each.group_id, each.policy, each.rank) for each in found]


async def effective(org: Org, user_id: UserId) -> str:
    async with org.db.tenant(org.id) as tx:
        found = (await policies.get_effective_policy(tx, org.operator, user_id)).name
        assert (await assignments.get_policy_sources(tx, org.operator, user_id)).policy == found
    return found


async def version(org: Org) -> int:
    async with org.db.tenant(org.id) as tx:
        return await locks.load_version(tx)


async def test_inserting_moves_and_removing_closes_the_gap(contoso):
    """Ranks are positions; any number is normalised to 1..n."""
    await new_policies(contoso, "A")
    first, second, third, fourth = [await group(contoso, name) for name in "abcd"]

    await assign(contoso, first, "A")
    await assign(contoso, second, "tag:a", rank=99)
    await assign(contoso, third, "A", rank=1)
    assert (await assign(contoso, fourth, "A", rank=2)).rank == 2
    assert [each[0] for each in await ranks(contoso)] == [third, fourth, first, second]

    async with contoso.db.tenant(contoso.id) as tx:
        await assignments.remove_group_assignment(tx, contoso.operator, fourth)
        await assignments.set_group_assignment(tx, contoso.operator, second, rank=1)
    assert [(each[0], each[2]) for each in await ranks(contoso)] == [(second, 1), (third, 2), (first, 3)]


async def test_ranks_stay_positions_whatever_is_done(contoso):
    """Fifty random changes: 1..n, each group once."""
    draw = random.Random(3)
    await new_policies(contoso, "A", "B")
    groups = [await group(contoso, f"g{n}") for n in range(6)]
    for _ in range(50):
        which = draw.choice(groups)
        async with contoso.db.tenant(contoso.id) as tx:
            if draw.random() < 0.6:
                await assignments.grant_group(tx, contoso.operator, which, draw.choice("AB"), rank=draw.randint(-1, 9))
            elif any(each.group_id == which for each in await assignments.list_group_assignments(tx, contoso.operator)):
                await assignments.grant_group(tx, contoso.operator, which, None)
        found = await ranks(contoso)
        assert [each[2] for each in found] == list(range(1, len(found) + 1))
        assert len({each[0] for each in found}) == len(found)


async def test_two_who_assign_at_once_both_get_a_place(contoso):
    """They count the positions one after the other."""
    await new_policies(contoso, "A")
    groups = [await group(contoso, f"g{n}") for n in range(5)]

    await asyncio.gather(*(assign(contoso, each, "A", rank=1) for each in groups))

    assert [each[2] for each in await ranks(contoso)] == [1, 2, 3, 4, 5]


async def test_one_whole_policy_wins_direct_before_group_before_tenant(contoso):
    """Direct, then the lowest rank among direct memberships, then tenant-wide, then Global."""
    annie = await contoso.add_person("annie")
    await new_policies(contoso, "Direct", "Low", "High", "Wide")
    low, high = await group(contoso, "low", annie.id), await group(contoso, "high", annie.id)
    found = [await effective(contoso, annie.id)]
    async with contoso.db.tenant(contoso.id) as tx:
        await assignments.grant_tenant(tx, contoso.operator, "Wide")
    found.append(await effective(contoso, annie.id))
    await assign(contoso, high, "High")
    found.append(await effective(contoso, annie.id))
    await assign(contoso, low, "Low", rank=1)
    found.append(await effective(contoso, annie.id))
    async with contoso.db.tenant(contoso.id) as tx:
        await policies.grant_policy(tx, contoso.operator, annie.id, "Direct")
    found.append(await effective(contoso, annie.id))

    assert found == ["Global", "Wide", "High", "Low", "Direct"]
    async with contoso.db.tenant(contoso.id) as tx:
        sources = await assignments.get_policy_sources(tx, contoso.operator, annie.id)
        with pytest.raises(AssigneeUnknown):
            await assignments.get_policy_sources(tx, contoso.operator, UserId(new_id()))
    assert sources.sources == (
        Source(AssignmentType.DIRECT, "Direct"), Source(AssignmentType.GROUP, "Low", low, 1),
        Source(AssignmentType.GROUP, "High", high, 2), Source(AssignmentType.TENANT, "Wide"),
    )  # fmt: skip


async def test_decisions_follow_the_groups_policy(contoso, fabrikam):
    """The crossing resolves the same precedence in the database."""
    annie, bob = await contoso.add_person("annie"), await fabrikam.add_person("bob")
    async with contoso.db.tenant(contoso.id) as tx:
        await policies.new_policy(tx, contoso.operator, "Closed", {"EnableFederationAccess": False})
    sales = await group(contoso, "Sales", annie.id)
    one, other = Person(contoso.id, annie.id), Person(fabrikam.id, bob.id)

    async def allowed() -> bool:
        async with contoso.db.tenant(contoso.id) as tx:
            decided = await service.decide_pair(tx, contoso.operator, actor=one, target=other, purpose=Purpose.START)
        return decided.allowed

    answers = [await allowed()]
    await assign(contoso, sales, "Closed")
    answers.append(await allowed())
    async with contoso.db.tenant(contoso.id) as tx:
        await directory.remove_members(tx, contoso.operator, sales, [annie.id])
    answers.append(await allowed())
    async with contoso.db.tenant(contoso.id) as tx:
        await assignments.grant_tenant(tx, contoso.operator, "Closed")
    answers.append(await allowed())

    assert answers == [True, False, True, False]


async def test_nested_groups_do_not_count(contoso):
    """Direct memberships only."""
    annie = await contoso.add_person("annie")
    await new_policies(contoso, "A")
    outer, inner = await group(contoso, "outer"), await group(contoso, "inner", annie.id)
    async with contoso.db.tenant(contoso.id) as tx:
        await tx.execute(
            "insert into group_member values (%(tenant_id)s, %(outer)s, %(inner)s, 'group', %(at)s)",
            outer=outer, inner=inner, at=tx.now,
        )  # fmt: skip
    await assign(contoso, outer, "A")

    assert await effective(contoso, annie.id) == "Global"


async def test_a_policy_in_use_by_groups_or_tenant_stays_unless_forced(contoso):
    """With force the groups' assignments go, and everybody falls back."""
    annie = await contoso.add_person("annie")
    await new_policies(contoso, "A", "B")
    sales, lab = await group(contoso, "Sales", annie.id), await group(contoso, "Lab")
    await assign(contoso, sales, "A")
    await assign(contoso, lab, "B")
    async with contoso.db.tenant(contoso.id) as tx:
        with pytest.raises(PolicyInUse) as refusal:
            await policies.remove_policy(tx, contoso.operator, "A")
        await assignments.grant_tenant(tx, contoso.operator, "A")
        with pytest.raises(PolicyInUse):
            await policies.remove_policy(tx, contoso.operator, "A")
        await policies.remove_policy(tx, contoso.operator, "A", force=True)

    assert refusal.value.parameters == {"policy": "A", "people": 0, "groups": 1, "tenant_wide": False}
    assert await ranks(contoso) == [(lab, "B", 1)]
    assert await effective(contoso, annie.id) == "Global"


async def test_at_most_64_groups(contoso):
    """And one assignment per group."""
    await new_policies(contoso, "A")
    async with contoso.db.tenant(contoso.id) as tx:
        groups = [(await directory.create_group(tx, contoso.operator, name=f"g{n}")).id for n in range(65)]
        for each in groups[:64]:
            await assignments.assign_group(tx, contoso.operator, each, "A")
        with pytest.raises(TooManyGroupAssignments):
            await assignments.assign_group(tx, contoso.operator, groups[64], "A")
        with pytest.raises(GroupAssignmentExists):
            await assignments.assign_group(tx, contoso.operator, groups[0], "A")


async def test_bad_input_is_refused_by_its_error_id(contoso):
    """External-access §17."""
    await new_policies(contoso, "A")
    sales = await group(contoso, "Sales")
    operator = contoso.operator
    async with contoso.db.tenant(contoso.id) as tx:
        with pytest.raises(RankRequired) as rank:
            await assignments.grant_group(tx, operator, sales, "A")
        with pytest.raises(PolicyNotFound):
            await assignments.assign_group(tx, operator, sales, "Nobody's")
        with pytest.raises(GroupUnknown):
            await assignments.assign_group(tx, operator, GroupId(new_id()), "A")
        with pytest.raises(GroupAssignmentNotFound):
            await assignments.remove_group_assignment(tx, operator, sales)
        with pytest.raises(GroupAssignmentNotFound):
            await assignments.set_group_assignment(tx, operator, sales, rank=1)
    assert rank.value.code == "RankRequired"


async def test_every_change_is_audited_and_raises_the_version(contoso):
    """With before and after; what changes nothing leaves no trace."""
    await new_policies(contoso, "A")
    sales = await group(contoso, "Sales")
    before = await version(contoso)
    async with contoso.db.tenant(contoso.id) as tx:
        await assignments.grant_group(tx, contoso.operator, sales, "A", rank=1)
    async with contoso.db.tenant(contoso.id) as tx:
        await assignments.grant_group(tx, contoso.operator, sales, "A", rank=1)
    async with contoso.db.tenant(contoso.id) as tx:
        await assignments.grant_tenant(tx, contoso.operator, "A")

    async with contoso.db.tenant(contoso.id) as tx:
        newest, older = await list_latest(tx, contoso.operator, at_most=2)
    assert await version(contoso) == before + 2
    assert (older.object_id, older.before, older.after) == (sales, None, {"ExternalAccessPolicy": "A", "Rank": 1})
    assert (newest.before, newest.after) == ({"ExternalAccessPolicy": None}, {"ExternalAccessPolicy": "A"})


@pytest.fixture
def watched(contoso: Org) -> Org:
    """A tenant whose changes are observed as in the service."""
    feed = Feed()
    feed.observers.append(handlers.observe)
    contoso.db.on_begin.append(lambda tx: wire(tx, feed))
    return contoso


async def test_membership_of_a_group_with_a_policy_raises_the_version(watched):
    """Cached decisions are void; of a group without one it does not."""
    annie = await watched.add_person("annie")
    await new_policies(watched, "A")
    plain, assigned = await group(watched, "plain"), await group(watched, "assigned")
    await assign(watched, assigned, "A")
    seen = [await version(watched)]
    for group_id, change in (
        (plain, directory.add_members), (assigned, directory.add_members), (assigned, directory.remove_members),
    ):  # fmt: skip
        async with watched.db.tenant(watched.id) as tx:
            await change(tx, watched.operator, group_id, [annie.id])
        seen.append(await version(watched))

    assert [each - seen[0] for each in seen] == [0, 0, 1, 2]


async def test_a_deleted_group_gives_nothing_and_its_rank_closes(watched):
    """Whoever had its policy falls back, from the same commit on."""
    annie = await watched.add_person("annie")
    await new_policies(watched, "A", "B")
    gone, stays = await group(watched, "gone", annie.id), await group(watched, "stays")
    await assign(watched, gone, "A")
    await assign(watched, stays, "B")
    before = await version(watched)

    async with watched.db.tenant(watched.id) as tx:
        await directory.delete_group(tx, watched.operator, gone)

    assert await ranks(watched) == [(stays, "B", 1)]
    assert await effective(watched, annie.id) == "Global"
    assert await version(watched) == before + 1


async def test_a_membership_that_is_being_changed_waits_for_the_assignment(watched):
    """Else its transaction would not know that decisions rest on it, and raise no version."""
    annie = await watched.add_person("annie")
    await new_policies(watched, "A")
    sales = await group(watched, "Sales")
    assigned, added = asyncio.Event(), asyncio.Event()

    async def assign_slowly() -> None:
        async with watched.db.tenant(watched.id) as tx:
            await assignments.assign_group(tx, watched.operator, sales, "A")
            assigned.set()
            await added.wait()

    async def add() -> None:
        await assigned.wait()
        added.set()
        async with watched.db.tenant(watched.id) as tx:
            await directory.add_members(tx, watched.operator, sales, [annie.id])

    before = await version(watched)
    await asyncio.gather(assign_slowly(), add())

    assert await version(watched) == before + 2


async def test_only_admins_assign(contoso):
    """Reading is for readers, changing for admins (external-access §16)."""
    annie = await contoso.add_person("annie")
    await new_policies(contoso, "A")
    sales = await group(contoso, "Sales")
    reader = contoso.as_user(annie, permissions=frozenset({Permission.EXTERNAL_ACCESS_READ}))
    nobody = contoso.as_user(annie)
    async with contoso.db.tenant(contoso.id) as tx:
        await assignments.list_group_assignments(tx, reader)
        for work in (
            assignments.list_group_assignments(tx, nobody), assignments.get_tenant_policy(tx, nobody),
            assignments.get_policy_sources(tx, nobody, annie.id), assignments.assign_group(tx, reader, sales, "A"),
            assignments.grant_tenant(tx, reader, "A"), assignments.remove_group_assignment(tx, reader, sales),
            assignments.set_group_assignment(tx, reader, sales, rank=1),
            assignments.grant_group(tx, reader, sales, "A", rank=1),
        ):  # fmt: skip
            with pytest.raises(NotAuthorized):
                await work
