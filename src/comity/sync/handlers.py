"""What synchronisation offers to events and jobs: when to wake, and the drain itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from comity.core.ids import JobId, PlanId, TenantId
from comity.db.database import Database
from comity.db.transaction import Transaction
from comity.events.model import Change, ChangeKind
from comity.jobs.due import put
from comity.jobs.model import Order, Task, Work
from comity.sync import approvals, plans, store
from comity.sync.drain import drain
from comity.sync.held.decide import say_threshold
from comity.sync.held.store import load_counts
from comity.sync.interests import Interests
from comity.sync.notifications.service import tell_held_deletes
from comity.sync.orders import APPLY, DRAIN, HELD, PLAN
from comity.sync.planned import JobClosed
from comity.sync.service import INTERVAL_S
from comity.sync.worklist import WAKING

SPACING: Final = timedelta(milliseconds=250)
"""Two wake-ups of one tenant lie at least so far apart, so that a burst of changes is one drain (design D8)."""
BUSY: Final = timedelta(seconds=1)
"""When to look again after finding that another process is draining the tenant."""


async def observe(tx: Transaction, changes: Sequence[Change]) -> None:
    """Make the tenant's drain due if a change may concern a job, in the transaction of the change.

    A partner's changed settings wake the partner's drain as well: it may be waiting at our door.
    """
    if any(_may_wake(each) for each in changes):
        interests = await store.load_interests(tx)
        if interests is not None and any(_wakes(each, interests) for each in changes):
            await put(tx, Order(DRAIN, tx.tenant_id))
    for partner in sorted({each.object_id for each in changes if each.kind is ChangeKind.PARTNER_CHANGED}):
        await put(tx, Order(DRAIN, TenantId(partner)))


def offered(db: Database) -> Work:
    """The drain as background work: after each, the 40 minutes of the safety net begin anew."""

    async def handle(task: Task) -> datetime | None:
        tenant_id = task.order.tenant_id
        drained = await drain(db, tenant_id, cause=task.cause)
        if not drained.claimed:
            return db.clock.now() + BUSY
        async with db.tenant(tenant_id) as tx:
            again = await store.has_active_job(tx)
        return db.clock.now() + timedelta(seconds=INTERVAL_S) if again else None

    return Work(kind=DRAIN, handler=handle, spacing=SPACING)


def offered_plans(db: Database) -> Work:
    """Making large plans as background work; what is found is stored as it is found."""

    async def handle(task: Task) -> datetime | None:
        try:
            await plans.fill(db, task.order.tenant_id, PlanId(task.order.key))
        except JobClosed:
            return None  # the plan says that it was refused
        return None

    return Work(kind=PLAN, handler=handle)


def offered_held(db: Database) -> Work:
    """Tell whom a job tells that it holds deletions back: once, until nothing waits any more."""

    async def handle(task: Task) -> datetime | None:
        job_id = JobId(task.order.key)
        async with db.tenant(task.order.tenant_id, cause=task.cause) as tx:
            job, held = await store.get_job(tx, job_id), await load_counts(tx, [job_id])
            if job is not None and job_id in held and held[job_id].waiting:
                await tell_held_deletes(tx, job, held=held[job_id].waiting, threshold=say_threshold(job.threshold))
        return None

    return Work(kind=HELD, handler=handle)


def offered_approvals(db: Database) -> Work:
    """Applying approved plans as background work; stopping and undoing work as with any other run."""

    async def handle(task: Task) -> datetime | None:
        await approvals.carry_out(db, task.order.tenant_id, PlanId(task.order.key))
        return None

    return Work(kind=APPLY, handler=handle)


def _may_wake(change: Change) -> bool:
    return change.kind in WAKING and not change.external


def _wakes(change: Change, interests: Interests) -> bool:
    """Does it concern a job? Attributes that no mapping reads, and groups that nobody syncs, do not."""
    if not _may_wake(change):
        return False
    match change.kind:
        case ChangeKind.USER_UPDATED:
            return bool(change.changed & interests.read)
        case ChangeKind.GROUP_UPDATED:
            return interests.groups
        case ChangeKind.ORGANIZATION_CHANGED:
            return interests.for_later
    return True
