"""Which running sync job of another tenant writes an attribute of an account here, again and again.

Asked by the resource tenant about one of its B2B accounts, before it changes what would be changed back. It sees of the
home tenant the name of a job that leads here and has put that very account here, and nothing of any other job, person
or tenant; and it looks there only while the resource tenant lets that tenant's people be synced in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, LiteralString
from uuid import UUID

from comity.core.ids import JobId, TenantId, UserId
from comity.db.transaction import Transaction

_LETS_IN: Final[LiteralString] = """
select coalesce(k.attributes, 0) from partner_sync s
left join partner_kept k on k.tenant_id = s.tenant_id and k.partner_tenant_id = s.partner_tenant_id
where s.tenant_id = %(tenant_id)s and s.partner_tenant_id = %(home)s and s.user_sync_inbound
"""
_MANAGING: Final[LiteralString] = """
select j.id, j.name from sync_job j
join sync_object o on o.tenant_id = j.tenant_id and o.job_id = j.id
where j.tenant_id = %(tenant_id)s and j.target_tenant_id = %(target)s and j.state in ('Active', 'Quarantine')
  and j.action_update and j.always_bits & %(bits)s <> 0
  and o.source_id = %(home_user)s and o.target_id = %(account)s and o.state = 'linked'
order by j.id limit 1
"""


@dataclass(frozen=True, slots=True)
class ManagingJob:
    """A job of another tenant, as far as it is the resource tenant's business."""

    id: JobId
    name: str


async def find_managing_job(
    tx: Transaction, *, home: TenantId, home_user: UserId, account: UserId, bits: int
) -> ManagingJob | None:
    """The home tenant's running job that writes one of these attributes of an account of the acting tenant.

    `bits` is a set of attributes as the directory numbers them.
    """
    row = await tx.row(_LETS_IN, home=home)
    if row is None or not (bits := bits & ~row[0]):  # what the target keeps no job writes
        return None
    target: UUID = tx.tenant_id
    async with tx.become(home):
        row = await tx.row(_MANAGING, target=target, home_user=home_user, account=account, bits=bits)
    return None if row is None else ManagingJob(JobId(row[0]), row[1])
