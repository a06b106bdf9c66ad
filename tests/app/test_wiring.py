"""The wiring: what one process changes, another one carries on with."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from comity.app import Comity, observers, open_comity, run_worker, works
from comity.core.caller import Caller
from comity.core.ids import PERSONAL_REALM
from comity.core.settings import Secret, Settings
from comity.db.database import Database
from comity.db.errors import DatabaseUnavailable, SchemaOlder
from comity.events.hints import PostgresHints
from comity.partners.service import accept_users
from comity.people.service import find
from comity.sync.service import Principals, share_with
from comity.tenancy.installation import move_clock
from comity.tenancy.service import get_tenant
from tests.support.postgres import Server, create_database
from tests.support.world import Org, make_org

WAIT_S = 30.0


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """An installation on the database of this test process."""
    return Settings(data=tmp_path, database_url=Secret(database_url), drain_s=2.0)


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[None]:
    """A worker beside the test, ended by its supervisor's end."""
    ours, theirs = socket.socketpair()
    task = asyncio.create_task(run_worker(settings, supervisor=theirs.fileno()))
    loop = asyncio.get_running_loop()
    ours.setblocking(False)
    assert await asyncio.wait_for(loop.sock_recv(ours, 1), WAIT_S) == b"R"
    try:
        yield
    finally:
        ours.close()
        await asyncio.wait_for(task, WAIT_S)
        theirs.close()


async def test_a_share_reaches_the_other_tenant_by_itself(settings: Settings):
    """Share, and the worker drains: row, tick, queue, handler, without anybody running a command."""
    async with open_comity(settings) as comity:
        alder, birch = await make_org(comity.db, "Alder"), await make_org(comity.db, "Birch")
        annie, bob = await alder.add_person("annie"), await birch.add_person("bob")
        hints = PostgresHints(comity.db)
        listening = asyncio.create_task(hints.run())
        await hints.wait(at_most_s=WAIT_S)
        async with comity.db.tenant(birch.id) as tx:
            await accept_users(tx, birch.operator, alder.id)
        async with working(settings):
            async with comity.db.tenant(alder.id) as tx:
                await share_with(tx, alder.operator, Principals([annie.id]), birch.id)
            await comity.hints.flush()

            async with asyncio.timeout(WAIT_S):
                while not await _finds(comity, birch, bob.id, "annie"):
                    await hints.wait(at_most_s=1.0)
        listening.cancel()


async def _finds(comity: Comity, org: Org, searcher: object, query: str) -> bool:
    from comity.core.permissions import Permission

    user = next(each for each in org.people.values() if each.id == searcher)
    caller = org.as_user(user, permissions=frozenset({Permission.PEOPLE_READ}))
    async with comity.db.tenant(org.id) as tx:
        return bool((await find(tx, caller, query)).people)


async def test_a_process_follows_the_clock_that_another_moved(settings: Settings):
    """Within a tick; here it is told to look."""
    operator = Caller.operator("tester", tenant_id=PERSONAL_REALM)
    async with open_comity(settings) as one, open_comity(settings) as other:
        try:
            await move_clock(one.db, operator, timedelta(days=3))
            assert other.clock.offset == timedelta(0)

            await other.refresh_clock()

            assert other.clock.offset == timedelta(days=3)
        finally:
            await move_clock(one.db, operator, timedelta(0))


async def test_what_a_short_command_changed_is_hinted_when_it_ends(settings: Settings, db: Database):
    """It runs no background task; others need not wait for their next look."""
    hints = PostgresHints(db)
    listening = asyncio.create_task(hints.run())
    await hints.wait(at_most_s=WAIT_S)

    async with open_comity(settings) as comity:
        org = await make_org(comity.db, "Short")
        await org.add_person("annie")

    heard: set[object] = set()
    async with asyncio.timeout(WAIT_S):
        while org.id not in heard:
            heard |= await hints.wait(at_most_s=WAIT_S) or set()
    listening.cancel()


async def test_the_realm_of_personal_accounts_is_always_there(settings: Settings):
    """From the first opening on."""
    async with open_comity(settings) as comity, comity.db.tenant(PERSONAL_REALM) as tx:
        assert (await get_tenant(tx, PERSONAL_REALM)).id == PERSONAL_REALM


async def test_a_named_database_is_migrated_only_if_that_is_wanted(server: Server, worker_id: str, tmp_path: Path):
    """A command does not migrate somebody else's server by the way (ADR on migrations)."""
    name = f"comity_wiring_{worker_id}"
    create_database(server, name)
    settings = Settings(data=tmp_path, database_url=Secret(server.url(name)))

    with pytest.raises(SchemaOlder):
        async with open_comity(settings):
            pass
    async with open_comity(settings, may_migrate=True):
        pass
    async with open_comity(settings, may_migrate=False):
        pass


async def test_a_database_that_is_not_there_is_told_apart_from_a_bug(tmp_path: Path):
    """And its password is not repeated."""
    settings = Settings(data=tmp_path, database_url=Secret("postgresql://u:s3cret@127.0.0.1:1/x?connect_timeout=2"))

    with pytest.raises(DatabaseUnavailable) as refused:
        async with open_comity(settings):
            pass

    assert "s3cret" not in str(refused.value)


async def test_each_kind_of_work_is_offered_once(settings: Settings):
    """Two handlers of one kind would take each other's orders."""
    async with open_comity(settings) as comity:
        kinds = [each.kind for each in works(comity)]

    assert sorted(kinds) == sorted(set(kinds))
    assert {"drain", "sweep"} <= set(kinds)
    assert len(observers()) == len(set(observers())) == 4
