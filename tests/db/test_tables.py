"""Every table is held to its class (design D3, D4): the catalogue is walked, no table is named here."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest

from comity.db.migrate import migrate
from tests.support.catalogue import ROLES, Listed, faults, listed_tables
from tests.support.postgres import Server, create_database
from tools.sources import PACKAGE


@pytest.fixture(scope="module")
def scratch(server: Server, worker_id: str) -> str:
    """A migrated database that these tests may spoil, as its superuser."""
    name = f"comity_tables_{worker_id}"
    create_database(server, name)
    asyncio.run(migrate(server.url(name), now=datetime.now(UTC)))
    return server.admin_url(name)


@pytest.fixture
def owner(scratch: str) -> Iterator[psycopg.Connection]:
    """The schema's owner there; whatever a test adds is dropped again."""
    with psycopg.connect(scratch, autocommit=True) as connection:
        connection.execute("set role comity_owner")
        before = {row[0] for row in connection.execute(TABLES)}
        yield connection
        for (name,) in connection.execute(TABLES).fetchall():
            if name not in before:
                connection.execute(f"drop table {name} cascade")


TABLES = "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
LISTED: Listed = listed_tables()
NOTE = {"note": {"class": "tenant", "room": "directory", "retention": "for ever", "personal": False}}
GOOD = """
create table note (tenant_id uuid not null, id uuid not null, at timestamptz not null,
                   constraint note_pkey primary key (tenant_id, id));
call protect_tenant_table('note');
"""


def test_every_table_is_as_its_class_demands(server: Server, database_url: str):
    """The database that all other tests work on, walked whole."""
    database = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]

    assert faults(server.admin_url(str(database)), LISTED) == []


def test_a_table_that_follows_the_rules_passes(scratch: str, owner: psycopg.Connection):
    owner.execute(GOOD)

    assert faults(scratch, {**LISTED, **NOTE}) == []


def test_a_table_without_a_class_is_found(scratch: str, owner: psycopg.Connection):
    """Whoever adds a table has to say whose rows they are."""
    owner.execute(GOOD)

    assert "note has no class in db/tables.toml" in faults(scratch, LISTED)


def test_a_listed_table_that_is_gone_is_found(scratch: str):
    assert faults(scratch, {**LISTED, **NOTE}) == ["db/tables.toml lists note, which is no table"]


FAULTY = {
    "nothing protects it": (
        "create table note (tenant_id uuid, id uuid, constraint note_pkey primary key (tenant_id, id))",
        {"note has no row-level security", "note does not force row-level security on its owner", "note has no policy"},
    ),
    "its owner goes past the policies": (
        GOOD + "alter table note no force row level security",
        {"note does not force row-level security on its owner"},
    ),
    "the tenant is not first in the key": (
        GOOD + "alter table note drop constraint note_pkey, add constraint note_pkey primary key (id, tenant_id)",
        {"note_pkey on note begins with id, not with tenant_id"},
    ),
    "an index does without the tenant": (
        GOOD + "create index note_by_time on note (at)",
        {"note_by_time on note begins with at, not with tenant_id"},
    ),
    "a foreign key leaves the tenant": (
        GOOD + "alter table note add signed_with text references signing_key",
        {"note_signed_with_fkey leads from signed_with to signing_key.kid: a foreign key stays within tenant_id"},
    ),
    "a second policy opens it": (
        GOOD + "create policy helpful on note using (true)",
        {"policy helpful of note is not that of a tenant's table", "note has 2 policies; permissive ones add up"},
    ),
    "its policy forgets the tenant": (
        GOOD + "alter policy same_tenant on note using (true)",
        {"policy same_tenant of note is not that of a tenant's table"},
    ),
    "the application may truncate it": (
        GOOD + "grant truncate on note to comity_app",
        {"comity_app has the rights ['DELETE', 'INSERT', 'SELECT', 'TRUNCATE', 'UPDATE'] on note"},
    ),
    "everybody may read it": (
        GOOD + "grant select on note to public",
        {"PUBLIC has rights on note"},
    ),
    "a time has no zone": (
        GOOD + "alter table note add read_at timestamp",
        {"note.read_at is a timestamp without time zone; times are timestamptz"},
    ),
    "a time comes from the server": (
        GOOD + "alter table note alter at set default current_timestamp",
        {"note.at has the default CURRENT_TIMESTAMP; values are arguments"},
    ),
    "a rule has no name": (
        GOOD + "alter table note add check (id <> tenant_id)",
        {"note_check on note is not named on purpose: begin with note, end with what it is for"},
    ),
    "an index has no reason": (
        GOOD + "create index note_newest on note (tenant_id, at)",
        {"note_newest on note does not say why it is there"},
    ),
    "a view looks past the policies": (
        GOOD + "create view note_all as select * from note",
        {"note_all is a view: schema public holds tables, their indexes and functions only"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("statement", "expected"), FAULTY.values(), ids=FAULTY)
def test_a_table_that_breaks_a_rule_is_found(
    scratch: str, owner: psycopg.Connection, statement: str, expected: set[str]
):
    owner.execute(statement)

    assert expected <= set(faults(scratch, {**LISTED, **NOTE}))


def test_an_installation_table_that_the_application_reaches_is_found(scratch: str, owner: psycopg.Connection):
    """Named functions only."""
    owner.execute("create table note (id uuid, constraint note_pkey primary key (id))")
    owner.execute("call protect_installation_table('note')")
    listed = {**LISTED, "note": {**NOTE["note"], "class": "installation"}}
    assert faults(scratch, listed) == []

    owner.execute("grant select (id) on note to comity_app")

    assert faults(scratch, listed) == ["comity_app has the rights ['SELECT'] on note"]


def test_a_shared_table_that_asks_for_no_proof_is_found(scratch: str, owner: psycopg.Connection):
    owner.execute(
        """create table note (chat_id uuid, constraint note_pkey primary key (chat_id));
           alter table note enable row level security;
           alter table note force row level security;
           create policy seated on note using (true);
           grant select, insert, update, delete on note to comity_app"""
    )
    listed = {**LISTED, "note": {**NOTE["note"], "class": "shared", "proof": "none"}}

    assert faults(scratch, listed) == ["policy seated of note asks for no proof from the caller's own tenant"]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("returns bigint language sql security definer as 'select 1::bigint'",
         {"function helper runs as its owner with the caller's search path",
          "function helper runs as its owner, for everybody"}),
        ("returns bigint language sql security definer set search_path = pg_catalog, public as 'select 1::bigint'",
         {"function helper runs as its owner, for everybody"}),
    ],
)  # fmt: skip
def test_a_function_that_anybody_may_call_as_owner_is_found(
    scratch: str, owner: psycopg.Connection, function: str, expected: set[str]
):
    """It would be a door beside the named ones."""
    owner.execute(f"create function helper() {function}")
    try:
        assert set(faults(scratch, LISTED)) == expected
    finally:
        owner.execute("drop function helper()")


def test_the_roles_can_do_what_they_must_and_no_more(server: Server):
    """comity is the only login, owns nothing and inherits nothing; nobody bypasses the policies."""
    with psycopg.connect(server.admin_url("postgres")) as connection:
        found = connection.execute(
            """select rolname, rolcanlogin, rolinherit, rolsuper or rolbypassrls from pg_roles
               where rolname = any (%s) order by rolname""",
            (list(ROLES),),
        ).fetchall()

    assert found == [
        ("comity", True, False, False),
        ("comity_app", False, True, False),
        ("comity_owner", False, True, False),
        ("comity_queue", False, True, False),
    ]


def test_every_room_that_owns_a_table_is_the_only_one_that_writes_it():
    """A row that two rooms write has two truths; crossings write in the name of the room that calls them."""
    writers: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("queries.sql"):
        room = path.relative_to(PACKAGE).parts[0]
        for table in re.findall(r"\b(?:insert into|delete from|^update|\bupdate)\s+(\w+)", path.read_text("utf-8")):
            writers.setdefault(table, set()).add(room)

    shared_on_purpose = {
        ("users", "sync"),  # a drain writes B2B members, receipts and all, in as few statements as it can
        *((each, "sync") for each in ("groups", "group_member")),  # and synced groups with their members
        *((each, "tenancy") for each in ("tenant_setting", "access_state", "feed_counter")),  # a tenant's first day
    }
    assert {
        (table, room) for table, found in writers.items() if table in LISTED for room in found - {LISTED[table]["room"]}
    } == shared_on_purpose
