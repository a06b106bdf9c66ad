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
    from comity.core.ids import PlanId, TenantId
    from comity.db.transaction import Transaction
    from comity.tenancy.model import Tenant

of_tenant = click.option("--tenant", "of", required=True, metavar="T", help="In which tenant: id, domain or name.")
"""The option that most commands take."""
of_any_tenant = click.option("--tenant", "of", metavar="T", help="Of which tenant: id, domain or name; default: any.")
"""The option of commands that find the tenant by themselves."""


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


@asynccontextmanager
async def at_all(session: Session, of: str | None) -> AsyncIterator[list[Place]]:
    """The tenant that was named; without a name every one for the operator, for a person her own."""
    from comity.cli.names import all_tenants, find_tenant

    async with session.open() as comity:
        tenants = [await find_tenant(comity.db, of)] if of is not None else await all_tenants(comity.db)
        if of is None and session.options.as_user is not None:
            home = (await session.person(comity)).tenant_id
            tenants = [each for each in tenants if each.id == home]
        yield [Place(comity, each, await session.caller(comity, each.id)) for each in tenants]


@asynccontextmanager
async def at_plan(session: Session, of: str | None, plan_id: PlanId) -> AsyncIterator[Place]:
    """The tenant whose plan that is.

    Raises:
        PlanUnknown: the tenant that was named, or none of those that the asker may act in, has it.
    """
    from comity.sync.planned import PlanUnknown
    from comity.sync.plans import get_plan

    async with at_all(session, of) as places:
        for place in places:
            try:
                async with place.transaction() as tx:
                    await get_plan(tx, place.caller, plan_id)
            except PlanUnknown:
                continue
            yield place
            return
        raise PlanUnknown(plan=plan_id)
