"""Take a run back: from its receipts, as a plan like any other (design §4.6, D8).

A run is everything with the same cause, in every target; each target's part is a plan of its own. What an undo
does it leaves receipts of, so an undo can be undone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence

from comity.core.caller import Caller
from comity.core.folding import address_key
from comity.core.ids import CauseId, PlanId, RunId, UserId, new_id
from comity.core.permissions import Permission
from comity.db.database import Database
from comity.db.transaction import Transaction
from comity.directory.model import Attribute
from comity.events import feed
from comity.sync import plan_store, store
from comity.sync.guards import load_guard
from comity.sync.lanes import Lane
from comity.sync.model import CARRIED, Action, Present, Reason, Receipt, RunState, Skip, Step
from comity.sync.planned import (
    PLAN_LIFE,
    Item,
    PlanKind,
    PlanState,
    RunGoesOn,
    RunUnknown,
    StoredPlan,
    Tally,
    Trace,
    Verdict,
)
from comity.sync.planning import Planning, Watch, tally_of
from comity.sync.reading import read_page
from comity.sync.targets import Visit
from comity.sync.undo_decide import decide_undo

_UPN_AT = CARRIED.index(Attribute.USER_PRINCIPAL_NAME)
GROUP_LEFT = Reason.NOT_ELIGIBLE
"""Groups are not put back; whoever undoes is told which were changed."""


async def ask_undo(tx: Transaction, caller: Caller, run_id: RunId) -> list[PlanId]:
    """Ask for plans that take a run back, one per target.

    Raises:
        RunUnknown, RunGoesOn, PermissionMissing.
    """
    caller.check(Permission.SYNC_READ)
    runs = await plan_store.load_runs_of(tx, run_id)
    if not runs:
        raise RunUnknown(run=str(run_id))
    if any(state is RunState.RUNNING for _, _, state in runs):
        raise RunGoesOn(run=str(run_id))
    asked = []
    for found, job_id, _ in runs:
        job = await store.get_job(tx, job_id)
        if job is None:
            continue
        plan_id = PlanId(new_id())
        await plan_store.add(
            tx, plan_id, job, kind=PlanKind.UNDO, state=PlanState.PLANNING, run_id=found, cause=CauseId(plan_id),
            expires_at=tx.now + PLAN_LIFE,
        )  # fmt: skip
        asked.append(plan_id)
    return asked


async def fill_undo(db: Database, plan: StoredPlan, lane: Lane, watch: Watch) -> StoredPlan:
    """Decide for each account of the run what takes it back."""
    source = lane.job.tenant_id
    guard = await load_guard(db, lane, version=lane.job.version)
    async with db.tenant(source) as tx:
        position = await feed.load_position(tx)
        await plan_store.begin_filling(tx, plan.id, guard=guard, to_position=position)
        trace = await _trace(tx, plan)
    looked_at, next_step, tally = 0, 1, Tally()
    async for histories, accounts, taken in _pages(lane, trace):
        kept = await _kept(db, plan, lane, {each[0].source_id for each in histories.values()})
        decided = _decide(histories, accounts, taken, kept)
        items = [_item(number, *each) for number, each in enumerate(decided, start=next_step)]
        next_step += len(items)
        looked_at += len(histories)
        tally += tally_of(items)
        async with db.tenant(source, flushed=False) as tx:
            await plan_store.add_items(tx, plan.id, items)
            await plan_store.note_progress(tx, plan.id, tally, looked_at)
        watch(Planning(looked_at, tally))
    async with db.tenant(source) as tx:
        await plan_store.finish(tx, plan.id, PlanState.PLANNED)
        return await plan_store.get(tx, plan.id)


async def decide_items(
    db: Database, plan: StoredPlan, lane: Lane, items: Iterable[Item], *, visit: Visit | None = None
) -> dict[UserId, Step]:
    """What takes these items' accounts back now; whoever was changed since is missing."""
    async with db.tenant(lane.job.tenant_id) as tx:
        trace = await _trace(tx, plan)
    ids = [each.target_id for each in items if each.target_id is not None]
    kept = await _kept(db, plan, lane, {each.source_id for each in items})
    if visit is not None:
        return await _decide_on(visit, trace, ids, kept)
    async with lane.target.visit(flushed=True) as opened:
        return await _decide_on(opened, trace, ids, kept)


async def _kept(db: Database, plan: StoredPlan, lane: Lane, people: Collection[UserId]) -> Collection[UserId]:
    """Whom another job of the pair manages by now, other than by this run: her account is not the run's alone."""
    assert plan.run_id is not None  # an undo is of a run
    async with db.tenant(lane.job.tenant_id, many_rows=True) as tx:
        same_run = {job_id for _, job_id, _ in await plan_store.load_runs_of(tx, plan.run_id)} - {lane.job.id}
        known = [
            each
            for each in await store.list_jobs(tx)
            if each.target_tenant_id == lane.job.target_tenant_id and each.id not in same_run
        ]
        if len(known) < 2:
            return ()
        reading = await read_page(tx, [lane.job], known, sorted(people))
    return reading.managed_elsewhere(lane.job, known)


async def _decide_on(
    visit: Visit, trace: Trace, ids: Collection[UserId], kept: Collection[UserId]
) -> dict[UserId, Step]:
    histories = await visit.histories(trace.plans, trace.cause, ids)
    accounts = await visit.accounts(ids)
    taken = await _taken(visit, histories, accounts)
    decided = _decide(histories, accounts, taken, kept)
    return {said.source_id: said for said, _ in decided if isinstance(said, Step)}


async def _trace(tx: Transaction, plan: StoredPlan) -> Trace:
    assert plan.run_id is not None  # an undo is of a run
    return await plan_store.load_trace(tx, plan.run_id)


async def _pages(
    lane: Lane, trace: Trace
) -> AsyncIterator[tuple[dict[UserId, list[Receipt]], dict[UserId, Present], set[UserId]]]:
    """Accounts of the run with all it did to them, each on the page of the first receipt of it."""
    after = None
    while True:
        async with lane.target.visit(flushed=True) as visit:
            page = await visit.receipts_of_run(trace.plans, trace.cause, after=after)
            if not page:
                return
            after = (page[-1].plan_id, page[-1].step)
            here = {(each.plan_id, each.step) for each in page}
            ids = {each.target_id for each in page}
            histories = {
                account: history
                for account, history in (await visit.histories(trace.plans, trace.cause, ids)).items()
                if (history[0].plan_id, history[0].step) in here
            }
            accounts = await visit.accounts(histories)
            taken = await _taken(visit, histories, accounts)
        yield histories, accounts, taken


async def _taken(
    visit: Visit, histories: Mapping[UserId, Sequence[Receipt]], accounts: Mapping[UserId, Present]
) -> set[UserId]:
    """Accounts whose former name is somebody else's by now."""
    keys: dict[str, UserId] = {}
    for account, history in histories.items():
        if account not in accounts:
            continue
        said, _ = decide_undo(history, accounts[account])
        if isinstance(said, Step) and (
            said.action is Action.RESTORE or said.changed & Attribute.USER_PRINCIPAL_NAME.bit
        ):
            keys[address_key(str(said.wanted[_UPN_AT]))] = account
    return await visit.names_taken(keys)


def _decide(
    histories: Mapping[UserId, Sequence[Receipt]],
    accounts: Mapping[UserId, Present],
    taken: Collection[UserId],
    kept: Collection[UserId],
) -> list[tuple[Step | Skip, Reason | None]]:
    """What takes each account back; those that disappear come first, so that names they free can be taken."""
    found: list[tuple[Step | Skip, Reason | None]] = []
    for account, history in histories.items():
        if history[0].kind is not None:
            found.append((Skip(history[0].source_id, account, GROUP_LEFT, failed=True), None))
        elif account in taken:
            found.append((Skip(history[0].source_id, account, Reason.UPN_TAKEN, failed=True), None))
        else:
            said, note = decide_undo(history, accounts.get(account))
            if isinstance(said, Step) and said.action is Action.DELETE and said.source_id in kept:
                said = Skip(said.source_id, account, Reason.MANAGED_ELSEWHERE, failed=True)
            found.append((said, note))
    return sorted(found, key=lambda each: not (isinstance(each[0], Step) and each[0].action is Action.DELETE))


def _item(number: int, said: Step | Skip, note: Reason | None) -> Item:
    if isinstance(said, Skip):
        return Item(number, said.source_id, said.target_id, Verdict.REFUSE, said.reason.value, 0, 0, 0)
    reason = None if note is None else note.value
    return Item(
        number, said.source_id, said.target_id, Verdict(said.action), reason, said.changed, 0, said.target_version
    )
