"""EXPLAIN guards: what runs with every decision, grant and change of a membership reads indexes (design §4.13)."""

from __future__ import annotations

import pytest

from comity.access.assignments.store import Q
from comity.core.ids import new_id
from comity.db.crossings.decision import _WHO, _WHO_ONE
from comity.insight.store import Q as REPORTS
from tests.support.plans import MODES, gather_statistics, plan_of
from tests.support.world import Org


@pytest.fixture
async def large(contoso: Org, fabrikam: Org, database_url: str) -> Org:
    """Thousands of people in a hundred groups, 64 of which have a policy; another tenant as large beside it."""
    for org in (contoso, fabrikam):
        people = await org.add_many(2000)
        ids = [each.id for each in people]
        groups = [new_id() for _ in range(100)]
        async with org.db.tenant(org.id) as tx:
            given = {"at": tx.now, "groups": groups, "people": ids}
            for statement in (
                (
                    "insert into groups select %(tenant_id)s, g, 1, 'g', null, null, true, false, 'g', %(at)s, null"
                    " from unnest(%(groups)s::uuid[]) g"
                ),
                (
                    "insert into group_member select %(tenant_id)s, g, p, 'user', %(at)s"
                    " from unnest(%(groups)s::uuid[]) with ordinality as g (g, n),"
                    " unnest(%(people)s::uuid[]) with ordinality as p (p, m) where p.m %% 20 = g.n %% 20"
                ),
                (
                    "insert into access_policy select %(tenant_id)s, 'P', 'p', '', true, 'OrganizationDefault', true,"
                    " true, false, false, '{}', 1"
                ),
                (
                    "insert into access_policy_group select %(tenant_id)s, g, 'p', n, %(at)s, 'tester'"
                    " from unnest(%(groups)s::uuid[]) with ordinality as g (g, n) where n <= 64"
                ),
                "insert into access_policy_user select %(tenant_id)s, p, 'p', %(at)s from unnest(%(people)s::uuid[]) p",
            ):
                await tx.execute(statement, **given)
    gather_statistics(
        database_url, "users", "groups", "group_member", "access_policy", "access_policy_group", "access_policy_user"
    )
    return contoso


@pytest.mark.parametrize("mode", MODES)
async def test_who_somebody_is_is_looked_up_with_her_policy(large, mode):
    """One person among thousands: her row, her grant and her memberships by key."""
    async with large.db.tenant(large.id) as tx:
        ((user_id,),) = await tx.rows("select id from users where tenant_id = %(tenant_id)s limit 1")
        plan = await plan_of(tx, _WHO, mode, ids=[user_id]) + await plan_of(tx, _WHO_ONE, mode, id=user_id)

    for table in ("users", "group_member", "access_policy_user"):
        assert f"Seq Scan on {table}" not in plan, plan


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("statement", ["sources", "hold_groups", "any_assigned", "people_named", "granted_to"])
async def test_each_statement_reads_its_index(large, mode, statement):
    """In the transaction of whoever changes a membership, and of each page of a batch."""
    async with large.db.tenant(large.id) as tx:
        ((user_id, upn),) = await tx.rows(
            "select id, upn_key from users where tenant_id = %(tenant_id)s order by id limit 1"
        )
        ((group_id,),) = await tx.rows("select id from groups where tenant_id = %(tenant_id)s order by id limit 1")
        given = {
            "user_id": user_id, "group_ids": [group_id], "named": [upn], "keys": [upn], "ids": [None],
            "user_ids": [user_id],
        }  # fmt: skip
        plan = await plan_of(tx, getattr(Q, statement), mode, **given)

    for table in ("users", "group_member", "access_policy_user"):
        assert f"Seq Scan on {table}" not in plan, plan


@pytest.mark.parametrize("mode", MODES)
async def test_the_end_of_a_reports_page_is_read_from_the_key(large, mode):
    """Wide rows stay where they are."""
    async with large.db.tenant(large.id) as tx:
        plan = await plan_of(tx, REPORTS.page_end, mode, after=new_id(), size=1000)

    assert "users_pkey" in plan, plan
    assert "Sort" not in plan, plan
