"""What is over on the business clock goes, and nothing before (tables.toml, provisioning §7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, LiteralString

from comity.core.caller import Caller
from comity.core.clock import BusinessClock
from comity.core.ids import PERSONAL_REALM, CauseId, JobId, new_id
from comity.db.database import Database
from comity.directory.model import User
from comity.jobs.mail.model import Letter
from comity.jobs.mail.service import post
from comity.jobs.model import Order, Task
from comity.sync import plans, undoing
from comity.sync.controlling import stop
from comity.sync.drain import drain
from comity.sync.escrow import store as escrow
from comity.sync.escrow.model import Escrow
from comity.sync.orders import SWEEP
from comity.sync.retention import KEPT, Swept, offered, sweep
from tests.support.drains import accept, last_run, share, standing
from tests.support.world import Org

DAY = timedelta(days=1)


async def count(org: Org, query: LiteralString) -> int:
    async with org.db.tenant(org.id) as tx:
        row = await tx.row(query)
    assert row is not None
    return int(row[0])


async def left(source: Org, target: Org) -> dict[str, int]:
    """How many rows there are of what goes."""
    return {
        "log": await count(source, "select count(*) from provisioning_log where tenant_id = %(tenant_id)s"),
        "plans": await count(source, "select count(*) from sync_plan where tenant_id = %(tenant_id)s"),
        "runs": await count(source, "select count(*) from sync_run where tenant_id = %(tenant_id)s"),
        "receipts": await count(target, "select count(*) from sync_receipt where tenant_id = %(tenant_id)s"),
    }


async def swept(org: Org) -> Swept:
    return await sweep(org.db, Caller.system("sweeper", tenant_id=org.id))


async def three_runs(fabrikam: Org, contoso: Org, db: Database, clock: BusinessClock) -> tuple[User, JobId]:
    """Today one, in ten days another, in twenty the third."""
    annie = await fabrikam.add_person("annie")
    await accept(contoso, people_of=fabrikam)
    job = await share(fabrikam, annie, to=contoso)
    await drain(db, fabrikam.id)
    for city in ("Köln", "Bonn"):
        clock.offset += 10 * DAY
        await fabrikam.change(annie, city=city)
        await drain(db, fabrikam.id)
    return annie, job


async def test_log_receipts_and_runs_go_after_thirty_days(
    fabrikam: Org, contoso: Org, db: Database, clock: BusinessClock
):
    """Each on its own day; a job's newest run and the first that succeeded stay, for its status."""
    await three_runs(fabrikam, contoso, db, clock)
    everything = await left(fabrikam, contoso)
    await swept(fabrikam)
    await swept(contoso)
    assert await left(fabrikam, contoso) == everything == {"log": 3, "plans": 3, "runs": 3, "receipts": 3}

    clock.offset += 10 * DAY + timedelta(minutes=1)
    assert (await swept(fabrikam)).log == 1
    assert (await swept(contoso)).receipts == 1
    assert await left(fabrikam, contoso) == {"log": 2, "plans": 2, "runs": 3, "receipts": 2}

    clock.offset += KEPT
    await swept(fabrikam)
    await swept(contoso)
    assert await left(fabrikam, contoso) == {"log": 0, "plans": 0, "runs": 2, "receipts": 0}
    assert await swept(fabrikam) == Swept(0, 0, 0, 0, 0, 0)


async def test_a_run_can_be_undone_as_long_as_its_receipts_stay(
    fabrikam: Org, contoso: Org, db: Database, clock: BusinessClock
):
    """Sweeping on the 29th day takes nothing that undo needs."""
    annie, _ = await three_runs(fabrikam, contoso, db, clock)
    run = await last_run(fabrikam)
    clock.offset += 29 * DAY
    await swept(fabrikam)
    await swept(contoso)

    async with db.tenant(fabrikam.id) as tx:
        (plan_id,) = await undoing.ask_undo(tx, fabrikam.operator, run.id)
    await plans.make(db, fabrikam.operator, plan_id)
    applied = await plans.apply(db, fabrikam.operator, plan_id)
    assert applied.plan.tally.applied == 1
    async with db.tenant(contoso.id) as tx:
        rows = await tx.rows(
            "select city from users where tenant_id = %(tenant_id)s and home_user_id = %(id)s", id=annie.id
        )
    assert rows == [("Köln",)]


async def test_a_plan_that_nobody_applied_goes_with_its_items_after_seven_days(
    fabrikam: Org, contoso: Org, db: Database, clock: BusinessClock
):
    """It has expired then."""
    annie, job = await three_runs(fabrikam, contoso, db, clock)
    async with db.tenant(fabrikam.id) as tx:
        await stop(tx, fabrikam.operator, job)
    await fabrikam.change(annie, city="Ulm")
    async with db.tenant(fabrikam.id) as tx:
        plan_id = await plans.ask(tx, fabrikam.operator, job_id=job)
    await plans.make(db, fabrikam.operator, plan_id)
    items: LiteralString = "select count(*) from sync_step where tenant_id = %(tenant_id)s"
    clock.offset += 6 * DAY
    await swept(fabrikam)
    assert await count(fabrikam, items) == 1

    clock.offset += DAY + timedelta(minutes=1)
    await swept(fabrikam)
    assert await count(fabrikam, items) == 0


async def test_escrow_of_a_job_that_rests_goes_after_four_weeks(
    fabrikam: Org, contoso: Org, db: Database, clock: BusinessClock
):
    """No drain would come by and drop it."""
    _, job = await three_runs(fabrikam, contoso, db, clock)
    async with db.tenant(fabrikam.id) as tx:
        await escrow.save(tx, job, [Escrow(job, new_id(), "user", "EntryConflict", None, tx.now, tx.now, 1, tx.now)])
    clock.offset += 28 * DAY - timedelta(minutes=1)
    assert (await swept(fabrikam)).escrow == 0
    clock.offset += timedelta(minutes=2)
    assert (await swept(fabrikam)).escrow == 1


async def test_mails_go_after_thirty_days(contoso: Org, db: Database, clock: BusinessClock):
    """Whatever became of them."""
    async with db.tenant(contoso.id) as tx:
        await post(tx, Letter("sync-mail-stopped", {}, ["a@b.example"], "en"))
    clock.offset += KEPT + timedelta(minutes=1)
    assert (await swept(contoso)).mails == 1


async def test_the_sweep_is_background_work_of_all_tenants(
    fabrikam: Org, contoso: Org, db: Database, clock: BusinessClock
):
    """Every hour; one tenant's sweep is its own."""
    await three_runs(fabrikam, contoso, db, clock)
    clock.offset += KEPT + timedelta(minutes=1)
    task = Task(Order(SWEEP, PERSONAL_REALM), new_id(), 1, CauseId(new_id()))

    again: Any = await offered(db).handler(task)

    assert timedelta(minutes=55) < again - clock.now() <= timedelta(hours=1)
    assert (await left(fabrikam, contoso))["log"] == (await left(fabrikam, contoso))["receipts"] == 0
    assert len(await standing(fabrikam)) == 1
