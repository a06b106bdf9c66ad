"""No lost change: who reads the feed behind a cursor has missed nothing (design §4.5)."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from comity.core.clock import BusinessClock
from comity.core.ids import new_id
from comity.db.database import Address, Database
from comity.db.embedded.install import find_install
from comity.db.migrate import migrate
from comity.db.transaction import LastWords, Transaction
from comity.directory import service as directory
from comity.tenancy.service import ensure_personal_realm
from tests.support.changes import Begin, Gate, Hall, Reader, Writer, as_it_is, look
from tests.support.postgres import Server, create_database, drop_database, embedded, from_binaries
from tests.support.soak import seeds
from tests.support.world import Org, make_org

pytestmark = pytest.mark.soak

WRITERS = 4
TRANSACTIONS = 500
"""Of each writer."""


@pytest.mark.parametrize("seed", seeds(short=10, long=100))
async def test_a_reader_behind_many_writers_misses_nothing(contoso: Org, fabrikam: Org, db: Database, seed: int):
    """Commits are held back at random, and somebody elsewhere holds a transaction open all the time: neither
    lets a change slip below the cursor, nor keeps the reader from what is committed."""
    hall = await Hall.open(contoso)
    reader = Reader(contoso.id)
    writers = [Writer(db, hall, f"{seed}.{number}") for number in range(WRITERS)]

    async with db.tenant(fabrikam.id) as slow:
        # Idle on purpose, for as long as the writers take: on a busy machine longer than the boundary allows.
        await slow.execute("set local idle_in_transaction_session_timeout = 0")
        await directory.create_group(slow, fabrikam.operator, name="Written early, committed late")
        writing = asyncio.gather(*(each.commit(TRANSACTIONS) for each in writers))
        await asyncio.gather(writing, reader.follow(db, until=writing.done))
        truth, entries = await look(db, contoso.id)

    assert [each.position for each in entries] == list(range(1, len(entries) + 1))
    assert reader.read == entries
    assert reader.replica == truth
    assert len(entries) > WRITERS * TRANSACTIONS


async def at_the_beginning(tx: Transaction) -> None:
    """What the feed would be without the counter rule: a sequence gives the position when the transaction begins."""
    row = await tx.row("select nextval('test_position')")
    assert row is not None
    position = row[0]

    async def flush(tx: Transaction) -> None:
        (change,) = tx.memory.pop(f"feed:{tx.tenant_id}")
        await tx.execute(
            """insert into feed_entry (tenant_id, position, kind, object_id, related_id, changed, cause, at)
               values (%(tenant_id)s, %(position)s, %(kind)s, %(id)s, null, 0, null, %(at)s)""",
            position=position, kind=change.kind.value, id=change.object_id, at=tx.now,
        )  # fmt: skip

    tx.finish_with(LastWords.FEED, flush)  # the first that is registered stays, so the feed's own is never asked


@pytest.fixture
def sequence(server: Server, database_url: str) -> Iterator[None]:
    """The sequence that `at_the_beginning` draws from, ahead of what the feed has given out."""
    name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
    with psycopg.connect(server.admin_url(str(name)), autocommit=True) as connection:
        connection.execute("create sequence test_position start 1000000")
        connection.execute("grant usage on sequence test_position to comity_app")
        yield
        connection.execute("drop sequence test_position")


@pytest.mark.usefixtures("sequence")
@pytest.mark.parametrize(("begin", "changes_lost"), [(as_it_is, 0), (at_the_beginning, 1)])
async def test_the_counter_rule_is_what_keeps_changes_from_being_lost(
    contoso: Org, db: Database, begin: Begin, changes_lost: int
):
    """Annie's transaction begins first and commits last, and the reader comes between: with positions given at the
    beginning hers lies below the cursor by then, and nobody ever reads it."""
    hall = await Hall.open(contoso)
    reader = Reader(contoso.id)
    await reader.poll(db)
    gate, open_gate = Gate(), Gate()
    open_gate.opened.set()

    annie = asyncio.create_task(Writer(db, hall, "annie", begin=begin, hold=gate, changes=[Writer.create]).commit(1))
    await gate.reached.wait()
    await Writer(db, hall, "bob", begin=begin, hold=open_gate, changes=[Writer.create]).commit(1)
    assert await reader.poll(db) == 1
    gate.opened.set()
    await annie
    await reader.poll(db)

    truth, entries = await look(db, contoso.id)
    assert len([each for each in entries if each not in reader.read]) == changes_lost
    assert len(truth.users.keys() - reader.replica.users.keys()) == changes_lost


async def test_an_old_cursor_goes_on_after_dump_and_restore(server: Server, tmp_path: Path, clock: BusinessClock):
    """Positions are rows like all others: they move to another server, where no transaction id means anything."""
    name = f"dumped_{new_id().hex}"
    create_database(server, name)
    try:
        async with open_database(server, name, clock) as db:
            hall = await Hall.open(await make_org(db, "Contoso"))
            reader = Reader(hall.org.id)
            await write(db, hall, "before", transactions=50)
            while reader.cursor < 100:
                await reader.poll(db, at_most=10)
        dump(server, name, tmp_path / "dump")
    finally:
        drop_database(server, name)

    with another_server(tmp_path) as elsewhere:
        create_database(elsewhere, name)
        restore(elsewhere, name, tmp_path / "dump")
        async with open_database(elsewhere, name, clock) as db:
            writing = asyncio.ensure_future(write(db, hall, "after", transactions=50))
            await asyncio.gather(writing, reader.follow(db, until=writing.done))
            truth, entries = await look(db, hall.org.id)

    assert reader.read == entries
    assert reader.replica == truth
    assert len(entries) > 2 * WRITERS * 50


async def write(db: Database, hall: Hall, seed: str, *, transactions: int) -> None:
    """All writers at once."""
    await asyncio.gather(*(Writer(db, hall, f"{seed}.{n}").commit(transactions) for n in range(WRITERS)))


@asynccontextmanager
async def open_database(server: Server, name: str, clock: BusinessClock) -> AsyncIterator[Database]:
    """A database of ours, brought to this schema if it is not yet."""
    url = server.url(name)
    await migrate(url, now=datetime.now(UTC))
    async with Database(Address(url, url), clock=clock, size=8) as db:
        await ensure_personal_realm(db)
        yield db


@contextmanager
def another_server(tmp: Path) -> Iterator[Server]:
    """A second server, of the same kind as the one of this run."""
    if binaries := os.environ.get("COMITY_TEST_POSTGRES_BIN"):
        with from_binaries(Path(binaries)) as started:
            yield started
        return
    with embedded(tmp / "another") as started:
        yield started


def dump(server: Server, name: str, file: Path) -> None:
    """The whole database as its superuser sees it; row-level security would hide everything from others."""
    run_program("pg_dump", "--format=custom", f"--file={file}", f"--dbname={server.admin_url(name)}")


def restore(server: Server, name: str, file: Path) -> None:
    run_program("pg_restore", "--exit-on-error", f"--dbname={server.admin_url(name)}", str(file))


def run_program(name: str, *arguments: str) -> None:
    """A program of the same PostgreSQL as the server's."""
    binaries = os.environ.get("COMITY_TEST_POSTGRES_BIN") or find_install().root / "bin"
    subprocess.run([Path(binaries) / name, *arguments], check=True)
