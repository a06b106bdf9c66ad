"""Where most commands work: one transaction in the tenant that was named, as whoever asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from comity.cli.session import Installation, Session
    from comity.core.caller import Caller
    from comity.core.ids import TenantId
    from comity.db.transaction import Transaction
    from comity.tenancy.model import Tenant

of_tenant = click.option("--tenant", "of", required=True, metavar="T", help="In which tenant: id, domain or name.")
"""The option that most commands take."""


@dataclass(frozen=True, slots=True)
class Place:
    """A tenant of the opened installation, and who acts there."""

    comity: Installation
    tenant: Tenant
    caller: Caller

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """One transaction of the tenant."""
        async with self.comity.db.tenant(self.tenant.id) as tx:
            yield tx

    async def tenant_id(self, text: str) -> TenantId:
        """Another tenant, by id, domain or name; an id may lie outside the installation.

        Raises:
            TenantUnknown, TenantAmbiguous.
        """
        from comity.cli.names import find_tenant
        from comity.core.ids import TenantId
        from comity.db.transaction import as_uuid

        if tenant_id := as_uuid(text):
            return TenantId(tenant_id)
        return (await find_tenant(self.comity.db, text)).id

    async def names(self) -> dict[TenantId, str]:
        """What the tenants of this installation are called."""
        from comity.cli.names import all_tenants

        return {each.id: each.name for each in await all_tenants(self.comity.db)}


@asynccontextmanager
async def at(session: Session, of: str) -> AsyncIterator[Place]:
    """The tenant that was named, in the opened installation."""
    from comity.cli.names import find_tenant

    async with session.open() as comity:
        tenant = await find_tenant(comity.db, of)
        yield Place(comity, tenant, await session.caller(comity, tenant.id))
