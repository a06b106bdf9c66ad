"""One policy for up to 5,000 people: ordered at once, given in the background, each with a result of its own.

Whoever carries a batch on holds its row, page by page, so that a worker and an impatient command line do
not give anything twice. What was done stays done if the process dies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from comity.access import identities, locks
from comity.access import store as access_store
from comity.access.assignments import store
from comity.access.assignments.decide import people_of_batch
from comity.access.assignments.model import Batch, BatchResult
from comity.access.errors import BatchNotFound, InvalidIdentity, PolicyNotFound, check_may
from comity.audit.service import Record, record, record_many
from comity.core.caller import Caller
from comity.core.ids import TenantId, UserId, new_id
from comity.core.permissions import Permission
from comity.db.database import Database
from comity.db.transaction import Transaction
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.jobs.due import put
from comity.jobs.model import Order, Task, Work

KIND: Final = "access-batch"
KEPT: Final = timedelta(days=30)
"""How long a completed batch can be asked about."""
PAGE_SIZE: Final = 500
"""People per transaction: the access lock is held for a moment only."""

Progress = Callable[[int, int], None]
"""Called with how many of how many people are done."""


async def start_batch(
    tx: Transaction, caller: Caller, identity: str | None, people: Sequence[str], *, name: str = ""
) -> UUID:
    """Order a policy for many people, named by id, UPN or mail; None takes direct assignments back.

    Names that are given twice count once. Returns the batch's id.

    Raises:
        BatchTooLarge, PolicyNotFound, InvalidIdentity, NotAuthorized.
    """
    check_may(caller, Permission.EXTERNAL_ACCESS_ASSIGN)
    named = people_of_batch(people)
    policy = None if identity is None else await identities.hold(tx, identity)
    batch_id = new_id()
    facts = {"ExternalAccessPolicy": policy, "people": len(named), "name": name}
    cause = await record(tx, caller, Record("Assign external access policy in batch", "batch", batch_id, after=facts))
    await store.add_batch(tx, caller, batch_id, name=name, policy=policy, people=named, cause=tx.cause or cause)
    await put(tx, Order(KIND, tx.tenant_id, batch_id))
    return batch_id


async def get_batch(tx: Transaction, caller: Caller, batch_id: UUID) -> Batch:
    """A batch with its people, in the order in which they were named.

    Raises:
        BatchNotFound, NotAuthorized.
    """
    check_may(caller, Permission.EXTERNAL_ACCESS_READ)
    found = await store.load_batches(tx, kept_since=tx.now - KEPT, batch_id=batch_id)
    if not found:
        raise BatchNotFound(batch=str(batch_id))
    batch = found[0]
    return Batch(
        batch.id, batch.name, batch.policy, batch.created_by, batch.created_at, batch.completed_at, batch.total,
        batch.completed, batch.errors, tuple(await store.load_batch_people(tx, batch_id)),
    )  # fmt: skip


async def list_batches(tx: Transaction, caller: Caller) -> list[Batch]:
    """The batches of the last 30 days, the newest first, without their people."""
    check_may(caller, Permission.EXTERNAL_ACCESS_READ)
    return await store.load_batches(tx, kept_since=tx.now - KEPT)


async def carry_out(
    db: Database, tenant_id: TenantId, batch_id: UUID, *, progress: Progress | None = None, page_size: int = PAGE_SIZE
) -> datetime | None:
    """Do what is left of a batch; returns when it was completed, None if there is no such batch."""
    while True:
        completed_at, gone = await db.run(tenant_id, lambda tx: _carry_on(tx, batch_id, progress, page_size))
        if completed_at is not None or gone:
            return completed_at


def offered(db: Database) -> Work:
    """Batches as background work: one order each, which comes back after 30 days to forget the batch."""

    async def handle(task: Task) -> datetime | None:
        tenant_id, batch_id = task.order.tenant_id, task.order.key
        completed_at = await carry_out(db, tenant_id, batch_id)
        if completed_at is None:
            return None
        if db.clock.now() < completed_at + KEPT:
            return completed_at + KEPT
        async with db.tenant(tenant_id) as tx:
            await store.remove_batch(tx, batch_id, kept_since=tx.now - KEPT)
        return None

    return Work(kind=KIND, handler=handle)


async def _carry_on(
    tx: Transaction, batch_id: UUID, progress: Progress | None, page_size: int
) -> tuple[datetime | None, bool]:
    """One page; when the batch was completed, and whether it is gone."""
    ordered = await store.lock_batch(tx, batch_id)
    if ordered is None:
        return None, True
    if ordered.completed_at is not None:
        return ordered.completed_at, False
    page = await store.load_untried(tx, batch_id, at_most=page_size)
    if page:
        await store.save_results(tx, batch_id, await _give(tx, ordered.caller, ordered.policy, page))
    if len(page) < page_size:
        await store.complete_batch(tx, batch_id, at=tx.now)
    if progress is not None:
        (batch,) = await store.load_batches(tx, kept_since=tx.now - KEPT, batch_id=batch_id)
        progress(batch.completed, batch.total)
    return (tx.now if len(page) < page_size else None), False


async def _give(
    tx: Transaction, caller: Caller, policy: str | None, page: Sequence[tuple[int, str]]
) -> dict[int, BatchResult]:
    """Give the policy to the people of a page; what came of each, by position."""
    if policy is not None:
        try:
            policy = await identities.hold(tx, policy)
        except (PolicyNotFound, InvalidIdentity):
            return {position: BatchResult.BAD_POLICY for position, _ in page}
    found = await store.find_people(tx, [named for _, named in page])
    results = {position: _result(found[named]) for position, named in page}
    people = {found[named][0][0]: None for position, named in page if results[position] is BatchResult.SUCCESS}
    await _grant(tx, caller, policy, list(people))
    return results


def _result(found: Sequence[tuple[UserId, bool]]) -> BatchResult:
    own = [user_id for user_id, is_own in found if is_own]
    if len(own) > 1:
        return BatchResult.SEVERAL_USERS
    if own:
        return BatchResult.SUCCESS
    return BatchResult.INVALID_USER if found else BatchResult.USER_NOT_FOUND


async def _grant(tx: Transaction, caller: Caller, policy: str | None, people: Sequence[UserId]) -> None:
    before = await store.granted_to(tx, people)
    key = None if policy is None else access_store.policy_key(policy)
    changed = [each for each in people if before.get(each) != key]
    if not changed:
        return
    if key is None:
        await access_store.ungrant_policy(tx, changed)
    else:
        await store.grant_many(tx, changed, key)
    names = await access_store.policy_names(tx, {before[each] for each in changed if each in before})
    given = {"ExternalAccessPolicy": policy}
    taken = {each: {"ExternalAccessPolicy": names.get(before.get(each, ""))} for each in changed}
    entries = [Record("Grant external access policy", "user", each, taken[each], given) for each in changed]
    await record_many(tx, caller, entries)
    locks.changing(tx)
    append(tx, [Change(ChangeKind.ACCESS_CHANGED, each) for each in changed])
