"""EXPLAIN guards: what runs at every send and at every look into a chat reads indexes (design §4.13)."""

from __future__ import annotations

import pytest

from comity.chat.store import Q
from comity.core.ids import new_id
from comity.db.crossings.decision import _SAYS, _WHO
from tests.chat.conftest import Chatter
from tests.support.plans import MODES, gather_statistics, plan_of
from tests.support.world import Org


@pytest.fixture
async def busy(annie: Chatter, contoso: Org, fabrikam: Org, database_url: str) -> Chatter:
    """Annie with 40 chats of 100 messages each, half of them hers, in a tenant of ten thousand other seats."""
    seats = """
        insert into seat
        select %(tenant_id)s, p, c, %(at)s, null, %(at)s, 0, false, false
        from unnest(%(people)s::uuid[]) p, unnest(%(ids)s::uuid[]) c
    """
    chats = """
        insert into chat
        select c, 'oneOnOne', null, %(tenant_id)s, %(user_id)s, %(at)s, 100, 1 from unnest(%(ids)s::uuid[]) c
    """
    members = """
        insert into chat_member select c, m.tenant, m.person, 'owner', 'none', 0, null, %(at)s, null, null, 1
        from unnest(%(ids)s::uuid[]) c,
          (values (%(tenant_id)s::uuid, %(user_id)s::uuid), (%(other_tenant)s::uuid, %(other)s::uuid))
            as m (tenant, person)
    """
    messages = """
        insert into message
        select c, n, n, 'message', %(tenant_id)s, case n %% 2 when 0 then %(user_id)s::uuid else %(other)s::uuid end,
          md5(c::text || n)::uuid, 'text', 'hello', %(at)s, null, null
        from unnest(%(ids)s::uuid[]) c, generate_series(1, 100) n
    """
    domains = """
        insert into access_domain
        select %(tenant_id)s, '', 'blocked', 'd' || n || '.example' from generate_series(1, 4000) n
    """
    other = (await fabrikam.add_person("bob")).id
    async with annie.transaction() as tx:
        given = {"user_id": annie.person.user_id, "other": other, "other_tenant": fabrikam.id, "at": tx.now}
        await tx.execute(seats, ids=[new_id() for _ in range(100)], people=[new_id() for _ in range(100)], **given)
        ids = [new_id() for _ in range(40)]
        for statement in (seats, chats, members, messages):
            await tx.execute(statement, ids=ids, people=[annie.person.user_id], **given)
        await tx.execute(domains)
    await contoso.add_many(2000)
    gather_statistics(database_url, "seat", "chat", "chat_member", "message", "users", "access_domain")
    return annie


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("statement", "indexes"),
    [
        ("get_chat", {"chat_pkey", "seat_by_chat"}),
        ("lock_chat", {"chat_pkey"}),
        ("get_retry", {"message_retry"}),
        ("count_sent", {"message_retry"}),
        ("messages", {"message_by_change"}),
        ("members", {"chat_member_pkey"}),
        ("my_chats", {"message_pkey"}),
    ],
)
async def test_each_statement_reads_its_index(busy, mode, statement, indexes):
    """And the proof through the seat is a look into an index as well, not a list of the whole tenant's seats."""
    async with busy.transaction() as tx:
        ((chat_id,),) = await tx.rows("select chat_id from chat_member limit 1")
    given = {
        "chat_id": None if statement == "my_chats" else chat_id, "chat_ids": [chat_id], "user_id": busy.person.user_id,
        "sender_tenant": busy.person.tenant_id, "sender_user": busy.person.user_id, "client_id": new_id(), "after": 90,
        "at_most": 50,
    }  # fmt: skip

    async with busy.transaction() as tx:
        plan = await plan_of(tx, getattr(Q, statement), mode, **given)

    assert {each for each in indexes if each in plan} == indexes, plan
    assert "Seq Scan on message" not in plan, plan
    assert "Seq Scan on seat" not in plan, plan
    assert "hashed SubPlan" not in plan, plan


@pytest.mark.parametrize("mode", MODES)
async def test_the_inputs_of_a_decision_are_looked_up(busy, mode):
    """By key on every side, with four thousand domains and thousands of people in the tenant."""
    given = {
        "ids": [busy.person.user_id], "policies": ["global"], "owners": ["", "global"], "domains": ["a.example"],
        "addresses": ["a@a.example"], "personal": [],
    }  # fmt: skip
    async with busy.transaction() as tx:
        who = await plan_of(tx, _WHO, mode, **given)
        says = await plan_of(tx, _SAYS, mode, **given)

    assert "Seq Scan on users" not in who, who
    assert "users_pkey" in who, who
    assert "Seq Scan on access_domain" not in says, says
