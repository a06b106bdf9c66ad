"""Apply a stored plan as far as it is still true (design D7).

Every item is decided again in the transaction that applies it: what is the same as was shown is done, what is
milder is dropped, anything else is held. The plan's own numbers are those of its receipts, so that applying it
twice is applying it once, whenever it was cut off.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.ids import NOWHERE, CauseId, GroupId, PlanId, TenantId, UserId
from comity.core.permissions import Permission
from comity.db.crossings.cycle import claim
from comity.db.database import Database
from comity.db.errors import Duplicate, ValueRefused
from comity.db.transaction import Transaction
from comity.events import feed
from comity.events.feed import append
from comity.events.model import Change, ChangeKind, FeedExpired
from comity.partners.service import load_outbound_half
from comity.sync import plan_store, store
from comity.sync.abreast import abreast
from comity.sync.books import count, open_runs, project
from comity.sync.comparing import compare
from comity.sync.escrow.service import note as note_escrow
from comity.sync.guards import check_guard, load_guard
from comity.sync.held.store import drop as drop_held
from comity.sync.lanes import Lane
from comity.sync.model import PAGE_SIZE, Action, Job, JobState, Plan, Reason, RunState, Skip, Step
from comity.sync.passage import Passage, Passed, decide
from comity.sync.planned import (
    DriftRepairOff,
    Item,
    Outcome,
    PlanExpired,
    PlanKind,
    PlanNotReady,
    PlanOutdated,
    PlanRefused,
    PlanState,
    StoredPlan,
)
from comity.sync.planning import items_of, open_plan_lane
from comity.sync.proposing import commit_proposal
from comity.sync.reading import Reading, read_page
from comity.sync.recovering import recover
from comity.sync.references import note_references
from comity.sync.targets import Batch
from comity.sync.undoing import decide_items
from comity.sync.worklist import read_entries

_LEFT: Final = ChangeKind.MEMBER_REMOVED
UNDONE: Final = "undone"
"""Why a job rests after an undo: resuming would do again what was taken back."""
_UNSEEN: Final[dict[str, Any]] = {"outcome": Outcome.HELD, "reason": Reason.CHANGED_SINCE_PLAN.value}
_MAY_BEGIN: Final = (PlanState.PLANNED, PlanState.INTERRUPTED)


@dataclass(frozen=True, slots=True)
class Applied:
    """How far a plan was applied. `stopped`: somebody halted it; applying it again goes on."""

    plan: StoredPlan
    stopped: bool


@dataclass(frozen=True, slots=True)
class Applying:
    """What a watcher is told: how many items of how many are settled."""

    settled: int
    of: int


Watch = Callable[[Applying], None]


def _is_as_planned(item: Item, step: Step) -> bool:
    return (step.action, step.changed, step.target_version) == (item.action, item.changed, item.target_version)


def check_may_begin(plan: StoredPlan, *, is_past: bool) -> None:
    """Refuse a plan that may not be applied, or not any more.

    Raises:
        PlanNotReady, PlanExpired, PlanRefused.
    """
    if plan.state is PlanState.PLANNING:
        raise PlanNotReady(plan=str(plan.id))
    if plan.state is PlanState.EXPIRED or (is_past and plan.state is PlanState.PLANNED):
        raise PlanExpired(plan=str(plan.id), created=f"{plan.created_at:%Y-%m-%d %H:%M}")
    if plan.state is PlanState.REFUSED:
        raise PlanRefused(plan=str(plan.id))


async def apply_items(
    db: Database,
    caller: Caller,
    plan_id: PlanId,
    draft: Job | None,
    *,
    watch: Watch = lambda _: None,
    page_size: int = PAGE_SIZE,
) -> Applied:
    """Apply a plan of what a job would do; a plan that was applied already changes nothing.

    `draft` is the job that the plan would open, if there is none yet. Waits for a drain of the tenant to end.

    Raises:
        PlanUnknown, PlanNotReady, PlanExpired, PlanRefused, PlanOutdated, JobClosed, PermissionMissing.
    """
    caller.check(Permission.SYNC_WRITE)
    async with claim(db, caller.tenant_id, patient=True):
        await recover(db, caller.tenant_id)
        async with db.tenant(caller.tenant_id) as tx:
            plan = await plan_store.get(tx, plan_id)
            job = await store.get_job(tx, plan.job_id) or draft
            is_past = plan.expires_at is not None and tx.now > plan.expires_at
        if plan.state is PlanState.APPLIED:
            return Applied(plan, stopped=False)
        check_may_begin(plan, is_past=is_past)
        if plan.kind is PlanKind.DRIFT and job is not None and not job.drift_repair:
            raise DriftRepairOff(job=job.name)
        assert job is not None  # a plan of a job that is gone was refused with it
        work = await _Work.begin(db, caller, plan, job, watch, page_size)
        return await work.run()


async def _rest(tx: Transaction, job: Job) -> None:
    """Let a job rest whose run is taken back; whenever it goes on, it looks at everybody again."""
    append(tx, [Change(ChangeKind.JOB_CHANGED, job.id)])
    if job.state is not JobState.PAUSED:
        await store.set_job_state(tx, job.id, JobState.PAUSED, UNDONE)


@dataclass(slots=True)
class _Work:
    """One plan being applied."""

    db: Database
    plan: StoredPlan
    lane: Lane
    known: list[Job]
    cause: CauseId
    watch: Watch
    of: int
    page_size: int
    settled: int = 0
    stopped: bool = False

    @classmethod
    async def begin(
        cls, db: Database, caller: Caller, plan: StoredPlan, job: Job, watch: Watch, page_size: int
    ) -> _Work:
        """Check the guards, make the proposal good, and let the plan begin, all in one transaction of the source."""
        begun_before = plan.state is PlanState.INTERRUPTED
        lane = await open_plan_lane(db, job, plan.id, None if begun_before else plan.proposal)
        try:
            check_guard(plan.guard, await load_guard(db, lane, version=job.version))
        except PlanOutdated:
            async with db.tenant(caller.tenant_id) as tx:
                await plan_store.move(tx, plan.id, _MAY_BEGIN, PlanState.REFUSED)
            raise
        async with db.tenant(caller.tenant_id) as tx:
            cause = await record(tx, caller, Record("Apply sync plan", "syncPlan", plan.id, after={"job": job.id}))
            own = plan.cause if begun_before else CauseId(cause)
            guard = dict(plan.guard)
            if plan.proposal is not None and not begun_before:
                is_new = await store.get_job(tx, job.id) is None
                job = await commit_proposal(tx, caller, job, plan.proposal, is_new=is_new)
                outbound = await load_outbound_half(tx, job.target_tenant_id)
                guard |= {"job": job.version, "outbound": outbound.version}
                lane.job, lane.outbound = job, outbound
            if not await plan_store.move(tx, plan.id, _MAY_BEGIN, PlanState.APPLYING, guard=guard, cause=own):
                raise PlanNotReady(plan=str(plan.id))
            if plan.kind is PlanKind.UNDO:
                await _rest(tx, job)
            kind = "undo" if plan.kind is PlanKind.UNDO else "manual"
            lane.runs = await open_runs(tx, job, [own], plan.id, kind=kind)
            lane.next_step = await plan_store.last_step(tx, plan.id) + 1
            known = await store.list_jobs(tx)
            of = plan.tally.changes
        return cls(db, plan, lane, known, own, watch, of, page_size)

    async def run(self) -> Applied:
        if self.plan.kind is PlanKind.UNDO:
            await abreast(self._pages(), self._take_back)
            return await self._end()
        await abreast(self._pages(), self._page)
        if not self.stopped:
            await self._second_look()
        if not self.stopped and self.plan.kind is PlanKind.PREVIEW:
            await self._hold_the_unseen()
        return await self._end()

    # ── pages of items ───────────────────────────────────────────────────────────────────────────

    async def _pages(self) -> AsyncIterator[dict[UserId, Item]]:
        """What is still to be applied, page by page, until somebody wants it to halt."""
        after = 0
        while not self.stopped:
            async with self.db.tenant(self.plan_tenant) as tx:
                self.stopped = (await plan_store.get(tx, self.plan.id)).stop_asked
                items = await plan_store.list_open_items(tx, self.plan.id, after=after, at_most=self.page_size)
            if self.stopped or not items:
                return
            after = items[-1].step
            yield {each.source_id: each for each in items}

    @property
    def plan_tenant(self) -> TenantId:
        return self.lane.job.tenant_id

    async def _page(self, items: dict[UserId, Item]) -> None:
        begun = time.perf_counter()
        async with self.db.tenant(self.plan_tenant, many_rows=True) as tx:
            reading = await read_page(tx, [self.lane.job], self.known, sorted(items))
        verdicts: dict[UserId, Outcome] = {}

        def choose(plan: Plan) -> Sequence[tuple[int, Step]]:
            steps = {step.source_id: step for step in plan.steps}
            # A page may be halved, and people decided again: the last decision counts.
            decided = set(steps) | {each.source_id for each in plan.skips}
            verdicts.update((each, compare(items[each], steps.get(each))) for each in decided)
            return [(items[each].step, step) for each, step in steps.items() if verdicts[each] is Outcome.APPLIED]

        causes = dict.fromkeys(items, self.cause)
        passed = await Passage(self.lane, self.known, self.cause, choose).take(reading, reading.people, causes)
        await self._note(passed, reading, causes, items, verdicts, begun)

    async def _take_back(self, items: dict[UserId, Item]) -> None:
        """One page of an undo: what is still as the plan saw it is put back, the rest is left and named."""
        begun = time.perf_counter()
        causes = dict.fromkeys(items, self.cause)
        passed, held = await self._put_back(list(items.values()), causes)
        verdicts = dict.fromkeys(held, Outcome.HELD)
        await self._note(passed, None, causes, items, verdicts, begun)

    async def _put_back(self, items: Sequence[Item], causes: Mapping[UserId, CauseId]) -> tuple[Passed, set[UserId]]:
        """In one transaction of the target; a batch that the database refuses is halved."""
        lane = self.lane
        try:
            async with lane.target.visit(flushed=False, cause=self.cause) as visit:
                steps = await decide_items(self.db, self.plan, lane, items, visit=visit)
                numbered = [
                    (each.step, steps[each.source_id])
                    for each in items
                    if each.source_id in steps and _is_as_planned(each, steps[each.source_id])
                ]
                receipts = await visit.undo(Batch(lane.plan_id, lane.job.id, numbered, causes)) if numbered else []
        except (Duplicate, ValueRefused) as fault:
            if len(items) == 1:
                reason = Reason.UPN_TAKEN if isinstance(fault, Duplicate) else Reason.DATA
                return Passed([], [Skip(items[0].source_id, items[0].target_id, reason, failed=True)]), set()
            middle = len(items) // 2
            first, held = await self._put_back(items[:middle], causes)
            second, more = await self._put_back(items[middle:], causes)
            return first + second, held | more
        return Passed(receipts), {each.source_id for each in items} - {each.source_id for each in receipts}

    async def _note(
        self,
        passed: Passed,
        reading: Reading | None,
        causes: Mapping[UserId, CauseId],
        items: Mapping[UserId, Item],
        verdicts: Mapping[UserId, Outcome],
        begun: float,
    ) -> None:
        """Write the source's books, and what became of each item."""
        receipts = passed.receipts
        applied = {each.source_id for each in receipts}
        failures = {each.source_id: each for each in passed.skips if each.failed and each.source_id not in applied}
        outcomes: dict[int, tuple[Outcome, str | None]] = {}
        for source_id, item in items.items():
            if source_id in applied:
                outcomes[item.step] = (Outcome.APPLIED, None)
            elif source_id in failures:
                outcomes[item.step] = (Outcome.FAILED, failures[source_id].reason.value)
            else:
                # Nobody of that id any more, or nothing to be done: less than was shown.
                outcomes[item.step] = (verdicts.get(source_id, Outcome.DROPPED), None)
        failed = [
            (number, each, self.plan.id, self.cause)
            for number, each in enumerate(failures.values(), start=self.lane.take_numbers(len(failures)))
        ]
        counted = count(receipts, failed)
        async with self.db.tenant(self.plan_tenant, cause=self.cause, flushed=False) as tx:
            codes = {each.step: each.reason for each in items.values() if each.reason is not None}
            await project(tx, self.lane.job, self.lane.runs, receipts, failed, codes=codes, kept=passed.kept)
            await note_escrow(tx, self.lane, looked_at=applied | failures.keys(), skips=failures.values())
            if reading is not None:
                await note_references(tx, self.lane, receipts, reading, causes)
            await drop_held(tx, self.lane.job.id, applied)
            await plan_store.settle(tx, self.plan.id, outcomes)
            seconds = time.perf_counter() - begun
            await store.count_runs(tx, {self.lane.runs[each]: counted[each] for each in counted}, seconds=seconds)
        self.settled += len(items)
        self.watch(Applying(self.settled, self.of))

    # ── what follows ─────────────────────────────────────────────────────────────────────────────

    async def _second_look(self) -> None:
        """Managers who came into the target after their reports; only where the plan showed that much."""
        while self.lane.unresolved:
            self.lane.settling = True
            again, self.lane.unresolved = sorted(self.lane.unresolved), {}
            for start in range(0, len(again), PAGE_SIZE):
                await self._look_again(again[start : start + PAGE_SIZE])

    async def _look_again(self, ids: list[UserId]) -> None:
        begun = time.perf_counter()
        async with self.db.tenant(self.plan_tenant, many_rows=True) as tx:
            said = await plan_store.load_items_of(tx, self.plan.id, ids)
            items = {each: item for each, item in said.items() if item.verdict.acts}
            reading = await read_page(tx, [self.lane.job], self.known, sorted(items))

        def choose(plan: Plan) -> Sequence[tuple[int, Step]]:
            shown = [
                step
                for step in plan.steps
                if step.action in (Action.UPDATE, Action.ADOPT) and not step.changed & ~items[step.source_id].changed
            ]
            return list(enumerate(shown, start=self.lane.take_numbers(len(shown))))

        causes = dict.fromkeys(ids, self.cause)
        passed = await Passage(self.lane, self.known, self.cause, choose).take(reading, reading.people, causes)
        await self._note(Passed(passed.receipts), reading, causes, {}, {}, begun)

    async def _hold_the_unseen(self) -> None:
        """Find what has come to be done since the plan was made and was never shown: held, above all deletes."""
        async for ids in self._changed_since():
            async with self.db.tenant(self.plan_tenant, many_rows=True) as tx:
                known = await plan_store.load_items_of(tx, self.plan.id, ids)
                unseen = [each for each in ids if each not in known or not known[each].verdict.acts]
                reading = await read_page(tx, [self.lane.job], self.known, unseen)
            async with self.lane.target.visit(flushed=True) as visit:
                decided = await decide(self.lane, visit, reading, reading.people, self.known)
            first = self.lane.take_numbers(len(decided.steps))
            found = items_of(replace(decided, skips=()), reading.people, first=first)
            async with self.db.tenant(self.plan_tenant) as tx:
                await plan_store.add_items(tx, self.plan.id, [each._replace(**_UNSEEN) for each in found])

    async def _changed_since(self) -> AsyncIterator[list[UserId]]:
        """People whom the source's feed names since the plan was begun, as far as they concern the job."""
        after = self.plan.to_position
        seen: set[UserId] = set()
        while True:
            async with self.db.tenant(self.plan_tenant, many_rows=True) as tx:
                try:
                    entries = await feed.read(tx, after=after, at_most=PAGE_SIZE)
                except FeedExpired:
                    return
                groups = await store.assigned_groups(tx, [self.lane.job.id])
                if self.plan.proposal is not None:  # whoever joined what is taken back was not shown either
                    groups |= {GroupId(each): {self.lane.job.id} for each in self.plan.proposal.remove}
                left = {UserId(each.related_id) for each in entries if each.kind is _LEFT and each.related_id}
                links = await store.load_links(tx, [self.lane.job.id], list(left)) if left else {}
                work = read_entries(
                    entries,
                    linked=links,
                    read_bits={self.lane.job.id: self.lane.read},
                    assigned_groups=groups,
                    everybody=frozenset({self.lane.job.id} if self.lane.everybody else ()),
                    fallback=self.cause,
                )
                await store.keep_groups(tx, work)
            if not entries:
                return
            after = entries[-1].position
            fresh = sorted(work.people[self.lane.job.id].keys() - seen)
            seen.update(fresh)
            if fresh:
                yield fresh
            for group_id in work.groups:
                async for members in self._members(group_id):
                    fresh = [each for each in members if each not in seen]
                    seen.update(fresh)
                    if fresh:
                        yield fresh

    async def _members(self, group_id: GroupId) -> AsyncIterator[list[UserId]]:
        after: UUID = NOWHERE
        while True:
            async with self.db.tenant(self.plan_tenant, many_rows=True) as tx:
                members = await store.page_of_members(tx, group_id, after=after, at_most=PAGE_SIZE)
            if not members:
                return
            yield members
            after = members[-1]

    async def _end(self) -> Applied:
        state = PlanState.INTERRUPTED if self.stopped else PlanState.APPLIED
        async with self.db.tenant(self.plan_tenant) as tx:
            tally = await plan_store.finish(tx, self.plan.id, state)
            if not self.stopped and self.plan.kind is PlanKind.PREVIEW:
                await plan_store.raise_watermark(tx, self.lane.job.id, self.plan.to_position)
            run_state = RunState.STOPPED if self.stopped else RunState.SUCCEEDED
            await store.end_runs(tx, list(self.lane.runs.values()), run_state)
            plan = await plan_store.get(tx, self.plan.id)
        return Applied(replace(plan, tally=tally), self.stopped)
