"""A database in which every table holds rows of everybody, and the truth about it from behind the walls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from comity.core.clock import BusinessClock
from comity.db.database import Address, Database
from tests.isolation.sealed import Sealed, build
from tests.support.postgres import Server, create_database


@pytest.fixture(scope="session")
def sealed(server: Server, worker_id: str) -> Sealed:
    """The filled database; tests read it, and try to write to it in transactions that they roll back."""
    name = f"comity_sealed_{worker_id}"
    create_database(server, name)
    return asyncio.run(build(server.url(name), server.admin_url(name)))


@pytest.fixture
async def walls(sealed: Sealed) -> AsyncIterator[Database]:
    """That database, as a process of Comity sees it."""
    async with Database(Address(sealed.url, sealed.url), clock=BusinessClock(), size=2) as db:
        yield db


@pytest.fixture
async def unbound(sealed: Sealed) -> AsyncIterator[psycopg.AsyncConnection]:
    """The application role on a connection of its own, past the boundary: nobody has said who it is."""
    async with await psycopg.AsyncConnection.connect(sealed.url, autocommit=True) as connection:
        await connection.execute("set role comity_app")
        yield connection
