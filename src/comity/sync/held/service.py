"""See what was held back, and say what becomes of it; set from how many deletions on a job holds them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from uuid import UUID

from comity.audit.model import Facts
from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.ids import NOWHERE, JobId
from comity.core.permissions import Permission
from comity.db.transaction import Transaction
from comity.sync import store
from comity.sync.held import store as held_store
from comity.sync.held.decide import check_threshold
from comity.sync.held.model import HeldDelete, HeldState, NothingHeld
from comity.sync.model import Job, JobUnknown, Threshold
from comity.sync.service import wake

_PAGE_MAX: Final = 1000


async def list_held(
    tx: Transaction,
    caller: Caller,
    job_id: JobId,
    *,
    states: Collection[HeldState] = (HeldState.WAITING,),
    after: UUID = NOWHERE,
    at_most: int = 100,
) -> list[HeldDelete]:
    """Whose deletion a job has held, by id behind `after`; without names for whoever may not read people.

    Raises:
        JobUnknown, PermissionMissing.
    """
    caller.check(Permission.SYNC_READ)
    await _job(tx, job_id)
    found = await held_store.list_held(tx, job_id, states, after=after, at_most=min(at_most, _PAGE_MAX))
    if caller.may(Permission.USER_READ):
        return found
    return [each._replace(display_name=None, user_principal_name=None) for each in found]


async def allow(tx: Transaction, caller: Caller, job_id: JobId, people: Collection[UUID] | None = None) -> int:
    """Have held deletions done: those of the people (or groups) named, or all that wait. The next drain does them.

    Returns how many. Whoever is offered again by then stays.

    Raises:
        NothingHeld (of somebody named), JobUnknown, PermissionMissing.
    """
    done = await _say(tx, caller, job_id, HeldState.ALLOWED, people, "Allow held deletes")
    if done:
        await wake(tx)
    return done


async def reject(tx: Transaction, caller: Caller, job_id: JobId, people: Collection[UUID] | None = None) -> int:
    """Have held deletions left undone: those named, or all that wait; they stay so while out of scope.

    Returns how many. A rejected one may be allowed later, by name.

    Raises:
        NothingHeld (of somebody named), JobUnknown, PermissionMissing.
    """
    return await _say(tx, caller, job_id, HeldState.REJECTED, people, "Reject held deletes")


async def set_threshold(tx: Transaction, caller: Caller, job_id: JobId, threshold: Threshold) -> Job:
    """Say from how many deletions on a job holds them; what is held already waits on.

    Raises:
        ThresholdInvalid, JobUnknown, PermissionMissing.
    """
    caller.check(Permission.SYNC_WRITE)
    check_threshold(threshold)
    job = await _job(tx, job_id)
    if job.threshold != threshold:
        await held_store.set_threshold(tx, job_id, threshold)
        facts = _facts(job.threshold), _facts(threshold)
        await record(tx, caller, Record("Update sync job", "syncJob", job_id, before=facts[0], after=facts[1]))
    return await _job(tx, job_id)


async def _say(
    tx: Transaction,
    caller: Caller,
    job_id: JobId,
    state: HeldState,
    people: Collection[UUID] | None,
    action: str,
) -> int:
    caller.check(Permission.SYNC_WRITE)
    job = await _job(tx, job_id)
    if people is not None:
        known = await held_store.load_states(tx, job_id, people)
        if missing := [str(each) for each in people if each not in known]:
            raise NothingHeld(job=job.name, people=", ".join(missing))
    counts = (await held_store.load_counts(tx, [job_id])).get(job_id)
    if counts is None or (people is None and not counts.waiting):
        return 0
    facts: dict[str, object] = {"job": job.name, "state": state.value}
    facts |= {"waiting": counts.waiting} if people is None else {"people": sorted(people)}
    await record(tx, caller, Record(action, "syncJob", job_id, after=facts))
    # What is done then has the approval as its cause: a run of its own, in log and undo.
    cause = tx.cause if state is HeldState.ALLOWED else None
    return len(await held_store.say(tx, job_id, state, people, cause=cause))


async def _job(tx: Transaction, job_id: JobId) -> Job:
    job = await store.get_job(tx, job_id)
    if job is None:
        raise JobUnknown(target=str(job_id))
    return job


def _facts(threshold: Threshold) -> Facts:
    return {"thresholdEnabled": threshold.is_on, "number": threshold.number, "percent": threshold.percent}
