"""Rows of the index of words and of its dictionary."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Final
from uuid import UUID

from comity.core.ids import UserId
from comity.db.bulk import Staging, bulk
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.values import array_text, text_array
from comity.people.index.model import Indexed, PersonRow, State
from comity.people.typos import edits_stored, variants
from comity.people.words import Named

Q: Final = Queries("comity.people.index")
_STAGED_WORDS: Final = Staging("staged_words", (("part", "smallint"), ("word", "text"), ("user_id", "uuid")))
_STAGED_VARIANTS: Final = Staging("staged_variants", (("variant", "text"), ("word", "text")))


async def open_index(tx: Transaction) -> State:
    """Become the only writer of the tenant's index until the commit."""
    state = await tx.one(State, Q.open)
    assert state is not None, "an upsert that returns"
    return state


async def save_state(tx: Transaction, state: State) -> None:
    """Keep how far the index has come."""
    await tx.execute(Q.save, rules=state.rules, walked_to=state.walked_to, stale_since=state.stale_since)


async def page_after(tx: Transaction, after: UUID, *, at_most: int) -> list[PersonRow]:
    """People in order of ids behind one."""
    return await tx.all(_person, Q.page_after, after=after, at_most=at_most)


async def load_people(tx: Transaction, ids: Collection[UUID]) -> list[PersonRow]:
    """These people, whatever became of them."""
    return await tx.all(_person, Q.by_ids, ids=array_text(ids))


async def load_words(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Indexed]:
    """The words that these people have in the index."""
    words: dict[UUID, Indexed] = defaultdict(set)
    for user_id, part, word in await tx.rows(Q.words_of, ids=array_text(ids)):
        words[user_id].add((part, word))
    return words


async def add_words(tx: Transaction, rows: Sequence[tuple[int, str, UUID]]) -> None:
    """(part, word, person) into the index."""
    if rows:
        await bulk(tx, _STAGED_WORDS, rows)
        await tx.execute(Q.add_words)


async def remove_words(tx: Transaction, rows: Sequence[tuple[int, str, UUID]]) -> None:
    """(part, word, person) out of the index."""
    if rows:
        await tx.execute(
            Q.remove_words,
            parts=array_text(part for part, _, _ in rows),
            words=text_array([word for _, word, _ in rows]),
            users=array_text(user for _, _, user in rows),
        )


async def add_to_dictionary(tx: Transaction, words: Collection[str]) -> None:
    """Words that typing mistakes are compared with; those it knows cost a look."""
    if not words:
        return
    known = {row[0] for row in await tx.rows(Q.known_words, words=text_array(sorted(words)))}
    new = sorted(set(words) - known)
    if new:
        await tx.execute(Q.add_to_dictionary, words=text_array(new))
        await bulk(tx, _STAGED_VARIANTS, _variants_of(new))
        await tx.execute(Q.add_variants)


async def list_words(tx: Transaction, after: str, *, at_most: int) -> list[tuple[str, bool]]:
    """Words of the dictionary behind one, and whether anybody visible bears each."""
    return [(row[0], row[1]) for row in await tx.rows(Q.borne_no_more, after=after, at_most=at_most)]


async def forget_words(tx: Transaction, words: Sequence[str]) -> None:
    """Words out of the dictionary."""
    if words:
        pairs = list(_variants_of(words))
        await tx.execute(Q.forget_words, words=text_array(words))
        await tx.execute(
            Q.forget_variants,
            variants=text_array([variant for variant, _ in pairs]),
            words=text_array([word for _, word in pairs]),
        )


def _variants_of(words: Iterable[str]) -> Iterable[tuple[str, str]]:
    return ((variant, word) for word in words for variant in variants(word, edits_stored(word)))


def _person(id: UUID, visible: bool, *names: str | None) -> PersonRow:
    return PersonRow(UserId(id), visible, Named(*names))  # type: ignore[arg-type]
