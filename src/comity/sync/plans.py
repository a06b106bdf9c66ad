"""Plans: what a job would do, shown with names before anything happens, and applied if still true (design D7)."""

from __future__ import annotations

from dataclasses import replace

from comity.core.caller import Caller
from comity.core.ids import CauseId, JobId, PlanId, TenantId, new_id
from comity.core.permissions import Permission
from comity.db.database import Database
from comity.db.transaction import Transaction
from comity.jobs.due import put
from comity.jobs.model import Order
from comity.sync import applying, plan_store, planning, store, undoing
from comity.sync.cleanup import service as cleanup
from comity.sync.later_tenants import organization_job_name
from comity.sync.model import PAGE_SIZE, Job, JobUnknown, Origin
from comity.sync.orders import PLAN
from comity.sync.planned import PLAN_LIFE, PlanKind, PlanState, Proposal, StoredPlan
from comity.sync.proposing import check_proposal
from comity.sync.service import draft_job


async def ask(
    tx: Transaction,
    caller: Caller,
    *,
    job_id: JobId | None = None,
    proposal: Proposal | None = None,
    kind: PlanKind = PlanKind.PREVIEW,
) -> PlanId:
    """Ask for a plan: of a job as it stands, or as proposed; `proposal.opens` stands for a job that is still to be.

    The plan is empty at first: `make` fills it here and now, an order put with `order` in the background.

    Raises:
        JobUnknown, MappingInvalid, ExpressionError, FilterError, GroupsNeedAssignment, PermissionMissing.
    """
    caller.check(Permission.SYNC_READ)
    job = await plan_job(tx, job_id, proposal)
    if proposal is not None:
        check_proposal(job, proposal)
    plan_id = PlanId(new_id())
    await plan_store.add(
        tx, plan_id, job, kind=kind, state=PlanState.PLANNING, proposal=proposal, cause=CauseId(plan_id),
        expires_at=tx.now + PLAN_LIFE,
    )  # fmt: skip
    return plan_id


async def order(tx: Transaction, caller: Caller, plan_id: PlanId) -> None:
    """Have a plan made in the background; what it has found can be read meanwhile."""
    caller.check(Permission.SYNC_READ)
    await put(tx, Order(PLAN, tx.tenant_id, key=plan_id))


async def estimate(tx: Transaction, caller: Caller, plan_id: PlanId) -> int:
    """About how many people a plan will look at, for whoever waits."""
    caller.check(Permission.SYNC_READ)
    plan = await plan_store.get(tx, plan_id)
    if plan.kind is PlanKind.CLEANUP:
        return await cleanup.estimate(tx, plan)
    job = await plan_job(tx, plan.job_id, plan.proposal)
    return await plan_store.estimate(tx, job, plan.proposal)


async def make(db: Database, caller: Caller, plan_id: PlanId, *, watch: planning.Watch = lambda _: None) -> StoredPlan:
    """Make a plan that was asked for, in this process.

    Raises:
        PlanUnknown, JobClosed, PermissionMissing.
    """
    caller.check(Permission.SYNC_READ)
    return await fill(db, caller.tenant_id, plan_id, watch=watch)


async def fill(
    db: Database, source: TenantId, plan_id: PlanId, *, watch: planning.Watch = lambda _: None
) -> StoredPlan:
    """Make a plan that was asked for; what was begun before is begun anew."""
    async with db.tenant(source) as tx:
        plan = await plan_store.get(tx, plan_id)
        if plan.state is not PlanState.PLANNING:
            return plan
    if plan.kind is PlanKind.CLEANUP:
        return await cleanup.fill(
            db, source, plan, tell=lambda done, tally: watch(planning.Planning(done, tally)), page_size=PAGE_SIZE
        )
    async with db.tenant(source) as tx:
        job = await plan_job(tx, plan.job_id, plan.proposal)
    if plan.kind is PlanKind.UNDO:
        return await planning.fill(
            db, job, plan_id, decide_whole=lambda begun, lane: undoing.fill_undo(db, begun, lane, watch)
        )
    return await planning.fill(db, job, plan_id, watch=watch)


async def apply(
    db: Database,
    caller: Caller,
    plan_id: PlanId,
    *,
    watch: applying.Watch = lambda _: None,
    page_size: int = PAGE_SIZE,
) -> applying.Applied:
    """Apply a plan as far as it is still true; one that was applied already changes nothing.

    Raises:
        PlanUnknown, PlanNotReady, PlanExpired, PlanRefused, PlanOutdated, JobClosed, JobUnknown, PermissionMissing.
    """
    caller.check(Permission.SYNC_WRITE)
    async with db.tenant(caller.tenant_id) as tx:
        plan = await plan_store.get(tx, plan_id)
    if plan.kind is PlanKind.CLEANUP:
        cleaned = await cleanup.apply(
            db, caller, plan, tell=lambda settled, of: watch(applying.Applying(settled, of)), page_size=page_size
        )
        return applying.Applied(cleaned.plan, cleaned.stopped)
    async with db.tenant(caller.tenant_id) as tx:
        job = await plan_job(tx, plan.job_id, plan.proposal)
    return await applying.apply_items(db, caller, plan_id, job, watch=watch, page_size=page_size)


async def get_plan(tx: Transaction, caller: Caller, plan_id: PlanId) -> StoredPlan:
    """A plan and how far it is.

    Raises:
        PlanUnknown, PermissionMissing.
    """
    caller.check(Permission.SYNC_READ)
    return await plan_store.get(tx, plan_id)


async def plan_job(tx: Transaction, job_id: JobId | None, proposal: Proposal | None) -> Job:
    """The job that stands, or the one that the proposal would open.

    Raises:
        JobUnknown.
    """
    job = None if job_id is None else await store.get_job(tx, job_id)
    if job is not None:
        return job
    if proposal is None or proposal.opens is None:
        raise JobUnknown(target=str(job_id))
    draft = _draft(tx, proposal.opens, for_organization=proposal.for_organization)
    return draft if job_id is None else replace(draft, id=job_id)


def _draft(tx: Transaction, target: TenantId, *, for_organization: bool) -> Job:
    if for_organization:
        return draft_job(tx, organization_job_name(target), target, Origin.ORGANIZATION)
    return draft_job(tx, f"Sync_{target}", target, Origin.PAIR)
