"""Rows and nouns of held deletions, in the source tenant."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from comity.core.ids import CauseId, GroupId, JobId, UserId
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.values import array_text
from comity.sync.held.model import HeldCount, HeldDelete, HeldState
from comity.sync.model import Skip, Threshold

Q: Final = Queries("comity.sync.held")


async def load_counts(tx: Transaction, jobs: Collection[JobId] | None = None) -> dict[JobId, HeldCount]:
    """How many deletions are held, of these jobs or of all; a job without any is missing."""
    rows = await tx.rows(Q.counts_of_all) if jobs is None else await tx.rows(Q.counts, jobs=list(jobs))
    found: dict[JobId, dict[str, int]] = {}
    for job_id, state, count in rows:
        found.setdefault(JobId(job_id), {})[state] = count
    return {job_id: HeldCount(**counts) for job_id, counts in found.items()}


async def load_outset(tx: Transaction, job_id: JobId) -> tuple[HeldCount, bool]:
    """How many of a job's deletions are held, and whether it keeps any account in line at all."""
    row = await tx.row(Q.outset, job_id=job_id)
    assert row is not None  # counts have a row always
    return HeldCount(*row[:3]), row[3]


async def load_states(tx: Transaction, job_id: JobId, ids: Collection[UUID]) -> dict[UserId, HeldState]:
    """What was said of these people's (or groups') deletions; whoever is not held is missing."""
    rows = await tx.rows(Q.states, job_id=job_id, ids=array_text(ids))
    return {UserId(source_id): HeldState(state) for source_id, state in rows}


async def count_recent(tx: Transaction, job_id: JobId, *, since: datetime) -> int:
    """How many the job deleted since then without being told to by name."""
    row = await tx.row(Q.recent, job_id=job_id, since=since)
    return int(row[0]) if row else 0


async def count_links(tx: Transaction, job_id: JobId, *, at_most: int | None) -> int:
    """How many accounts the job keeps in line, counted up to `at_most`."""
    row = await tx.row(Q.links, job_id=job_id, at_most=at_most)
    return int(row[0]) if row else 0


async def load_not_offered(
    tx: Transaction, job_id: JobId, ids: Collection[UserId], *, everybody: bool, filtered: bool
) -> list[UserId]:
    """Who of these stands in the target and is offered no more; with a filter: everybody who stands there."""
    rows = await tx.rows(Q.not_offered, job_id=job_id, ids=array_text(ids), everybody=everybody, filtered=filtered)
    return [UserId(row[0]) for row in rows]


async def load_leaving_groups(tx: Transaction, job_id: JobId, ids: Collection[UUID]) -> set[UserId]:
    """Which of these groups the job would take away from the target."""
    rows = await tx.rows(Q.leaving_groups, job_id=job_id, ids=array_text(ids))
    return {UserId(row[0]) for row in rows}


async def add(tx: Transaction, job_id: JobId, skips: Sequence[Skip], causes: Mapping[UserId, CauseId]) -> None:
    """Hold these deletions."""
    await tx.execute(
        Q.add,
        job_id=job_id, ids=array_text(each.source_id for each in skips),
        kinds=array_text(each.kind or "user" for each in skips), targets=array_text(each.target_id for each in skips),
        causes=array_text(causes[each.source_id] for each in skips), at=tx.now,
    )  # fmt: skip


async def drop(tx: Transaction, job_id: JobId, ids: Iterable[UUID]) -> int:
    """These are held no longer; return how many were."""
    return await tx.execute(Q.drop, job_id=job_id, ids=array_text(ids))


async def drop_all(tx: Transaction, job_id: JobId) -> int:
    """Nothing of the job is held any longer."""
    return await tx.execute(Q.drop_all, job_id=job_id)


async def list_held(
    tx: Transaction, job_id: JobId, states: Collection[HeldState], *, after: UUID, at_most: int
) -> list[HeldDelete]:
    """One page of held deletions with names, by id behind `after`."""
    found = await tx.all(
        HeldDelete, Q.held, job_id=job_id, states=[each.value for each in states], after=after, at_most=at_most
    )
    return [each._replace(state=HeldState(each.state)) for each in found]


async def say(
    tx: Transaction, job_id: JobId, state: HeldState, ids: Collection[UUID] | None, *, cause: CauseId | None
) -> list[UUID]:
    """Note what is said of the deletions named, or of all that wait; return whose it was."""
    named = None if ids is None else array_text(ids)
    return [row[0] for row in await tx.rows(Q.say, job_id=job_id, state=state.value, ids=named, cause=cause)]


async def allowed_jobs(tx: Transaction) -> list[JobId]:
    """Jobs that have held deletions to do."""
    return [JobId(row[0]) for row in await tx.rows(Q.allowed_jobs)]


async def page_of_allowed(
    tx: Transaction, job_id: JobId, kind: str, *, after: UUID, at_most: int
) -> dict[UserId, CauseId]:
    """Whose deletion is allowed, by id behind `after`, with the approval."""
    rows = await tx.rows(Q.allowed, job_id=job_id, kind=kind, after=after, at_most=at_most)
    return {UserId(source_id): CauseId(cause) for source_id, cause in rows}


async def load_allowed_groups(tx: Transaction, job_id: JobId) -> dict[GroupId, CauseId]:
    """Groups whose deletion is allowed, with the approval; groups are few."""
    rows = await tx.rows(Q.allowed, job_id=job_id, kind="group", after=UUID(int=0), at_most=None)
    return {GroupId(source_id): CauseId(cause) for source_id, cause in rows}


async def set_threshold(tx: Transaction, job_id: JobId, threshold: Threshold) -> None:
    """Save from how many deletions on a job holds them."""
    await tx.execute(
        Q.set_threshold, id=job_id, is_on=threshold.is_on, number=threshold.number, percent=threshold.percent
    )
