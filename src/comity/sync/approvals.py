"""Approve a plan now, have it applied in the background: what a page does, which waits for nobody.

The plan is applied with the rights that its approver had at that moment, and in that person's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from comity.core.caller import Caller, PrincipalKind
from comity.core.errors import Conflict, Forbidden, NotFound
from comity.core.ids import PlanId, PrincipalId, TenantId
from comity.core.permissions import Permission
from comity.db.database import Database
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.values import jsonb
from comity.jobs.due import put
from comity.jobs.model import Order
from comity.sync import plan_store, plans
from comity.sync.applying import check_may_begin
from comity.sync.orders import APPLY

Q: Final = Queries("comity.sync", "approvals.sql")


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved a plan; `fault` is the code why it could not be applied, with its facts."""

    at: datetime
    caller: Caller
    fault: str | None = None
    facts: Mapping[str, Any] | None = None


async def approve(tx: Transaction, caller: Caller, plan_id: PlanId) -> None:
    """Have a plan applied as far as it is still true; `get_approval` says whether it could be.

    Raises:
        PlanUnknown, PlanNotReady, PlanExpired, PlanRefused, PermissionMissing.
    """
    caller.check(Permission.SYNC_WRITE)
    plan = await plan_store.get(tx, plan_id)
    check_may_begin(plan, is_past=plan.expires_at is not None and tx.now > plan.expires_at)
    await tx.execute(
        Q.approve,
        plan_id=plan_id, at=tx.now, actor_kind=caller.kind.value, actor_id=caller.principal_id,
        actor_name=caller.name, roles=sorted(caller.roles), permissions=sorted(caller.permissions),
        reason=caller.reason, request_id=caller.request_id,
    )  # fmt: skip
    await put(tx, Order(APPLY, tx.tenant_id, plan_id))


async def get_approval(tx: Transaction, caller: Caller, plan_id: PlanId) -> Approval | None:
    """Who approved it, if anybody did, and why it was not applied, if it was not."""
    caller.check(Permission.SYNC_READ)
    return await _load(tx, plan_id)


async def carry_out(db: Database, tenant_id: TenantId, plan_id: PlanId) -> None:
    """Apply an approved plan; what forbids it is kept with the approval."""
    async with db.tenant(tenant_id) as tx:
        approval = await _load(tx, plan_id)
    if approval is None or approval.fault is not None:
        return
    try:
        await plans.apply(db, approval.caller, plan_id)
    except (Conflict, Forbidden, NotFound) as fault:
        async with db.tenant(tenant_id) as tx:
            await tx.execute(Q.refuse, plan_id=plan_id, fault=fault.code, facts=jsonb(fault.parameters))


async def _load(tx: Transaction, plan_id: PlanId) -> Approval | None:
    row = await tx.row(Q.approval, plan_id=plan_id)
    if row is None:
        return None
    at, kind, principal_id, name, roles, permissions, reason, request_id, fault, facts = row
    caller = Caller(
        tenant_id=tx.tenant_id,
        kind=PrincipalKind(kind),
        principal_id=PrincipalId(principal_id) if principal_id else None,
        name=name,
        roles=frozenset(roles),
        permissions=frozenset(map(Permission, permissions)),
        reason=reason,
        request_id=request_id,
    )
    return Approval(at, caller, fault, facts)
