"""One wake-up's work: read the source's feed, decide, apply in the targets, advance (design D8, style §3).

A is the source, B a target. Each page is: read as A; then, in one transaction as B, look, decide
and apply with receipts; then, as A again, project receipts to log and links. The watermark follows
when everything behind it is applied. A crash anywhere repeats a page, which then changes nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from uuid import UUID

from comity.core.caller import Caller
from comity.core.ids import NOWHERE, CauseId, GroupId, JobId, PlanId, RunId, TenantId, UserId, new_id
from comity.db.crossings.cycle import InboundSyncOff, claim
from comity.db.database import Database
from comity.db.transaction import Transaction
from comity.directory.store import analyze_people
from comity.events import feed
from comity.events.model import ChangeKind, Entry, FeedExpired
from comity.partners.model import Shortfall
from comity.sync import store
from comity.sync.books import count, open_runs, project, refuse
from comity.sync.escrow import store as escrow
from comity.sync.escrow.service import note as note_escrow
from comity.sync.groups.model import GROUP
from comity.sync.groups.walk import Outcome, find_groups, moved_by, owe_groups, pass_groups, settle_groups
from comity.sync.held.ahead import allowed_pages, foresee
from comity.sync.held.store import allowed_jobs, load_allowed_groups
from comity.sync.lanes import Lane, open_lane
from comity.sync.later_tenants import extend_shares
from comity.sync.model import PAGE_SIZE, Counts, Job, JobState, Receipt, RunState, Skip
from comity.sync.newcomers.model import NEWCOMERS_MIN, Newcomers
from comity.sync.newcomers.store import read_newcomers
from comity.sync.newcomers.welcome import alike, note_arrival, welcome
from comity.sync.passage import Passage, Passed
from comity.sync.patience import PatternsTooSlow
from comity.sync.quarantine.attempts import begin as begin_attempts
from comity.sync.quarantine.attempts import check_gates
from comity.sync.quarantine.attempts import settle as settle_quarantine
from comity.sync.quarantine.service import halt
from comity.sync.reading import Reading, read_page
from comity.sync.recovering import recover
from comity.sync.references import note_references
from comity.sync.worklist import Worklist, read_entries

_LEFT: Final = ChangeKind.MEMBER_REMOVED
PAGES_UNDER_WAY: Final = 2
"""Pages in work at once in one drain; versions guard each row, so their order does not matter."""
ANALYZE_FROM: Final = 1000
ANALYZE_GROWTH: Final = 4
"""After so many new people, and each time they are so many times as many, the planner is told: until then
it takes a tenant that has just been filled for one of a single row."""


class Phase(StrEnum):
    """Where a drain is; watchers are told on entry."""

    READING = "reading"
    PLANNING = "planning"
    APPLYING = "applying"
    """Rows are written in the target, not committed."""
    APPLIED = "applied"
    """Committed in the target; the source does not know yet."""
    ADVANCED = "advanced"
    """The source's log and links are written; the watermark is not."""
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Progress:
    """What a watcher is told: the phase, the job (if one is at work), and figures of the drain so far."""

    phase: Phase
    job_id: JobId | None
    looked_at: int
    counts: Counts


Watch = Callable[[Progress], None]
FindGroups = Callable[[Transaction, Lane], Awaitable[dict[GroupId, CauseId]]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A job that may not run: the gate's code."""

    job_id: JobId
    code: str


@dataclass(slots=True)
class Drained:
    """What a drain did. `claimed` is False if another process is draining this tenant."""

    claimed: bool
    counts: dict[JobId, Counts] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    left: set[JobId] = field(default_factory=set)
    """Jobs that were paused on the way; they go on where they stood when they are started again."""
    entries: int = 0
    wasted: int = 0

    @property
    def total(self) -> Counts:
        """All jobs together."""
        return sum(self.counts.values(), Counts())


async def drain(
    db: Database,
    source: TenantId,
    *,
    cause: CauseId | None = None,
    watch: Watch = lambda _: None,
    going: Callable[[], bool] = lambda: True,
    page_size: int = PAGE_SIZE,
    newcomers_min: int = NEWCOMERS_MIN,
) -> Drained:
    """Bring the targets of all active jobs of `source` in line with what its feed says.

    `cause` stands in for entries and first runs that carry none of their own. `going` is asked between
    pages; once it says no, the drain ends where it stands and the next one resumes. `page_size` is how
    many people are read, decided and applied together, and how many entries of the feed are read at once; from
    `newcomers_min` new people on a page on, they go their own way.
    """
    async with claim(db, source) as ours:
        if not ours:
            return Drained(claimed=False)
        return await _Drain(db, source, cause or CauseId(new_id()), watch, going, page_size, newcomers_min).run()


class _Drain:
    """The state of one drain."""

    def __init__(
        self,
        db: Database,
        source: TenantId,
        cause: CauseId,
        watch: Watch,
        going: Callable[[], bool],
        page_size: int,
        newcomers_min: int,
    ) -> None:
        self._db = db
        self._source = source
        self._cause = cause
        self._watch = watch
        self._going = going
        self._page_size = page_size
        self._newcomers_min = newcomers_min
        self._result = Drained(claimed=True)
        self._lanes: dict[JobId, Lane] = {}
        self._all_jobs: list[Job] = []
        self._analyze_at = ANALYZE_FROM
        self._unread: set[JobId] = set()
        """Jobs whose target did not let us read what an earlier drain had applied."""
        self._resumed: dict[JobId, dict[CauseId, RunId]] = {}
        """Runs that an earlier drain was cut off in; they end with the first stretch of their job."""
        self._allowed: list[JobId] = []
        """Jobs with deletions that were held and are allowed now."""
        self._looked_at = 0
        self._trying: set[JobId] = set()
        """Jobs in quarantine that this drain tries, and that have not been through a stretch yet."""
        self._tried: frozenset[JobId] = frozenset()
        self._quarantined = False
        self._somebody_failed = True
        """May somebody of the jobs at work be in escrow? Not known before the first stretch."""

    async def run(self) -> Drained:
        await self._recover()
        await self._try_the_quarantined()
        await self._release()
        is_idle = True
        while self._going():
            async with self._db.tenant(self._source, many_rows=True) as tx:
                self._all_jobs = await store.list_jobs(tx)
                jobs = [each for each in self._all_jobs if self._may_run(each)]
                behind, entries, to_position = await _next_stretch(tx, jobs, self._page_size)
                if entries == []:
                    behind = await self._to_try_again(tx, behind)
            if not behind:
                if is_idle:  # the gate is a part of each cycle, also of one without changes
                    self._note_closed(await check_gates(self._db, self._source, jobs, self._cause))
                break
            is_idle = False
            if await self._open_lanes(behind, to_position):
                await self._stretch(entries, to_position)
        async with self._db.tenant(self._source) as tx:
            left = [run_id for runs in self._resumed.values() for run_id in runs.values()]
            await store.end_runs(tx, left, RunState.STOPPED)
        self._tell(Phase.FINISHED, None)
        return self._result

    # ── before: what was cut off, who may run ────────────────────────────────────────────────────

    async def _recover(self) -> None:
        """Project what an earlier drain applied before it was cut off (design §4.6).

        Then, before anything is read: tenants that joined the organisation get what is shared with all.
        """
        self._unread = await recover(self._db, self._source)
        # Of all jobs, not of those with a plan cut off: a drain may have been cut off before it came to them.
        async with self._db.tenant(self._source, cause=self._cause) as tx:
            self._resumed = await store.running_runs(tx)
            self._allowed = await allowed_jobs(tx)
            jobs = await store.list_jobs(tx)
            self._quarantined = any(each.state is JobState.QUARANTINE for each in jobs)
            if any(each.for_later_tenants for each in jobs):
                await extend_shares(tx, Caller.system("sync", tenant_id=self._source, cause=self._cause))

    async def _try_the_quarantined(self) -> None:
        if not self._quarantined:
            return
        attempts = await begin_attempts(self._db, self._source, self._cause)
        self._trying, self._tried = attempts.trying, frozenset(attempts.trying)
        self._note_closed(attempts.closed)

    async def _to_try_again(self, tx: Transaction, jobs: Sequence[Job]) -> list[Job]:
        """Nothing has changed: the jobs that are tried out of quarantine, or have somebody whose time has come."""
        due = set(self._trying)
        if self._somebody_failed:
            due |= await escrow.jobs_due(tx, [each.id for each in jobs])
        return [each for each in jobs if each.id in due]

    def _may_run(self, job: Job) -> bool:
        if any(each.job_id == job.id for each in self._result.refused) or job.id in self._result.left:
            return False
        return job.state is JobState.ACTIVE or (job.state is JobState.QUARANTINE and job.id in self._tried)

    def _note_closed(self, codes: Mapping[JobId, str]) -> None:
        self._result.refused += [Refusal(job_id, code) for job_id, code in codes.items()]

    async def _release(self) -> None:
        """Do what was held back and is allowed now, before anything new; it has causes of its own: the approvals."""
        if not self._allowed:
            return
        async with self._db.tenant(self._source) as tx:
            self._all_jobs = await store.list_jobs(tx)
        jobs = [each for each in self._all_jobs if each.id in self._allowed and self._may_run(each)]
        if not jobs or not await self._open_lanes(jobs, 0):
            return
        for lane in self._lanes.values():
            lane.run_kind = "allowed"
            self._resumed[lane.job.id], lane.resumed = lane.resumed, {}  # they end where they were cut off
            lane.due = {}
        pages = allowed_pages(self._db, self._source, list(self._lanes.values()), page_size=self._page_size)
        finished = await self._look_at(pages)
        finished = finished and await self._look_at_groups(lambda tx, lane: load_allowed_groups(tx, lane.job.id))
        await self._leave_lanes(finished, None)

    async def _open_lanes(self, jobs: Sequence[Job], to_position: int) -> bool:
        """Ask the gate of each job and note a plan for those that may run."""
        self._lanes = {}
        for job in jobs:
            lane = await open_lane(self._db, self._source, job, PlanId(new_id()))
            lane.resumed = self._resumed.pop(job.id, {})
            code = await self._gate(lane)
            async with self._db.tenant(self._source, many_rows=True) as tx:
                if code is not None:
                    await self._refuse(tx, lane, code)
                    continue
                if lane.someone_failed:
                    lane.due = await escrow.load_due(tx, job.id, at_most=self._page_size)
                guard = {"job": job.version}
                await store.add_plan(tx, lane.plan_id, job, guard=guard, to_position=to_position, cause=self._cause)
            self._lanes[job.id] = lane
        return bool(self._lanes)

    async def _gate(self, lane: Lane) -> str | None:
        """Why the job may not run (a `Shortfall`); None if it may."""
        return Shortfall.INBOUND_SYNC.value if lane.job.id in self._unread else await lane.gate()

    async def _refuse(self, tx: Transaction, lane: Lane, code: str) -> None:
        await refuse(tx, lane.job, self._cause, lane.all_runs, code)
        self._result.refused.append(Refusal(lane.job.id, code))

    # ── one stretch of the feed ──────────────────────────────────────────────────────────────────

    async def _stretch(self, entries: list[Entry] | None, to_position: int) -> None:
        """Look at everybody whom this stretch concerns, then set the watermarks.

        `entries` is None for jobs that look at everybody they concern.
        """
        finished = await self._look_at(self._pages(entries))
        while finished and any(lane.unresolved for lane in self._lanes.values()):
            finished = await self._look_at(self._second_look())
        finished = finished and await self._look_at_groups(lambda tx, lane: find_groups(tx, lane, entries, self._cause))
        await self._leave_lanes(finished, to_position)

    async def _leave_lanes(self, finished: bool, to_position: int | None) -> None:
        """End plans and runs; and, if the feed was read up to there, set the watermarks."""
        async with self._db.tenant(self._source, many_rows=True) as tx:
            for lane in self._lanes.values():
                await self._leave_lane(tx, lane, finished, to_position)
        for lane in self._lanes.values():
            done = self._result.counts.get(lane.job.id, Counts())
            self._result.counts[lane.job.id] = done + lane.counts
            if lane.missed_a_page and lane.closed is None:
                self._result.left.add(lane.job.id)
        if to_position is not None:
            self._somebody_failed = any(lane.someone_failed for lane in self._lanes.values())
        self._lanes = {}
        if not finished:
            self._going = lambda: False

    async def _leave_lane(self, tx: Transaction, lane: Lane, finished: bool, to_position: int | None) -> None:
        stopped = not finished or lane.missed_a_page or not await _runs_on(tx, lane.job)
        if to_position is not None:
            self._trying.discard(lane.job.id)
        if not stopped and to_position is not None:
            await store.advance(tx, lane.job.id, to_position)
            await settle_groups(tx, lane.job.id)
        await store.end_plan(tx, lane.plan_id, "interrupted" if stopped else "applied", lane.counts)
        if lane.closed is not None:
            await self._refuse(tx, lane, lane.closed)
            return
        if lane.halted is not None:
            await store.end_runs(tx, lane.all_runs, RunState.FAILED, error=lane.halted.code)
            await halt(tx, lane.job, lane.halted.code, lane.halted.parameters)
            return
        if not stopped and to_position is not None:
            await settle_quarantine(tx, lane)
        await store.end_runs(tx, lane.all_runs, RunState.STOPPED if stopped else RunState.SUCCEEDED)

    async def _pages(
        self, entries: list[Entry] | None
    ) -> AsyncIterator[tuple[frozenset[JobId], dict[UserId, CauseId]]]:
        """Pages of people to look at, each with the jobs that look and what set it off."""
        if entries is None:
            await self._foresee(None, None)
            async for page in self._everybody(dict.fromkeys(self._lanes, self._cause)):
                yield page
            return
        work = await self._worklist(entries)
        for job_id, lane in self._lanes.items():
            people = work.people[job_id]
            # Whoever changed as well is looked at for that: a new series begins if she fails again.
            lane.due = {each: kind for each, kind in lane.due.items() if each not in people}
            people.update((UserId(each), self._cause) for each, kind in lane.due.items() if kind == "user")
        self._result.entries += len(entries)
        self._result.wasted += work.wasted
        await self._foresee(entries, work)
        async for page in self._worklist_pages(work):
            yield page

    async def _foresee(self, entries: Sequence[Entry] | None, work: Worklist | None) -> None:
        """Too many deletions are held whole, so they are counted before the first (design D8)."""
        await foresee(
            self._db, self._source, list(self._lanes.values()), self._all_jobs, entries, work,
            read_work=self._worklist, page_size=self._page_size,
        )  # fmt: skip

    async def _worklist(self, entries: Sequence[Entry]) -> Worklist:
        """Whom these entries concern in the lanes that are open."""
        async with self._db.tenant(self._source, many_rows=True) as tx:
            groups = await store.assigned_groups(tx, list(self._lanes))
            leavers = {UserId(each.related_id) for each in entries if each.kind is _LEFT and each.related_id}
            links = await store.load_links(tx, list(self._lanes), list(leavers)) if leavers else {}
            work = read_entries(
                entries,
                linked=links,
                read_bits={job_id: lane.read for job_id, lane in self._lanes.items()},
                assigned_groups=groups,
                everybody=frozenset(job_id for job_id, lane in self._lanes.items() if lane.everybody),
                fallback=self._cause,
            )
            await store.keep_groups(tx, work)
        return work

    async def _worklist_pages(self, work: Worklist) -> AsyncIterator[tuple[frozenset[JobId], dict[UserId, CauseId]]]:
        for jobs, people in work.shared():
            ids = sorted(people)
            for start in range(0, len(ids), self._page_size):
                yield jobs, {each: people[each] for each in ids[start : start + self._page_size]}
        for group_id, (group_jobs, cause) in work.groups.items():
            async for page in self._members(group_id, frozenset(group_jobs), cause):
                yield page
        if work.full:
            async for page in self._everybody(work.full):
                yield page

    async def _members(
        self, group_id: GroupId, jobs: frozenset[JobId], cause: CauseId
    ) -> AsyncIterator[tuple[frozenset[JobId], dict[UserId, CauseId]]]:
        after: UUID = NOWHERE
        while True:
            async with self._db.tenant(self._source, many_rows=True) as tx:
                ids = await store.page_of_members(tx, group_id, after=after, at_most=self._page_size)
            if not ids:
                return
            yield jobs, dict.fromkeys(ids, cause)
            after = ids[-1]

    async def _everybody(
        self, jobs: Mapping[JobId, CauseId]
    ) -> AsyncIterator[tuple[frozenset[JobId], dict[UserId, CauseId]]]:
        cause = next(iter(jobs.values()))
        everybody = any(self._lanes[job_id].everybody for job_id in jobs)
        after: UUID = NOWHERE
        while True:
            async with self._db.tenant(self._source, many_rows=True) as tx:
                ids = await store.page_of_candidates(
                    tx, list(jobs), everybody=everybody, after=after, at_most=self._page_size
                )
            if not ids:
                return
            yield frozenset(jobs), dict.fromkeys(ids, cause)
            after = ids[-1]

    async def _second_look(self) -> AsyncIterator[tuple[frozenset[JobId], dict[UserId, CauseId]]]:
        """People whose manager came into the target only in this stretch, or only now after an earlier one."""
        for lane in self._lanes.values():
            lane.settling = True
            again, lane.unresolved = lane.unresolved, {}
            ids = sorted(again)
            for start in range(0, len(ids), self._page_size):
                yield frozenset({lane.job.id}), {each: again[each] for each in ids[start : start + self._page_size]}

    async def _look_at(self, pages: AsyncIterator[tuple[frozenset[JobId], dict[UserId, CauseId]]]) -> bool:
        """Work on these pages, a few at a time: one is written while the next is read. False if stopped."""
        under_way: dict[asyncio.Task[None], Mapping[UserId, CauseId]] = {}
        try:
            async for jobs, causes in pages:
                if not self._going():
                    break
                # Nobody is on two pages at once: what one does to her the other must have seen.
                while len(under_way) >= PAGES_UNDER_WAY or not all(
                    causes.keys().isdisjoint(each) for each in under_way.values()
                ):
                    await _settle_some(under_way)
                under_way[asyncio.create_task(self._page(jobs, causes))] = causes
            while under_way:
                await _settle_some(under_way)
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
        return self._going()

    async def _look_at_groups(self, find: FindGroups) -> bool:
        """Groups, when everybody who may be a member has been looked at. False if stopped."""
        for lane in self._lanes.values():
            if lane.missed_a_page:
                continue
            async with self._db.tenant(self._source, many_rows=True) as tx:
                groups = await find(tx, lane)
            again = (GroupId(each) for each, kind in lane.due.items() if kind == GROUP)
            groups = dict.fromkeys(again, self._cause) | groups
            if not groups:
                continue
            begun = time.perf_counter()
            try:
                outcomes = await pass_groups(self._db, lane, groups, self._going)
            except InboundSyncOff:
                lane.missed_a_page, lane.closed = True, Shortfall.INBOUND_SYNC.value
                continue
            await self._note_groups(lane, groups, outcomes, begun)
        return self._going()

    # ── one page ─────────────────────────────────────────────────────────────────────────────────

    async def _page(self, jobs: frozenset[JobId], causes: dict[UserId, CauseId]) -> None:
        """Look at these people for these jobs: at those who are new just so, then at whoever is left, one by one."""
        self._tell(Phase.READING, None)
        self._looked_at += len(causes)
        left = await self._welcome_all(jobs, causes)
        if not left:
            return
        async with self._db.tenant(self._source, many_rows=True) as tx:
            # Closed before any target is visited: a transaction is one tenant's.
            ids = list(causes) if any(each is causes for each in left.values()) else sorted(set().union(*left.values()))
            reading = await read_page(tx, [self._lanes[each].job for each in sorted(left)], self._all_jobs, ids)
            for each in sorted(left.keys() & reading.running):
                await self._lanes[each].guard.prepare(tx, reading, self._all_jobs, ids)
        for job_id in sorted(left):
            lane = self._lanes[job_id]
            if job_id not in reading.running or lane.halted is not None:
                lane.missed_a_page = True
                continue
            people = [each for each in reading.people if each.id in left[job_id]]
            begun = time.perf_counter()
            try:
                lane.note_slow(reading.sifted[job_id].slow)
                passed = await self._passage(lane).take(reading, people, causes)
            except InboundSyncOff:
                lane.missed_a_page, lane.closed = True, Shortfall.INBOUND_SYNC.value
                continue
            except PatternsTooSlow as slow:
                lane.missed_a_page, lane.halted = True, slow
                continue
            self._tell(Phase.APPLIED, job_id)
            await self._note(lane, passed, reading, causes, begun)
            if any(self._lanes[each].job.target_tenant_id == lane.job.target_tenant_id for each in jobs - {job_id}):
                reading.note(job_id, passed.receipts)
            self._tell(Phase.ADVANCED, job_id)

    async def _welcome_all(
        self, jobs: frozenset[JobId], causes: Mapping[UserId, CauseId]
    ) -> dict[JobId, Collection[UserId]]:
        """Bring in those who are new, if they are many; return who is left, by job."""
        left: dict[JobId, Collection[UserId]] = dict.fromkeys(jobs, causes)
        if len(causes) < self._newcomers_min or len(set(causes.values())) > 1:
            return left
        cause = next(iter(causes.values()))
        for plain, lanes in alike([self._lanes[each] for each in sorted(jobs)]):
            async with self._db.tenant(self._source, many_rows=True) as tx:
                newcomers, others = await read_newcomers(
                    tx, [each.job for each in lanes], self._all_jobs, list(causes), plain, at_least=self._newcomers_min
                )
            if newcomers is None:
                continue
            for lane in lanes:
                remaining = {*others, *await self._welcome(lane, newcomers, causes.keys() - set(others), cause)}
                del left[lane.job.id]
                if remaining:
                    left[lane.job.id] = remaining
        return left

    async def _welcome(self, lane: Lane, newcomers: Newcomers, looked_at: Set[UserId], cause: CauseId) -> set[UserId]:
        """Bring the new ones of a page into one target; return who needs a closer look."""
        job_id, begun = lane.job.id, time.perf_counter()
        if job_id not in newcomers.running or lane.halted is not None:
            lane.missed_a_page = True
            return set()
        try:
            arrival, left = await welcome(
                lane,
                newcomers,
                cause,
                planning=lambda: self._tell(Phase.PLANNING, job_id),
                applying=lambda: self._tell(Phase.APPLYING, job_id),
            )
        except InboundSyncOff:
            lane.missed_a_page, lane.closed = True, Shortfall.INBOUND_SYNC.value
            return set()
        self._tell(Phase.APPLIED, job_id)
        if arrival is not None:
            await self._open_runs(lane, [cause])
            seconds = time.perf_counter() - begun
            counts = await note_arrival(self._db, lane, arrival, lane.runs[cause], seconds=seconds)
            lane.counts += counts  # only now: the page beside this one counts, too
            await self._analyze_if_grown(lane)
        if lane.someone_failed:
            # Also those who are nobody any more: they are not among the rows, and would be tried again for ever.
            async with self._db.tenant(self._source, cause=cause, flushed=False) as tx:
                await note_escrow(tx, lane, looked_at=looked_at - left, skips=[])
        self._tell(Phase.ADVANCED, job_id)
        return left

    def _passage(self, lane: Lane) -> Passage:
        job_id = lane.job.id
        return Passage(
            lane,
            self._all_jobs,
            self._cause,
            guard=lane.guard.hold,
            planning=lambda: self._tell(Phase.PLANNING, job_id),
            applying=lambda: self._tell(Phase.APPLYING, job_id),
        )

    # ── after: log, links, figures ───────────────────────────────────────────────────────────────

    async def _note(
        self,
        lane: Lane,
        passed: Passed,
        reading: Reading,
        causes: Mapping[UserId, CauseId],
        begun: float,
    ) -> None:
        """Project one page's receipts and failures to the source's log and links."""
        skips = [
            (number, skip, lane.plan_id, causes[skip.source_id])
            for number, skip in enumerate(passed.skips, start=lane.take_numbers(len(passed.skips)))
        ]
        counted = count(passed.receipts, skips)
        await self._open_runs(lane, counted)
        # Written unflushed like the batch itself: the watermark after it is committed flushed.
        async with self._db.tenant(self._source, cause=self._cause, flushed=False) as tx:
            waiting = lane.waiting if lane.settling else lane.unresolved
            await project(tx, lane.job, lane.runs, passed.receipts, skips, kept=passed.kept, waiting=waiting)
            await lane.guard.note(tx, passed.skips, causes, causes)
            await note_references(tx, lane, passed.receipts, reading, causes)
            await owe_groups(tx, lane, moved_by(passed.receipts))
            await note_escrow(tx, lane, looked_at=causes, skips=passed.skips)
            seconds = (time.perf_counter() - begun) / max(len(counted), 1)
            await store.count_runs(tx, {lane.runs[each]: counted[each] for each in sorted(counted)}, seconds=seconds)
        lane.counts = sum(counted.values(), lane.counts)
        await self._analyze_if_grown(lane)

    async def _analyze_if_grown(self, lane: Lane) -> None:
        if lane.counts.created >= self._analyze_at:
            self._analyze_at = lane.counts.created * ANALYZE_GROWTH
            async with self._db.tenant(self._source) as tx:
                await analyze_people(tx)

    async def _note_groups(
        self, lane: Lane, groups: Mapping[GroupId, CauseId], outcomes: Sequence[tuple[Outcome, CauseId]], begun: float
    ) -> None:
        """Project what became of groups to the source's log and links."""
        receipts = [each for each, _ in outcomes if isinstance(each, Receipt)]
        skips = [
            (lane.take_numbers(1), each, lane.plan_id, cause) for each, cause in outcomes if isinstance(each, Skip)
        ]
        counted = count(receipts, skips)
        await self._open_runs(lane, counted)
        async with self._db.tenant(self._source, cause=self._cause, flushed=False) as tx:
            await project(tx, lane.job, lane.runs, receipts, skips)
            of = {UserId(each): cause for each, cause in groups.items()}
            looked_at = of if self._going() else {each.source_id for each, _ in outcomes}
            await lane.guard.note(tx, [each for _, each, _, _ in skips], looked_at, of)
            await note_escrow(tx, lane, looked_at=looked_at, skips=[each for _, each, _, _ in skips])
            seconds = (time.perf_counter() - begun) / max(len(counted), 1)
            await store.count_runs(tx, {lane.runs[each]: counted[each] for each in sorted(counted)}, seconds=seconds)
        lane.counts = sum(counted.values(), lane.counts)

    async def _open_runs(self, lane: Lane, causes: Iterable[CauseId]) -> None:
        """Have a run for each cause, committed: the page beside this one may count in it before we are done."""
        new = sorted(set(causes) - lane.runs.keys())
        if new:
            async with self._db.tenant(self._source, flushed=False) as tx:
                opened = await open_runs(tx, lane.job, new, lane.plan_id, kind=lane.run_kind)
            lane.runs |= opened

    def _tell(self, phase: Phase, job_id: JobId | None) -> None:
        counts = sum((lane.counts for lane in self._lanes.values()), self._result.total)
        self._watch(Progress(phase, job_id, self._looked_at, counts))


async def _next_stretch(
    tx: Transaction, jobs: Sequence[Job], at_most: int
) -> tuple[list[Job], list[Entry] | None, int]:
    """The jobs that are furthest behind, what they have to read (None: everybody), and up to where."""
    new = [each for each in jobs if each.watermark is None]
    if new:
        return new, None, await feed.load_position(tx)
    known = [each.watermark for each in jobs if each.watermark is not None]
    if not known:
        return [], [], 0
    furthest = min(known)
    behind = [each for each in jobs if each.watermark == furthest]
    try:
        entries, up_to = await feed.read_own(tx, after=furthest, at_most=at_most)
    except FeedExpired:
        return behind, None, await feed.load_position(tx)
    if not entries and up_to > furthest:
        await store.pass_over(tx, [each.id for each in jobs], up_to)
    return behind, entries, up_to


async def _settle_some(tasks: dict[asyncio.Task[None], Mapping[UserId, CauseId]]) -> None:
    """Wait for one of them at least, and take those that are done out; a failure goes on."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        del tasks[task]
    for task in done:
        task.result()


async def _runs_on(tx: Transaction, begun: Job) -> bool:
    """Does the job run still, as it did when its stretch began?"""
    job = await store.get_job(tx, begun.id)
    return job is not None and job.state.runs and job.state is begun.state
