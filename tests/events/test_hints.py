"""Hints tell other processes that something changed; losing one is allowed, lying is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from comity.core.ids import TenantId, new_id
from comity.db.database import Database
from comity.events.hints import TENANTS_PER_HINT_MAX, PostgresHints
from tests.support.postgres import Server

WAIT_S = 20.0


@asynccontextmanager
async def running(hints: PostgresHints) -> AsyncIterator[PostgresHints]:
    task = asyncio.create_task(hints.run())
    assert await hints.wait(at_most_s=WAIT_S) is None
    yield hints
    task.cancel()
    await asyncio.wait({task})


@pytest.fixture
async def listener(db: Database) -> AsyncIterator[PostgresHints]:
    """Another process that listens."""
    async with running(PostgresHints(db)) as hints:
        yield hints


async def heard(hints: PostgresHints, expected: set[TenantId]) -> set[TenantId]:
    """What the listener hears until all that is expected has come; others may use the channel, too."""
    found: set[TenantId] = set()
    async with asyncio.timeout(WAIT_S):
        while not expected <= found:
            found |= await hints.wait(at_most_s=WAIT_S) or set()
    return found & expected


async def test_a_change_is_heard_by_other_processes(db: Database, listener: PostgresHints):
    """Without waiting for anybody's next look."""
    tenant = TenantId(new_id())
    async with running(PostgresHints(db)) as speaker:
        speaker.mark(tenant)

        assert await heard(listener, {tenant}) == {tenant}


async def test_who_spoke_hears_himself_at_once(db: Database):
    """The readers of the same process need no round trip."""
    hints, tenant = PostgresHints(db), TenantId(new_id())

    hints.mark(tenant)

    assert await hints.wait(at_most_s=WAIT_S) == frozenset({tenant})


async def test_silence_ends(db: Database):
    """A reader looks at its cursors from time to time all the same."""
    assert await PostgresHints(db).wait(at_most_s=0.01) == frozenset()


async def test_who_begins_to_listen_looks_at_everybody(db: Database):
    """Whatever was said before, nobody knows."""
    async with running(PostgresHints(db)):
        pass


async def test_a_short_command_tells_when_it_ends(db: Database, listener: PostgresHints):
    """It runs no background task."""
    hints, tenants = PostgresHints(db), {TenantId(new_id()), TenantId(new_id())}
    for tenant in tenants:
        hints.mark(tenant)

    await hints.flush()

    assert await heard(listener, tenants) == tenants


async def test_very_many_changes_are_one_hint(db: Database, listener: PostgresHints):
    """A NOTIFY holds 8,000 bytes; beyond, it says: look at everybody."""
    hints = PostgresHints(db)
    for _ in range(TENANTS_PER_HINT_MAX + 1):
        hints.mark(TenantId(new_id()))

    await hints.flush()

    async with asyncio.timeout(WAIT_S):
        while await listener.wait(at_most_s=WAIT_S) is not None:
            pass


async def test_a_broken_connection_is_opened_again(db: Database, server: Server, listener: PostgresHints):
    """And whatever was missed meanwhile is looked for with everybody."""
    async with db.direct() as session:
        database = session.info.dbname
    with psycopg.connect(server.admin_url("postgres"), autocommit=True) as admin:
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and query like 'listen %%'",
            (database,),
        )

    async with asyncio.timeout(WAIT_S):
        while await listener.wait(at_most_s=WAIT_S) is not None:
            pass
    hints = PostgresHints(db)
    hints.mark(tenant := TenantId(new_id()))
    await hints.flush()

    assert await heard(listener, {tenant}) == {tenant}
