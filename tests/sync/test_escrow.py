"""Who fails stays with a reason, is tried again on the business clock, and holds up nobody (provisioning §9)."""

from __future__ import annotations

from datetime import timedelta

from comity.core.clock import BusinessClock
from comity.core.ids import JobId
from comity.db.database import Database
from comity.directory import service as directory
from comity.directory.model import User
from comity.sync import configuring, demand
from comity.sync import service as sync
from comity.sync.controlling import Reset, restart
from comity.sync.drain import drain
from comity.sync.escrow import store
from comity.sync.escrow.model import Escrow
from comity.sync.escrow.service import list_escrow
from comity.sync.mapping_document import write_mapping
from comity.sync.mapping_rows import DEFAULT
from comity.sync.model import Counts, JobState, Reason
from comity.sync.service import Principals, share_with
from tests.support.drains import accept, is_alive, last_run, share, standing, unshare
from tests.support.world import Org

HOUR = timedelta(hours=1)
SLOW = r"^(a|a|a|a|a|a)+$"
"""A pattern that takes ages for a text that nearly fits."""


async def in_escrow(org: Org) -> list[Escrow]:
    async with org.db.tenant(org.id) as tx:
        return await list_escrow(tx, org.operator)


async def occupy(org: Org, mail: str | None) -> User:
    """Somebody of the tenant's own has the mail that another's B2B account would bear."""
    return await org.add_person(f"occupant {len(org.people)}", mail=mail)


async def fail_annie(contoso: Org, fabrikam: Org, db: Database) -> tuple[User, User, JobId]:
    """Annie cannot be created in Contoso, where her mail is taken; Bob can."""
    annie, bob = await fabrikam.add_person("annie"), await fabrikam.add_person("bob")
    occupant = await occupy(contoso, annie.mail)
    await accept(contoso, people_of=fabrikam)
    job = await share(fabrikam, annie, bob, to=contoso)
    assert (await drain(db, fabrikam.id)).total == Counts(created=1, failed=1)
    return annie, occupant, job


async def test_who_fails_is_in_escrow_with_the_reason_and_holds_up_nobody(
    fabrikam: Org, contoso: Org, db: Database, clock: BusinessClock
):
    """The others of the page are through, the watermark moves, and the run says that somebody failed."""
    annie, _, job = await fail_annie(contoso, fabrikam, db)

    (entry,) = await in_escrow(fabrikam)
    assert (entry.job_id, entry.source_id, entry.kind, entry.attempts) == (job, annie.id, "user", 1)
    assert entry.code == Reason.AMBIGUOUS.value
    assert entry.retry_at - entry.failed_since == 6 * HOUR
    assert (await last_run(fabrikam)).state.value == "EntryLevelErrors"
    assert (await drain(db, fabrikam.id)).total == Counts()
    assert clock.now() - entry.failed_at < HOUR


async def test_who_was_mended_in_the_target_gets_through_when_it_is_time(
    fabrikam: Org, contoso: Org, db: Database, clock: BusinessClock
):
    """No change in the source is needed; before the six hours nothing happens."""
    annie, occupant, _ = await fail_annie(contoso, fabrikam, db)
    await contoso.change(occupant, mail=f"other@{contoso.domain}")

    clock.offset += 5 * HOUR
    assert (await drain(db, fabrikam.id)).total == Counts()
    clock.offset += HOUR
    assert (await drain(db, fabrikam.id)).total == Counts(created=1)
    assert await is_alive(contoso, annie)
    assert await in_escrow(fabrikam) == []


async def test_who_fails_again_is_tried_more_and_more_rarely_and_at_last_no_more(
    fabrikam: Org, contoso: Org, db: Database, clock: BusinessClock
):
    """6, 12, 24 hours after the first failure, then daily; dropped after 28 days."""
    await fail_annie(contoso, fabrikam, db)
    (first,) = await in_escrow(fabrikam)
    attempts = 1
    while entries := await in_escrow(fabrikam):
        (entry,) = entries
        assert (entry.attempts, entry.failed_since) == (attempts, first.failed_since)
        clock.offset += entry.retry_at - clock.now() + timedelta(seconds=1)
        assert (await drain(db, fabrikam.id)).total == Counts(failed=1)
        attempts += 1
    assert attempts == 31
    assert clock.now() - first.failed_since >= timedelta(days=28)
    clock.offset += timedelta(days=1)
    assert (await drain(db, fabrikam.id)).total == Counts()


async def test_a_change_at_home_tries_at_once_and_begins_a_new_series(
    fabrikam: Org, contoso: Org, db: Database, clock: BusinessClock
):
    """Who changed is decided anew; whether that mended it shows, and the clock begins again."""
    annie, _, _ = await fail_annie(contoso, fabrikam, db)
    clock.offset += 7 * HOUR
    await drain(db, fabrikam.id)
    clock.offset += HOUR

    await fabrikam.change(annie, city="Bonn")
    assert (await drain(db, fabrikam.id)).total == Counts(failed=1)
    (entry,) = await in_escrow(fabrikam)
    assert (entry.attempts, entry.retry_at - entry.failed_since) == (1, 6 * HOUR)

    await fabrikam.change(annie, mail=f"annie.new@{fabrikam.domain}")
    assert (await drain(db, fabrikam.id)).total == Counts(created=1)
    assert await in_escrow(fabrikam) == []


async def test_who_is_no_longer_shared_leaves_escrow(fabrikam: Org, contoso: Org, db: Database):
    """Nothing is left to be tried."""
    annie, _, _ = await fail_annie(contoso, fabrikam, db)

    await unshare(fabrikam, annie, to=contoso)
    await drain(db, fabrikam.id)

    assert await in_escrow(fabrikam) == []


async def test_who_is_in_line_without_a_write_leaves_escrow(fabrikam: Org, contoso: Org, db: Database):
    """An update that failed, and whose value was then taken back at home: nothing is written, nothing fails."""
    annie = await fabrikam.add_person("annie", city="Köln")
    await accept(contoso, people_of=fabrikam)
    job = await share(fabrikam, annie, to=contoso)
    await drain(db, fabrikam.id)
    document = write_mapping(DEFAULT)
    for row in document["attributeMappings"]:
        if row["targetAttributeName"] == "userType":
            row |= {"source": {"type": "Function", "expression": 'IIF([city]="Bonn", "Stranger", "Member")'}}
            row["flowType"] = "Always"
    async with db.tenant(fabrikam.id) as tx:
        await configuring.set_mapping(tx, fabrikam.operator, job, document)
    await fabrikam.change(annie, city="Bonn")
    assert (await drain(db, fabrikam.id)).total.failed == 1
    assert len(await in_escrow(fabrikam)) == 1

    await fabrikam.change(annie, city="Köln")
    assert (await drain(db, fabrikam.id)).total == Counts()
    assert await in_escrow(fabrikam) == []


async def test_provisioning_on_demand_ends_it_as_well(fabrikam: Org, contoso: Org, db: Database):
    """Any success clears it (provisioning §9)."""
    annie, occupant, job = await fail_annie(contoso, fabrikam, db)
    assert (await demand.provision(db, fabrikam.operator, job, annie.id)).code == Reason.AMBIGUOUS.value
    assert len(await in_escrow(fabrikam)) == 1

    await contoso.change(occupant, mail=f"other@{contoso.domain}")
    assert (await demand.provision(db, fabrikam.operator, job, annie.id)).action == "create"
    assert await in_escrow(fabrikam) == []


async def test_a_restart_forgets_escrows_and_tries_everybody_anew(fabrikam: Org, contoso: Org, db: Database):
    """Escrows alone are forgotten without a look; the portal's button also looks at everybody."""
    _, _, job = await fail_annie(contoso, fabrikam, db)
    async with db.tenant(fabrikam.id) as tx:
        await restart(tx, fabrikam.operator, job, {Reset.ESCROWS})
    assert await in_escrow(fabrikam) == []
    assert (await drain(db, fabrikam.id)).total == Counts()

    async with db.tenant(fabrikam.id) as tx:
        await restart(tx, fabrikam.operator, job, {Reset.ESCROWS, Reset.WATERMARK})
    assert (await drain(db, fabrikam.id)).total == Counts(failed=1)


async def test_a_job_that_rests_tries_nobody(fabrikam: Org, contoso: Org, db: Database, clock: BusinessClock):
    """Nothing wakes a paused job (design D8); started again it takes up who is due."""
    _, occupant, job = await fail_annie(contoso, fabrikam, db)
    await contoso.change(occupant, mail=f"other@{contoso.domain}")
    async with db.tenant(fabrikam.id) as tx:
        await sync.pause(tx, fabrikam.operator, job)
    clock.offset += 7 * HOUR
    assert (await drain(db, fabrikam.id)).total == Counts()

    async with db.tenant(fabrikam.id) as tx:
        await sync.start(tx, fabrikam.operator, job)
    assert (await drain(db, fabrikam.id)).total == Counts(created=1)


async def test_a_group_that_failed_is_tried_again(fabrikam: Org, contoso: Org, db: Database, clock: BusinessClock):
    """Groups are escrowed like people; one that was deleted meanwhile leaves."""
    annie = await fabrikam.add_person("annie")
    await accept(contoso, people_of=fabrikam)
    async with db.tenant(fabrikam.id) as tx:
        group = await directory.create_group(tx, fabrikam.operator, name="Everybody")
        await directory.add_members(tx, fabrikam.operator, group.id, [annie.id])
        job = (await share_with(tx, fabrikam.operator, Principals(groups=[group.id]), contoso.id)).job.id
    await drain(db, fabrikam.id)
    async with db.tenant(fabrikam.id) as tx:
        now = tx.now
        await store.save(tx, job, [Escrow(job, group.id, "group", "EntryConflict", None, now, now, 1, now + HOUR)])

    clock.offset += 2 * HOUR
    assert (await drain(db, fabrikam.id)).total == Counts(skipped=1)
    assert await in_escrow(fabrikam) == []


async def test_one_slow_pattern_keeps_the_person_and_tries_her_again(fabrikam: Org, contoso: Org, db: Database):
    """Whether she is in scope is not known: to take that for "no" would delete her."""
    annie = await fabrikam.add_person("annie", city="Köln")
    await accept(contoso, people_of=fabrikam)
    job = await share(fabrikam, annie, to=contoso)
    await drain(db, fabrikam.id)
    async with db.tenant(fabrikam.id) as tx:
        clause = {"sourceOperandName": "city", "operatorName": "NOT REGEX MATCH", "targetOperand": {"values": [SLOW]}}
        await configuring.set_filter(tx, fabrikam.operator, job, {"groups": [{"name": "City", "clauses": [clause]}]})
    await fabrikam.change(annie, city="a" * 60 + "!")

    assert (await drain(db, fabrikam.id)).total == Counts(failed=1)
    (entry,) = await in_escrow(fabrikam)
    assert entry.details is not None and entry.details["error"] == "expression-pattern-too-slow"
    assert await is_alive(contoso, annie)

    await fabrikam.change(annie, city="Bonn")
    assert (await drain(db, fabrikam.id)).total == Counts(updated=1)
    assert await in_escrow(fabrikam) == []


async def test_a_job_whose_pattern_is_slow_for_many_stops_and_says_why(fabrikam: Org, contoso: Org, db: Database):
    """Half a second each would be hours; nobody is touched, and nothing is read past."""
    people = [await fabrikam.add_person(f"p{n}", city="a" * 60 + "!") for n in range(12)]
    await accept(contoso, people_of=fabrikam)
    job = await share(fabrikam, *people, to=contoso)
    async with db.tenant(fabrikam.id) as tx:
        clause = {"sourceOperandName": "city", "operatorName": "NOT REGEX MATCH", "targetOperand": {"values": [SLOW]}}
        await configuring.set_filter(tx, fabrikam.operator, job, {"groups": [{"name": "City", "clauses": [clause]}]})

    drained = await drain(db, fabrikam.id)

    assert drained.total == Counts()
    (now,) = await standing(fabrikam)
    assert (now.job.state, now.job.state_reason) == (JobState.PAUSED, "sync-patterns-too-slow")
    assert now.job.watermark is None
    assert now.last_run is None or now.last_run.state.value == "Failed"
    assert await in_escrow(fabrikam) == []


async def test_whoever_arrives_with_many_leaves_escrow_as_well(fabrikam: Org, contoso: Org, db: Database):
    """New people go a way of their own when they are many; it clears as any success does."""
    people = await fabrikam.add_many(3)
    await accept(contoso, people_of=fabrikam)
    job = await share(fabrikam, *people, to=contoso)
    async with db.tenant(fabrikam.id) as tx:
        now, later = tx.now, tx.now + HOUR
        failed = [Escrow(job, each.id, "user", "EntryConflict", None, now, now, 1, later) for each in people]
        await store.save(tx, job, failed)

    assert (await drain(db, fabrikam.id, newcomers_min=1)).total == Counts(created=3)
    assert await in_escrow(fabrikam) == []
