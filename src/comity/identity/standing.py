"""Who somebody is in a tenant: her own account, or the one that stands for her there (B2B)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from comity.core.ids import TenantId, UserId
from comity.db.crossings.home_account import load_home_standing
from comity.db.transaction import Transaction
from comity.identity import store
from comity.identity.model import HomeAccount, Person


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody living and enabled, here and at home."""

    person: Person
    tokens_valid_from: datetime | None
    """The later of the two revocations, here and at home."""

    def covers(self, signed_in_at: datetime) -> bool:
        """Is a sign-in of that time still good?"""
        return self.tokens_valid_from is None or self.tokens_valid_from <= signed_in_at


@dataclass(frozen=True, slots=True)
class Representation:
    """The account that stands for somebody from elsewhere."""

    id: UserId
    is_redeemed: bool
    """Did she, or her tenants for her, say yes to being here?"""


async def load_standing(tx: Transaction, user_id: UserId) -> Standing | None:
    """Somebody in the transaction's tenant as a sign-in needs her; None if she may not sign in, here or at home."""
    row = await tx.row(store.Q.person_by_id, id=user_id)
    if row is None:
        return None
    id_, display_name, upn, is_guest, home_tenant_id, home_user_id, since = row
    home = None
    if home_tenant_id is not None and home_user_id is not None:
        state = await load_home_standing(tx, TenantId(home_tenant_id), UserId(home_user_id))
        if state is None:
            return None
        home = HomeAccount(TenantId(home_tenant_id), UserId(home_user_id), state.user_principal_name)
        since = max((each for each in (since, state.tokens_valid_from) if each is not None), default=None)
    return Standing(Person(tx.tenant_id, UserId(id_), display_name, upn, is_guest, home), since)


async def find_representation(tx: Transaction, home: Person) -> Representation | None:
    """The enabled account that stands in the transaction's tenant for somebody from elsewhere."""
    row = await tx.row(store.Q.standing_of_home, home_tenant_id=home.tenant_id, home_user_id=home.id)
    if row is None or not row[1]:
        return None
    id_: UUID = row[0]
    return Representation(UserId(id_), row[2] != "PendingAcceptance")
