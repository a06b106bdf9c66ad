"""What the whole installation shares: when it began, and how far its business clock is moved (design §4.10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from comity.core.caller import Caller
from comity.core.errors import Invalid
from comity.core.ids import PERSONAL_REALM, new_id
from comity.core.permissions import Permission
from comity.db.database import Database
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.values import jsonb

Q: Final = Queries("comity.tenancy", "installation.sql")
OFFSET_MAX: Final = timedelta(days=366 * 100)
"""A century either way: dates beyond are mistakes, and break what comes after them."""


class ClockTooFar(Invalid):
    """The clock would be moved by more than a century."""

    code = "clock-too-far"


@dataclass(frozen=True, slots=True)
class Installation:
    """The installation's own facts; `clock_offset` is what the business clock is ahead of the machine's."""

    created_at: datetime
    clock_offset: timedelta
    version: int


async def read_installation(db: Database) -> Installation:
    """The installation's own facts, for whoever runs in it."""
    async with db.tenant(PERSONAL_REALM) as tx:
        return await _read(tx)


async def move_clock(db: Database, caller: Caller, offset: timedelta) -> Installation:
    """Set how far the business clock is ahead of the machine clock; every process follows within a second.

    What waits for a time is brought forward with it; moved back, it waits no longer than before.

    Raises:
        ClockTooFar, PermissionMissing.
    """
    caller.check(Permission.INSTALLATION)
    if abs(offset) > OFFSET_MAX:
        raise ClockTooFar(days=offset.days, days_max=OFFSET_MAX.days)
    async with db.tenant(PERSONAL_REALM) as tx:
        before = await _read(tx)
        await tx.execute(Q.set_clock, offset_s=offset.total_seconds())
        await tx.execute(
            Q.add_audit,
            id=new_id(),
            at=tx.now,
            actor_kind=caller.kind.value,
            actor_name=caller.name,
            action="Move clock",
            before=jsonb({"offset_s": before.clock_offset.total_seconds()}),
            after=jsonb({"offset_s": offset.total_seconds()}),
            reason=caller.reason,
            request_id=caller.request_id,
        )
        return await _read(tx)


async def _read(tx: Transaction) -> Installation:
    row = await tx.row(Q.read)
    assert row is not None, "the migration that made the table wrote the row"
    return Installation(row[0], timedelta(seconds=row[1]), row[2])
