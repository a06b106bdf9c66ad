"""How a job stands: its code, its runs, its quarantine, and who is in the target."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from comity.core.caller import Caller
from comity.core.catalogue import sentence
from comity.core.ids import JobId
from comity.core.permissions import Permission
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.sync import store
from comity.sync.model import JobState, JobUnknown, Run, RunState
from comity.sync.quarantine import store as quarantines
from comity.sync.quarantine.model import Quarantine, QuarantineReason
from comity.sync.quarantine.service import PRUNED
from comity.sync.status.model import (
    NEVER,
    EntryCount,
    Progress,
    SynchronizationError,
    SynchronizationQuarantine,
    SynchronizationStatus,
    TaskExecution,
)

Q: Final = Queries("comity.sync.status")

_STOPPED: Final = "sync-run-stopped"
_HELD: Final = "sync-deletes-held"
_NOT_RUN: Final = TaskExecution(None, "Failed", NEVER, NEVER, SynchronizationError("None", "", tenant_actionable=False))
"""What Graph says of a job that never ran."""


async def get_status(tx: Transaction, caller: Caller, job_id: JobId) -> SynchronizationStatus:
    """How the job stands (Graph `synchronizationJob.status`).

    Raises:
        JobUnknown, PermissionMissing.
    """
    caller.check(Permission.SYNC_READ)
    job = await store.get_job(tx, job_id)
    if job is None:
        raise JobUnknown(target=str(job_id))
    runs = {row[0]: store.run_of(*row[1:]) for row in await tx.rows(Q.executions, job_id=job_id)}
    row = await tx.row(Q.figures, job_id=job_id)
    failures, first, last, under_way, users, groups = row or (0, None, None, None, 0, 0)
    language = caller.language
    quarantine = (await told_quarantines(tx, caller)).get(job_id)
    state = JobState.QUARANTINE if quarantine is not None else job.state
    return SynchronizationStatus(
        code="NotRun" if state is JobState.ACTIVE and "last" not in runs else state.value,
        count_successive_complete_failures=failures,
        escrows_pruned=job.state_reason == PRUNED,
        last_execution=execution(runs["last"], language) if "last" in runs else _NOT_RUN,
        last_successful_execution=execution(runs["success"], language) if "success" in runs else None,
        last_successful_execution_with_exports=execution(runs["exports"], language) if "exports" in runs else None,
        progress=() if under_way is None else (Progress(under_way, max(under_way, users + groups), "objects", tx.now),),
        quarantine=quarantine,
        steady_state_first_achieved_time=first or NEVER,
        steady_state_last_achieved_time=last or NEVER,
        synchronized_entry_count_by_type=[
            EntryCount(kind, count) for kind, count in (("User", users), ("Group", groups)) if count
        ],
        troubleshooting_url="",
    )


async def told_quarantines(tx: Transaction, caller: Caller) -> dict[JobId, SynchronizationQuarantine]:
    """The quarantines of the tenant's jobs as Graph tells them, by job.

    A job that holds deletions back is told as one in quarantine, though all else goes on (provisioning D-33).

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.SYNC_READ)
    running = {each.id: each for each in await store.list_jobs(tx) if each.state is JobState.ACTIVE}
    told = {
        JobId(job_id): SynchronizationQuarantine(
            reason=QuarantineReason.TOO_MANY_DELETES.value,
            current_began=last,
            series_began=first,
            series_count=0,
            next_attempt=tx.now + timedelta(seconds=running[job_id].interval_s),
            error=_error(_HELD, {"held": count}, caller.language),
        )
        for job_id, first, last, count in await tx.rows(Q.held)
        if job_id in running
    }
    standing = await quarantines.load_all(tx)
    return told | {job_id: as_told(each, caller.language) for job_id, each in standing.items()}


def execution(run: Run, language: str) -> TaskExecution:
    """A run that ended, as Graph tells it; one that was stopped did not succeed."""
    counts = run.counts
    entitled = counts.created + counts.updated + counts.restored + counts.failed
    looked_at = counts.changed + counts.skipped + counts.failed
    code = run.error or (_STOPPED if run.state is RunState.STOPPED else None)
    return TaskExecution(
        activity_identifier=str(run.id),
        state=RunState.FAILED.value if run.state is RunState.STOPPED else run.state.value,
        time_began=run.started_at,
        time_ended=run.ended_at or NEVER,
        error=None if code is None else _error(code, {}, language),
        count_entitled=entitled,
        count_entitled_for_provisioning=entitled,
        count_escrowed=counts.failed,
        count_escrowed_raw=counts.failed,
        count_exported=counts.changed,
        count_exports=counts.changed,
        count_imported=looked_at,
        count_imported_deltas=looked_at,
    )


def as_told(quarantine: Quarantine, language: str) -> SynchronizationQuarantine:
    """A quarantine, as Graph tells it."""
    trouble = quarantine.trouble
    return SynchronizationQuarantine(
        reason=trouble.reason.value,
        current_began=quarantine.current_began,
        series_began=quarantine.series_began,
        series_count=quarantine.series_count,
        next_attempt=quarantine.next_attempt,
        error=_error(trouble.error, trouble.facts, language),
    )


def _error(code: str, facts: Mapping[str, object], language: str) -> SynchronizationError:
    return SynchronizationError(code, sentence(code, facts, language), tenant_actionable=True)
