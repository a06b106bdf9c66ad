"""Plans: what a job would do is what a drain does; applied if still true, else dropped or held (design D7)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from comity.core.clock import BusinessClock
from comity.core.ids import GroupId, JobId, PlanId
from comity.db.database import Database
from comity.directory import service as directory
from comity.directory.model import Attribute, User
from comity.directory.store import find_by_home
from comity.jobs.model import Order, Task
from comity.partners import service as partners
from comity.sync import configuring, plan_store, plans
from comity.sync import service as sync
from comity.sync.drain import drain
from comity.sync.handlers import offered_plans
from comity.sync.model import Actions, JobState
from comity.sync.orders import PLAN
from comity.sync.planned import (
    Item,
    Outcome,
    PlanExpired,
    PlanKind,
    PlanOutdated,
    PlanState,
    Proposal,
    StoredPlan,
    Tally,
    Verdict,
)
from tests.support.books import wrong_entries
from tests.support.drains import accept, is_alive, share
from tests.support.world import Org


async def plan(org: Org, job: JobId | None, proposal: Proposal | None = None) -> StoredPlan:
    async with org.db.tenant(org.id) as tx:
        plan_id = await plans.ask(tx, org.operator, job_id=job, proposal=proposal)
    return await plans.make(org.db, org.operator, plan_id)


async def items(org: Org, plan_id: PlanId) -> list[Item]:
    async with org.db.tenant(org.id) as tx:
        return await plan_store.list_items(tx, plan_id, at_most=1000)


async def pause(org: Org, job: JobId) -> None:
    async with org.db.tenant(org.id) as tx:
        await sync.pause(tx, org.operator, job)


@pytest.fixture
async def shared(contoso: Org, fabrikam: Org) -> JobId:
    """Contoso shares Annie, Bob and Charlie with Fabrikam, which accepts; all is synced."""
    people = [await contoso.add_person(name) for name in ("annie", "bob", "charlie")]
    await accept(fabrikam, people_of=contoso)
    job = await share(contoso, *people, to=fabrikam)
    await drain(contoso.db, contoso.id)
    return job


async def test_a_plan_stores_nothing_for_the_unchanged(contoso: Org, shared: JobId):
    """Design D7: 1,000,000 people with 10,000 changes are 10,000 items."""
    made = await plan(contoso, shared)
    assert (made.state, made.tally, made.looked_at) == (PlanState.PLANNED, Tally(), 3)
    assert await items(contoso, made.id) == []


async def test_a_plan_names_what_each_person_would_meet(contoso: Org, fabrikam: Org, shared: JobId):
    """Created, updated (which attributes), deleted; ids and bits only."""
    await pause(contoso, shared)
    dana = await contoso.add_person("dana")
    await share(contoso, dana, to=fabrikam)
    await contoso.change(contoso.people["annie"], city="Bonn")
    async with contoso.db.tenant(contoso.id) as tx:
        await directory.delete_users(tx, contoso.operator, [contoso.people["bob"].id])
    made = await plan(contoso, shared)
    said = {each.source_id: (each.verdict, each.changed) for each in await items(contoso, made.id)}
    assert said[contoso.people["annie"].id] == (Verdict.UPDATE, Attribute.CITY.bit)
    assert said[contoso.people["bob"].id] == (Verdict.DELETE, Attribute.IS_DELETED.bit)
    assert said[dana.id][0] is Verdict.CREATE
    assert made.tally == Tally(create=1, update=1, delete=1)
    assert not await is_alive(fabrikam, dana)


async def test_applying_a_plan_does_what_it_said_once(contoso: Org, fabrikam: Org, shared: JobId):
    """A plan applied twice equals once; its receipts bear its own numbers."""
    await pause(contoso, shared)
    await contoso.change(contoso.people["annie"], city="Bonn")
    async with contoso.db.tenant(contoso.id) as tx:
        await directory.delete_users(tx, contoso.operator, [contoso.people["bob"].id])
    made = await plan(contoso, shared)
    first = await plans.apply(contoso.db, contoso.operator, made.id)
    assert first.plan.tally == Tally(update=1, delete=1, applied=2)
    second = await plans.apply(contoso.db, contoso.operator, made.id)
    assert second.plan.tally == first.plan.tally
    assert not await is_alive(fabrikam, contoso.people["bob"])
    assert await wrong_entries(contoso.db, contoso.id, [fabrikam.id]) == []
    assert (await drain(contoso.db, contoso.id)).total.changed == 0


async def test_a_proposal_is_planned_without_changing_anything(contoso: Org, fabrikam: Org, shared: JobId):
    """Unsharing Bob would delete him; nothing happens before it is applied, and then also the share is taken back."""
    bob = contoso.people["bob"]
    made = await plan(contoso, shared, Proposal(remove=(bob.id,)))
    assert made.tally == Tally(delete=1)
    assert (await drain(contoso.db, contoso.id)).total.changed == 0
    assert await is_alive(fabrikam, bob)
    await plans.apply(contoso.db, contoso.operator, made.id)
    assert not await is_alive(fabrikam, bob)
    async with contoso.db.tenant(contoso.id) as tx:
        scope = await sync.list_scope(tx, contoso.operator, shared)
    assert bob.id not in {each for each, _ in scope}
    assert (await drain(contoso.db, contoso.id)).total.changed == 0


async def test_a_plan_may_propose_a_share_that_is_not_there_yet(contoso: Org, fabrikam: Org):
    """Share by plan: the job is opened when the plan is applied."""
    annie = await contoso.add_person("annie")
    await accept(fabrikam, people_of=contoso)
    made = await plan(contoso, None, Proposal(opens=fabrikam.id, add_users=(annie.id,)))
    assert made.tally == Tally(create=1)
    async with contoso.db.tenant(contoso.id) as tx:
        assert await sync.list_standing(tx, contoso.operator) == []
    await plans.apply(contoso.db, contoso.operator, made.id)
    assert await is_alive(fabrikam, annie)
    async with contoso.db.tenant(contoso.id) as tx:
        (job,) = [each.job for each in await sync.list_standing(tx, contoso.operator)]
    assert (job.id, job.name, job.state) == (made.job_id, f"Sync_{fabrikam.id}", JobState.ACTIVE)
    assert (await drain(contoso.db, contoso.id)).total.changed == 0


async def test_actions_may_be_proposed(contoso: Org, shared: JobId):
    """M47 beforehand: with Delete off, whoever leaves is skipped."""
    bob = contoso.people["bob"]
    made = await plan(contoso, shared, Proposal(remove=(bob.id,), actions=Actions(delete=False)))
    (item,) = await items(contoso, made.id)
    assert (item.verdict, item.reason) == (Verdict.SKIP, "TargetObjectActionOff")


async def test_a_manager_who_comes_with_the_plan_is_part_of_it(contoso: Org, fabrikam: Org, shared: JobId):
    """Annie's new manager is created by the plan, and set by it: nothing is done that was not shown."""
    await pause(contoso, shared)
    dana = await contoso.add_person("dana")
    await contoso.change(contoso.people["annie"], manager_id=dana.id)
    await share(contoso, dana, to=fabrikam)
    made = await plan(contoso, shared)
    assert made.tally == Tally(create=1, update=1)
    applied = await plans.apply(contoso.db, contoso.operator, made.id)
    assert applied.plan.tally == Tally(create=1, update=1, applied=2)
    assert (await plan(contoso, shared)).tally == Tally()


async def change_job(contoso: Org, _: Org, job: JobId) -> None:
    async with contoso.db.tenant(contoso.id) as tx:
        await configuring.set_actions(tx, contoso.operator, job, Actions(update=False))


async def change_target(contoso: Org, fabrikam: Org, _: JobId) -> None:
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        await partners.update_sync_policy(
            tx, fabrikam.operator, contoso.id, lambda each: replace(each, group_sync=True)
        )


@pytest.mark.parametrize(("change", "named"), [(change_job, "the job"), (change_target, "the target's sync policy")])
async def test_a_plan_is_refused_when_what_it_rests_on_changed(
    contoso: Org, fabrikam: Org, shared: JobId, change: Callable[[Org, Org, JobId], Awaitable[None]], named: str
):
    """The plan guard names what changed; the plan stays refused, and nothing was done."""
    await pause(contoso, shared)
    await contoso.change(contoso.people["annie"], city="Bonn")
    made = await plan(contoso, shared)
    await change(contoso, fabrikam, shared)
    with pytest.raises(PlanOutdated) as refused:
        await plans.apply(contoso.db, contoso.operator, made.id)
    assert refused.value.parameters == {"changed": named}
    async with contoso.db.tenant(contoso.id) as tx:
        assert (await plan_store.get(tx, made.id)).state is PlanState.REFUSED


async def test_a_plan_expires_after_seven_days(contoso: Org, shared: JobId, clock: BusinessClock):
    """On the business clock."""
    made = await plan(contoso, shared, Proposal(remove=(contoso.people["bob"].id,)))
    clock.offset += timedelta(days=7, seconds=1)
    with pytest.raises(PlanExpired):
        await plans.apply(contoso.db, contoso.operator, made.id)


async def test_whoever_changed_since_the_plan_is_applied_dropped_or_held(contoso: Org, fabrikam: Org, shared: JobId):
    """100 people change between plan and approval: the same and less is done, more and what was never shown is not."""
    people = await contoso.add_many(100)
    await share(contoso, *people, to=fabrikam)
    await drain(contoso.db, contoso.id)
    await pause(contoso, shared)
    for each in people[:60]:
        await contoso.change(each, city="Bonn", department="Sales")
    made = await plan(contoso, shared)
    assert made.tally == Tally(update=60)

    for each in people[:15]:  # another value of an attribute that was shown
        await contoso.change(each, city="Köln")
    for each in people[15:30]:  # one attribute less: the target has it already
        await set_in_target(fabrikam, each, department="Sales")
    for each in people[30:40]:  # nothing left to do
        await set_in_target(fabrikam, each, department="Sales", city="Bonn")
    for each in people[40:50]:  # an attribute that was not shown
        await contoso.change(each, job_title="Boss")
    await delete(contoso, people[50:60])  # a delete in place of an update
    await delete(contoso, people[60:80])  # deletes of people who were not in the plan
    for each in people[80:100]:  # updates of people who were not in the plan
        await contoso.change(each, city="Berlin")

    applied = (await plans.apply(contoso.db, contoso.operator, made.id)).plan
    assert applied.tally == Tally(update=60, applied=30, dropped=10, held=60)
    outcomes = {each.source_id: (each.outcome, each.reason) for each in await items(contoso, made.id)}
    assert {outcomes[each.id] for each in people[:30]} == {(Outcome.APPLIED, None)}
    assert {outcomes[each.id] for each in people[30:40]} == {(Outcome.DROPPED, None)}
    assert {outcomes[each.id] for each in people[40:60]} == {(Outcome.HELD, None)}
    assert {outcomes[each.id] for each in people[60:]} == {(Outcome.HELD, "ChangedSincePlan")}
    assert all([await is_alive(fabrikam, each) for each in people])
    assert await wrong_entries(contoso.db, contoso.id, [fabrikam.id]) == []


async def test_whatever_has_become_milder_since_the_plan_is_dropped_and_reported(
    contoso: Org, fabrikam: Org, shared: JobId
):
    """Shown was a deletion, now it would be an update; shown was a creation, now nobody is created: neither is done."""
    people = await contoso.add_many(40)
    await share(contoso, *people, to=fabrikam)
    await drain(contoso.db, contoso.id)
    await pause(contoso, shared)
    newcomers = [await contoso.add_person(f"new {n}") for n in range(10)]
    await share(contoso, *newcomers, to=fabrikam)
    await delete(contoso, people)
    made = await plan(contoso, shared)
    assert made.tally == Tally(create=10, delete=40)

    for each in people[:20]:
        async with contoso.db.tenant(contoso.id) as tx:
            await directory.restore_user(tx, contoso.operator, each.id)
        await contoso.change(each, city="Bonn")
    for each in newcomers[:5]:
        await contoso.change(each, account_enabled=False)

    applied = (await plans.apply(contoso.db, contoso.operator, made.id)).plan
    assert applied.tally == Tally(create=10, delete=40, applied=25, dropped=25)
    dropped = {each.source_id for each in await items(contoso, made.id) if each.outcome is Outcome.DROPPED}
    assert dropped == {each.id for each in (*people[:20], *newcomers[:5])}
    assert [await is_alive(fabrikam, each) for each in people] == [True] * 20 + [False] * 20
    assert await wrong_entries(contoso.db, contoso.id, [fabrikam.id]) == []


async def test_what_an_applied_unshare_held_back_no_drain_does(contoso: Org, fabrikam: Org, shared: JobId):
    """A group was to be unshared; somebody joined it meanwhile, and was synced: he was not shown, so he stays."""
    dana, erik = await contoso.add_person("dana"), await contoso.add_person("erik")
    async with contoso.db.tenant(contoso.id) as tx:
        group = await directory.create_group(tx, contoso.operator, name="Sales")
        await directory.add_members(tx, contoso.operator, group.id, [dana.id])
    await share(contoso, groups=(GroupId(group.id),), to=fabrikam)
    await drain(contoso.db, contoso.id)
    made = await plan(contoso, shared, Proposal(remove=(group.id,)))
    async with contoso.db.tenant(contoso.id) as tx:
        await directory.add_members(tx, contoso.operator, group.id, [erik.id])
    await drain(contoso.db, contoso.id)
    applied = await plans.apply(contoso.db, contoso.operator, made.id)
    assert applied.plan.tally == Tally(delete=1, applied=1, held=1)
    assert (await drain(contoso.db, contoso.id)).total.changed == 0
    assert not await is_alive(fabrikam, dana)
    assert await is_alive(fabrikam, erik)


async def test_a_plan_is_made_in_the_background_too(contoso: Org, shared: JobId, db: Database):
    """Large plans are an order; running it twice makes one plan."""
    async with contoso.db.tenant(contoso.id) as tx:
        plan_id = await plans.ask(
            tx, contoso.operator, job_id=shared, proposal=Proposal(remove=(contoso.people["bob"].id,))
        )
        await plans.order(tx, contoso.operator, plan_id)
    task = Task(Order(PLAN, contoso.id, key=plan_id), run=plan_id, attempt=1, cause=None)
    await offered_plans(db).handler(task)
    await offered_plans(db).handler(task)
    async with contoso.db.tenant(contoso.id) as tx:
        made = await plan_store.get(tx, plan_id)
    assert (made.state, made.kind, made.tally) == (PlanState.PLANNED, PlanKind.PREVIEW, Tally(delete=1))


async def set_in_target(org: Org, home: User, **values: object) -> None:
    """An administrator of the target changes the account that stands for somebody."""
    async with org.db.tenant(org.id) as tx:
        account = await find_by_home(tx, home.tenant_id, home.id)
        assert account is not None
        named = {Attribute[name.upper()]: value for name, value in values.items()}
        await directory.update_user(tx, org.operator, account.id, named)


async def delete(org: Org, people: list[User]) -> None:
    async with org.db.tenant(org.id) as tx:
        await directory.delete_users(tx, org.operator, [each.id for each in people])
