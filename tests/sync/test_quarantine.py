"""A job in trouble slows down, says why, comes back by itself, and is stopped after four weeks (provisioning §9)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from comity.audit.service import list_for_object
from comity.core.clock import BusinessClock
from comity.core.ids import JobId, UserId, new_id
from comity.db.database import Database
from comity.directory.model import User
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.jobs.mail.service import list_mails
from comity.partners import service as partners
from comity.sync import service as sync
from comity.sync.controlling import Reset, restart, stop
from comity.sync.drain import Drained, drain
from comity.sync.escrow import store as escrow
from comity.sync.escrow.model import Escrow
from comity.sync.model import Counts, JobState, Origin, PrincipalKind
from comity.sync.notifications.service import set_notification
from comity.sync.quarantine import store
from comity.sync.quarantine.model import Quarantine, QuarantineReason
from comity.sync.quarantine.service import NothingToQuarantine, quarantine_on_demand
from comity.sync.store import assign, unassign
from tests.support.books import wrong_accounts, wrong_entries
from tests.support.drains import accept, is_alive, share, standing, unguard, unshare
from tests.support.world import Org

HOUR = timedelta(hours=1)


async def quarantine_of(org: Org, job: JobId) -> Quarantine | None:
    async with org.db.tenant(org.id) as tx:
        return await store.load(tx, job)


async def state_of(org: Org, job: JobId) -> tuple[JobState, str | None]:
    (found,) = [each.job for each in await standing(org) if each.job.id == job]
    return found.state, found.state_reason


async def withdraw(org: Org, *, from_: Org) -> None:
    async with org.db.tenant(org.id) as tx:
        await partners.withdraw_acceptance(tx, org.operator, from_.id)


async def begin(org: Org, job: JobId) -> None:
    async with org.db.tenant(org.id) as tx:
        await sync.start(tx, org.operator, job)


async def audited(org: Org, job: JobId) -> list[str]:
    """What the audit says of the job, oldest first."""
    async with org.db.tenant(org.id) as tx:
        found = await list_for_object(tx, org.operator, job)
    return [each.action for each in reversed(found)]


async def fill_escrow(org: Org, job: JobId, count: int) -> None:
    """So many have failed already, long before they are due."""
    async with org.db.tenant(org.id) as tx:
        later, now = tx.now + 6 * HOUR, tx.now
        entries = [Escrow(job, new_id(), "user", "EntryConflict", None, now, now, 1, later) for _ in range(count)]
        await escrow.save(tx, job, entries)


@pytest.fixture
async def annie(fabrikam: Org, contoso: Org, db: Database) -> User:
    """Fabrikam shares Annie with Contoso, where she is."""
    person = await fabrikam.add_person("annie", city="Köln")
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, person, to=contoso)
    await drain(db, fabrikam.id)
    return person


@pytest.fixture
async def job(fabrikam: Org, annie: User) -> JobId:
    """The job that does it."""
    (only,) = [each.job for each in await standing(fabrikam)]
    assert annie.tenant_id == only.tenant_id
    return only.id


async def close(fabrikam: Org, contoso: Org) -> Drained:
    """Contoso withdraws its acceptance, and a cycle finds out."""
    await withdraw(contoso, from_=fabrikam)
    return await drain(fabrikam.db, fabrikam.id)


async def test_a_closed_door_is_found_by_a_cycle_without_changes(fabrikam: Org, contoso: Org, job: JobId):
    """The check is a part of every cycle (provisioning §2); once is enough."""
    drained = await close(fabrikam, contoso)

    assert [each.code for each in drained.refused] == ["sync-target-not-accepted"]
    assert await state_of(fabrikam, job) == (JobState.QUARANTINE, "sync-target-not-accepted")
    found = await quarantine_of(fabrikam, job)
    assert found is not None
    assert (found.trouble.reason, found.series_count) == (QuarantineReason.EXCEPTION, 0)
    assert found.next_attempt - found.current_began == timedelta(minutes=40)
    assert await audited(fabrikam, job) == ["Add sync job", "Share users", "Quarantine sync job"]


async def test_who_shares_before_the_other_side_accepts_waits_and_is_not_in_quarantine(
    fabrikam: Org, contoso: Org, db: Database
):
    """Nothing is broken: the configuration cannot be established before (provisioning §2)."""
    job = await share(fabrikam, await fabrikam.add_person("annie"), to=contoso)
    await drain(db, fabrikam.id)

    assert await state_of(fabrikam, job) == (JobState.ACTIVE, "sync-target-not-accepted")
    assert await quarantine_of(fabrikam, job) is None


async def test_it_comes_back_by_itself_as_soon_as_the_door_opens(
    fabrikam: Org, contoso: Org, annie: User, job: JobId, db: Database
):
    """What changed meanwhile follows; who is there already was not touched."""
    await close(fabrikam, contoso)
    await fabrikam.change(annie, city="Bonn")
    assert (await drain(db, fabrikam.id)).total == Counts()
    assert await is_alive(contoso, annie)

    await accept(contoso, people_of=fabrikam)
    assert (await drain(db, fabrikam.id)).total == Counts(updated=1)
    assert await state_of(fabrikam, job) == (JobState.ACTIVE, None)
    assert await quarantine_of(fabrikam, job) is None
    assert (await audited(fabrikam, job))[-1] == "Lift quarantine"


async def test_a_door_that_stays_closed_is_tried_more_and_more_rarely(
    fabrikam: Org, contoso: Org, job: JobId, db: Database, clock: BusinessClock
):
    """Between two attempts nothing is noted; each attempt is a failed run, and counts."""
    await close(fabrikam, contoso)
    runs = {each.last_run.id for each in await standing(fabrikam) if each.last_run}
    await drain(db, fabrikam.id)
    assert {each.last_run.id for each in await standing(fabrikam) if each.last_run} == runs

    for count, hours in ((1, 2), (2, 6), (3, 12), (4, 24), (5, 24)):
        found = await quarantine_of(fabrikam, job)
        assert found is not None
        clock.offset += found.next_attempt - clock.now() + timedelta(seconds=1)
        await drain(db, fabrikam.id)
        found = await quarantine_of(fabrikam, job)
        assert found is not None
        assert (found.series_count, found.next_attempt - found.current_began) == (count, hours * HOUR)


async def test_after_four_weeks_the_job_is_stopped(
    fabrikam: Org, contoso: Org, annie: User, job: JobId, db: Database, clock: BusinessClock
):
    """Then nothing wakes it, not even an open door (provisioning §3.4)."""
    await close(fabrikam, contoso)
    clock.offset += timedelta(days=28)
    await drain(db, fabrikam.id)

    assert await state_of(fabrikam, job) == (JobState.PAUSED, "sync-quarantine-expired")
    assert await quarantine_of(fabrikam, job) is None
    await accept(contoso, people_of=fabrikam)
    await fabrikam.change(annie, city="Bonn")
    assert (await drain(db, fabrikam.id)).total == Counts()

    await begin(fabrikam, job)
    assert (await drain(db, fabrikam.id)).total == Counts(updated=1)


@pytest.mark.parametrize("way", ["start", "restart"])
async def test_an_administrator_lifts_it_at_once(fabrikam: Org, contoso: Org, job: JobId, db: Database, way: str):
    """Graph's start, and a restart that names QuarantineState; if nothing is mended it begins a new series."""
    await close(fabrikam, contoso)
    if way == "start":
        await begin(fabrikam, job)
    else:
        async with db.tenant(fabrikam.id) as tx:
            await restart(tx, fabrikam.operator, job, {Reset.QUARANTINE})
    assert await state_of(fabrikam, job) == (JobState.ACTIVE, None)
    assert await quarantine_of(fabrikam, job) is None

    await drain(db, fabrikam.id)
    found = await quarantine_of(fabrikam, job)
    assert found is not None and found.series_count == 0


async def test_a_restart_that_does_not_name_it_leaves_it(fabrikam: Org, contoso: Org, job: JobId, db: Database):
    """Each flag does what it says (provisioning §3.5)."""
    await close(fabrikam, contoso)
    async with db.tenant(fabrikam.id) as tx:
        await restart(tx, fabrikam.operator, job, {Reset.WATERMARK})

    assert (await state_of(fabrikam, job))[0] is JobState.QUARANTINE


async def test_stopping_ends_it_and_starting_does_not_bring_it_back(
    fabrikam: Org, contoso: Org, annie: User, job: JobId, db: Database
):
    """A job that rests is tried by nobody."""
    await close(fabrikam, contoso)
    async with db.tenant(fabrikam.id) as tx:
        await stop(tx, fabrikam.operator, job)
    assert await quarantine_of(fabrikam, job) is None
    await accept(contoso, people_of=fabrikam)
    await fabrikam.change(annie, city="Bonn")
    assert (await drain(db, fabrikam.id)).total == Counts()

    await begin(fabrikam, job)
    assert (await drain(db, fabrikam.id)).total == Counts(updated=1)
    assert await state_of(fabrikam, job) == (JobState.ACTIVE, None)


async def test_whoever_stops_a_job_while_its_door_is_found_closed_is_obeyed(
    fabrikam: Org, contoso: Org, job: JobId, db: Database
):
    """Quarantine never brings back what was stopped."""
    await withdraw(contoso, from_=fabrikam)
    async with db.tenant(fabrikam.id) as tx:
        await stop(tx, fabrikam.operator, job)
    await drain(db, fabrikam.id)

    assert await state_of(fabrikam, job) == (JobState.PAUSED, "stopped")


async def test_by_hand_it_holds_until_somebody_starts_it(
    fabrikam: Org, annie: User, job: JobId, db: Database, clock: BusinessClock
):
    """QuarantinedOnDemand: no attempt by itself."""
    async with db.tenant(fabrikam.id) as tx:
        await quarantine_on_demand(tx, fabrikam.operator, job)
    await fabrikam.change(annie, city="Bonn")
    clock.offset += timedelta(days=20)
    assert (await drain(db, fabrikam.id)).total == Counts()
    assert await state_of(fabrikam, job) == (JobState.QUARANTINE, "sync-quarantined-on-demand")

    await begin(fabrikam, job)
    assert (await drain(db, fabrikam.id)).total == Counts(updated=1)


async def test_a_job_that_rests_can_not_be_quarantined(fabrikam: Org, job: JobId, db: Database):
    """There is nothing to slow down."""
    async with db.tenant(fabrikam.id) as tx:
        await stop(tx, fabrikam.operator, job)
    with pytest.raises(NothingToQuarantine):
        async with db.tenant(fabrikam.id) as tx:
            await quarantine_on_demand(tx, fabrikam.operator, job)


async def test_too_many_failures_quarantine_and_a_cycle_without_them_lifts(
    fabrikam: Org, contoso: Org, job: JobId, db: Database, clock: BusinessClock
):
    """An attempt tries everybody in escrow, whoever's turn it is: otherwise nothing could be seen to be mended."""
    occupant = await contoso.add_person("occupant", mail=f"bob@{fabrikam.domain}")
    await fill_escrow(fabrikam, job, 40_000)
    await share(fabrikam, await fabrikam.add_person("bob"), to=contoso)
    assert (await drain(db, fabrikam.id)).total == Counts(failed=1)

    found = await quarantine_of(fabrikam, job)
    assert found is not None
    assert (found.trouble.reason, found.trouble.facts["failed"]) == (QuarantineReason.TOTAL_ESCROWS, 40_001)
    await contoso.change(occupant, mail=f"other@{contoso.domain}")
    assert (await drain(db, fabrikam.id)).total == Counts()

    clock.offset += timedelta(minutes=41)
    drained = await drain(db, fabrikam.id)  # the invented people are nobody: nothing is left to be done for them
    assert drained.total == Counts(created=1)
    assert await state_of(fabrikam, job) == (JobState.ACTIVE, None)


async def test_in_a_first_cycle_escrow_is_emptied_and_the_job_rests(fabrikam: Org, contoso: Org, db: Database):
    """The cycle completes; then somebody has to clean up (provisioning §9)."""
    annie = await fabrikam.add_person("annie")
    await contoso.add_person("occupant", mail=annie.mail)
    await accept(contoso, people_of=fabrikam)
    job = await share(fabrikam, annie, await fabrikam.add_person("bob"), to=contoso)
    await fill_escrow(fabrikam, job, 40_000)

    assert (await drain(db, fabrikam.id)).total == Counts(created=1, failed=1)
    assert await state_of(fabrikam, job) == (JobState.PAUSED, "sync-escrows-pruned")
    async with db.tenant(fabrikam.id) as tx:
        assert await escrow.count(tx) == {}


async def test_one_job_in_quarantine_does_not_hold_up_the_others(
    fabrikam: Org, contoso: Org, tailspin: Org, annie: User, job: JobId, db: Database
):
    """Another target of the same source gets its changes."""
    await accept(tailspin, people_of=fabrikam)
    other = await share(fabrikam, annie, to=tailspin)
    await drain(db, fabrikam.id)
    await close(fabrikam, contoso)
    await fabrikam.change(annie, city="Bonn")

    assert (await drain(db, fabrikam.id)).counts == {other: Counts(updated=1)}
    assert (await state_of(fabrikam, job))[0] is JobState.QUARANTINE


async def test_what_a_quarantined_job_manages_another_of_the_pair_does_not_delete(
    fabrikam: Org, contoso: Org, annie: User, job: JobId, db: Database
):
    """Several jobs per pair (D-2): she is offered still, though her job is slowed."""
    second = await second_job(fabrikam, [annie], to=contoso)
    await drain(db, fabrikam.id)
    async with db.tenant(fabrikam.id) as tx:
        await quarantine_on_demand(tx, fabrikam.operator, job)
    async with db.tenant(fabrikam.id) as tx:
        await unassign(tx, second, [annie.id])
        append(tx, [Change(ChangeKind.ASSIGNMENT_REMOVED, second, annie.id)])
    await drain(db, fabrikam.id)

    assert await is_alive(contoso, annie)


async def test_mail_is_queued_when_it_begins_and_when_its_reason_changes(
    fabrikam: Org, contoso: Org, job: JobId, db: Database, clock: BusinessClock
):
    """One mail each (provisioning §9); staying in it is no news, the end is."""
    async with db.tenant(fabrikam.id) as tx:
        await set_notification(
            tx, fabrikam.operator, job, recipients=["ops@fabrikam.example"], enabled=True, language="de"
        )
    await close(fabrikam, contoso)
    clock.offset += HOUR
    await drain(db, fabrikam.id)
    assert await codes(fabrikam) == ["sync-mail-quarantine"]

    async with db.tenant(fabrikam.id) as tx:
        await quarantine_on_demand(tx, fabrikam.operator, job)
    assert await codes(fabrikam) == ["sync-mail-quarantine"] * 2
    clock.offset += timedelta(days=28)
    await drain(db, fabrikam.id)
    assert await codes(fabrikam) == ["sync-mail-stopped", *["sync-mail-quarantine"] * 2]


async def codes(org: Org) -> list[str]:
    async with org.db.tenant(org.id) as tx:
        return [each.letter.code for each in await list_mails(tx, org.operator)]


async def test_both_directions_and_two_jobs_per_pair_at_once_do_not_wait_for_each_other(
    fabrikam: Org, contoso: Org, db: Database
):
    """A to B and B to A: nothing holds a transaction in two tenants, so no order of locks can go wrong."""
    ours, theirs = await fabrikam.add_many(300), await contoso.add_many(300)
    await accept(contoso, people_of=fabrikam)
    await accept(fabrikam, people_of=contoso)
    jobs = {
        fabrikam.id: await share(fabrikam, *ours, to=contoso),
        contoso.id: await share(contoso, *theirs, to=fabrikam),
    }
    for org, people, target in ((fabrikam, ours, contoso), (contoso, theirs, fabrikam)):
        await second_job(org, people[:150], to=target)
        await unguard(org)

    for turn in range(4):
        await asyncio.gather(
            *(drain(db, org.id, page_size=40) for org in (fabrikam, contoso)),
            *(org.change(person, city=f"Turn {turn}") for org in (fabrikam, contoso) for person in some(ours, theirs)
              if person.tenant_id == org.id),
        )  # fmt: skip
        await asyncio.gather(
            unshare(fabrikam, *ours[:100], to=contoso) if turn % 2 else share(fabrikam, *ours[:100], to=contoso),
            unshare(contoso, *theirs[:100], to=fabrikam) if turn % 2 else share(contoso, *theirs[:100], to=fabrikam),
            drain(db, fabrikam.id, page_size=40),
            drain(db, contoso.id, page_size=40),
        )
    await asyncio.gather(*(drain(db, org.id) for org in (fabrikam, contoso)))
    await asyncio.gather(*(drain(db, org.id) for org in (fabrikam, contoso)))

    for org, target in ((fabrikam, contoso), (contoso, fabrikam)):
        assert await wrong_entries(db, org.id, [target.id]) == []
        assert await wrong_accounts(db, org, target, jobs[org.id]) == []
        assert all(each.job.state is JobState.ACTIVE for each in await standing(org))


def some(*crowds: list[User]) -> list[User]:
    return [each for crowd in crowds for each in crowd[:10]]


async def second_job(org: Org, people: list[User], *, to: Org) -> JobId:
    """Another job of the same pair, for some of them."""
    async with org.db.tenant(org.id) as tx:
        second = sync.draft_job(tx, f"Second_{to.id}", to.id, Origin.PAIR)
        await sync.add_job(tx, org.operator, second)
        await assign(tx, second.id, [UserId(each.id) for each in people], PrincipalKind.USER, at=tx.now)
        append(tx, [Change(ChangeKind.JOB_CHANGED, second.id)])
    return second.id
