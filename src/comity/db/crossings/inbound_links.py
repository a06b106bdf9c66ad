"""Which accounts here another tenant's sync keeps in line: asked when the relation to it is cleaned up.

Asked by the resource tenant about accounts of its own. It is told of each whether a job of the home tenant that
leads here has linked it; it sees no job, no person, and no link to any other tenant's account.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, LiteralString

from comity.core.ids import TenantId, UserId
from comity.db.transaction import Transaction
from comity.db.values import array_text

_LINKED: Final[LiteralString] = """
select distinct o.target_id
from unnest(%(people)s::uuid[]) p (id)
join sync_object o on o.tenant_id = %(tenant_id)s and o.source_id = p.id and o.kind = 'user' and o.state = 'linked'
join sync_job j on j.tenant_id = o.tenant_id and j.id = o.job_id and j.target_tenant_id = %(reader)s
where o.target_id = any (%(accounts)s::uuid[])
"""


async def find_linked(tx: Transaction, home: TenantId, accounts: Mapping[UserId, UserId]) -> set[UserId]:
    """Which of these accounts of the acting tenant jobs of `home` keep in line; `accounts` maps them to ids at home."""
    reader = tx.tenant_id
    async with tx.become(home):
        rows = await tx.rows(
            _LINKED, reader=reader, people=array_text(accounts.values()), accounts=array_text(accounts)
        )
    return {UserId(row[0]) for row in rows}
