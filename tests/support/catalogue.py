"""What the database's own catalogue says against the rules for tables (design D3, D4; style §8).

`faults` walks the catalogue as a superuser and returns a sentence for each broken rule, so that a table
that is added later is held to them without being named anywhere but in db/tables.toml.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, LiteralString

import psycopg
from psycopg.rows import namedtuple_row

from comity.db.migrate import migrations
from tools.schema import explains_itself, reasons
from tools.sources import PACKAGE

Listed = Mapping[str, Mapping[str, Any]]

CLASSES = {"tenant", "shared", "installation"}
ROLES = ("comity", "comity_owner", "comity_app", "comity_queue")
AUTOMATIC = re.compile(r"_(key|fkey|check|excl|idx|not_null)\d*$")
"""How PostgreSQL ends the names that it makes up itself."""
OWN_TENANT = re.compile(
    r"^tenant_id = comity_tenant\(\) AND \(?tenant_id <> '9188040d-6c67-4c5b-b112-36a304b66dad'::uuid"
)


def listed_tables() -> dict[str, dict[str, Any]]:
    """db/tables.toml."""
    return tomllib.loads((PACKAGE / "db" / "tables.toml").read_text(encoding="utf-8"))


def faults(url: str, listed: Listed) -> list[str]:
    """Every rule that a table, an index, a policy, a function or a role of that database breaks."""
    with psycopg.connect(url, row_factory=namedtuple_row) as connection:
        tables = _rows(connection, _TABLES)
        found = list(_unlisted({each.name for each in tables}, listed))
        for table in tables:
            table_class = listed.get(table.name, {}).get("class")
            found += _table_faults(table)
            found += _key_faults(connection, table, table_class)
            found += _policy_faults(connection, table, table_class)
            found += _right_faults(table, table_class)
        for check in (_name_faults, _column_faults, _function_faults, _role_faults, _stray_faults):
            found += check(connection)
        return found


def _unlisted(tables: set[str], listed: Listed) -> Iterator[str]:
    for name in sorted(tables - listed.keys()):
        yield f"{name} has no class in db/tables.toml"
    for name in sorted(listed.keys() - tables):
        yield f"db/tables.toml lists {name}, which is no table"
    for name, entry in listed.items():
        needed = {"class", "room", "retention", "personal"} | ({"proof"} if entry.get("class") == "shared" else set())
        if set(entry) != needed:
            yield f"db/tables.toml: {name} needs exactly {sorted(needed)}"
        elif entry["class"] not in CLASSES:
            yield f"db/tables.toml: {name} is of class {entry['class']!r}, which is none"
        elif not (PACKAGE / entry["room"]).is_dir() or not entry["retention"] or entry["personal"] not in (True, False):
            yield f"db/tables.toml: {name} names no room, no retention or no yes or no"


def _table_faults(table: Any) -> Iterator[str]:
    if not table.enabled:
        yield f"{table.name} has no row-level security"
    if not table.forced:
        yield f"{table.name} does not force row-level security on its owner"
    if table.owner != "comity_owner":
        yield f"{table.name} belongs to {table.owner}"


def _key_faults(connection: psycopg.Connection[Any], table: Any, table_class: str | None) -> Iterator[str]:
    keys = _rows(connection, _KEYS, table.oid)
    primary = [each for each in keys if each.is_primary]
    if not primary:
        yield f"{table.name} has no primary key"
        return
    if table_class not in {"tenant", "shared"}:
        return
    key = "tenant_id" if table_class == "tenant" else primary[0].first
    if table_class == "shared" and key not in {"chat_id", "organization_id"}:
        yield f"{table.name} is shared, but its key begins with {key}"
    for each in keys:
        if each.first != key:
            yield f"{each.name} on {table.name} begins with {each.first}, not with {key}"
    for name, first, refers_to, referred_first in _rows(connection, _REFERENCES, table.oid):
        if (first, referred_first) != (key, key):
            yield f"{name} leads from {first} to {refers_to}.{referred_first}: a foreign key stays within {key}"


def _policy_faults(connection: psycopg.Connection[Any], table: Any, table_class: str | None) -> Iterator[str]:
    policies = _rows(connection, _POLICIES, table.oid)
    if not policies:
        yield f"{table.name} has no policy"
    for each in policies:
        opens = [text for text in (each.using, each.checks) if text is not None]
        match table_class:
            case "tenant" if each.command != "*" or not OWN_TENANT.match(each.using or "") or each.checks is not None:
                yield f"policy {each.name} of {table.name} is not that of a tenant's table"
            case "shared" if not opens or not all("s.tenant_id = comity_tenant()" in text for text in opens):
                yield f"policy {each.name} of {table.name} asks for no proof from the caller's own tenant"
            case "installation" if each.roles != ["comity_owner"]:
                yield f"policy {each.name} of {table.name} opens an installation's table to {each.roles}"
    if table_class == "tenant" and len(policies) != 1:
        yield f"{table.name} has {len(policies)} policies; permissive ones add up"
    commands = {each.command for each in policies}
    if "*" not in commands and commands != set("rawd"):
        yield f"the policies of {table.name} say nothing about some commands"


def _right_faults(table: Any, table_class: str | None) -> Iterator[str]:
    allowed = [] if table_class == "installation" else ["DELETE", "INSERT", "SELECT", "UPDATE"]
    if table.rights != allowed:
        yield f"comity_app has the rights {table.rights} on {table.name}"
    if table.others:
        yield f"{', '.join(table.others)} has rights on {table.name}"


def _name_faults(connection: psycopg.Connection[Any]) -> Iterator[str]:
    why = reasons(each.sql for each in migrations())
    for table, name, kind, definition, comment in _rows(connection, _NAMES):
        if kind == "p":
            if name != f"{table}_pkey":
                yield f"the primary key of {table} is called {name}"
            continue
        if AUTOMATIC.search(name) or not name.startswith(table):
            yield f"{name} on {table} is not named on purpose: begin with {table}, end with what it is for"
        if not (comment or name in why or explains_itself(definition)):
            yield f"{name} on {table} does not say why it is there"


def _column_faults(connection: psycopg.Connection[Any]) -> Iterator[str]:
    for table, column, kind, default, nullable in _rows(connection, _COLUMNS):
        if kind in {"timestamp without time zone", "time without time zone", "time with time zone", "date"}:
            yield f"{table}.{column} is a {kind}; times are timestamptz"
        if default is not None:
            yield f"{table}.{column} has the default {default}; values are arguments"
        if column == "tenant_id" and (kind != "uuid" or nullable):
            yield f"{table}.tenant_id is a {kind}{' that may be null' if nullable else ''}"


def _function_faults(connection: psycopg.Connection[Any]) -> Iterator[str]:
    for name, definer, owner, settings, public, app in _rows(connection, _FUNCTIONS):
        if owner != "comity_owner":
            yield f"function {name} belongs to {owner}"
        if definer and "search_path=pg_catalog, public" not in (settings or []):
            yield f"function {name} runs as its owner with the caller's search path"
        if definer and public:
            yield f"function {name} runs as its owner, for everybody"
        if definer and not app:
            yield f"function {name} runs as its owner, for nobody"


def _role_faults(connection: psycopg.Connection[Any]) -> Iterator[str]:
    roles = {each.name: each for each in _rows(connection, _ROLES, list(ROLES))}
    for name in ROLES:
        role = roles.get(name)
        if role is None or role.powers:
            yield f"role {name} is missing, or can do more than it may"
    if roles["comity_app"].groups or roles["comity_app"].owns or roles["comity_app"].makes:
        yield "comity_app is a member of other roles, owns things or makes them in schema public"


def _stray_faults(connection: psycopg.Connection[Any]) -> Iterator[str]:
    for name, kind in _rows(connection, _STRAYS):
        yield f"{name} is a {kind}: schema public holds tables, their indexes and functions only"


def _rows(connection: psycopg.Connection[Any], query: LiteralString, *parameters: object) -> list[Any]:
    return connection.execute(query, parameters or None).fetchall()


_TABLES: LiteralString = """
select c.oid::int8 as oid, c.relname as name, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
  c.relowner::regrole::text as owner,
  array(select g.privilege_type from aclexplode(c.relacl) g
        where g.grantee = 'comity_app'::regrole union
        select g.privilege_type from pg_attribute a, aclexplode(a.attacl) g
        where a.attrelid = c.oid and g.grantee = 'comity_app'::regrole order by 1) as rights,
  array(select distinct case when g.grantee = 0 then 'PUBLIC' else g.grantee::regrole::text end
        from aclexplode(c.relacl) g
        where g.grantee not in (c.relowner, 'comity_app'::regrole)) as others
from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 2
"""
_KEYS: LiteralString = """
select c.relname as name, i.indisprimary as is_primary, coalesce(a.attname, '(an expression)') as first
from pg_index i join pg_class c on c.oid = i.indexrelid
left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0] and a.attnum > 0
where i.indrelid = %s order by 1
"""
_REFERENCES: LiteralString = """
select n.conname, a.attname as first, n.confrelid::regclass::text, b.attname as referred
from pg_constraint n
join pg_attribute a on a.attrelid = n.conrelid and a.attnum = n.conkey[1]
join pg_attribute b on b.attrelid = n.confrelid and b.attnum = n.confkey[1]
where n.contype = 'f' and n.conrelid = %s order by 1
"""
_POLICIES: LiteralString = """
select polname as name, polcmd::text as command, pg_get_expr(polqual, polrelid, true) as using,
  pg_get_expr(polwithcheck, polrelid, true) as checks,
  array(select rolname::text from pg_roles where oid = any (polroles)) as roles
from pg_policy where polrelid = %s order by 1
"""
_NAMES: LiteralString = """
select n.conrelid::regclass::text, n.conname, n.contype::text, pg_get_constraintdef(n.oid, true),
  obj_description(n.oid, 'pg_constraint')
from pg_constraint n where n.connamespace = 'public'::regnamespace and n.contype <> 'n' and n.conrelid <> 0
union all
select i.indrelid::regclass::text, c.relname, 'i', pg_get_indexdef(c.oid), obj_description(c.oid, 'pg_class')
from pg_index i join pg_class c on c.oid = i.indexrelid
where c.relnamespace = 'public'::regnamespace
  and not exists (select from pg_constraint n where n.conindid = c.oid and n.contype in ('p', 'u', 'x'))
order by 1, 2
"""
_COLUMNS: LiteralString = """
select c.relname, a.attname, format_type(a.atttypid, null),
  coalesce(pg_get_expr(d.adbin, d.adrelid), nullif(a.attidentity::text, '')), not a.attnotnull
from pg_attribute a join pg_class c on c.oid = a.attrelid
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
order by c.relname, a.attnum
"""
_FUNCTIONS: LiteralString = """
select p.proname, p.prosecdef, p.proowner::regrole::text, p.proconfig,
  exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g where g.grantee = 0),
  has_function_privilege('comity_app', p.oid, 'execute')
from pg_proc p where p.pronamespace = 'public'::regnamespace order by 1
"""
_ROLES: LiteralString = """
select rolname as name, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication as powers,
  array(select m.roleid::regrole::text from pg_auth_members m where m.member = r.oid) as groups,
  exists (select from pg_class c where c.relowner = r.oid and c.relnamespace = 'public'::regnamespace) as owns,
  has_schema_privilege(r.oid, 'public', 'create') as makes
from pg_roles r where rolname = any (%s)
"""
_STRAYS: LiteralString = """
select relname, case relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
                             when 'f' then 'foreign table' else relkind::text end
from pg_class where relnamespace = 'public'::regnamespace and relkind not in ('r', 'p', 'i', 'I')
union all
select t.tgname, 'trigger' from pg_trigger t join pg_class c on c.oid = t.tgrelid
where c.relnamespace = 'public'::regnamespace and not t.tgisinternal
"""
