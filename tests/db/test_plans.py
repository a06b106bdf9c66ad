"""EXPLAIN guards (design §4.13): hot statements reach their index under row-level security, always.

"Always" is four ways each: a tenant of tens of thousands and one of five in the same tables, and the plan
made for the values at hand as well as the generic one that a statement gets that runs often.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from comity.access.store import Q as ACCESS
from comity.chat.store import Q as CHAT
from comity.core.clock import BusinessClock
from comity.core.ids import ChatId, GroupId, JobId, TenantId, UserId, new_id
from comity.db.crossings.decision import _SAYS, _WHO
from comity.db.database import Address, Database
from comity.db.migrate import migrate
from comity.db.queries import Queries
from comity.directory.model import User
from comity.directory.store import Q as DIRECTORY
from comity.directory.store import insert_users
from comity.events.feed import Q as EVENTS
from comity.jobs.due import Q as JOBS
from comity.people.index.store import Q as INDEX
from comity.people.model import Place
from comity.people.query import Span, arms, read_query
from comity.people.store import Q as PEOPLE
from comity.people.store import Ranges, arm_parameters, range_parameters
from comity.people.words import Part
from comity.sync.store import Q as SYNC
from comity.tenancy.service import ensure_personal_realm
from tests.support.plans import MODES, plan_of
from tests.support.postgres import Server, create_database
from tests.support.world import make_org

LARGE, SMALL, TENANTS, PAGE = 20_000, 5, 2_000, 200
AT = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = TenantId(UUID(int=7))
"""Where the B2B users of both tenants are at home; it lies elsewhere."""


@dataclass
class Crowd:
    """A tenant and one of each of its things."""

    tenant_id: TenantId
    domain: str
    people: list[UserId]
    group: GroupId = field(default_factory=lambda: GroupId(new_id()))
    jobs: list[JobId] = field(default_factory=lambda: [JobId(new_id()) for _ in range(3)])
    chat: ChatId = field(default_factory=lambda: ChatId(new_id()))

    @property
    def person(self) -> UserId:
        return self.people[3]

    @property
    def upn(self) -> str:
        return f"u3@{self.domain}"


@dataclass
class Crowds:
    """A database with a large and a small tenant, and how to open it."""

    address: Address
    tenants: dict[str, Crowd]


FILL = """
insert into groups select %(tenant_id)s, g, 1, 'Group', null, null, true, false, 'group ' || n, %(at)s, null
  from unnest(%(groups)s::uuid[]) with ordinality x (g, n);
insert into group_member select %(tenant_id)s, %(group)s, p, 'user', %(at)s
  from unnest((%(people)s::uuid[])[1:2000]) p;
insert into group_member select %(tenant_id)s, (%(groups)s::uuid[])[2 + n / 10], p, 'user', %(at)s
  from unnest(%(people)s::uuid[]) with ordinality x (p, n);
insert into sync_job select %(tenant_id)s, j, 1, 'job', %(source)s, 'pair', 'Active', null, 'assigned', true, true,
  true, true, null, null, false, false, false, 0, 0, 2400, false, null, null, 0, %(at)s
  from unnest(%(jobs)s::uuid[]) j;
insert into sync_assignment select %(tenant_id)s, j, p, 'user', %(at)s
  from unnest(%(jobs)s::uuid[]) j, unnest(%(people)s::uuid[]) p;
insert into sync_assignment select %(tenant_id)s, j, %(group)s, 'group', %(at)s
  from unnest(%(jobs)s::uuid[]) j;
insert into sync_object select %(tenant_id)s, j, p, 'user', p, 'linked', %(group)s, n, 0
  from unnest(%(jobs)s::uuid[]) j, unnest(%(people)s::uuid[]) with ordinality x (p, n);
insert into sync_receipt select %(tenant_id)s, %(group)s, n, %(source)s, %(group)s, p, p, 1, null, null, 0, 1,
  %(at)s, p
  from unnest(%(people)s::uuid[]) with ordinality x (p, n);
insert into provisioning_log select %(tenant_id)s, %(group)s, n, %(group)s, p, p, p, 1, 0, null, 0, null, null,
  %(at)s
  from unnest(%(people)s::uuid[]) with ordinality x (p, n);
insert into feed_entry select %(tenant_id)s, n, 1, p, null, 0, null, %(at)s
  from unnest(%(people)s::uuid[]) with ordinality x (p, n);
insert into feed_cursor select %(tenant_id)s, 'c' || n, 0, 1
  from generate_series(1, 50) n;
insert into audit_entry select %(tenant_id)s, p, %(at)s, 'user', p, 'n', 'a', 'user', p, null, null, null, p, p
  from unnest(%(people)s::uuid[]) p;
insert into person_word select %(tenant_id)s, 1 + mod(n, 5), 'word' || n, p
  from unnest(%(people)s::uuid[]) with ordinality x (p, n);
insert into name_word select %(tenant_id)s, 'word' || n
  from unnest(%(people)s::uuid[]) with ordinality x (p, n);
insert into name_variant select %(tenant_id)s, v || n, 'word' || n
  from unnest(%(people)s::uuid[]) with ordinality x (p, n), unnest(array['wor', 'wod', 'wrd', 'ord']) v;
insert into seat select %(tenant_id)s, p, (%(chats)s::uuid[])[1 + (n - 1) / 10], %(at)s, null, %(at)s, 0, false,
  false
  from unnest(%(people)s::uuid[]) with ordinality x (p, n);
insert into chat select c, 'group', null, %(tenant_id)s, %(group)s, %(at)s, 0, 1
  from unnest(%(chats)s::uuid[]) c;
insert into chat_member select s.chat_id, s.tenant_id, s.user_id, 'member', 'none', 0, null, %(at)s, null, null, 1
  from seat s where s.tenant_id = %(tenant_id)s;
insert into message select c, n, n, 'message', %(tenant_id)s, %(group)s, gen_random_uuid(), 'text', 'hello',
  %(at)s, null, null
  from unnest(%(chats)s::uuid[]) c, generate_series(1, 20) n;
insert into access_domain select %(tenant_id)s, '', 'blocked', 'd' || n || '.example'
  from generate_series(1, least(4000, cardinality(%(people)s::uuid[]))) n;
insert into blocked_individual select %(tenant_id)s, p::text
  from unnest(%(people)s::uuid[]) p;
insert into directory_contact select %(tenant_id)s, p, %(at)s
  from unnest(%(people)s::uuid[]) p;
insert into access_policy select %(tenant_id)s, 'p' || n, 'p' || n, '', true, 'OrganizationDefault', true, true,
  false, true, '{}', 1
  from generate_series(1, 50) n;
insert into access_policy_user select %(tenant_id)s, p, 'p1', %(at)s
  from unnest(%(people)s::uuid[]) p;
select address_replace(%(people)s::uuid[], %(people)s::uuid[], array(select p::text from unnest(%(people)s::uuid[])
  p), array(select 'mail' from unnest(%(people)s::uuid[])));
"""
"""Rows of one tenant, written as that tenant."""

NEIGHBOURS = """
insert into feed_counter select gen_random_uuid(), 0, 0, 0
  from generate_series(1, {n});
insert into feed_cursor select gen_random_uuid(), 'c' || n % 3, 0, 1
  from generate_series(1, {n}) n;
insert into access_domain select gen_random_uuid(), '', 'blocked', 'd' || n || '.example'
  from generate_series(1, {n} * 10) n;
insert into access_state select gen_random_uuid(), 1
  from generate_series(1, {n});
insert into tenant_setting select gen_random_uuid(), gen_random_uuid(), true, 1, 1
  from generate_series(1, {n});
insert into due select 'drain', gen_random_uuid(), gen_random_uuid(), '2026-01-01'::timestamptz + n * interval '1
  s', null, null, null, 0, null
  from generate_series(1, {n} * 10) n;
insert into application_home select gen_random_uuid(), gen_random_uuid()
  from generate_series(1, {n});
insert into tenant select t, 'T' || t, 't' || t, 'business', t::text, 'commercial', false, null, '2026-01-01', 1
  from (select gen_random_uuid() from generate_series(1, {n})) x (t);
insert into domain select tenant_id::text, tenant_id, true, true, '2026-01-01'
  from tenant where tenant_id not in (select tenant_id from domain);
"""
"""Other tenants' rows, of which each has one; written as the superuser."""


async def make_crowd(db: Database, name: str, size: int) -> Crowd:
    """People of the tenant's own and as many B2B users, and rows about them everywhere."""
    org = await make_org(db, name)
    people = [
        User(
            tenant_id=org.id, id=UserId(new_id()), display_name=f"Given{n} Surname{n}", given_name=f"Given{n}",
            surname=f"Surname{n}", user_principal_name=f"u{n}@{org.domain}", mail=f"u{n}@{org.domain}", created_at=AT,
            deleted_at=AT if n % 50 == 49 else None,
        )
        for n in range(size)
    ]  # fmt: skip
    guests = [
        User(
            tenant_id=org.id, id=UserId(new_id()), display_name=f"Guest {n}", creation_type="Invitation",
            user_principal_name=f"g{n}#EXT#@{org.domain}", home_tenant_id=SOURCE,
            home_user_id=UserId(UUID(int=n + 1)), created_at=AT,
        )
        for n in range(size)
    ]  # fmt: skip
    crowd = Crowd(org.id, org.domain, [each.id for each in people])
    async with db.tenant(org.id) as tx:
        await insert_users(tx, [*people, *guests])
        groups = [crowd.group, *(new_id() for _ in range(size // 10 + 2))]
        chats = [crowd.chat, *(new_id() for _ in range((size - 1) // 10))]
        run: Any = tx  # statements are cut out of a text here, which `Transaction` forbids for good reason
        for statement in FILL.strip().removesuffix(";").split(";\n"):
            await run.execute(
                statement, at=AT, people=crowd.people, groups=groups, group=crowd.group, jobs=crowd.jobs, chats=chats,
                source=SOURCE,
            )  # fmt: skip
    return crowd


@pytest.fixture(scope="module")
def crowds(server: Server, worker_id: str) -> Crowds:
    """A database of this module's own, with statistics as autovacuum would have made them."""
    name = f"comity_plans_{worker_id}"
    create_database(server, name)
    address = Address(server.url(name), server.url(name))

    async def fill() -> dict[str, Crowd]:
        await migrate(address.direct_url, now=AT)
        async with Database(address, clock=BusinessClock(), size=2) as db:
            await ensure_personal_realm(db)
            return {"large": await make_crowd(db, "Large", LARGE), "small": await make_crowd(db, "Small", SMALL)}

    tenants = asyncio.run(fill())
    with psycopg.connect(server.admin_url(name), autocommit=True) as admin:
        admin.execute(NEIGHBOURS.format(n=TENANTS).encode())
        admin.execute("analyze")
    return Crowds(address, tenants)


@pytest.fixture
async def plans(crowds: Crowds) -> AsyncIterator[Database]:
    """That database, open."""
    async with Database(crowds.address, clock=BusinessClock(), size=1) as db:
        yield db


Values = Callable[[Crowd], dict[str, object]]


def one(crowd: Crowd) -> dict[str, object]:
    return {
        "id": crowd.person, "key": crowd.upn, "after": UUID(int=0), "at_most": 100, "before": AT, "consumer": "c7",
        "user_id": crowd.person, "member_id": crowd.person, "group_id": crowd.group, "ids": [crowd.person],
        "keys": [crowd.upn], "jobs": crowd.jobs, "job_id": crowd.jobs[0], "source": SOURCE, "chat_id": crowd.chat,
        "home_tenant_id": SOURCE, "home_user_id": UUID(int=3), "chat_ids": [crowd.chat], "searcher": new_id(),
        "at": AT, "by": "admin", "owner": "", "list": "blocked", "name_key": "p1", "principal_id": crowd.person,
        "source_id": crowd.person, "plan_id": crowd.group, "sender_tenant": crowd.tenant_id,
        "sender_user": crowd.person, "client_id": crowd.person, "object_id": crowd.person,
        "policies": ["global"], "owners": ["", "global"], "domains": ["a.example", "example"],
        "addresses": ["a@a.example"], "personal": [crowd.person],
    }  # fmt: skip


def page(crowd: Crowd) -> dict[str, object]:
    """A drain's page: what a thousand are among a hundred thousand."""
    numbers = range(min(PAGE, len(crowd.people)))
    return {
        **one(crowd), "ids": crowd.people[:PAGE], "at_most": PAGE, "jobs": crowd.jobs[:1],
        "keys": [f"u{n}@{crowd.domain}" for n in numbers],
    }  # fmt: skip


def homes(crowd: Crowd) -> dict[str, object]:
    return {**one(crowd), "ids": [UUID(int=n + 1) for n in range(min(PAGE, len(crowd.people)))]}


def feed(crowd: Crowd) -> dict[str, object]:
    return {
        **one(crowd), "after": 3, "kinds": "{1,2}", "objects": f"{{{crowd.person},{crowd.person}}}",
        "relateds": "{NULL,NULL}", "changes": "{0,0}", "causes": "{NULL,NULL}", "position": 4, "floor": 1,
        "flushed": True,
    }  # fmt: skip


def word(crowd: Crowd) -> dict[str, object]:
    return {**one(crowd), "without": [], **arm_parameters(arms(read_query("given3")), Place())}


def words(crowd: Crowd) -> dict[str, object]:
    return {**one(crowd), "without": [], **arm_parameters(arms(read_query("given3 surname")), Place())}


def parts(crowd: Crowd) -> dict[str, object]:
    span = Span("given3", "given4")
    ranges = Ranges([(Part.GIVEN, span), (Part.WORK, span)], [span], [span], Span("u3", "u4"))
    return {**one(crowd), "without": [], **range_parameters(ranges, [("surname",)])}


def meant(crowd: Crowd) -> dict[str, object]:
    return {**one(crowd), "variants": ["given", "gven"], "shortest": 4, "longest": 6}


def dictionary(crowd: Crowd) -> dict[str, object]:
    return {**one(crowd), "words": ["given3", "surname3"]}


def address(crowd: Crowd) -> dict[str, object]:
    return {**one(crowd), "address": crowd.upn}


Case = tuple[Queries, str, Values, set[str]]
CASES: list[Case] = [
    (DIRECTORY, "get_user", one, {"users_pkey"}),
    (DIRECTORY, "users_by_id", one, {"users_pkey"}),
    (DIRECTORY, "users_by_id", page, {"users_pkey"}),
    (DIRECTORY, "living_by_upn", one, {"users_upn_unique"}),
    (DIRECTORY, "living_by_upn_keys", page, {"users_upn_unique"}),
    (DIRECTORY, "living_by_mail", one, {"users_by_mail"}),
    (DIRECTORY, "by_home", one, {"users_home_unique"}),
    (DIRECTORY, "list_living", one, {"users_pkey"}),
    (DIRECTORY, "expired", one, {"users_deleted"}),
    (DIRECTORY, "soft_delete", one, {"users_pkey"}),
    (DIRECTORY, "restore", one, {"users_pkey|users_deleted"}),
    (DIRECTORY, "get_group", one, {"groups_pkey"}),
    (DIRECTORY, "list_groups", one, {"groups_pkey"}),
    (DIRECTORY, "members", one, {"group_member_pkey"}),
    (DIRECTORY, "groups_of", one, {"group_member_by_member", "groups_pkey"}),
    (EVENTS, "append", feed, {"feed_counter_pkey"}),
    (EVENTS, "position", feed, {"feed_counter_pkey"}),
    (EVENTS, "read", feed, {"feed_entry_pkey"}),
    (EVENTS, "cursor", feed, {"feed_cursor_pkey"}),
    (EVENTS, "advance", feed, {"feed_cursor_pkey"}),
    (EVENTS, "floor_at", feed, {"feed_entry_pkey"}),
    (EVENTS, "trim_entries", feed, {"feed_entry_pkey"}),
    (SYNC, "in_scope", page,
     {"sync_assignment_pkey|sync_assignment_groups", "group_member_by_member|group_member_pkey"}),
    (SYNC, "candidates", page, {"sync_assignment_groups", "group_member_pkey", "sync_object_pkey"}),
    (SYNC, "people", page, {"users_pkey"}),
    (SYNC, "links", page, {"sync_object_pkey"}),
    (SYNC, "candidates_all", page, {"users_pkey"}),
    (SYNC, "members", page, {"group_member_pkey"}),
    (SYNC, "present", homes, {"users_home_unique"}),
    (SYNC, "present_by_upn", page, {"users_upn_unique"}),
    (PEOPLE, "by_name", word, {"users_by_given", "users_by_surname"}),
    (PEOPLE, "by_name", words, {"users_by_given", "users_by_surname"}),
    (PEOPLE, "by_parts", parts, {"users_by_given", "users_by_surname", "person_word_pkey", "users_by_mail",
                                 "users_upn_unique"}),
    (PEOPLE, "meant", meant, {"name_variant_pkey"}),
    (PEOPLE, "recent", one, {"seat_by_activity|seat_pkey", "chat_pkey", "chat_member_pkey", "users_home_unique"}),
    (INDEX, "by_ids", page, {"users_pkey"}),
    (INDEX, "words_of", page, {"person_word_by_user"}),
    (INDEX, "known_words", dictionary, {"name_word_pkey"}),
    (PEOPLE, "by_address", address, {"users_by_mail", "users_upn_unique"}),
    (CHAT, "get_chat", one, {"chat_pkey", "seat_pkey|seat_by_chat|seat_by_activity"}),
    (CHAT, "lock_chat", one, {"chat_pkey"}),
    (CHAT, "get_retry", one, {"message_retry"}),
    (CHAT, "messages", feed, {"message_by_change|message_pkey"}),
    (ACCESS, "version", one, {"access_state_pkey"}),
    (ACCESS, "granted_policy", one, {"access_policy_user_pkey"}),
]  # fmt: skip
"""What runs at each request, at each page of a drain, at each send, with the indexes that it has to reach;
`|` where one is as good as the other. A statement that is renamed is an error here."""


def name_of(case: Case) -> str:
    """The room, the statement, and what it is asked for."""
    queries, statement, values, _ = case
    return "-".join((queries._source.split("/")[0].removeprefix("comity."), statement, values.__name__))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", ["large", "small"])
@pytest.mark.parametrize("case", CASES, ids=name_of)
async def test_a_hot_statement_reaches_its_index(plans: Database, crowds: Crowds, case: Case, size: str, mode: str):
    """Twenty thousand rows are read one by one in a hundredth of a second, a million in half of one."""
    queries, statement, values, indexes = case
    crowd = crowds.tenants[size]
    async with plans.tenant(crowd.tenant_id) as tx:
        plan = await plan_of(tx, getattr(queries, statement), mode, **values(crowd))

    assert scans(plan) == [], plan
    missed = [each for each in indexes if not any(name in plan for name in each.split("|"))]
    assert missed == [] or size == "small", plan  # five rows are as near by any index that begins with the tenant


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", ["large", "small"])
async def test_what_a_decision_rests_on_is_looked_up(plans: Database, crowds: Crowds, size: str, mode: str):
    """Once on each side of each decision, however long the lists are (design §4.7)."""
    crowd = crowds.tenants[size]
    async with plans.tenant(crowd.tenant_id) as tx:
        who = await plan_of(tx, _WHO, mode, **one(crowd))
        says = await plan_of(tx, _SAYS, mode, **one(crowd))

    assert scans(who) == []
    assert {each for each in ("users_pkey", "access_policy_user_pkey") if each not in who} == set(), who
    assert scans(says) == []
    assert "access_domain_pkey" in says, says


def scans(plan: str) -> list[str]:
    """Tables that are read from end to end; a table of one tenant's few rows may be."""
    few = {"sync_job", "staged_users", "tenant_configuration", "access_policy", "access_policy_group"}
    found = [line.split("Seq Scan on ")[1].split()[0] for line in plan.splitlines() if "Seq Scan on " in line]
    return [table for table in found if table not in few]


READ = """
select relname, seq_scan from pg_stat_xact_user_tables
where seq_scan > 0 and schemaname = 'public' and relname = any (%(tables)s)
"""
FUNCTIONS: dict[str, tuple[str, Callable[[Crowd], dict[str, object]], list[str]]] = {
    "what is due next": (
        JOBS.claim,
        lambda _: {"kinds": ["drain"], "at": AT + timedelta(seconds=3), "machine": AT, "lease_until": AT,
                   "starving_since": None, "at_most": 100},
        ["due"],
    ),
    "an address": (
        "select kind, tenant_id, user_id from address_find(%(key)s, array['mail'])",
        lambda crowd: {"key": str(crowd.person)},
        ["address"],
    ),
    "a person's addresses": (
        "select address_replace(array[%(id)s]::uuid[], array[%(id)s]::uuid[], array['a@b.example'], array['mail'])",
        lambda crowd: {"id": crowd.person},
        ["address"],
    ),
    "a tenant": ("select name from tenant_get(%(tenant_id)s)", lambda _: {}, ["tenant"]),
    "a tenant by its domain": (
        "select name from tenant_find('nobody', %(domain)s)",
        lambda crowd: {"domain": crowd.domain},
        ["tenant", "domain"],
    ),
    "a page of tenants": ("select name from tenant_list('', %(tenant_id)s, 20)", lambda _: {}, ["tenant"]),
    "a tenant's domains": ("select domain from domains_of(%(tenant_id)s)", lambda _: {}, ["domain"]),
    "an application's home": (
        "select application_home_get(%(id)s)",
        lambda crowd: {"id": crowd.person},
        ["application_home"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("statement", "values", "tables"), FUNCTIONS.values(), ids=FUNCTIONS)
async def test_a_named_function_reads_nothing_from_end_to_end(
    plans: Database, crowds: Crowds, statement: str, values: Callable[[Crowd], dict[str, object]], tables: list[str]
):
    """Its plan can not be seen from outside, but the server counts what it read. The sixth plan may be generic."""
    crowd = crowds.tenants["large"]
    async with plans.tenant(crowd.tenant_id) as tx:
        for _ in range(6):
            await tx.rows(statement, **values(crowd))
        read = await tx.rows(READ, tables=tables)
        reached = await tx.rows("select relname from pg_stat_xact_user_tables where idx_scan > 0")

    assert read == []
    assert set(tables) <= {row[0] for row in reached}
