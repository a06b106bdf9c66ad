"""Note who failed and who is mended; see who is in escrow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from comity.core.caller import Caller
from comity.core.ids import JobId
from comity.core.permissions import Permission
from comity.db.transaction import Transaction
from comity.sync.escrow import store
from comity.sync.escrow.decide import next_attempt
from comity.sync.escrow.model import Escrow
from comity.sync.lanes import Lane
from comity.sync.model import Skip

PAGE_MAX: Final = 1000


async def note(tx: Transaction, lane: Lane, *, looked_at: Iterable[UUID], skips: Iterable[Skip]) -> None:
    """After a look: who failed is in escrow, everybody else who was looked at is not.

    Without failures, and where nobody was in escrow, no statement.
    """
    failed = {each.source_id: each for each in skips if each.failed}
    if not failed and not lane.someone_failed:
        return
    mended = set(looked_at) - failed.keys()
    if mended and lane.someone_failed:
        await store.leave(tx, lane.job.id, mended)
    if not failed:
        return
    lane.someone_failed = True
    tried_again = failed.keys() & lane.due.keys()
    known = await store.load_series(tx, lane.job.id, tried_again) if tried_again else {}
    entries, dropped = [], []
    for source_id, skip in failed.items():
        since, attempts = known.get(source_id, (tx.now, 0))
        code = skip.reason.value
        retry_at = next_attempt(code, failed_since=since, now=tx.now)
        if retry_at is None:
            dropped.append(source_id)
            continue
        entries.append(
            Escrow(
                lane.job.id, source_id, skip.kind or "user", code, skip.details, since, tx.now, attempts + 1, retry_at
            )
        )
    if entries:
        await store.save(tx, lane.job.id, entries)
    if dropped:
        await store.leave(tx, lane.job.id, dropped)


async def list_escrow(
    tx: Transaction,
    caller: Caller,
    *,
    job_id: JobId | None = None,
    after: tuple[JobId, UUID] | None = None,
    at_most: int = 100,
) -> list[Escrow]:
    """Who failed in a job, or in all of the tenant's, and when they are tried again; by job and id, behind `after`.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.SYNC_READ)
    return await store.list_entries(tx, job_id=job_id, after=after, at_most=min(at_most, PAGE_MAX))
