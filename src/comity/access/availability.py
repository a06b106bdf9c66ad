"""From when chat with personal accounts is available: one date for the installation (external-access §6, M3).

Before it every such decision answers `consumer-not-yet-available`; settings and policies can be changed
already.
"""

from __future__ import annotations

from datetime import datetime

from comity.access import locks
from comity.core.caller import Caller
from comity.core.ids import PERSONAL_REALM
from comity.core.permissions import Permission
from comity.db.database import Database
from comity.db.transaction import Transaction
from comity.tenancy.installation import load_installation, read_installation, save_consumer_date


async def get_consumer_date(db: Database) -> datetime | None:
    """When chat with personal accounts becomes available, on the business clock; None: at once."""
    return (await read_installation(db)).consumer_available_from


async def load_consumer_date(tx: Transaction) -> datetime | None:
    """The same as this transaction sees it, for any of its tenants: every admin may know it."""
    return (await load_installation(tx)).consumer_available_from


async def is_consumer_available(tx: Transaction) -> bool:
    """Has that date come?"""
    available_from = await load_consumer_date(tx)
    return available_from is None or tx.now >= available_from


async def set_consumer_date(db: Database, caller: Caller, available_from: datetime | None) -> datetime | None:
    """Move the date; None makes chat with personal accounts available at once.

    From the commit on no message is stored that the new date refuses: whoever writes to or from a
    personal account holds the realm's lock (`locks.hold_shared`).

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.INSTALLATION)
    async with db.tenant(PERSONAL_REALM) as tx:
        await locks.hold_realm(tx)
        return (await save_consumer_date(tx, caller, available_from)).consumer_available_from
