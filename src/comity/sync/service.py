"""Share people and take shares back; see what the standing orders did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.errors import Conflict, Invalid
from comity.core.ids import CauseId, GroupId, JobId, PlanId, TenantId, UserId, new_id
from comity.core.permissions import Permission
from comity.db.database import Database
from comity.db.transaction import Transaction
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.jobs.due import put
from comity.jobs.model import Order
from comity.partners.service import offer_users
from comity.sync import plan_store, store
from comity.sync.drain import Drained, Watch, drain
from comity.sync.held import store as held_store
from comity.sync.held.model import HeldCount
from comity.sync.interests import interests_of
from comity.sync.later_tenants import organization_job_name
from comity.sync.model import (
    Actions,
    Job,
    JobState,
    JobUnknown,
    LogEntry,
    Origin,
    PrincipalKind,
    Reason,
    Run,
    ScopeMode,
)
from comity.sync.orders import DRAIN
from comity.tenancy.organizations.service import load_membership

INTERVAL_S: Final = 2400
"""The reference product's 40 minutes: the safety net behind the wake-ups (design D8)."""
LOG_PAGE_MAX: Final = 1000


class NothingToShare(Invalid):
    """A share needs at least one person or group."""

    code = "nothing-to-share"


class ShareWithOneself(Invalid):
    """A tenant's people are in it already."""

    code = "share-with-oneself"


class NoOrganization(Conflict):
    """Sharing with all tenants needs a multitenant organisation with other active tenants."""

    code = "no-organization"


@dataclass(frozen=True, slots=True)
class Principals:
    """People and groups, as they are shared or unshared."""

    users: Sequence[UserId] = ()
    groups: Sequence[GroupId] = ()

    def __bool__(self) -> bool:
        return bool(self.users or self.groups)


@dataclass(frozen=True, slots=True)
class Shared:
    """What a share changed for one target: its job, whether that is new, and how many principals are."""

    job: Job
    is_new: bool
    added: int
    overlapping: tuple[str, ...]
    """Names of other jobs of the same pair; one per pair is recommended (provisioning D-2)."""
    withdrawn: tuple[UUID, ...] = ()
    """Whom an unshare took out of this target's scope."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A job and how its last run went."""

    job: Job
    last_run: Run | None
    held: HeldCount = field(default_factory=HeldCount)
    """Deletions that wait for somebody's word."""

    @property
    def state(self) -> JobState:
        """As Graph tells it: a job that holds deletions back is in quarantine, though all else goes on (D-33)."""
        holds = self.job.state is JobState.ACTIVE and self.held.waiting
        return JobState.QUARANTINE if holds else self.job.state

    @property
    def reason(self) -> str | None:
        """Why it is in that state."""
        if self.state is JobState.QUARANTINE and self.job.state is JobState.ACTIVE:
            return Reason.TOO_MANY_DELETES.value
        return self.job.state_reason


async def share_with(tx: Transaction, caller: Caller, principals: Principals, target: TenantId) -> Shared:
    """Offer people and groups to one tenant: the pairwise configuration (M41).

    Raises:
        NothingToShare, ShareWithOneself, PermissionMissing.
    """
    return await _share(tx, caller, principals, target, Origin.PAIR, for_later=False)


async def share_with_all(
    tx: Transaction, caller: Caller, principals: Principals, *, for_later_tenants: bool = False
) -> list[Shared]:
    """Offer people and groups to every other active tenant of the organisation at once (M40).

    One job `MTO_Sync_<target tenant id>` per target, all with the same assignment (provisioning §1.7).

    Raises:
        NothingToShare, NoOrganization, PermissionMissing.
    """
    membership = await load_membership(tx)
    targets = [] if membership is None else sorted(each.tenant_id for each in membership.others)
    if not targets:
        raise NoOrganization
    return [
        await _share(tx, caller, principals, target, Origin.ORGANIZATION, for_later=for_later_tenants)
        for target in targets
    ]


async def unshare(
    tx: Transaction, caller: Caller, principals: Principals, *, target: TenantId | None = None
) -> list[Shared]:
    """Take people and groups out of the scope of the shares with one tenant, or with all.

    Who falls out of scope is soft-deleted in the target (M46), unless its delete action is off (M47).

    Raises:
        NothingToShare, JobUnknown, PermissionMissing.
    """
    caller.check(Permission.SYNC_WRITE)
    if not principals:
        raise NothingToShare
    jobs = [each for each in await store.list_jobs(tx) if target is None or each.target_tenant_id == target]
    if not jobs:
        raise JobUnknown(target=str(target) if target else "all")
    done = []
    for job in jobs:
        removed = await store.unassign(tx, job.id, [*principals.users, *principals.groups])
        if removed:
            await store.touch_job(tx, job.id)
            facts = {"principals": removed, "target": job.target_tenant_id}
            await record(tx, caller, Record("Unshare users", "syncJob", job.id, before=facts))
            append(tx, [Change(ChangeKind.ASSIGNMENT_REMOVED, job.id, each) for each in removed])
        done.append(Shared(job, is_new=False, added=-len(removed), overlapping=(), withdrawn=tuple(removed)))
    return done


async def estimate_run(tx: Transaction, caller: Caller) -> int:
    """About how many people a run looks at, for whoever waits: those of jobs that have to look at everybody."""
    caller.check(Permission.SYNC_READ)
    waiting = [each for each in await store.list_jobs(tx) if each.state.runs and each.watermark is None]
    return max([await plan_store.estimate(tx, each, None) for each in waiting], default=0)


async def list_standing(tx: Transaction, caller: Caller) -> list[Standing]:
    """All jobs of the tenant with their last runs, oldest first."""
    caller.check(Permission.SYNC_READ)
    runs, held = await store.last_runs(tx), await held_store.load_counts(tx)
    return [Standing(job, runs.get(job.id), held.get(job.id, HeldCount())) for job in await store.list_jobs(tx)]


async def list_scope(tx: Transaction, caller: Caller, job_id: JobId) -> list[tuple[UUID, PrincipalKind]]:
    """Who is assigned to a job."""
    caller.check(Permission.SYNC_READ)
    return await store.list_assignments(tx, job_id)


async def pause(tx: Transaction, caller: Caller, job_id: JobId, *, why: str | None = None) -> None:
    """Let a job rest; a running drain halts before its next page, and nothing wakes it.

    Raises:
        JobUnknown, PermissionMissing.
    """
    await _move(tx, caller, job_id, JobState.PAUSED, "Pause sync job", why)


async def start(tx: Transaction, caller: Caller, job_id: JobId) -> None:
    """Let a job run again from where it stood.

    Raises:
        JobUnknown, PermissionMissing.
    """
    await _move(tx, caller, job_id, JobState.ACTIVE, "Start sync job", None)


async def read_log(
    tx: Transaction,
    caller: Caller,
    *,
    job_id: JobId | None = None,
    source_id: UserId | None = None,
    before: tuple[PlanId, int] | None = None,
    at_most: int = 100,
) -> list[LogEntry]:
    """The provisioning log, newest first, behind the line `before`."""
    caller.check(Permission.PROVISIONING_LOG_READ)
    return await store.read_log(
        tx, job_id=job_id, source_id=source_id, before=before, at_most=min(at_most, LOG_PAGE_MAX)
    )


async def run(
    db: Database, caller: Caller, *, watch: Watch = lambda _: None, going: Callable[[], bool] = lambda: True
) -> Drained:
    """Run the caller's tenant's active jobs now, in this process.

    The manual start is audited and is the cause of what follows from no change of its own.
    """
    caller.check(Permission.SYNC_WRITE)
    async with db.tenant(caller.tenant_id) as tx:
        cause = CauseId(await record(tx, caller, Record("Run sync jobs", "tenant", caller.tenant_id)))
    return await drain(db, caller.tenant_id, cause=cause, watch=watch, going=going)


async def _share(
    tx: Transaction, caller: Caller, principals: Principals, target: TenantId, origin: Origin, *, for_later: bool
) -> Shared:
    caller.check(Permission.SYNC_WRITE)
    if not principals:
        raise NothingToShare
    if target == tx.tenant_id:
        raise ShareWithOneself
    name = organization_job_name(target) if origin is Origin.ORGANIZATION else f"Sync_{target}"
    jobs = await store.list_jobs(tx)
    job = next((each for each in jobs if each.name == name), None)
    is_new = job is None
    if job is None:
        job = draft_job(tx, name, target, origin, for_later=for_later)
        await add_job(tx, caller, job)
        append(tx, [Change(ChangeKind.JOB_CHANGED, job.id)])
    elif for_later and await store.set_for_later(tx, job.id, for_later=True):
        after = {"forLaterTenants": True}
        await record(tx, caller, Record("Update sync job", "syncJob", job.id, after=after))
    await offer_users(tx, caller, target)
    added = [
        *await store.assign(tx, job.id, principals.users, PrincipalKind.USER, at=tx.now),
        *await store.assign(tx, job.id, principals.groups, PrincipalKind.GROUP, at=tx.now),
    ]
    if added:
        await store.touch_job(tx, job.id)
        facts = {"principals": added, "target": target}
        await record(tx, caller, Record("Share users", "syncJob", job.id, after=facts))
        append(tx, [Change(ChangeKind.ASSIGNMENT_ADDED, job.id, each) for each in added])
    overlapping = tuple(each.name for each in jobs if each.target_tenant_id == target and each.name != name)
    return Shared(job, is_new, len(added), overlapping)


def draft_job(tx: Transaction, name: str, target: TenantId, origin: Origin, *, for_later: bool = False) -> Job:
    """A new job as it begins: assigned people only, all actions, the default mapping."""
    return Job(
        tenant_id=tx.tenant_id, id=JobId(new_id()), version=1, name=name, target_tenant_id=target, origin=origin,
        state=JobState.ACTIVE, state_reason=None, scope_mode=ScopeMode.ASSIGNED, for_later_tenants=for_later,
        actions=Actions(), interval_s=INTERVAL_S, watermark=None, created_at=tx.now,
    )  # fmt: skip


async def add_job(tx: Transaction, caller: Caller, job: Job) -> None:
    """Save a new job; who makes use of it tells the feed."""
    await store.add_job(tx, job, interests_of(job))
    facts = {"name": job.name, "target": job.target_tenant_id, "scope": job.scope_mode.value}
    await record(tx, caller, Record("Add sync job", "syncJob", job.id, after=facts))


async def wake(tx: Transaction) -> None:
    """Make the tenant's drain due: a job goes on from where it stood, nothing has changed that it decides with."""
    await put(tx, Order(DRAIN, tx.tenant_id))


async def _move(tx: Transaction, caller: Caller, job_id: JobId, state: JobState, action: str, why: str | None) -> None:
    caller.check(Permission.SYNC_WRITE)
    job = await store.get_job(tx, job_id)
    if job is None:
        raise JobUnknown(target=str(job_id))
    if job.state is state:
        return
    await store.set_job_state(tx, job_id, state, why)
    await record(
        tx, caller, Record(action, "syncJob", job_id, before={"state": job.state.value}, after={"state": state.value})
    )
    if state is JobState.ACTIVE:
        await wake(tx)
