"""Stop a job truly, start it again, and restart it from a clean state (provisioning §3.5, design D8)."""

from __future__ import annotations

from collections.abc import Set
from enum import StrEnum
from typing import Final

from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.errors import Invalid
from comity.core.ids import JobId
from comity.core.permissions import Permission
from comity.db.transaction import Transaction
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.sync import plan_store, store
from comity.sync.escrow import store as escrow
from comity.sync.held import store as held_store
from comity.sync.held.service import allow
from comity.sync.model import Job, JobState, JobUnknown
from comity.sync.service import wake

STOPPED: Final = "stopped"
"""Why a job rests that somebody stopped."""


class Reset(StrEnum):
    """What a restart forgets (Graph `resetScope`)."""

    NONE = "None"
    """Nothing; the job only goes on."""
    WATERMARK = "Watermark"
    """How far the feed was read: the next drain looks at everybody."""
    ESCROWS = "Escrows"
    """Failed entries: they are no longer retried as such."""
    QUARANTINE = "QuarantineState"
    CONNECTOR = "ConnectorDataStore"
    """Which account stands for whom: matching is done again."""
    FORCE_DELETES = "ForceDeletes"
    """Deletes that the threshold held are done."""
    FULL = "Full"
    """All of it but forced deletes (D-5)."""


_AS_THE_PORTAL: Final = frozenset({Reset.QUARANTINE, Reset.WATERMARK, Reset.ESCROWS})
_ALL: Final = _AS_THE_PORTAL | {Reset.CONNECTOR}


class ResetInvalid(Invalid):
    """That is no `resetScope`; lists those there are."""

    code = "reset-scope-invalid"


def read_resets(text: str) -> frozenset[Reset]:
    """The parts that a comma list of flags means; an empty one is what the portal's button does.

    Raises:
        ResetInvalid.
    """
    known = {each.value.lower(): each for each in Reset}
    named = {part.strip().lower() for part in text.split(",")} - {""}
    if unknown := named - known.keys():
        raise ResetInvalid(given=", ".join(sorted(unknown)), known=", ".join(each.value for each in Reset))
    resets = {known[each] for each in named}
    if not resets:
        return _AS_THE_PORTAL
    if Reset.FULL in resets:
        resets |= _ALL
    return frozenset(resets - {Reset.FULL, Reset.NONE})


async def stop(tx: Transaction, caller: Caller, job_id: JobId) -> Job:
    """Stop a job: whatever is under way halts before its next batch, and nothing wakes it (D8).

    Raises:
        JobUnknown, PermissionMissing.
    """
    caller.check(Permission.SYNC_WRITE)
    job = await _job(tx, job_id)
    await plan_store.ask_to_stop(tx, job_id)
    if job.state not in (JobState.PAUSED, JobState.NOT_CONFIGURED):
        await store.set_job_state(tx, job_id, JobState.PAUSED, STOPPED)
        await record(tx, caller, _moved("Stop sync job", job, JobState.PAUSED))
    return job


async def restart(tx: Transaction, caller: Caller, job_id: JobId, resets: Set[Reset]) -> Job:
    """Let a job run again, having forgotten what `resets` names.

    Raises:
        JobUnknown, PermissionMissing.
    """
    caller.check(Permission.SYNC_WRITE)
    job = await _job(tx, job_id)
    if Reset.CONNECTOR in resets:
        await plan_store.forget_links(tx, job_id)
        await held_store.drop_all(tx, job_id)  # who stands for whom is found anew, and so is who leaves
    if resets & {Reset.ESCROWS, Reset.CONNECTOR}:
        await escrow.forget(tx, job_id)
    if resets & {Reset.WATERMARK, Reset.CONNECTOR}:
        # A drain that is at work may still move the watermark; the entry makes the next one look at everybody.
        await plan_store.reset_watermark(tx, job_id)
        append(tx, [Change(ChangeKind.JOB_CHANGED, job_id)])
    if Reset.FORCE_DELETES in resets:
        await allow(tx, caller, job_id)
    lifts = not resets or Reset.QUARANTINE in resets
    if job.state is JobState.PAUSED or (job.state is JobState.QUARANTINE and lifts):
        await store.set_job_state(tx, job_id, JobState.ACTIVE, None)
    facts = {"resetScope": ",".join(sorted(each.value for each in resets)) or Reset.NONE.value}
    await record(
        tx, caller, Record("Restart sync job", "syncJob", job_id, before={"state": job.state.value}, after=facts)
    )
    await wake(tx)
    return job


async def set_drift_repair(tx: Transaction, caller: Caller, job_id: JobId, *, on: bool) -> Job:
    """Say whether plans that bring changed accounts back in line may be applied.

    Raises:
        JobUnknown, PermissionMissing.
    """
    caller.check(Permission.SYNC_WRITE)
    job = await _job(tx, job_id)
    if await plan_store.set_drift_repair(tx, job_id, on=on):
        before, after = {"driftRepair": not on}, {"driftRepair": on}
        await record(tx, caller, Record("Update sync job", "syncJob", job_id, before=before, after=after))
    return job


def _moved(action: str, job: Job, state: JobState) -> Record:
    return Record(action, "syncJob", job.id, before={"state": job.state.value}, after={"state": state.value})


async def _job(tx: Transaction, job_id: JobId) -> Job:
    job = await store.get_job(tx, job_id)
    if job is None:
        raise JobUnknown(target=str(job_id))
    return job
