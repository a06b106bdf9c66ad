"""Everybody's rows in every table: by the services where there are some, by hand for the rest.

Whatever the services have not filled is filled from the catalogue: a row per tenant, personal account,
chat or organisation with a value of its type in every column that needs one. So a table that comes later is
walked as well. The truth is read by the superuser, whom row-level security does not bind.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from comity.access import policies
from comity.chat import service as chat
from comity.chat.model import Body, BodyType
from comity.core.clock import BusinessClock
from comity.core.ids import PERSONAL_REALM, TenantId, UserId, new_id
from comity.core.permissions import Permission
from comity.db.database import Address, Database
from comity.db.migrate import migrate
from comity.directory import service as directory
from comity.directory.model import User
from comity.partners import service as partners
from comity.sync import service as sync
from comity.sync.drain import drain
from comity.sync.service import Principals
from comity.tenancy.service import ensure_personal_realm
from tests.support.catalogue import listed_tables
from tests.support.organizations import add, form, unite
from tests.support.personal import make_personal, person
from tests.support.world import Org, make_org

AT = datetime(2026, 1, 1, tzinfo=UTC)
Row = dict[str, Any]


@dataclass(frozen=True)
class Identity:
    """Whom a transaction may be: a tenant, or a personal account."""

    name: str
    tenant_id: TenantId
    person: UserId | None = None


@dataclass
class Sealed:
    """The filled database, who is in it, and all rows of every table as they really are."""

    url: str
    identities: list[Identity]
    tables: dict[str, str]
    """Table → class."""
    keys: dict[str, list[str]]
    """Table → the columns of its primary key."""
    persons: dict[str, str]
    """Table → the column that says whose row of the personal realm it is; tables without one hold none."""
    rows: dict[str, list[Row]] = field(default_factory=dict)

    def of_class(self, *classes: str) -> list[str]:
        return [table for table, each in self.tables.items() if each in classes]

    def key(self, table: str, row: Row) -> tuple[str, ...]:
        return tuple(str(row[column]) for column in self.keys[table])

    def visible(self, table: str, who: Identity) -> set[tuple[str, ...]]:
        """Keys of the rows that `who` ought to see: the claim of these tests."""
        return {self.key(table, row) for row in self.rows[table] if self._may_see(table, row, who)}

    def _may_see(self, table: str, row: Row, who: Identity) -> bool:
        if self.tables[table] == "installation":
            return False
        if self.tables[table] == "tenant":
            own: bool = row["tenant_id"] == str(who.tenant_id)
            if who.tenant_id != PERSONAL_REALM:
                return own
            return own and table in self.persons and row[self.persons[table]] == str(who.person)
        if self.keys[table][0] == "chat_id":
            return any(seat["chat_id"] == row["chat_id"] for seat in self._seats("seat", who))
        return self._may_see_organization(table, row, who)

    def _may_see_organization(self, table: str, row: Row, who: Identity) -> bool:
        for seat in self._seats("organization_seat", who):
            if seat["organization_id"] == row["organization_id"]:
                invitation = {seat["tenant_id"], seat["invited_by"]}
                return table == "organization" or seat["state"] == "active" or row["tenant_id"] in invitation
        return False

    def _seats(self, table: str, who: Identity) -> list[Row]:
        return [row for row in self.rows[table] if self._may_see(table, row, who)]

    def owner(self, table: str, row: Row) -> Identity | None:
        """Whose row of a tenant's table it is."""
        for each in self.identities:
            if self._may_see(table, row, each):
                return each
        return None


async def build(url: str, admin_url: str) -> Sealed:
    """Fill an empty database and read it back from behind the walls."""
    await migrate(url, now=AT)
    async with Database(Address(url, url), clock=BusinessClock(), size=4) as db:
        await ensure_personal_realm(db)
        identities = await _live(db)
    with psycopg.connect(admin_url, autocommit=True, row_factory=dict_row) as admin:
        listed = {name: entry["class"] for name, entry in listed_tables().items()}
        keys = {row["table"]: row["columns"] for row in admin.execute(_KEYS)}
        persons = {row["table"]: row["person"] for row in admin.execute(_PERSONS)}
        sealed = Sealed(url, identities, listed, keys, persons)
        _fill(admin, sealed)
        sealed.rows = {table: _all(admin, table) for table in listed}
    return sealed


async def _live(db: Database) -> list[Identity]:
    """Five tenants in three organisations, two personal accounts, and what happens between some of them."""
    orgs = [await make_org(db, name) for name in ("Contoso", "Fabrikam", "Tailspin", "Northwind", "Wingtip")]
    contoso, fabrikam, tailspin, northwind, wingtip = orgs
    dana, eve = await make_personal(db, "dana"), await make_personal(db, "eve")
    people = {org.id: await org.add_person(f"person{number}") for number, org in enumerate(orgs)}

    await unite(contoso, fabrikam)
    await form(northwind, "The others")
    await form(wingtip, "Alone")
    for owner in (contoso, northwind):
        await add(owner, tailspin)

    for source, target in ((contoso, fabrikam), (fabrikam, contoso), (northwind, tailspin)):
        await _share(db, source, target, people[source.id])
    for org in orgs:
        await _settle(org, people[org.id])

    for starter, user, who in (
        (contoso, people[contoso.id], person(people[fabrikam.id])),
        (fabrikam, people[fabrikam.id], person(people[tailspin.id])),
        (fabrikam, people[fabrikam.id], dana.person),
        (northwind, people[northwind.id], eve.person),
    ):
        caller = starter.as_user(user, permissions=frozenset({Permission.CHAT}))
        words = Body(BodyType.TEXT, "between us")
        await chat.start_chat(db, caller, to=who, body=words, client_id=new_id())
    return [
        *(Identity(org.tenant.name.split()[0], org.id) for org in orgs),
        *(Identity(each.user.display_name, PERSONAL_REALM, each.user.id) for each in (dana, eve)),
    ]


async def _share(db: Database, source: Org, target: Org, who: User) -> None:
    async with db.tenant(target.id) as tx:
        await partners.accept_users(tx, target.operator, source.id)
    async with db.tenant(source.id) as tx:
        await sync.share_with(tx, source.operator, Principals(users=[who.id]), target.id)
    await drain(db, source.id)


async def _settle(org: Org, who: User) -> None:
    """What every tenant has after a while."""
    async with org.db.tenant(org.id) as tx:
        group = await directory.create_group(tx, org.operator, name="Everybody")
        await directory.add_members(tx, org.operator, group.id, [who.id])
        await policies.new_policy(tx, org.operator, "Strict", {})
        await policies.grant_policy(tx, org.operator, who.id, "Strict")


# ── By hand, for whatever has no service that was called above ───────────────────────────────────


def _fill(admin: psycopg.Connection[Row], sealed: Sealed) -> None:
    """A row for everybody whose rows are missing; foreign keys rest, since these rows are nobody's truth."""
    admin.execute("set session_replication_role = replica")
    for table, table_class in sealed.tables.items():
        columns = admin.execute(_COLUMNS, (table,)).fetchall()
        for known in _missing(admin, sealed, table, table_class):
            values = {each["name"]: known.get(each["name"], _value(each)) for each in columns}
            admin.execute(
                sql.SQL("insert into {table} select (jsonb_populate_record(null::{table}, %s)).*").format(
                    table=sql.Identifier(table)
                ),
                (json.dumps(values, default=str),),
            )


def _missing(admin: psycopg.Connection[Row], sealed: Sealed, table: str, table_class: str) -> Iterator[Row]:
    """What is known of the rows that nobody has made: whose they are."""
    present = _all(admin, table)
    if table_class == "installation":
        if not present:
            yield {}
    elif table_class == "shared":
        key = sealed.keys[table][0]
        everything = _all(admin, key.removesuffix("_id"))
        for each in {row[key] for row in everything} - {row[key] for row in present}:
            yield {key: each}
    else:
        for who in sealed.identities:
            column = sealed.persons.get(table)
            owned = {"tenant_id": str(who.tenant_id)}
            if who.person:
                owned |= {column: str(who.person)} if column else {}
            if not any(owned.items() <= row.items() for row in present):
                present.append(owned)
                yield owned


def _value(column: Row) -> Any:
    """Some value of the column's type that its rules admit; null where that is one."""
    if column["nullable"]:
        return None
    if column["words"]:
        return re.findall(r"'([^']*)'::text", column["words"])[0]
    match column["type"]:
        case "uuid":
            return new_id()
        case "boolean":
            return True
        case "timestamp with time zone":
            return AT
        case "bytea":
            return "\\x00"
        case "jsonb":
            return {}
        case "text":
            return f"text-{new_id()}"
        case kind if kind.endswith("[]"):
            return []
        case _:
            return 1


def _all(admin: psycopg.Connection[Row], table: str) -> list[Row]:
    query = sql.SQL("select to_jsonb(t) as row from {} t").format(sql.Identifier(table))
    return [each["row"] for each in admin.execute(query)]


_KEYS = """
select i.indrelid::regclass::text as table, array(
    select a.attname::text from unnest(i.indkey) with ordinality k (number, nr)
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number order by k.nr) as columns
from pg_index i join pg_class c on c.oid = i.indrelid
where i.indisprimary and c.relnamespace = 'public'::regnamespace
"""
_PERSONS = """
select polrelid::regclass::text as table,
  (regexp_match(pg_get_expr(polqual, polrelid), '(\\w+) = comity_person\\(\\)'))[1] as person
from pg_policy where pg_get_expr(polqual, polrelid) ~ 'comity_person'
"""
_COLUMNS = """
select a.attname as name, format_type(a.atttypid, null) as type, not a.attnotnull as nullable,
  (select pg_get_constraintdef(n.oid) from pg_constraint n
   where n.conrelid = a.attrelid and n.contype = 'c' and n.conkey = array[a.attnum] limit 1) as words
from pg_attribute a where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum
"""
