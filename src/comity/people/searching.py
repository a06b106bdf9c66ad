"""One page of a name search: who comes next, best first, each once (people-search §7).

Names are read in ranges of the keys' indexes, each in its order (`arms`), as far as the page is not full; that
can go on for as many pages as there are people. When they are read to the end, whoever is found otherwise
follows, ranked here: by the words of the index, by other spellings, misspelt, by title or address; at most a
hundred of each kind. With whom the searcher chatted lately comes first within a rank.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import inf
from uuid import UUID

from comity.core.ids import UserId
from comity.db.transaction import Transaction
from comity.people import store
from comity.people.decide import corrections, rank
from comity.people.model import Hit, Place, Rank
from comity.people.query import Arm, Query, Span, Typed, arms, beginning_with, exactly, first_word
from comity.people.store import Ranges, Streamed
from comity.people.typos import edits_forgiven, variants
from comity.people.words import NAME_PARTS, Part

Order = tuple[int, bool, str, UUID]
"""Rank, is she from elsewhere, name, id: the order of those who are ranked here."""


@dataclass(slots=True)
class _Page:
    """A page as it fills."""

    query: Query
    searcher: UserId
    at_most: int
    place: Place
    arms: list[Arm]
    ranks: dict[UUID, Rank] = field(default_factory=dict)

    def order(self, hit: Hit) -> Order:
        return self.ranks[hit.id], hit.is_external, hit.name_key, hit.id

    def keep(self, hits: Iterable[Hit]) -> list[Hit]:
        """Those who match, each once; the others' index entries are behind the times."""
        found: dict[UUID, Hit] = {}
        for hit in hits:
            how = rank(hit, self.query)
            if how is not None:
                self.ranks[hit.id] = how
                found[hit.id] = hit
        return list(found.values())


async def find_page(
    tx: Transaction, query: Query, *, searcher: UserId, at_most: int, place: Place | None
) -> tuple[list[Hit], Place | None]:
    """The next people, best first, and where the page after them begins."""
    page = _Page(query, searcher, at_most, place or Place(), arms(query) if query.typed else [])
    held = page.keep(
        await store.find_recent(tx, searcher) if place is None else await store.load_visible(tx, page.place.held)
    )
    if place is None:
        ids = tuple(each.id for each in held)
        page.place = Place(recent=ids, held=ids)
    streamed = await _stream(tx, page, at_most + 1)
    listed = [] if len(streamed) > at_most else await _list(tx, page)
    return _cut(page, held, streamed, listed)


async def _stream(tx: Transaction, page: _Page, wanted: int) -> list[Streamed]:
    """The next of the names in their order; whom an earlier range takes was shown there."""
    found: list[Streamed] = []
    place = page.place
    while page.arms and place.arm < len(page.arms) and len(found) < wanted:
        ask = wanted - len(found)
        rows = await store.read_names(tx, page.arms, place, searcher=page.searcher, at_most=ask)
        found += [row for row in rows if _first_arm(page.arms, row.hit) == row.arm]
        if len(rows) < ask:
            break
        place = _behind(place, rows[-1])
    for each in found:
        is_whole = page.query.name == each.hit.name_key
        page.ranks[each.hit.id] = Rank.NAME if is_whole else page.arms[each.arm].rank
    return found


def _first_arm(all_arms: list[Arm], hit: Hit) -> int | None:
    return next((at for at, arm in enumerate(all_arms) if arm.takes(hit.given_key, hit.surname_key)), None)


def _behind(place: Place, last: Streamed) -> Place:
    return replace(
        place,
        arm=last.arm, external=last.external, first_key=last.first_key, second_key=last.second_key, last=last.hit.id,
    )  # fmt: skip


async def _list(tx: Transaction, page: _Page) -> list[Hit]:
    """Everybody else who matches, behind the place, in order."""
    hits = [
        each
        for each in page.keep(await _find_others(tx, page))
        if _first_arm(page.arms, each) is None and each.id not in page.place.recent
    ]
    after = page.place.listed
    return sorted((each for each in hits if after is None or page.order(each) > after), key=page.order)


async def _find_others(tx: Transaction, page: _Page) -> list[Hit]:
    query = page.query
    hits: list[Hit] = []
    if query.is_address:
        hits += await store.find_by_address(tx, query, searcher=page.searcher, at_most=page.at_most)
    address = beginning_with(query.address) if query.address else Span("", "")
    if query.typed:
        driver, is_common = await _driver(tx, query)
        ranges = _word_ranges(driver, in_keys=not is_common)._replace(address=address)
    else:
        driver, ranges = None, Ranges(address=address)
    hits += await _parts(tx, page, ranges, driver)
    for typed in query.typed:
        hits += await _find_misspelt(tx, page, typed)
    return hits


async def _driver(tx: Transaction, query: Query) -> tuple[Typed, bool]:
    """The word that leads to the fewest names, so that those of the others need not be read; and is it common?

    One that leads to none may stand in a name that the index does not know yet, so it leads nowhere.
    """
    if len(query.typed) == 1:
        return query.typed[0], True
    counts = await store.count_words(tx, query.words)
    count, typed = min(zip(counts, query.typed, strict=True), key=lambda each: (each[0] or inf, -len(each[1].word)))
    return typed, count >= store.COUNTED_MAX


def _word_ranges(typed: Typed, *, in_keys: bool) -> Ranges:
    """Where one word may stand. Keys are left out that were read in their order already, or hold too many."""
    forms = [beginning_with(each) for each in typed.forms]
    keys = forms if in_keys else forms[1:]
    return Ranges([(part, form) for part in Part for form in forms], keys, keys)


async def _find_misspelt(tx: Transaction, page: _Page, typed: Typed) -> list[Hit]:
    """People of whose names one may be meant by this word, if the other words match as they are."""
    edits = edits_forgiven(typed.word)
    if not edits:
        return []
    near = await store.find_meant(tx, variants(typed.word, edits), length=len(typed.word), edits=edits)
    meant = corrections(typed.word, near)
    if not meant:
        return []
    parts = [(part, exactly(each)) for part in NAME_PARTS for each in meant]
    if len(page.query.typed) == 1:
        keys = [first_word(each) for each in meant]
        return await _parts(tx, page, Ranges(parts, keys, keys), typed, at_most=store.MISSPELT_MAX)
    corrected = [arm for each in meant for arm in arms(_corrected(page.query, typed, each))]
    place = Place(recent=page.place.recent)
    named = await store.read_names(tx, corrected, place, searcher=page.searcher, at_most=store.MISSPELT_MAX)
    return [*(each.hit for each in named), *await _parts(tx, page, Ranges(parts), typed, at_most=store.MISSPELT_MAX)]


def _corrected(query: Query, typed: Typed, meant: str) -> Query:
    """The query with one word put right."""
    return replace(query, typed=tuple(Typed(meant) if each is typed else each for each in query.typed))


async def _parts(
    tx: Transaction, page: _Page, ranges: Ranges, driver: Typed | None, *, at_most: int = store.LISTED_MAX
) -> list[Hit]:
    others = [each.forms for each in page.query.typed if each is not driver]
    without = page.place.recent
    return await store.find_parts(tx, ranges, others, searcher=page.searcher, without=without, at_most=at_most)


def _cut(page: _Page, held: list[Hit], streamed: list[Streamed], listed: list[Hit]) -> tuple[list[Hit], Place | None]:
    """The first of all of them as a page, in order, and the place behind it."""
    place = page.place
    shown: list[Hit] = []
    waiting = sorted(held, key=page.order)
    following: list[Streamed | Hit] = [*streamed, *listed]
    for each in following:
        hit = each.hit if isinstance(each, Streamed) else each
        while waiting and len(shown) < page.at_most and page.ranks[waiting[0].id] <= page.ranks[hit.id]:
            shown.append(waiting.pop(0))
        if len(shown) == page.at_most:
            break
        shown.append(hit)
        place = _behind(place, each) if isinstance(each, Streamed) else _listed_to(page, place, each)
    else:
        room = page.at_most - len(shown)
        shown += waiting[:room]
        if len(waiting) <= room:
            return _sorted(page, shown), None
        waiting = waiting[room:]
    return _sorted(page, shown), replace(place, held=tuple(each.id for each in waiting))


def _listed_to(page: _Page, place: Place, last: Hit) -> Place:
    return replace(place, arm=len(page.arms), external=False, first_key=None, listed=page.order(last))


def _sorted(page: _Page, shown: list[Hit]) -> list[Hit]:
    recent = frozenset(page.place.recent)
    return sorted(shown, key=lambda each: (page.ranks[each.id], each.id not in recent, *page.order(each)[1:]))
