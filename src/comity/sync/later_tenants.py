"""Organisation-wide shares go on to tenants that join later (provisioning §1.7)."""

from __future__ import annotations

from dataclasses import replace

from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.ids import JobId, TenantId, new_id
from comity.db.transaction import Transaction
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.partners.service import offer_users
from comity.sync import store
from comity.sync.interests import interests_of
from comity.sync.model import Job, JobState, Origin
from comity.tenancy.organizations.service import load_membership


def organization_job_name(target: TenantId) -> str:
    """The name by which admin centers know an organisation-wide share's job."""
    return f"MTO_Sync_{target}"


async def extend_shares(tx: Transaction, caller: Caller) -> list[Job]:
    """Give each tenant that has joined since a job like those that the share has already, and return these jobs.

    The oldest running job that was shared "also for tenants that join later" is the pattern: assignment, mapping,
    filter and actions are copied. A pairwise job toward the same tenant stays as it is.
    """
    jobs = await store.list_jobs(tx)
    pattern = next((each for each in jobs if _goes_on(each)), None)
    membership = await load_membership(tx) if pattern else None
    if pattern is None or membership is None:
        return []
    names = {each.name for each in jobs}
    missing = [each.tenant_id for each in membership.others if organization_job_name(each.tenant_id) not in names]
    return [await _extend(tx, caller, pattern, target) for target in sorted(missing)]


def _goes_on(job: Job) -> bool:
    return job.for_later_tenants and job.origin is Origin.ORGANIZATION and job.state is JobState.ACTIVE


async def _extend(tx: Transaction, caller: Caller, pattern: Job, target: TenantId) -> Job:
    job = replace(
        pattern,
        id=JobId(new_id()),
        version=1,
        name=organization_job_name(target),
        target_tenant_id=target,
        state_reason=None,
        watermark=None,
        created_at=tx.now,
    )
    await store.add_job(tx, job, interests_of(job))
    principals = await store.copy_assignments(tx, of=pattern.id, to=job.id)
    await offer_users(tx, caller, job.target_tenant_id)
    facts = {
        "name": job.name, "target": job.target_tenant_id, "scope": job.scope_mode.value, "like": pattern.name,
        "principals": principals,
    }  # fmt: skip
    await record(tx, caller, Record("Add sync job", "syncJob", job.id, after=facts))
    append(tx, [Change(ChangeKind.JOB_CHANGED, job.id)])
    return job
