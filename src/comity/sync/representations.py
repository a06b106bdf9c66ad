"""Where a tenant's people stand elsewhere, as far as its own shares put them there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from comity.core.caller import Caller
from comity.core.ids import JobId, TenantId, UserId
from comity.core.permissions import Permission
from comity.db.queries import Queries
from comity.db.transaction import Transaction

Q: Final = Queries("comity.sync", "representations.sql")


@dataclass(frozen=True, slots=True)
class Representation:
    """An account elsewhere that stands for a person; `state` is the link's: linked, deleted, failed."""

    tenant_id: TenantId
    job_id: JobId
    account_id: UserId | None
    state: str


async def list_representations(tx: Transaction, caller: Caller, user_id: UserId) -> list[Representation]:
    """Of one person, by tenant.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.PROVISIONING_LOG_READ)
    return await tx.all(Representation, Q.of_person, id=user_id)
