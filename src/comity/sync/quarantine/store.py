"""Rows and nouns of quarantine, in the source tenant."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from comity.core.ids import JobId
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.values import jsonb
from comity.sync.model import JobState
from comity.sync.quarantine.decide import WINDOW
from comity.sync.quarantine.model import Figures, Quarantine, QuarantineReason, Trouble

Q: Final = Queries("comity.sync.quarantine")


async def load_all(tx: Transaction) -> dict[JobId, Quarantine]:
    """Every quarantine of the tenant's jobs."""
    return {each.job_id: each for each in await tx.all(_quarantine, Q.all)}


async def load(tx: Transaction, job_id: JobId) -> Quarantine | None:
    """The job's quarantine; None if it is in none."""
    return await tx.one(_quarantine, Q.of_job, job_id=job_id)


async def save(tx: Transaction, quarantine: Quarantine) -> None:
    """Write it, whatever stood there."""
    trouble = quarantine.trouble
    await tx.execute(
        Q.save,
        job_id=quarantine.job_id, reason=trouble.reason.value, error=trouble.error, facts=jsonb(dict(trouble.facts)),
        current_began=quarantine.current_began, series_began=quarantine.series_began,
        series_count=quarantine.series_count, next_attempt=quarantine.next_attempt,
    )  # fmt: skip


async def drop(tx: Transaction, job_id: JobId) -> None:
    """The job is in none any more."""
    await tx.execute(Q.drop, job_id=job_id)


async def move(tx: Transaction, job_id: JobId, state: JobState, reason: str | None) -> bool:
    """Where a running job rests from now on; False if somebody stopped it meanwhile."""
    return await tx.execute(Q.move, job_id=job_id, state=state.value, reason=reason) > 0


async def load_figures(tx: Transaction, job_id: JobId) -> Figures:
    """What the thresholds are about."""
    row = await tx.row(Q.figures, job_id=job_id, since=tx.now - WINDOW)
    return Figures(*row) if row else Figures(0, 0, 0, 0)


def _quarantine(
    job_id: UUID, reason: str, error: str, facts: Mapping[str, Any], current_began: datetime, series_began: datetime,
    series_count: int, next_attempt: datetime,
) -> Quarantine:  # fmt: skip
    trouble = Trouble(QuarantineReason(reason), error, facts)
    return Quarantine(JobId(job_id), trouble, current_began, series_began, series_count, next_attempt)
