"""A position that somebody was told of is never given to another change, whatever becomes of the server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.core.ids import TenantId, UserId, new_id
from comity.db.database import Database
from comity.events import feed
from comity.events.model import Change, ChangeKind, Entry
from tests.soak.company import House, house
from tests.support.world import make_org

pytestmark = pytest.mark.soak


@pytest.fixture
def place(tmp_path: Path) -> Iterator[House]:
    """A server of its own, which may be killed."""
    with house(tmp_path / "durable") as opened:
        opened.create("told")
        yield opened


async def write(db: Database, tenant: TenantId, *, flushed: bool) -> UserId:
    """A change of somebody, as a drain's batch notes it if it is not flushed."""
    user = UserId(new_id())
    async with db.tenant(tenant, flushed=flushed) as tx:
        feed.append(tx, [Change(ChangeKind.USER_CREATED, user, external=True)])
    return user


async def read(db: Database, tenant: TenantId) -> tuple[int, list[Entry]]:
    async with db.tenant(tenant) as tx:
        return await feed.load_position(tx), await feed.read(tx, after=0)


@pytest.mark.parametrize("asks", ["position", "entries"])
async def test_who_reads_the_feed_is_told_only_of_what_survives_the_server(place: House, asks: str):
    """A drain's batch is visible before it is flushed (design §4.2). Nobody else writes, PostgreSQL's own log writer
    stands still, and the server dies right after the answer: what was told is there, and its position is taken."""
    async with place.open("told") as db:
        tenant = (await make_org(db, "Contoso")).id
        with place.only_commits_flush():
            users = [await write(db, tenant, flushed=False) for _ in range(3)]
            async with db.tenant(tenant) as tx:
                told = (
                    await feed.load_position(tx) if asks == "position" else (await feed.read(tx, after=0))[-1].position
                )
            place.kill()
    await asyncio.to_thread(place.lease.again)
    async with place.open("told") as db:
        await write(db, tenant, flushed=True)
        position, entries = await read(db, tenant)

    assert position == told + 1
    assert [each.object_id for each in entries[:told]][-3:] == users


async def test_what_nobody_was_told_of_may_be_lost_with_the_server(place: House):
    """The other half, without which the test above would show nothing: an unflushed batch is lost."""
    async with place.open("told") as db:
        tenant = (await make_org(db, "Contoso")).id
        with place.only_commits_flush():
            lost = await write(db, tenant, flushed=False)
            place.kill()
    await asyncio.to_thread(place.lease.again)
    async with place.open("told") as db:
        _, entries = await read(db, tenant)

    assert lost not in {each.object_id for each in entries}


async def test_readers_flush_only_while_somebody_leaves_it_to_later(place: House):
    """A flushed change after the batch settles it: from then on reading writes nothing."""
    async with place.open("told") as db:
        tenant = (await make_org(db, "Contoso")).id
        await write(db, tenant, flushed=False)
        assert await writes_by_reading(db, tenant)
        await write(db, tenant, flushed=True)
        assert not await writes_by_reading(db, tenant)


async def writes_by_reading(db: Database, tenant: TenantId) -> bool:
    """Does a transaction that reads the feed write to the log?"""
    async with db.tenant(tenant) as tx:
        await feed.read(tx, after=0)
        row = await tx.row("select pg_current_xact_id_if_assigned() is not null")
    assert row is not None
    return bool(row[0])
