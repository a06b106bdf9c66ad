"""The mission, sentence by sentence, as far as it is about sharing people (spec: mission M25 to M47).

Four people over three tenants: Annie in A, Bob and Barbara in B, Charlie in C. What is said of sharing holds for both
ways: organisation-wide, once for all tenants, and pairwise, configured in both directions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from comity.core.caller import UserType
from comity.core.ids import JobId, TenantId
from comity.db.database import Database
from comity.directory import service as directory
from comity.directory.model import User
from comity.directory.service import AttributeManaged
from comity.directory.store import find_by_home
from comity.sync import configuring
from comity.sync import service as sync
from comity.sync.drain import drain
from comity.sync.mapping_document import write_mapping
from comity.sync.mapping_rows import DEFAULT
from comity.sync.model import Actions, Counts, Origin, ScopeMode
from comity.sync.service import Principals
from tests.support.drains import accept
from tests.support.organizations import add, join, membership, unite
from tests.support.world import Org, make_org


@dataclass
class Cast:
    """Three tenants of one organisation, their four people, and one of the two ways of sharing."""

    db: Database
    a: Org
    b: Org
    c: Org
    annie: User
    bob: User
    barbara: User
    charlie: User
    share: Callable[[Org, list[User]], Awaitable[None]]

    @property
    def orgs(self) -> list[Org]:
        return [self.a, self.b, self.c]

    @property
    def homes(self) -> dict[TenantId, list[User]]:
        return {self.a.id: [self.annie], self.b.id: [self.bob, self.barbara], self.c.id: [self.charlie]}

    async def share_all(self) -> None:
        """M39: A shares Annie, B shares Bob and Barbara, C shares Charlie."""
        for org in self.orgs:
            await self.share(org, self.homes[org.id])

    async def accept_all(self) -> None:
        for org in self.orgs:
            for other in self.orgs:
                if other is not org:
                    await accept(org, people_of=other)

    async def drain_all(self) -> None:
        for org in self.orgs:
            await drain(self.db, org.id)

    async def unshare(self, org: Org, *people: User) -> None:
        async with self.db.tenant(org.id) as tx:
            await sync.unshare(tx, org.operator, Principals([each.id for each in people]))

    async def jobs(self, org: Org) -> dict[TenantId, JobId]:
        async with self.db.tenant(org.id) as tx:
            return {each.job.target_tenant_id: each.job.id for each in await sync.list_standing(tx, org.operator)}


async def share_with_everybody(org: Org, people: list[User]) -> None:
    """M40: once for all tenants of the organisation."""
    async with org.db.tenant(org.id) as tx:
        await sync.share_with_all(tx, org.operator, Principals([each.id for each in people]))


def share_pairwise(orgs: list[Org]) -> Callable[[Org, list[User]], Awaitable[None]]:
    """M41: pair by pair."""

    async def share(org: Org, people: list[User]) -> None:
        for other in orgs:
            if other is not org:
                async with org.db.tenant(org.id) as tx:
                    await sync.share_with(tx, org.operator, Principals([each.id for each in people]), other.id)

    return share


@pytest.fixture(params=["organisation-wide", "pairwise"])
async def cast(request: pytest.FixtureRequest, fabrikam: Org, contoso: Org, tailspin: Org, db: Database) -> Cast:
    """M25: several tenants form one organisation."""
    orgs = [fabrikam, contoso, tailspin]
    await unite(*orgs)
    people = [
        await fabrikam.add_person("annie", city="Köln"),
        await contoso.add_person("bob"),
        await contoso.add_person("barbara"),
        await tailspin.add_person("charlie"),
    ]
    share = share_with_everybody if request.param == "organisation-wide" else share_pairwise(orgs)
    annie, bob, barbara, charlie = people
    return Cast(db, fabrikam, contoso, tailspin, annie, bob, barbara, charlie, share)


async def standing(org: Org, home: User) -> User | None:
    """What stands for a person in a tenant: herself at home, a B2B account elsewhere, living or soft-deleted."""
    async with org.db.tenant(org.id) as tx:
        if home.tenant_id == org.id:
            return await directory.get_user(tx, org.operator, home.id)
        return await find_by_home(tx, home.tenant_id, home.id)


async def existing(org: Org, home: User) -> User:
    found = await standing(org, home)
    assert found is not None
    return found


async def is_alive(org: Org, home: User) -> bool:
    found = await standing(org, home)
    return found is not None and found.deleted_at is None


async def map_user_type(org: Org, job: JobId, value: str, flow: str = "Always") -> None:
    """Row 23 of the mapping, as the source's admin sets it."""
    document = write_mapping(DEFAULT)
    for row in document["attributeMappings"]:
        if row["targetAttributeName"] == "userType":
            row |= {"flowType": flow, "source": {"type": "Constant", "value": value}}
    async with org.db.tenant(org.id) as tx:
        await configuring.set_mapping(tx, org.operator, job, document)


async def test_m25_several_tenants_form_one_organisation(cast: Cast):
    """M25."""
    seen = [await membership(org) for org in cast.orgs]
    assert [len(each.others) for each in seen] == [2, 2, 2]


async def test_m26_m34_m35_m39_four_people_stand_in_three_tenants_as_twelve(cast: Cast):
    """M26, M34, M35, M39: mutual provisioning; internal at home, B2B members elsewhere."""
    await cast.accept_all()
    await cast.share_all()
    await cast.drain_all()

    people = [cast.annie, cast.bob, cast.barbara, cast.charlie]
    found = [(org, home, await existing(org, home)) for org in cast.orgs for home in people]
    assert len(found) == 12
    for org, home, account in found:
        assert account.is_external == (home.tenant_id != org.id)
        assert account.user_type is UserType.MEMBER
        assert account.home.user_id == home.id
    for org in cast.orgs:
        async with cast.db.tenant(org.id) as tx:
            assert len(await directory.list_users(tx, org.operator)) == 4


async def test_m36_the_set_may_be_a_subset_or_everybody(cast: Cast):
    """M36: Bob alone; then everybody of B."""
    await cast.accept_all()
    await cast.share(cast.b, [cast.bob])
    await cast.drain_all()
    assert [await is_alive(cast.a, each) for each in (cast.bob, cast.barbara)] == [True, False]

    jobs = await cast.jobs(cast.b)
    async with cast.db.tenant(cast.b.id) as tx:
        await configuring.set_scope_mode(tx, cast.b.operator, jobs[cast.a.id], ScopeMode.ALL)
    await cast.drain_all()

    assert [await is_alive(cast.a, each) for each in (cast.bob, cast.barbara)] == [True, True]
    assert await is_alive(cast.c, cast.barbara) is False


async def test_m37_each_admin_says_whom_he_shares_and_m38_who_receives_accepts(cast: Cast):
    """M37, M38: nothing comes from a tenant that shares nobody, and nothing into one that has not accepted."""
    await accept(cast.c, people_of=cast.a)
    await cast.share(cast.a, [cast.annie])
    await cast.drain_all()

    assert await is_alive(cast.c, cast.annie)
    assert await standing(cast.b, cast.annie) is None
    assert await standing(cast.c, cast.bob) is None


async def test_m40_a_share_with_all_is_one_job_per_tenant_with_one_assignment(cast: Cast):
    """M40, M41: both are jobs; organisation-wide ones are named so that admin centers know them."""
    await cast.share(cast.a, [cast.annie])
    async with cast.db.tenant(cast.a.id) as tx:
        jobs = [each.job for each in await sync.list_standing(tx, cast.a.operator)]
        scopes = [await sync.list_scope(tx, cast.a.operator, each.id) for each in jobs]

    assert {each.target_tenant_id for each in jobs} == {cast.b.id, cast.c.id}
    assert scopes[0] == scopes[1]
    prefix = "MTO_Sync_" if jobs[0].origin is Origin.ORGANIZATION else "Sync_"
    assert {each.name for each in jobs} == {f"{prefix}{each.target_tenant_id}" for each in jobs}


async def test_m42_user_type_is_member_by_default(cast: Cast):
    """M42, in both ways of sharing."""
    await cast.accept_all()
    await cast.share(cast.a, [cast.annie])
    await cast.drain_all()

    assert [(await existing(org, cast.annie)).user_type for org in (cast.b, cast.c)] == [UserType.MEMBER] * 2


async def test_m43_an_existing_guest_stays_a_guest(cast: Cast):
    """M43, in both ways of sharing: invited by hand before, redeemed in one tenant and not yet in the other."""
    redeemed = await cast.b.invite_guest(cast.annie)
    pending = await cast.c.invite_guest(cast.annie, home_known=False)
    await cast.accept_all()
    await cast.share(cast.a, [cast.annie])
    await cast.drain_all()

    there = [await existing(org, cast.annie) for org in (cast.b, cast.c)]
    assert [each.id for each in there] == [redeemed.id, pending.id]
    assert [each.user_type for each in there] == [UserType.GUEST] * 2
    assert [each.city for each in there] == ["Köln"] * 2


async def test_m45_the_source_admin_changes_user_type_by_mapping(cast: Cast):
    """M45: row 23 applied always converts guests to members, and members to guests; where it is not, nothing is."""
    await cast.b.invite_guest(cast.annie)
    await cast.c.invite_guest(cast.annie)
    await cast.accept_all()
    await cast.share(cast.a, [cast.annie])
    jobs = await cast.jobs(cast.a)
    await map_user_type(cast.a, jobs[cast.b.id], "Member")
    await cast.drain_all()
    assert (await existing(cast.b, cast.annie)).user_type is UserType.MEMBER
    assert (await existing(cast.c, cast.annie)).user_type is UserType.GUEST

    await map_user_type(cast.a, jobs[cast.b.id], "Guest")
    await cast.drain_all()
    assert (await existing(cast.b, cast.annie)).user_type is UserType.GUEST


async def test_m45_the_target_admins_own_change_holds_over_later_runs(cast: Cast):
    """M45: userType is applied on creation only, so what the target's admin sets stays."""
    await cast.accept_all()
    await cast.share(cast.a, [cast.annie])
    await cast.drain_all()
    there = await existing(cast.b, cast.annie)

    await cast.b.change(there, user_type=UserType.GUEST)
    await cast.a.change(cast.annie, city="Bonn")
    await cast.drain_all()

    after = await existing(cast.b, cast.annie)
    assert (after.user_type, after.city) == (UserType.GUEST, "Bonn")


async def test_m45_what_is_synced_again_and_again_is_not_changed_by_the_target(cast: Cast):
    """M45: refused, naming the job and its owner tenant; once the job maps it on creation only, it goes."""
    await cast.accept_all()
    await cast.share(cast.a, [cast.annie])
    jobs = await cast.jobs(cast.a)
    await map_user_type(cast.a, jobs[cast.b.id], "Member")
    await cast.drain_all()
    there = await existing(cast.b, cast.annie)

    with pytest.raises(AttributeManaged) as refused:
        await cast.b.change(there, user_type=UserType.GUEST)
    assert refused.value.parameters["owner"] == cast.a.tenant.name
    assert refused.value.parameters["job_id"] == str(jobs[cast.b.id])
    await cast.b.change(there, city="Ulm")  # other attributes drift until the source changes (provisioning §3.4)

    await map_user_type(cast.a, jobs[cast.b.id], "Member", flow="ObjectAddOnly")
    await cast.b.change(await existing(cast.b, cast.annie), user_type=UserType.GUEST)
    await cast.drain_all()
    assert (await existing(cast.b, cast.annie)).user_type is UserType.GUEST


async def test_m46_unsharing_soft_deletes(cast: Cast):
    """M46: out of scope, into the recycle bin; nobody else is touched."""
    await cast.accept_all()
    await cast.share_all()
    await cast.drain_all()

    await cast.unshare(cast.b, cast.bob)
    await cast.drain_all()

    for org in (cast.a, cast.c):
        gone = await existing(org, cast.bob)
        assert gone.deleted_at is not None
        assert await is_alive(org, cast.barbara)
    assert await is_alive(cast.b, cast.bob)


async def test_m46_a_scope_that_shrinks_while_a_job_runs_soft_deletes(cast: Cast):
    """M46: somebody is unshared while a drain is between two pages; at the end she is out, and the rest is in line."""
    people = [await cast.b.add_person(f"extra {n}") for n in range(4)]
    await cast.accept_all()
    await cast.share(cast.b, [*people, cast.barbara])
    await drain(cast.db, cast.b.id)
    for each in (*people, cast.barbara):
        await cast.b.change(each, city="Ulm")

    begun = asyncio.Event()
    running = asyncio.create_task(drain(cast.db, cast.b.id, watch=lambda _: begun.set(), page_size=2))
    await begun.wait()
    await cast.unshare(cast.b, people[0], cast.bob)
    await running
    await drain(cast.db, cast.b.id)

    for org in (cast.a, cast.c):
        assert not await is_alive(org, people[0])
        assert await is_alive(org, cast.barbara)
        assert (await existing(org, cast.barbara)).city == "Ulm"


async def test_m47_nobody_is_deleted_while_the_action_is_off(cast: Cast):
    """M47: target object action Delete."""
    await cast.accept_all()
    await cast.share_all()
    await cast.drain_all()
    async with cast.db.tenant(cast.b.id) as tx:
        for job in (await cast.jobs(cast.b)).values():
            await configuring.set_actions(tx, cast.b.operator, job, Actions(delete=False))

    await cast.unshare(cast.b, cast.bob)
    await cast.drain_all()

    assert await is_alive(cast.a, cast.bob)
    assert await is_alive(cast.c, cast.bob)


async def test_a_fourth_tenant_gets_what_is_shared_with_all_and_later(
    fabrikam: Org, contoso: Org, tailspin: Org, db: Database
):
    """M40, provisioning §1.7: the same assignment, for tenants that join later too, if that was said."""
    await unite(fabrikam, contoso, tailspin)
    annie, bob = await fabrikam.add_person("annie"), await contoso.add_person("bob")
    async with db.tenant(fabrikam.id) as tx:
        await sync.share_with_all(tx, fabrikam.operator, Principals([annie.id]), for_later_tenants=True)
    async with db.tenant(contoso.id) as tx:
        await sync.share_with_all(tx, contoso.operator, Principals([bob.id]))
    await drain(db, fabrikam.id)

    fourth = await make_org(db, "Dogwood")
    await add(fabrikam, fourth)
    await join(fourth, fabrikam)
    for org in (fabrikam, contoso):
        await accept(fourth, people_of=org)
        await drain(db, org.id)

    assert await is_alive(fourth, annie)
    assert await standing(fourth, bob) is None
    async with db.tenant(fabrikam.id) as tx:
        jobs = [each.job for each in await sync.list_standing(tx, fabrikam.operator)]
        scopes = [await sync.list_scope(tx, fabrikam.operator, each.id) for each in jobs]
    assert {each.name for each in jobs} == {f"MTO_Sync_{each.id}" for each in (contoso, tailspin, fourth)}
    assert scopes[0] == scopes[1] == scopes[2]
    assert (await drain(db, fabrikam.id)).total == Counts()


async def test_a_pairwise_job_toward_a_newcomer_stays_as_it_is(fabrikam: Org, contoso: Org, db: Database):
    """Both then run; one per pair is recommended, and the share says so (provisioning §1.7, D-2)."""
    fourth = await make_org(db, "Dogwood")
    await unite(fabrikam, contoso)
    annie, other = await fabrikam.add_person("annie"), await fabrikam.add_person("other")
    async with db.tenant(fabrikam.id) as tx:
        await sync.share_with(tx, fabrikam.operator, Principals([other.id]), fourth.id)
        await sync.share_with_all(tx, fabrikam.operator, Principals([annie.id]), for_later_tenants=True)
    await add(fabrikam, fourth)
    await join(fourth, fabrikam)
    await accept(fourth, people_of=fabrikam)
    await drain(db, fabrikam.id)

    assert await is_alive(fourth, annie)
    assert await is_alive(fourth, other)
    async with db.tenant(fabrikam.id) as tx:
        again = await sync.share_with_all(tx, fabrikam.operator, Principals([annie.id]))
    assert {each.job.target_tenant_id: each.overlapping for each in again}[fourth.id] == (f"Sync_{fourth.id}",)
