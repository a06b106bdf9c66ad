"""What a drain does about quarantine: whom it tries, whose door it finds closed, and what follows from a cycle."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from comity.core.ids import CauseId, JobId, PlanId, TenantId, new_id
from comity.db.database import Database
from comity.db.transaction import Transaction
from comity.sync import store as jobs
from comity.sync.books import refuse
from comity.sync.escrow import store as escrow
from comity.sync.lanes import Lane, open_lane
from comity.sync.model import Job, JobState
from comity.sync.quarantine import store
from comity.sync.quarantine.decide import decide_threshold, is_due
from comity.sync.quarantine.model import QuarantineReason
from comity.sync.quarantine.service import PRUNED, halt, halt_expired, impose, lift


@dataclass(frozen=True, slots=True)
class Attempts:
    """Jobs in quarantine that this drain tries, and those whose door is closed still, with the gate's code."""

    trying: set[JobId] = field(default_factory=set)
    closed: dict[JobId, str] = field(default_factory=dict)


async def begin(db: Database, source: TenantId, cause: CauseId) -> Attempts:
    """Choose the jobs in quarantine that are tried now; those of four weeks are stopped.

    Where the gate was the trouble it is asked in every drain: once it opens nobody has to wait.
    """
    attempts = Attempts()
    async with db.tenant(source, cause=cause) as tx:
        if not await store.load_all(tx):
            return attempts
        known = {each.id: each for each in await jobs.list_jobs(tx)}
        standing = await halt_expired(tx, known)
        now = tx.now
    for job_id, quarantine in standing.items():
        due = is_due(quarantine, now)
        if quarantine.trouble.reason is QuarantineReason.EXCEPTION:
            code = await _gate(db, source, known[job_id], cause, note=due)
            if code is not None:
                attempts.closed[job_id] = code
                continue
        elif not due:
            continue
        attempts.trying.add(job_id)
        async with db.tenant(source) as tx:
            await escrow.hasten(tx, job_id)
    return attempts


async def check_gates(db: Database, source: TenantId, idle: Iterable[Job], cause: CauseId) -> dict[JobId, str]:
    """Ask the gates of jobs that have nothing to do; return the codes of those that are closed."""
    codes = {each.id: await _gate(db, source, each, cause, note=True) for each in idle}
    return {job_id: code for job_id, code in codes.items() if code is not None}


async def settle(tx: Transaction, lane: Lane) -> None:
    """A stretch of the job is through: quarantine it if too many failed, or let it out.

    In a job's first cycle its escrow is emptied instead, and the job rests (provisioning §9).
    """
    job, trouble = lane.job, lane.trouble
    if trouble is None and lane.someone_failed:
        trouble = decide_threshold(await store.load_figures(tx, job.id))
        if trouble is not None and job.watermark is None:
            await halt(tx, job, PRUNED, {"failed": await escrow.forget(tx, job.id)})
            return
    if trouble is not None:
        await impose(tx, job, trouble)
    elif job.state is JobState.QUARANTINE:
        await lift(tx, job)


async def _gate(db: Database, source: TenantId, job: Job, cause: CauseId, *, note: bool) -> str | None:
    """Why the job may not run; a closed gate is noted as a failed run, if `note`."""
    lane = await open_lane(db, source, job, PlanId(new_id()))
    code = await lane.gate()
    if code is not None and note:
        async with db.tenant(source, cause=cause) as tx:
            await refuse(tx, job, cause, [], code)
    return code
