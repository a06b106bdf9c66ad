"""What a drain that was cut off leaves behind, and how the next one goes on (design §4.6)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import psycopg
from psycopg import conninfo

from comity.core.caller import UserType
from comity.core.clock import BusinessClock
from comity.core.ids import CauseId, new_id
from comity.db.crossings.cycle import as_target
from comity.db.database import Database
from comity.directory import service as directory
from comity.events import feed
from comity.partners import service as partners
from comity.sync import service as sync
from comity.sync.drain import Phase, drain
from comity.sync.model import Action, Counts, RunState
from tests.support.drains import accept, die, is_alive, last_run, share, standing, unshare
from tests.support.postgres import Server
from tests.support.world import Org


async def test_a_person_whom_one_plan_touched_twice_is_projected(fabrikam: Org, contoso: Org, db: Database):
    """Her account came with the first look and her manager with the second; then the drain died. Links are written
    by one statement, which may not meet her twice."""
    annie_id, boss_id = new_id(), new_id()
    annie = await fabrikam.add_person("annie", id=annie_id, manager_id=boss_id)
    boss = await fabrikam.add_person("boss", id=boss_id)
    await accept(contoso, people_of=fabrikam)
    job = await share(fabrikam, annie, boss, to=contoso)
    await die(fabrikam, Phase.APPLIED, 3, page_size=1)

    await drain(db, fabrikam.id)

    async with db.tenant(fabrikam.id) as tx:
        log = await sync.read_log(tx, fabrikam.operator, job_id=job, source_id=annie.id)
    assert [each.action for each in log] == [Action.UPDATE, Action.CREATE]


async def test_a_run_that_was_cut_off_is_counted_to_the_end(fabrikam: Org, contoso: Org, db: Database):
    """What the target had applied and the source not noted is in the figures, once."""
    people = await fabrikam.add_many(4)
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, *people, to=contoso)
    cause = CauseId(new_id())
    await die(fabrikam, Phase.APPLIED, 3, page_size=1, cause=cause)

    await drain(db, fabrikam.id, page_size=1, cause=cause)

    run = await last_run(fabrikam)
    assert (run.cause, run.state, run.counts) == (cause, RunState.SUCCEEDED, Counts(created=4))


async def test_a_run_that_was_cut_off_does_not_stay_running(fabrikam: Org, contoso: Org, db: Database):
    """The next drain has a cause of its own: nobody would ever end the first run."""
    people = await fabrikam.add_many(2)
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, *people, to=contoso)
    await die(fabrikam, Phase.ADVANCED, 2, page_size=1)
    first = await last_run(fabrikam)

    await drain(db, fabrikam.id, page_size=1)

    run = await last_run(fabrikam)
    assert (run.id, run.state, run.counts) == (first.id, RunState.SUCCEEDED, Counts(created=2))


async def test_a_run_is_ended_even_if_the_next_drain_dies_at_another_job(
    fabrikam: Org, contoso: Org, tailspin: Org, db: Database
):
    """The plan of the first job has ended by then: only the run itself tells that it was left behind."""
    annie = await fabrikam.add_person("annie")
    await accept(contoso, people_of=fabrikam)
    await accept(tailspin, people_of=fabrikam)
    first = await share(fabrikam, annie, to=contoso)
    await drain(db, fabrikam.id)
    await fabrikam.change(annie, city="Bonn")
    await die(fabrikam, Phase.ADVANCED)
    await share(fabrikam, annie, to=tailspin)
    await die(fabrikam, Phase.PLANNING)  # a new job comes first

    async with db.tenant(fabrikam.id) as tx:
        await sync.pause(tx, fabrikam.operator, first)
    await drain(db, fabrikam.id)

    states = {each.job.id: each.last_run.state for each in await standing(fabrikam) if each.last_run is not None}
    assert states[first] is RunState.STOPPED


async def test_a_run_that_was_cut_off_stops_with_its_job(fabrikam: Org, contoso: Org, db: Database):
    """Nobody goes on with it, so it is not running."""
    annie = await fabrikam.add_person("annie")
    await accept(contoso, people_of=fabrikam)
    job = await share(fabrikam, annie, to=contoso)
    await die(fabrikam, Phase.ADVANCED)
    async with db.tenant(fabrikam.id) as tx:
        await sync.pause(tx, fabrikam.operator, job)

    await drain(db, fabrikam.id)

    run = await last_run(fabrikam)
    assert (run.state, run.counts) == (RunState.STOPPED, Counts(created=1))


async def test_who_left_a_group_that_was_unshared_is_looked_at(fabrikam: Org, contoso: Org, db: Database):
    """Whichever came first: by the time of the drain the group has no job any more, and she is not in it."""
    first, second = await fabrikam.add_person("annie"), await fabrikam.add_person("bob")
    await accept(contoso, people_of=fabrikam)
    async with db.tenant(fabrikam.id) as tx:
        group = await directory.create_group(tx, fabrikam.operator, name="Everybody")
        await directory.add_members(tx, fabrikam.operator, group.id, [first.id, second.id])
    await share(fabrikam, groups=(group.id,), to=contoso)
    await drain(db, fabrikam.id)
    assert await is_alive(contoso, first) and await is_alive(contoso, second)

    async with db.tenant(fabrikam.id) as tx:
        await directory.remove_members(tx, fabrikam.operator, group.id, [first.id])
    await unshare(fabrikam, groups=(group.id,), to=contoso)
    async with db.tenant(fabrikam.id) as tx:
        await directory.remove_members(tx, fabrikam.operator, group.id, [second.id])
    await drain(db, fabrikam.id)

    assert not await is_alive(contoso, first)
    assert not await is_alive(contoso, second)


async def test_a_failed_update_does_not_end_the_link(fabrikam: Org, contoso: Org, db: Database):
    """Whoever cannot be brought in line is still the job's, and goes when she leaves its scope."""
    annie = await fabrikam.add_person("annie")
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, annie, to=contoso)
    await drain(db, fabrikam.id)
    await contoso.add_person("squatter", user_principal_name=f"anna_{fabrikam.domain}#EXT#@{contoso.domain}")
    await fabrikam.change(annie, user_principal_name=f"anna@{fabrikam.domain}")
    assert (await drain(db, fabrikam.id)).total == Counts(failed=1)

    await unshare(fabrikam, annie, to=contoso)
    await drain(db, fabrikam.id)

    assert not await is_alive(contoso, annie)


async def test_who_becomes_a_guest_at_home_is_taken_back(fabrikam: Org, contoso: Org, db: Database):
    """Only members of the source are offered (provisioning §3.2): the change has to be noticed."""
    annie = await fabrikam.add_person("annie")
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, annie, to=contoso)
    await drain(db, fabrikam.id)

    await fabrikam.change(annie, user_type=UserType.GUEST)
    await drain(db, fabrikam.id)

    assert not await is_alive(contoso, annie)


async def test_a_job_below_the_floor_starts_over(fabrikam: Org, contoso: Org, db: Database, clock: BusinessClock):
    """It rested longer than the feed is kept: it looks at everybody it concerns (design §4.5)."""
    annie, bob = await fabrikam.add_person("annie"), await fabrikam.add_person("bob", city="Köln")
    await accept(contoso, people_of=fabrikam)
    job = await share(fabrikam, annie, bob, to=contoso)
    await drain(db, fabrikam.id)
    async with db.tenant(fabrikam.id) as tx:
        await sync.pause(tx, fabrikam.operator, job)
    await unshare(fabrikam, annie, to=contoso)
    await fabrikam.change(bob, city="Bonn")
    clock.offset += timedelta(days=31)
    async with db.tenant(fabrikam.id) as tx:
        await feed.trim(tx, before=tx.now - timedelta(days=30))
    async with db.tenant(fabrikam.id) as tx:
        await sync.start(tx, fabrikam.operator, job)

    assert (await drain(db, fabrikam.id)).total == Counts(updated=1, deleted=1)
    assert (await drain(db, fabrikam.id)).total == Counts()


async def test_a_drain_waits_for_what_a_killed_one_left_running(fabrikam: Org, contoso: Org, db: Database):
    """A process that is killed while the server commits its batch: the receipts come after the next drain began."""
    annie = await fabrikam.add_person("annie")
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, annie, to=contoso)
    await die(fabrikam, Phase.PLANNING)
    committing = asyncio.Event()

    async def commit_late() -> None:
        async with as_target(db, source=fabrikam.id, target=contoso.id):
            await committing.wait()

    late = asyncio.create_task(commit_late())
    next_one = asyncio.create_task(drain(db, fabrikam.id))
    done, _ = await asyncio.wait({next_one}, timeout=0.5)
    assert not done

    committing.set()
    await late
    assert (await next_one).total == Counts(created=1)


async def test_what_was_applied_is_known_before_anything_new(
    fabrikam: Org, contoso: Org, db: Database, server: Server, database_url: str
):
    """The door was closed when the receipts were asked for, and opened a moment later: whoever came by them and
    has left meanwhile is not yet linked, and would stay for ever."""
    annie = await fabrikam.add_person("annie")
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, annie, to=contoso)
    await die(fabrikam, Phase.APPLIED)
    await unshare(fabrikam, annie, to=contoso)
    async with db.tenant(contoso.id) as tx:
        await partners.withdraw_acceptance(tx, contoso.operator, fabrikam.id)

    def open_the_door() -> bool:
        name = conninfo.conninfo_to_dict(database_url)["dbname"]
        with psycopg.connect(server.admin_url(str(name))) as connection:
            connection.execute("update partner_sync set user_sync_inbound = true where tenant_id = %s", (contoso.id,))
        return True

    await drain(db, fabrikam.id, going=open_the_door)
    await drain(db, fabrikam.id)

    assert not await is_alive(contoso, annie)
