"""Bring a tenant's index of words up to date with its feed; make it anew when rules change.

The index finds candidates and the live row decides, so it may lag without showing anybody who is gone. While it
is made anew it stays in use: each person's words are replaced by what they should be, in one transaction a page.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from comity.core.ids import NOWHERE, TenantId
from comity.db.database import Database
from comity.db.transaction import Transaction
from comity.events import feed
from comity.events.model import ChangeKind, FeedExpired
from comity.people.index import store
from comity.people.index.decide import RULES, concerns_index, difference
from comity.people.index.model import PersonRow, State

CONSUMER: Final = "people"
PAGE: Final = 2000
"""People of one transaction."""
WORDS_PAGE: Final = 2000
FORGET_AFTER: Final = timedelta(hours=1)
"""So long after somebody left or was renamed the dictionary is looked through."""


async def catch_up(db: Database, tenant_id: TenantId) -> datetime | None:
    """Read the feed to its end; returns when the dictionary is to be looked through, if it is."""
    while True:
        state, more = await db.run(tenant_id, _advance)
        if not more:
            break
    if state.stale_since is None:
        return None
    due = state.stale_since + FORGET_AFTER
    if due > db.clock.now():
        return due
    await forget_unborne(db, tenant_id, stale_since=state.stale_since)
    return None


async def forget_unborne(db: Database, tenant_id: TenantId, *, stale_since: datetime) -> int:
    """Take words out of the dictionary that nobody visible bears; how many those were."""
    after: str | None = ""
    forgotten = 0
    while after is not None:

        async def work(tx: Transaction, after: str = after) -> tuple[str | None, int]:
            return await _forget_page(tx, after, stale_since)

        after, gone = await db.run(tenant_id, work)
        forgotten += gone
    return forgotten


async def _forget_page(tx: Transaction, after: str, stale_since: datetime) -> tuple[str | None, int]:
    state = await store.open_index(tx)
    page = await store.list_words(tx, after, at_most=WORDS_PAGE)
    unborne = [word for word, borne in page if not borne]
    await store.forget_words(tx, unborne)
    if len(page) == WORDS_PAGE:
        return page[-1][0], len(unborne)
    if state.stale_since == stale_since:  # nobody left meanwhile
        await store.save_state(tx, replace(state, stale_since=None))
    return None, len(unborne)


async def _advance(tx: Transaction) -> tuple[State, bool]:
    """One page, of the feed or of a walk over everybody; says whether there is more."""
    state = await store.open_index(tx)
    if state.rules != RULES:
        return await _walk(tx, state)
    try:
        entries = await feed.read(tx, after=await feed.load_cursor(tx, CONSUMER), at_most=PAGE)
    except FeedExpired:
        return await _walk(tx, replace(state, rules=0, walked_to=None))
    if not entries:
        return state, False
    wanted = {each.object_id: each for each in entries if concerns_index(each)}
    known = {each.object_id for each in entries if concerns_index(each) and each.kind is not ChangeKind.USER_CREATED}
    people = await store.load_people(tx, sorted(wanted))
    state = await _index(tx, state, people, known=known)
    await feed.advance(tx, CONSUMER, entries[-1].position)
    return state, len(entries) == PAGE


async def _walk(tx: Transaction, state: State) -> tuple[State, bool]:
    """One page of everybody; what changes meanwhile stands in the feed behind where the walk began."""
    after = state.walked_to
    if after is None:
        await feed.advance(tx, CONSUMER, await feed.load_position(tx))
        after = NOWHERE
    people = await store.page_after(tx, after, at_most=PAGE)
    state = await _index(tx, state, people, known={each.id for each in people})
    if len(people) == PAGE:
        state = replace(state, walked_to=people[-1].id)
    else:
        state = replace(state, rules=RULES, walked_to=None)
    await store.save_state(tx, state)
    return state, True


async def _index(tx: Transaction, state: State, people: Collection[PersonRow], *, known: Collection[UUID]) -> State:
    """Replace these people's words; those in `known` may have had some."""
    before = await store.load_words(tx, [each.id for each in people]) if people else {}
    found = difference(people, before, known=bool(known))
    await store.remove_words(tx, found.go)
    await store.add_words(tx, found.come)
    await store.add_to_dictionary(tx, found.dictionary)
    if found.lost and state.stale_since is None:
        state = replace(state, stale_since=tx.now)
        await store.save_state(tx, state)
    return state
