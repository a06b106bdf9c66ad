"""The index of words follows the feed, is made anew while it is in use, and never shows who is gone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from comity.core.caller import UserType
from comity.core.clock import MachineClock
from comity.db.transaction import Transaction
from comity.directory.service import delete_users, purge_users, restore_user
from comity.events import feed
from comity.events.model import Change, ChangeKind
from comity.jobs.due import DueRows
from comity.people.handlers import INDEX, observe, offered
from comity.people.index import service
from comity.people.index.decide import RULES
from comity.people.index.model import State
from comity.people.index.store import open_index, save_state
from tests.people.conftest import found, index, names
from tests.support.world import Org


@pytest.fixture
async def annie(contoso):
    return await contoso.add_person("annie")


async def koehntopp(org: Org, **more: Any):
    return await org.add_person(
        "mk", **{"display_name": "Marianne Köhntopp", "given_name": "Marianne", "surname": "Köhntopp", **more}
    )


async def indexed(org: Org) -> set[tuple[int, str]]:
    async with org.db.tenant(org.id) as tx:
        run: Any = tx
        rows = await run.rows("select part, word from person_word where tenant_id = %(tenant_id)s")
    return {(part, word) for part, word in rows}


async def dictionary(org: Org) -> tuple[set[str], set[str]]:
    """Its words, and the words that variants lead to."""
    async with org.db.tenant(org.id) as tx:
        run: Any = tx
        words = await run.rows("select word from name_word where tenant_id = %(tenant_id)s")
        variants = await run.rows("select distinct word from name_variant where tenant_id = %(tenant_id)s")
    return {row[0] for row in words}, {row[0] for row in variants}


async def test_what_the_keys_hold_is_found_before_the_index_catches_up(contoso, annie):
    """Names are searched in the rows themselves (budget P3); only other spellings wait for the index."""
    await koehntopp(contoso)
    assert await names(contoso, annie, "köhntopp") == ["Marianne Köhntopp"]
    assert await names(contoso, annie, "koehntopp") == ["Marianne Köhntopp"]  # what is typed is bent too
    assert await names(contoso, annie, "koe") == []

    await index(contoso)

    assert await names(contoso, annie, "koe") == ["Marianne Köhntopp"]


@pytest.mark.parametrize("typed", ["koe", "koehntop", "marianne", "mk@"])
@pytest.mark.parametrize(
    "change", [{"show_in_address_list": False}, {"account_enabled": False}, {"user_type": UserType.GUEST}], ids=str
)
async def test_who_is_hidden_disabled_or_made_a_guest_is_gone_at_the_commit(contoso, annie, typed, change):
    """And back at once: the index finds candidates, the live row decides."""
    person = await koehntopp(contoso)
    await index(contoso)
    assert await names(contoso, annie, typed) == ["Marianne Köhntopp"]
    before = {name: getattr(person, name) for name in change}

    await contoso.change(person, **change)
    assert await names(contoso, annie, typed) == []
    await contoso.change(person, **before)

    assert await names(contoso, annie, typed) == ["Marianne Köhntopp"]


async def test_who_is_deleted_is_gone_at_the_commit_and_back_after_restore(contoso, annie):
    person = await koehntopp(contoso)
    await index(contoso)

    async with contoso.db.tenant(contoso.id) as tx:
        await delete_users(tx, contoso.operator, [person.id])
    assert [await names(contoso, annie, each) for each in ("koe", "marianne")] == [[], []]
    await index(contoso)
    assert await indexed(contoso) == set()
    async with contoso.db.tenant(contoso.id) as tx:
        await restore_user(tx, contoso.operator, person.id)
    assert await names(contoso, annie, "marianne") == ["Marianne Köhntopp"]
    await index(contoso)

    assert await names(contoso, annie, "koe") == ["Marianne Köhntopp"]


async def test_who_is_renamed_is_not_found_by_the_old_name(contoso, annie):
    """Not even while the index still knows it."""
    person = await koehntopp(contoso, surname="Lang-Köhntopp", display_name="Marianne Lang-Köhntopp")
    await index(contoso)
    await contoso.change(person, surname="Weiß", display_name="Marianne Weiß")

    assert [await names(contoso, annie, each) for each in ("koehn", "kohntop", "köhntopp")] == [[], [], []]
    await index(contoso)

    assert await indexed(contoso) == set()
    assert await names(contoso, annie, "weiss") == ["Marianne Weiß"]


@pytest.mark.usefixtures("annie")
async def test_the_dictionary_forgets_words_that_nobody_bears(contoso, clock):
    """An hour after somebody left; others of the same name keep it."""
    person = await koehntopp(contoso)
    await contoso.add_person("other", display_name="Otto Marianne", given_name="Otto", surname="Marianne")
    await index(contoso)
    async with contoso.db.tenant(contoso.id) as tx:
        await delete_users(tx, contoso.operator, [person.id])
        await purge_users(tx, contoso.operator, [person.id])
    due = await service.catch_up(contoso.db, contoso.id)
    assert due is not None
    assert "kohntopp" in (await dictionary(contoso))[0]

    clock.offset = timedelta(hours=2)
    assert await service.catch_up(contoso.db, contoso.id) is None

    words, led_to = await dictionary(contoso)
    assert words == led_to == {"marianne", "annie", "otto"}


async def test_other_rules_make_the_index_anew_while_it_is_in_use(contoso, annie):
    """Nothing is emptied first; words of the old rules go as their people are walked past."""
    await koehntopp(contoso)
    await index(contoso)
    before = await indexed(contoso)
    async with contoso.db.tenant(contoso.id) as tx:
        await open_index(tx)
        await save_state(tx, State(RULES + 1, None, None))
        run: Any = tx
        await run.execute(
            "insert into person_word select tenant_id, 2, 'oldrule', id from users where tenant_id = %(tenant_id)s"
        )
        assert await names(contoso, annie, "koe") == ["Marianne Köhntopp"]

    await index(contoso)

    assert await indexed(contoso) == before


async def test_a_reader_that_was_cut_off_walks_over_everybody(contoso, annie, clock):
    """The feed keeps thirty days; who slept longer starts over (design §4.5)."""
    await index(contoso)
    await koehntopp(contoso)
    clock.offset = timedelta(days=40)
    async with contoso.db.tenant(contoso.id) as tx:
        await feed.trim(tx, before=tx.now - timedelta(days=30))

    await index(contoso)

    assert await names(contoso, annie, "koe") == ["Marianne Köhntopp"]
    async with contoso.db.tenant(contoso.id) as tx:
        assert await feed.load_cursor(tx, service.CONSUMER) == await feed.load_position(tx)


async def test_catching_up_twice_changes_nothing(contoso):
    await koehntopp(contoso)
    await index(contoso)
    before = (await indexed(contoso), await dictionary(contoso))
    async with contoso.db.tenant(contoso.id) as tx:
        run: Any = tx
        await run.execute("update feed_cursor set position = 0 where tenant_id = %(tenant_id)s")

    await index(contoso)

    assert (await indexed(contoso), await dictionary(contoso)) == before


async def test_many_people_are_indexed_page_by_page(contoso, annie):
    await contoso.add_many(service.PAGE + 5)

    await index(contoso)

    assert await names(contoso, annie, "persno") == [f"Person {nr:06}" for nr in range(25)]


async def test_a_change_makes_the_index_due_in_its_own_transaction(contoso):
    """Of attributes that no word is made of, and of other things, it knows nothing."""
    due = DueRows(contoso.db, machine=MachineClock())
    person = await koehntopp(contoso)

    async def put(tx: Transaction, kind: ChangeKind, changed: int = 0) -> None:
        await observe(tx, [Change(kind, person.id, changed=changed)])

    async with contoso.db.tenant(contoso.id) as tx:
        await put(tx, ChangeKind.USER_UPDATED, 1 << 9)
        await put(tx, ChangeKind.ACCESS_CHANGED)
    assert contoso.id not in {each.order.tenant_id for each in await due.waiting(INDEX)}
    async with contoso.db.tenant(contoso.id) as tx:
        await put(tx, ChangeKind.USER_UPDATED, 1)

    assert contoso.id in {each.order.tenant_id for each in await due.waiting(INDEX)}
    assert offered(contoso.db).kind == INDEX


async def test_hits_say_who_they_stand_for(contoso, annie):
    """The card: organisation, title and office."""
    await koehntopp(contoso, job_title="Leiterin", office_location="B 1.01")
    await index(contoso)

    (row,) = await found(contoso, annie, "koe")

    assert (row.job_title, row.office_location) == ("Leiterin", "B 1.01")
