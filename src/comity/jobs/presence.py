"""Is anybody working? Workers are known by the name of their connections, which die with them."""

from __future__ import annotations

from typing import Final

from comity.core.ids import PERSONAL_REALM
from comity.db.database import Database
from comity.db.queries import Queries

Q: Final = Queries("comity.jobs")

WORKER_NAME: Final = "comity worker"
"""How a worker's connections to the queue call themselves (`application_name`)."""


async def worker_is_present(db: Database) -> bool:
    """Does a worker of this installation hold a connection to its database?"""
    async with db.tenant(PERSONAL_REALM) as tx:
        row = await tx.row(Q.worker_is_present, name=WORKER_NAME)
    return bool(row and row[0])
