"""EXPLAIN guards: the search reads indexes, under row-level security, whatever plan it gets (design §4.13)."""

from __future__ import annotations

import pytest

from comity.core.ids import UserId, new_id
from comity.directory.model import User
from comity.directory.store import insert_users
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.people import service
from comity.people.model import Place
from comity.people.query import Span, arms, read_query
from comity.people.store import Q, Ranges, arm_parameters, range_parameters
from comity.people.words import Part
from tests.people.conftest import index, searcher
from tests.support.plans import MODES, gather_statistics, plan_of
from tests.support.world import Org

GIVEN = ["Anna", "Bert", "Carla", "Dora", "Emil", "Frieda", "Georg", "Hanna", "Ida", "Jan"]


def letters(number: int) -> str:
    """The number as a word: what holds digits is no name, and in no dictionary."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


async def fill(org: Org, count: int) -> None:
    """A tenant of some size, with statistics as autovacuum would have made them."""
    users = [
        User(
            tenant_id=org.id, id=UserId(new_id()), display_name=f"{GIVEN[n % 10]} Surname{letters(n)}",
            given_name=GIVEN[n % 10], surname=f"Surname{letters(n)} Zweit{letters(n)}",
            user_principal_name=f"u{n}@{org.domain}", mail=f"u{n}@{org.domain}",
            created_at=org.db.clock.now(),
        )
        for n in range(count)
    ]  # fmt: skip
    async with org.db.tenant(org.id) as tx:
        await insert_users(tx, users)
        append(tx, [Change(ChangeKind.USER_CREATED, each.id) for each in users])


ARMS = {"users_by_given", "users_by_surname"}
PARTS = {"person_word_pkey", "person_word_by_user", "users_by_mail", "users_upn_unique", "users_pkey", *ARMS}


def names_of(text: str) -> dict[str, object]:
    return arm_parameters(arms(read_query(text)), Place())


STATEMENTS: dict[str, tuple[str, dict[str, object], set[str]]] = {
    "one word": ("by_name", names_of("ann"), ARMS),
    "two words": ("by_name", names_of("ann surnamec"), ARMS),
    "one letter": ("by_name", names_of("a"), ARMS),
    "behind a page": ("by_name", arm_parameters(arms(read_query("ann")), Place(arm=2, first_key="anna")), ARMS),
    "parts": ("by_parts", range_parameters(Ranges([(Part.GIVEN, Span("a", "b"))], [Span("a", "b")], [Span("a", "b")],
                                                  Span("u7", "u8")), [("x", "y")]), PARTS),
    "counting": ("count_words", {"lows": ["a"], "highs": ["b"], "parts": [1, 2, 3, 4, 5]}, {*ARMS, "person_word_pkey"}),
    "a whole address": ("by_address", {"address": "u7@nobody.example"}, {"users_by_mail", "users_upn_unique"}),
    "held contacts": ("by_ids", {"ids": [new_id()]}, {"users_pkey"}),
    "the dictionary": ("meant", {"variants": ["abc"], "shortest": 4, "longest": 6}, {"name_variant_pkey"}),
}  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("statement", "values", "indexes"), STATEMENTS.values(), ids=STATEMENTS)
async def test_search_reads_indexes_only(contoso, database_url, mode, statement, values, indexes):
    """A sequential scan of a million people takes half a second; each arm is a range of its index."""
    await fill(contoso, 3000)
    await index(contoso)
    gather_statistics(database_url, "users", "person_word", "name_variant", "seat")

    async with contoso.db.tenant(contoso.id) as tx:
        always = {"searcher": new_id(), "without": [], "at_most": 26}
        plan = await plan_of(tx, getattr(Q, statement), mode, **{**always, **values})

    assert "Seq Scan" not in plan, plan
    assert {each for each in indexes if each not in plan} == set(), plan
    if statement == "by_name":
        assert "Sort" not in plan, plan  # each range is read in the order of its index, as far as it is needed


async def test_a_search_is_few_statements(contoso):
    """However many are found: recent contacts, the search, and what the decision toward all of them needs."""
    await fill(contoso, 60)
    annie = await contoso.add_person("annie")
    async with contoso.db.tenant(contoso.id) as tx:
        before = tx.statements
        found = await service.find(tx, searcher(contoso, annie), "surname")
        assert len(found.people) == 25
        assert tx.statements - before <= 4
