"""Rows and nouns of escrow, in the source tenant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from comity.core.ids import JobId
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.values import array_text, dump_json
from comity.sync.escrow.model import Escrow

Q: Final = Queries("comity.sync.escrow")
_NOBODY: Final = UUID(int=0)


async def load_due(tx: Transaction, job_id: JobId, *, at_most: int) -> dict[UUID, str]:
    """Who is to be tried again by now: id to kind."""
    return dict(await tx.rows(Q.due, job_id=job_id, at=tx.now, at_most=at_most))


async def jobs_due(tx: Transaction, jobs: Sequence[JobId]) -> set[JobId]:
    """In which of these jobs somebody is to be tried again by now."""
    return {JobId(row[0]) for row in await tx.rows(Q.jobs_due, jobs=list(jobs), at=tx.now)}


async def hasten(tx: Transaction, job_id: JobId) -> None:
    """Have everybody in the job's escrow tried in this cycle."""
    await tx.execute(Q.hasten, job_id=job_id, at=tx.now)


async def load_series(tx: Transaction, job_id: JobId, ids: Iterable[UUID]) -> dict[UUID, tuple[datetime, int]]:
    """Since when, and how often, these have failed."""
    return {row[0]: (row[1], row[2]) for row in await tx.rows(Q.series, job_id=job_id, ids=array_text(ids))}


async def save(tx: Transaction, job_id: JobId, entries: Sequence[Escrow]) -> None:
    """Write these entries, whatever stood there."""
    await tx.execute(
        Q.save,
        job_id=job_id, at=tx.now,
        ids=array_text(each.source_id for each in entries),
        kinds=[each.kind for each in entries],
        codes=[each.code for each in entries],
        details=[None if each.details is None else dump_json(each.details) for each in entries],
        since=[each.failed_since for each in entries],
        attempts=[each.attempts for each in entries],
        retry_at=[each.retry_at for each in entries],
    )  # fmt: skip


async def leave(tx: Transaction, job_id: JobId, ids: Iterable[UUID]) -> None:
    """These are in escrow no more."""
    await tx.execute(Q.leave, job_id=job_id, ids=array_text(ids))


async def forget(tx: Transaction, job_id: JobId) -> int:
    """Nobody of the job is in escrow any more; return how many were."""
    return await tx.execute(Q.forget, job_id=job_id)


async def list_entries(
    tx: Transaction, *, job_id: JobId | None, after: tuple[JobId, UUID] | None, at_most: int
) -> list[Escrow]:
    """Who is in escrow, by job and id, behind `after`."""
    after_job, after_id = after or (_NOBODY, _NOBODY)
    return await tx.all(Escrow, Q.entries, job_id=job_id, after_job=after_job, after=after_id, at_most=at_most)


async def count(tx: Transaction) -> dict[JobId, int]:
    """How many are in escrow, by job."""
    return {JobId(job_id): number for job_id, number in await tx.rows(Q.counts)}


async def expire(tx: Transaction, *, before: datetime) -> int:
    """Forget those whose series began before; return how many."""
    return await tx.execute(Q.expire, before=before)
