"""Look ahead: whom a stretch would delete, all of them, before the first one is (design D8).

Asked in the source alone and only where it can matter: a stretch whose people of a job fit one page is judged by that
page. Counting ends as soon as it is clear that there are too many.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from uuid import UUID

from comity.core.ids import NOWHERE, CauseId, JobId, TenantId, UserId
from comity.db.database import Database
from comity.events import feed
from comity.events.model import Entry, FeedExpired
from comity.sync import plan_store, store
from comity.sync.held.guard import leaving_of
from comity.sync.held.store import load_not_offered, page_of_allowed
from comity.sync.lanes import Lane
from comity.sync.model import Job
from comity.sync.reading import read_page
from comity.sync.worklist import Worklist

ReadWork = Callable[[Sequence[Entry]], Awaitable[Worklist]]
"""From entries of the feed to the people whom they concern."""


async def foresee(
    db: Database,
    source: TenantId,
    lanes: Iterable[Lane],
    known: Sequence[Job],
    entries: Sequence[Entry] | None,
    work: Worklist | None,
    *,
    read_work: ReadWork,
    page_size: int,
) -> None:
    """Have each lane hold the stretch's deletions if they are too many together.

    `entries` and `work` are None for a look at everybody. What one change set off counts whole, also where the
    feed goes on about it behind the stretch.
    """
    for lane in lanes:
        guard, job = lane.guard, lane.job
        matters = job.threshold.is_on and job.actions.delete and guard.has_links
        if not matters or _is_one_page(work, job.id, entries, page_size):
            continue
        gone: set[UserId] = set()
        async for ids in _pages(db, source, lane, entries, work, read_work, page_size):
            async with db.tenant(source, many_rows=True) as tx:
                candidates = await load_not_offered(
                    tx, job.id, ids, everybody=lane.everybody, filtered=job.filter is not None
                )
                if not candidates:
                    continue
                await guard.recall(tx, candidates)
                gone |= leaving_of(await read_page(tx, [job], known, candidates), job, known)
                if await guard.exceeds(tx, gone):
                    guard.is_holding = True
                    break


def _is_one_page(work: Worklist | None, job_id: JobId, entries: Sequence[Entry] | None, page_size: int) -> bool:
    """Will the drain see all that the stretch deletes for the job on one page?"""
    if work is None or entries is None or job_id in work.full or len(entries) >= page_size:
        return False
    if any(job_id in jobs for jobs, _ in work.groups.values()):
        return False
    pages = [people for jobs, people in work.shared() if job_id in jobs]
    return len(pages) <= 1 and all(len(people) <= page_size for people in pages)


async def _pages(
    db: Database,
    source: TenantId,
    lane: Lane,
    entries: Sequence[Entry] | None,
    work: Worklist | None,
    read_work: ReadWork,
    page_size: int,
) -> AsyncIterator[list[UserId]]:
    """Everybody whom the stretch, and the rest of its last change, concern in this lane."""
    if work is None or entries is None:
        async for ids in _linked(db, source, lane.job.id, page_size):
            yield ids
        return
    async for ids in _worked_on(db, source, lane.job.id, work, page_size):
        yield ids
    if len(entries) < page_size:
        return
    async for more in _same_change(db, source, entries[-1], page_size):
        async for ids in _worked_on(db, source, lane.job.id, await read_work(more), page_size):
            yield ids


async def _same_change(db: Database, source: TenantId, last: Entry, page_size: int) -> AsyncIterator[list[Entry]]:
    """Entries behind `last` that the same change wrote: they follow each other."""
    after, cause = last.position, last.cause
    while cause is not None:
        async with db.tenant(source) as tx:
            try:
                entries = await feed.read(tx, after=after, at_most=page_size)
            except FeedExpired:
                return  # cut off meanwhile; the drain will look at everybody
        ours = [each for each in entries if each.cause == cause]
        if ours:
            yield ours
        if not ours or ours[-1] is not entries[-1]:
            return
        after = ours[-1].position


async def _worked_on(
    db: Database, source: TenantId, job_id: JobId, work: Worklist, page_size: int
) -> AsyncIterator[list[UserId]]:
    people = sorted(work.people.get(job_id, ()))
    for start in range(0, len(people), page_size):
        yield people[start : start + page_size]
    for group_id, (jobs, _) in work.groups.items():
        after: UUID = NOWHERE
        while job_id in jobs:
            async with db.tenant(source, many_rows=True) as tx:
                ids = await store.page_of_members(tx, group_id, after=after, at_most=page_size)
            if not ids:
                break
            yield ids
            after = ids[-1]
    if job_id in work.full:
        async for ids in _linked(db, source, job_id, page_size):
            yield ids


async def _linked(db: Database, source: TenantId, job_id: JobId, page_size: int) -> AsyncIterator[list[UserId]]:
    after: UUID = NOWHERE
    while True:
        async with db.tenant(source, many_rows=True) as tx:
            ids = await plan_store.page_of_linked(tx, job_id, after=after, at_most=page_size)
        if not ids:
            return
        yield ids
        after = ids[-1]


async def allowed_pages(
    db: Database, source: TenantId, lanes: Iterable[Lane], *, page_size: int
) -> AsyncIterator[tuple[frozenset[JobId], dict[UserId, CauseId]]]:
    """People whose deletion was held and is allowed now, each with the approval; read before the first goes."""
    for lane in lanes:
        after: UUID = NOWHERE
        while True:
            async with db.tenant(source) as tx:
                page = await page_of_allowed(tx, lane.job.id, "user", after=after, at_most=page_size)
            if not page:
                break
            yield frozenset({lane.job.id}), page
            after = max(page)
