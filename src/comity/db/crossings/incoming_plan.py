"""What a plan of another tenant would do to accounts of ours: the target's own view of it.

The asking tenant sees plans of jobs that lead to it, and of those only items on accounts that stand in it: which
account, what would happen, which attributes. It sees no person of the source who is not here yet (these are
counted), no value, no other job and no plan toward somebody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, LiteralString

from comity.core.ids import PlanId, TenantId, UserId
from comity.db.transaction import Transaction

_ITEMS: Final[LiteralString] = """
select s.step, s.target_id, s.verdict, s.reason, s.changed, s.target_version, s.outcome
from sync_plan p
join sync_job j on j.tenant_id = p.tenant_id and j.id = p.job_id and j.target_tenant_id = %(reader)s
join sync_step s on s.tenant_id = p.tenant_id and s.plan_id = p.id
where p.tenant_id = %(tenant_id)s and p.id = %(plan_id)s and p.kind <> 'drain'
  and s.step > %(after)s and s.target_id is not null and s.verdict <> 1
order by s.step limit %(at_most)s
"""
_UNSEEN: Final[LiteralString] = """
select s.verdict, count(*)
from sync_plan p
join sync_job j on j.tenant_id = p.tenant_id and j.id = p.job_id and j.target_tenant_id = %(reader)s
join sync_step s on s.tenant_id = p.tenant_id and s.plan_id = p.id
where p.tenant_id = %(tenant_id)s and p.id = %(plan_id)s and p.kind <> 'drain'
  and (s.target_id is null or s.verdict = 1)
group by s.verdict
"""
_LEADS_HERE: Final[LiteralString] = """
select exists (
  select from sync_plan p
  join sync_job j on j.tenant_id = p.tenant_id and j.id = p.job_id and j.target_tenant_id = %(reader)s
  where p.tenant_id = %(tenant_id)s and p.id = %(plan_id)s and p.kind <> 'drain')
"""


@dataclass(frozen=True, slots=True)
class IncomingItem:
    """One item on an account of the asking tenant; numbers as stored."""

    step: int
    account_id: UserId
    verdict: int
    reason: str | None
    changed: int
    version: int
    outcome: int | None


@dataclass(frozen=True, slots=True)
class IncomingPlan:
    """One page of a plan, and how many items (by verdict) concern people who are not here."""

    items: list[IncomingItem]
    unseen: dict[int, int]


async def read_incoming_plan(
    tx: Transaction, source: TenantId, plan_id: PlanId, *, after: int, at_most: int
) -> IncomingPlan | None:
    """Read a plan of the source's as the target that it leads to; None if it leads elsewhere, or is none."""
    reader = tx.tenant_id
    async with tx.become(source):
        row = await tx.row(_LEADS_HERE, reader=reader, plan_id=plan_id)
        if row is None or not row[0]:
            return None
        items = await tx.all(IncomingItem, _ITEMS, reader=reader, plan_id=plan_id, after=after, at_most=at_most)
        unseen = await tx.rows(_UNSEEN, reader=reader, plan_id=plan_id)
    return IncomingPlan(items, dict(unseen))
