"""What the whole installation shares: when it began, and how far its business clock is moved (design §4.10)."""

from __future__ import annotations

from collections.abc import Mapping
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


CONSUMER_DATE: Final = "Set date of chat with personal accounts"
"""How the audit calls a change of that date."""


class ClockTooFar(Invalid):
    """The clock would be moved by more than a century."""

    code = "clock-too-far"


@dataclass(frozen=True, slots=True)
class Installation:
    """The installation's own facts; `clock_offset` is what the business clock is ahead of the machine's."""

    created_at: datetime
    clock_offset: timedelta
    version: int
    consumer_available_from: datetime | None = None
    """When chat with personal accounts becomes available, on the business clock; None: at once."""


@dataclass(frozen=True, slots=True)
class InstallationEntry:
    """One change of the installation, as written with it."""

    at: datetime
    actor_name: str
    action: str
    before: Mapping[str, object]
    after: Mapping[str, object]
    reason: str | None


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
        await _note(
            tx, caller, "Move clock",
            before={"offset_s": before.clock_offset.total_seconds()}, after={"offset_s": offset.total_seconds()},
        )  # fmt: skip
        return await _read(tx)


async def load_installation(tx: Transaction) -> Installation:
    """The installation's own facts, as this transaction sees them."""
    return await _read(tx)


async def save_consumer_date(tx: Transaction, caller: Caller, available_from: datetime | None) -> Installation:
    """Save from when chat with personal accounts is available; decisions rest on it, so `access` holds its lock.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.INSTALLATION)
    before = await _read(tx)
    if before.consumer_available_from == available_from:
        return before
    await tx.execute(Q.set_consumer_date, available_from=available_from)
    dates = [None if each is None else each.isoformat() for each in (before.consumer_available_from, available_from)]
    await _note(
        tx, caller, CONSUMER_DATE, before={"available_from": dates[0]}, after={"available_from": dates[1]}
    )  # fmt: skip
    return await _read(tx)


async def list_audit(tx: Transaction, *, action: str, since: datetime) -> list[InstallationEntry]:
    """What was done to the installation by that action after an instant, newest first."""
    return await tx.all(InstallationEntry, Q.audit_since, action=action, since=since)


async def _note(
    tx: Transaction, caller: Caller, action: str, *, before: dict[str, object], after: dict[str, object]
) -> None:
    await tx.execute(
        Q.add_audit,
        id=new_id(),
        at=tx.now,
        actor_kind=caller.kind.value,
        actor_name=caller.name,
        action=action,
        before=jsonb(before),
        after=jsonb(after),
        reason=caller.reason,
        request_id=caller.request_id,
    )


async def _read(tx: Transaction) -> Installation:
    row = await tx.row(Q.read)
    assert row is not None, "the migration that made the table wrote the row"
    return Installation(row[0], timedelta(seconds=row[1]), row[2], row[3])
