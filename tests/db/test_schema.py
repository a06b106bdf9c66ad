"""Migrations lead exactly to schema.sql, once, whoever runs them; a foreign database is left alone (style §8)."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from comity.db.embedded.install import find_install
from comity.db.errors import RolesFaulty, RolesMissing, SchemaChanged, SchemaForbidden, SchemaNewer, SchemaOlder
from comity.db.migrate import Migration, check_schema, migrate, migrations, newest
from tests.support.postgres import Server, create_database, from_binaries
from tools import schema
from tools.sources import PACKAGE, ROOT

ROLES = (PACKAGE / "db" / "roles.sql").read_bytes()
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LEDGER = "select number, name, checksum, applied_at from schema_migration order by number"


@pytest.fixture
def empty(server: Server, worker_id: str) -> str:
    """The name of a database with nothing in it."""
    name = f"comity_schema_{worker_id}"
    create_database(server, name)
    return name


@pytest.fixture
async def migrated(server: Server, empty: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """A migrated database, as its owner."""
    await migrate(server.url(empty), now=NOW)
    async with await psycopg.AsyncConnection.connect(server.url(empty), autocommit=True) as connection:
        await connection.execute("set role comity_owner")
        yield connection


def test_schema_sql_is_what_the_migrations_make(server: Server, empty: str):
    """`python -m tools.schema` writes it anew."""
    asyncio.run(migrate(server.url(empty), now=NOW))

    assert schema.written(server.url(empty)) == schema.FILE.read_text(encoding="utf-8")


def test_schema_sql_can_be_run_and_leads_to_the_same(server: Server, empty: str):
    """Read by us and by pg_dump, which knows more about PostgreSQL than we do."""
    asyncio.run(migrate(server.url(empty), now=NOW))
    written, dumped = schema.written(server.url(empty)), dump(server, empty)

    create_database(server, empty)
    with psycopg.connect(server.url(empty), autocommit=True) as connection:
        connection.execute("set role comity_owner")
        connection.execute(schema.FILE.read_bytes())

    assert schema.written(server.url(empty)) == written
    assert dump(server, empty) == dumped


async def test_migrating_twice_applies_nothing(server: Server, empty: str):
    assert await migrate(server.url(empty), now=NOW) == tuple(each.number for each in migrations())
    assert await migrate(server.url(empty), now=NOW) == ()


async def test_two_migrators_at_once_apply_each_migration_once(server: Server, empty: str):
    """Two processes start with a new release at the same moment."""
    applied = await asyncio.gather(*(migrate(server.url(empty), now=NOW) for _ in range(4)))

    assert sorted(number for each in applied for number in each) == [each.number for each in migrations()]


async def test_the_ledger_says_what_was_applied_and_when(migrated: psycopg.AsyncConnection):
    """By the clock of whoever migrates: the server is not asked for the time (design §4.10)."""
    found = await (await migrated.execute(LEDGER)).fetchall()

    assert found == [(each.number, each.name, each.checksum, NOW) for each in migrations()]
    assert all(len(each.checksum) == 64 for each in migrations())


async def test_a_database_of_a_newer_schema_is_left_alone(
    server: Server, empty: str, migrated: psycopg.AsyncConnection
):
    """By both: nothing is written to what we do not understand."""
    await migrated.execute("insert into schema_migration values (%s, 'from_the_future', 'x', %s)", (newest() + 1, NOW))

    for attempt in (migrate(server.url(empty), now=NOW), check_schema(server.url(empty))):
        with pytest.raises(SchemaNewer) as refused:
            await attempt
        assert refused.value.parameters == {"found": newest() + 1, "known": newest()}


async def test_a_database_that_was_not_migrated_is_refused(server: Server, empty: str):
    with pytest.raises(SchemaOlder) as refused:
        await check_schema(server.url(empty))
    assert refused.value.parameters == {"found": 0, "needed": newest()}


async def test_a_migrated_database_is_accepted(server: Server, empty: str):
    await migrate(server.url(empty), now=NOW)

    await check_schema(server.url(empty))


async def test_a_migration_that_was_applied_in_another_form_is_noticed(
    server: Server, empty: str, migrated: psycopg.AsyncConnection
):
    """Somebody edited a released migration: two databases of one number would differ, and nobody would know."""
    await migrated.execute("update schema_migration set checksum = 'another' where number = 1")

    for attempt in (migrate(server.url(empty), now=NOW), check_schema(server.url(empty))):
        with pytest.raises(SchemaChanged) as refused:
            await attempt
        assert refused.value.parameters == {"number": 1, "name": migrations()[0].name}


async def test_a_migration_that_fails_leaves_nothing_behind(server: Server, empty: str):
    """Each is one transaction; the next attempt begins where this one ended."""
    whole = Migration(newest() + 1, "whole", "create table half (id uuid primary key)")
    faulty = replace(whole, sql=whole.sql + "; select 1 / 0")

    with pytest.raises(psycopg.errors.DivisionByZero):
        await migrate(server.url(empty), now=NOW, steps=[*migrations(), faulty])

    assert await migrate(server.url(empty), now=NOW, steps=[*migrations(), whole]) == (whole.number,)


async def test_older_code_refuses_what_newer_code_migrated(server: Server, empty: str):
    later = Migration(newest() + 1, "later", "create table later (id uuid primary key)")
    await migrate(server.url(empty), now=NOW, steps=[*migrations(), later])

    with pytest.raises(SchemaNewer):
        await migrate(server.url(empty), now=NOW)


def test_migrations_are_numbered_without_a_gap():
    """And say whether they are safe under the code before them."""
    assert [each.number for each in migrations()] == list(range(1, newest() + 1))


@pytest.fixture(scope="module")
def bare(server: Server) -> Iterator[Server]:
    """A server on which nobody has made Comity's roles; the tests on it make them and take them away."""
    with from_binaries(binaries(server), roles=False) as started:
        yield started


@pytest.fixture
def bare_admin(bare: Server) -> Iterator[psycopg.Connection]:
    with psycopg.connect(bare.admin, autocommit=True) as connection:
        yield connection
        connection.execute("drop database if exists comity with (force)")
        for (role,) in connection.execute(
            "select rolname from pg_roles where rolname ~ '^comity|^somebody'"
        ).fetchall():
            connection.execute(f"drop owned by {role} cascade; drop role {role}")


SECRET = "choose one"


async def test_a_server_of_ones_own_is_set_up_as_the_documentation_says(bare: Server, bare_admin: psycopg.Connection):
    """The statements are those of the page, run as they stand there."""
    page = (ROOT / "docs" / "how-to" / "use-your-own-postgresql.md").read_text(encoding="utf-8")
    block = re.search(r"```sql\n(.*?)```", page, re.DOTALL)
    assert block
    assert SECRET in block[1]
    for line in block[1].splitlines():
        bare_admin.execute(ROLES if line == r"\i roles.sql" else line.encode())

    url = psycopg.conninfo.make_conninfo(bare.admin, user="comity", password=SECRET, dbname="comity")
    assert await migrate(url, now=NOW) == tuple(each.number for each in migrations())


async def test_missing_roles_are_made_by_whoever_may(bare: Server, bare_admin: psycopg.Connection):
    """And a database that is not theirs is refused in words."""
    with pytest.raises(SchemaForbidden):
        await migrate(bare.admin, now=NOW)

    assert bare_admin.execute("select count(*) from pg_roles where rolname ~ '^comity'").fetchone() == (4,)


async def test_missing_roles_are_told_with_the_statements_that_make_them(bare: Server, bare_admin: psycopg.Connection):
    """Where an administrator has to do it: what to run stands in the error."""
    bare_admin.execute("create role somebody login password 'test'")

    with pytest.raises(RolesMissing) as refused:
        await migrate(psycopg.conninfo.make_conninfo(bare.admin, user="somebody"), now=NOW)

    assert refused.value.parameters["sql"] == ROLES.decode()


@pytest.mark.parametrize("power", ["bypassrls", "superuser"])
async def test_a_role_that_goes_past_the_policies_is_refused(bare: Server, bare_admin: psycopg.Connection, power: str):
    """Somebody widened it on purpose; it is told, never silently mended."""
    bare_admin.execute(ROLES)
    bare_admin.execute(f"alter role comity_app {power}")

    with pytest.raises(RolesFaulty, match="comity_app"):
        await migrate(bare.admin, now=NOW)


def binaries(server: Server) -> Path:
    """The programs of the server under test, or the embedded one's: whichever PostgreSQL this run is about."""
    with psycopg.connect(server.admin_url("postgres")) as connection:
        row = connection.execute("select setting from pg_config where name = 'BINDIR'").fetchone()
    assert row is not None
    found = Path(row[0])
    return found if (found / "pg_dump").exists() else find_install().root / "bin"


def dump(server: Server, database: str) -> str:
    """The schema as pg_dump sees it, without what differs between two runs."""
    program = shutil.which("pg_dump", path=str(binaries(server)))
    assert program is not None
    text = subprocess.run(
        [program, "--schema-only", "--no-comments", f"--dbname={server.admin_url(database)}"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    return "\n".join(line for line in text.splitlines() if not line.startswith(("--", "\\restrict", "\\unrestrict")))
