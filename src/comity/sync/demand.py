"""Provision one person at once, whatever the schedule says, also for a paused job (provisioning §7.1).

It runs beside a drain: versions guard each account, and of two writes the later one counts in the links.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.errors import Conflict, Throttled
from comity.core.ids import CauseId, JobId, PlanId, RunId, UserId, new_id
from comity.core.permissions import Permission
from comity.db.crossings.cycle import InboundSyncOff
from comity.db.database import Database
from comity.sync import plan_store, store
from comity.sync.books import NumberedSkip, count, open_runs, project, project_missing
from comity.sync.escrow.service import note as note_escrow
from comity.sync.interests import mapping_of
from comity.sync.lanes import Lane, open_lane
from comity.sync.model import Counts, Job, JobUnknown, Plan, Reason, RunState, Skip, Step
from comity.sync.passage import Passage, Passed
from comity.sync.planned import PlanKind, PlanState
from comity.sync.reading import Reading, read_page
from comity.sync.redaction import redacted_bits
from comity.sync.steps import ProvisioningStep, failed_import, steps_of
from comity.sync.viewing import Shift, shifts_of

AT_MOST: Final = 5
WITHIN_S: Final = 10
"""So many people within so many seconds, on the machine clock."""


class TooManyDemands(Throttled):
    """More people at once than the limit allows."""

    code = "sync-too-many-demands"


class NotToBePicked(Conflict):
    """Whoever is deleted or disabled at home, or not there, cannot be provisioned on demand."""

    code = "sync-not-to-be-picked"


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What became of one person: the steps she went through, and what changed."""

    run_id: RunId
    plan_id: PlanId
    action: str
    """`create`, `update`, `delete`, `restore`, or `none`."""
    target_id: UserId | None
    steps: list[ProvisioningStep]
    modified: tuple[Shift, ...]
    code: str | None
    """Why nothing was done, or what failed."""


async def provision(db: Database, caller: Caller, job_id: JobId, user_id: UserId) -> Provisioned:
    """Bring one person of the source in line in the job's target, now.

    Raises:
        JobUnknown, NotToBePicked, TooManyDemands, PermissionMissing.
    """
    caller.check(Permission.SYNC_WRITE)
    plan_id = PlanId(new_id())
    async with db.tenant(caller.tenant_id) as tx:
        job = await plan_store.lock_job(tx, job_id)
        if job is None:
            raise JobUnknown(target=str(job_id))
        if await plan_store.count_demands(tx, since=_seconds_before(plan_id, WITHIN_S)) >= AT_MOST:
            raise TooManyDemands(retry_after_s=WITHIN_S)
        people = await store.load_people(tx, [user_id])
        if not people or people[0].is_deleted or not people[0].account_enabled:
            raise NotToBePicked(user=str(user_id))
        audit_id = await record(
            tx, caller, Record("Provision on demand", "syncJob", job.id, after={"user": str(user_id)})
        )
        cause = CauseId(audit_id)
        await plan_store.add(tx, plan_id, job, kind=PlanKind.DEMAND, state=PlanState.APPLYING, cause=cause)
        runs = await open_runs(tx, job, [cause], plan_id, kind="demand")
        known = await store.list_jobs(tx)
    lane = await open_lane(db, caller.tenant_id, job, plan_id)
    lane.runs = runs
    return await _One(db, lane, known, cause, user_id).run()


def _seconds_before(plan_id: PlanId, seconds: int) -> UUID:
    """The least id that could have been made so long before: ids begin with the machine clock's milliseconds."""
    return UUID(int=((plan_id.int >> 80) - seconds * 1000) << 80)


@dataclass(slots=True)
class _One:
    """One person on her way."""

    db: Database
    lane: Lane
    known: Sequence[Job]
    cause: CauseId
    user_id: UserId
    said: Step | Skip | None = None
    waits: bool = False

    async def run(self) -> Provisioned:
        code = await self.lane.gate()
        if code is not None:
            return await self._closed(code)
        async with self.db.tenant(self.lane.job.tenant_id) as tx:
            reading = await read_page(tx, [self.lane.job], self.known, [self.user_id])
        causes = {self.user_id: self.cause}
        try:
            passage = Passage(self.lane, self.known, self.cause, self._choose)
            passed = await passage.take(reading, reading.people, causes)
        except InboundSyncOff as closed:
            return await self._closed(closed.code)
        failure = next((each for each in passed.skips if each.failed), None)
        await self._note(passed)
        return self._answer(reading, passed, failure)

    def _choose(self, plan: Plan) -> list[tuple[int, Step]]:
        decided: list[Step | Skip] = [*plan.steps, *plan.skips]
        self.said = decided[0] if decided else None
        self.waits = bool(plan.unresolved)
        return list(enumerate(plan.steps, start=self.lane.take_numbers(len(plan.steps))))

    async def _note(self, passed: Passed) -> None:
        """Log, link and run; a drain that takes up what was cut off may be at it as well."""
        lane = self.lane
        skips: list[NumberedSkip] = [
            (number, each, lane.plan_id, self.cause)
            for number, each in enumerate(passed.skips, start=lane.take_numbers(len(passed.skips)))
        ]
        async with self.db.tenant(lane.job.tenant_id) as tx:
            if passed.receipts:
                await project_missing(
                    tx, lane.job, lane.plan_id, passed.receipts, after=0, kind="demand", kept=passed.kept
                )
            await project(tx, lane.job, lane.runs, [], skips)
            await note_escrow(tx, lane, looked_at=[self.user_id], skips=passed.skips)
            counted = count([], skips)
            await store.count_runs(tx, {lane.runs[each]: counted[each] for each in counted}, seconds=0)
            figures = sum(count(passed.receipts, skips).values(), Counts())
            await store.end_plan(tx, lane.plan_id, PlanState.APPLIED, figures)
            await store.end_runs(tx, list(lane.runs.values()), RunState.SUCCEEDED)

    async def _closed(self, code: str) -> Provisioned:
        lane = self.lane
        async with self.db.tenant(lane.job.tenant_id) as tx:
            await store.end_plan(tx, lane.plan_id, PlanState.REFUSED, Counts())
            await store.end_runs(tx, list(lane.runs.values()), RunState.FAILED, error=code)
        return Provisioned(lane.runs[self.cause], lane.plan_id, "none", None, failed_import(code), (), code)

    def _answer(self, reading: Reading, passed: Passed, failure: Skip | None) -> Provisioned:
        lane, said = self.lane, self.said
        in_scope = self.user_id in reading.in_scope[lane.job.id]
        sifted = reading.sifted.get(lane.job.id)
        passes = sifted is None or self.user_id not in sifted.out
        done = said if isinstance(said, Step) and passed.receipts else None
        code = Reason.REDUNDANT.value if said is None else None
        if done is None and isinstance(said, Skip):
            code = said.reason.value
        return Provisioned(
            lane.runs[self.cause],
            lane.plan_id,
            "none" if done is None else done.action.name.lower(),
            None if said is None else said.target_id,
            steps_of(
                reading.people[0],
                assigned=in_scope or not passes,
                passes=passes,
                said=said,
                failure=failure if done is None else None,
                waits=self.waits,
            ),
            () if done is None else tuple(shifts_of(done, redacted_bits(mapping_of(lane.job)))),
            code if failure is None else failure.reason.value,
        )
