"""Numbered SQL brings a database to this code's schema; running it twice changes nothing.

A migration is `NNNN_pre_name.sql` (safe under the previous code) or `NNNN_post_name.sql` (after
the new code runs). Each is one transaction as the owner role. The database records what was
applied with a checksum, and the oldest code it admits: older code refuses to start.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any, Final

import psycopg
from psycopg import errors as pg

from comity.db.errors import RolesFaulty, RolesMissing, SchemaChanged, SchemaForbidden, SchemaNewer, SchemaOlder

_FILE: Final = re.compile(r"^(\d{4})_(pre|post)_([a-z0-9_]+)\.sql$")
_LOCK: Final = 0x436F6D697479  # "Comity": one migrator at a time

_LEDGER: Final = """
create table if not exists schema_migration (
  number     integer primary key,
  name       text not null,
  checksum   text not null,
  applied_at timestamptz not null
);
alter table schema_migration enable row level security;
alter table schema_migration force row level security;
do $$ begin
  if not exists (select from pg_policy where polrelid = 'schema_migration'::regclass) then
    create policy owner_functions on schema_migration to comity_owner using (true);
  end if;
end $$;
-- Which schema is this? Asked by probes, in the application role.
create or replace function schema_number() returns integer
  language sql stable security definer set search_path = pg_catalog, public
  as $$ select coalesce(max(number), 0) from schema_migration $$;
revoke all on function schema_number() from public;
grant execute on function schema_number() to comity_app;
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, so that an applied file that changed is noticed."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> tuple[Migration, ...]:
    """All migrations of this code, in order."""
    files = resources.files("comity.db").joinpath("migrations").iterdir()
    found = (
        Migration(int(match[1]), match[3], file.read_text(encoding="utf-8"))
        for file in files
        if (match := _FILE.match(file.name))
    )
    return tuple(sorted(found, key=lambda each: each.number))


def newest() -> int:
    """The schema number that this code knows."""
    return migrations()[-1].number


async def migrate(direct_url: str, *, now: datetime, steps: Sequence[Migration] | None = None) -> tuple[int, ...]:
    """Apply what is missing; return the numbers applied.

    `now` dates the ledger. `steps` are this code's own migrations unless told otherwise. Roles come from
    `roles.sql`, made here if the login role may.

    Raises:
        SchemaNewer: the database was migrated by a newer Comity.
        SchemaChanged: an applied migration differs from ours.
        RolesMissing: the roles are not there and the login role may not create them.
        RolesFaulty: they are there and can do too much.
        SchemaForbidden: the database is somebody else's.
    """
    steps = migrations() if steps is None else steps
    async with await psycopg.AsyncConnection.connect(direct_url, autocommit=True) as connection:
        await connection.execute("select pg_advisory_lock(%s)", (_LOCK,))
        await _ensure_roles(connection)
        try:
            await connection.execute("set role comity_owner")
            await connection.execute("set client_min_messages = warning")
            async with connection.transaction():
                await connection.execute(_LEDGER)
        except pg.InsufficientPrivilege as fault:
            raise SchemaForbidden(detail=fault.diag.message_primary) from fault
        known = await _ledger(connection)
        _refuse_foreign(known, steps)
        missing = [each for each in steps if each.number not in known]
        for each in missing:
            await _apply(connection, each, now)
    return tuple(each.number for each in missing)


async def _apply(connection: psycopg.AsyncConnection[Any], migration: Migration, now: datetime) -> None:
    """One migration, with its line in the ledger, or nothing of it."""
    async with connection.transaction():
        await connection.execute("set local lock_timeout = '4s'; set local statement_timeout = '5min'")
        await connection.execute(migration.sql)
        await connection.execute(
            "insert into schema_migration values (%s, %s, %s, %s)",
            (migration.number, migration.name, migration.checksum, now),
        )
        await connection.execute(
            "insert into installation values (1, %s, 1, 0, null, 1) on conflict do nothing", (now,)
        )


async def check_schema(direct_url: str) -> None:
    """Refuse to run on another schema than this code's.

    Raises:
        SchemaNewer: a newer Comity migrated it.
        SchemaChanged: an applied migration differs from ours.
        SchemaOlder: it has yet to be migrated.
    """
    async with await psycopg.AsyncConnection.connect(direct_url, autocommit=True) as connection:
        found = await connection.execute("select to_regclass('schema_migration') is not null")
        row = await found.fetchone()
        known: dict[int, str] = {}
        if row and row[0]:
            await connection.execute("set role comity_owner")
            known = await _ledger(connection)
    _refuse_foreign(known, migrations())
    if newest() not in known:
        raise SchemaOlder(found=max(known, default=0), needed=newest())


async def _ledger(connection: psycopg.AsyncConnection[Any]) -> dict[int, str]:
    cursor = await connection.execute("select number, checksum from schema_migration")
    return dict(await cursor.fetchall())


def _refuse_foreign(known: dict[int, str], steps: Sequence[Migration]) -> None:
    """A database of another Comity than this one is left as it is."""
    if known and max(known) > steps[-1].number:
        raise SchemaNewer(found=max(known), known=steps[-1].number)
    for migration in steps:
        if known.get(migration.number, migration.checksum) != migration.checksum:
            raise SchemaChanged(number=migration.number, name=migration.name)


async def _ensure_roles(connection: psycopg.AsyncConnection[Any]) -> None:
    cursor = await connection.execute(
        """select count(*) from pg_roles where rolname in ('comity_owner', 'comity_app', 'comity_queue')
           and not rolsuper and not rolbypassrls"""
    )
    row = await cursor.fetchone()
    if row and row[0] == 3:
        return
    roles = resources.files("comity.db").joinpath("roles.sql").read_text(encoding="utf-8")
    try:
        async with connection.transaction():
            await connection.execute(roles)
    except pg.InsufficientPrivilege as fault:
        raise RolesMissing(sql=roles) from fault
    except pg.RaiseException as fault:
        raise RolesFaulty(detail=fault.diag.message_primary) from fault
