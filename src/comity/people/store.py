"""Rows and nouns of people search."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from comity.core.caller import UserType
from comity.core.ids import UserId
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.people.decide import Query, prefix_range
from comity.people.model import Hit

Q: Final = Queries("comity.people")
LONGEST_MIN: Final = 3
"""A shorter word is no beginning to look under when the others may stand anywhere: it holds half the directory."""
NOTHING: Final = ("", "")
"""An empty range."""


async def find_by_name(tx: Transaction, query: Query, *, searcher: UserId, at_most: int) -> list[Hit]:
    """Visible people whose names or addresses begin with what was typed; not ranked, some of them twice."""
    if len(query.words) > 1:
        return await tx.all(_hit, Q.by_words, searcher=searcher, at_most=at_most, **words_parameters(query))
    return await tx.all(_hit, Q.by_word, searcher=searcher, at_most=at_most, **word_parameters(query))


async def find_by_address(tx: Transaction, query: Query, *, searcher: UserId, at_most: int) -> list[Hit]:
    """People of exactly that mail address or UPN."""
    return await tx.all(_hit, Q.by_address, searcher=searcher, at_most=at_most, address=query.address)


def word_parameters(query: Query) -> dict[str, object]:
    """The ranges of a search for one word."""
    word, word_end = prefix_range(query.words[0]) if query.words else NOTHING
    address, address_end = prefix_range(query.address) if query.address else NOTHING
    return {"word": word, "word_end": word_end, "address": address, "address_end": address_end}


def words_parameters(query: Query) -> dict[str, object]:
    """The ranges of a search for several words, and the words."""
    first, first_end = prefix_range(query.words[0])
    last, last_end = prefix_range(query.words[-1])
    word = max(query.words, key=len)
    longest, longest_end = prefix_range(word) if len(word) >= LONGEST_MIN else NOTHING
    return {
        "first": first, "first_end": first_end, "last": last, "last_end": last_end, "longest": longest,
        "longest_end": longest_end, "words": list(query.words),
    }  # fmt: skip


def _hit(id: UUID, display_name: str, upn: str, mail: str | None, user_type: str, *rest: Any) -> Hit:
    return Hit(UserId(id), display_name, upn, mail, UserType(user_type), *rest)
