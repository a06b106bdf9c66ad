"""Build a sync configuration as Graph's clients do: instantiate, say the target, open the job, take it back.

The configuration is there from its instance on, so that people can be assigned before anything else is said; its
job is shown once it was asked for. Shares made in Comity's own words are configurations, too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID, uuid5

from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.errors import Conflict, Invalid
from comity.core.ids import AppId, JobId, PlanId, PrincipalId, TenantId, new_id
from comity.core.permissions import Permission
from comity.db.database import Database
from comity.db.queries import Queries
from comity.db.transaction import Transaction, as_uuid
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.identity.model import Application
from comity.identity.registrations.service import SYNC_TEMPLATE, Registration
from comity.sync import plan_store, store
from comity.sync.interests import interests_of
from comity.sync.lanes import open_lane
from comity.sync.model import Job, JobState, JobUnknown, Origin, PrincipalKind, ScopeMode
from comity.sync.service import ShareWithOneself, draft_job

Q: Final = Queries("comity.sync.configurations")

NOWHERE: Final = TenantId(UUID(int=0))
"""The target of a configuration before anybody said which."""
INSTANTIATED: Final = "instantiated"
"""The configuration is there, and its job was not asked for."""
SYNC_POLICY: Final = "SyncPolicy"


class JobExists(Conflict):
    """The configuration has its one job already."""

    code = "sync-job-exists"


class TargetMissing(Invalid):
    """Nobody has said yet which tenant people go to."""

    code = "sync-target-missing"


class CredentialsInvalid(Invalid):
    """The target does not let people of this tenant in, or the credentials are of another kind."""

    code = "sync-credentials-invalid"


async def prepare(tx: Transaction, caller: Caller, principal: PrincipalId, name: str) -> Job:
    """A new configuration, without target and without a job that was asked for.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.APPLICATION_WRITE)
    job = await _draft(tx, principal, name)
    facts = {"name": job.name, "scope": job.scope_mode.value}
    await record(tx, caller, Record("Add sync configuration", "syncJob", job.id, after=facts))
    return job


async def get_job(tx: Transaction, caller: Caller, principal: UUID) -> Job:
    """The job of a configuration.

    Raises:
        JobUnknown: also before it was asked for. PermissionMissing.
    """
    caller.check(Permission.SYNC_READ)
    job = await store.get_job(tx, JobId(principal))
    if job is None or is_hidden(job):
        raise JobUnknown(target=str(principal))
    return job


async def get_configuration(tx: Transaction, caller: Caller, principal: UUID) -> Job:
    """A configuration, whether its job was asked for or not.

    Raises:
        JobUnknown, PermissionMissing.
    """
    caller.check(Permission.SYNC_READ)
    job = await store.get_job(tx, JobId(principal))
    if job is None:
        raise JobUnknown(target=str(principal))
    return job


def is_hidden(job: Job) -> bool:
    """Is it a configuration whose job was not asked for?"""
    return job.state_reason == INSTANTIATED


async def open_job(tx: Transaction, caller: Caller, principal: UUID) -> Job:
    """Ask for the configuration's job; it rests until it is started.

    Raises:
        JobExists, JobUnknown, PermissionMissing.
    """
    caller.check(Permission.SYNC_WRITE)
    job = await get_configuration(tx, caller, principal)
    if not is_hidden(job):
        raise JobExists(job=job.name)
    state = JobState.NOT_CONFIGURED if job.target_tenant_id == NOWHERE else JobState.PAUSED
    await tx.execute(Q.set_stage, id=job.id, state=state.value, reason=None)
    facts = {"name": job.name, "target": job.target_tenant_id, "state": state.value}
    await record(tx, caller, Record("Add sync job", "syncJob", job.id, after=facts))
    append(tx, [Change(ChangeKind.JOB_CHANGED, job.id)])
    return await get_configuration(tx, caller, principal)


async def configure(tx: Transaction, caller: Caller, principal: UUID, secrets: Mapping[str, str]) -> Job:
    """Say which tenant people go to, and whether everybody is offered; other secrets mean nothing here.

    Raises:
        CredentialsInvalid, ShareWithOneself, JobUnknown, PermissionMissing.
    """
    caller.check(Permission.SYNC_WRITE)
    job = await get_configuration(tx, caller, principal)
    target = _target(secrets)
    if target == tx.tenant_id:
        raise ShareWithOneself
    if target is not None and target != job.target_tenant_id:
        if job.target_tenant_id != NOWHERE and job.watermark is not None:
            raise CredentialsInvalid(fault="another-target")
        state = JobState.PAUSED if job.state is JobState.NOT_CONFIGURED and not is_hidden(job) else job.state
        await tx.execute(Q.set_target, id=job.id, target=target, state=state.value)
        before, after = {"target": job.target_tenant_id}, {"target": target}
        await record(tx, caller, Record("Update sync credentials", "syncJob", job.id, before=before, after=after))
        append(tx, [Change(ChangeKind.JOB_CHANGED, job.id)])
    return await get_configuration(tx, caller, principal)


async def check_credentials(db: Database, caller: Caller, secrets: Mapping[str, str]) -> None:
    """Does the target let people of this tenant in?

    Raises:
        CredentialsInvalid, PermissionMissing.
    """
    caller.check(Permission.SYNC_WRITE)
    target = _target(secrets)
    if target is None or target == caller.tenant_id:
        raise CredentialsInvalid(fault="CompanyId")
    async with db.tenant(caller.tenant_id) as tx:
        draft = draft_job(tx, f"Sync_{target}", target, Origin.PAIR)
    lane = await open_lane(db, caller.tenant_id, draft, PlanId(new_id()))
    code = await lane.gate()
    if code is not None:
        raise CredentialsInvalid(fault=code)


async def close_job(tx: Transaction, caller: Caller, principal: UUID) -> None:
    """Take the job back: it stops for good, and whom it brought stays; the configuration is as new.

    Raises:
        JobUnknown, PermissionMissing.
    """
    caller.check(Permission.SYNC_WRITE)
    job = await get_job(tx, caller, principal)
    assigned = await store.list_assignments(tx, job.id)
    await plan_store.ask_to_stop(tx, job.id)
    await tx.execute(Q.drop_links, id=job.id)
    await tx.execute(Q.drop_job, id=job.id)
    fresh = await _draft(tx, PrincipalId(job.id), job.name)
    for kind in PrincipalKind:
        await store.assign(tx, fresh.id, [each for each, of in assigned if of is kind], kind, at=tx.now)
    facts = {"name": job.name, "target": job.target_tenant_id}
    await record(tx, caller, Record("Delete sync job", "syncJob", job.id, before=facts))
    append(tx, [Change(ChangeKind.JOB_CHANGED, job.id)])


async def forget(tx: Transaction, caller: Caller, principal: UUID) -> None:
    """The configuration's application goes: so does its job, and whom it brought stays.

    Raises:
        PermissionMissing.
    """
    job = await store.get_job(tx, JobId(principal))
    if job is None:
        return
    caller.check(Permission.SYNC_WRITE)
    await plan_store.ask_to_stop(tx, job.id)
    await tx.execute(Q.drop_links, id=job.id)
    await tx.execute(Q.drop_job, id=job.id)
    facts = {"name": job.name, "target": job.target_tenant_id}
    await record(tx, caller, Record("Delete sync configuration", "syncJob", job.id, before=facts))
    append(tx, [Change(ChangeKind.JOB_CHANGED, job.id)])


async def list_unregistered(tx: Transaction, caller: Caller, known: Collection[UUID]) -> list[Registration]:
    """Shares that were made without an instance, as the applications that Graph's clients expect."""
    if not caller.may(Permission.SYNC_READ):
        return []
    return [_as_application(job) for job in await store.list_jobs(tx) if job.id not in known]


async def assign(tx: Transaction, caller: Caller, principal: UUID, who: UUID, kind: PrincipalKind) -> bool:
    """Share somebody, or a group; False if that is so already.

    Raises:
        JobUnknown, PermissionMissing.
    """
    caller.check(Permission.APP_ROLE_WRITE)
    job = await _locked(tx, principal)
    added = await store.assign(tx, job.id, [who], kind, at=tx.now)
    if added:
        await store.touch_job(tx, job.id)
        facts = {"principals": added, "target": job.target_tenant_id}
        await record(tx, caller, Record("Share users", "syncJob", job.id, after=facts))
        append(tx, [Change(ChangeKind.ASSIGNMENT_ADDED, job.id, who)])
    return bool(added)


async def unassign(tx: Transaction, caller: Caller, principal: UUID, who: UUID) -> bool:
    """Share somebody, or a group, no longer; False if that is so already.

    Raises:
        JobUnknown, PermissionMissing.
    """
    caller.check(Permission.APP_ROLE_WRITE)
    job = await _locked(tx, principal)
    removed = await store.unassign(tx, job.id, [who])
    if removed:
        await store.touch_job(tx, job.id)
        facts = {"principals": removed, "target": job.target_tenant_id}
        await record(tx, caller, Record("Unshare users", "syncJob", job.id, before=facts))
        append(tx, [Change(ChangeKind.ASSIGNMENT_REMOVED, job.id, who)])
    return bool(removed)


async def list_assigned(tx: Transaction, caller: Caller, principal: UUID) -> list[tuple[UUID, PrincipalKind]]:
    """Who and which groups are shared by a configuration.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.APPLICATION_READ)
    return await store.list_assignments(tx, JobId(principal))


async def list_jobs_of(tx: Transaction, caller: Caller, who: UUID) -> list[Job]:
    """Which configurations share somebody, or a group.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.APPLICATION_READ)
    assigned = {row[0] for row in await tx.rows(Q.assigned_to, principal_id=who)}
    return [job for job in await store.list_jobs(tx) if job.id in assigned]


async def _draft(tx: Transaction, principal: PrincipalId, name: str) -> Job:
    job = Job(
        tenant_id=tx.tenant_id, id=JobId(principal), version=1, name=name, target_tenant_id=NOWHERE,
        origin=Origin.PAIR, state=JobState.NOT_CONFIGURED, state_reason=INSTANTIATED, scope_mode=ScopeMode.ASSIGNED,
        for_later_tenants=False, actions=draft_job(tx, name, NOWHERE, Origin.PAIR).actions, interval_s=2400,
        watermark=None, created_at=tx.now,
    )  # fmt: skip
    await store.add_job(tx, job, interests_of(job))
    await tx.execute(Q.set_stage, id=job.id, state=job.state.value, reason=INSTANTIATED)
    return job


def _as_application(job: Job) -> Registration:
    application = Application(
        tenant_id=job.tenant_id, id=PrincipalId(job.id), app_id=AppId(uuid5(job.id, "application")),
        display_name=job.name, is_public=False, password_flow=False, permissions=(), scopes=(), redirect_uris=(),
        created_at=job.created_at, disabled_at=None, version=job.version,
    )  # fmt: skip
    return Registration(application, SYNC_TEMPLATE, {})


def _target(secrets: Mapping[str, str]) -> TenantId | None:
    kind = secrets.get("AuthenticationType", SYNC_POLICY)
    if kind != SYNC_POLICY:
        raise CredentialsInvalid(fault="AuthenticationType")
    given = secrets.get("CompanyId")
    if given is None:
        return None
    target = as_uuid(given)
    if target is None:
        raise CredentialsInvalid(fault="CompanyId")
    return TenantId(target)


async def _locked(tx: Transaction, principal: UUID) -> Job:
    job = await store.get_job(tx, JobId(principal))
    if job is None:
        raise JobUnknown(target=str(principal))
    return job
