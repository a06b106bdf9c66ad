"""Rows and nouns of stored plans, in the source tenant."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from comity.core.ids import CauseId, JobId, PlanId, RunId, UserId
from comity.db.bulk import Staging, bulk
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.values import array_text, jsonb, text_array
from comity.directory.model import Attribute
from comity.sync import store
from comity.sync.model import Job, Reason, RunState, ScopeMode
from comity.sync.planned import (
    Item,
    Outcome,
    PlanKind,
    PlanState,
    PlanUnknown,
    Proposal,
    StoredPlan,
    Tally,
    Trace,
    Verdict,
)

Q: Final = Queries("comity.sync", "plans.sql")
_ENGINE: Final = Queries("comity.sync")
_STAGED: Final = Staging(
    "staged_steps",
    (
        ("step", "integer"),
        ("source_id", "uuid"),
        ("target_id", "uuid"),
        ("verdict", "smallint"),
        ("reason", "text"),
        ("changed", "bigint"),
        ("source_version", "bigint"),
        ("target_version", "bigint"),
        ("outcome", "smallint"),
    ),
)


async def add(
    tx: Transaction,
    plan_id: PlanId,
    job: Job,
    *,
    kind: PlanKind,
    state: PlanState,
    cause: CauseId,
    expires_at: datetime | None = None,
    proposal: Proposal | None = None,
    run_id: RunId | None = None,
    to_position: int = 0,
) -> None:
    """Save a new plan without items."""
    await tx.execute(
        _ENGINE.add_plan,
        id=plan_id, job_id=job.id, run_id=run_id, kind=kind.value, state=state.value, guard=jsonb({"job": job.version}),
        proposal=None if proposal is None else jsonb(proposal.as_facts()), from_position=job.watermark,
        to_position=to_position, at=tx.now, expires_at=expires_at, cause=cause,
    )  # fmt: skip


async def get(tx: Transaction, plan_id: PlanId) -> StoredPlan:
    """The plan of that id.

    Raises:
        PlanUnknown.
    """
    plan = await tx.one(_plan, Q.plan, id=plan_id)
    if plan is None:
        raise PlanUnknown(plan=str(plan_id))
    return plan


async def begin_filling(tx: Transaction, plan_id: PlanId, *, guard: Mapping[str, object], to_position: int) -> None:
    """Note what the plan is decided on; items of an earlier attempt go."""
    await tx.execute(Q.drop_steps, plan_id=plan_id)
    await tx.execute(Q.plan_fill, id=plan_id, guard=jsonb(guard), to_position=to_position)


async def note_progress(tx: Transaction, plan_id: PlanId, tally: Tally, looked_at: int) -> bool:
    """How far it is; True if somebody wants it to halt."""
    row = await tx.row(Q.plan_progress, id=plan_id, counts=jsonb(tally.as_facts()), looked_at=looked_at)
    return bool(row and row[0])


async def move(
    tx: Transaction,
    plan_id: PlanId,
    of: Collection[PlanState],
    to: PlanState,
    *,
    guard: Mapping[str, object] | None = None,
    cause: CauseId | None = None,
) -> bool:
    """Change its state, and what it rests on and what set it off, if given; False if it was in another state."""
    states = [each.value for each in of]
    return await tx.execute(Q.plan_move, id=plan_id, of=states, to=to.value, guard=jsonb(guard), cause=cause) > 0


async def finish(tx: Transaction, plan_id: PlanId, state: PlanState) -> Tally:
    """It is done with for now; count its items."""
    tally = await load_tally(tx, plan_id)
    await tx.execute(Q.plan_finish, id=plan_id, state=state.value, counts=jsonb(tally.as_facts()))
    return tally


async def ask_to_stop(tx: Transaction, job_id: JobId) -> None:
    """Whatever plan of the job is being applied halts before its next batch."""
    await tx.execute(Q.ask_plans_to_stop, job_id=job_id)


async def count_demands(tx: Transaction, *, since: UUID) -> int:
    """How many single people were provisioned since that id was made."""
    row = await tx.row(Q.plans_since, since=since)
    return int(row[0]) if row else 0


async def add_items(tx: Transaction, plan_id: PlanId, items: Iterable[Item]) -> None:
    """Save items."""
    rows = [
        (
            each.step,
            each.source_id,
            each.target_id,
            each.verdict.value,
            each.reason,
            each.changed,
            each.source_version,
            each.target_version,
            None if each.outcome is None else each.outcome.value,
        )
        for each in items
    ]
    if rows:
        await bulk(tx, _STAGED, rows)
        await tx.execute(Q.add_steps, plan_id=plan_id)


async def drop_items_of(tx: Transaction, plan_id: PlanId, people: Collection[UserId]) -> None:
    """Forget what the plan says of these people; they are decided again."""
    await tx.execute(Q.drop_steps_of, plan_id=plan_id, ids=array_text(people))


async def list_items(
    tx: Transaction,
    plan_id: PlanId,
    *,
    after: int = 0,
    at_most: int = 100,
    verdicts: Collection[Verdict] | None = None,
    outcomes: Collection[Outcome] | None = None,
) -> list[Item]:
    """Items behind step `after`, in order; only those of the verdicts and outcomes named, if any."""
    return await tx.all(
        _item, Q.steps,
        plan_id=plan_id, after=after, at_most=at_most,
        verdicts=None if verdicts is None else [each.value for each in verdicts],
        outcomes=None if outcomes is None else [each.value for each in outcomes],
    )  # fmt: skip


async def list_open_items(tx: Transaction, plan_id: PlanId, *, after: int, at_most: int) -> list[Item]:
    """What is still to be applied, behind step `after`."""
    return await tx.all(_item, Q.open_steps, plan_id=plan_id, after=after, at_most=at_most)


async def load_items_of(tx: Transaction, plan_id: PlanId, people: Collection[UserId]) -> dict[UserId, Item]:
    """What the plan says of these people."""
    found = await tx.all(_item, Q.steps_of, plan_id=plan_id, ids=array_text(people))
    return {each.source_id: each for each in found}


async def last_step(tx: Transaction, plan_id: PlanId) -> int:
    """The number of the plan's last item; 0 if it has none."""
    row = await tx.row(Q.last_step, plan_id=plan_id)
    return int(row[0]) if row else 0


async def settle(tx: Transaction, plan_id: PlanId, outcomes: Mapping[int, tuple[Outcome, str | None]]) -> None:
    """Note what became of items, by step; a reason given replaces the one that was there."""
    if outcomes:
        await tx.execute(
            Q.settle_steps,
            plan_id=plan_id,
            steps=array_text(outcomes),
            outcomes=array_text(each.value for each, _ in outcomes.values()),
            reasons=text_array([reason for _, reason in outcomes.values()]),
        )


async def load_tally(tx: Transaction, plan_id: PlanId) -> Tally:
    """The plan's items, counted."""
    counts: dict[str, int] = {}
    for verdict, outcome, converts, unseen, count in await tx.rows(
        Q.tally, plan_id=plan_id, converts=Attribute.USER_TYPE.bit, unseen=Reason.CHANGED_SINCE_PLAN.value
    ):
        said = Verdict(verdict)
        names = [] if unseen else [said.word]
        if converts and not unseen and said in (Verdict.UPDATE, Verdict.ADOPT):
            names.append("convert")
        if outcome is not None:
            names.append(Outcome(outcome).name.lower())
        for name in names:
            counts[name] = counts.get(name, 0) + count
    return Tally.from_facts(counts)


async def load_arrivals(tx: Transaction, plan_id: PlanId, people: Collection[UserId]) -> dict[UserId, UserId]:
    """Who of these people would come into the target by the plan, and as whom."""
    rows = await tx.rows(Q.arrivals, plan_id=plan_id, ids=array_text(people))
    return {UserId(source_id): UserId(target_id) for source_id, target_id in rows}


async def load_in_scope_proposed(
    tx: Transaction, job_id: JobId, proposal: Proposal, people: Sequence[UserId]
) -> set[UserId]:
    """Who of the page the job would offer."""
    rows = await tx.rows(
        Q.in_scope_proposed,
        job_id=job_id, ids=array_text(people), add_users=array_text(proposal.add_users),
        add_groups=array_text(proposal.add_groups), remove=array_text(proposal.remove),
    )  # fmt: skip
    return {UserId(row[0]) for row in rows}


async def page_of_proposed(tx: Transaction, proposal: Proposal, *, after: UUID, at_most: int) -> list[UserId]:
    """Whom the proposal would offer besides, by id behind `after`."""
    rows = await tx.rows(
        Q.candidates_proposed,
        add_users=array_text(proposal.add_users), add_groups=array_text(proposal.add_groups), after=after,
        at_most=at_most,
    )  # fmt: skip
    return [UserId(row[0]) for row in rows]


async def raise_watermark(tx: Transaction, job_id: JobId, position: int) -> None:
    """A plan looked at everybody up to there; a drain goes on behind it."""
    await tx.execute(Q.raise_watermark, id=job_id, position=position)


async def estimate(tx: Transaction, job: Job, proposal: Proposal | None) -> int:
    """About how many people a look at everybody concerns; who is offered twice counts twice."""
    everybody = (job if proposal is None else proposal.of(job)).scope_mode is ScopeMode.ALL
    groups = () if proposal is None else proposal.add_groups
    row = await tx.row(Q.estimate, job_id=job.id, everybody=everybody, add_groups=array_text(groups))
    users = 0 if proposal is None else len(proposal.add_users)
    return users + (int(row[0]) if row else 0)


async def lock_job(tx: Transaction, job_id: JobId) -> Job | None:
    """The job of that id; whoever provisions somebody by it meanwhile waits."""
    await tx.execute(Q.lock_job, id=job_id)
    return await store.get_job(tx, job_id)


async def set_drift_repair(tx: Transaction, job_id: JobId, *, on: bool) -> bool:
    """Say whether drift may be repaired; True if that changed."""
    return await tx.execute(Q.set_drift_repair, id=job_id, on=on) > 0


async def page_of_linked(tx: Transaction, job_id: JobId, *, after: UUID, at_most: int) -> list[UserId]:
    """Whom the job keeps in line, by id behind `after`."""
    return [UserId(row[0]) for row in await tx.rows(Q.linked, job_id=job_id, after=after, at_most=at_most)]


async def load_link_versions(tx: Transaction, job_id: JobId, people: Collection[UserId]) -> dict[UserId, int]:
    """At which version sync left these people's accounts."""
    rows = await tx.rows(Q.link_versions, job_id=job_id, ids=array_text(people))
    return {UserId(source_id): version for source_id, version in rows}


async def load_last_writers(tx: Transaction, accounts: Collection[UserId]) -> dict[UserId, tuple[str, datetime]]:
    """Target: who last changed these accounts by hand, and when."""
    rows = await tx.rows(Q.last_writers, ids=array_text(accounts))
    return {UserId(account): (name, at) for account, name, at in rows}


async def forget_links(tx: Transaction, job_id: JobId) -> None:
    """Forget which account stands for whom."""
    await tx.execute(Q.forget_links, job_id=job_id)


async def reset_watermark(tx: Transaction, job_id: JobId) -> None:
    """The next drain looks at everybody."""
    await tx.execute(Q.reset_watermark, id=job_id)


async def load_runs_of(tx: Transaction, run_id: RunId) -> list[tuple[RunId, JobId, RunState]]:
    """A run and all others of the same cause, in every target; empty if there is none of that id."""
    return [
        (RunId(found), JobId(job_id), RunState(state))
        for found, job_id, _, state, _ in await tx.rows(Q.runs_of, id=run_id)
    ]


async def load_trace(tx: Transaction, run_id: RunId) -> Trace:
    """Where a run's receipts are."""
    row = await tx.row(Q.run_trace, id=run_id)
    assert row is not None  # a plan that undoes a run keeps it
    return Trace(CauseId(row[0]), tuple(PlanId(each) for each in row[1]))


def _plan(
    id: UUID, job_id: UUID, run_id: UUID | None, kind: str, state: str, guard: Mapping[str, Any],
    proposal: Mapping[str, Any] | None, counts: Mapping[str, Any], looked_at: int, stop_asked: bool,
    to_position: int, created_at: datetime, expires_at: datetime | None, cause: UUID,
) -> StoredPlan:  # fmt: skip
    return StoredPlan(
        id=PlanId(id), job_id=JobId(job_id), run_id=RunId(run_id) if run_id else None, kind=PlanKind(kind),
        state=PlanState(state), guard=guard, proposal=None if proposal is None else Proposal.from_facts(proposal),
        tally=Tally.from_facts(counts), looked_at=looked_at, stop_asked=stop_asked, to_position=to_position,
        created_at=created_at, expires_at=expires_at, cause=CauseId(cause),
    )  # fmt: skip


def _item(
    step: int, source_id: UUID, target_id: UUID | None, verdict: int, reason: str | None, changed: int,
    source_version: int | None, target_version: int | None, outcome: int | None,
) -> Item:  # fmt: skip
    return Item(
        step, UserId(source_id), UserId(target_id) if target_id else None, Verdict(verdict), reason, changed,
        source_version or 0, target_version or 0, None if outcome is None else Outcome(outcome),
    )  # fmt: skip
