"""The queue library's own tables: a schema and a role of their own, brought up to date by whoever works.

They hold ids only (design D4), and nothing that due rows do not know better: the queue could be
emptied at any time.
"""

from __future__ import annotations

from importlib import resources
from typing import Any, Final, LiteralString

import psycopg
from procrastinate.schema import SchemaManager

from comity.jobs.model import QueueNewer

OPTIONS: Final = "-c search_path=queue -c role=comity_queue"
"""What a connection to the queue is opened with."""
_LOCK: Final = 0x5175657565
"""One preparer at a time ("Queue")."""


async def prepare_queue(direct_url: str) -> tuple[str, ...]:
    """Create or update the queue's tables; return the names of the migrations applied, all of them at first.

    Raises:
        QueueNewer: a newer version of the library was here.
    """
    known = _migrations()
    async with await psycopg.AsyncConnection.connect(direct_url, autocommit=True) as connection:
        await connection.execute("set client_min_messages = warning")
        await connection.execute("select pg_advisory_lock(%s)", (_LOCK,))
        await connection.execute("set role comity_owner")
        async with connection.transaction():
            await connection.execute("create schema if not exists queue")
            await connection.execute("grant usage, create on schema queue to comity_queue")
        await connection.execute("set role comity_queue")
        await connection.execute("set search_path = queue")
        async with connection.transaction():
            return await _bring_up_to_date(connection, known)


async def _bring_up_to_date(
    connection: psycopg.AsyncConnection[Any], known: dict[str, LiteralString]
) -> tuple[str, ...]:
    await connection.execute("create table if not exists applied_migration (name text primary key)")
    cursor = await connection.execute("select name from applied_migration")
    applied = {name for (name,) in await cursor.fetchall()}
    if strangers := applied - known.keys():
        raise QueueNewer(found=max(strangers), known=max(known))
    missing = sorted(known.keys() - applied)
    if not applied:
        await connection.execute(SchemaManager.get_schema())
    else:
        for name in missing:
            await connection.execute(known[name])
    await connection.execute("insert into applied_migration select unnest(%s::text[])", (missing,))
    return tuple(missing)


def _migrations() -> dict[str, LiteralString]:
    """The library's migrations by name; names sort in the order to be applied."""
    files = resources.files("procrastinate.sql").joinpath("migrations").iterdir()
    return {file.name: file.read_text(encoding="utf-8") for file in files if file.name.endswith(".sql")}
