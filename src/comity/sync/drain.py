"""One wake-up's work: read the source's feed, decide, apply in the targets, advance (design D8, style §3).

A is the source, B a target. Each page is: read as A; then, in one transaction as B, look, decide
and apply with receipts; then, as A again, project receipts to log and links. The watermark follows
when everything behind it is applied. A crash anywhere repeats a page, which then changes nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from uuid import UUID

from comity.core.ids import CauseId, GroupId, JobId, PlanId, RunId, TenantId, UserId, new_id
from comity.db.crossings.cycle import InboundSyncOff, claim, wait_for_visits
from comity.db.database import Database
from comity.db.errors import Duplicate, ValueRefused
from comity.db.transaction import Transaction
from comity.db.values import text_array
from comity.directory.decide import mangled_upn
from comity.directory.store import analyze_people
from comity.events import feed
from comity.events.model import ChangeKind, Entry, FeedExpired
from comity.partners.decide import decide_sync_gate
from comity.partners.model import OutboundHalf, Shortfall
from comity.partners.service import load_outbound_half
from comity.sync import store
from comity.sync.decide import plan_cycle
from comity.sync.mapping import DEFAULT_MAPPING, CompiledMapping
from comity.sync.model import (
    PAGE_SIZE,
    Action,
    Counts,
    Job,
    JobState,
    Page,
    Person,
    Plan,
    Reason,
    Receipt,
    RunState,
    ScopeMode,
    Skip,
    Status,
)
from comity.sync.targets import Batch, LocalTarget, Target, Visit
from comity.sync.worklist import Worklist, read_entries
from comity.tenancy.service import get_tenant

NOWHERE: Final = UUID(int=0)
_LEFT: Final = ChangeKind.MEMBER_REMOVED
_COUNTED: Final = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.ADOPT: "updated",
    Action.DELETE: "deleted",
    Action.RESTORE: "restored",
}
PAGES_UNDER_WAY: Final = 2
"""Pages in work at once in one drain; versions guard each row, so their order does not matter."""
ANALYZE_FROM: Final = 1000
ANALYZE_GROWTH: Final = 4
"""After so many new people, and each time they are so many times as many, the planner is told: until then
it takes a tenant that has just been filled for one of a single row."""
RETURNS_MAX: Final = 3
"""How often a person whose account changed under the plan is decided again before it counts as a failure."""


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


@dataclass(slots=True)
class _Lane:
    """One job at work: what decides, where to, and how far."""

    job: Job
    mapping: CompiledMapping
    outbound: OutboundHalf
    target: Target
    target_domain: str
    plan_id: PlanId
    next_step: int = 1
    counts: Counts = field(default_factory=Counts)
    runs: dict[CauseId, RunId] = field(default_factory=dict)
    unresolved: dict[UserId, CauseId] = field(default_factory=dict)
    invitations_allowed: bool = True
    closed: str | None = None
    """The target closed its door on the way; the gate's code."""
    missed_a_page: bool = False
    """It was not active when a page was read; even if it is again, its watermark must stay."""

    @property
    def everybody(self) -> bool:
        return self.job.scope_mode is ScopeMode.ALL

    def take_numbers(self, count: int) -> int:
        """The first of `count` step numbers that nobody else gets."""
        first = self.next_step
        self.next_step += count
        return first


@dataclass(frozen=True, slots=True)
class _Reading:
    """One page as read in the source, for all jobs that look at it."""

    people: list[Person]
    in_scope: dict[JobId, set[UserId]]
    links: dict[JobId, dict[UserId, UserId]]
    managers: dict[JobId, dict[UserId, UserId]]
    running: frozenset[JobId]
    """Jobs that were still active when the page was read: a stop is seen at the next page."""


async def drain(
    db: Database,
    source: TenantId,
    *,
    cause: CauseId | None = None,
    watch: Watch = lambda _: None,
    going: Callable[[], bool] = lambda: True,
    page_size: int = PAGE_SIZE,
) -> Drained:
    """Bring the targets of all active jobs of `source` in line with what its feed says.

    `cause` stands in for entries and first runs that carry none of their own. `going` is asked between
    pages; once it says no, the drain ends where it stands and the next one resumes. `page_size` is how
    many people are read, decided and applied together, and how many entries of the feed are read at once.
    """
    async with claim(db, source) as ours:
        if not ours:
            return Drained(claimed=False)
        return await _Drain(db, source, cause or CauseId(new_id()), watch, going, page_size).run()


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
    ) -> None:
        self._db = db
        self._source = source
        self._cause = cause
        self._watch = watch
        self._going = going
        self._page_size = page_size
        self._result = Drained(claimed=True)
        self._lanes: dict[JobId, _Lane] = {}
        self._all_jobs: list[Job] = []
        self._analyze_at = ANALYZE_FROM
        self._unread: set[JobId] = set()
        """Jobs whose target did not let us read what an earlier drain had applied."""
        self._resumed: dict[JobId, dict[CauseId, RunId]] = {}
        """Runs that an earlier drain was cut off in; they end with the first stretch of their job."""
        self._looked_at = 0

    async def run(self) -> Drained:
        await self._recover()
        while self._going():
            async with self._db.tenant(self._source, many_rows=True) as tx:
                self._all_jobs = await store.list_jobs(tx)
                refused = {each.job_id for each in self._result.refused} | self._result.left
                jobs = [each for each in self._all_jobs if each.state is JobState.ACTIVE and each.id not in refused]
                behind, entries, to_position = await _next_stretch(tx, jobs, self._page_size)
            if not behind:
                break
            if await self._open_lanes(behind, to_position):
                await self._stretch(entries, to_position)
        async with self._db.tenant(self._source) as tx:
            left = [run_id for runs in self._resumed.values() for run_id in runs.values()]
            await store.end_runs(tx, left, RunState.STOPPED)
        self._tell(Phase.FINISHED, None)
        return self._result

    # ── before: what was cut off, who may run ────────────────────────────────────────────────────

    async def _recover(self) -> None:
        """Project what an earlier drain applied before it was cut off (design §4.6)."""
        async with self._db.tenant(self._source) as tx:
            jobs = {each.id: each for each in await store.list_jobs(tx)}
            cut_off = await store.open_plans(tx, list(jobs))
            if cut_off:
                await wait_for_visits(tx)
        for plan_id, job_id in cut_off:
            target = LocalTarget(self._db, source=self._source, target=jobs[job_id].target_tenant_id)
            try:
                await self._project_plan(plan_id, jobs[job_id], target)
            except InboundSyncOff:
                # The target closed its door: its receipts stay there, and the plan stays open for later. Even
                # if the door opens again in this moment, nothing new may come before them.
                self._unread.add(job_id)
        async with self._db.tenant(self._source) as tx:
            # Also those of plans that have ended: the drain that ended them may have died before it ended the runs.
            self._resumed = await store.running_runs(tx, list(jobs))

    async def _project_plan(self, plan_id: PlanId, job: Job, target: Target) -> None:
        """Bring log, links and figures up to date with all receipts of a plan, then end it."""
        after = 0
        while True:
            async with target.visit(flushed=True) as visit:
                receipts = await visit.receipts(plan_id, after=after)
            async with self._db.tenant(self._source) as tx:
                if not receipts:
                    await store.end_plan(tx, plan_id, "interrupted", Counts())
                    return
                logged = await store.logged_steps(tx, plan_id, after=after, up_to=receipts[-1].step)
                missing = [each for each in receipts if each.step not in logged]
                counted = _count(missing, [], {})
                runs = {each: await self._open_run(tx, job, each) for each in sorted(counted)}
                await self._project(tx, job.id, runs, missing, [])
                for each, run_id in runs.items():
                    await store.count_run(tx, run_id, counted[each], seconds=0)
            after = receipts[-1].step

    async def _open_lanes(self, jobs: Sequence[Job], to_position: int) -> bool:
        """Ask the gate of each job and note a plan for those that may run."""
        self._lanes = {}
        for job in jobs:
            async with self._db.tenant(self._source, many_rows=True) as tx:
                outbound = await load_outbound_half(tx, job.target_tenant_id)
                domain = (await get_tenant(tx, job.target_tenant_id)).initial_domain
            lane = _Lane(
                job,
                CompiledMapping(DEFAULT_MAPPING, target_domain=domain),
                outbound,
                LocalTarget(self._db, source=self._source, target=job.target_tenant_id),
                domain,
                PlanId(new_id()),
                runs=self._resumed.pop(job.id, {}),
            )
            code = await self._gate(lane)
            async with self._db.tenant(self._source, many_rows=True) as tx:
                if code is not None:
                    await self._refuse(tx, lane, code)
                    continue
                guard = {"job": job.version}
                await store.add_plan(
                    tx,
                    lane.plan_id,
                    job,
                    guard=guard,
                    from_position=job.watermark,
                    to_position=to_position,
                    cause=self._cause,
                )
            self._lanes[job.id] = lane
        return bool(self._lanes)

    async def _gate(self, lane: _Lane) -> str | None:
        """Why the job may not run (a `Shortfall`); None if it may."""
        if lane.job.id in self._unread:
            return Shortfall.INBOUND_SYNC.value
        try:
            async with lane.target.visit(flushed=True) as visit:
                inbound = await visit.inbound()
        except InboundSyncOff:
            inbound = None
        gate = decide_sync_gate(lane.outbound, inbound)
        lane.invitations_allowed = gate.may_create
        return None if gate.is_open or gate.first is None else gate.first.value

    async def _refuse(self, tx: Transaction, lane: _Lane, code: str) -> None:
        run_id = await self._open_run(tx, lane.job, self._cause)
        await store.end_runs(tx, [run_id, *lane.runs.values()], RunState.FAILED, error=code)
        await store.set_job_state(tx, lane.job.id, lane.job.state, code)
        self._result.refused.append(Refusal(lane.job.id, code))

    # ── one stretch of the feed ──────────────────────────────────────────────────────────────────

    async def _stretch(self, entries: list[Entry] | None, to_position: int) -> None:
        """Look at everybody whom this stretch concerns, then set the watermarks.

        `entries` is None for jobs that look at everybody they concern.
        """
        finished = await self._look_at(self._pages(entries)) and await self._look_at(self._second_look())
        async with self._db.tenant(self._source, many_rows=True) as tx:
            for lane in self._lanes.values():
                stopped = not finished or lane.missed_a_page or not await _is_active(tx, lane.job.id)
                if not stopped:
                    await store.advance(tx, lane.job.id, to_position)
                await store.end_plan(tx, lane.plan_id, "interrupted" if stopped else "applied", lane.counts)
                if lane.closed is not None:
                    await self._refuse(tx, lane, lane.closed)
                    continue
                state = RunState.STOPPED if stopped else RunState.SUCCEEDED
                await store.end_runs(tx, list(lane.runs.values()), state)
        for lane in self._lanes.values():
            done = self._result.counts.get(lane.job.id, Counts())
            self._result.counts[lane.job.id] = done + lane.counts
            if lane.missed_a_page and lane.closed is None:
                self._result.left.add(lane.job.id)
        self._lanes = {}
        if not finished:
            self._going = lambda: False

    async def _pages(
        self, entries: list[Entry] | None
    ) -> AsyncIterator[tuple[frozenset[JobId], dict[UserId, CauseId]]]:
        """Pages of people to look at, each with the jobs that look and what set it off."""
        if entries is None:
            async for page in self._everybody(dict.fromkeys(self._lanes, self._cause)):
                yield page
            return
        async with self._db.tenant(self._source, many_rows=True) as tx:
            groups = await store.assigned_groups(tx, list(self._lanes))
            leavers = {UserId(each.related_id) for each in entries if each.kind is _LEFT and each.related_id}
            links = await store.load_links(tx, list(self._lanes), list(leavers)) if leavers else {}
        work = read_entries(
            entries,
            linked=links,
            read_bits={job_id: lane.mapping.read for job_id, lane in self._lanes.items()},
            assigned_groups=groups,
            everybody=frozenset(job_id for job_id, lane in self._lanes.items() if lane.everybody),
            fallback=self._cause,
        )
        self._result.entries += len(entries)
        self._result.wasted += work.wasted
        async for page in self._worklist_pages(work):
            yield page

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
        """People whose manager came into the target only in this stretch."""
        for lane in self._lanes.values():
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

    # ── one page ─────────────────────────────────────────────────────────────────────────────────

    async def _page(self, jobs: frozenset[JobId], causes: dict[UserId, CauseId]) -> None:
        self._tell(Phase.READING, None)
        reading = await self._read(jobs, list(causes))
        self._looked_at += len(reading.people)
        for job_id in sorted(jobs):
            lane = self._lanes[job_id]
            if job_id not in reading.running:
                lane.missed_a_page = True
                continue
            begun = time.perf_counter()
            try:
                receipts, skips = await self._visit(lane, reading, reading.people, causes)
            except InboundSyncOff:
                lane.missed_a_page, lane.closed = True, Shortfall.INBOUND_SYNC.value
                continue
            self._tell(Phase.APPLIED, job_id)
            await self._note(lane, receipts, skips, causes, begun)
            self._tell(Phase.ADVANCED, job_id)

    async def _read(self, jobs: frozenset[JobId], ids: list[UserId]) -> _Reading:
        """Read one page as the source; the transaction is closed before any target is visited."""
        siblings = self._siblings(jobs)
        assigned = [each for each in siblings if not self._offers_everybody(each)]
        async with self._db.tenant(self._source, many_rows=True) as tx:
            running = frozenset(each.id for each in await store.list_jobs(tx) if each.state is JobState.ACTIVE)
            people = await store.load_people(tx, ids)
            in_scope = await store.load_in_scope(tx, assigned, ids) if assigned else {}
            links = await store.load_links(tx, list(siblings), ids)
            wanted = {person.manager_id for person in people if person.manager_id is not None}
            managers = await store.load_links(tx, list(jobs), list(wanted)) if wanted else {}
        everyone = set(ids)
        for job_id in siblings:
            in_scope.setdefault(job_id, everyone)
        return _Reading(people, in_scope, links, managers, running)

    def _siblings(self, jobs: frozenset[JobId]) -> list[JobId]:
        """These jobs and all others of the same pairs: what one lets go another may still manage."""
        targets = {self._lanes[job_id].job.target_tenant_id for job_id in jobs}
        return [each.id for each in self._all_jobs if each.target_tenant_id in targets]

    def _offers_everybody(self, job_id: JobId) -> bool:
        return any(each.id == job_id and each.scope_mode is ScopeMode.ALL for each in self._all_jobs)

    async def _visit(
        self,
        lane: _Lane,
        reading: _Reading,
        people: Sequence[Person],
        causes: Mapping[UserId, CauseId],
        *,
        turn: int = 1,
    ) -> tuple[list[Receipt], list[Skip]]:
        """Look, decide and apply in one transaction of the target.

        A batch that the database refuses is halved until the guilty person stands alone; an account
        that changed under the plan is decided again.
        """
        try:
            async with lane.target.visit(flushed=False, cause=self._cause) as visit:
                self._tell(Phase.PLANNING, lane.job.id)
                plan = await self._plan(lane, visit, reading, people)
                steps = list(enumerate(plan.steps, start=lane.take_numbers(len(plan.steps))))
                receipts = await visit.apply(Batch(lane.plan_id, lane.job.id, steps, causes)) if steps else []
                self._tell(Phase.APPLYING, lane.job.id)
        except (Duplicate, ValueRefused) as fault:
            if len(people) == 1:
                reason = Reason.UPN_TAKEN if isinstance(fault, Duplicate) else Reason.DATA
                return [], [Skip(people[0].id, None, reason, failed=True)]
            middle = len(people) // 2
            receipts, skips = await self._visit(lane, reading, people[:middle], causes)
            more_receipts, more_skips = await self._visit(lane, reading, people[middle:], causes)
            return receipts + more_receipts, skips + more_skips
        lane.unresolved.update((each, causes[each]) for each in plan.unresolved)
        skips = list(plan.skips)
        missed = {step.source_id for step in plan.steps} - {receipt.source_id for receipt in receipts}
        if missed and turn < RETURNS_MAX:
            again = [person for person in people if person.id in missed]
            more_receipts, more_skips = await self._visit(lane, reading, again, causes, turn=turn + 1)
            return receipts + more_receipts, skips + more_skips
        skips += [Skip(each, None, Reason.CHANGED_MEANWHILE, failed=True) for each in sorted(missed)]
        return receipts, skips

    async def _plan(self, lane: _Lane, visit: Visit, reading: _Reading, people: Sequence[Person]) -> Plan:
        in_scope = reading.in_scope[lane.job.id]
        upns = {
            person.id: mangled_upn(person.user_principal_name, lane.target_domain)
            for person in people
            if person.id in in_scope
        }
        seen = await visit.look(people, upns)
        page = Page(
            people=tuple(people),
            in_scope=frozenset(in_scope),
            present=seen.present,
            linked=frozenset(reading.links[lane.job.id]),
            managed_elsewhere=frozenset(self._managed_elsewhere(lane, reading)),
            references=reading.managers.get(lane.job.id, {}),
            new_ids={each: UserId(new_id()) for each in upns if each not in seen.present},
            taken=seen.taken,
            invitations_allowed=lane.invitations_allowed,
        )
        return plan_cycle(page, lane.mapping, lane.job.actions)

    def _managed_elsewhere(self, lane: _Lane, reading: _Reading) -> Iterable[UserId]:
        for other in self._all_jobs:
            same_pair = other.target_tenant_id == lane.job.target_tenant_id and other.id != lane.job.id
            if same_pair and other.state is JobState.ACTIVE:
                yield from reading.links[other.id].keys() & reading.in_scope[other.id]

    # ── after: log, links, figures ───────────────────────────────────────────────────────────────

    async def _note(
        self, lane: _Lane, receipts: list[Receipt], skips: list[Skip], causes: Mapping[UserId, CauseId], begun: float
    ) -> None:
        """Project one page's receipts and failures to the source's log and links."""
        numbered = list(enumerate(skips, start=lane.take_numbers(len(skips))))
        counted = _count(receipts, skips, causes)
        await self._open_runs(lane, counted)
        # Written unflushed like the batch itself: the watermark after it is committed flushed.
        async with self._db.tenant(self._source, cause=self._cause, flushed=False) as tx:
            await self._project(
                tx,
                lane.job.id,
                lane.runs,
                receipts,
                [(n, skip, lane.plan_id, causes[skip.source_id]) for n, skip in numbered],
            )
            seconds = (time.perf_counter() - begun) / max(len(counted), 1)
            for each in sorted(counted):
                await store.count_run(tx, lane.runs[each], counted[each], seconds=seconds)
        lane.counts = sum(counted.values(), lane.counts)
        if lane.counts.created >= self._analyze_at:
            self._analyze_at = lane.counts.created * ANALYZE_GROWTH
            async with self._db.tenant(self._source) as tx:
                await analyze_people(tx)

    async def _open_runs(self, lane: _Lane, causes: Iterable[CauseId]) -> None:
        """Have a run for each cause, committed: the page beside this one may count in it before we are done."""
        new = sorted(set(causes) - lane.runs.keys())
        if new:
            async with self._db.tenant(self._source, flushed=False) as tx:
                opened = {each: await self._open_run(tx, lane.job, each) for each in new}
            lane.runs |= opened

    async def _open_run(self, tx: Transaction, job: Job, cause: CauseId) -> RunId:
        kind = "initial" if job.watermark is None else "incremental"
        return await store.open_run(tx, RunId(new_id()), job.id, cause, kind)

    async def _project(
        self,
        tx: Transaction,
        job_id: JobId,
        runs: Mapping[CauseId, RunId],
        receipts: Sequence[Receipt],
        skips: Sequence[tuple[int, Skip, PlanId, CauseId]],
    ) -> None:
        rows: list[tuple[object, ...]] = [
            (r.plan_id, r.step, job_id, runs[r.cause], r.source_id, r.target_id, r.action.value,
             Status.SUCCESS.value, None, r.changed,
             None if r.before is None else text_array(r.before), text_array(r.after))
            for r in receipts
        ]  # fmt: skip
        rows += [
            (plan_id, number, job_id, runs[cause], skip.source_id, skip.target_id, Action.NONE.value,
             (Status.FAILURE if skip.failed else Status.SKIPPED).value, skip.reason.value, 0, None, None)
            for number, skip, plan_id, cause in skips
        ]  # fmt: skip
        if rows:
            await store.project(tx, rows, at=tx.now)

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
        entries = await feed.read(tx, after=furthest, at_most=at_most)
    except FeedExpired:
        return behind, None, await feed.load_position(tx)
    if not entries:
        return [], [], 0
    return behind, entries, entries[-1].position


async def _settle_some(tasks: dict[asyncio.Task[None], Mapping[UserId, CauseId]]) -> None:
    """Wait for one of them at least, and take those that are done out; a failure goes on."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        del tasks[task]
    for task in done:
        task.result()


async def _is_active(tx: Transaction, job_id: JobId) -> bool:
    job = await store.get_job(tx, job_id)
    return job is not None and job.state is JobState.ACTIVE


def _count(
    receipts: Iterable[Receipt], skips: Iterable[Skip], causes: Mapping[UserId, CauseId]
) -> dict[CauseId, Counts]:
    """Figures per cause; a run without effect has an entry too, if anybody was skipped or failed."""
    figures: dict[CauseId, dict[str, int]] = {}
    for receipt in receipts:
        row = figures.setdefault(receipt.cause, {})
        row[_COUNTED[receipt.action]] = row.get(_COUNTED[receipt.action], 0) + 1
    for skip in skips:
        row = figures.setdefault(causes[skip.source_id], {})
        name = "failed" if skip.failed else "skipped"
        row[name] = row.get(name, 0) + 1
    return {cause: Counts(**row) for cause, row in figures.items()}
