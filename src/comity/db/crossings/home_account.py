"""What a B2B user's home says of her: is her own account good, and what is she called there?

She signs in at home and acts here; disabled or revoked at home, she is so here at once, without waiting for
a drain. The home is named by the row of the tenant that asks, so nobody learns of people who do not stand
in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from comity.core.ids import TenantId, UserId
from comity.db.transaction import Transaction

_STANDS_HERE: Final = """
select 1 from users
where tenant_id = %(tenant_id)s and home_tenant_id = %(home_tenant_id)s and home_user_id = %(home_user_id)s
  and deleted_at is null
"""

_HOME: Final = """
select u.user_principal_name, c.tokens_valid_from
from users u
left join credential c on c.tenant_id = u.tenant_id and c.user_id = u.id
where u.tenant_id = %(tenant_id)s and u.id = %(id)s and u.deleted_at is null and u.account_enabled
"""


@dataclass(frozen=True, slots=True)
class HomeStanding:
    """A living, enabled account at home."""

    user_principal_name: str
    tokens_valid_from: datetime | None


async def load_home_standing(tx: Transaction, home_tenant_id: TenantId, home_user_id: UserId) -> HomeStanding | None:
    """The home account of somebody who stands in the transaction's tenant; None if there is none that may sign in."""
    stands = await tx.row(_STANDS_HERE, home_tenant_id=home_tenant_id, home_user_id=home_user_id)
    if stands is None:
        return None
    async with tx.become(home_tenant_id, home_user_id):
        return await tx.one(HomeStanding, _HOME, id=home_user_id)
