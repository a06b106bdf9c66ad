"""The extended directory's cards: name and mail of the personal accounts that the acting tenant lists.

Each is read as its own person; who is not listed by the acting tenant is not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, LiteralString

from comity.core.ids import PERSONAL_REALM, UserId
from comity.db.transaction import Transaction

_LISTED: Final[LiteralString] = """
select user_id from directory_contact
where tenant_id = %(tenant_id)s and user_id = any (%(ids)s::uuid[]) order by user_id
"""
_CARD: Final[LiteralString] = """
select display_name, mail from users
where tenant_id = %(tenant_id)s and id = %(id)s and deleted_at is null and purged_at is null
"""


async def load_contact_cards(tx: Transaction, ids: Sequence[UserId]) -> dict[UserId, tuple[str, str | None]]:
    """Name and mail of those who are listed and still have their account."""
    cards: dict[UserId, tuple[str, str | None]] = {}
    listed = [UserId(row[0]) for row in await tx.rows(_LISTED, ids=list(ids))] if ids else []
    for user_id in listed:
        async with tx.become(PERSONAL_REALM, user_id):
            row = await tx.row(_CARD, id=user_id)
        if row is not None:
            cards[user_id] = (row[0], row[1])
    return cards
