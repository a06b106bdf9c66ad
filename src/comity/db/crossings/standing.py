"""How people of ours stand in another tenant: as which account, and whether people there can find it.

The asking tenant names its own people; accounts that stand for anybody else are passed over as if they were not
there. It also learns whether that tenant lets its people in, which an attempt to share would tell it as well.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, LiteralString

from comity.core.ids import TenantId, UserId
from comity.db.transaction import Transaction
from comity.db.values import array_text

_ACCOUNTS: Final[LiteralString] = """
select u.home_user_id, u.id, u.user_type, u.deleted_at is not null, u.account_enabled, u.show_in_address_list
from unnest(%(ids)s::uuid[]) as i (id)
cross join lateral (
  select * from users u
  where u.tenant_id = %(tenant_id)s and u.home_tenant_id = %(source)s and u.home_user_id = i.id limit 1) u
"""
_LETS_IN: Final[LiteralString] = """
select coalesce(user_sync_inbound, false) from partner_sync
where tenant_id = %(tenant_id)s and partner_tenant_id = %(source)s
"""


@dataclass(frozen=True, slots=True)
class AccountRow:
    """The account in another tenant that stands for one of our people."""

    home_user_id: UserId
    id: UserId
    user_type: str
    deleted: bool
    enabled: bool
    shown: bool


@dataclass(frozen=True, slots=True)
class StandingThere:
    """What another tenant says of our people."""

    lets_in: bool
    accounts: dict[UserId, AccountRow]


async def load_standing(tx: Transaction, target: TenantId, ids: Collection[UserId]) -> StandingThere:
    """How these people of the transaction's tenant stand in the target."""
    source = tx.tenant_id
    async with tx.become(target):
        row = await tx.row(_LETS_IN, source=source)
        accounts = await tx.all(AccountRow, _ACCOUNTS, source=source, ids=array_text(ids))
    return StandingThere(bool(row and row[0]), {each.home_user_id: each for each in accounts})
