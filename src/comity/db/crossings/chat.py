"""Chat membership: seats in the homes of a chat's members, and the cards by which they know each other.

The acting tenant sees the chat through a seat of its own. From there it reaches exactly the recorded
members of that chat: it gives each a seat, and reads name and address of each. A tenant that holds no
seat gives none and reads none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final, LiteralString

from comity.core.ids import PERSONAL_REALM, ChatId, TenantId, UserId
from comity.db.transaction import Transaction

_MEMBERS: Final[LiteralString] = """
select distinct m.tenant_id, m.user_id from chat_member m
where m.chat_id = any (%(chat_ids)s) and m.left_at is null
  and exists (select from seat s where s.tenant_id = %(tenant_id)s and s.chat_id = m.chat_id and s.left_at is null)
order by m.tenant_id, m.user_id
"""
_SEAT: Final[LiteralString] = """
insert into seat (tenant_id, user_id, chat_id, joined_at, activity_at, read_through, hidden, muted)
values (%(tenant_id)s, %(user_id)s, %(chat_id)s, %(at)s, %(at)s, 0, false, false)
on conflict (tenant_id, user_id, chat_id) do nothing
"""
_CARDS: Final[LiteralString] = """
select u.id, u.display_name, coalesce(u.mail, u.user_principal_name), t.name
from users u, tenant_get(%(tenant_id)s) t
where u.tenant_id = %(tenant_id)s and u.id = any (%(ids)s)
order by u.id
"""


@dataclass(frozen=True, slots=True)
class CardRow:
    """Name and address of one member, and the name of his tenant unless the account is personal."""

    tenant_id: TenantId
    user_id: UserId
    display_name: str
    address: str
    tenant_name: str | None


async def seat_members(tx: Transaction, chat_id: ChatId, *, at: datetime) -> None:
    """Give every recorded member of a chat his seat at home, in id order; those who have one keep it."""
    for tenant_id, user_id in await _members(tx, [chat_id]):
        async with tx.become(tenant_id, user_id if tenant_id == PERSONAL_REALM else None):
            await tx.execute(_SEAT, user_id=user_id, chat_id=chat_id, at=at)


async def load_cards(tx: Transaction, chat_ids: Sequence[ChatId]) -> list[CardRow]:
    """The cards of all members of these chats, in id order; of chats without a seat of ours, nobody's."""
    cards = []
    for tenant_id, group in groupby(await _members(tx, chat_ids), key=lambda each: each[0]):
        ids = [user_id for _, user_id in group]
        if tenant_id != PERSONAL_REALM:
            cards += await _cards(tx, tenant_id, None, ids)
            continue
        for user_id in ids:
            cards += await _cards(tx, PERSONAL_REALM, user_id, [user_id])
    return cards


async def _members(tx: Transaction, chat_ids: Sequence[ChatId]) -> list[tuple[TenantId, UserId]]:
    rows = await tx.rows(_MEMBERS, chat_ids=list(chat_ids))
    return [(TenantId(tenant_id), UserId(user_id)) for tenant_id, user_id in rows]


async def _cards(tx: Transaction, tenant_id: TenantId, person: UserId | None, ids: Sequence[UserId]) -> list[CardRow]:
    async with tx.become(tenant_id, person):
        rows = await tx.rows(_CARDS, ids=list(ids))
    return [
        CardRow(tenant_id, UserId(user_id), name, address, None if person else tenant_name)
        for user_id, name, address, tenant_name in rows
    ]
