"""The laws of a change feed (design §4.5): dense, in order of commits, and nothing below is ever missed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from comity.access.locks import changing
from comity.core.clock import BusinessClock
from comity.core.errors import NotFound
from comity.core.ids import PERSONAL_REALM, CauseId, UserId, new_id
from comity.db.database import Database
from comity.db.transaction import Transaction
from comity.events import feed
from comity.events.feed import Feed, append, read
from comity.events.model import Change, ChangeKind, Entry, FeedExpired
from tests.support.world import Org


def change(**more: object) -> Change:
    return Change(ChangeKind.USER_UPDATED, new_id(), **more)  # type: ignore[arg-type]


async def write(org: Org, *changes: Change) -> None:
    async with org.db.tenant(org.id) as tx:
        append(tx, changes)


async def entries(org: Org, after: int = 0) -> list[Entry]:
    async with org.db.tenant(org.id) as tx:
        return await read(tx, after=after)


async def position(org: Org) -> int:
    async with org.db.tenant(org.id) as tx:
        return await feed.load_position(tx)


async def test_an_entry_is_the_change_as_it_was_noted(contoso: Org):
    """Kind, ids, attributes, whether it concerns a B2B identity; when, by the business clock; never values."""
    noted = Change(ChangeKind.MEMBER_ADDED, new_id(), new_id(), changed=5, external=True, cause=CauseId(new_id()))

    async with contoso.db.tenant(contoso.id) as tx:
        append(tx, [noted])
        now = tx.now

    assert await entries(contoso) == [
        Entry(1, noted.kind, noted.object_id, noted.related_id, 5, True, noted.cause, now)
    ]


async def test_positions_are_dense_and_in_the_order_noted(contoso: Org):
    """Whether a transaction writes one change or many, noted at once or bit by bit."""
    changes = [change() for _ in range(7)]
    await write(contoso, changes[0])
    async with contoso.db.tenant(contoso.id) as tx:
        append(tx, changes[1:3])
        append(tx, changes[3:4])
    await write(contoso, *changes[4:])

    found = await entries(contoso)
    assert [each.position for each in found] == [1, 2, 3, 4, 5, 6, 7]
    assert [each.object_id for each in found] == [each.object_id for each in changes]


async def test_a_transaction_that_fails_leaves_no_gap(contoso: Org):
    """A sequence would: its numbers do not come back."""

    async def fail(tx: Transaction) -> None:
        append(tx, [change()])
        await tx.say_last_words()
        raise NotFound

    with pytest.raises(NotFound):
        await contoso.db.run(contoso.id, fail)
    await write(contoso, change())

    assert [each.position for each in await entries(contoso)] == [1]


async def test_without_changes_nothing_is_written(contoso: Org):
    await write(contoso)

    assert (await entries(contoso), await position(contoso)) == ([], 0)


async def test_tenants_count_for_themselves(contoso: Org, fabrikam: Org):
    """Also when one transaction writes into both, as a crossing does."""
    await write(contoso, change(), change())
    mine, theirs = change(), change()

    async with contoso.db.tenant(contoso.id) as tx:
        append(tx, [mine])
        async with tx.become(fabrikam.id):
            append(tx, [theirs])

    assert [(each.position, each.object_id) for each in await entries(contoso, after=2)] == [(3, mine.object_id)]
    assert [(each.position, each.object_id) for each in await entries(fabrikam)] == [(1, theirs.object_id)]


async def test_order_of_positions_is_order_of_commits(contoso: Org):
    """Whoever began first but commits last stands last: a reader of the other entry has missed nothing."""
    slow, quick = change(), change()
    noted, may_commit = asyncio.Event(), asyncio.Event()

    async def write_slowly() -> None:
        async with contoso.db.tenant(contoso.id) as tx:
            append(tx, [slow])
            noted.set()
            await may_commit.wait()

    writing = asyncio.create_task(write_slowly())
    await noted.wait()
    await write(contoso, quick)
    seen = await entries(contoso)
    may_commit.set()
    await writing

    assert [each.object_id for each in seen] == [quick.object_id]
    assert [each.object_id for each in await entries(contoso, after=seen[-1].position)] == [slow.object_id]


async def test_a_held_back_commit_holds_back_whoever_comes_after_it(contoso: Org):
    """Positions are taken but not committed yet: the next writer waits, so that nobody reads past a gap."""
    first, second = change(), change()
    taken, may_commit = asyncio.Event(), asyncio.Event()

    async def write_and_hold_back() -> None:
        async with contoso.db.tenant(contoso.id) as tx:
            append(tx, [first])
            await tx.say_last_words()
            taken.set()
            await may_commit.wait()

    holding = asyncio.create_task(write_and_hold_back())
    await taken.wait()
    waiting = asyncio.create_task(write(contoso, second))
    await _waits_for_a_lock(contoso)
    before = await entries(contoso)
    may_commit.set()
    await asyncio.gather(holding, waiting)

    assert before == []
    assert [each.object_id for each in await entries(contoso)] == [first.object_id, second.object_id]


async def test_an_open_transaction_elsewhere_hides_nothing(contoso: Org, fabrikam: Org):
    """Positions are no transaction ids: one slow writer anywhere would hide everybody's changes (design §4.5)."""
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        append(tx, [change()])
        await tx.say_last_words()
        await write(contoso, change())
        assert len(await entries(contoso)) == 1


async def test_many_writers_leave_no_gap_and_no_double(contoso: Org):
    """What a reader has seen below n stays all there is below n."""
    seen: list[Entry] = []

    async def poll(stop: asyncio.Event) -> None:
        while not stop.is_set():
            seen.extend(await entries(contoso, after=seen[-1].position if seen else 0))

    async def write_some() -> None:
        for _ in range(10):
            await write(contoso, change(), change())

    stop = asyncio.Event()
    polling = asyncio.create_task(poll(stop))
    await asyncio.gather(*(write_some() for _ in range(4)))
    stop.set()
    await polling
    seen.extend(await entries(contoso, after=seen[-1].position if seen else 0))

    assert [each.position for each in seen] == list(range(1, 81))
    assert seen == await entries(contoso)


async def test_a_reader_gets_pages(contoso: Org):
    await write(contoso, *(change() for _ in range(5)))

    async with contoso.db.tenant(contoso.id) as tx:
        pages = [[each.position for each in await read(tx, after=after, at_most=2)] for after in (0, 2, 4, 5)]
    assert pages == [[1, 2], [3, 4], [5], []]


async def test_below_the_floor_a_reader_starts_over(contoso: Org, clock: BusinessClock):
    """Entries older than the retention are cut; at the floor itself nothing is missing."""
    await write(contoso, change(), change(), change())
    clock.offset = timedelta(days=40)
    await write(contoso, change())

    async with contoso.db.tenant(contoso.id) as tx:
        assert await feed.trim(tx, before=tx.now - timedelta(days=30)) == 3

    with pytest.raises(FeedExpired) as refused:
        await entries(contoso, after=2)
    assert refused.value.parameters == {"position": 2, "floor": 3}
    assert [each.position for each in await entries(contoso, after=3)] == [4]


async def test_trimming_cuts_only_what_is_old(contoso: Org, clock: BusinessClock):
    """And all of it, when all is old; twice changes nothing."""
    await write(contoso, change(), change())

    async def trim(days: int) -> int:
        async with contoso.db.tenant(contoso.id) as tx:
            return await feed.trim(tx, before=tx.now - timedelta(days=days))

    assert await trim(30) == 0
    assert len(await entries(contoso)) == 2
    clock.offset = timedelta(days=31)
    assert [await trim(30), await trim(30)] == [2, 2]
    assert await entries(contoso, after=2) == []
    await write(contoso, change())
    assert [each.position for each in await entries(contoso, after=2)] == [3]


async def test_the_personal_realm_has_no_feed(db: Database):
    """There is no directory whose changes anybody could read (design §4.9)."""
    async with db.tenant(PERSONAL_REALM, person=UserId(new_id())) as tx:
        append(tx, [change()])
        statements = tx.statements
        await tx.say_last_words()
        assert tx.statements == statements


async def test_observers_see_changes_before_positions_are_taken(contoso: Org):
    """What they make due is committed with the change, and the counter is locked as briefly as can be."""
    seen: list[tuple[Sequence[Change], int]] = []

    async def observe(tx: Transaction, changes: Sequence[Change]) -> None:
        seen.append((changes, await feed.load_position(tx)))

    wired = Feed()
    wired.observers.append(observe)
    noted = [change(), change()]
    async with contoso.db.tenant(contoso.id) as tx:
        feed.wire(tx, wired)
        append(tx, noted[:1])
        append(tx, noted[1:])
        assert seen == []

    assert seen == [(noted, 0)]
    assert await position(contoso) == 2


async def test_an_observer_that_fails_takes_the_change_with_it(contoso: Org):
    """A change that nobody will act upon is no change."""

    async def fail(_: Transaction, __: Sequence[Change]) -> None:
        raise NotFound

    wired = Feed()
    wired.observers.append(fail)

    async def work(tx: Transaction) -> None:
        feed.wire(tx, wired)
        append(tx, [change()])

    with pytest.raises(NotFound):
        await contoso.db.run(contoso.id, work)
    assert await entries(contoso) == []


async def test_a_hint_is_given_after_the_commit_once(contoso: Org):
    told: list[tuple[object, int]] = []
    wired = Feed()
    wired.committed.append(lambda tenant_id: told.append((tenant_id, 1)))

    async with contoso.db.tenant(contoso.id) as tx:
        feed.wire(tx, wired)
        append(tx, [change(), change()])
        await tx.say_last_words()
        assert told == []

    assert told == [(contoso.id, 1)]


async def test_the_cause_is_the_changes_own_or_that_of_the_transaction(contoso: Org):
    """What set it off travels along, through drains and into other tenants' feeds (design §4.14)."""
    own, whole = CauseId(new_id()), CauseId(new_id())

    async with contoso.db.tenant(contoso.id, cause=whole) as tx:
        append(tx, [change(cause=own), change()])
    await write(contoso, change())

    assert [each.cause for each in await entries(contoso)] == [own, whole, None]


async def test_an_administrators_act_is_the_cause_of_its_entries(contoso: Org):
    """The id of its entry in the audit log."""
    await contoso.add_person("annie")

    async with contoso.db.tenant(contoso.id) as tx:
        row = await tx.row("select id from audit_entry where tenant_id = %(tenant_id)s and action = 'Add user'")
    assert row is not None
    assert [each.cause for each in await entries(contoso)] == [row[0]]


async def test_the_counter_is_a_transactions_last_statement(contoso: Org):
    """After the access version: otherwise two that change access would hold the counter while they wait."""
    order: list[str] = []

    async def observe(tx: Transaction, _: Sequence[Change]) -> None:
        row = await tx.row("select access_version from access_state where tenant_id = %(tenant_id)s")
        order.append(f"version {row[0] if row else 0}")

    wired = Feed()
    wired.observers.append(observe)
    async with contoso.db.tenant(contoso.id) as tx:
        feed.wire(tx, wired)
        append(tx, [change()])
        changing(tx)

    assert order == ["version 2"]


async def test_cursors_move_forward_only(contoso: Org):
    async with contoso.db.tenant(contoso.id) as tx:
        assert await feed.load_cursor(tx, "search") == 0
        await feed.advance(tx, "search", 7)
        await feed.advance(tx, "search", 3)
        assert await feed.load_cursor(tx, "search") == 7
        assert await feed.load_cursor(tx, "delta") == 0


async def _waits_for_a_lock(org: Org) -> None:
    """Until some session of this test process's database waits for another."""
    waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    async with asyncio.timeout(10), org.db.direct() as connection:
        while await (await connection.execute(waiting)).fetchone() is None:
            pass


async def test_arrivals_stand_behind_single_changes_without_gaps(contoso: Org):
    """Many B2B identities that are new: each has its entry; observers hear of the first only."""
    seen: list[Sequence[Change]] = []

    async def observe(_: Transaction, changes: Sequence[Change]) -> None:
        seen.append(changes)

    wired = Feed()
    wired.observers.append(observe)
    single, ids, cause = change(), [new_id() for _ in range(3)], CauseId(new_id())
    async with contoso.db.tenant(contoso.id) as tx:
        feed.wire(tx, wired)
        feed.append_arrivals(tx, [str(each) for each in ids], changed=7, cause=cause)
        append(tx, [single])
        feed.append_arrivals(tx, [], changed=7, cause=cause)

    new = [Change(ChangeKind.USER_CREATED, each, changed=7, external=True, cause=cause) for each in ids]
    assert seen == [[single, new[0]]]
    found = await entries(contoso)
    assert [each.position for each in found] == [1, 2, 3, 4]
    assert [(each.kind, each.object_id, each.changed, each.external, each.cause) for each in found[1:]] == [
        (each.kind, each.object_id, each.changed, each.external, each.cause) for each in new
    ]


async def test_whoever_reads_a_tenants_own_changes_passes_over_b2b_identities(contoso: Org):
    """In a mesh they are nearly all entries. What is left out counts as read, unless there is more to read."""
    own = [change(), change()]
    await write(contoso, change(external=True), own[0], change(external=True))
    await write(contoso, own[1], change(external=True))

    async with contoso.db.tenant(contoso.id) as tx:
        found, up_to = await feed.read_own(tx, after=0)
        first, so_far = await feed.read_own(tx, after=0, at_most=1)
        rest, end = await feed.read_own(tx, after=so_far)
        assert await feed.read_own(tx, after=end) == ([], 5)

    assert ([each.object_id for each in found], up_to) == ([each.object_id for each in own], 5)
    assert ([each.position for each in first], so_far) == ([2], 2)
    assert ([each.position for each in rest], end) == ([4], 5)


async def test_own_changes_that_were_cut_off_are_missed_loudly(contoso: Org, clock: BusinessClock):
    """As with all entries: whoever is too far behind starts over."""
    await write(contoso, change())
    clock.offset += timedelta(days=31)
    await write(contoso, change())
    async with contoso.db.tenant(contoso.id) as tx:
        await feed.trim(tx, before=tx.now - timedelta(days=30))

        with pytest.raises(FeedExpired):
            await feed.read_own(tx, after=0)
        assert (await feed.read_own(tx, after=1))[1] == 2
