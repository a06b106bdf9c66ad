"""Put jobs into quarantine, look at them again, let them out, and stop them when four weeks are over.

The first functions are for whoever holds the drain's claim; what an administrator does has its own at the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.errors import Conflict
from comity.core.ids import JobId
from comity.core.permissions import Permission
from comity.db.transaction import Transaction
from comity.sync import plan_store
from comity.sync import store as jobs
from comity.sync.model import Job, JobState, JobUnknown
from comity.sync.notifications.service import tell
from comity.sync.quarantine import store
from comity.sync.quarantine.decide import impose as decide_impose
from comity.sync.quarantine.decide import is_over
from comity.sync.quarantine.model import Quarantine, QuarantineReason, Trouble

EXPIRED: Final = "sync-quarantine-expired"
"""Why a job rests that was in quarantine for four weeks."""
PRUNED: Final = "sync-escrows-pruned"
"""Why a job rests in whose first cycle too many failed (provisioning §9)."""
ON_DEMAND: Final = "sync-quarantined-on-demand"


class NothingToQuarantine(Conflict):
    """The job does not run."""

    code = "sync-job-does-not-run"


async def impose(tx: Transaction, job: Job, trouble: Trouble, *, caller: Caller | None = None) -> Quarantine | None:
    """A job met trouble: it goes into quarantine, or is left in it; None if somebody stopped it meanwhile.

    Whoever wants to know is told when it begins, and when the reason changes. `caller` is who wants it so.
    """
    standing = await store.load(tx, job.id)
    quarantine = decide_impose(standing, trouble, job_id=job.id, now=tx.now)
    if not await store.move(tx, job.id, JobState.QUARANTINE, trouble.error):
        return None
    await store.save(tx, quarantine)
    if standing is None or standing.trouble.reason is not trouble.reason:
        before = {"state": job.state.value} if standing is None else {"quarantine": standing.trouble.reason.value}
        after = {"state": JobState.QUARANTINE.value, "quarantine": trouble.reason.value, "error": trouble.error}
        entry = Record("Quarantine sync job", "syncJob", job.id, before=before, after=after)
        await record(tx, caller or _engine(tx), entry)
        await tell(
            tx,
            job,
            "sync-mail-quarantine",
            {
                "reason": trouble.reason.value,
                "why": {"code": trouble.error, "facts": dict(trouble.facts)},
                "next_attempt": f"{quarantine.next_attempt:%Y-%m-%d %H:%M} UTC",
            },
        )
    return quarantine


async def lift(tx: Transaction, job: Job) -> None:
    """A cycle has succeeded: the job runs again."""
    if await store.move(tx, job.id, JobState.ACTIVE, None):
        await store.drop(tx, job.id)
        before, after = {"state": JobState.QUARANTINE.value}, {"state": JobState.ACTIVE.value}
        await record(tx, _engine(tx), Record("Lift quarantine", "syncJob", job.id, before=before, after=after))


async def halt(tx: Transaction, job: Job, reason: str, facts: Mapping[str, object] | None = None) -> None:
    """Stop a job for a reason that somebody has to mend first; whoever wants to know is told."""
    if await store.move(tx, job.id, JobState.PAUSED, reason):
        await store.drop(tx, job.id)
        before, after = {"state": job.state.value}, {"state": JobState.PAUSED.value, "reason": reason}
        await record(tx, _engine(tx), Record("Stop sync job", "syncJob", job.id, before=before, after=after))
        await tell(tx, job, "sync-mail-stopped", {"why": {"code": reason, "facts": dict(facts or {})}})


async def halt_expired(tx: Transaction, known: Mapping[JobId, Job]) -> dict[JobId, Quarantine]:
    """Stop the jobs whose four weeks are over; return the quarantines that stand."""
    standing = await store.load_all(tx)
    for job_id in [each for each in standing if each in known and is_over(standing[each], tx.now)]:
        del standing[job_id]
        await halt(tx, known[job_id], EXPIRED)
    return standing


async def quarantine_on_demand(tx: Transaction, caller: Caller, job_id: JobId) -> Quarantine:
    """Put a job into quarantine by hand; it stays there until somebody starts it, for four weeks at most.

    Raises:
        NothingToQuarantine, JobUnknown, PermissionMissing.
    """
    caller.check(Permission.SYNC_WRITE)
    job = await jobs.get_job(tx, job_id)
    if job is None:
        raise JobUnknown(target=str(job_id))
    trouble = Trouble(QuarantineReason.ON_DEMAND, ON_DEMAND, {"by": caller.name})
    await plan_store.ask_to_stop(tx, job_id)
    quarantine = await impose(tx, job, trouble, caller=caller)
    if quarantine is None:
        raise NothingToQuarantine(job=job.name, state=job.state.value)
    return quarantine


def _engine(tx: Transaction) -> Caller:
    return Caller.system("sync", tenant_id=tx.tenant_id, cause=tx.cause)
