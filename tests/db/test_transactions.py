"""A transaction and its boundary: what commits, what is forgotten, what is tried again (design §4.12)."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Awaitable, Callable

import psycopg
import pytest
from psycopg import errors as pg

from comity.core.errors import NotFound
from comity.core.ids import PERSONAL_REALM, TenantId, UserId, new_id
from comity.db.bulk import Staging, bulk
from comity.db.database import Address, Database
from comity.db.errors import (
    Collided,
    DatabaseUnavailable,
    Duplicate,
    PoolExhausted,
    RetriesExhausted,
    StatementTooSlow,
    ValueRefused,
)
from comity.db.transaction import LastWords, Transaction
from tests.support.personal import make_personal
from tests.support.postgres import Server
from tests.support.world import Org
from tools.sources import python_files

ADD = "insert into feed_cursor (tenant_id, consumer, position, version) values (%(tenant_id)s, %(consumer)s, 0, 1)"
NAMES = "select consumer from feed_cursor where tenant_id = %(tenant_id)s order by consumer"
SETTINGS = """
select current_setting('comity.tenant', true), current_setting('comity.person', true), current_user,
       current_setting('statement_timeout')
"""


async def names(org: Org) -> list[str]:
    async with org.db.tenant(org.id) as tx:
        return [row[0] for row in await tx.rows(NAMES)]


async def bound_tenant(tx: Transaction) -> TenantId:
    """Whom the server takes the transaction for."""
    row = await tx.row("select comity_tenant()")
    assert row is not None
    return TenantId(row[0])


# ── Commit and rollback ──────────────────────────────────────────────────────────────────────────


async def test_the_boundary_commits(contoso: Org):
    """Whatever was written stands after the block, without a word from the use case."""
    async with contoso.db.tenant(contoso.id) as tx:
        await tx.execute(ADD, consumer="search")

    assert await names(contoso) == ["search"]


async def test_an_exception_rolls_everything_back(contoso: Org):
    """Also one that has nothing to do with the database; what should follow a commit does not."""
    told: list[str] = []

    async def fail(tx: Transaction) -> None:
        await tx.execute(ADD, consumer="search")
        tx.after_commit.append(lambda: told.append("committed"))
        raise NotFound

    with pytest.raises(NotFound):
        await contoso.db.run(contoso.id, fail)

    assert await names(contoso) == []
    assert told == []


async def test_a_savepoint_fails_alone_and_is_forgotten(contoso: Org):
    """Rows, last words, cause and acts after the commit of the failed part are gone; the rest stands."""
    said: list[str] = []

    async def say(_: Transaction) -> None:
        said.append("said")

    async def fail(tx: Transaction) -> None:
        async with tx.savepoint():
            await tx.execute(ADD, consumer="lost")
            tx.finish_with(LastWords.FEED, say)
            tx.after_commit.append(lambda: said.append("committed"))
            tx.memory["notes"].append("lost")
            raise NotFound

    async with contoso.db.tenant(contoso.id) as tx:
        tx.memory["notes"] = ["kept"]
        with pytest.raises(NotFound):
            await fail(tx)
        await tx.execute(ADD, consumer="kept")
        assert tx.memory["notes"] == ["kept"]

    assert await names(contoso) == ["kept"]
    assert said == []


async def test_acts_after_the_commit_run_when_it_stands(contoso: Org):
    seen: list[str] = []
    async with contoso.db.tenant(contoso.id) as tx:
        tx.after_commit.append(lambda: seen.append("committed"))
        assert seen == []

    assert seen == ["committed"]


# ── Last words ───────────────────────────────────────────────────────────────────────────────────


async def test_access_is_raised_before_positions_are_taken_tenants_in_id_order(contoso: Org, fabrikam: Org):
    """The order of locks (design §4.12): without it two transactions wait for each other."""
    first, second = sorted((contoso.id, fabrikam.id))
    said: list[tuple[LastWords, TenantId]] = []

    def note(rank: LastWords) -> Callable[[Transaction], Awaitable[None]]:
        async def hook(tx: Transaction) -> None:
            said.append((rank, tx.tenant_id))
            assert await bound_tenant(tx) == tx.tenant_id

        return hook

    async with contoso.db.tenant(second) as tx:
        tx.finish_with(LastWords.FEED, note(LastWords.FEED))
        async with tx.become(first):
            tx.finish_with(LastWords.FEED, note(LastWords.FEED))
            tx.finish_with(LastWords.ACCESS, note(LastWords.ACCESS))
        tx.finish_with(LastWords.ACCESS, note(LastWords.ACCESS))

    assert said == [
        (LastWords.ACCESS, first),
        (LastWords.ACCESS, second),
        (LastWords.FEED, first),
        (LastWords.FEED, second),
    ]


async def test_last_words_are_said_once(contoso: Org):
    """However many changes asked for them."""
    said: list[int] = []

    async def hook(_: Transaction) -> None:
        said.append(1)

    async with contoso.db.tenant(contoso.id) as tx:
        tx.finish_with(LastWords.FEED, hook)
        tx.finish_with(LastWords.FEED, hook)

    assert said == [1]


async def test_last_words_may_ask_for_more(contoso: Org):
    """A raised version is itself a change that belongs into the feed."""
    said: list[str] = []

    async def feed(_: Transaction) -> None:
        said.append("feed")

    async def access(tx: Transaction) -> None:
        said.append("access")
        tx.finish_with(LastWords.FEED, feed)

    async with contoso.db.tenant(contoso.id) as tx:
        tx.finish_with(LastWords.ACCESS, access)

    assert said == ["access", "feed"]


async def test_in_the_personal_realm_last_words_are_each_persons_own(db: Database):
    """Two personal accounts are two worlds, although they share a tenant id (design §4.9)."""
    dana, eve = await make_personal(db, "dana"), await make_personal(db, "eve")
    said: list[UserId | None] = []

    async def hook(tx: Transaction) -> None:
        said.append(tx.person)

    async with db.tenant(PERSONAL_REALM, person=dana.user.id) as tx:
        tx.finish_with(LastWords.ACCESS, hook)
        async with tx.become(PERSONAL_REALM, eve.user.id):
            tx.finish_with(LastWords.ACCESS, hook)

    assert said == sorted([dana.user.id, eve.user.id])


# ── Being another tenant ─────────────────────────────────────────────────────────────────────────


async def test_whoever_was_somebody_else_is_himself_again(contoso: Org, fabrikam: Org):
    async with contoso.db.tenant(contoso.id) as tx:
        async with tx.become(fabrikam.id):
            assert (tx.tenant_id, await bound_tenant(tx)) == (fabrikam.id, fabrikam.id)
            async with tx.become(contoso.id):
                assert await bound_tenant(tx) == contoso.id
            assert await bound_tenant(tx) == fabrikam.id

        assert (tx.tenant_id, await bound_tenant(tx)) == (contoso.id, contoso.id)


async def test_an_exception_that_is_caught_leaves_nobody_in_the_other_tenant(contoso: Org, fabrikam: Org):
    """The transaction is whole and goes on: it must not go on as somebody else."""
    async with contoso.db.tenant(contoso.id) as tx:
        with pytest.raises(NotFound):
            async with tx.become(fabrikam.id):
                raise NotFound

        assert (tx.tenant_id, await bound_tenant(tx)) == (contoso.id, contoso.id)


async def test_a_failed_statement_leaves_nobody_in_the_other_tenant(contoso: Org, fabrikam: Org):
    """The rollback to the savepoint brings the server back by itself."""
    async with contoso.db.tenant(contoso.id) as tx:
        with pytest.raises(pg.DivisionByZero):
            async with tx.savepoint(), tx.become(fabrikam.id):
                await tx.execute("select 1 / 0")

        assert (tx.tenant_id, await bound_tenant(tx)) == (contoso.id, contoso.id)


def test_only_crossings_and_last_words_become_another_tenant():
    """The doors between tenants are named, and nobody adds one elsewhere (design D4)."""
    calls = {
        str(path)
        for path, tree in python_files("src")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "become"
    }

    assert calls
    assert {path for path in calls if not path.startswith("src/comity/db/crossings/")} == {
        "src/comity/db/transaction.py"
    }


def test_only_the_boundary_says_who_a_transaction_is():
    """Tenant and person are settings that any statement could change: the code that does is counted."""
    speakers = {
        str(path)
        for path, tree in python_files("src")
        if "comity.tenant'" in (source := ast.unparse(tree)) or "comity.person'" in source
    }

    assert speakers == {"src/comity/db/database.py", "src/comity/db/transaction.py"}


# ── The role, the limits, the session ────────────────────────────────────────────────────────────


async def test_a_transaction_works_as_the_application_role(contoso: Org):
    """Row-level security binds that role; the login role owns nothing and the owner is somebody else."""
    async with contoso.db.tenant(contoso.id) as tx:
        row = await tx.row(
            """select current_user, rolsuper, rolbypassrls, current_setting('row_security')
               from pg_roles where rolname = current_user"""
        )

    assert row == ("comity_app", False, False, "on")


async def test_a_transaction_has_limits(contoso: Org):
    async with contoso.db.tenant(contoso.id) as tx:
        row = await tx.row(
            """select current_setting('statement_timeout'), current_setting('lock_timeout'),
                      current_setting('idle_in_transaction_session_timeout'), current_setting('synchronous_commit'),
                      current_setting('transaction_isolation')"""
        )

    assert row == ("1min", "10s", "1min", "on", "read committed")


async def test_only_a_batch_may_commit_unflushed(contoso: Org):
    async with contoso.db.tenant(contoso.id, flushed=False) as tx:
        assert await tx.row("select current_setting('synchronous_commit')") == ("off",)


async def test_a_transaction_leaves_nothing_on_its_session(database_url: str, contoso: Org, fabrikam: Org):
    """So a transaction pooler, which gives the session to somebody else, does no harm (design D2)."""
    staging = Staging("staged_numbers", (("n", "bigint"),))
    async with Database(Address(database_url, database_url), clock=contoso.db.clock, size=1) as db:
        async with db.tenant(contoso.id, person=UserId(new_id()), flushed=False) as tx:
            await bulk(tx, staging, [(1,), (2,)])
            first = await tx.row("select pg_backend_pid()")
        async with db._pool.connection() as connection:
            kept = await (await connection.execute(SETTINGS)).fetchone()
        async with db.tenant(fabrikam.id) as tx:
            second = await tx.row("select pg_backend_pid()")
            left = await tx.row("select count(*) from staged_numbers")
            now = await tx.row(SETTINGS)

    assert first == second
    assert kept == ("", "", "comity", "0")
    assert left == (0,)
    assert now == (str(fabrikam.id), "", "comity_app", "1min")


# ── What the database says, in our words ─────────────────────────────────────────────────────────


@pytest.mark.parametrize("state", ["40001", "40P01", "55P03"])
async def test_collisions_are_tried_again(contoso: Org, state: str):
    """Serialization, deadlock, lock time-out: the third attempt goes through."""
    attempts: list[int] = []

    async def work(tx: Transaction) -> str:
        attempts.append(len(attempts))
        await tx.execute(ADD, consumer=f"attempt {len(attempts)}")
        if len(attempts) < 3:
            await _fail(tx, state)
        return "done"

    assert await contoso.db.run(contoso.id, work) == "done"
    assert await names(contoso) == ["attempt 3"]


async def test_collisions_are_tried_again_three_times_at_most(contoso: Org):
    attempts: list[int] = []

    async def work(tx: Transaction) -> None:
        attempts.append(1)
        await _fail(tx, "40001")

    with pytest.raises(RetriesExhausted):
        await contoso.db.run(contoso.id, work)
    assert len(attempts) == 3


async def test_two_that_wait_for_each_other_both_get_through(contoso: Org):
    """A real deadlock: the server picks one, and the boundary brings it back."""
    keys = (new_id().int & 0x7FFFFFFF, new_id().int & 0x7FFFFFFF)
    both_hold_one = asyncio.Barrier(2)
    attempts: list[int] = []

    async def work(tx: Transaction, mine: int, others: int) -> None:
        attempts.append(1)
        await tx.execute("select pg_advisory_xact_lock(%(key)s)", key=mine)
        if len(attempts) <= 2:
            await both_hold_one.wait()
        await tx.execute("select pg_advisory_xact_lock(%(key)s)", key=others)

    await asyncio.gather(
        contoso.db.run(contoso.id, lambda tx: work(tx, keys[0], keys[1])),
        contoso.db.run(contoso.id, lambda tx: work(tx, keys[1], keys[0])),
    )
    assert len(attempts) == 3


async def test_a_use_case_that_is_not_repeatable_is_told_of_the_collision(contoso: Org):
    with pytest.raises(Collided):
        async with contoso.db.tenant(contoso.id) as tx:
            await _fail(tx, "55P03")


async def test_other_failures_are_not_tried_again(contoso: Org):
    attempts: list[int] = []

    async def work(tx: Transaction) -> None:
        attempts.append(1)
        await tx.execute(ADD, consumer="same")
        await tx.execute(ADD, consumer="same")

    with pytest.raises(Duplicate) as refused:
        await contoso.db.run(contoso.id, work)
    assert refused.value.parameters == {"constraint": "feed_cursor_pkey"}
    assert attempts == [1]


async def test_a_refusal_at_the_very_end_is_told_in_the_same_words(contoso: Org):
    """The UPN rule is deferrable: set to deferred, it speaks at the commit."""
    annie = await contoso.add_person("annie")
    bob = await contoso.add_person("bob")

    async def take_her_name(tx: Transaction) -> None:
        await tx.execute("set constraints users_upn_unique deferred")
        await tx.execute(
            "update users set upn_key = %(key)s where tenant_id = %(tenant_id)s and id = %(id)s",
            key=annie.user_principal_name,
            id=bob.id,
        )

    with pytest.raises(Duplicate, match="users_upn_unique"):
        await contoso.db.run(contoso.id, take_her_name)


@pytest.mark.parametrize("value", ["a\x00b", "x" * 9000, "\ud800"], ids=["NUL", "too long for an index", "half a pair"])
async def test_a_value_that_cannot_be_stored_is_the_askers_fault(contoso: Org, value: str):
    """Not a crash: it came from outside, and the answer says so."""
    incompressible = value if len(value) < 9000 else "".join(new_id().hex[16:] for _ in range(900))
    with pytest.raises(ValueRefused):
        async with contoso.db.tenant(contoso.id) as tx:
            await tx.execute(ADD, consumer=incompressible)


async def test_a_statement_that_takes_too_long_is_stopped(contoso: Org):
    async def take_long(tx: Transaction) -> None:
        await tx.execute("set local statement_timeout = '20ms'")
        await tx.execute("select count(*) from generate_series(1, 1000000000)")

    with pytest.raises(StatementTooSlow):
        await contoso.db.run(contoso.id, take_long)


async def test_a_transaction_that_rests_too_long_is_ended_in_our_words(db: Database, contoso: Org):
    """Whoever forgets one holds locks and keeps old rows alive (design §4.12)."""

    async def forget() -> None:
        async with db.tenant(contoso.id) as tx:
            found = await tx.row("select pg_backend_pid()")
            assert found is not None
            await tx.execute("set local idle_in_transaction_session_timeout = '20ms'")
            async with db.tenant(contoso.id) as watcher:  # rests until the server has ended the other session
                while await watcher.row("select pid from pg_stat_activity where pid = %(pid)s", pid=found[0]):
                    await watcher.execute("select pg_stat_clear_snapshot()")
            await tx.row("select 1")

    with pytest.raises(StatementTooSlow):
        await forget()


async def test_waiting_for_a_connection_ends(database_url: str, contoso: Org):
    """A door answers 503 then, instead of piling up (design §7)."""
    address = Address(database_url, database_url)
    async with Database(address, clock=contoso.db.clock, size=1, wait_s=0.05) as db, db.tenant(contoso.id):
        with pytest.raises(PoolExhausted):
            async with db.tenant(contoso.id):
                raise AssertionError("there is one connection only")


async def test_a_connection_that_breaks_is_the_databases_fault(server: Server, database_url: str, contoso: Org):
    """And the next transaction finds a whole one."""
    address = Address(database_url, database_url)

    async def break_off(tx: Transaction) -> None:
        row = await tx.row("select pg_backend_pid()")
        assert row is not None
        with psycopg.connect(server.admin_url("postgres"), autocommit=True) as admin:
            admin.execute("select pg_terminate_backend(%s, 5000)", (row[0],))
        await tx.execute("select 1")

    async with Database(address, clock=contoso.db.clock, size=1) as db:
        with pytest.raises(DatabaseUnavailable):
            await db.run(contoso.id, break_off)

        async with db.tenant(contoso.id) as tx:
            assert await tx.row("select 1") == (1,)


async def test_a_database_that_is_not_there_is_said_so(database_url: str, contoso: Org):
    nowhere = psycopg.conninfo.make_conninfo(database_url, dbname="nobody_made_this")
    db = Database(Address(nowhere, nowhere), clock=contoso.db.clock)

    with pytest.raises(DatabaseUnavailable, match="nobody_made_this"):
        async with db.direct():
            raise AssertionError("it can not be there")


async def _fail(tx: Transaction, state: str) -> None:
    """The server refuses with that SQLSTATE, as it does in a collision."""
    await tx.execute("select set_config('comity_test.state', %(state)s, true)", state=state)
    await tx.execute(
        "do $$ begin raise exception 'collision' using errcode = current_setting('comity_test.state'); end $$"
    )
