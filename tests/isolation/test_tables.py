"""Tenant isolation, table by table: exactly one's own rows, and an error for whoever is nobody (design D4, §7).

Neither tables nor columns are named here: the tests walk what the catalogue and db/tables.toml know. Routes
are walked by the tests of the doors.
"""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from psycopg import errors as pg
from psycopg import sql

from comity.core.ids import PERSONAL_REALM, TenantId, UserId, new_id
from comity.db.database import Database
from comity.db.transaction import Transaction
from tests.isolation.sealed import Identity, Row, Sealed
from tests.support.catalogue import listed_tables

CLASSES = {name: entry["class"] for name, entry in listed_tables().items()}
TABLES = sorted(CLASSES)
TENANTS_ROWS = [each for each in TABLES if CLASSES[each] == "tenant"]
SHARED_ROWS = [each for each in TABLES if CLASSES[each] == "shared"]
OPEN = [each for each in TABLES if CLASSES[each] != "installation"]
SEALED = [each for each in TABLES if CLASSES[each] == "installation"]


def bound(walls: Database, who: Identity) -> Any:
    return walls.tenant(who.tenant_id, person=who.person)


async def run(tx: Transaction, query: str, table: str, **values: object) -> int:
    """Run a statement in which {table} stands for a table's name; what it touched."""
    text: Any = sql.SQL(query).format(table=sql.Identifier(table)).as_string(None)
    return await tx.execute(text, **values)


async def keys_seen(tx: Transaction, sealed: Sealed, table: str) -> set[tuple[str, ...]]:
    text: Any = sql.SQL("select to_jsonb(t) from {} t").format(sql.Identifier(table)).as_string(None)
    return {sealed.key(table, row) for (row,) in await tx.rows(text)}


# ── There is something to hide ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("table", TENANTS_ROWS)
def test_every_tenant_has_rows_in_every_table_of_tenants(sealed: Sealed, table: str):
    """Otherwise the tests below would see nothing and call it isolation."""
    owners = {row["tenant_id"] for row in sealed.rows[table]}

    assert {str(each.tenant_id) for each in sealed.identities} <= owners
    assert all(sealed.visible(table, each) for each in sealed.identities if each.tenant_id != PERSONAL_REALM)


@pytest.mark.parametrize("table", SHARED_ROWS)
def test_every_shared_table_has_rows_that_some_see_and_others_do_not(sealed: Sealed, table: str):
    seen = [sealed.visible(table, each) for each in sealed.identities]
    everything = {sealed.key(table, row) for row in sealed.rows[table]}

    assert set().union(*seen) == everything
    assert all(each != everything for each in seen)
    assert set() in seen


@pytest.mark.parametrize("table", SEALED)
def test_every_table_of_the_installation_has_rows(sealed: Sealed, table: str):
    assert sealed.rows[table]


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("table", OPEN)
async def test_everybody_sees_exactly_what_is_theirs(sealed: Sealed, walls: Database, table: str):
    """Tenants their own rows; chats and organisations whoever holds a seat; of an invitation, the invitation."""
    for who in sealed.identities:
        async with bound(walls, who) as tx:
            assert await keys_seen(tx, sealed, table) == sealed.visible(table, who), who.name


@pytest.mark.parametrize("table", SEALED)
async def test_nobody_sees_the_installations_rows(sealed: Sealed, walls: Database, table: str):
    """Named functions only; whoever one is."""
    for who in sealed.identities:
        with pytest.raises(pg.InsufficientPrivilege):
            await _try_to_see(walls, sealed, who, table)


async def _try_to_see(walls: Database, sealed: Sealed, who: Identity, table: str) -> None:
    async with bound(walls, who) as tx:
        await keys_seen(tx, sealed, table)


@pytest.mark.parametrize("table", OPEN)
async def test_a_tenant_that_does_not_exist_sees_nothing(sealed: Sealed, walls: Database, table: str):
    async with walls.tenant(TenantId(new_id())) as tx:
        assert await keys_seen(tx, sealed, table) == set()


@pytest.mark.parametrize("table", OPEN)
async def test_the_personal_realm_without_a_person_is_empty(sealed: Sealed, walls: Database, table: str):
    """It is no directory: there is no administrator who could look around in it (design §4.9)."""
    for person in (None, UserId(new_id())):
        async with walls.tenant(PERSONAL_REALM, person=person) as tx:
            assert await keys_seen(tx, sealed, table) == set()


@pytest.mark.parametrize("table", OPEN)
async def test_two_personal_accounts_see_nothing_of_each_other(sealed: Sealed, walls: Database, table: str):
    """Although they share a tenant id."""
    dana, eve = [each for each in sealed.identities if each.person]
    async with bound(walls, dana) as tx:
        of_dana = await keys_seen(tx, sealed, table)
    async with bound(walls, eve) as tx:
        of_eve = await keys_seen(tx, sealed, table)

    has_rows_of_persons = table in sealed.persons or sealed.keys[table][0] == "chat_id"
    assert of_dana & of_eve == set()
    assert (bool(of_dana), bool(of_eve)) == (has_rows_of_persons, has_rows_of_persons)


@pytest.mark.parametrize("table", OPEN)
async def test_a_person_means_nothing_outside_the_personal_realm(sealed: Sealed, walls: Database, table: str):
    """Naming a personal account opens none of its rows to a tenant."""
    dana = next(each for each in sealed.identities if each.person)
    tenant = sealed.identities[0]
    async with walls.tenant(tenant.tenant_id, person=dana.person) as tx:
        assert await keys_seen(tx, sealed, table) == sealed.visible(table, tenant)


# ── Being nobody ─────────────────────────────────────────────────────────────────────────────────


STATEMENTS = ("select * from {}", "select count(*) from {}", "delete from {}", "select from {} limit 1 for update")


@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.parametrize("table", TABLES)
async def test_whoever_is_nobody_gets_an_error(unbound: psycopg.AsyncConnection, table: str, statement: str):
    """A forgotten tenant must not look like "there is nobody"."""
    with pytest.raises((pg.UndefinedObject, pg.InsufficientPrivilege)):
        await unbound.execute(sql.SQL(statement).format(sql.Identifier(table)))


@pytest.mark.parametrize("table", TABLES)
async def test_also_where_there_is_nothing_to_hide(unbound: psycopg.AsyncConnection, table: str):
    """In an empty table no policy is ever asked about a row; the planner asks for the tenant all the same."""
    await unbound.execute("reset role")
    await unbound.execute("set role comity_owner")
    await unbound.execute("create schema if not exists hollow")
    name = sql.Identifier("hollow", table)
    try:
        await unbound.execute(sql.SQL("create table {} (like {} including all)").format(name, sql.Identifier(table)))
        await _copy_policies(unbound, table)
        await unbound.execute("grant usage on schema hollow to comity_app")
        await unbound.execute("set role comity_app")
        for statement in STATEMENTS:
            with pytest.raises((pg.UndefinedObject, pg.InsufficientPrivilege)):
                await unbound.execute(sql.SQL(statement).format(name))
    finally:
        await unbound.execute("set role comity_owner")
        await unbound.execute(sql.SQL("drop table if exists {}").format(name))


async def _copy_policies(connection: psycopg.AsyncConnection, table: str) -> None:
    """The empty twin is protected as the table is."""
    found = await connection.execute(
        """select polname, polcmd::text, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid),
                  array(select rolname::text from pg_roles where oid = any (polroles))
           from pg_policy where polrelid = %s::regclass""",
        (table,),
    )
    name = sql.Identifier("hollow", table)
    await connection.execute(sql.SQL("alter table {} enable row level security").format(name))
    await connection.execute(sql.SQL("alter table {} force row level security").format(name))
    commands = {"*": "all", "r": "select", "a": "insert", "w": "update", "d": "delete"}
    for policy, command, using, checks, roles in await found.fetchall():
        text = sql.SQL("create policy {} on {} for {} to {}").format(
            sql.Identifier(policy), name, sql.SQL(commands[command]),
            sql.SQL(", ").join(map(sql.Identifier, roles)) if roles else sql.SQL("public"),
        )  # fmt: skip
        for word, condition in (("using", using), ("with check", checks)):
            if condition is not None:
                text += sql.SQL(f" {word} ({condition})")
        await connection.execute(text)
    if CLASSES[table] != "installation":
        rights = sql.SQL("grant select, insert, update, delete on {} to comity_app")
        await connection.execute(rights.format(name))


@pytest.mark.parametrize("table", TENANTS_ROWS)
async def test_a_plan_that_was_kept_does_not_forget_to_ask(unbound: psycopg.AsyncConnection, table: str):
    """A generic plan is made while somebody is bound and run later: the tenant is compared before the table is read."""
    await unbound.execute("set plan_cache_mode = force_generic_plan")
    await unbound.execute("select set_config('comity.tenant', %s, false)", (str(new_id()),))
    query = sql.SQL("prepare kept (uuid) as select * from {} where tenant_id = $1").format(sql.Identifier(table))
    await unbound.execute(query)
    nobody = sql.SQL("execute kept ({})").format(sql.Literal(new_id()))
    assert (await unbound.execute(nobody)).rowcount == 0

    await unbound.execute("reset comity.tenant")

    with pytest.raises((pg.UndefinedObject, pg.InvalidTextRepresentation)):
        await unbound.execute(nobody)


@pytest.mark.parametrize("table", OPEN)
async def test_after_a_transaction_the_session_is_nobodys(sealed: Sealed, walls: Database, table: str):
    """What the boundary set ends with it: the next statement on the same session has no tenant, not the last one."""
    async with walls._pool.connection() as connection:
        async with walls._bound(connection, sealed.identities[0].tenant_id, None, flushed=True, many_rows=False):
            pass
        await connection.execute("set role comity_app")
        try:
            with pytest.raises(pg.InvalidTextRepresentation):
                await connection.execute(sql.SQL("select * from {}").format(sql.Identifier(table)))
        finally:
            await connection.execute("reset role")


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────


class Undo(Exception):
    """Ends a transaction that only tried something: no fault, what was tried is taken back."""


@pytest.mark.parametrize("table", TENANTS_ROWS)
async def test_rows_of_others_are_neither_changed_nor_deleted(sealed: Sealed, walls: Database, table: str):
    """They are not there for whoever is not theirs."""
    for who in sealed.identities:
        others = [row for row in sealed.rows[table] if sealed.key(table, row) not in sealed.visible(table, who)]
        assert others
        with pytest.raises(Undo):
            await _try_to_change(walls, sealed, who, table, others)


@pytest.mark.parametrize("table", SHARED_ROWS)
async def test_shared_rows_without_a_seat_are_neither_changed_nor_deleted(sealed: Sealed, walls: Database, table: str):
    for who in sealed.identities:
        others = [row for row in sealed.rows[table] if sealed.key(table, row) not in sealed.visible(table, who)]
        with pytest.raises(Undo):
            await _try_to_change(walls, sealed, who, table, others)


async def _try_to_change(walls: Database, sealed: Sealed, who: Identity, table: str, others: list[Row]) -> None:
    column = sealed.keys[table][0]
    named = sql.Identifier(column).as_string(None)
    match_row = " and ".join(f"to_jsonb(t) ->> '{each}' = %({each})s" for each in sealed.keys[table])
    async with bound(walls, who) as tx:
        for row in others:
            values = dict(zip(sealed.keys[table], sealed.key(table, row), strict=True))
            assert await run(tx, f"update {{table}} t set {named} = {named} where {match_row}", table, **values) == 0
            assert await run(tx, f"delete from {{table}} t where {match_row}", table, **values) == 0
        raise Undo


@pytest.mark.parametrize("table", OPEN)
async def test_rows_for_others_are_refused(sealed: Sealed, walls: Database, table: str):
    """Nobody leaves something in somebody else's tenant, chat or organisation."""
    for who in sealed.identities:
        for row in sealed.rows[table]:
            if sealed.key(table, row) in sealed.visible(table, who) or _opens_it_himself(sealed, table, row, who):
                continue
            with pytest.raises(pg.InsufficientPrivilege, match="row-level security"):
                await _insert(walls, who, table, row)


def _opens_it_himself(sealed: Sealed, table: str, row: Row, who: Identity) -> bool:
    """A pending tenant does not see all of an organisation's list; whether it may write there is tested elsewhere."""
    return table == "organization_member" and any(
        seat["organization_id"] == row["organization_id"] and seat["state"] == "active"
        for seat in sealed._seats("organization_seat", who)
    )


async def _insert(walls: Database, who: Identity, table: str, row: Row) -> None:
    async with bound(walls, who) as tx:
        await run(
            tx,
            "insert into {table} select (jsonb_populate_record(null::{table}, %(row)s::jsonb)).*",
            table,
            row=json.dumps(row),
        )


@pytest.mark.parametrize("table", TENANTS_ROWS)
async def test_own_rows_cannot_be_moved_to_others(sealed: Sealed, walls: Database, table: str):
    for who, other in zip(sealed.identities, [*sealed.identities[1:], sealed.identities[0]], strict=True):
        if not sealed.visible(table, who):
            continue
        column = "tenant_id" if other.tenant_id != who.tenant_id else sealed.persons[table]
        target = other.tenant_id if column == "tenant_id" else other.person
        with pytest.raises(pg.InsufficientPrivilege, match="row-level security"):
            await _move(walls, who, table, column, target)


async def _move(walls: Database, who: Identity, table: str, column: str, target: object) -> None:
    async with bound(walls, who) as tx:
        await run(tx, f"update {{table}} set {column} = %(target)s", table, target=target)


@pytest.mark.parametrize(
    "statement", ["truncate {}", "insert into {} default values", "update {} set tenant_id = null"]
)
@pytest.mark.parametrize("table", SEALED)
async def test_the_installations_rows_are_out_of_reach(
    sealed: Sealed, unbound: psycopg.AsyncConnection, table: str, statement: str
):
    if "tenant_id" in statement and not any("tenant_id" in row for row in sealed.rows[table]):
        statement = f"update {{}} set {sealed.keys[table][0]} = null"
    with pytest.raises(pg.InsufficientPrivilege):
        await unbound.execute(sql.SQL(statement).format(sql.Identifier(table)))


@pytest.mark.parametrize("table", OPEN)
async def test_nobody_truncates(unbound: psycopg.AsyncConnection, table: str):
    """TRUNCATE asks no policy."""
    with pytest.raises(pg.InsufficientPrivilege):
        await unbound.execute(sql.SQL("truncate {}").format(sql.Identifier(table)))


@pytest.mark.parametrize("statement", [
    "set row_security = off", "set session authorization postgres", "alter table users disable row level security",
    "drop policy same_tenant on users", "create table mine (id uuid)", "alter role comity_app bypassrls",
    "copy users from stdin",
])  # fmt: skip
async def test_the_application_role_cannot_take_the_walls_down(unbound: psycopg.AsyncConnection, statement: str):
    """Were a statement smuggled in: it could not look past the policies, only be refused by them."""
    if statement == "set row_security = off":  # allowed to anybody, and then every reading is an error
        await unbound.execute(statement)
        statement = "select * from users"
        await unbound.execute("select set_config('comity.tenant', %s, false)", (str(new_id()),))
    with pytest.raises((pg.InsufficientPrivilege, pg.FeatureNotSupported)):
        await unbound.execute(statement)
