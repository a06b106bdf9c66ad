"""What tests of background work stand on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from comity.core.clock import FixedClock
from comity.core.ids import new_id
from comity.db.database import Database
from comity.jobs.due import DueRows
from comity.jobs.schema import prepare_queue
from tests.support.postgres import Server, create_database


@pytest.fixture
def kind() -> str:
    """A kind of work that only this test knows, since the server is shared."""
    return f"test-{new_id().hex[-12:]}"


@pytest.fixture
def machine() -> FixedClock:
    """The machine clock of this test; stands still until it is advanced."""
    return FixedClock(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def due(db: Database, machine: FixedClock) -> DueRows:
    """Due rows as a worker sees them."""
    return DueRows(db, machine=machine)


@pytest.fixture(scope="module")
def queue_url(server: Server, worker_id: str) -> str:
    """A database with the queue's tables alone, and nothing in line."""
    name = f"comity_queue_{worker_id}"
    create_database(server, name)
    asyncio.run(prepare_queue(server.url(name)))
    return server.url(name)
