"""Undo takes back exactly one run: former values and states; what was changed later is named and left (§4.6, D8)."""

from __future__ import annotations

from typing import Any

import pytest

from comity.core.ids import JobId, PlanId, RunId
from comity.directory import service as directory
from comity.directory.model import Attribute, User
from comity.directory.store import find_by_home
from comity.sync import plan_store, plans
from comity.sync import service as sync
from comity.sync.drain import drain
from comity.sync.model import JobState
from comity.sync.planned import PlanState, Tally
from comity.sync.undoing import ask_undo
from tests.support.books import wrong_entries
from tests.support.drains import accept, is_alive, last_run, share, standing, unshare
from tests.support.world import Org


async def undo(org: Org, run: RunId | None = None) -> Tally:
    """Undo a run, by default the last one of the tenant's only job; the figures of the plan afterwards."""
    (plan_id,) = await ask(org, run)
    await plans.make(org.db, org.operator, plan_id)
    return (await plans.apply(org.db, org.operator, plan_id)).plan.tally


async def ask(org: Org, run: RunId | None = None) -> list[PlanId]:
    run = run or (await last_run(org)).id
    async with org.db.tenant(org.id) as tx:
        return await ask_undo(tx, org.operator, run)


async def state_of(org: Org) -> dict[Any, Any]:
    """Everybody who lives in a tenant, whole; versions and the time of the last invitation aside."""
    async with org.db.tenant(org.id) as tx:
        rows = await tx.rows(
            "select to_jsonb(u) - 'version' - 'external_state_at' from users u "
            "where tenant_id = %(tenant_id)s and deleted_at is null"
        )
    return {row[0]["id"]: row[0] for row in rows}


@pytest.fixture
async def shared(contoso: Org, fabrikam: Org) -> JobId:
    """Contoso shares Annie, Bob and Charlie with Fabrikam; all is synced."""
    people = [await contoso.add_person(name) for name in ("annie", "bob", "charlie")]
    await contoso.change(people[0], manager_id=people[1].id)
    await accept(fabrikam, people_of=contoso)
    job = await share(contoso, *people, to=fabrikam)
    await drain(contoso.db, contoso.id)
    return job


async def change_everything(contoso: Org, fabrikam: Org) -> None:
    """In one run: somebody comes, somebody changes, somebody leaves, somebody is adopted, somebody comes back."""
    dana, erik = await contoso.add_person("dana"), await contoso.add_person("erik")
    await unshare(contoso, contoso.people["charlie"], to=fabrikam)
    await drain(contoso.db, contoso.id)
    await fabrikam.invite_guest(erik, home_known=False)
    await contoso.change(contoso.people["annie"], city="Bonn", manager_id=dana.id, account_enabled=False)
    async with contoso.db.tenant(contoso.id) as tx:
        await directory.delete_users(tx, contoso.operator, [contoso.people["bob"].id])
    await share(contoso, dana, erik, contoso.people["charlie"], to=fabrikam)


@pytest.mark.usefixtures("shared")
async def test_undo_restores_what_was_there_before_the_run(contoso: Org, fabrikam: Org):
    """The law, over every kind of step at once: created, updated, deleted, restored, adopted."""
    await change_everything(contoso, fabrikam)
    before = await state_of(fabrikam)
    run = await one_run(contoso)
    after = await state_of(fabrikam)
    assert before != after
    tally = await undo(contoso, run)
    assert (tally.held, tally.failed, tally.refuse, tally.applied) == (0, 0, 0, 5)
    assert await state_of(fabrikam) == before
    assert await wrong_entries(contoso.db, contoso.id, [fabrikam.id]) == []


@pytest.mark.usefixtures("shared")
async def test_an_undo_can_be_undone(contoso: Org, fabrikam: Org):
    """An undo leaves receipts like any run."""
    await change_everything(contoso, fabrikam)
    run = await one_run(contoso)
    after = await state_of(fabrikam)
    await undo(contoso, run)
    await undo(contoso)
    assert await state_of(fabrikam) == after
    assert await wrong_entries(contoso.db, contoso.id, [fabrikam.id]) == []


@pytest.mark.usefixtures("shared")
async def test_undo_leaves_the_job_paused_and_nothing_wakes_it(contoso: Org, fabrikam: Org):
    """Else the next drain would do again what was taken back (D8)."""
    await undo(contoso)
    (standing_now,) = await standing(contoso)
    assert (standing_now.job.state, standing_now.job.state_reason) == (JobState.PAUSED, "undone")
    await contoso.change(contoso.people["annie"], city="Bonn")
    assert (await drain(contoso.db, contoso.id)).total.changed == 0
    assert not await is_alive(fabrikam, contoso.people["annie"])


@pytest.mark.usefixtures("shared")
async def test_undone_creations_are_marked_in_the_log(contoso: Org, fabrikam: Org):
    """A soft deletion that takes a creation back says so; the same people come back with the same ids."""
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        annie = contoso.people["annie"]
        account = await find_by_home(tx, contoso.id, annie.id)
    await undo(contoso)
    async with contoso.db.tenant(contoso.id) as tx:
        newest = await sync.read_log(tx, contoso.operator, source_id=annie.id, at_most=1)
    assert [(each.action.name, each.code) for each in newest] == [("DELETE", "UndoneCreation")]
    await undo(contoso)
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        again = await find_by_home(tx, contoso.id, annie.id)
    assert account is not None and again is not None
    assert (again.id, again.deleted_at) == (account.id, None)


@pytest.mark.usefixtures("shared")
async def test_what_was_changed_later_is_named_and_left(contoso: Org, fabrikam: Org):
    """An administrator of the target wrote after the run, between planning and undoing, or between two steps."""
    annie, bob, charlie = (contoso.people[name] for name in ("annie", "bob", "charlie"))
    (plan_id,) = await ask(contoso)
    await write_in_target(fabrikam, annie, department="Sales")
    made = await plans.make(contoso.db, contoso.operator, plan_id)
    assert made.tally == Tally(delete=2, refuse=1)
    await write_in_target(fabrikam, bob, department="Sales")
    applied = await plans.apply(contoso.db, contoso.operator, plan_id)
    assert applied.plan.tally == Tally(delete=2, refuse=1, applied=1, held=1)
    assert [await is_alive(fabrikam, each) for each in (annie, bob, charlie)] == [True, True, False]
    async with contoso.db.tenant(contoso.id) as tx:
        items = {each.source_id: each for each in await plan_store.list_items(tx, plan_id)}
    assert items[annie.id].reason == "OverwrittenSince"


@pytest.mark.usefixtures("shared")
async def test_a_name_that_somebody_took_since_is_left(contoso: Org, fabrikam: Org):
    """A restored account cannot bear a name that a living one has."""
    bob = contoso.people["bob"]
    await unshare(contoso, bob, to=fabrikam)
    await drain(contoso.db, contoso.id)
    run = (await last_run(contoso)).id
    thief = await fabrikam.invite_guest(bob, home_known=False)
    (plan_id,) = await ask(contoso, run)
    made = await plans.make(contoso.db, contoso.operator, plan_id)
    assert made.tally == Tally(refuse=1)
    async with contoso.db.tenant(contoso.id) as tx:
        (item,) = await plan_store.list_items(tx, plan_id)
    assert item.reason == "EntryConflict"
    assert (await fabrikam.user(thief.id)).version == 1


@pytest.mark.usefixtures("shared")
async def test_only_the_run_that_was_named_is_taken_back(contoso: Org, fabrikam: Org):
    """Two changes of Annie, two runs; the first cannot be taken back any more, the second can."""
    annie = contoso.people["annie"]
    await contoso.change(annie, city="Bonn")
    await drain(contoso.db, contoso.id)
    first = (await last_run(contoso)).id
    await contoso.change(annie, city="Köln")
    await drain(contoso.db, contoso.id)
    second = (await last_run(contoso)).id
    (plan_id,) = await ask(contoso, first)
    assert (await plans.make(contoso.db, contoso.operator, plan_id)).tally == Tally(refuse=1)
    assert await undo(contoso, second) == Tally(update=1, applied=1)
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        account = await find_by_home(tx, contoso.id, annie.id)
    assert account is not None and account.city == "Bonn"


async def test_a_run_is_taken_back_in_every_target(contoso: Org, fabrikam: Org, tailspin: Org):
    """One cause, two targets, two plans."""
    annie = await contoso.add_person("annie")
    for each in (fabrikam, tailspin):
        await accept(each, people_of=contoso)
        await share(contoso, annie, to=each)
    await drain(contoso.db, contoso.id)
    await contoso.change(annie, city="Bonn")
    await drain(contoso.db, contoso.id)
    run = (await standing(contoso))[0].last_run
    assert run is not None
    plan_ids = await ask(contoso, run.id)
    assert len(plan_ids) == 2
    for plan_id in plan_ids:
        await plans.make(contoso.db, contoso.operator, plan_id)
        await plans.apply(contoso.db, contoso.operator, plan_id)
    for each in (fabrikam, tailspin):
        async with each.db.tenant(each.id) as tx:
            account = await find_by_home(tx, contoso.id, annie.id)
        assert account is not None and account.city is None


async def test_resuming_after_an_undo_shows_what_would_be_done_again(contoso: Org, shared: JobId):
    """The plan of the paused job restores those whom the undo took away."""
    await undo(contoso)
    async with contoso.db.tenant(contoso.id) as tx:
        plan_id = await plans.ask(tx, contoso.operator, job_id=shared)
    made = await plans.make(contoso.db, contoso.operator, plan_id)
    assert (made.state, made.tally) == (PlanState.PLANNED, Tally(restore=3))


@pytest.mark.parametrize("run", ["creations", "deletion"])
async def test_a_job_that_goes_on_after_an_undo_does_again_what_was_taken_back(
    contoso: Org, fabrikam: Org, shared: JobId, run: str
):
    """Graph's start shows no plan first (D8): scope and target agree again, also where nothing changed at home."""
    bob = contoso.people["bob"]
    if run == "deletion":
        await unshare(contoso, bob, to=fabrikam)
        await drain(contoso.db, contoso.id)
    assert await is_alive(fabrikam, bob) is (run == "creations")
    await undo(contoso)
    assert await is_alive(fabrikam, bob) is (run == "deletion")
    async with contoso.db.tenant(contoso.id) as tx:
        await sync.start(tx, contoso.operator, shared)
    await drain(contoso.db, contoso.id)
    assert await is_alive(fabrikam, bob) is (run == "creations")


async def one_run(org: Org) -> RunId:
    """Drain so that everything has one cause: what is done is one run."""
    await drop_causes(org)
    await drain(org.db, org.id)
    return (await last_run(org)).id


async def drop_causes(org: Org) -> None:
    """Entries without a cause of their own take the drain's."""
    async with org.db.tenant(org.id) as tx:
        await tx.execute("update feed_entry set cause = null where tenant_id = %(tenant_id)s")


async def write_in_target(org: Org, home: User, **values: object) -> None:
    async with org.db.tenant(org.id) as tx:
        account = await find_by_home(tx, home.tenant_id, home.id)
        assert account is not None
        named = {Attribute[name.upper()]: value for name, value in values.items()}
        await directory.update_user(tx, org.operator, account.id, named)
