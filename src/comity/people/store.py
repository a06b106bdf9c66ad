"""Rows and nouns of people search."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from comity.core.caller import UserType
from comity.core.ids import NOWHERE, UserId
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.people.model import Hit, Place
from comity.people.query import Arm, Query, Span, beginning_with
from comity.people.words import Part

Q: Final = Queries("comity.people")
LISTED_MAX: Final = 100
"""Hits of `by_parts`, and people of one range who are looked at for the other words that were typed."""
MISSPELT_MAX: Final = 50
"""Hits for what one misspelt word may mean."""
COUNTED_MAX: Final = 100
RECENT_MAX: Final = 20
VARIANT_WORDS_MAX: Final = 400
"""Words that one variant leads to."""
_EVERYWHERE: Final = UUID(int=2**128 - 1)


class Streamed(NamedTuple):
    """One hit of `by_name`, and where it stood."""

    arm: int
    external: bool
    first_key: str
    second_key: str
    hit: Hit


class Ranges(NamedTuple):
    """Where `by_parts` looks: words of the index by part, given names, surnames, an address."""

    parts: Sequence[tuple[Part, Span]] = ()
    given: Sequence[Span] = ()
    surname: Sequence[Span] = ()
    address: Span = Span("", "")


async def read_names(
    tx: Transaction, arms: Sequence[Arm], place: Place, *, searcher: UserId, at_most: int
) -> list[Streamed]:
    """The next people of these ranges behind a place, in order."""
    rows = await tx.all(
        _streamed,
        Q.by_name,
        at_most=at_most,
        without=[searcher, *place.recent],
        **arm_parameters(arms, place),
    )
    return sorted(rows, key=lambda row: (row.arm, row.external, row.first_key, row.second_key, row.hit.id))


def arm_parameters(arms: Sequence[Arm], place: Place) -> dict[str, object]:
    """The ranges as columns, those before the place left out."""
    rows = []
    for at, arm in enumerate(arms):
        for external in (False, True):
            if (at, external) < (place.arm, place.external):
                continue
            start: tuple[str, str, UUID] = (arm.first.low, "", NOWHERE)
            if (at, external) == (place.arm, place.external) and place.first_key is not None:
                start = (place.first_key, place.second_key, place.last or _EVERYWHERE)
            rows.append((at, arm.slot, external, *start, arm.first.high, arm.second.low, arm.second.high))
    names = ("arms", "slots", "externals", "keys", "next_keys", "ids", "ends", "lows", "highs")
    columns: list[list[object]] = [list(each) for each in zip(*rows, strict=True)] or [[] for _ in names]
    return dict(zip(names, columns, strict=True))


async def find_parts(
    tx: Transaction,
    ranges: Ranges,
    others: Sequence[tuple[str, ...]],
    *,
    searcher: UserId,
    without: Collection[UUID],
    at_most: int = LISTED_MAX,
) -> list[Hit]:
    """People in any of the ranges whom the other words match too; in no order."""
    return await tx.all(
        _hit, Q.by_parts, without=[searcher, *without], **range_parameters(ranges, others, at_most=at_most)
    )


def range_parameters(
    ranges: Ranges, others: Sequence[tuple[str, ...]], *, at_most: int = LISTED_MAX
) -> dict[str, object]:
    """The ranges as columns."""
    return {
        "parts": [int(part) for part, _ in ranges.parts],
        "part_lows": [span.low for _, span in ranges.parts],
        "part_highs": [span.high for _, span in ranges.parts],
        "given_lows": [span.low for span in ranges.given],
        "given_highs": [span.high for span in ranges.given],
        "surname_lows": [span.low for span in ranges.surname],
        "surname_highs": [span.high for span in ranges.surname],
        "address": ranges.address.low,
        "address_end": ranges.address.high,
        "others": [" ".join(forms) for forms in others],
        "at_most": at_most,
        "reach": LISTED_MAX,
    }


async def count_words(tx: Transaction, words: Sequence[str]) -> list[int]:
    """To how many names the beginning of each word leads, as far as it is worth counting."""
    spans = [beginning_with(each) for each in words]
    rows = await tx.rows(
        Q.count_words,
        lows=[each.low for each in spans],
        highs=[each.high for each in spans],
        parts=[int(each) for each in Part],
        at_most=COUNTED_MAX,
    )
    return [int(row[0]) for row in rows]


async def find_by_address(tx: Transaction, query: Query, *, searcher: UserId, at_most: int) -> list[Hit]:
    """People of exactly that mail address or UPN."""
    return await tx.all(_hit, Q.by_address, searcher=searcher, at_most=at_most, address=query.address)


async def find_recent(tx: Transaction, searcher: UserId) -> list[Hit]:
    """The accounts here of those with whom the searcher chatted last."""
    return await tx.all(_hit, Q.recent, searcher=searcher, at_most=RECENT_MAX)


async def load_visible(tx: Transaction, ids: Collection[UUID]) -> list[Hit]:
    """Those of these people who are visible now."""
    return await tx.all(_hit, Q.by_ids, ids=list(ids)) if ids else []


async def find_meant(tx: Transaction, variants: Collection[str], *, length: int, edits: int) -> list[str]:
    """Words of the dictionary that share a variant, and have about so many letters."""
    rows = await tx.rows(
        Q.meant,
        variants=sorted(variants),
        shortest=length - edits,
        longest=length + edits,
        at_most=VARIANT_WORDS_MAX,
    )
    return [row[0] for row in rows]


async def count_lookup(tx: Transaction, user_id: UserId, *, minute: datetime) -> int:
    """Count one more lookup of this person; how many that makes in this minute."""
    row = await tx.row(Q.count_lookup, user_id=user_id, minute=minute)
    assert row is not None, "an insert that returns"
    return int(row[0])


async def load_guest_role(tx: Transaction) -> UUID | None:
    """What the tenant lets its guests see."""
    row = await tx.row(Q.guest_role)
    return row[0] if row else None


def _hit(id: UUID, display_name: str, upn: str, mail: str | None, user_type: str, *rest: Any) -> Hit:
    return Hit(UserId(id), display_name, upn, mail, UserType(user_type), *rest)


def _streamed(arm: int, external: bool, first_key: str, second_key: str, *columns: Any) -> Streamed:
    return Streamed(arm, external, first_key, second_key, _hit(*columns))
