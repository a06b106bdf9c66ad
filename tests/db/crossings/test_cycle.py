"""A drain's visit to the target, and what this crossing can not see or do."""

from __future__ import annotations

import asyncio

import pytest

from comity.core.errors import NotFound
from comity.core.ids import PERSONAL_REALM, TenantId, new_id
from comity.db.crossings.cycle import InboundSyncOff, as_target, claim, wait_for_visits
from comity.db.database import Database
from comity.db.errors import Collided
from comity.partners import service as partners
from tests.support.world import Org

WRITE = "insert into feed_cursor values (%(tenant_id)s, 'visit', 0, 1)"
VISITED = "select count(*) from feed_cursor where tenant_id = %(tenant_id)s and consumer = 'visit'"


async def accept(org: Org, *, people_of: Org) -> None:
    async with org.db.tenant(org.id) as tx:
        await partners.accept_users(tx, org.operator, people_of.id)


async def withdraw(org: Org, *, people_of: Org) -> None:
    async with org.db.tenant(org.id) as tx:
        await tx.execute(
            "update partner_sync set user_sync_inbound = false"
            " where tenant_id = %(tenant_id)s and partner_tenant_id = %(partner)s",
            partner=people_of.id,
        )


async def visit(source: Org, target: TenantId) -> None:
    async with as_target(source.db, source=source.id, target=target) as tx:
        await tx.execute(WRITE)


async def was_visited(org: Org) -> bool:
    async with org.db.tenant(org.id) as tx:
        return await tx.row(VISITED) == (1,)


async def test_a_visit_sees_the_target_and_nothing_of_the_source(contoso: Org, fabrikam: Org):
    """It carries people over in memory; there is no statement that joins the two."""
    annie, bob = await contoso.add_person("annie"), await fabrikam.add_person("bob")
    await accept(fabrikam, people_of=contoso)

    async with as_target(contoso.db, source=contoso.id, target=fabrikam.id) as tx:
        assert tx.tenant_id == fabrikam.id
        seen = await tx.rows("select id from users where id = any (%(ids)s)", ids=[annie.id, bob.id])
        assert seen == [(bob.id,)]
        assert await tx.rows("select tenant_id from sync_job") == []


async def test_a_visit_is_one_transaction(contoso: Org, fabrikam: Org):
    """Committed at its end, with everything in it or nothing."""
    await accept(fabrikam, people_of=contoso)

    async def fail() -> None:
        async with as_target(contoso.db, source=contoso.id, target=fabrikam.id) as tx:
            await tx.execute(WRITE)
            raise NotFound

    with pytest.raises(NotFound):
        await fail()
    assert not await was_visited(fabrikam)

    await visit(contoso, fabrikam.id)
    assert await was_visited(fabrikam)


async def test_it_does_not_open_where_nobody_accepted(contoso: Org, fabrikam: Org):
    with pytest.raises(InboundSyncOff):
        await visit(contoso, fabrikam.id)
    assert not await was_visited(fabrikam)


async def test_acceptance_holds_for_one_source_in_one_direction(contoso: Org, fabrikam: Org, tailspin: Org):
    """Fabrikam lets Contoso's people in: not Tailspin's, and Contoso nobody's."""
    await accept(fabrikam, people_of=contoso)

    for source, target in ((tailspin, fabrikam), (fabrikam, contoso), (contoso, tailspin)):
        with pytest.raises(InboundSyncOff):
            await visit(source, target.id)
        assert not await was_visited(target)


async def test_a_withdrawn_acceptance_stops_the_next_batch(contoso: Org, fabrikam: Org):
    await accept(fabrikam, people_of=contoso)
    await withdraw(fabrikam, people_of=contoso)

    with pytest.raises(InboundSyncOff):
        await visit(contoso, fabrikam.id)


@pytest.mark.parametrize("target", [PERSONAL_REALM, TenantId(new_id())], ids=["the personal realm", "nowhere"])
async def test_there_is_no_visit_to_whoever_is_no_tenant(contoso: Org, target: TenantId):
    with pytest.raises(InboundSyncOff):
        await visit(contoso, target)


async def test_one_process_drains_a_tenant_at_a_time(db: Database, contoso: Org, fabrikam: Org):
    """The second is told so at once; another tenant is another claim; and it ends with whoever holds it."""
    async with (
        claim(db, contoso.id) as first,
        claim(db, contoso.id) as second,
        claim(db, fabrikam.id) as others,
    ):
        assert (first, second, others) == (True, False, True)

    async with claim(db, contoso.id) as again:
        assert again


async def test_visits_of_one_source_do_not_wait_for_each_other(contoso: Org, fabrikam: Org, tailspin: Org):
    for each in (fabrikam, tailspin):
        await accept(each, people_of=contoso)

    async with as_target(contoso.db, source=contoso.id, target=fabrikam.id):
        await visit(contoso, tailspin.id)

    assert await was_visited(tailspin)


async def test_waiting_for_visits_ends_with_the_last_one(contoso: Org, fabrikam: Org):
    """Whoever takes over reads receipts only when no batch is in the air any more."""
    await accept(fabrikam, people_of=contoso)
    under_way, may_end = asyncio.Event(), asyncio.Event()

    async def slow_visit() -> None:
        async with as_target(contoso.db, source=contoso.id, target=fabrikam.id) as tx:
            await tx.execute(WRITE)
            under_way.set()
            await may_end.wait()

    async def wait(at_most: str) -> None:
        async with contoso.db.tenant(contoso.id) as tx:
            await tx.execute("select set_config('lock_timeout', %(at_most)s, true)", at_most=at_most)
            await wait_for_visits(tx)

    visiting = asyncio.create_task(slow_visit())
    await under_way.wait()
    with pytest.raises(Collided):
        await wait("20ms")
    may_end.set()
    await wait("10s")
    assert await was_visited(fabrikam)
    await visiting
