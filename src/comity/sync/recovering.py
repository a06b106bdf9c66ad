"""Take up what was cut off: receipts that the source's books do not know of yet (design §4.6)."""

from __future__ import annotations

from comity.core.ids import CauseId, JobId, PlanId, TenantId
from comity.db.crossings.cycle import InboundSyncOff, wait_for_visits
from comity.db.database import Database
from comity.sync import plan_store, store
from comity.sync.books import open_runs, project_missing
from comity.sync.model import Counts, Job, RunState
from comity.sync.planned import Outcome, PlanKind, PlanState
from comity.sync.targets import LocalTarget, Target


async def recover(db: Database, source: TenantId) -> set[JobId]:
    """Project what drains and plans of the tenant had applied before they were cut off.

    For whoever holds the claim. Returns the jobs whose target did not let us read its receipts: even if its
    door opens again in this moment, nothing new may come before them.
    """
    unread: set[JobId] = set()
    async with db.tenant(source) as tx:
        cut_off = await store.open_plans(tx)
        if not cut_off:
            return unread
        await wait_for_visits(tx)
        jobs = {each.id: each for each in await store.list_jobs(tx)}
    for plan_id, job_id, kind, cause in cut_off:
        if job_id not in jobs:  # it was deleted, and its log with it
            async with db.tenant(source) as tx:
                await store.end_plan(tx, plan_id, PlanState.INTERRUPTED, Counts())
            continue
        target = LocalTarget(db, source=source, target=jobs[job_id].target_tenant_id)
        try:
            await _project_plan(db, plan_id, PlanKind(kind), cause, jobs[job_id], target)
        except InboundSyncOff:
            unread.add(job_id)
    return unread


async def _project_plan(
    db: Database, plan_id: PlanId, kind: PlanKind, cause: CauseId, job: Job, target: Target
) -> None:
    """Bring log, links and figures up to date with all receipts of a plan, then end it."""
    after = 0
    while True:
        async with target.visit(flushed=True) as visit:
            receipts = await visit.receipts(plan_id, after=after)
        async with db.tenant(job.tenant_id) as tx:
            if not receipts:
                break
            if kind is PlanKind.DRAIN:
                await project_missing(tx, job, plan_id, receipts, after=after)
            else:
                steps = receipts[-1].step - after
                items = await plan_store.list_items(tx, plan_id, after=after, at_most=steps)
                codes = {each.step: each.reason for each in items if each.reason is not None}
                await project_missing(tx, job, plan_id, receipts, after=after, codes=codes)
                await plan_store.settle(tx, plan_id, {each.step: (Outcome.APPLIED, None) for each in receipts})
        after = receipts[-1].step
    async with db.tenant(job.tenant_id) as tx:
        if kind is PlanKind.DRAIN:
            await store.end_plan(tx, plan_id, PlanState.INTERRUPTED, Counts())
            return
        runs = await open_runs(tx, job, [cause], plan_id)
        await store.end_runs(tx, list(runs.values()), RunState.STOPPED)
        await plan_store.finish(tx, plan_id, PlanState.INTERRUPTED)
