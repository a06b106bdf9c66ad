"""One server for the whole run, one migrated database per test process, tenants of its own per test."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from comity.core.clock import BusinessClock
from comity.db.database import Address, Database
from comity.db.migrate import migrate
from comity.tenancy.service import ensure_personal_realm
from tests.support.postgres import Server, create_database, embedded, from_binaries
from tests.support.world import Org, make_org


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever asks for the server is a storage test, so that a run against another server can pick them."""
    for item in items:
        if "server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.storage)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Server]:
    """The PostgreSQL of this run: embedded, or from the binaries in COMITY_TEST_POSTGRES_BIN."""
    if binaries := os.environ.get("COMITY_TEST_POSTGRES_BIN"):
        with from_binaries(Path(binaries)) as started:
            yield started
        return
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    with embedded(shared / "server") as started:
        yield started


@pytest.fixture(scope="session")
def database_url(server: Server, worker_id: str) -> str:
    """A migrated database of this test process."""
    name = f"comity_{worker_id}"
    create_database(server, name)
    url = server.url(name)

    async def prepare() -> None:
        await migrate(url, now=datetime.now(UTC))
        async with Database(Address(url, url), clock=BusinessClock(), size=2) as db:
            await ensure_personal_realm(db)

    asyncio.run(prepare())
    return url


@pytest.fixture
def clock() -> BusinessClock:
    """The business clock of this test; set `offset` to move it."""
    return BusinessClock()


@pytest.fixture
async def db(database_url: str, clock: BusinessClock) -> AsyncIterator[Database]:
    """The database as a process of Comity sees it."""
    async with Database(Address(database_url, database_url), clock=clock, size=8) as database:
        yield database


@pytest.fixture
async def contoso(db: Database) -> Org:
    """A tenant."""
    return await make_org(db, "Contoso")


@pytest.fixture
async def fabrikam(db: Database) -> Org:
    """Another tenant."""
    return await make_org(db, "Fabrikam")


@pytest.fixture
async def tailspin(db: Database) -> Org:
    """A third tenant."""
    return await make_org(db, "Tailspin")
