"""A process that creates people, several at a time, and says of each when the commit is acknowledged.

python -m tests.soak.writer DATA DATABASE TENANT DOMAIN
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from uuid import UUID

from comity.core.caller import Caller
from comity.core.clock import BusinessClock
from comity.core.errors import Unavailable
from comity.core.ids import TenantId, UserId, new_id
from comity.db.database import Database
from comity.db.embedded import Lease, attach
from comity.directory.model import User
from comity.directory.service import create_user
from tests.soak.drainer import DURABLE, UNAVAILABLE, address_of

AT_ONCE = 4


async def main(lease: Lease, database: str, tenant: TenantId, domain: str) -> None:
    """Create people until the database goes away."""
    operator = Caller.operator("writer", tenant_id=tenant)
    async with Database(address_of(lease, database), clock=BusinessClock(), size=AT_ONCE) as db:

        async def create() -> None:
            while True:
                user_id = UserId(new_id())
                user = User(
                    tenant_id=tenant, id=user_id, display_name="New", user_principal_name=f"{user_id.hex}@{domain}",
                    created_at=db.clock.now(),
                )  # fmt: skip
                async with db.tenant(tenant) as tx:
                    await create_user(tx, operator, user)
                print(user_id, flush=True)

        await asyncio.gather(*(create() for _ in range(AT_ONCE)))


if __name__ == "__main__":
    data, database, tenant, domain = sys.argv[1:]
    with attach(Path(data), settings=DURABLE) as lease:
        try:
            asyncio.run(main(lease, database, TenantId(UUID(tenant)), domain))
        except Unavailable as fault:
            print(fault, file=sys.stderr)
            sys.exit(UNAVAILABLE)
