"""EXPLAIN guards: the search reads indexes, under row-level security, whatever plan it gets (design §4.13)."""

from __future__ import annotations

import pytest

from comity.core.ids import UserId, new_id
from comity.directory.model import User
from comity.directory.store import insert_users
from comity.people import service
from comity.people.decide import read_query
from comity.people.store import Q, word_parameters, words_parameters
from tests.people.conftest import searcher
from tests.support.plans import MODES, gather_statistics, plan_of
from tests.support.world import Org

GIVEN = ["Anna", "Bert", "Carla", "Dora", "Emil", "Frieda", "Georg", "Hanna", "Ida", "Jan"]


async def fill(org: Org, count: int) -> None:
    """A tenant of some size, with statistics as autovacuum would have made them."""
    users = [
        User(
            tenant_id=org.id, id=UserId(new_id()), display_name=f"{GIVEN[n % 10]} Surname{n}", given_name=GIVEN[n % 10],
            surname=f"Surname{n}", user_principal_name=f"u{n}@{org.domain}", mail=f"u{n}@{org.domain}",
            created_at=org.db.clock.now(),
        )
        for n in range(count)
    ]  # fmt: skip
    async with org.db.tenant(org.id) as tx:
        await insert_users(tx, users)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("statement", "indexes"),
    [
        ("by_word", {"users_by_given", "users_by_surname", "users_by_mail", "users_upn_unique"}),
        ("by_words", {"users_by_given", "users_by_surname"}),
        ("by_address", {"users_by_mail", "users_upn_unique"}),
    ],
)
async def test_search_reads_indexes_only(contoso, database_url, mode, statement, indexes):
    """A sequential scan of a million people takes half a second; each arm is a range of its index."""
    await fill(contoso, 3000)
    gather_statistics(database_url, "users")
    choices: dict[str, dict[str, object]] = {
        "by_word": word_parameters(read_query("ann")),
        "by_words": words_parameters(read_query("ann surname2")),
        "by_address": {"address": f"u7@{contoso.domain}"},
    }

    async with contoso.db.tenant(contoso.id) as tx:
        plan = await plan_of(tx, getattr(Q, statement), mode, searcher=new_id(), at_most=25, **choices[statement])

    assert "Seq Scan" not in plan, plan
    assert {each for each in indexes if each in plan} == indexes, plan
    arms = [part for part in plan.split("Limit") if "users" in part]
    assert all("Index Cond: ((tenant_id" in arm for arm in arms), plan


async def test_a_search_is_few_statements(contoso):
    """However many are found: the search, and what the decision toward all of them needs."""
    await fill(contoso, 60)
    annie = await contoso.add_person("annie")
    async with contoso.db.tenant(contoso.id) as tx:
        before = tx.statements
        found = await service.find(tx, searcher(contoso, annie), "surname")
        assert len(found.people) == 25
        assert tx.statements - before <= 3
