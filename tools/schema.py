"""Write src/comity/db/schema.sql: the schema as a readable whole, as the migrations make it.

`python -m tools.schema` migrates an empty database on an embedded server of its own and prints its catalogue
as SQL that can be run. The reasons beside tables, columns, constraints and indexes are the `--` comments of
the migrations, found by the name that they stand above or behind; a later migration's reason wins.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
import textwrap
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from comity.db.embedded import attach
from comity.db.migrate import migrate, migrations
from tools.sources import PACKAGE, ROOT

FILE = PACKAGE / "db" / "schema.sql"
HEAD = """\
-- The schema as a whole, for reading. Written by `python -m tools.schema` from what the migrations make of an
-- empty database, in order of creation; a test runs it and proves that both lead to the same. Nothing else
-- runs it: databases come by their schema through db/migrations. Roles: db/roles.sql. Classes: db/tables.toml.
"""

WIDTH = 110

Reasons = dict[str, str]
"""What a comment says about: `table`, `table.column`, an index, a constraint, `function()`."""

_NAMED = re.compile(
    r"^\s*create table (?:if not exists )?(?P<table>\w+) \(|\bconstraint (?P<constraint>\w+)|"
    r"^create (?:unique )?index (?P<index>\w+)|^create (?:or replace )?(?:function|procedure) (?P<function>\w+)\("
)
_COLUMN = re.compile(r"^  (?P<column>[a-z_0-9]+)\s+[a-z].*?--\s*(?P<reason>.*)$")
_ENUMERATION = re.compile(r"^CHECK \(\w+ = ANY \(")


def reasons(texts: Iterable[str]) -> Reasons:
    """The comments of migrations by the name of what they explain."""
    found: Reasons = {}
    for text in texts:
        table, lines = "", text.splitlines()
        for number, line in enumerate(lines):
            named = _NAMED.search(line)
            if named and named["table"]:
                table = named["table"]
            elif line.startswith(")"):
                table = ""
            if named:
                name = named["table"] or named["constraint"] or named["index"] or f"{named['function']}()"
                within_column = named["constraint"] and not line.startswith("  constraint ")
                if reason := _behind(line) if within_column else _above(lines, number):
                    found[name] = reason
            elif table and (column := _COLUMN.match(line)):
                found[f"{table}.{column['column']}"] = column["reason"]
    return found


def _above(lines: list[str], number: int) -> str:
    """The comment above a line; what stands directly between belongs to it as well."""
    kind = lines[number].split(maxsplit=1)[0]
    said: list[str] = []
    while number := number - 1:
        line = lines[number].strip()
        if line.startswith("-- ──") or not line:
            break
        if line.startswith("--"):
            said.insert(0, line.removeprefix("--").strip())
        elif said or (line.split(maxsplit=1)[0] != kind and not lines[number].startswith("  where")):
            break
    return " ".join(said)


def _behind(line: str) -> str:
    return line.partition("--")[2].strip()


def explains_itself(definition: str) -> bool:
    """A closed set of words for a column needs no reason beside it."""
    return bool(_ENUMERATION.match(definition))


def describe(connection: psycopg.Connection[Any], why: Reasons) -> str:
    """The whole of schema `public` as SQL, in order of creation."""
    parts: list[tuple[int, str]] = []
    for oid, name in _all(connection, _TABLES):
        parts.append((oid, "\n".join(_table(connection, oid, name, why))))
    for oid, name, arguments, definition, granted in _all(connection, _FUNCTIONS):
        text = _commented(why.get(f"{name}()")) + definition.strip().replace("CREATE OR REPLACE ", "CREATE ", 1) + ";"
        if granted is not None:
            text += f"\nREVOKE ALL ON FUNCTION {name}({arguments}) FROM PUBLIC;"
            text += "".join(f"\nGRANT EXECUTE ON FUNCTION {name}({arguments}) TO {role};" for role in granted)
        parts.append((oid, text))
    return HEAD + "".join(f"\n{text}\n" for _, text in sorted(parts))


def _table(connection: psycopg.Connection[Any], oid: int, name: str, why: Reasons) -> Iterator[str]:
    entries = [
        (column, why.get(f"{name}.{column.split()[0]}"), True) for (column,) in _all(connection, _COLUMNS, oid)
    ] + [
        (f"CONSTRAINT {constraint} {definition}", why.get(constraint), False)
        for constraint, definition in _all(connection, _CONSTRAINTS, oid)
    ]
    yield _commented(why.get(name)) + f"CREATE TABLE {name} ("
    for number, (text, reason, trailing) in enumerate(entries, 1):
        line = "  " + text + ("," if number < len(entries) else "")
        if reason and not trailing:
            yield textwrap.indent(_commented(reason).rstrip(), "  ")
        yield f"{line:<50} -- {reason}" if reason and trailing else line
    yield ");"
    for index, definition in _all(connection, _INDEXES, oid):
        yield _commented(why.get(index)) + definition.replace(" ON public.", " ON ").replace(" USING btree ", " ") + ";"
    for (statement,) in _all(connection, _POLICIES, oid):
        yield statement + ";"


def _commented(reason: str | None) -> str:
    return "".join(f"-- {line}\n" for line in textwrap.wrap(reason, WIDTH)) if reason else ""


def _all(connection: psycopg.Connection[Any], query: LiteralString, *parameters: object) -> list[tuple[Any, ...]]:
    return connection.execute(query, parameters).fetchall()


_TABLES: LiteralString = """
select oid::int8, relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by 1
"""
_COLUMNS: LiteralString = """
select a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
  || case when a.attcollation not in (0, t.typcollation) then ' COLLATE "' || c.collname || '"' else '' end
  || case when a.attnotnull then ' NOT NULL' else '' end
  || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
from pg_attribute a
join pg_type t on t.oid = a.atttypid
left join pg_collation c on c.oid = a.attcollation
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attrelid = %s and a.attnum > 0 and not a.attisdropped order by a.attnum
"""
_CONSTRAINTS: LiteralString = """
select conname, pg_get_constraintdef(oid, true) from pg_constraint
where conrelid = %s and contype in ('p', 'u', 'x', 'f', 'c') order by position(contype::text in 'puxfc'), conname
"""
_INDEXES: LiteralString = """
select c.relname, pg_get_indexdef(i.indexrelid)
from pg_index i join pg_class c on c.oid = i.indexrelid
where i.indrelid = %s
  and not exists (select from pg_constraint n where n.conindid = i.indexrelid and n.contype in ('p', 'u', 'x'))
order by c.relname
"""
_POLICIES: LiteralString = """
with this as (select %s::oid as oid)
select line from (
  select 1 as rank, '' as name, 'ALTER TABLE ' || relname || ' ENABLE ROW LEVEL SECURITY' as line
    from pg_class join this using (oid) where relrowsecurity
  union all
  select 2, '', 'ALTER TABLE ' || relname || ' FORCE ROW LEVEL SECURITY'
    from pg_class join this using (oid) where relforcerowsecurity
  union all
  select 3, polname, 'CREATE POLICY ' || polname || ' ON ' || polrelid::regclass
      || case when polpermissive then '' else ' AS RESTRICTIVE' end
      || case polcmd when 'r' then ' FOR SELECT' when 'a' then ' FOR INSERT' when 'w' then ' FOR UPDATE'
                     when 'd' then ' FOR DELETE' else '' end
      || case when polroles = '{0}' then '' else ' TO ' || array_to_string(array(
           select rolname from pg_roles where pg_roles.oid = any (polroles) order by 1), ', ') end
      || coalesce(' USING (' || pg_get_expr(polqual, polrelid) || ')', '')
      || coalesce(' WITH CHECK (' || pg_get_expr(polwithcheck, polrelid) || ')', '')
    from pg_policy, this where polrelid = this.oid
  union all
  select 4, g.grantee::text, 'GRANT ' || string_agg(g.privilege_type, ', ' order by g.privilege_type)
      || ' ON ' || relname || ' TO ' || g.grantee::regrole
    from pg_class join this using (oid), aclexplode(relacl) g
    where g.grantee <> relowner group by g.grantee, relname
) lines order by rank, name
"""
_FUNCTIONS: LiteralString = """
select p.oid::int8, p.proname, pg_get_function_identity_arguments(p.oid), pg_get_functiondef(p.oid),
  case when p.proacl is not null then array(
    select g.grantee::regrole::text from aclexplode(p.proacl) g where g.grantee not in (0, p.proowner) order by 1) end
from pg_proc p where p.pronamespace = 'public'::regnamespace order by 1
"""


def written(url: str) -> str:
    """What schema.sql has to hold, from a migrated database."""
    with psycopg.connect(url) as connection:
        return describe(connection, reasons(each.sql for each in migrations()))


def main() -> int:
    """Write the file anew; say whether that changed it."""
    with tempfile.TemporaryDirectory(prefix="comity-schema-") as place, attach(Path(place) / "data") as lease:
        asyncio.run(migrate(lease.connection.dsn, now=datetime.now(UTC)))
        text = written(lease.connection.dsn)
    if not FILE.exists() or FILE.read_text(encoding="utf-8") != text:
        FILE.write_text(text, encoding="utf-8")
        print(f"written: {FILE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
