"""Rows and nouns of synchronisation, in the source tenant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from comity.core.ids import CauseId, GroupId, JobId, PlanId, RunId, TenantId, UserId
from comity.db.bulk import bulk
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.values import array_text, jsonb
from comity.sync.interests import Interests
from comity.sync.model import (
    Action,
    Actions,
    Counts,
    Job,
    JobState,
    LogEntry,
    Origin,
    Person,
    PrincipalKind,
    Run,
    RunState,
    ScopeMode,
    Status,
    Threshold,
)
from comity.sync.quarantine import store as quarantine
from comity.sync.staging import STAGED_LOG
from comity.sync.worklist import Worklist

Q: Final = Queries("comity.sync")


async def list_jobs(tx: Transaction) -> list[Job]:
    """All jobs of the tenant, oldest first."""
    return await tx.all(_job, Q.jobs)


async def get_job(tx: Transaction, job_id: JobId) -> Job | None:
    """The job of that id."""
    return await tx.one(_job, Q.job, id=job_id)


async def add_job(tx: Transaction, job: Job, interests: Interests) -> None:
    """Save a new job."""
    await tx.execute(
        Q.add_job,
        id=job.id, name=job.name, target=job.target_tenant_id, origin=job.origin.value, state=job.state.value,
        scope_mode=job.scope_mode.value, for_later=job.for_later_tenants, add=job.actions.add,
        update=job.actions.update, delete=job.actions.delete, interval_s=job.interval_s, created_at=job.created_at,
        mapping=jsonb(job.mapping), filter=jsonb(job.filter), groups=job.groups,
        read_bits=interests.read, always_bits=interests.always, threshold_on=job.threshold.is_on,
        threshold_number=job.threshold.number, threshold_percent=job.threshold.percent,
    )  # fmt: skip


async def configure(tx: Transaction, job: Job, interests: Interests, *, full_look: bool) -> bool:
    """Save what the job decides with, read at the version it carries; False if it has another by now."""
    return await tx.execute(
        Q.configure,
        id=job.id, version=job.version, scope_mode=job.scope_mode.value, for_later=job.for_later_tenants,
        mapping=jsonb(job.mapping), filter=jsonb(job.filter), groups=job.groups, add=job.actions.add,
        update=job.actions.update, delete=job.actions.delete,
        read_bits=interests.read, always_bits=interests.always, full_look=full_look,
    ) > 0  # fmt: skip


async def copy_assignments(tx: Transaction, *, of: JobId, to: JobId) -> int:
    """Give one job what is assigned to another; return how many principals that were."""
    return await tx.execute(Q.copy_assignments, **{"from": of, "to": to, "at": tx.now})


async def touch_job(tx: Transaction, job_id: JobId) -> None:
    """Its assignments changed: raise its version."""
    await tx.execute(Q.touch_job, id=job_id)


async def set_for_later(tx: Transaction, job_id: JobId, *, for_later: bool) -> bool:
    """Whether the share also goes to tenants that join later; True if that changed."""
    return await tx.execute(Q.set_for_later, id=job_id, for_later=for_later) > 0


async def set_job_state(tx: Transaction, job_id: JobId, state: JobState, reason: str | None) -> None:
    """Where the job rests, and why; a quarantine ends with any state but its own."""
    await tx.execute(Q.set_job_state, id=job_id, state=state.value, reason=reason)
    if state is not JobState.QUARANTINE:
        await quarantine.drop(tx, job_id)


async def assign(
    tx: Transaction, job_id: JobId, ids: Sequence[UUID], kind: PrincipalKind, *, at: datetime
) -> list[UUID]:
    """Assign principals; return those that were not assigned before."""
    return [row[0] for row in await tx.rows(Q.assign, job_id=job_id, ids=list(ids), kind=kind.value, at=at)]


async def unassign(tx: Transaction, job_id: JobId, ids: Sequence[UUID]) -> list[UUID]:
    """Unassign principals; return those that were assigned."""
    return [row[0] for row in await tx.rows(Q.unassign, job_id=job_id, ids=list(ids))]


async def list_assignments(tx: Transaction, job_id: JobId) -> list[tuple[UUID, PrincipalKind]]:
    """Who is assigned to the job."""
    return [(row[0], PrincipalKind(row[1])) for row in await tx.rows(Q.assignments, job_id=job_id)]


async def assigned_groups(tx: Transaction, jobs: Sequence[JobId]) -> dict[GroupId, set[JobId]]:
    """Which groups are assigned to which of these jobs."""
    found: dict[GroupId, set[JobId]] = {}
    for group_id, job_id in await tx.rows(Q.assigned_groups, jobs=list(jobs)):
        found.setdefault(GroupId(group_id), set()).add(JobId(job_id))
    return found


async def load_people(tx: Transaction, ids: Sequence[UserId]) -> list[Person]:
    """People of one page, whatever became of them."""
    return await tx.all(Person, Q.people, ids=array_text(ids))


async def load_in_scope(tx: Transaction, jobs: Sequence[JobId], ids: Sequence[UserId]) -> dict[JobId, set[UserId]]:
    """Who of the page is offered by which job, by direct or group assignment."""
    found: dict[JobId, set[UserId]] = {job_id: set() for job_id in jobs}
    for job_id, user_id in await tx.rows(Q.in_scope, jobs=list(jobs), ids=array_text(ids)):
        found[job_id].add(user_id)
    return found


async def load_links(
    tx: Transaction, jobs: Sequence[JobId], ids: Sequence[UserId]
) -> dict[JobId, dict[UserId, UserId]]:
    """Living links of the page: source id to target id, per job."""
    found: dict[JobId, dict[UserId, UserId]] = {job_id: {} for job_id in jobs}
    for job_id, source_id, target_id, state in await tx.rows(Q.links, jobs=list(jobs), ids=array_text(ids)):
        if state == "linked":
            found[job_id][source_id] = target_id
    return found


async def page_of_candidates(
    tx: Transaction, jobs: Sequence[JobId], *, everybody: bool, after: UUID, at_most: int
) -> list[UserId]:
    """Whom a full look concerns, by id behind `after`."""
    if everybody:
        rows = await tx.rows(Q.candidates_all, after=after, at_most=at_most)
    else:
        rows = await tx.rows(Q.candidates, jobs=list(jobs), after=after, at_most=at_most)
    return [row[0] for row in rows]


async def keep_groups(tx: Transaction, work: Worklist) -> None:
    """Forget what is no group: a feed does not say whether a person was assigned or a group."""
    if work.groups:
        known = {row[0] for row in await tx.rows(Q.which_are_groups, ids=array_text(work.groups))}
        work.groups = {each: whom for each, whom in work.groups.items() if each in known}


async def page_of_members(tx: Transaction, group_id: GroupId, *, after: UUID, at_most: int) -> list[UserId]:
    """A group's direct members, by id behind `after`."""
    return [row[0] for row in await tx.rows(Q.members, group_id=group_id, after=after, at_most=at_most)]


async def add_plan(
    tx: Transaction, plan_id: PlanId, job: Job, *, guard: Mapping[str, object], to_position: int, cause: CauseId
) -> None:
    """A drain begins for a job; until its watermark stands it counts as applying."""
    await tx.execute(
        Q.add_plan,
        id=plan_id, job_id=job.id, run_id=None, kind="drain", state="applying", guard=jsonb(guard), proposal=None,
        from_position=job.watermark, to_position=to_position, at=tx.now, expires_at=None, cause=cause,
    )  # fmt: skip


async def end_plan(tx: Transaction, plan_id: PlanId, state: str, counts: Counts) -> None:
    """A drain's plan is done with."""
    facts = {name: getattr(counts, name) for name in ("created", "updated", "deleted", "restored", "skipped", "failed")}
    await tx.execute(Q.end_plan, id=plan_id, state=state, counts=jsonb(facts))


async def open_plans(tx: Transaction) -> list[tuple[PlanId, JobId, str, CauseId]]:
    """Drains and plans that were cut off, oldest first, with their kind and cause."""
    return [
        (PlanId(plan_id), JobId(job_id), kind, CauseId(cause))
        for plan_id, job_id, kind, cause in await tx.rows(Q.open_plans)
    ]


async def lock_plan(tx: Transaction, plan_id: PlanId) -> None:
    """Let nobody else project the plan's receipts meanwhile."""
    await tx.execute(Q.lock_plan, id=plan_id)


async def advance(tx: Transaction, job_id: JobId, position: int) -> None:
    """Set the watermark behind everything that was applied."""
    await tx.execute(Q.advance, id=job_id, position=position)


async def pass_over(tx: Transaction, jobs: Sequence[JobId], position: int) -> None:
    """Nothing up to here concerns these jobs: move those that are not as far."""
    await tx.execute(Q.pass_over, jobs=array_text(jobs), position=position)


async def open_runs(
    tx: Transaction, job_id: JobId, new: Mapping[CauseId, RunId], kind: str, plan_id: PlanId | None
) -> dict[CauseId, RunId]:
    """The runs of these causes: those that stand, else new ones of the ids given. The plan writes their receipts."""
    rows = await tx.rows(
        Q.add_runs,
        job_id=job_id, causes=array_text(new), ids=array_text(new.values()), kind=kind, at=tx.now,
        plans=array_text([plan_id] if plan_id else []),
    )  # fmt: skip
    return {CauseId(cause): RunId(run_id) for cause, run_id in rows}


async def count_runs(tx: Transaction, figures: Mapping[RunId, Counts], *, seconds: float) -> None:
    """Add to the runs' figures."""
    if figures:
        columns = {
            name: array_text(getattr(each, name) for each in figures.values())
            for name in ("created", "updated", "deleted", "restored", "skipped", "failed")
        }
        await tx.execute(Q.count_runs, ids=array_text(figures), seconds=seconds, **columns)


async def end_runs(tx: Transaction, ids: Sequence[RunId], state: RunState, *, error: str | None = None) -> None:
    """These runs are over for now."""
    if ids:
        await tx.execute(Q.end_run, ids=list(ids), at=tx.now, state=state.value, error=error)


async def running_runs(tx: Transaction) -> dict[JobId, dict[CauseId, RunId]]:
    """Runs of drains that have not ended, by job and cause."""
    found: dict[JobId, dict[CauseId, RunId]] = {}
    for run_id, job_id, cause in await tx.rows(Q.running_runs):
        found.setdefault(job_id, {})[cause] = run_id
    return found


async def last_runs(tx: Transaction) -> dict[JobId, Run]:
    """The newest run of each job."""
    return {run.job_id: run for run in await tx.all(run_of, Q.last_runs)}


async def read_log(
    tx: Transaction,
    *,
    job_id: JobId | None,
    source_id: UserId | None,
    before: tuple[PlanId, int] | None,
    at_most: int,
) -> list[LogEntry]:
    """The provisioning log, newest first, behind the line `before`."""
    before_plan, before_step = before or (UUID(int=(1 << 128) - 1), 0)
    return await tx.all(
        log_entry, Q.log,
        job_id=job_id, source_id=source_id, before_plan=before_plan, before_step=before_step, at_most=at_most,
    )  # fmt: skip


async def logged_steps(tx: Transaction, plan_id: PlanId, *, after: int, up_to: int) -> set[int]:
    """Steps of a plan behind `after` that the log holds already."""
    return {row[0] for row in await tx.rows(Q.logged_steps, plan_id=plan_id, after=after, up_to=up_to)}


async def project(tx: Transaction, rows: Iterable[Sequence[object]], *, at: datetime) -> None:
    """Write log lines and links from rows of `STAGED_LOG`; repeating it changes nothing."""
    await bulk(tx, STAGED_LOG, rows)
    await tx.execute(Q.project_log, at=at)
    await tx.execute(Q.project_links, at=at)


async def load_interests(tx: Transaction) -> Interests | None:
    """What wakes the tenant's drain; None if no job runs."""
    row = await tx.row(Q.load_interests)
    return None if row is None else Interests(row[0], groups=row[1], for_later=row[2])


async def waiting_reports(tx: Transaction, job_id: JobId, managers: Sequence[UserId]) -> dict[UserId, UserId]:
    """Who waits for these managers: report to manager."""
    return dict(await tx.rows(Q.waiting_reports, job_id=job_id, ids=array_text(managers)))


async def is_anybody_left(tx: Transaction, job_id: JobId) -> tuple[bool, bool]:
    """Does anybody of the job wait for a manager, and is anybody in escrow?"""
    row = await tx.row(Q.waiting_and_failed, job_id=job_id)
    return (bool(row[0]), bool(row[1])) if row else (False, False)


async def replace_references(
    tx: Transaction, job_id: JobId, looked_at: Sequence[UserId], waiting: Mapping[UserId, UserId]
) -> None:
    """Note who of those looked at still waits for which manager."""
    await tx.execute(Q.drop_references, job_id=job_id, ids=array_text(looked_at))
    if waiting:
        await tx.execute(
            Q.add_references, job_id=job_id, ids=array_text(waiting), managers=array_text(waiting.values())
        )


async def has_active_job(tx: Transaction) -> bool:
    """Does the tenant have a job that runs?"""
    row = await tx.row(Q.has_active_job)
    return bool(row and row[0])


def _job(
    tenant_id: UUID, id: UUID, version: int, name: str, target: UUID, origin: str, state: str, reason: str | None,
    scope_mode: str, for_later: bool, add: bool, update: bool, delete: bool, interval_s: int, watermark: int | None,
    created_at: datetime, mapping: Any, filter_: Any, groups: bool, drift_repair: bool,
    threshold_on: bool, threshold_number: int | None, threshold_percent: int | None,
) -> Job:  # fmt: skip
    return Job(
        tenant_id=TenantId(tenant_id), id=JobId(id), version=version, name=name, target_tenant_id=TenantId(target),
        origin=Origin(origin), state=JobState(state), state_reason=reason, scope_mode=ScopeMode(scope_mode),
        for_later_tenants=for_later, actions=Actions(add=add, update=update, delete=delete), interval_s=interval_s,
        watermark=watermark, created_at=created_at, mapping=mapping, filter=filter_, groups=groups,
        drift_repair=drift_repair,
        threshold=Threshold(is_on=threshold_on, number=threshold_number, percent=threshold_percent),
    )  # fmt: skip


def run_of(
    id: UUID, job_id: UUID, cause: UUID, state: str, error: str | None, started_at: datetime, ended_at: datetime | None,
    seconds: float | None, *counts: int,
) -> Run:  # fmt: skip
    """A run from its columns."""
    return Run(
        RunId(id), JobId(job_id), CauseId(cause), RunState(state), error, started_at, ended_at, seconds, Counts(*counts)
    )


def log_entry(*columns: Any) -> LogEntry:
    """A line of the log from its columns."""
    plan_id, step, job_id, run_id, source_id, target_id, action, status, code, changed, before, after, at, *rest = (
        columns
    )
    return LogEntry(
        plan_id,
        step,
        job_id,
        run_id,
        source_id,
        target_id,
        Action(action),
        Status(status),
        code,
        changed,
        before,
        after,
        at,
        *rest,
    )
