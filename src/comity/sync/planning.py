"""Make a plan: look at everybody whom a job concerns, decide as a drain would, and store what would change.

Pages of people are read in the source while the page before is decided in the target. Items are stored as they
are found, so the first ones can be read while the rest is still looked at; nothing is stored for the unchanged.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from comity.core.ids import NOWHERE, PlanId, TenantId, UserId
from comity.db.crossings.cycle import InboundSyncOff
from comity.db.database import Database
from comity.db.transaction import Transaction
from comity.directory.model import Attribute
from comity.events import feed
from comity.sync import plan_store, store
from comity.sync.guards import load_guard
from comity.sync.lanes import Lane, open_lane
from comity.sync.model import PAGE_SIZE, Action, Job, Person, Plan, Reason, Skip, Step
from comity.sync.passage import decide
from comity.sync.planned import Item, JobClosed, PlanKind, PlanState, Proposal, StoredPlan, Tally, Verdict
from comity.sync.reading import Reading, read_page


@dataclass(frozen=True, slots=True)
class Planning:
    """What a watcher is told: how many people were looked at, and what was found so far."""

    looked_at: int
    tally: Tally


Watch = Callable[[Planning], None]


async def fill(
    db: Database,
    job: Job,
    plan_id: PlanId,
    *,
    watch: Watch = lambda _: None,
    page_size: int = PAGE_SIZE,
    decide_whole: Callable[[StoredPlan, Lane], Awaitable[StoredPlan]] | None = None,
) -> StoredPlan:
    """Decide what a plan says; begun anew if an earlier attempt was cut off.

    `job` is the job as it stands, or as it would be opened. `decide_whole` fills plans that are not about whom a
    job concerns.

    Raises:
        JobClosed: the job may not run; the plan is refused.
        PlanUnknown.
    """
    async with db.tenant(job.tenant_id) as tx:
        plan = await plan_store.get(tx, plan_id)
    try:
        lane = await open_plan_lane(db, job, plan_id, plan.proposal)
        if decide_whole is not None:
            return await decide_whole(plan, lane)
        filling = await _Filling.open(db, lane, plan, watch, page_size)
        return await filling.run()
    except (JobClosed, InboundSyncOff) as closed:
        async with db.tenant(job.tenant_id) as tx:
            await plan_store.move(tx, plan_id, [PlanState.PLANNING], PlanState.REFUSED)
        if isinstance(closed, JobClosed):
            raise
        raise JobClosed(job=job.name, reason=closed.code) from closed


async def open_plan_lane(db: Database, job: Job, plan_id: PlanId, proposal: Proposal | None) -> Lane:
    """The lane of a plan: the job as proposed, if it is, and with its own offer taken as made.

    Raises:
        JobClosed: the job may not run.
    """
    lane = await open_lane(db, job.tenant_id, job if proposal is None else proposal.of(job), plan_id)
    if proposal is not None and (proposal.add_users or proposal.add_groups):
        lane.outbound = replace(lane.outbound, redeem=True)
    if (code := await lane.gate()) is not None:
        raise JobClosed(job=job.name, reason=code)
    return lane


@dataclass(slots=True)
class _Filling:
    """One plan on its way."""

    db: Database
    plan: StoredPlan
    lane: Lane
    known: list[Job]
    watch: Watch
    page_size: int
    next_step: int = 1
    looked_at: int = 0
    tally: Tally = field(default_factory=Tally)
    unresolved: set[UserId] = field(default_factory=set)
    """People who stand in the target, and whose manager may come there by this very plan."""

    @classmethod
    async def open(cls, db: Database, lane: Lane, plan: StoredPlan, watch: Watch, page_size: int) -> _Filling:
        """Load what it decides with."""
        async with db.tenant(lane.job.tenant_id) as tx:
            known = await store.list_jobs(tx)
        return cls(db, plan, lane, known, watch, page_size)

    @property
    def source(self) -> TenantId:
        return self.lane.job.tenant_id

    async def run(self) -> StoredPlan:
        guard = await load_guard(self.db, self.lane, version=self.lane.job.version)
        async with self.db.tenant(self.source) as tx:
            # The position before the first page is read: whoever changes from now on is looked at again.
            await plan_store.begin_filling(tx, self.plan.id, guard=guard, to_position=await feed.load_position(tx))
        async for reading in self._readings():
            decided = await self._decide(reading)
            self._note_unresolved(decided)
            await self._store(items_of(decided, reading.people, first=self.next_step), len(reading.people))
        await self._resolve()
        async with self.db.tenant(self.source) as tx:
            await plan_store.finish(tx, self.plan.id, PlanState.PLANNED)
            return await plan_store.get(tx, self.plan.id)

    async def _readings(self) -> AsyncIterator[Reading]:
        """Everybody whom the job concerns, page by page; the next page is read while one is decided."""
        after: UUID = NOWHERE
        reading = asyncio.create_task(self._read(after))
        try:
            while True:
                found = await reading
                if found is None:
                    return
                after, page = found
                reading = asyncio.create_task(self._read(after))
                yield page
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, after: UUID) -> tuple[UserId, Reading] | None:
        async with self.db.tenant(self.source, many_rows=True) as tx:
            ids = await self._ids(tx, after)
            if not ids:
                return None
            return ids[-1], await read_page(tx, [self.lane.job], self.known, ids, proposal=self.plan.proposal)

    async def _ids(self, tx: Transaction, after: UUID) -> list[UserId]:
        job = self.lane.job
        if self.plan.kind is PlanKind.DRIFT:
            return await plan_store.page_of_linked(tx, job.id, after=after, at_most=self.page_size)
        ids = await store.page_of_candidates(
            tx, [job.id], everybody=self.lane.everybody, after=after, at_most=self.page_size
        )
        proposal = self.plan.proposal
        if proposal is not None and (proposal.add_users or proposal.add_groups):
            more = await plan_store.page_of_proposed(tx, proposal, after=after, at_most=self.page_size)
            ids = sorted({*ids, *more})[: self.page_size]
        return ids

    async def _decide(self, reading: Reading) -> Plan:
        async with self.lane.target.visit(flushed=False) as visit:
            decided = await decide(self.lane, visit, reading, reading.people, self.known)
        if self.plan.kind is not PlanKind.DRIFT:
            return decided
        async with self.db.tenant(self.source) as tx:
            ours = await plan_store.load_link_versions(tx, self.lane.job.id, [each.id for each in reading.people])
        return drift_of(decided, ours)

    def _note_unresolved(self, decided: Plan) -> None:
        """Whoever is created brings all her attributes anyway."""
        created = {step.source_id for step in decided.steps if step.action is Action.CREATE}
        self.unresolved |= decided.unresolved - created

    async def _store(self, items: Sequence[Item], looked_at: int) -> None:
        self.looked_at += looked_at
        self.next_step += len(items)
        self.tally += tally_of(items)
        async with self.db.tenant(self.source, flushed=False) as tx:
            await plan_store.add_items(tx, self.plan.id, items)
            await plan_store.note_progress(tx, self.plan.id, self.tally, self.looked_at)
        self.watch(Planning(self.looked_at, self.tally))

    async def _resolve(self) -> None:
        """Decide again on people whose managers come into the target by this plan, as a drain would."""
        ids = sorted(self.unresolved)
        for start in range(0, len(ids), self.page_size):
            async with self.db.tenant(self.source, many_rows=True) as tx:
                reading = await read_page(
                    tx, [self.lane.job], self.known, ids[start : start + self.page_size], proposal=self.plan.proposal
                )
                managers = {each.manager_id for each in reading.people if each.manager_id is not None}
                arrivals = await plan_store.load_arrivals(tx, self.plan.id, managers)
            if not arrivals:
                continue
            reading.managers[self.lane.job.id] = {**arrivals, **reading.managers.get(self.lane.job.id, {})}
            concerned = [each for each in reading.people if each.manager_id in arrivals]
            async with self.lane.target.visit(flushed=False) as visit:
                decided = await decide(self.lane, visit, reading, concerned, self.known)
            async with self.db.tenant(self.source) as tx:
                await plan_store.drop_items_of(tx, self.plan.id, [each.id for each in concerned])
            await self._store(items_of(decided, concerned, first=self.next_step), 0)


def drift_of(decided: Plan, ours: Mapping[UserId, int]) -> Plan:
    """Of a decision what is there because somebody changed an account in the target; `ours` are our last versions."""
    steps = tuple(
        step
        for step in decided.steps
        if step.action in (Action.UPDATE, Action.RESTORE) and ours.get(step.source_id, 0) != step.target_version
    )
    skips = tuple(skip for skip in decided.skips if skip.reason is Reason.DELETED_BY_ADMIN)
    return replace(decided, steps=steps, skips=skips, unresolved=frozenset())


def items_of(decided: Plan, people: Iterable[Person], *, first: int) -> list[Item]:
    """What is stored of a decision: those who change, and those left alone with their reason."""
    versions = {person.id: person.version for person in people}
    said: list[Step | Skip] = [*decided.steps, *decided.skips]
    return [
        _item(number, each, versions.get(each.source_id, 0), decided.kept.get(each.source_id, 0))
        for number, each in enumerate(said, start=first)
    ]


def _item(number: int, said: Step | Skip, source_version: int, kept: int) -> Item:
    """`kept` are bits that were left to the target."""
    if isinstance(said, Step):
        return Item(
            number, said.source_id, said.target_id, Verdict(said.action),
            Reason.TARGET_OWNED.value if kept else None, said.changed, source_version,
            said.target_version,
        )  # fmt: skip
    verdict = Verdict.REFUSE if said.failed else Verdict.SKIP
    return Item(number, said.source_id, said.target_id, verdict, said.reason.value, kept, source_version, 0)


def tally_of(items: Iterable[Item]) -> Tally:
    """Items, counted by what they say."""
    counts: dict[str, int] = {}
    for each in items:
        counts[each.verdict.word] = counts.get(each.verdict.word, 0) + 1
        if each.verdict in (Verdict.UPDATE, Verdict.ADOPT) and each.changed & Attribute.USER_TYPE.bit:
            counts["convert"] = counts.get("convert", 0) + 1
    return Tally.from_facts(counts)
