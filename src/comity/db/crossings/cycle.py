"""A drain's visit to the target: as the target, and only if it lets the source's people in.

It sees what the target's own transaction sees, nothing of the source; and it does not open at all
where the target has not allowed inbound sync from this source. The permission is read in the same
transaction that writes, so a withdrawn one stops the next batch.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, LiteralString

from comity.core.errors import Forbidden
from comity.core.ids import CauseId, TenantId
from comity.db.database import Database
from comity.db.transaction import Transaction

_ALLOWED: Final[LiteralString] = """
select user_sync_inbound, pg_advisory_xact_lock_shared(hashtextextended('visit:' || %(source)s::text, 0))
from partner_sync where tenant_id = %(tenant_id)s and partner_tenant_id = %(source)s
"""
_NO_VISITS: Final[LiteralString] = "select pg_advisory_xact_lock(hashtextextended('visit:' || %(tenant_id)s::text, 0))"


class InboundSyncOff(Forbidden):
    """The target has not allowed inbound sync from this source."""

    code = "inbound-sync-off"


@asynccontextmanager
async def as_target(
    db: Database, *, source: TenantId, target: TenantId, cause: CauseId | None = None, flushed: bool = True
) -> AsyncIterator[Transaction]:
    """A transaction of the target for a drain of the source's jobs.

    `flushed=False` is for batches, whose watermark is committed flushed after them (design §4.2).

    Raises:
        InboundSyncOff: the target has not allowed inbound sync from this source, or does not exist.
    """
    async with db.tenant(target, cause=cause, flushed=flushed, many_rows=True) as tx:
        row = await tx.row(_ALLOWED, source=source)
        if row is None or row[0] is not True:
            raise InboundSyncOff(source=str(source), target=str(target))
        yield tx


async def wait_for_visits(tx: Transaction) -> None:
    """Wait until no visit of this source's drains is under way any more.

    The server may still be committing a batch whose process was killed. Who holds the claim, and opens no
    visit meanwhile, has all receipts before him afterwards.
    """
    await tx.execute(_NO_VISITS)


@asynccontextmanager
async def claim(db: Database, source: TenantId, *, patient: bool = False) -> AsyncIterator[bool]:
    """Whether the source's drain is ours; one process drains a tenant at a time.

    The claim is a session lock: it ends with the process that holds it, however that ends. `patient` waits until
    it is free.
    """
    async with db.direct() as connection:
        key = (f"drain:{source}",)
        if patient:
            await connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", key)
        else:
            cursor = await connection.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", key)
            row = await cursor.fetchone()
            if not (row and row[0]):
                yield False
                return
        try:
            yield True
        finally:
            # The server would see only a moment later that the session has ended; whoever comes next need not wait.
            if not connection.closed:
                await connection.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", key)
