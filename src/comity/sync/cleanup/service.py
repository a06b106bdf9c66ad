"""Clean up after a partner, as a plan in the resource tenant: ask, make, apply, take back (design D7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.folding import address_key
from comity.core.ids import NOWHERE, CauseId, JobId, PlanId, TenantId, UserId, new_id
from comity.core.permissions import Permission
from comity.db.crossings.cycle import claim
from comity.db.crossings.inbound_links import find_linked
from comity.db.database import Database
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.values import array_text
from comity.partners.service import load_inbound_half
from comity.sync import plan_store
from comity.sync.cleanup.decide import decide, plan_cleanup, plan_return
from comity.sync.cleanup.model import Account, CleanupUnknown, RelationStands
from comity.sync.model import PAGE_SIZE, Present, Receipt
from comity.sync.planned import (
    PLAN_LIFE,
    Item,
    Outcome,
    PlanExpired,
    PlanKind,
    PlanNotReady,
    PlanRefused,
    PlanState,
    StoredPlan,
    Tally,
)
from comity.sync.planning import tally_of
from comity.sync.recovering import recover
from comity.sync.targets import Batch, LocalVisit, load_accounts

Q: Final = Queries("comity.sync.cleanup")
_BEGINS: Final = (PlanState.PLANNED, PlanState.INTERRUPTED)

Tell = Callable[[int, Tally], None]
"""Told how many accounts were looked at, or settled, and what was found."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """How far a clean-up was applied. `stopped`: somebody halted it; applying it again goes on."""

    plan: StoredPlan
    stopped: bool


async def ask(tx: Transaction, caller: Caller, partner: TenantId, *, undoes: PlanId | None = None) -> PlanId:
    """Ask for a plan of what sync from `partner` left here; or, with `undoes`, of what takes that clean-up back.

    Raises:
        RelationStands, CleanupUnknown, PermissionMissing.
    """
    caller.check(Permission.SYNC_READ)
    if undoes is not None:
        await _check_undoes(tx, partner, undoes)
    else:
        await _check_severed(tx, partner)
    plan_id = PlanId(new_id())
    await tx.execute(Q.add_plan, id=plan_id, partner=partner, undoes=undoes, at=tx.now, expires_at=tx.now + PLAN_LIFE)
    return plan_id


async def estimate(tx: Transaction, plan: StoredPlan) -> int:
    """How many accounts a clean-up looks at."""
    row = await tx.row(Q.count, partner=plan.job_id)
    return int(row[0]) if row else 0


async def fill(db: Database, tenant_id: TenantId, plan: StoredPlan, *, tell: Tell, page_size: int) -> StoredPlan:
    """Find what the plan is about, page by page; begun anew if an earlier attempt was cut off."""
    partner, after, step, tally = _partner(plan), 0, 0, Tally()
    at: UUID = NOWHERE
    async with db.tenant(tenant_id) as tx:
        await plan_store.begin_filling(tx, plan.id, guard={}, to_position=0)
    while True:
        async with db.tenant(tenant_id, many_rows=True) as tx:
            if plan.run_id is None:
                found, at = await _page(tx, partner, at, step + 1, page_size)
            else:
                found, after = await _page_back(tx, partner, PlanId(plan.run_id), after, step + 1)
            if not found:
                await plan_store.finish(tx, plan.id, PlanState.PLANNED)
                return await plan_store.get(tx, plan.id)
            step, tally = found[-1].step, tally + tally_of(found)
            await plan_store.add_items(tx, plan.id, found)
            await plan_store.note_progress(tx, plan.id, tally, step)
        tell(step, tally)


async def apply(
    db: Database, caller: Caller, plan: StoredPlan, *, tell: Callable[[int, int], None], page_size: int = PAGE_SIZE
) -> Cleaned:
    """Delete (or bring back) what the plan names and what is still so; a plan that was applied changes nothing.

    Raises:
        RelationStands, PlanNotReady, PlanExpired, PlanRefused, PermissionMissing.
    """
    caller.check(Permission.USER_WRITE)
    async with claim(db, caller.tenant_id, patient=True):
        await recover(db, caller.tenant_id)
        async with db.tenant(caller.tenant_id) as tx:
            plan = await plan_store.get(tx, plan.id)
            if plan.state is PlanState.APPLIED:
                return Cleaned(plan, stopped=False)
            cause = await _begin(tx, caller, plan)
        after, settled = 0, 0
        while True:
            async with db.tenant(caller.tenant_id, cause=cause, many_rows=True) as tx:
                stopped = (await plan_store.get(tx, plan.id)).stop_asked
                items = await plan_store.list_open_items(tx, plan.id, after=after, at_most=page_size)
                if stopped or not items:
                    state = PlanState.INTERRUPTED if stopped else PlanState.APPLIED
                    tally = await plan_store.finish(tx, plan.id, state)
                    return Cleaned(replace(await plan_store.get(tx, plan.id), tally=tally), stopped)
                await _apply_page(tx, plan, items, cause)
            after, settled = items[-1].step, settled + len(items)
            tell(settled, plan.tally.changes)


async def _begin(tx: Transaction, caller: Caller, plan: StoredPlan) -> CauseId:
    if plan.state is PlanState.PLANNING:
        raise PlanNotReady(plan=str(plan.id))
    if plan.state is PlanState.REFUSED:
        raise PlanRefused(plan=str(plan.id))
    if plan.state is PlanState.EXPIRED or (plan.expires_at and tx.now > plan.expires_at):
        raise PlanExpired(plan=str(plan.id), created=f"{plan.created_at:%Y-%m-%d %H:%M}")
    if plan.run_id is None:
        await _check_severed(tx, _partner(plan))
    action = "Clean up after partner" if plan.run_id is None else "Take back clean-up after partner"
    facts = {"plan": str(plan.id), "accounts": plan.tally.changes}
    audit_id = await record(tx, caller, Record(action, "partner", plan.job_id, after=facts))
    cause = plan.cause if plan.state is PlanState.INTERRUPTED else CauseId(audit_id)
    if not await plan_store.move(tx, plan.id, _BEGINS, PlanState.APPLYING, cause=cause):
        raise PlanNotReady(plan=str(plan.id))
    return cause


async def _apply_page(tx: Transaction, plan: StoredPlan, items: list[Item], cause: CauseId) -> None:
    """Accounts, receipts, feed and items in one transaction: all of them are this tenant's."""
    partner = _partner(plan)
    if plan.run_id is None:
        await _check_severed(tx, partner)
    present = await load_accounts(tx, [each.target_id for each in items if each.target_id is not None])
    visit = LocalVisit(tx, partner)
    taken = set() if plan.run_id is None else await _taken(visit, present)
    steps, outcomes = decide(items, present, taken)
    batch = Batch(plan.id, JobId(partner), steps, {each.source_id: cause for _, each in steps})
    receipts: list[Receipt] = []
    if steps:
        receipts = await (visit.apply(batch) if plan.run_id is None else visit.undo(batch))
    done = {each.step for each in receipts}
    said = {number: (outcome, None) for number, outcome in outcomes.items()}
    said |= {number: (Outcome.APPLIED if number in done else Outcome.HELD, None) for number, _ in steps}
    await plan_store.settle(tx, plan.id, said)


async def _page(tx: Transaction, partner: TenantId, after: UUID, first: int, page_size: int) -> tuple[list[Item], UUID]:
    accounts = await tx.all(Account, Q.accounts, partner=partner, after=after, at_most=page_size)
    if not accounts:
        return [], after
    synced = await find_linked(tx, partner, {each.id: each.home_user_id for each in accounts})
    ids = array_text(each.id for each in accounts)
    synced |= {UserId(row[0]) for row in await tx.rows(Q.with_receipts, ids=ids, partner=partner)}
    return plan_cleanup(accounts, synced, first=first), accounts[-1].home_user_id


async def _page_back(
    tx: Transaction, partner: TenantId, undoes: PlanId, after: int, first: int
) -> tuple[list[Item], int]:
    visit = LocalVisit(tx, partner)
    receipts = await visit.receipts(undoes, after=after)
    if not receipts:
        return [], after
    present = await load_accounts(tx, [each.target_id for each in receipts])
    taken = await _taken(visit, present)
    return plan_return(receipts, present, taken, first=first), receipts[-1].step


async def _taken(visit: LocalVisit, present: Mapping[UserId, Present]) -> set[UserId]:
    """Accounts whose names somebody else bears by now."""
    return await visit.names_taken({address_key(each.user_principal_name): each.id for each in present.values()})


async def _check_severed(tx: Transaction, partner: TenantId) -> None:
    """As long as the partner may sync people in, the next drain would bring them back.

    Raises:
        RelationStands.
    """
    inbound = await load_inbound_half(tx, partner)
    if inbound is not None and inbound.user_sync:
        raise RelationStands(partner=str(partner))


async def _check_undoes(tx: Transaction, partner: TenantId, undoes: PlanId) -> None:
    plan = await plan_store.get(tx, undoes)
    applied = plan.state in (PlanState.APPLIED, PlanState.INTERRUPTED)
    if plan.kind is not PlanKind.CLEANUP or plan.run_id is not None or _partner(plan) != partner or not applied:
        raise CleanupUnknown(plan=str(undoes))


def _partner(plan: StoredPlan) -> TenantId:
    """Where a clean-up's accounts are at home; it stands in the job's place."""
    return TenantId(plan.job_id)
