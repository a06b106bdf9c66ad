"""Due rows: nothing that was asked for is lost, nothing is done more often than asked."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from comity.core.clock import BusinessClock, FixedClock
from comity.core.ids import PERSONAL_REALM, CauseId, TenantId, new_id
from comity.db.database import Database
from comity.jobs.due import LEASE, Claimed, DueRows, put
from comity.jobs.model import Order, Task

SECOND = timedelta(seconds=1)


def order_of(kind: str) -> Order:
    return Order(kind, TenantId(new_id()))


async def make_due(
    db: Database, order: Order, *, after: timedelta = timedelta(0), cause: CauseId | None = None
) -> None:
    async with db.tenant(PERSONAL_REALM, cause=cause) as tx:
        await put(tx, order, at=tx.now + after)


async def claimed(due: DueRows, kind: str) -> list[Claimed]:
    return (await due.claim([kind]))[0]


async def begin(due: DueRows, order: Order) -> Task:
    await due.claim([order.kind])
    task = await due.take(order)
    assert task is not None
    return task


async def test_what_is_due_is_claimed_once(db: Database, due: DueRows, kind: str):
    """Two ticks share the work, they do not both do it."""
    order = order_of(kind)
    await make_due(db, order)

    assert [each.order for each in await claimed(due, kind)] == [order]
    assert await claimed(due, kind) == []


async def test_what_is_due_later_waits_for_the_business_clock(
    db: Database, due: DueRows, kind: str, clock: BusinessClock
):
    """A lab that moves its clock brings its schedules forward (design §4.10)."""
    order = order_of(kind)
    await make_due(db, order, after=timedelta(days=30))
    assert await claimed(due, kind) == []

    clock.offset += timedelta(days=31)

    assert [each.order for each in await claimed(due, kind)] == [order]


async def test_a_second_wake_up_only_moves_it_earlier(db: Database, due: DueRows, kind: str):
    """One pending wake-up per order (design D8)."""
    order = order_of(kind)
    await make_due(db, order)
    await make_due(db, order, after=timedelta(days=1))

    assert len(await claimed(due, kind)) == 1


async def test_an_order_rolled_back_was_never_given(db: Database, due: DueRows, kind: str):
    """It is due with the commit of its reason, not before."""

    async def give_and_fail() -> None:
        async with db.tenant(PERSONAL_REALM) as tx:
            await put(tx, order_of(kind))
            raise LookupError

    with pytest.raises(LookupError):
        await give_and_fail()

    assert await claimed(due, kind) == []


async def test_a_finished_order_is_gone(db: Database, due: DueRows, kind: str):
    """Rows of what is done do not pile up."""
    order = order_of(kind)
    await make_due(db, order)

    await due.finish(await begin(due, order))

    assert await due.waiting(kind) == []


async def test_a_wake_up_during_the_work_is_not_lost(db: Database, due: DueRows, kind: str):
    """What came after the work began may not have been read by it."""
    order = order_of(kind)
    await make_due(db, order)
    task = await begin(due, order)

    await make_due(db, order)
    assert await claimed(due, kind) == []
    await due.finish(task)

    assert [each.order for each in await claimed(due, kind)] == [order]


async def test_a_wake_up_while_it_waits_in_line_is_covered(db: Database, due: DueRows, kind: str):
    """The work reads after it took the order, so it sees what came before."""
    order = order_of(kind)
    await make_due(db, order)
    await due.claim([kind])
    await make_due(db, order)

    task = await due.take(order)
    assert task is not None
    await due.finish(task)

    assert await due.waiting(kind) == []


async def test_an_abandoned_order_comes_back(db: Database, due: DueRows, kind: str, machine: FixedClock):
    """A worker that was killed says nothing any more: its lease runs out."""
    order = order_of(kind)
    await make_due(db, order)
    await begin(due, order)

    machine.advance(LEASE + SECOND)
    (again,) = await claimed(due, kind)

    assert (again.order, again.lost) == (order, True)


async def test_a_moved_business_clock_takes_no_lease_away(db: Database, due: DueRows, kind: str, clock: BusinessClock):
    """Leases are the machine clock's, which never moves."""
    await make_due(db, order := order_of(kind))
    await begin(due, order)

    clock.offset += timedelta(days=365)

    assert await claimed(due, kind) == []


async def test_a_renewed_lease_lasts(db: Database, due: DueRows, kind: str, machine: FixedClock):
    """Long work says from time to time that it goes on."""
    order = order_of(kind)
    await make_due(db, order)
    task = await begin(due, order)

    machine.advance(LEASE - SECOND)
    assert await due.renew(task)
    machine.advance(LEASE - SECOND)

    assert await claimed(due, kind) == []


async def test_who_lost_an_order_can_not_finish_it(db: Database, due: DueRows, kind: str, machine: FixedClock):
    """A worker that slept too long must not take the order from who has it now."""
    order = order_of(kind)
    await make_due(db, order)
    slow = await begin(due, order)
    machine.advance(LEASE + SECOND)
    quick = await begin(due, order)

    await due.finish(slow)

    assert not await due.renew(slow)
    assert await due.renew(quick)


async def test_an_order_is_taken_by_one(db: Database, due: DueRows, kind: str):
    """Even if it stood in line twice."""
    order = order_of(kind)
    await make_due(db, order)
    await begin(due, order)

    assert await due.take(order) is None


async def test_an_order_that_nobody_gave_is_not_taken(due: DueRows, kind: str):
    """A leftover in the queue is no order."""
    assert await due.take(order_of(kind)) is None


async def test_spacing_holds_on_the_machine_clock(db: Database, due: DueRows, kind: str, machine: FixedClock):
    """Two wake-ups of one tenant lie 250 ms apart (design D8), though the first was finished and gone."""
    order = order_of(kind)
    await make_due(db, order)
    spacing = timedelta(milliseconds=250)
    await due.finish(await begin(due, order), not_before=machine.now() + spacing)

    await make_due(db, order)
    waiting, following = await due.claim([kind])
    machine.advance(spacing)
    after = await claimed(due, kind)

    assert (waiting, following) == ([], machine.now())
    assert [each.order for each in after] == [order]


async def test_a_resting_order_leaves_when_its_spacing_is_over(
    db: Database, due: DueRows, kind: str, machine: FixedClock
):
    """Only the spacing kept its row."""
    order = order_of(kind)
    await make_due(db, order)
    await due.finish(await begin(due, order), not_before=machine.now() + SECOND)
    assert len(await due.waiting(kind)) == 1

    machine.advance(2 * SECOND)
    await due.claim([kind])

    assert await due.waiting(kind) == []


async def test_a_failure_counts_until_the_next_success(
    db: Database, due: DueRows, kind: str, machine: FixedClock, clock: BusinessClock
):
    """Backoff grows with the failures in a row."""
    order = order_of(kind)
    await make_due(db, order)
    first = await begin(due, order)
    await due.finish(first, again_at=clock.now(), not_before=machine.now() + SECOND, failed=True)
    assert await claimed(due, kind) == []

    machine.advance(SECOND)
    second = await begin(due, order)
    await due.finish(second, again_at=clock.now())
    third = await begin(due, order)

    assert (first.attempt, second.attempt, third.attempt) == (1, 2, 1)


async def test_an_order_remembers_what_set_it_off(db: Database, due: DueRows, kind: str):
    """The cause travels on; of several, the first that is not covered yet."""
    order = order_of(kind)
    first, second = CauseId(new_id()), CauseId(new_id())
    await make_due(db, order, cause=first)
    await make_due(db, order, cause=second)

    task = await begin(due, order)
    await make_due(db, order, cause=second)
    await due.finish(task)
    again = await begin(due, order)

    assert (task.cause, again.cause) == (first, second)


async def test_an_order_in_the_making_can_not_be_taken_early(db: Database, due: DueRows, kind: str):
    """Who is still writing holds the row: the work would miss what is not committed yet."""
    order = order_of(kind)
    await make_due(db, order)

    async with db.tenant(PERSONAL_REALM) as tx:
        await put(tx, order)
        during = await claimed(due, kind)

    assert during == []
    assert len(await claimed(due, kind)) == 1


async def test_a_tenant_that_is_written_to_without_pause_gets_its_turn(db: Database, due: DueRows, kind: str):
    """Its row is locked whenever somebody looks; being patient, one waits for it instead."""
    order = order_of(kind)
    await make_due(db, order, after=-timedelta(seconds=5))
    async with db.tenant(PERSONAL_REALM) as tx:
        await put(tx, order)
        waiting = asyncio.create_task(due.claim([kind], patient=True))
        done, _ = await asyncio.wait({waiting}, timeout=0.2)
        assert done == set()

    assert [each.order for each in (await waiting)[0]] == [order]


async def test_other_kinds_are_left_alone(db: Database, due: DueRows, kind: str):
    """A worker takes only what it knows how to do."""
    await make_due(db, order_of(kind))

    assert await claimed(due, f"{kind}-other") == []
