"""Nothing written as A is readable as B, whatever happens in between (style §12).

A machine does at random what tenants do, each with words that nobody else knows, and after each step looks
through every table as every tenant for the words of the others. What somebody has shared, or said to somebody,
is no secret from that one any more.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from psycopg import errors as pg
from psycopg import sql

from comity.access import policies
from comity.chat import service as chat
from comity.chat.model import Body, BodyType
from comity.core.clock import BusinessClock
from comity.core.errors import Forbidden
from comity.core.ids import PERSONAL_REALM, TenantId, UserId, new_id
from comity.core.permissions import Permission
from comity.db.database import Address, Database
from comity.directory import service as directory
from comity.directory.model import User
from comity.partners import service as partners
from comity.sync import service as sync
from comity.sync.drain import drain
from comity.sync.service import Principals
from tests.support.catalogue import listed_tables
from tests.support.personal import make_personal, person
from tests.support.world import Org, make_org

READABLE = sorted(name for name, entry in listed_tables().items() if entry["class"] != "installation")
SECRET = re.compile(r"secret-[0-9a-f]{12}")
TENANTS = st.integers(0, 2)
PEOPLE = st.integers(0, 30)

Reader = tuple[TenantId, UserId | None]


class Secrets(RuleBasedStateMachine):
    """Three tenants and a personal account; the model knows who may know each word."""

    url: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.db = Database(Address(self.url, self.url), clock=BusinessClock(), size=2)
        self.orgs: list[Org] = []
        self.people: list[list[User]] = []
        self.known: dict[str, set[Reader]] = {}
        self.shares: dict[UserId, set[int]] = {}

    def do(self, work: Any) -> Any:
        return self.runner.run(work)

    def secret(self, *readers: Reader) -> str:
        """A word that only these may ever read."""
        word = f"secret-{new_id().hex[-12:]}"
        self.known[word] = set(readers)
        return word

    def reader(self, org: int) -> Reader:
        return (self.orgs[org].id, None)

    def of(self, org: int, number: int) -> User:
        return self.people[org][number % len(self.people[org])]

    @initialize()
    def begin(self) -> None:
        self.do(self.db.__aenter__())
        self.orgs = [self.do(make_org(self.db, name)) for name in ("Contoso", "Fabrikam", "Tailspin")]
        self.people = [[], [], []]
        self.dana = self.do(make_personal(self.db, "dana"))
        for org in range(3):
            self.add_person(org)

    @rule(org=TENANTS)
    def add_person(self, org: int) -> None:
        word = self.secret(self.reader(org))
        self.people[org].append(self.do(self.orgs[org].add_person(word, job_title=word, city=word)))

    @rule(org=TENANTS, number=PEOPLE)
    def change_person(self, org: int, number: int) -> None:
        """Whom she is shared with learns the new word at the next drain."""
        user = self.of(org, number)
        allowed = [self.reader(each) for each in self.shares.get(user.id, set())]
        self.do(self.orgs[org].change(user, department=self.secret(self.reader(org), *allowed)))

    @rule(org=TENANTS, number=PEOPLE)
    def delete_and_restore(self, org: int, number: int) -> None:
        async def work() -> None:
            async with self.db.tenant(self.orgs[org].id) as tx:
                await directory.delete_users(tx, self.orgs[org].operator, [self.of(org, number).id])
                await directory.restore_user(tx, self.orgs[org].operator, self.of(org, number).id)

        self.do(work())

    @rule(org=TENANTS, number=PEOPLE)
    def make_a_group(self, org: int, number: int) -> None:
        async def work() -> None:
            async with self.db.tenant(self.orgs[org].id) as tx:
                operator = self.orgs[org].operator
                group = await directory.create_group(tx, operator, name=self.secret(self.reader(org)))
                await directory.add_members(tx, operator, group.id, [self.of(org, number).id])

        self.do(work())

    @rule(org=TENANTS)
    def make_a_policy(self, org: int) -> None:
        async def work() -> None:
            async with self.db.tenant(self.orgs[org].id) as tx:
                word = self.secret(self.reader(org))
                await policies.new_policy(tx, self.orgs[org].operator, word, {"Description": word})

        self.do(work())

    @rule(org=TENANTS, other=TENANTS, number=PEOPLE)
    def share(self, org: int, other: int, number: int) -> None:
        """From now on the other tenant may know what is known of her, and whatever becomes of her."""
        if org == other:
            return
        user = self.of(org, number)

        async def work() -> None:
            async with self.db.tenant(self.orgs[other].id) as tx:
                await partners.accept_users(tx, self.orgs[other].operator, self.orgs[org].id)
            async with self.db.tenant(self.orgs[org].id) as tx:
                principals = Principals(users=[user.id])
                await sync.share_with(tx, self.orgs[org].operator, principals, self.orgs[other].id)

        self.do(work())
        self.shares.setdefault(user.id, set()).add(other)
        current = self.do(self.orgs[org].user(user.id))
        for word in SECRET.findall(str(current)):
            self.known[word].add(self.reader(other))

    @rule(org=TENANTS)
    def drain(self, org: int) -> None:
        self.do(drain(self.db, self.orgs[org].id))

    @rule(org=TENANTS, other=TENANTS, number=PEOPLE, another=PEOPLE)
    def say(self, org: int, other: int, number: int, another: int) -> None:
        """What is said is known on both sides."""
        if org == other:
            return
        whom = self.of(other, another)
        word = self.secret(self.reader(org), self.reader(other))
        self.do(self._say(org, self.of(org, number), person(whom), word))

    @rule(org=TENANTS, number=PEOPLE)
    def say_to_dana(self, org: int, number: int) -> None:
        word = self.secret(self.reader(org), (PERSONAL_REALM, self.dana.user.id))
        self.do(self._say(org, self.of(org, number), self.dana.person, word))

    async def _say(self, org: int, sender: User, to: Any, word: str) -> None:
        """Whoever has not answered yet can be written to three times; what is refused is stored nowhere."""
        caller = self.orgs[org].as_user(sender, permissions=frozenset({Permission.CHAT}))
        try:
            await chat.start_chat(self.db, caller, to=to, body=Body(BodyType.TEXT, word), client_id=new_id())
        except Forbidden:
            self.known[word] = set()

    @rule(org=TENANTS, other=TENANTS, number=PEOPLE)
    def reach_over(self, org: int, other: int, number: int) -> None:
        """By id, as somebody who knows it and names the wrong tenant on purpose."""
        if org == other:
            return

        async def overwrite() -> int:
            async with self.db.tenant(self.orgs[org].id) as tx:
                return await tx.execute(
                    "update users set city = 'mine' where tenant_id = %(other)s and id = %(id)s",
                    other=self.orgs[other].id, id=self.of(other, number).id,
                )  # fmt: skip

        async def leave_something() -> None:
            async with self.db.tenant(self.orgs[org].id) as tx:
                await tx.execute("insert into feed_cursor values (%(other)s, 'mine', 0, 1)", other=self.orgs[other].id)

        assert self.do(overwrite()) == 0
        with pytest.raises(pg.InsufficientPrivilege):
            self.do(leave_something())

    @precondition(lambda self: self.orgs)
    @invariant()
    def everybody_reads_what_is_his_and_nothing_else(self) -> None:
        """The first half shows that the second does not look past the rows."""
        for reader in [*(self.reader(each) for each in range(3)), (PERSONAL_REALM, self.dana.user.id)]:
            read = self.do(self._read_everything(reader))
            assert {word for word, readers in self.known.items() if readers == {reader}} <= read
            assert {word for word in read if reader not in self.known[word]} == set()

    async def _read_everything(self, reader: Reader) -> set[str]:
        found: set[str] = set()
        async with self.db.tenant(reader[0], person=reader[1]) as tx:
            for table in READABLE:
                query: Any = sql.SQL("select t::text from {} t").format(sql.Identifier(table)).as_string(None)
                found |= {word for (text,) in await tx.rows(query) for word in SECRET.findall(text)}
        return found & self.known.keys()

    def teardown(self) -> None:
        if self.orgs:
            self.do(self.db.__aexit__(None, None, None))
        self.runner.close()


def test_nothing_written_as_a_is_readable_as_b(database_url: str):
    """Hypothesis prints the steps to a leak, if it finds one, and how to take them again."""

    class OnThisDatabase(Secrets):
        url = database_url

    run_state_machine_as_test(
        OnThisDatabase,
        settings=settings(
            max_examples=20, stateful_step_count=20, deadline=None, database=None, print_blob=True,
            phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )  # fmt: skip
